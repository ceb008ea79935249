# How what a home holds is counted: with others who use it, after crashes, anew, and by --recount.
# bats file_tags=asan,slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load quota

OTHER_BOOT=0aa0b1c2-d3e4-f5a6-b7c8-d9e0f1a2b3c4

setup() { setup_quota; }
teardown() { teardown_sandbox; }

# no_walk: no folder was read in the session that was traced
no_walk() { ! grep getdents64 "$T/trace" >&2; }

# unprivileged COMMAND...: with handlers that are nobody
unprivileged() {
    # shellcheck disable=SC2034 # for talk
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    chmod 644 "$T/users"
    "$@"
}

# ---------------------------------------------------------------- others

@test "quota: what consumers take away makes room, without waiting for the next day" {
    stores 226 a 100
    rm "$ROOT/home/a"
    again() { stores 226 b 100; } # a recount soon after another one is not made
    wait_for again
    home_holds 100
}

@test "quota: a full home is not counted anew at each attempt" {
    local file
    mkdir -p "$ROOT/home/deep"
    for ((file = 0; file < 3000; file++)); do : >"$ROOT/home/deep/$file"; done
    put_there other 100
    # the first one counts, which takes a second here: so for ten the others do not
    traced '-e trace=getdents64 -e inject=getdents64:delay_enter=300000' binary_as me <<'STEPS'
> PASV
< 227
> STOR a
< 552
> PASV
< 227
> STOR b
< 552
> PASV
< 227
> STOR c
< 552
STEPS
    recounts 1
    [ "$(grep -c getdents64 "$T/trace")" -ge 3 ]
    traced '-e trace=getdents64' binary_as me <<'STEPS'
> PASV
< 227
> STOR d
< 552
STEPS
    no_walk
}

@test "quota: while the count holds, neither login nor upload nor DELE walks the tree" {
    stores 226 a 10
    all_verbs() {
        binary_as me <<'STEPS'
> PASV
< 227
> STOR b
< 150
put@ 20
< 226
> PASV
< 227
> ALLO 5
< 200
> STOR c
< 150
put@ 5
< 226
> DELE a
< 250
> RNFR b
< 350
> RNTO d
< 250
STEPS
    }
    traced '-e trace=getdents64' all_verbs
    no_walk
    home_holds 25
    recounts 1
}

@test "quota: users of one home share what it holds, each within the own quota" {
    user you /home quota=50
    user free /home ''
    stores 226 a 40
    binary_as you <<'STEPS'
> PASV
< 227
> ALLO 11
< 200
> STOR b
< 552 quota of 50$
> PASV
< 227
> ALLO 50
< 200
> STOR b
< 552
> PASV
< 227
> ALLO 10
< 200
> STOR b
< 150
put@ 10
< 226
STEPS
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 50
< 200
> STOR c
< 150
put@ 50
< 226
STEPS
    home_holds 100
    binary_as free <<'STEPS'
> PASV
< 227
> STOR d
< 150
put@ 1000
< 226
STEPS
    used clean 100
}

@test "quota: who is new to a count brings the interrupted uploads that were there" {
    user you /home ''
    binary_as you <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR x
< 150
put@ 51
< 426
STEPS
    stores 226 a 10
    used clean 10
    sed -i '/^you:/s/$/quota=100/' "$T/users"
    binary_as you <<'STEPS'
> PASV
< 227
> ALLO 20
< 200
> STOR b
< 150
put@ 20
< 226
STEPS
    used clean 80
    [ "$(sed 1d "$COUNT" | paste -sd' ')" = 'u.me u.you' ]
}

@test "quota: room that is made during an upload is used" {
    put_there other 60
    # may be counted again: ten times as long ago as it took
    cat >"$T/wait-until-rested" <<SCRIPT
read -r counted took < <(cut -b 64-89 "$COUNT")
until [ "\$(date +%s%3N)" -gt "\$((10#\$counted + 11 * (10#\$took + 1)))" ]; do sleep 0.01; done
SCRIPT
    several --users "$T/users" <<STEPS
[a] < 220
> USER me
< 331
> PASS secret
< 230
binary
> PASV
< 227
> STOR x
< 150
connect
data 0123456789
stored 10
run rm $ROOT/home/other
run . $T/wait-until-rested
data $(printf 'x%.0s' {1..80})
done
< 226
STEPS
    home_holds 90
}

@test "quota: any number of sessions at once publish no more than it" {
    local i pids=() stored=0
    sed -i 's/quota=100$/quota=100000/' "$T/users"
    # what is between looking and publishing takes its time
    printf '#!/bin/sh\nexec strace -f -o "%s" -e trace=renameat2 %s "%s" "$@"\n' /dev/null \
        '-e inject=renameat2:delay_enter=100000' "$HANDLER" >"$T/slow"
    chmod +x "$T/slow"
    ASAN_OPTIONS=detect_leaks=0 HANDLER=$T/slow serve --users "$T/users"
    for i in {1..8}; do
        random_file "$T/$i" 30000
        curl -sS --max-time 60 -u me:secret -T "$T/$i" "ftp://127.0.0.1:$PORT/$i" 2>>"$T/curl" &
        pids+=($!)
    done
    for i in {1..8}; do
        if wait "${pids[i - 1]}"; then
            stored=$((stored + 1))
            same "$T/$i" "$ROOT/home/$i"
        else
            [ ! -e "$ROOT/home/$i" ]
        fi
    done
    [ "$stored" = 3 ]
    home_holds 90000
}

@test "quota: who waits for the count goes on once it is free, and is stopped when we are" {
    export STORD_PROCESS_TITLE=no # it is found by its arguments
    local pid
    stores 226 a 10
    mkfifo "$T/hold"
    hold_lock
    waits_for_lock stores 226 b 10 9>&- &
    pid=$!
    wait_for grep -q EAGAIN "$T/trace"
    [ ! -e "$ROOT/home/b" ]
    exec 9>&-
    wait "$pid"
    home_holds 20

    rm "$T/trace"
    hold_lock
    waits_for_lock binary_as me 9>&- <<'STEPS' &
> PASV
< 227
> STOR c
< 421 shutting down
STEPS
    pid=$!
    wait_for grep -q EAGAIN "$T/trace"
    pkill -TERM -f -- "^$HANDLER --root $ROOT"
    wait "$pid"
    exec 9>&-
    logged 'Closing: asked to stop'
    published_are home home/a home/b
    home_holds 20
}

# hold_lock: another process has it until descriptor 9 is closed
hold_lock() {
    spawn flock -x "${COUNT%/*}" cat "$T/hold"
    exec 9>"$T/hold"
    wait_for lock_is_held
}
lock_is_held() { ! flock -n -x "${COUNT%/*}" true; }
waits_for_lock() { traced '-e trace=flock' "$@"; }

# ---------------------------------------------------------------- crashes

@test "quota: a session that is killed while it publishes leaves a count that the next one repairs" {
    stores 226 a 10
    run traced '-e inject=renameat2:signal=KILL:when=1' stores 226 b 20
    [ "$status" -ne 0 ]
    used dirty 10
    put_there other 5 # as if the rename had been made
    stores 226 c 30
    recounts 2
    used clean $((45 + $(stat -c %s "$ROOT/home/b" 2>/dev/null || echo 0)))
}

@test "quota: whatever call fails or is the last one, no clean count tells less than there is" {
    local point call what step when reached
    {
        printf 'USER me\r\nPASS secret\r\nALLO 60\r\nSTOR a\r\n%060d' 0
        printf 'ALLO 30\r\nSTOR a\r\n%030dDELE a\r\nALLO 20\r\nSTOR b\r\n%020d' 0 0
        printf 'RNFR b\r\nRNTO a\r\nALLO 50\r\nSTOR c\r\n%040d' 0
    } >"$T/session"
    for point in {pread64,pwrite64,flock,renameat2,renameat,unlinkat}:{error=EIO,signal=KILL}:1 \
        openat2:error=EMFILE:4; do
        IFS=: read -r call what step <<<"$point"
        for ((when = 1, reached = 1; reached; when += step)); do
            find "$ROOT" -mindepth 1 -delete
            play_session "inject=$call:$what:when=$when"
            tells_enough || fail "$call $what $when: $(cat "$T/replies" "$T/log")"
            reached=$(grep -cE 'INJECTED|killed by' "$T/trace") || :
        done
        [ "$when" -gt 2 ] || fail "$call is never called"
    done
}

# In a shell of its own, or this one tells of each kill.
play_session() (
    exec 2>"$T/log"
    ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e "$1" "$HANDLER" --root "$ROOT" --users "$T/users" \
        <"$T/session" >"$T/replies" || :
)

# What the count says, where it is clean, is at least what is there, and that is within the quota.
tells_enough() {
    local there flag=none bytes=0
    there=$(find "$ROOT" \( -name '.stord.partial-*' -o -path "$ROOT/home/*" ! -name '.stord.*' \) -type f -printf '%s\n' |
        awk '{ n += $1 } END { print n + 0 }')
    [ ! -s "$COUNT" ] || read -r flag bytes _ < <(cut -b 38- "$COUNT")
    [ "$there" -le "$QUOTA" ] || fail "$there bytes are there" || return
    [ "$flag" != clean ] || [ "$((10#$bytes))" -ge "$there" ] || fail "$(cat "$COUNT"): $there bytes are there"
}

@test "quota: after another start of the machine the home is counted anew" {
    stores 226 a 10
    put_there other 80
    stores 226 b 10 # what others put there counts later
    used clean 20
    sed -Ei "s/^[0-9a-f-]{36}/$OTHER_BOOT/" "$COUNT"
    binary_as me <<'STEPS'
> PASV
< 227
> STOR c
< 552
STEPS
    used clean 100
    recounts 2
}

@test "quota: after a day it is counted anew" {
    stores 226 a 10
    put_there other 80
    local yesterday=$((($(date +%s) - 86500) * 1000))
    sed -Ei "1s/ [0-9]{15} / $(printf %015d "$yesterday") /" "$COUNT"
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 20
< 200
> STOR b
< 552
STEPS
    used clean 90
    recounts 2
}

@test "quota: a count that is missing or garbage is made anew" {
    local garbage recounts=1
    stores 226 a 10
    for garbage in '' 'x' "$(head -c 200 /dev/zero | tr '\0' 9)" \
        "$(head -n 1 "$COUNT" | tr ' ' '_')" "$(cat "$COUNT")"$'\n../../home'; do
        printf '%s\n' "$garbage" >"$COUNT"
        stores 226 a 10
        home_holds 10
        recounts $((++recounts))
    done
    rm -r "$ROOT/.stord.unfinished/.stord.usage"
    stores 226 a 10
    home_holds 10
    recounts $((++recounts))
    # such a file is garbage to nobody
    stores 226 a 10
    recounts "$recounts"
}

@test "quota: the kernel's word on the boot is needed, else each session counts" {
    stores 226 a 10
    put_there other 5
    traced '-P /proc/sys/kernel/random/boot_id -e inject=openat:error=EACCES' stores 226 b 10
    recounts 3 # before the data and before its name
    used dirty 25
}

@test "quota: links are not followed, reserved names and foreign lost+found do not count" {
    mkdir -p "$ROOT/home/a/b" "$T/outside"
    chmod 777 "$ROOT/home" "$ROOT/home/a"
    random_file "$T/outside/x" 1000
    ln -s "$T/outside" "$ROOT/home/a/link"
    ln -s "$T/outside/x" "$ROOT/home/a/b/link"
    random_file "$ROOT/home/a/b/.stord.x" 1000
    random_file "$ROOT/home/a/b/x" 40
    random_file "$ROOT/home/a/x" 20
    mkdir -m 700 "$ROOT/home/lost+found"
    random_file "$ROOT/home/lost+found/x" 1000
    need_root "makes a folder that the handler may not read"
    unprivileged stores 226 b 40
    used clean 100
}

@test "quota: a folder that may be written and not read is told, not taken for empty" {
    need_root "makes a folder that the handler may not read"
    mkdir -p "$ROOT/home/box"
    chmod 777 "$ROOT/home"
    chmod 733 "$ROOT/home/box"
    unprivileged binary_as me <<'STEPS'
> PASV
< 227
> STOR a
< 550
STEPS
    logged 'permission denied'
}

# ---------------------------------------------------------------- handler --recount

@test "quota: --recount prints what homes hold, and repairs the counts" {
    user you /home quota=1K
    user 'a b' '/other home' quota=2K
    user nobody /gone quota=3K
    user free /home ''
    stores 226 a 10
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 9
< 200
> STOR b
< 150
put@ 8
< 426
STEPS
    put_there other 20
    mkdir "$ROOT/other home"
    run -0 --separate-stderr "$HANDLER" --recount --root "$ROOT" --users "$T/users"
    [ "$output" = "$(printf '%s\n' $'me\t/home\t37\t100' $'you\t/home\t37\t1024' $'a b\t/other home\t0\t2048')" ]
    [ -z "$stderr" ]
    used clean 37
    [ "$(sed 1d "$COUNT" | paste -sd' ')" = 'u.me u.you' ]
    [ ! -e "$ROOT/gone" ]
    stores 226 c 63
    recounts 1
    used clean 100
}

@test "quota: --recount keeps nothing where there is no reserved folder, and leaves a foreign one alone" {
    put_there other 20
    run -0 --separate-stderr "$HANDLER" --root "$ROOT" --users "$T/users" --recount
    [ "$output" = $'me\t/home\t20\t100' ]
    [ ! -e "$ROOT/.stord.unfinished" ]
    need_root "makes a folder of another user"
    install -d -o 65534 -m 700 "$ROOT/.stord.unfinished"
    run -78 --separate-stderr "$HANDLER" --root "$ROOT" --users "$T/users" --recount
    [ -z "$output" ]
    [[ "$stderr" == *'belongs to another user'* ]]
}

@test "quota: --recount says what is wrong" {
    run -78 --separate-stderr "$HANDLER" --recount --root "$ROOT"
    [[ "$stderr" == *'--recount wants --users'* ]]
    run -78 --separate-stderr "$HANDLER" --recount --root "$ROOT/none" --users "$T/users"
    [[ "$stderr" == *"$ROOT/none: No such file"* ]]
    printf 'me:x:home:y:z\n' >>"$T/users"
    run -78 --separate-stderr "$HANDLER" --recount --root "$ROOT" --users "$T/users"
    [[ "$stderr" == *"$T/users:2: "* ]]
    sed -i 2d "$T/users"
    : >"$ROOT/home"
    run -74 --separate-stderr "$HANDLER" --recount --root "$ROOT" --users "$T/users"
    [[ "$stderr" == *'/home: Not a directory'* ]]
    rm "$ROOT/home"
    put_there a 1
    to_full() { "$HANDLER" --recount --root "$ROOT" --users "$T/users" >/dev/full; }
    run -74 to_full
    run -64 "$HANDLER" --recount --rooot "$ROOT"
}
