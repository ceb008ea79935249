# Quotas: what a home may hold, how that is kept, and that it is never exceeded.
# bats file_tags=asan,slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

QUOTA=100
OTHER_BOOT=0aa0b1c2-d3e4-f5a6-b7c8-d9e0f1a2b3c4

setup() {
    setup_sandbox
    COUNT=$ROOT/.stord.unfinished/.stord.usage/home/.stord.count
    HASH=$(perl -e 'print crypt("secret", q($6$rounds=1000$stord$))')
    user me /home "quota=$QUOTA"
}
teardown() { teardown_sandbox; }

# user NAME HOME OPTIONS: one more, with all rights and the password "secret"
user() {
    printf '%s:%s:%s:upload,append,replace,list,read,rename,delete,mkdir:%s\n' \
        "$1" "$HASH" "$2" "$3" >>"$T/users"
}

# binary_as USER [OPTION...] <<STEPS: as USER, from behind TYPE I on
binary_as() { { echo binary && cat; } | as "$@"; }

# stores CODE NAME BYTES: one session uploads so many bytes without announcing them
stores() {
    binary_as me <<STEPS
> PASV
< 227
> STOR $2
< 150
put@ $3
< $1
STEPS
}

# sized NAME BYTES: the home has such a file
sized() {
    [ "$(stat -c %s "$ROOT/home/$1")" = "$2" ] || fail "$1: $(stat -c %s "$ROOT/home/$1") bytes"
}

# put_there NAME BYTES: as somebody else than stord does it
put_there() {
    mkdir -p "$ROOT/home"
    random_file "$ROOT/home/$1" "$2"
}

# used FLAG BYTES: what the count says
used() {
    local flag bytes
    read -r flag bytes _ < <(cut -b 38- "$COUNT")
    [ "$flag $((10#$bytes))" = "$1 $2" ] || fail "the count: $(cat "$COUNT")"
}

# home_holds BYTES: so many are in the home, and that is what the count says
home_holds() {
    used clean "$1" || return
    local bytes
    bytes=$(find "$ROOT/home" -name '.stord.*' -prune -o -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
    [ "$bytes" = "$1" ] || fail "the home holds $bytes bytes"
}

# Nothing is left of interrupted uploads.
nothing_kept() { ! find "$ROOT/.stord.unfinished" -type f ! -name .stord.count | grep . >&2; }

# no_walk: no folder was read in the session that was traced
no_walk() { ! grep getdents64 "$T/trace" >&2; }

# recounts N: so often in the log
recounts() {
    local n
    n=$(grep -c 'Counted anew: /home' "$T/log") || :
    [ "$n" = "$1" ] || fail "$n recounts: $(cat "$T/log")"
}

# unprivileged COMMAND...: with handlers that are nobody
unprivileged() {
    # shellcheck disable=SC2034 # for talk
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    chmod 644 "$T/users"
    "$@"
}

# ---------------------------------------------------------------- what fits

@test "quota: what fits exactly is stored, one byte more is 552" {
    stores 226 a 60
    stores 552 b 41
    stores 226 b 40
    home_holds 100
    binary_as me <<'STEPS'
> PASV
< 227
> STOR c
< 552 ^552 Failed to upload file: the quota of 100 bytes is used up$
STEPS
    logged 'the quota of 100 bytes is used up: /home holds 100 bytes'
    logged 'Upload failed: /home/b \(41 bytes, [0-9.]+ s, quota\)'
    published_are home home/a home/b
}

@test "quota: what ALLO announces is refused before 150, and a full home before anything" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 101
< 200
> STOR a
< 552 ^552 Failed to upload file: the quota of 100 bytes is used up$
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 100
< 226
> PASV
< 227
> STOR b
< 552 quota
> PASV
< 227
> STOU
< 552 quota
> PASV
< 227
> ALLO 18446744073709551615
< 200
> STOR b
< 552
STEPS
    home_holds 100
    published_are home home/a
}

@test "quota: inline uploads, too" {
    binary_as me <<'STEPS'
> ALLO 100
< 200
> STOR a
>>@ 100
< 150
< 226
> ALLO 1
< 200
> STOR b
>> x
< 552 quota
closed
STEPS
    home_holds 100
}

@test "quota: a client that does not announce its size hears 552 behind its data" {
    serve --users "$T/users"
    random_file "$T/large" 3000000
    run -70 curl -sS --max-time 20 -u me:secret -T "$T/large" "ftp://127.0.0.1:$PORT/large"
    random_file "$T/fits" 100
    curl -sS --max-time 20 -u me:secret -T "$T/fits" "ftp://127.0.0.1:$PORT/fits"
    published_are home home/fits
    home_holds 100
}

@test "quota: the smaller of the quota and the size limit counts, and the reply says which" {
    user small /home quota=100,max-file=50
    binary_as small <<'STEPS'
> PASV
< 227
> STOR x
< 150
put@ 51
< 552 larger than the 50 bytes
> PASV
< 227
> STOR a
< 150
put@ 50
< 226
> PASV
< 227
> STOR b
< 150
put@ 50
< 226
> PASV
< 227
> STOR a
< 150
put@ 51
< 552 larger than the 50 bytes
> PASV
< 227
> STOR c
< 552 quota of 100 bytes
STEPS
    home_holds 100
}

@test "quota: a file that is replaced makes room for the new one, one that is kept does not" {
    stores 226 a 60
    stores 226 a 100
    home_holds 100
    stores 552 a 101
    home_holds 100
    sized a 100
    stores 226 a 30
    home_holds 30
    user careful /home quota=100,on-conflict=rename
    binary_as careful <<'STEPS'
> PASV
< 227
> ALLO 71
< 200
> STOR a
< 552
> PASV
< 227
> STOR a
< 150
put@ 70
< 226
STEPS
    home_holds 100
}

@test "quota: DELE and RNTO over a file free what they take away" {
    binary_as me <<'STEPS'
> PASV
< 227
> STOR a
< 150
put@ 60
< 226
> PASV
< 227
> STOR b
< 150
put@ 40
< 226
> DELE a
< 250
> DELE a
< 550
> PASV
< 227
> STOR c
< 150
put@ 60
< 226
> RNFR c
< 350
> RNTO b
< 250
STEPS
    home_holds 60
    recounts 1
}

# ---------------------------------------------------------------- folders and empty files

# NAMES: so many files and folders does a quota of 100 bytes leave room for
NAMES=256

# named N: so many files and folders are in the home, and that is what the count says
named() {
    local flag names
    read -r flag names < <(cut -b 38-42,90-110 "$COUNT")
    [ "$flag $((10#$names))" = "clean $1" ] || fail "the count: $(cat "$COUNT")"
    names=$(find "$ROOT/home" -mindepth 1 -name '.stord.*' -prune -o -mindepth 1 \( -type f -o -type d \) -print | wc -l)
    [ "$names" = "$1" ] || fail "the home holds $names files and folders"
}

@test "quota: folders and empty files count, and what is removed makes room" {
    mkdir -p "$ROOT/home/there"
    (cd "$ROOT/home/there" && seq $((NAMES - 3)) | xargs touch)
    binary_as me <<'STEPS'
> MKD a
< 257
> PASV
< 227
> STOR a/empty
< 150
put
< 226
> MKD a/b
< 552 ^552 Failed to make directory: the quota of 100 bytes is used up by 256 files and folders$
> MKD a
< 550 exists already
> PASV
< 227
> STOR b
< 552 ^552 Failed to upload file: the quota of 100 bytes is used up by 256 files and folders$
> PASV
< 227
> STOU
< 552
> PASV
< 227
> STOR a/empty
< 150
put not empty any more
< 226
> PASV
< 227
> APPE a/empty
< 150
put , and longer
< 226
> RNFR a
< 350
> RNTO c
< 250
> MKD a
< 552
> DELE c/empty
< 250
> MKD c/d
< 257
> MKD c/e
< 552
> RMD c/d
< 250
> RMD c
< 250
> RNFR there/1
< 350
> RNTO there/2
< 250
> MKD a
< 257
> MKD a/b
< 257
> PASV
< 227
> STOR b
< 150
put
< 226
> MKD d
< 552
STEPS
    logged 'the quota of 100 bytes leaves room for 256 files and folders: /home holds 256: reply 552'
    named "$NAMES"
}

@test "quota: a larger one leaves room for more files and folders" {
    sed -i 's/quota=100$/quota=40K/' "$T/users"
    mkdir -p "$ROOT/home/there"
    (cd "$ROOT/home/there" && seq $((NAMES + 10 - 3)) | xargs touch)
    binary_as me <<'STEPS'
> MKD a
< 257
> MKD b
< 257
> MKD c
< 552
STEPS
    named $((NAMES + 10))
}

@test "quota: a home that is full of bytes takes no folder either, and tells of one that is there" {
    stores 226 a 100
    mkdir "$ROOT/home/there"
    binary_as me <<'STEPS'
> MKD b
< 552 ^552 Failed to make directory: the quota of 100 bytes is used up$
> MKD there
< 550 exists already
> XMKD b
< 552
STEPS
    [ ! -e "$ROOT/home/b" ]
}

@test "quota: a count of an older version, which knew no folders, is made anew" {
    stores 226 a 10
    mkdir "$ROOT/home/there"
    sed -Ei '1s/ [0-9]{19}$//' "$COUNT"
    stores 226 b 10
    home_holds 20
    named 3
    recounts 2
}

@test "quota: of folders that are gone nothing stays in the reserved folder" {
    binary_as me <<'STEPS'
> MKD a
< 257
> MKD a/b
< 257
> PASV
< 227
> ALLO 10
< 200
> STOR a/b/x
< 150
put@ 5
< 426
> RMD a/b
< 550
> DELE a/b/x
< 250
> RMD a/b
< 250
> RMD a
< 250
STEPS
    [ -z "$(find "$ROOT/.stord.unfinished/u.me" -mindepth 1)" ] || fail "$(find "$ROOT/.stord.unfinished")"
    named 0
}

# ---------------------------------------------------------------- APPE, REST, interrupted uploads

@test "quota: what APPE and REST keep counts before the data" {
    stores 226 a 60
    put_there other 40
    rm -f "$COUNT"
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 1
< 200
> APPE a
< 552 quota
> PASV
< 227
> APPE a
< 150
put x
< 552 quota
> REST 59
< 350
> PASV
< 227
> STOR a
< 150
put x
< 226
> PASV
< 227
> ALLO 2
< 200
> REST 59
< 350
> PASV
< 227
> STOR a
< 552 quota
STEPS
    home_holds 100
}

@test "quota: an interrupted upload counts, going on with it does not count it twice, DELE frees it" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 61
< 426
> PASV
< 227
> ALLO 41
< 200
> STOR b
< 552 quota
> REST 60
< 350
> PASV
< 227
> ALLO 41
< 200
> STOR a
< 552 quota
> SIZE a
< 213 ^213 60$
> REST 60
< 350
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 21
< 426
STEPS
    used clean 80
    binary_as me <<'STEPS'
> DELE a
< 250
> PASV
< 227
> ALLO 100
< 200
> STOR b
< 150
put@ 100
< 226
STEPS
    home_holds 100
    nothing_kept
}

@test "quota: an upload in place of an interrupted one needs the difference" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 71
< 426
> PASV
< 227
> STOR a
< 150
put@ 100
< 226
STEPS
    home_holds 100
}

@test "quota: what is left of an interrupted upload must fit, too" {
    several --users "$T/users" <<STEPS
[a] < 220
> USER me
< 331
> PASS secret
< 230
binary
> PASV
< 227
> ALLO 100
< 200
> STOR x
< 150
connect
data $(printf 'x%.0s' {1..60})
stored 60
[b] < 220
> USER me
< 331
> PASS secret
< 230
binary
> PASV
< 227
> STOR y
< 150
put@ 80
< 226
[a] done
< 426 announced by ALLO$
STEPS
    logged 'What came of /x is not kept: the quota is used up'
    home_holds 80
    nothing_kept
}

@test "quota: what is left of an interrupted upload survives a home that others have filled" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 61
< 426
STEPS
    put_there other 95
    rm "$COUNT"
    binary_as me <<'STEPS'
> REST 60
< 350
> PASV
< 227
> STOR a
< 552 quota
> SIZE a
< 213 ^213 60$
STEPS
    used clean 155
}

@test "quota: in a write-only box a client's own files count under whatever name they have" {
    printf 'box:%s:/home:upload:quota=100,on-conflict=rename\n' "$HASH" >>"$T/users"
    put_there a 10
    put_there b 10
    binary_as box <<'STEPS'
> PASV
< 227
> STOR a
< 150
put@ 40
< 226
> RNFR a
< 350
> RNTO b
< 250
> PASV
< 227
> ALLO 41
< 200
> STOR c
< 552
> DELE b
< 250
> PASV
< 227
> ALLO 80
< 200
> STOR c
< 150
put@ 80
< 226
STEPS
    home_holds 100
}

@test "quota: who must not see a file does not learn its size from what fits" {
    printf 'box:%s:/home:upload,replace:quota=100\n' "$HASH" >>"$T/users"
    put_there a 60
    binary_as box <<'STEPS'
> PASV
< 227
> ALLO 41
< 200
> STOR a
< 552
> PASV
< 227
> ALLO 40
< 200
> STOR a
< 150
put@ 40
< 226
STEPS
    home_holds 40
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
< 552 quota of 50 bytes
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
