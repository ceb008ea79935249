# doc/rfc.md says what the program does, no more and no less.
# shellcheck shell=bats
load session
load tls

setup() {
    setup_sandbox
    make_ca
    make_certificate server
    printf 'HELP\r\nFEAT\r\n' |
        "$HANDLER" --root "$ROOT" --tls-cert "$T/server.crt" --tls-key "$T/server.key" \
            --checksum sha256,sha1,md5,crc32 2>/dev/null | tr -d '\r' >"$T/said"
    sed -n '/^214-/,/^214 /s/^ //p' "$T/said" | tr -s ' ' '\n' | grep . | sort >"$T/help"
    sed -n '/^211-/,/^211 /s/^ //p' "$T/said" | sort >"$T/feat"
    # Rows of the page's tables: | `NAME` | RFC and clause | served or refused | ... | test |
    grep -E '^\| `' "$TOP/doc/rfc.md" | sed 's/^| *//; s/ *|$//; s/ *| */|/g' >"$T/rows"
}
teardown() { teardown_sandbox; }

# Names in the first column of the rows whose third one begins with $1, without backquotes.
rows_that_are() { awk -F'|' -v kind="$1" 'index($3, kind) == 1 { gsub(/`/, "", $1); print $1 }' "$T/rows"; }

agree() { diff "$2" "$3" >&2 || fail "$1"; }

@test "rfc: the page has a row for each verb, served or refused as HELP says" {
    [ "$(wc -l <"$T/help")" -gt 40 ]
    rows_that_are served | grep -xE '[A-Z0-9]+' | sort >"$T/served"
    agree 'served: HELP (<) and doc/rfc.md (>) differ' <(grep -v '\*' "$T/help") "$T/served"
    rows_that_are refused | grep -xE '[A-Z0-9]+' | sort >"$T/refused"
    agree 'refused: HELP (<) and doc/rfc.md (>) differ' <(sed -n 's/\*$//p' "$T/help") "$T/refused"
}

@test "rfc: the page has a row for each line of FEAT, and for nothing that is not there" {
    [ -s "$T/feat" ]
    rows_that_are announced | sort >"$T/announced"
    agree 'FEAT (<) and doc/rfc.md (>) differ' "$T/feat" "$T/announced"
}

@test "rfc: what FEAT announces is served" {
    while read -r feature words; do
        case $feature in
        UTF8 | TVFS | INLINE) continue ;; # no verbs
        esac
        grep -qx "$feature" "$T/help" || fail "FEAT has $feature $words, HELP has not"
    done <"$T/feat"
}

@test "rfc: each row names tests, and there are tests of that name" {
    sed -n 's/^@test "\(.*\)" {$/\1/p' "$TOP"/tests/*.bats >"$T/tests"
    grep -E '^\| ' "$TOP/doc/rfc.md" | grep -vE '^\| (---|Verb|Clause|Line)' | sed 's/ *|$//; s/.*| *//' >"$T/named"
    [ "$(wc -l <"$T/named")" -gt 60 ]
    sed 's/ · /\n/g' "$T/named" | sort -u | while read -r name; do
        grep -qxF -- "$name" "$T/tests" || fail "no test is called: $name"
    done
}
