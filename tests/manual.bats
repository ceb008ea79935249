# The man pages: they say what the programs have, and their examples work.
# shellcheck shell=bats
# shellcheck disable=SC2154,SC2016 # stderr comes from run; Markdown has backquotes
bats_require_minimum_version 1.5.0
load helpers
load tls
load manual

PAGES=("$TOP/build/man/stord-handler.8" "$TOP/doc/stord.7" "$TOP/build/man/stor.1" "$TOP/doc/stordctl.8")
# What else names options and variables
OTHERS=("$TOP"/README.md "$TOP"/doc/*.md "$TOP"/src/*/README.md "$TOP"/units/* "$TOP"/xinetd.d/* "$TOP"/contrib/*/*/*)

# What plays recipes of stord(7), by tests/recipes.bash
RECIPES=("$TOP"/tests/systemd/{cameras,metrics,recipes,scanners}.sh)

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# rendered PAGE: as text, without what makes letters bold
rendered() { mandoc -T utf8 "$1" | col -bx; }

# options PROGRAM: those that its --help lists
options() { "$1" --help | grep -oE '^  (-[[:alnum:]], )?--[a-z][a-z0-9-]*' | tr -d ',' | tr -s ' ' '\n' | grep . | LC_ALL=C sort; }

# documented PAGE: those that have an item of their own there
documented() { grep '^\.It Fl' "$1" | grep -oE 'Fl -?[[:alnum:]-]+' | sed 's/^Fl /-/' | LC_ALL=C sort; }

# section PAGE NAME: that section of the source
section() { awk -v name=".Sh $2" '/^\.Sh / { is = ($0 == name) } is' "$1"; }

# ------------------------------------------------------------------ what the programs have

@test "manual: each option is in stord-handler(8), in the table's order, with value, default and variable" {
    rendered "${PAGES[0]}" >"$T/page"
    "$HANDLER" --help | grep -oE '^  --[a-z-]+' | tr -d ' ' >"$T/table"
    [ "$(wc -l <"$T/table")" -gt 35 ]
    sed -nE 's/^\.It Fl (-[a-z-]+).*/-\1/p' "${PAGES[0]}" | diff "$T/table" -
    # two lines of help and the item of the page: value, variable and default
    "$HANDLER" --help | while read -r option _; do
        [[ $option == --* ]] || continue
        read -r variable rest < <("$HANDLER" --help | grep -A 1 -- "^  $option " | sed -n '2s/[][]//gp') || :
        value=${option#"${option%%=*}"}
        if [[ ${variable:-} != STORD_*, ]]; then rest=; fi
        variable=${variable%,}
        option=${option%%=*}
        # the items of the list begin in column 6
        awk -v name="     $option${value,,}" '/^     [^ ]/ { is = ($0 == name || index($0, name "  ") == 1) } /^[^ ]/ { is = 0 } is' "$T/page" >"$T/item"
        [ -s "$T/item" ] || fail "no item $option${value,,}"
        if [ -z "$rest" ]; then continue; fi
        tr -s ' \n' ' ' <"$T/item" >"$T/text"
        grep -qF "Default: ${rest#default }. In the environment: $variable" "$T/text" || { cat "$T/item"; fail "$option: default or variable"; }
        [ "$(grep -ci 'default:' "$T/item")" = 1 ]
    done
}

@test "manual: every option is in README's table, and nothing else" {
    grep -oE '^\| `--[a-z-]+' "$TOP/README.md" | tr -d '|` ' | LC_ALL=C sort >"$T/readme"
    options "$HANDLER" | grep -vE '^--(help|version|recount)$' | diff - "$T/readme"
    # and has the default that it has
    "$HANDLER" --help | grep -oE '\[STORD_[A-Z_]+, default [^]]+' | sed 's/.//; s/,//' | while read -r variable _ fallback; do
        option=$(tr 'A-Z_' 'a-z-' <<<"${variable#STORD_}")
        shown=$(sed -nE "s/^\| \`--$option\` \| \`?([^\`|]*[^\`| ])?\`?( ms| s)? \|.*/\1/p" "$TOP/README.md")
        [ "${shown:-no}" = "$fallback" ] || fail "--$option: \"$shown\" for \"$fallback\""
    done
}

@test "manual: stor(1) has the options of stor --help, and no others" {
    options "$CLIENT" >"$T/table"
    [ "$(wc -l <"$T/table")" -gt 10 ]
    documented "$TOP/build/man/stor.1" | diff "$T/table" -
    # and those that the page names elsewhere
    grep -oE 'Fl -[a-z-]+' "$TOP/doc/stor.1" | sed 's/Fl /-/' | sort -u | grep -vxFf "$T/table" >"$T/unknown" || :
    [ ! -s "$T/unknown" ] || fail "no such option: $(paste -sd' ' "$T/unknown")"
}

@test "manual: whatever is written about names options and variables that there are" {
    { options "$HANDLER"; options "$CLIENT"; "$TOP/scripts/stordctl" --help | grep -oE -- '--[a-z]+'; } >"$T/known"
    # of make, systemctl, setpriv, useradd and whoever else stands in examples
    printf '%s\n' --create --home-dir --init-groups --now --regid --reuid --shell --system --name --pretty \
        --cap-drop --fdpass --network --no-summary --read-only --security-opt \
        --append --groups --exclude --reference --cursor-file \
        --silent --show-error --fail --header --json --mail-from --mail-rcpt --upload-file --config \
        --inetd --transfers --checkers --max-time --since --output-fields --update-catalog >>"$T/known"
    for page in "${PAGES[@]}"; do rendered "$page"; done >"$T/text"
    grep -hoE -- '(^|[^[:alnum:]-])--[a-z][a-z0-9-]+' "$T/text" "${OTHERS[@]}" | grep -oE -- '--.*' |
        sort -u | grep -vxFf "$T/known" >"$T/unknown" || :
    [ ! -s "$T/unknown" ] || fail "no such option: $(paste -sd' ' "$T/unknown")"
    # .Va is a field of the journal
    { "$HANDLER" --help | grep -oE 'STORD_[A-Z_]+'; sed -nE 's/^\.It (Va|Ev) //p' "${PAGES[0]}" | grep -oE 'STORD_[A-Z_]+'; } >"$T/known"
    grep -hoE 'STORD_[A-Z_]*[A-Z]' "$T/text" "${OTHERS[@]}" | sort -u | grep -vxFf "$T/known" >"$T/unknown" || :
    [ ! -s "$T/unknown" ] || fail "no such variable: $(paste -sd' ' "$T/unknown")"
    grep -qx STORD_ROOT "$T/known"
}

@test "manual: exit statuses are those of the code and of --help" {
    # sysexits.h, where it is used, and success
    cpp_statuses() {
        grep -hoE '\bEX_[A-Z]+' "$@" | grep -v '_$' | sort -u | while read -r name; do
            printf '#include <sysexits.h>\n%s\n' "$name" | "${CC:-gcc}" -E -P -x c - | tail -n 1
        done | sort -n
    }
    mapfile -t sources < <(printf '%s\n' "$TOP"/handler.c "$TOP"/src/*.c "$TOP"/src/*/*.c | grep -v /src/client/)
    cpp_statuses "${sources[@]}" >"$T/code"
    section "${PAGES[0]}" 'EXIT STATUS' | sed -nE 's/^\.It ([0-9]+)$/\1/p' | diff "$T/code" -
    "$HANDLER" --help | sed -n '/^Exit status/,$p' | grep -oE '\b[0-9]+\b' | sort -nu | comm -13 "$T/code" - >"$T/unknown"
    [ ! -s "$T/unknown" ]
    { cpp_statuses "$TOP/client.c" "$TOP"/src/client/*.c; printf '0\n1\n'; } | sort -n |
        diff - <(section "$TOP/doc/stor.1" 'EXIT STATUS' | sed -nE 's/^\.It ([0-9]+)$/\1/p')
    # and some of them, as they are
    run -0 "$CLIENT" --help
    run -64 "$CLIENT"
    free_port
    run -69 "$CLIENT" -p "$PORT" /etc/hostname
    "$CLIENT" --help | sed -n '/^Exit status/,$p' | grep -oE '\b[0-9]+\b' | sort -nu |
        diff <(section "$TOP/doc/stor.1" 'EXIT STATUS' | sed -nE 's/^\.It ([0-9]+)$/\1/p') -
}

@test "manual: fields, members of JSON and verdicts are those that the log has" {
    section "${PAGES[0]}" DESCRIPTION | sed -n '/^\.Ss Logs/,/^\.Ss For/p' >"$T/logs"
    # one item may have two names
    sed -nE 's/^\.It Va (.*)/\1/p' "$T/logs" | tr -d ' ' | tr , '\n' | sort >"$T/fields"
    {
        printf '%s\n' MESSAGE_ID PRIORITY SYSLOG_IDENTIFIER STORD_EVENT
        sed -nE 's/^ *add(_number)?\(record, "([a-z]+)".*/STORD_\U\2/p' "$TOP/src/log/log.c"
        sed -nE 's/^ *\[DIGEST_.*\{"([a-z0-9]+)".*/STORD_\U\1/p' "$TOP/src/base/digest.c"
    } | sort | diff - "$T/fields"
    sed -nE 's/^\.It Cm (.*)/\1/p' "$T/logs" | sort |
        diff - <(sed -n '/^## Verdicts/,/^## Inter/s/^| `\([a-z-]*\)` .*/\1/p' "$TOP/doc/design.md" | sort)
    # kinds of events that it names
    sed -n '/^\.It Va STORD_EVENT/,/^\.It Va STORD_SESSION/p' "$T/logs" | sed -nE 's/^\.Li (.*)/\1/p' | tr ' ' '\n' | grep '[a-z]' |
        while read -r event; do grep -qF "{\"$event\", " "$TOP/src/log/event.c" || fail "no event $event"; done
    # a session has no others
    printf 'USER you\r\nPASS x\r\nALLO 5\r\nSTOR \xff\r\nhelloALLO 5\r\nSTOR y\r\nhel' | "$HANDLER" --root "$ROOT" --log-format json 2>"$T/log" >/dev/null
    command -p python3 -ISc '
import json, sys
print(*sorted({name for line in sys.stdin for name in json.loads(line)}), sep="\n")' <"$T/log" >"$T/members"
    grep -qx file_hex "$T/members"
    { printf '%s\n' time level pid message file_hex; sed -n 's/^STORD_//p' "$T/fields" | tr '[:upper:]' '[:lower:]'; } | sort >"$T/known"
    [ -z "$(comm -13 "$T/known" "$T/members")" ]
    for word in time level pid message file_hex _hex; do grep -qE "^\.Li $word( [.,])?$" "$T/logs"; done
}

# lost_pointers FILE...: what FILE says of a page of ours and is not there: PAGE.md, "SECTION", also where a comment breaks it;
# in a page, see "SECTION" of the same one, and links to other files
lost_pointers() {
    local file page section
    has_section() { sed -n 's/^##* //p' "$1" 2>/dev/null | grep -qxF -- "$2"; }
    for file; do
        sed -E 's,^[[:space:]]*(\*|#|//)?[[:space:]]*,,' "$file" | tr '\n' ' ' >"$T/joined"
        { grep -oE '[a-z/]+\.md, "[^"]+"( and "[^"]+")*' "$T/joined" || :; } | while IFS= read -r pointer; do
            page=${pointer%%,*}
            grep -oE '"[^"]+"' <<<"$pointer" | tr -d '"' | while IFS= read -r section; do
                has_section "$TOP/$page" "$section" || echo "${file#"$TOP/"}: $page has no section \"$section\""
            done
        done
        [[ $file == *.md ]] || continue
        { grep -oE '\(see "[^"]+"\)' "$T/joined" || :; } | cut -d'"' -f2 | while IFS= read -r section; do
            has_section "$file" "$section" || echo "${file#"$TOP/"}: there is no section \"$section\""
        done
        { grep -oE '\]\([^):#]+' "$T/joined" || :; } | while IFS= read -r page; do
            [ -e "${file%/*}/${page#*(}" ] || echo "${file#"$TOP/"}: there is no ${page#*(}"
        done
    done
}

@test "manual: sections and pages that the tree points to are there" {
    mapfile -t files < <(grep -rlIE --exclude-dir={.git,build,ftpserver} '\.md\b' "$TOP")
    lost_pointers "${files[@]}" >"$T/lost"
    [ ! -s "$T/lost" ] || fail "$(cat "$T/lost")"
    # which finds what is lost
    printf '/* As %s, "Verdicts" and "No\n * such section" say. */\n' doc/design.md >"$T/planted.c"
    printf '## Here\n(see "Here") (see "There")\n[that](nowhere.md), [this](planted.c)\n' >"$T/planted.md"
    lost_pointers "$T"/planted.* >"$T/lost"
    diff - "$T/lost" <<END
$T/planted.c: doc/design.md has no section "No such section"
$T/planted.md: there is no section "There"
$T/planted.md: there is no nowhere.md
END
}

# ------------------------------------------------------------------------------- the pages

@test "manual: mandoc has nothing to complain about" {
    # which pages of others are installed is no matter of ours
    mandoc -T lint -W style "${PAGES[@]}" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' >"$T/lint" || :
    [ ! -s "$T/lint" ] || fail "$(cat "$T/lint")"
}

@test "manual: pages have the sections that readers look for, and refer to each other" {
    for page in "${PAGES[@]}"; do
        for name in NAME DESCRIPTION ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES 'SEE ALSO' STANDARDS; do
            case $page:$name in *stordctl.8:ENVIRONMENT | *stordctl.8:STANDARDS) continue ;; esac # there is nothing to say
            [ -n "$(section "$page" "$name")" ] || fail "${page##*/}: no $name"
        done
        grep -q '^\.Xr' <(section "$page" 'SEE ALSO')
    done
    # our own pages are there
    own() { grep -hoE '\b(stord?(ctl)?(-[a-z]+)?|handler|client) ?\(?[1-8]\b'; }
    cat "${PAGES[@]}" | grep '^\.Xr' | own >"$T/references"
    cat "${OTHERS[@]}" "$TOP"/doc/*.mdoc "$TOP"/doc/*.[178] | grep -oE '\b(stord?(ctl)?(-[a-z]+)?|handler|client)\([1-8]\)' >>"$T/references"
    [ "$(wc -l <"$T/references")" -gt 10 ]
    while read -r name; do
        name=$(tr -d ')' <<<"$name" | tr ' (' '.')
        [[ " ${PAGES[*]##*/} " == *" ${name%.}"* ]] || fail "there is no page $name"
    done < <(sort -u "$T/references")
    # so are those that units point to
    grep -hoE 'man:stord?[a-z-]*\([1-8]\)' "$TOP"/units/* | sort -u | sed 's/man:\(.*\)(\(.\))/\1.\2/' | while read -r name; do
        [[ " ${PAGES[*]##*/} " == *" $name "* ]] || fail "units: there is no page $name"
    done
    # and each .Sx has its section
    for page in "${PAGES[@]}"; do
        sed -nE 's/^\.Sx (.*[^ .;,:])( ?[.;,:])?$/\1/p' "$page" | sort -u | while read -r name; do
            grep -qxE "\.S[hs] $name" "$page" || fail "${page##*/}: no section $name"
        done
    done
}

@test "manual: what is installed is where stord(7) says, and it names all of it" {
    make -s -C "$TOP" install DESTDIR="$T/dest" PREFIX=/usr/local >/dev/null
    (cd "$T/dest" && find . -type f -printf '/%P\n') | grep -v /man/ >"$T/installed"
    section "$TOP/doc/stord.7" FILES >"$T/files"
    while read -r file; do
        case $file in
        *.d/00-*.conf | */share/stord/*) continue ;; # a part of the unit, of a program
        esac
        grep -qF -- "${file##*/}" "$T/files" || fail "stord(7) does not name $file"
    done <"$T/installed"
    grep -oE '/usr/local/[^ ]+|/etc/xinetd.d/[^ ]+' "$T/files" | while read -r file; do
        grep -qxF "$file" "$T/installed" || fail "$file is not installed"
    done
    for page in man8/stord-handler.8 man8/stordctl.8 man7/stord.7 man1/stor.1; do
        cmp "$T/dest/usr/local/share/man/$page" <(cat "$TOP/build/man/${page#*/}" "$TOP/doc/${page#*/}" 2>/dev/null | head -c "$(stat -c %s "$T/dest/usr/local/share/man/$page")")
    done
    make -s -C "$TOP" install DESTDIR="$T/other" PREFIX=/opt/ftp >/dev/null
    if grep -rl /usr/local "$T/other"; then fail "the old prefix is left"; fi
    grep -q /opt/ftp/libexec/stord/handler "$T/other/opt/ftp/share/man/man8/stord-handler.8"
}

# --------------------------------------------------------------------------- the generator

# drifted SENTENCE: what is in $T/handler, $T/page and $T/prose is refused, with that
drifted() {
    run -1 --separate-stderr "$TOP/scripts/manual" "$T/handler" "$T/page" "$T/prose"
    [[ $stderr == "manual: "*"$1"* ]] || fail "instead of \"$1\": $stderr"
    fits
}
fits() {
    printf '#!/bin/sh\n%s --help\n' "$HANDLER" >"$T/handler"
    chmod +x "$T/handler"
    cp "$TOP/doc/stord-handler.8" "$T/page"
    cp "$TOP/doc/options.mdoc" "$T/prose"
}
# help_with SED: a handler that prints another help
help_with() { printf '#!/bin/sh\n%s --help | sed %q\n' "$HANDLER" "$1" >"$T/handler"; }

@test "manual: a page that has drifted from the table is not built" {
    fits
    "$TOP/scripts/manual" "$T/handler" "$T/page" "$T/prose" | cmp - "${PAGES[0]}"
    # an option without prose
    help_with '/^  --users/i\  --new=FILE  something\n      [STORD_NEW, default none]'
    drifted 'says nothing about --new'
    sed -i '/^\.\\" --users/,/^\.\\" --tls$/{/^\.\\"/!d}' "$T/prose"
    drifted 'says nothing about --users'
    # prose without an option
    help_with '/^  --no-sync/,+1d'
    drifted 'there is no option --no-sync'
    sed -i '1a.\\" --gone\nIt is gone.' "$T/prose"
    drifted 'there is no option --gone'
    printf '.\\" --users\nOnce more.\n' >>"$T/prose"
    drifted '--users is described twice'
    sed -i '1iNobody knows what about.' "$T/prose"
    drifted ':1: belongs to no option'
    # a default that is said twice
    for text in 'Default: 60.' 'The default is 60.' 'By default it waits.' '.Em Default'; do
        sed -i "/^\\.\\\\\" --login-timeout/a$text" "$T/prose"
        drifted 'the default of --login-timeout is said by the table'
    done
    # what cannot be read
    help_with '/STORD_USERS/d'
    drifted 'no default of --users'
    help_with 's/^  --/  ++/'
    drifted 'no options that could be read'
    printf '#!/bin/sh\nexit 1\n' >"$T/handler"
    drifted "--help fails"
    # nowhere to put it
    sed -i '/@OPTIONS@/d' "$T/page"
    drifted 'has 0 places'
    # what changes in the table changes in the page
    help_with 's/STORD_USERS, default none/STORD_USERS, default some/; s/--users=FILE/--users=ONE-TWO/'
    "$TOP/scripts/manual" "$T/handler" "$T/page" "$T/prose" | diff "${PAGES[0]}" - >"$T/diff" || :
    [ "$(grep -c '^[<>]' "$T/diff")" = 4 ]
    grep -qxF '> .It Fl -users Ns = Ns Ar one Ns - Ns Ar two' "$T/diff"
    grep -qxF '> .Cm some .' "$T/diff"
}

@test "manual: make does not install a page that has drifted" {
    mkdir "$T/tree"
    cp -r "$TOP"/{Makefile,doc,scripts,handler,client,src,handler.c,client.c} "$T/tree"
    printf '.\\" --gone\nIt is gone.\n' >>"$T/tree/doc/options.mdoc"
    run -2 make -C "$T/tree" --old-file=handler build/man/stord-handler.8
    [[ $output == *'there is no option --gone'* ]]
    [ ! -e "$T/tree/build/man/stord-handler.8" ]
}

# -------------------------------------------------------------------------- their examples

# play PAGE NAME [SED...]: those commands, with the programs under test, in the folder $T/work
play() {
    local page=$1 name=$2
    shift 2
    example "$page" sh "$name" | sed -e "s|/usr/local/libexec/stord/handler|$HANDLER|g" \
        -e "s|/srv/inbox|$ROOT|g" "$@" >"$T/commands"
    cat "$T/commands" >&2
    (cd "$T/work" && PATH=$T/bin:$PATH bash -eu -o pipefail "$T/commands")
}

setup_play() {
    mkdir "$T/work" "$T/bin"
    ln -s "$CLIENT" "$T/bin/stor"
    ln -s "$HANDLER" "$T/bin/handler"
    random_file "$T/work/report.pdf" 100000
    random_file "$T/work/photo.jpg" 1000
}

came() {
    local file
    for file; do
        same "$T/work/$file" "$ROOT/$file" || return 1
        rm "$ROOT/$file"
    done
}

# after_edit FILE...: where one says "systemctl edit" of a unit that listens, and not near by that it has to be restarted
after_edit() {
    local unit
    for unit in stord.socket stord-busy; do
        awk -v unit="$unit" '
            BEGIN { edit = "systemctl +(# *)?edit +(# *)?" unit "([^-@a-z]|$)" }
            FNR == 1 { if (open) print where; open = 0; before = "" }
            { text = before " " $0 }
            text ~ edit && before !~ edit { open = 1; at = FNR; where = FILENAME ":" FNR }
            open && index(text, "systemctl restart " unit) { open = 0 }
            open && FNR - at > 25 { print where; open = 0 }
            { before = $0 }
            END { if (open) print where }' "$@"
    done
}

@test "manual: whoever edits what listens is told to restart it" {
    printf 'By systemctl edit stord.socket:\n\n[Socket]\n' >"$T/bad"
    after_edit "$T/bad" | grep bad:1
    # a line may break in the middle of it
    after_edit <(printf '`systemctl edit\nstord.socket`\n') | grep .
    after_edit "$TOP/README.md" "$TOP"/doc/*.[178] "$TOP"/units/* "$TOP"/debian/*README* | sort -u >"$T/untold"
    [ ! -s "$T/untold" ] || fail "no restart: $(paste -sd' ' "$T/untold")"
    grep -qF 'systemctl edit' "$TOP/README.md" # or it has become another word
}

@test "manual: every example is played by a test" {
    for page in "${PAGES[@]##*/}"; do
        # a block that nobody plays is not marked
        [ "$(grep -c '^\.Bd -literal' "$TOP/doc/$page")" = "$(examples "$page" | wc -l)" ] || fail "$page: a block without a comment"
        examples "$page" | while read -r kind name; do
            [ -n "$(example "$page" "$kind" "$name")" ]
            case $kind in
            sh) grep -hE "(play|show) $page $name\b" "$TOP"/tests/{manual,container}.bats "$TOP"/tests/systemd/{manual,stordctl}.sh ||
                { [ "$page" = stord.7 ] && grep -hE "\bshow $name\b" "${RECIPES[@]}"; } ;;
            env | users) continue ;; # all of them are looked at in one loop
            listen) grep -h "listens $page\b" "$TOP/tests/manual.bats" ;;
            *) grep -hE "(example|use) $page $kind $name\b" "$TOP"/tests/{manual,gate_clients,deliver}.bats "$TOP"/tests/systemd/{manual,events}.sh ||
                { [ "$page" = stord.7 ] && grep -hE "\brecipe $kind $name\b" "${RECIPES[@]}"; } ;;
            esac >/dev/null || fail "$page: nobody plays $kind $name"
        done
    done
    [ "$(for page in "${PAGES[@]##*/}"; do examples "$page"; done | wc -l)" -gt 30 ]
}

@test "manual: the examples of stor(1)" {
    setup_play
    make_ca
    make_certificate server
    cp "$T"/{ca,server}.crt "$T/work"
    serve
    play stor.1 two -e "s/^stor/& -p $PORT/"
    came report.pdf photo.jpg
    play stor.1 inline -e "s/22001/$PORT/"
    came report.pdf
    play stor.1 name -e "s/ftp.example.org/127.0.0.1:$PORT/"
    same "$T/work/report.pdf" "$ROOT/today.pdf"
    mkdir "$T/work/notes"
    echo note >"$T/work/notes/one"
    play stor.1 tree -e "s/ftp.example.org/127.0.0.1:$PORT/"
    diff -r "$T/work/notes" "$ROOT/notes"
    play stor.1 ssh -e "s|ssh backup@ftp.example.org|PATH=$T/bin:\$PATH|; s|--root|--log-level=error --root|"
    came report.pdf
    printf 'acme:%s:/::\n' "$(printf 'secret\n' | "$HANDLER" --hash)" >"$T/users"
    serve --users "$T/users"
    echo secret >"$T/work/password"
    play stor.1 user -e "s/ftp.example.org/127.0.0.1:$PORT/"
    came report.pdf
    STOR_PASSWORD=secret play stor.1 folder -e "s/ftp.example.org/127.0.0.1:$PORT/"
    same "$T/work/photo.jpg" "$ROOT/2026/reports/photo.jpg"
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    play stor.1 explicit -e "s/ftp.example.org/localhost:$PORT/"
    came report.pdf
    play stor.1 stdin -e "s/ftp.example.org/localhost:$PORT/"
    tar -t <"$ROOT/notes.tar" | grep -qx notes/
    serve --tls implicit --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    pin=$(play stor.1 pin -e 2d | sed 's/.*=//')
    play stor.1 pin -e 1d -e "s/5C:0B:.../$pin/; s/192.0.2.7/localhost:$PORT/"
    came report.pdf
}

@test "manual: the examples of stord-handler(8)" {
    setup_play
    play stord-handler.8 hand
    [ "$(cat "$ROOT/hello.txt")" = hello ]
    printf 'secret\n' | play stord-handler.8 user >"$T/out"
    grep -q 'user scanner: home=/scans (.*/scans) rights=upload,list' "$T/out"
    grep -q '^0 errors' "$T/out"
    play stord-handler.8 certificate -e 's/^handler .*/& --check/' >"$T/out" 2>/dev/null
    grep -q '^TLS: require, certificate of CN=localhost' "$T/out"
    grep -q '^0 errors' "$T/out"
}

# listens PAGE: each of these lines serves
listens() {
    local line
    example "$1" listen lines | sed -e ':join' -e '/\\$/{N;s/ *\\\n */ /;b join' -e '}' >"$T/lines"
    while read -r line; do
        case $line in PATH=*) continue ;; esac
        free_port
        line=$(sed -e "s|22000|$PORT|g; s|/srv/inbox|$ROOT|g; s|/usr/local/libexec/stord|$T/bin|g; s|\./handler|$T/bin/handler --root $ROOT|" \
            -e 's/systemd-socket-activate/& -E STORD_USER/' <<<"$line")
        PATH=$T/bin:$PATH spawn bash -c "exec $line" </dev/null
        wait_port "$PORT"
        stor -p "$PORT" "$T/work/report.pdf" >&2 </dev/null
        came report.pdf
        printf '%s\n' "${line%% *}"
        kill_spawned
    done <"$T/lines"
}

@test "manual: the super-servers of stord(7), and a session by hand" {
    setup_play
    need tcpsvd tcpserver socat systemd-socket-activate
    stor() { "$CLIENT" "$@"; }
    listens stord.7 >"$T/served"
    diff - "$T/served" <<<$'tcpsvd\ntcpserver\nsocat\nsystemd-socket-activate'
    [ "$(listens stord-handler.8)" = systemd-socket-activate ]
    # README's are the same
    while read -r line; do grep -qF -- "$line" <(sed 's/^ *//' "$TOP/README.md") || fail "not in README: $line"; done \
        < <(example stord.7 listen lines | grep -E '^tcp|EXEC')
    play stord.7 hand
    [ "$(cat "$ROOT/hello.txt")" = hello ]
    play stord.7 json
    command -p python3 -c 'import json, sys; print([json.loads(line)["event"] for line in sys.stdin])' \
        <"$T/work/stord.json" | grep "'uploaded'"
    mkdir -p "$ROOT/.stord.unfinished"
    touch -d '3 days ago' "$ROOT/.stord.unfinished/old"
    touch "$ROOT/.stord.unfinished/new"
    play stord.7 find -e "s|/var/lib/stord|$ROOT|"
    [ "$(ls "$ROOT/.stord.unfinished")" = new ]
}

@test "manual: inetd and xinetd, as stord(7) has them" {
    need_root "starts daemons that change the user"
    setup_play
    "$TOP/tests/peers"
    install -D -m 0755 "$HANDLER" "$T/service/handler"
    install -m 0755 "${HANDLER%/*}"/stord-*.so "$T/service/"
    unset STORD_USER
    free_port
    example stord.7 inetd line | sed "s|22000|$PORT|; s| stord | nobody |; s|/usr/local/libexec/stord|$T/service|; s|/srv/inbox|$ROOT|" >"$T/inetd.conf"
    [ "$(wc -l <"$T/inetd.conf")" = 1 ]
    spawn "$TOP/build/peers/usr/sbin/inetd" -i "$T/inetd.conf"
    wait_port "$PORT"
    "$CLIENT" -p "$PORT" "$T/work/report.pdf"
    came report.pdf

    free_port
    sed "s|22000|$PORT|; s|\(user  *= \)stord|\1nobody|; s|/usr/local/libexec/stord|$T/service|; s|/var/lib/stord|$ROOT|" \
        "$TOP/xinetd.d/stord" >"$T/xinetd.conf"
    spawn "$TOP/build/peers/usr/sbin/xinetd" -dontfork -f "$T/xinetd.conf" -pidfile "$T/pid" -filelog "$T/log"
    wait_port "$PORT"
    "$CLIENT" -p "$PORT" "$T/work/report.pdf"
    came report.pdf
    # now with users, who keep both
    printf 'acme:HASH:/::\n' | fill_users secret >"$T/users"
    chown nobody "$T/users"
    example stord.7 xinetd settings | sed "s|/etc/stord|$T|" >"$T/settings"
    sed -i "/STORD_ROOT=/r $T/settings" "$T/xinetd.conf"
    play stord.7 kill -e "s/\$(pidof xinetd)/$SPAWN_PID/"
    for _ in 1 2; do
        wait_for env STOR_PASSWORD=secret "$CLIENT" -p "$PORT" -u acme "$T/work/report.pdf"
    done
    [ "$(find "$ROOT" -name 'report*' | wc -l)" = 2 ]
    run -77 "$CLIENT" -p "$PORT" "$T/work/photo.jpg"
}

# use PAGE KIND NAME: an example, with our places in it
use() {
    example "$1" "$2" "$3" | sed -e "s|/etc/stord|$T/etc|; s|/srv/inbox|$ROOT|; s|=office|=users|"
}

@test "manual: settings and users of stord(7) are good by --check" {
    mkdir "$T/etc"
    make_ca
    make_certificate server
    examples stord.7 | while read -r kind name; do
        [ "$kind" = env ] || continue
        echo "$name" >&2
        mapfile -t settings < <(use stord.7 env "$name")
        printf 'one:HASH:/one:upload:\n' | fill_users secret >"$T/etc/users"
        if grep -qx "users $name" <(examples stord.7); then use stord.7 users "$name" | fill_users secret >"$T/etc/users"; fi
        case $name in tls | partners) settings+=("STORD_TLS_CERT=$T/server.crt" "STORD_TLS_KEY=$T/server.key") ;; esac
        env "STORD_ROOT=$ROOT" "${settings[@]}" "$HANDLER" --check >"$T/out" || { cat "$T/out" >&2; fail "$name"; }
        grep '^0 errors' "$T/out" >&2
        echo "$name" >>"$T/checked"
    done
    for name in network tls inline anonymous scanners partners group cameras nat metrics events; do grep -qx "$name" "$T/checked"; done
    use stord.7 env folder | grep -qx "STORD_ROOT=$ROOT"
    use stord.7 users scanners | grep -q '^camera:'
    use stord.7 users partners | grep -q '^globex:'
}

@test "manual: the set-ups of stord(7) that are systemd's" {
    need_root "boots a systemd in namespaces of its own"
    need curl make openssl tcpsvd useradd
    "$TOP/tests/with-systemd" --timeout 120 "$TOP/tests/systemd/manual.sh"
}
