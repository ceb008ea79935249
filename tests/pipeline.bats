# Inline uploads of a client that does not wait for replies: they are synced and published together, and answered in order.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# put NAME BYTES: an inline upload, as it is sent
put() { printf 'ALLO %s\r\nSTOR %s\r\n%s' "${#2}" "$1" "$2"; }

# puts NAME...: such uploads of files that contain their names
puts() {
    local name
    for name; do put "$name" "$name"; done
}

# send [OPTION...]: what is on standard input goes to a handler in one piece, and what it replies to $T/replies. Its
# log is a pipe: beside one that is a file it may not sync files at once.
send() {
    cat >"$T/input"
    ${WRAP[@]+"${WRAP[@]}"} "$HANDLER" --root "$ROOT" "$@" 2>&1 <"$T/input" >"$T/replies" | cat >"$T/log"
    [ "${PIPESTATUS[0]}" = 0 ]
}

# is TEXT EXPECTED
is() { [ "$1" = "$2" ] || fail "$1 instead of $2"; }

# replied CODE...: these were the replies after the greeting
replied() { is "$(sed -n 's/\r$//; 2,$s/^\([0-9]*\) .*/\1/p' "$T/replies" | paste -sd' ')" "$*"; }

# stored_are NAME...: the root holds these files, each of which contains its name
stored_are() {
    local name
    root_holds "$@" || return
    for name; do [ "$(cat "$ROOT/$name")" = "$name" ] || fail "$name: $(cat "$ROOT/$name")" || return; done
}

# under_strace OPTIONS COMMAND...: with handlers under strace, see $T/trace
under_strace() {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local WRAP
    read -ra WRAP <<<"strace -f -s 8000 -o $T/trace $1"
    "${@:2}"
}

# synced NAME...: see synced.py
synced() { command -p python3 "$TOP/tests/synced.py" "$T/trace" "$@"; }

@test "pipeline: written, synced, named, folder synced, and only then 226, in one piece (promise 1)" {
    { puts a b c d e; printf 'QUIT\r\n'; } | under_strace '' send
    replied 200 150 226 200 150 226 200 150 226 200 150 226 200 150 226 221
    stored_are a b c d e
    is "$(synced a b c d e)" 'files 5 folders 1 writes 1'
}

@test "pipeline: on a disk that takes long, files are synced at once (promise 1)" {
    { puts a b c d e; printf 'QUIT\r\n'; } | under_strace '-e inject=fsync:delay_enter=2000:when=1..2' send
    stored_are a b c d e
    is "$(synced a b c d e)" 'files 5 folders 1 writes 1'
    grep -qE 'io_submit\(.* = 3$' "$T/trace"
}

@test "pipeline: where the kernel syncs no files at once, they are synced one by one" {
    local call
    for call in io_setup io_submit io_getevents; do
        { puts a b c d e; printf 'QUIT\r\n'; } |
            under_strace "-e inject=fsync:delay_enter=2000:when=1..2 -e inject=$call:error=ENOSYS" send
        replied 200 150 226 200 150 226 200 150 226 200 150 226 200 150 226 221
        stored_are a b c d e
        [ "$(grep -c 'fsync(.*= 0' "$T/trace")" -ge 6 ]
        rm "$ROOT"/?
    done
}

@test "pipeline: nor beside a log that is a file, whose lines a session that was taken over could change" {
    puts a b c d e >"$T/input"
    under_strace '-e inject=fsync:delay_enter=2000:when=1..2' log_to_file
    stored_are a b c d e
    is "$(synced a b c d e)" 'files 5 folders 1 writes 1'
    run -1 grep io_submit "$T/trace"
}

log_to_file() { "${WRAP[@]}" "$HANDLER" --root "$ROOT" <"$T/input" >"$T/replies" 2>"$T/log"; }

@test "pipeline: a sync that fails fails its own file (promise 1)" {
    puts a b c | under_strace '-e inject=fsync:error=EIO:when=2' send
    replied 200 150 226 200 150 550 200 150 226
    stored_are a c
    logged 'Upload failed: /b .* failed\) from'
}

@test "pipeline: a folder that cannot be synced takes all its names back, and no other's (promise 1)" {
    mkdir "$ROOT/x" "$ROOT/y"
    echo old >"$ROOT/x/b"
    puts x/a y/a x/b | under_strace '-e inject=fsync:error=EIO:when=4' send
    replied 200 150 550 200 150 226 200 150 550
    published_are x x/b y y/a
    is "$(cat "$ROOT/x/b")" old
    nothing_unfinished
}

@test "pipeline: --batch-files are synced together, --batch-time limits how long that takes" {
    puts a b c d e f g | under_strace '' send --batch-files=3
    stored_are a b c d e f g
    is "$(synced a b c d e f g)" 'files 7 folders 3 writes 3'
    rm "$ROOT"/?
    puts a b c | under_strace '' send --batch-files=1
    is "$(synced a b c)" 'files 3 folders 3 writes 3'
    rm "$ROOT"/?
    puts a b c | under_strace '' send --batch-time=0
    stored_are a b c
    is "$(synced a b c)" 'files 3 folders 3 writes 3'
}

@test "pipeline: nothing is synced with --no-sync" {
    puts a b c | under_strace '' send --no-sync
    stored_are a b c
    run -1 grep -E '^[0-9]+ +(fsync|io_submit|syncfs)' "$T/trace"
}

@test "pipeline: a name that comes again is published again (promise 1)" {
    { put a one; put b b; put a two; put a three; } | send
    replied 200 150 226 200 150 226 200 150 226 200 150 226
    is "$(cat "$ROOT/a")" three
    rm "$ROOT"/?
    { put a one; put b b; put ./a two; } | send --on-conflict=refuse
    replied 200 150 226 200 150 226 200 553
    is "$(cat "$ROOT/a")" one
    rm "$ROOT"/?
    { put a one; put a two; } | send --on-conflict=rename
    replied 200 150 226 200 150 226
    is "$(sort "$ROOT"/a*)" "$(printf 'one\ntwo')"
}

@test "pipeline: a command that could see them comes after them" {
    { puts a b; printf 'TYPE I\r\nSIZE a\r\nDELE a\r\n'; puts c; printf 'RNFR c\r\nRNTO d\r\nNOOP\r\nQUIT\r\n'; } |
        send --allow=upload,list,delete,rename
    replied 200 150 226 200 150 226 200 213 250 200 150 226 350 250 200 221
    root_holds b d
}

@test "pipeline: a client that may only upload manages its own" {
    { puts a b; printf 'TYPE I\r\nSIZE b\r\nDELE a\r\nSIZE other\r\n'; } | send --allow=upload
    replied 200 150 226 200 150 226 200 213 250 550
    root_holds b
}

@test "pipeline: a refused upload ends the session, after the replies to those before it" {
    { puts a b no/x; printf 'DELE a\r\n'; } | send --allow=upload,delete
    replied 200 150 226 200 150 226 200 550
    stored_are a b
}

@test "pipeline: a file where a folder is wanted is refused as if nobody had waited" {
    puts a b a/c | send
    replied 200 150 226 200 150 226 200 550
    grep -q '^550 .*part of the name is not a folder' "$T/replies"
}

@test "pipeline: an ALLO that cannot be read, and commands that mean nothing, are answered in order" {
    { puts a; printf 'TYPE X\r\nNOOP\r\nSTRU R\r\nHUGO\r\n'; puts b; printf 'ALLO x\r\nSTOR c\r\nc'; } | send
    replied 200 150 226 501 200 504 500 200 150 226 501 501
    stored_are a b
}

@test "pipeline: STOU tells each name" {
    {
        printf 'ALLO 1\r\nSTOU\r\n1ALLO 1\r\nSTOU\r\n2ALLO 1\r\nSTOU\r\n3'
    } | send
    replied 200 150 226 200 150 226 200 150 226
    local name n=0
    while read -r name; do
        n=$((n + 1))
        is "$(cat "$ROOT/${name%$'\r'}")" "$n"
    done < <(sed -n 's/^226 .*FILE: //p' "$T/replies")
    [ "$n" = 3 ]
}

@test "pipeline: what does not fit into the quota is refused, and nothing else" {
    users "u:$(hash secret):/:upload:quota=10"
    {
        printf 'USER u\r\nPASS secret\r\n'
        put a 12345
        put b 1234567
        put c 12345
        printf 'QUIT\r\n'
    } | send --users "$T/users"
    replied 331 230 200 150 226 200 150 552 200 150 226 221
    published_are a c
}

@test "pipeline: more files and folders than descriptors" {
    local names=() n
    for n in {1..9}; do mkdir "$ROOT/$n"; done
    for n in {1..200}; do names+=("$((n % 9 + 1))/$n"); done
    for limit in 20 30 40 60; do
        puts "${names[@]}" >"$T/input"
        bash -c 'ulimit -n "$0" && exec "$@"' "$limit" "$HANDLER" --root "$ROOT" <"$T/input" >"$T/replies" 2>"$T/log"
        is "$(grep -c '^226' "$T/replies")" 200
        is "$(find "$ROOT" -name .stord.unfinished -prune -o -type f -print | wc -l)" 200
        for n in "${names[@]}"; do [ "$(cat "$ROOT/$n")" = "$n" ]; done
        rm "$ROOT"/*/*
    done
}

@test "pipeline: a file in pieces keeps nobody waiting who came before it" {
    talk <<'STEPS'
< 220
>> ALLO 1\r\nSTOR a\r\naALLO 1\r\nSTOR b\r\nbALLO 3\r\nSTOR c\r\nc
stored-inline 2
< 200
< 150
file a a
file b b
nofile c
>> cc
< 226
>> ALLO 1\r\nSTOR d\r\ndALL
< 200
< 150
< 226
file d d
>> O 1\r\nSTOR e\r\ne
< 200
< 150
< 226
STEPS
    root_holds a b c d e
}

@test "pipeline: large files among small ones" {
    for kind in tcp unix pipe; do
        talk -o "$kind" --batch-time=20 <<'STEPS'
< 220
>> ALLO 1\r\nSTOR a\r\naALLO 30000000\r\nSTOR b\r\n
>>@ 30000000
>> ALLO 0\r\nSTOR c\r\nALLO 1\r\nSTOR d\r\ndQUIT\r\n
stored-inline 4
< 221
file a a
file@ b 30000000
file c 
file d d
STEPS
        rm "$ROOT"/?
    done
}

@test "pipeline: the client leaves without a word: what was whole is stored, and the half file is not (promise 3)" {
    { puts a b; printf 'ALLO 5\r\nSTOR c\r\ncc'; } | send
    replied 200 150 226 200 150 226 200 150 426
    published_are a b
}

@test "pipeline: a service that stops has stored what it answered" {
    local answered
    puts {1..60} >"$T/input"
    mkfifo "$T/pipe"
    exec 7<>"$T/pipe"
    # shellcheck disable=SC2034 # for spawn
    ASAN_OPTIONS=detect_leaks=0 spawn strace -f -D -o "$T/trace" -e trace=fsync,io_submit -e inject=fsync:delay_enter=5000 \
        "$HANDLER" --root "$ROOT" --batch-files=5 <"$T/pipe"
    cat "$T/input" >&7
    wait_for grep -q '^226' "$SPAWN_LOG"
    kill "$SPAWNED"
    wait_for grep -q '^421' "$SPAWN_LOG"
    exec 7>&-
    answered=$(grep -c '^226' "$SPAWN_LOG")
    is "$(grep -c '^421' "$SPAWN_LOG")" 1
    [ "$answered" -lt 60 ]
    local n
    for ((n = 1; n <= answered; n++)); do is "$(cat "$ROOT/$n")" "$n"; done
    is "$(find "$ROOT" -maxdepth 1 -type f | wc -l)" "$answered"
}

@test "pipeline: the log and the xferlog have them in order; the transcript can be played" {
    mkdir "$T/records"
    { puts a b; put a again; puts c; printf 'QUIT\r\n'; } | send --xferlog "$T/xferlog" --transcript "$T/records"
    is "$(sed -n 's/.*File uploaded: \([^ ]*\) .*/\1/p' "$T/log" | paste -sd' ')" '/a /b /a /c'
    is "$(awk '{ sub(".*/", "", $9); print $9 }' "$T/xferlog" | paste -sd' ')" 'a b a c'
    rm "$ROOT"/?
    cat "$T"/records/* | talk
    root_holds a b c
}

