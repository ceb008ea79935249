# Every verb with every shape of argument in every state of a session: tests/codes.txt.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# The verbs of the table, and what HELP says of them.
verbs_of_help() {
    printf 'HELP\r\n' | "$HANDLER" --root "$ROOT" 2>/dev/null |
        tr -d '\r' | sed -n 's/^ //p' | tr -s ' ' '\n' | grep .
}

@test "codes: each verb, with each shape of argument, in each state, gets the code the RFCs have" {
    status=0
    command -p python3 "$TOP/tests/codes.py" "$TOP/tests/codes.txt" "$TOP/tests/rfc-codes.txt" \
        "$HANDLER" --root "$ROOT" --checksum sha256,md5 >"$T/out" 2>"$T/complaints" || status=$?
    sed 's/^/# /' "$T/out" >&3
    grep -v '^stord\[' "$T/complaints" >&2 || :
    [ "$status" = 0 ]
}

@test "codes: no verb is left out" {
    verbs_of_help | tr -d '*' | sort >"$T/verbs"
    [ "$(wc -l <"$T/verbs")" -gt 40 ]
    grep -v '^#' "$TOP/tests/codes.txt" | sed 's/  .*//; s/; /\n/g' | awk '{ print $1 }' |
        sort -u >"$T/asked"
    [ -z "$(comm -23 "$T/verbs" "$T/asked")" ] || fail "not in codes.txt: $(comm -23 "$T/verbs" "$T/asked" | paste -sd' ')"
    sed 's/#.*//' "$TOP/tests/rfc-codes.txt" | awk 'NF { print $1 }' | sort -u >"$T/allowed"
    [ -z "$(comm -23 "$T/verbs" "$T/allowed")" ] || fail "not in rfc-codes.txt: $(comm -23 "$T/verbs" "$T/allowed" | paste -sd' ')"
}
