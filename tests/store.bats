# An upload is a transaction (promises 1 and 2).
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() { setup_sandbox; }
teardown() {
    if mountpoint -q "$ROOT"; then umount "$ROOT"; fi
    teardown_sandbox
}

inline_upload() { printf 'ALLO %s\r\nSTOR %s\r\n%s' "${#2}" "$1" "$2"; }

# Names of the calls between the last write of data and the reply 226, in order.
order_of_calls() {
    inline_upload "$1" hello | strace -f -o "$T/trace" "$HANDLER" --root "$ROOT" >/dev/null 2>"$T/log"
    sed -nE 's/^[0-9]+ +//; /^write\([0-9]+, "hello"/,/226 File uploaded/p' "$T/trace" |
        sed -nE 's/^((write|fsync|linkat|renameat2|renameat|unlinkat)\([^)]*).*/\1/p' |
        sed -E 's/"\.stord\.[0-9a-f]+"/TEMP/g'
}

@test "store: write, sync, name, sync of the folder, and only then 226 (promise 1)" {
    calls=$(order_of_calls x)
    [[ "$(tr '\n' ' ' <<<"$calls")" =~ ^write\([0-9]+,\ \"hello\",\ 5\ linkat\(.*TEMP.*\ fsync\(([0-9]+)\ renameat2\(.*TEMP,\ [0-9]+,\ \"x\",\ RENAME_NOREPLACE\ fsync\(([0-9]+)\ .*write\(.*226 ]] ||
        fail "$calls"
    [ "${BASH_REMATCH[1]}" != "${BASH_REMATCH[2]}" ]
    # the file and its folder are what was synced
    grep -qE 'openat\([0-9]+, "\.", O_WRONLY.*O_TMPFILE.*\) = '"${BASH_REMATCH[1]}\$" "$T/trace"
}

@test "store: an old file is replaced in one step, after the new one is on disk (promise 1)" {
    echo old >"$ROOT/x"
    calls=$(order_of_calls x | tr '\n' ' ')
    [[ "$calls" =~ write.*hello.*linkat\(.*TEMP.*fsync.*linkat\(.*\"x\".*TEMP.*renameat\(.*TEMP.*\"x\".*fsync.*226 ]] ||
        fail "$calls"
    [ "$(cat "$ROOT/x")" = hello ]
    root_holds x
}

@test "store: the target is never opened for writing" {
    echo old >"$ROOT/target"
    order_of_calls target >/dev/null
    run -1 grep -E 'open(at|at2)?\(.*"target"' "$T/trace"
}

@test "store: nothing can be seen until the upload is whole, under any name (promise 2)" {
    echo old >"$ROOT/x"
    mkfifo "$T/pipe"
    exec 7<>"$T/pipe"
    spawn "$HANDLER" --root "$ROOT" <"$T/pipe"
    printf 'STOR x\r\nhalf of it' >&7
    wait_for grep -q '^150' "$SPAWN_LOG"
    root_holds x
    [ "$(cat "$ROOT/x")" = old ]
    exec 7>&-
    wait_for grep -q '^226' "$SPAWN_LOG"
    [ "$(cat "$ROOT/x")" = "half of it" ]
    root_holds x
}

@test "store: a handler that is killed leaves the old file and no name behind (promise 2)" {
    echo old >"$ROOT/x"
    mkfifo "$T/pipe"
    exec 7<>"$T/pipe"
    spawn "$HANDLER" --root "$ROOT" <"$T/pipe"
    printf 'STOR x\r\nhalf of it' >&7
    wait_for grep -q '^150' "$SPAWN_LOG"
    kill -KILL "$SPAWN_PID"
    wait_for all_gone "$SPAWN_PID"
    exec 7>&-
    root_holds x
    [ "$(cat "$ROOT/x")" = old ]
}

# fault CALL ERROR WHEN: an upload of x during which the WHEN-th CALL fails
fault() {
    inline_upload x hello | strace -f -o "$T/trace" -e trace="$1" -e inject="$1:error=$2:when=$3" \
        "$HANDLER" --root "$ROOT" >"$T/out" 2>"$T/log"
    grep -q INJECTED "$T/trace" || fail "$1 was not called $3 times"
}

@test "store: every failing step is answered and changes nothing (promise 1)" {
    for old in '' old; do
        rm -f "$ROOT/x"
        [ -z "$old" ] || echo "$old" >"$ROOT/x"
        for step in fsync:EIO:1 fsync:ENOSPC:1 fsync:EIO:2 fsync:EDQUOT:1 linkat:EIO:1 linkat:ENOSPC:1; do
            IFS=: read -r call error when <<<"$step"
            fault "$call" "$error" "$when"
            ! grep '^226' "$T/out" || fail "$step"
            case $error in EIO) code=550 ;; ENOSPC | EDQUOT) code=552 ;; esac
            grep -q "^$code Failed to upload file: " "$T/out" || fail "$step: $(cat "$T/out")"
            if [ -n "$old" ]; then
                [ "$(cat "$ROOT/x")" = old ] || fail "$step: the old file was touched"
                root_holds x
            else
                root_holds || fail "$step: something was left behind"
            fi
        done
    done
    fault renameat2 EIO 1
    grep -q '^550' "$T/out"
    [ "$(cat "$ROOT/x")" = old ]
    root_holds x
}

@test "store: a failing close or write is answered and changes nothing (promise 1)" {
    # the descriptor that the data is written to, closed before the file gets its name
    order_of_calls probe >/dev/null # makes what stays for later sessions
    order_of_calls probe >/dev/null
    nth=$(awk '/ close\(/ { n++ } /O_TMPFILE/ { fd = $NF } fd && $2 ~ "^close\\(" fd "\\)" { print n; exit }' "$T/trace")
    rm "$ROOT/probe"
    fault close EIO "$nth"
    grep -A1 INJECTED "$T/trace" | tail -1 | grep -qv linkat # it has no name yet
    grep -q '^550' "$T/out"
    root_holds
    # the second write of the session's own is the data: 220, 200, 150, data
    for error in ENOSPC EIO EFBIG; do
        nth=$(inline_upload x hello | strace -e trace=write "$HANDLER" --root "$ROOT" 2>&1 >/dev/null |
            grep -E '^write\(' | grep -n '"hello"' | cut -d: -f1)
        rm -f "$ROOT/x"
        fault write "$error" "$nth"
        grep -qE '^(550|552) Failed' "$T/out"
        root_holds
    done
}

@test "store: a full disk is 452 before the bytes and 552 after them, the old file is untouched and the space comes back" {
    need_root mounts a tmpfs
    mount -t tmpfs -o size=1m,mode=777 tmpfs "$ROOT"
    echo old >"$ROOT/x"
    free=$(df --output=avail "$ROOT" | tail -1)
    # announced: refused before 150
    talk <<'STEPS'
< 220
> ALLO 2000000
< 200
> STOR x
< 452 ^452 Failed to upload file: the disk is full
closed
file x old\n
STEPS
    # not announced
    talk <<'STEPS'
binary
store@ x 3000000 < 552 ^552 Failed to upload file: the disk is full
store y small
file x old\n
file y small
STEPS
    root_holds x y
    rm "$ROOT/y"
    [ "$(df --output=avail "$ROOT" | tail -1)" = "$free" ]
}

@test "store: a limit of file size is 552, and does not end the session" {
    (
        ulimit -f 8
        talk <<'STEPS'
binary
store@ x 100000 < 552
> NOOP
< 200
nofile x
STEPS
    )
}

@test "store: two uploads of one name do not mix; the last commit wins whole" {
    mkfifo "$T/a" "$T/b"
    exec 7<>"$T/a" 8<>"$T/b"
    spawn "$HANDLER" --root "$ROOT" <"$T/a"
    first=$SPAWN_LOG
    spawn "$HANDLER" --root "$ROOT" <"$T/b"
    second=$SPAWN_LOG
    printf 'STOR x\r\naaaa' >&7
    wait_for grep -q '^150' "$first"
    printf 'STOR x\r\nbb' >&8
    wait_for grep -q '^150' "$second"
    exec 8>&-
    wait_for grep -q '^226' "$second"
    [ "$(cat "$ROOT/x")" = bb ]
    printf 'aaaa' >&7
    exec 7>&-
    wait_for grep -q '^226' "$first"
    [ "$(cat "$ROOT/x")" = aaaaaaaa ]
    root_holds x
}

@test "store: refused before the data connection is touched: read-only and forbidden folders" {
    need_root becomes somebody else
    mkdir -m 755 "$ROOT/forbidden"
    chmod 755 "$ROOT"
    as_nobody <<'STEPS'
< 220
> EPSV
< 229
> STOR forbidden/x
< 550 permission denied
> STOR x
< 425
STEPS
    root_holds forbidden
}

# refused OPTION... <<ROWS: each row is a code, and lines (a;b;c) of which the last one is answered so:
# where a data connection would bring the bytes, all in one session, and those of the first row
# inline, too. The root is as it was before, and nothing was made for them.
refused() {
    local before after code lines inline='' steps=$'< 220\n> TYPE I\n< 200\n'
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    # shellcheck disable=SC2034,SC2054 # talk takes it
    local WRAP=(strace -f -o "$T/trace" -e trace=openat,mkdir,mkdirat
        setpriv --reuid 65534 --regid 65534 --clear-groups)
    while read -r code lines; do
        lines="> ${lines//;/$'\n< 200|350\n> '}"$'\n'"< $code"$'\n'
        inline=${inline:-$'< 220\n'$lines}
        steps+=$'> EPSV\n< 229\n'$lines
    done
    before=$(ls -AlR "$ROOT")
    for steps in "$steps" "$inline"; do
        talk "$@" <<<"$steps"
        after=$(ls -AlR "$ROOT")
        [ "$after" = "$before" ] || fail "$steps: the root was '$before', and is '$after'" || return
        ! grep -E 'O_CREAT|O_TMPFILE|mkdir' "$T/trace" >&2 || fail "$steps: made something" || return
    done
}

# What is refused in an empty root
refused_in_empty() {
    [ -z "$(ls -A "$ROOT")" ] || fail "the root is not empty"
    refused <<ROWS
452 ALLO 900000000000000;STOR x
452 ALLO 900000000000000;APPE x
452 ALLO 900000000000000;STOU
552 ALLO 9300000000000000000;STOR x
554 REST 5;STOR x
550 ALLO 6;STOR d/x
553 ALLO 6;STOR x/
553 ALLO 6;STOR .stord.x
553 ALLO 6;STOR $(printf 'x%.0s' {1..256})
ROWS
    refused --max-file-size=5 <<'ROWS'
552 ALLO 6;STOR x
552 ALLO 6;APPE x
552 ALLO 6;STOU
554 REST 1;ALLO 6;STOR x
ROWS
    refused --min-free=1000000G <<'ROWS'
452 STOR x
452 APPE x
452 ALLO 6;STOU
ROWS
    refused --min-free=99% <<<'452 STOR x'
    refused --resume-hours=0 <<<'554 REST 5;STOR x'
    chmod 755 "$ROOT"
    refused <<'ROWS'
550 ALLO 6;STOR x
550 ALLO 6;APPE x
550 ALLO 6;STOU
ROWS
    chmod 777 "$ROOT"
}

# What is refused for what is there
refused_beside_others() {
    (
        cd "$ROOT" || exit
        echo old >old
        echo longer >longer
        echo secret >secret
        chmod 0 secret
        mkdir folder
        mkdir -m 755 closed
        mkfifo fifo
        ln -s old link
    )
    refused <<'ROWS'
554 REST 5;STOR old
550 ALLO 6;APPE secret
550 REST 5;STOR secret
553 ALLO 6;STOR folder
553 ALLO 6;APPE folder
553 ALLO 6;STOR fifo
553 ALLO 6;STOR link
550 ALLO 6;STOR closed/x
550 ALLO 6;APPE closed/x
550 ALLO 6;STOU closed/x
452 ALLO 900000000000000;APPE old
452 REST 2;ALLO 900000000000000;STOR old
ROWS
    refused --max-file-size=5 <<'ROWS'
552 ALLO 6;STOR old
552 ALLO 6;APPE old
552 APPE longer
552 REST 5;ALLO 10;STOR longer
552 REST 6;STOR longer
ROWS
    refused --min-free=1000000G <<'ROWS'
452 APPE old
452 REST 5;STOR longer
ROWS
    refused --on-conflict=refuse <<'ROWS'
553 ALLO 6;STOR old
553 REST 5;STOR longer
ROWS
    refused --on-conflict=rename <<<'553 REST 5;STOR longer'
    refused --allow=upload <<'ROWS'
553 ALLO 6;STOR old
550 ALLO 6;APPE old
ROWS
}

@test "store: what is refused before the bytes is refused before anything is made: an empty root stays empty" {
    need_root becomes somebody else
    refused_in_empty
    [ -z "$(ls -A "$ROOT")" ]
    refused_beside_others
}

@test "store: what a quota refuses before the bytes is refused before a file is made for them" {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    # shellcheck disable=SC2034,SC2054 # talk takes it
    local WRAP=(strace -f -o "$T/trace" -e trace=openat)
    users "me:$(hash secret):/:upload,append:quota=5"
    talk -o pair --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
> TYPE I
< 200
> EPSV
< 229
> ALLO 6
< 200
> STOR x
< 552 quota
> EPSV
< 229
> ALLO 6
< 200
> APPE x
< 552 quota
STEPS
    published_are ''
    ! grep -F O_TMPFILE "$T/trace" >&2 || fail "a file was made"
}

@test "store: a folder that may be written and not read takes uploads" {
    need_root becomes somebody else
    chmod 333 "$ROOT"
    as_nobody <<'STEPS'
< 220
> MKD d
< 257
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
STEPS
    [ "$(cat "$ROOT/x")" = hello ]
}
