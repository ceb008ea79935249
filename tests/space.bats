# Where the room or a limit ends, clients are told so, and what was there before is untouched.
# bats file_tags=slow
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031,SC2034 # `talk` reads WRAP; tests are subshells
bats_require_minimum_version 1.5.0
load resume
load filesystems

setup() {
    setup_sandbox
    export HOME=$T/home # no settings of whoever runs the tests
    mkdir "$HOME"
}
teardown() {
    take_away
    teardown_sandbox
}

# ---------------------------------------------------------------- full disks, real clients

# bytes_free: what the file system has left, once it has done what it does later
bytes_free() {
    sync -f "$ROOT"
    df --output=avail -B1 "$ROOT" | tail -1
}
# frees FREE: all that was free then is again, but for what the folders of empty partials take
frees() {
    local folders
    folders=$(find "$ROOT/.stord.unfinished" -mindepth 1 -type d -printf '%b\n' |
        awk '{ n += $1 } END { print n * 512 }')
    [ "$(bytes_free)" = $(($1 - folders)) ] || fail "free: $(bytes_free), before: $1, folders: $folders"
}

no_session() { [ -z "$(ps --ppid "$SERVE_PID" -o pid=)" ]; }

# Each uploads $1 as $2, gives up after one failure, and prints what it has seen of the replies.
with_curl() { timeout 60 curl -v -T "$1" "ftp://127.0.0.1:$PORT/$2"; }
with_lftp() {
    timeout 60 lftp -d -c "set net:max-retries 1; set net:reconnect-interval-base 1; ${LFTP_SET:-}
        set cmd:fail-exit yes; open -u me,secret -p $PORT 127.0.0.1; put $1 -o $2"
}
with_lftp_and_allo() { LFTP_SET='set ftp:use-allo yes;' with_lftp "$@"; }
with_ncftpput() {
    local status=0
    timeout 60 ncftpput -d "$T/$2.log" -V -r 0 -t 20 -u me -p secret -P "$PORT" -C 127.0.0.1 \
        "$1" "$2" || status=$?
    cat "$T/$2.log"
    return "$status"
}
with_wput() {
    timeout 60 wput -d --tries=1 --waitretry=0 --dont-continue "$1" \
        "ftp://me:secret@127.0.0.1:$PORT/$2"
}
with_busybox() { timeout 60 busybox ftpput -v -u me -p secret -P "$PORT" -- 127.0.0.1 "$2" "$1"; }
with_ftplib() {
    timeout 60 python3 - "$PORT" "$1" "$2" <<'PY'
import ftplib, sys
port, path, name = sys.argv[1:]
with ftplib.FTP() as ftp, open(path, "rb") as file:
    ftp.connect("127.0.0.1", int(port))
    ftp.login("me", "secret")
    ftp.storbinary("STOR " + name, file)
PY
}
with_our_client() {
    ln -s "$1" "$T/$2"
    # shellcheck disable=SC2153 # from helpers
    timeout 60 "$CLIENT" -h 127.0.0.1 -p "$PORT" "$T/$2"
}

NAMES=(curl lftp lftp_and_allo ncftpput wput busybox ftplib our_client)

# All clients upload the file $1 at once, each under a name of its own, x.CLIENT. What they say goes
# to $T/CLIENT.said, their exit status to $T/CLIENT.status.
all_upload() {
    local client pids=()
    need curl lftp ncftpput wput busybox
    for client in "${NAMES[@]}"; do
        rm -f "$T/x.$client"
        {
            local status=0
            "with_$client" "$1" "x.$client" || status=$?
            echo "$status" >"$T/$client.status"
        } >"$T/$client.said" 2>&1 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
}

# failed CLIENT: it knows that it has failed, gave up, and its old file is as it was
failed() {
    [ "$(cat "$T/$1.status")" != 124 ] || fail "$1 does not give up: $(cat "$T/$1.said")" || return
    [ "$(cat "$T/$1.status")" != 0 ] || fail "$1 believes in success: $(cat "$T/$1.said")" || return
    [ "$(cat "$ROOT/x.$1")" = old ] || fail "$1: the old file was touched"
}

# said CLIENT REGEX: it told its user so
said() { grep -qE "$2" "$T/$1.said" || fail "$1 does not say why: $(cat "$T/$1.said")"; }

give_old_files() {
    local client
    for client in "${NAMES[@]}"; do echo old >"$ROOT/x.$client"; done
    mkdir -m 0700 "$ROOT/.stord.unfinished" # it stays, and needs a block
}

# Far more is sent than there is room for.
disk_is_full() {
    local client free
    random_file "$T/large" 30000000
    give_old_files
    free=$(bytes_free)
    serve --idle-timeout=20
    all_upload "$T/large"
    for client in "${NAMES[@]}"; do failed "$client"; done
    wait_for no_session
    wait_for frees "$free"
    nothing_unfinished
    run ! grep 'File uploaded' "$T/serve.log"
    for client in lftp_and_allo our_client; do # those that announce a size learn it before the data
        said "$client" '452 Failed to upload file: the disk is full'
        run ! grep -E '^(<--- )?150' "$T/$client.said"
    done
    run ! grep -E 'reply 45[0-9]' <(grep -vF 'reply 452' "$T/serve.log")
}

@test "a full disk (ext4): every client learns it, old files stay, the room comes back (promise 1)" {
    mount_ext4 "$ROOT" 12M
    disk_is_full
}

@test "a full disk (tmpfs): every client learns it, old files stay, the room comes back (promise 1)" {
    mount_tmpfs "$ROOT" size=8m
    disk_is_full
}

# too_large_for BYTES: each client sends so much more than there is room for, and reads why it failed
too_large_for() {
    local client free status
    free=$(bytes_free)
    random_file "$T/over" $((free + $1))
    for client in "${NAMES[@]}"; do
        status=0
        "with_$client" "$T/over" "x.$client" >"$T/$client.said" 2>&1 || status=$?
        echo "$status" >"$T/$client.status"
        rm -f "$T/x.$client"
        wait_for no_session
        failed "$client" || return
        case $client in
        our_client | lftp_and_allo) said "$client" '452 Failed to upload file: the disk is full' || return ;;
        *) said "$client" '552' || return ;;
        esac
        frees "$free" || return
        nothing_unfinished || return
    done
}

@test "a disk that is full in the end: clients read 552, and say so (promise 7)" {
    mount_tmpfs "$ROOT" size=3m
    give_old_files
    serve
    too_large_for 4000 # all of it is sent before it is found out
}

@test "a disk that is full though much is still to come: clients read 552, and say so (promise 7)" {
    mount_tmpfs "$ROOT" size=3m
    give_old_files
    serve
    too_large_for 9000000
}

# fails_once CALL ERROR N: makes $T/handler, a handler in whose first run the Nth such call fails
fails_once() {
    rm -rf "$T/failed"
    cat >"$T/handler" <<EOF
#!/bin/bash
if mkdir "$T/failed" 2>/dev/null; then
    export ASAN_OPTIONS=detect_leaks=0
    exec strace -f -o "$T/trace" -e trace=$1 -e inject=$1:error=$2:when=$3 "$HANDLER" "\$@"
fi
exec "$HANDLER" "\$@"
EOF
    chmod +x "$T/handler"
}

# lftp_uploads FOLDER CALL ERROR N: lftp, with its own settings, uploads $T/sent over a file in that
# folder of the root, while its first try is made to fail so. All that is published while it tries again
# is put into $T/kept. FIRST becomes what the log says of the first try.
lftp_uploads() {
    local folder=$1
    shift
    fails_once "$@"
    rm -rf "$T/kept"
    mkdir "$T/kept"
    cp "$T/old" "$ROOT/$folder/x"
    HANDLER=$T/handler serve --idle-timeout=2
    : >"$T/hashes"
    spawn_to "$T/hashes" python3 "$TOP/tests/hash-at-once.py" "$ROOT/$folder" "$T/kept"
    wait_for grep -q watching "$T/hashes"
    timeout 60 lftp -c "set net:reconnect-interval-base 1; set net:max-retries 3
        open -u me,secret -p $PORT 127.0.0.1; put $T/sent -o $folder/x" || :
    wait_for no_session
    touch "$ROOT/$folder/end"
    wait_for all_gone "$SPAWN_PID"
    rm "$ROOT/$folder/end"
    grep -q INJECTED "$T/trace" || fail "$1 was not called $3 times" || return
    cmp -s "$T/old" "$ROOT/$folder/x" || same "$T/sent" "$ROOT/$folder/x" || return
    FIRST=$(grep -m1 'Upload failed' "$T/serve.log")
    kill_spawned
    rm "$T/serve.log"
}

# The old file is smaller than the new one. After a reset, where it tries again whatever is replied, lftp
# 4.9.2 sends a stale block of its buffer first: what it stores then cannot be looked at here.
lftp_in() {
    random_file "$T/old" 1000000
    random_file "$T/sent" 3000000
    lftp_uploads "$1" fsync EIO 1
    [[ $FIRST = *'(3000000 bytes, '*', failed) from '* ]]
    cmp "$T/old" "$ROOT/$1/x" # that was final
    [ -z "$(ls "$T/kept")" ]
    lftp_uploads "$1" fsync ENOSPC 1
    [[ $FIRST = *'(3000000 bytes, '*', no-space) from '* ]]
    cmp "$T/old" "$ROOT/$1/x"
    [ -z "$(ls "$T/kept")" ]
}

@test "lftp, which tries again by itself: no mixture of two files is ever published (promises 1 and 3)" {
    lftp_in .
}

@test "nor is one in a folder on another file system than the root's (promises 1 and 3)" {
    mkdir "$ROOT/other"
    mount_tmpfs "$ROOT/other"
    lftp_in other
}

@test "lftp and a disk that stays full: the old file stays, whether or not it is larger than what fits" {
    mount_tmpfs "$ROOT" size=4m
    random_file "$T/old" 1000000
    random_file "$T/sent" 9000000
    cp "$T/old" "$ROOT/x"
    serve --idle-timeout=5
    run ! timeout 60 lftp -c "set net:reconnect-interval-base 1
        open -u me,secret -p $PORT 127.0.0.1; put $T/sent -o x"
    [ "$status" != 124 ] || fail 'it does not give up'
    same "$T/old" "$ROOT/x"
    random_file "$T/old" 3000000
    cp "$T/old" "$ROOT/x"
    run ! timeout 60 lftp -c "set net:reconnect-interval-base 1
        open -u me,secret -p $PORT 127.0.0.1; put $T/sent -o x"
    [ "$status" != 124 ] || fail 'it does not give up'
    same "$T/old" "$ROOT/x"
    wait_for no_session
    run ! grep 'File uploaded' "$T/serve.log"
    nothing_unfinished
}

# blocks: of the one file that is unfinished, its size and what it takes of the disk
blocks() {
    sync -f "$ROOT"
    [ "$(unfinished | wc -l)" = 1 ] || fail "unfinished: $(unfinished)" || return
    stat -c '%s %b' "$(unfinished)"
}

# leaves_partial SIZE OPTION...: gone on with by an ALLO that is refused, the partial stays as it was.
# A block more may tell where its blocks are: ext4 does not give that back.
leaves_partial() {
    local before after
    before=$(blocks)
    talk "${@:2}" <<STEPS
binary
> ALLO $1
< 200
> REST 500000
< 350
> EPSV
< 229
> STOR x
< 452|552
> ALLO $1
< 200
> EPSV
< 229
> APPE x
< 452|552
> SIZE x
< 213 ^213 1000000$
STEPS
    after=$(blocks)
    [ "${after% *}" = "${before% *}" ] || fail "$*: $after, before: $before" || return
    # but for a block or two that say where the others are
    ((${after#* } + 8 >= ${before#* } && ${after#* } <= ${before#* } + 8)) ||
        fail "$*: $after, before: $before"
}

@test "REST and APPE with an ALLO that is refused leave a partial, and the room it takes, as they were" {
    mount_ext4 "$ROOT" 12M
    talk <<'STEPS'
binary
> ALLO 3000000
< 200
store@ x 1000001 < 426
STEPS
    [[ $(blocks) =~ ^'1000000 ' ]]
    leaves_partial 30000000
    leaves_partial 4000000 --max-file-size=2M
    leaves_partial 6000000 --min-free=8M
    leaves_partial 6000000 --min-free=70%
    talk <<'STEPS'
< 220
> ALLO 100
< 200
> REST 983040
< 350
> STOR x
< 150
>>@ 100
< 226
file@ x 983140
STEPS
    root_holds x
}

# ------------------------------------------------------------------- limits of our own

@test "--max-file-size: 552 by ALLO before the data, and at the first byte too many; just so many fit" {
    echo old >"$ROOT/x"
    talk --max-file-size=100K <<'STEPS'
binary
> ALLO 102401
< 200
> EPSV
< 229
> STOR x
< 552 102400 bytes
file x old\n
store@ x 102401 < 552 102400 bytes
file x old\n
store@ y 102400
file@ y 102400
append y 1 < 552
file@ y 102400
> EPSV
< 229
> REST 65536
< 350
> STOR y
< 150
put@ 36865
< 552
file@ y 102400
> EPSV
< 229
> REST 65536
< 350
> STOR y
< 150
put@ 36864
< 226
file@ y 102400
STEPS
    root_holds x y
    logged 'Upload failed: /x .*, too-large\)'
    for dialogue in $'> ALLO 102401\n< 200\n> STOR x\n< 552\nclosed' \
        $'> STOR x\n< 150\n>>@ 102401\n< 552\nclosed'; do
        talk --max-file-size=102400 <<<$'< 220\n'"$dialogue"
        [ "$(cat "$ROOT/x")" = old ]
        root_holds x y
    done
}

# min_free LIMIT: of 16 MiB, 4 may be used
min_free() {
    talk --min-free="$1" <<'STEPS'
binary
store x old
> ALLO 6000000
< 200
> EPSV
< 229
> STOR x
< 452 too little room would be left on the disk
file x old
store@ x 14000000 < 552 too little room would be left on the disk
file x old
store@ y 3000000
file@ y 3000000
STEPS
    root_holds x y
    logged 'Upload failed: /x .*, no-space\)'
    logged 'on the disk \(--min-free (12582912|75%): [0-9]+ bytes are free, 6000000 announced\): reply 452'
}

@test "--min-free: 452 before the bytes and 552 after them while so much is still free, in bytes or by percent" {
    mount_tmpfs
    for limit in 12M 75%; do
        min_free "$limit"
        rm "$ROOT/y"
    done
}

# silent_announcement: who announces nearly all of the disk and sends nothing leaves it to others
silent_announcement() {
    several <<STEPS
[silent] binary
> ALLO 60000000
< 200
> EPSV
< 229
> STOR x
< 150
connect
[other] binary
> ALLO 40000000
< 200
store@ y 40000000
> EPSV
< 229
> ALLO 60000000
< 200
> STOR z
< 452 the disk is full
[silent] put@ 60000000
< 552 the disk is full
STEPS
    root_holds y
}

@test "ALLO of nearly all of the disk, and silence: others can upload meanwhile (tmpfs, ext4)" {
    mount_tmpfs "$ROOT" size=64m
    silent_announcement
    umount "$ROOT"
    mount_ext4 "$ROOT" 80M
    silent_announcement
}

@test "ALLO: as much as there is room for is stored; what is more than that is refused before the data" {
    mount_tmpfs "$ROOT" size=64m
    talk <<'STEPS'
binary
> ALLO 62000000
< 200
store@ x 62000000
> ALLO 20000000
< 200
> EPSV
< 229
> STOR y
< 452 the disk is full
> DELE x
< 250
> ALLO 70000000000
< 200
> EPSV
< 229
> STOR y
< 452 the disk is full
> ALLO 40000000
< 200
store@ y 30000000 < 426
> ALLO 40000000
< 200
> REST 29999999
< 350
store@ y 10000001
STEPS
    root_holds y
    [ "$(stat -c %b "$ROOT/y")" -le 80000 ] # of room that was reserved nothing is left
}

@test "--min-free: folders are refused while less is free, too: 452" {
    mount_tmpfs
    talk --min-free=12M <<'STEPS'
< 220
> MKD a
< 257
STEPS
    random_file "$ROOT/z" 5000000
    talk --min-free=12M --allow=upload,mkdir,delete <<'STEPS'
< 220
> MKD b
< 452 ^452 Failed to make directory: too little room would be left on the disk$
> MKD a
< 550 exists already
> RMD a
< 250
STEPS
    root_holds z
}

@test "--min-free: an upload that leaves less is not published, however small it is (promise 1)" {
    mount_tmpfs
    echo old >"$ROOT/x"
    talk --min-free=12M <<'STEPS'
binary
store@ x 6000000 < 552 too little room would be left on the disk
file x old\n
store y small
file y small
STEPS
    root_holds x y
    random_file "$ROOT/z" 5000000 # somebody else takes the room
    talk --min-free=12M <<'STEPS'
binary
> EPSV
< 229
> STOR y
< 452 too little room would be left on the disk
> NOOP
< 200
file y small
STEPS
    root_holds x y z
}

# ------------------------------------------------------------------- what the system refuses

@test "no more inodes: 452, nothing is left, and the session goes on once there are some" {
    mount_tmpfs "$ROOT" size=4m,nr_inodes=6
    mkdir -m 0700 "$ROOT/.stord.unfinished"
    touch "$ROOT/a" "$ROOT/b" "$ROOT/c" "$ROOT/d"
    talk --allow=upload,replace,delete <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 452 the disk is full
nofile x
> EPSV
< 229
> STOR a
< 452 the disk is full
file a
> DELE d
< 250
store x there is one
file x there is one
STEPS
    root_holds a b c x
}

@test "a limit of file size (ulimit -f): 552, old files stay, and the session goes on" {
    echo old >"$ROOT/x"
    local WRAP=(bash -c 'ulimit -f 100; exec "$@"' -)
    talk <<'STEPS'
binary
store@ x 200000 < 552 too large
file x old\n
store@ y 102400
file@ y 102400
STEPS
    root_holds x y
}

@test "a file system that is read-only: 550, before the data; uploads work once it is not" {
    mount_tmpfs
    echo old >"$ROOT/x"
    mount -o remount,ro "$ROOT"
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 550 read-only
> EPSV
< 229
> APPE x
< 550 read-only
> EPSV
< 229
> STOU
< 550 read-only
> MKD d
< 550 read-only
> NOOP
< 200
file x old\n
STEPS
    mount -o remount,rw "$ROOT"
    root_holds x
}

@test "a file system that becomes read-only during an upload: 550, and the old file stays" {
    mount_ext4
    echo old >"$ROOT/x"
    local -x ASAN_OPTIONS=detect_leaks=0
    local WRAP=(strace -f -o "$T/trace" -e trace=linkat -e inject=linkat:error=EROFS)
    talk <<'STEPS'
binary
store x new < 550 read-only
> NOOP
< 200
file x old\n
STEPS
    root_holds x
}

@test "folders and files that are not ours: 550, before the data; nor need the root be ours" {
    need_root becomes somebody else
    mkdir -m 0755 "$ROOT/theirs"
    mkdir -m 0777 "$ROOT/ours"
    echo old >"$ROOT/theirs/x"
    chmod 0755 "$ROOT"
    chmod 0777 "$ROOT/ours"
    as_nobody <<'STEPS'
binary
> EPSV
< 229
> STOR theirs/x
< 550 permission denied
file theirs/x old\n
> EPSV
< 229
> STOR theirs/y
< 550 permission denied
> EPSV
< 229
> STOR y
< 550 permission denied
store ours/x new
file ours/x new
store ours/x newer
file ours/x newer
append ours/x \x20still
file ours/x newer still
> ALLO 100
< 200
store ours/x cut < 550 fewer bytes
file ours/x newer still
STEPS
    folder_holds "$ROOT" ours ours/x theirs theirs/x
}

@test "names that are too long: 553, before the data" {
    local name path=
    name=$(printf 'x%.0s' {1..256})
    for _ in {1..41}; do path+=$(printf 'd%.0s' {1..99})/; done
    talk <<STEPS
binary
> EPSV
< 229
> STOR $name
< 553 too long
> EPSV
< 229
> STOR ${path}x
< 553 too long
> MKD $name
< 550|553 too long
store ${name:1} longest
file ${name:1} longest
> EPSV
< 229
> STOU ${name:1}
< 150
put another
< 226
STEPS
    [ "$(find "$ROOT" -path "*/.stord.*" -prune -o -type f -print | wc -l)" = 2 ]
}

# An upload with so many descriptors: the codes that came, in order
codes_with() {
    command -p python3 - "$1" "$HANDLER" --root "$ROOT" <<'PY' 2>>"$T/log"
import os, re, resource, socket, subprocess, sys

ours, theirs = socket.socketpair()
limit = int(sys.argv[1])
handler = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs, preexec_fn=lambda:
                           resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
theirs.close()
replies, codes = ours.makefile("r", newline="\r\n"), []

def say(line):
    ours.sendall(line.encode() + b"\r\n")
    return hear()

def hear():
    codes.append(replies.readline())
    return codes[-1]

if not hear().startswith("220"):  # too few even for a session
    sys.exit(print(codes[0][:3]))
say("TYPE I")
passive = say("EPSV")
if passive.startswith("229"):
    with socket.create_connection(("127.0.0.1", int(re.search(r"\|\|\|(\d+)\|", passive)[1]))) as data:
        if say("STOR x").startswith("150"):
            try:
                data.sendall(b"new")
                data.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was never accepted; the reply tells
            hear()
say("NOOP")
say("QUIT")
handler.wait(20)
assert handler.returncode == 0, f"exit status {handler.returncode}"
print(" ".join(line[:3] for line in codes[2:-2]))
PY
}

@test "too few descriptors: 421, 425 or 451 by what cannot be opened, 550 once bytes have come; the session goes on" {
    local limit codes seen=
    for ((limit = 4; limit < 20; limit++)); do
        echo old >"$ROOT/x"
        codes=$(codes_with "$limit") || fail "$limit descriptors: $(cat "$T/log")" || return
        seen+="$codes;"
        case $codes in
        '229 150 226')
            [ "$(cat "$ROOT/x")" = new ]
            break
            ;;
        421 | '229 451' | '229 425' | '229 150 425' | '229 150 550') [ "$(cat "$ROOT/x")" = old ] ;;
        *) fail "$limit descriptors: $codes" || return ;;
        esac
        root_holds x
    done
    [[ $seen == *' 425;'* && $seen == *'229 451;'*'229 150 226;' ]] || fail "$seen"
    root_holds x
}

# a_bad_disk CALL: the first such call of a session fails with EIO
a_bad_disk() {
    local -x ASAN_OPTIONS=detect_leaks=0
    local WRAP=(strace -f -o "$T/trace" -e "trace=$1" -e "inject=$1:error=EIO:when=${2:-1}")
    echo old >"$ROOT/x"
    talk <<'STEPS'
binary
store@ x 300000 < 550 ^550 Failed to upload file: the disk failed
file x old\n
store@ x 300000
file@ x 300000
STEPS
    grep -q INJECTED "$T/trace"
    root_holds x
}

@test "a disk that fails once: 550, nothing is kept, and the session goes on (promise 1)" {
    for call in fsync linkat renameat; do a_bad_disk "$call"; done
    a_bad_disk fsync 2
}
