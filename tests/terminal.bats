# What the handler prints for who stands before a terminal (--check, --hash, --recount, wrong
# options), and its log on standard error: names in it, whoever made them, do nothing there.
# shellcheck shell=bats
# shellcheck disable=SC2154 # stderr comes from run
bats_require_minimum_version 1.5.0
load session

# A byte of C1 (CSI) alone, as UTF-8, one of C0, a mark of the direction of writing; and what stays
NAME=$'\x9b2J\xc2\x9b2J\xe2\x80\xaegr\xc3\xbcn'
SHOWN='\x9b2J\xc2\x9b2J\xe2\x80\xaegrün'

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "terminal: --check shows names of users, homes and files without doing what is in them" {
    users "$NAME:!:/$NAME:upload:$NAME" "two:!:/$NAME:upload:" "$NAME:x:/a:upload:"
    mv "$T/users" "$T/$NAME"
    run "$HANDLER" --check --root "$ROOT" --users "$T/$NAME" --xferlog "$T/none/$NAME"
    harmless "$output"
    [[ $output == *"$T/$SHOWN"* ]]
    [[ $output == *"option \"$SHOWN\" wants"* ]]
    users "$NAME:!:/$NAME:upload:"
    run "$HANDLER" --check --root "$ROOT" --users "$T/users"
    harmless "$output"
    [[ $output == *"  user $SHOWN: home=/$SHOWN ($ROOT/$SHOWN) rights=upload"* ]]
}

@test "terminal: --recount shows names without doing what is in them, a line for each user" {
    users "$NAME:$(hash secret):/$NAME::quota=1M" "back\\slash:$(hash secret):/$NAME::quota=1M"
    mkdir "$ROOT/$NAME"
    run --separate-stderr "$HANDLER" --recount --root "$ROOT" --users "$T/users"
    [ "$status" = 0 ]
    [ "$(LC_ALL=C sort <<<"$output")" = "$(printf '%s\t%s\t0\t1048576\n' "$SHOWN" "/$SHOWN" 'back\\slash' "/$SHOWN" | LC_ALL=C sort)" ]
    rmdir "$ROOT/$NAME"
    : >"$ROOT/$NAME"
    run --separate-stderr "$HANDLER" --recount --root "$ROOT" --users "$T/users"
    [ "$status" = 74 ]
    harmless "$output$stderr"
    [[ $stderr == *"handler: /$SHOWN: "* ]]
    run --separate-stderr "$HANDLER" --recount --root "$T/$NAME" --users "$T/users"
    harmless "$stderr"
    [[ $stderr == "handler: $T/$SHOWN: "* ]]
}

@test "terminal: options that are refused are shown without doing what is in them" {
    local option
    for option in "--$NAME" "--root=" "--idle-timeout=$NAME" "--on-conflict=$NAME" "$NAME" "--users=$T/$NAME"; do
        run --separate-stderr "$HANDLER" "$option" --recount
        [ "$status" != 0 ]
        harmless "$output$stderr"
    done
    run --separate-stderr "$HANDLER" --log-format "$NAME"
    [[ $stderr == *"not \"$SHOWN\""* ]]
}

@test "terminal: the log on standard error shows names without doing what is in them" {
    printf 'USER %s\r\nCWD %s\r\nX%s\r\nALLO 1\r\nSTOR %s\r\nxQUIT\r\n' "$NAME" "$NAME" "$NAME" "$NAME" |
        "$HANDLER" --root "$ROOT" --log-level debug >"$T/replies" 2>"$T/log"
    grep -a '^226 ' "$T/replies"
    harmless "$(cat "$T/log")"
    grep -F "CWD $SHOWN" "$T/log"
    grep -F "/$SHOWN" "$T/log"
}
