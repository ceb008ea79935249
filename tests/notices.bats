# Events for other programs (--events): each upload has its own, in place before the 226.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load notices

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "events: each kind of upload has one, which says which file it is" {
    echo -n old >"$ROOT/replaced"
    echo -n old >"$ROOT/longer"
    echo -n old >"$ROOT/copied"
    ln "$ROOT/copied" "$ROOT/second"
    echo -n older >"$ROOT/resumed"
    talk "$EVENTS" <<'STEPS'
binary
store new hello
store replaced hello
append longer er
append copied er
append begun er
> REST 3
< 350
store resumed er
> TYPE A
< 200
store text a\r\nb\r\n
STEPS
    notices_are 'uploaded /new 5 5 here' 'uploaded /replaced 5 5 here' 'uploaded /longer 2 5 here' \
        'uploaded /copied 2 5 here' 'uploaded /begun 2 2 here' 'uploaded /resumed 2 5 here' 'uploaded /text 6 4 here'
}

@test "events: a name that is chosen is the one that the event has" {
    echo -n old >"$ROOT/x"
    talk "$EVENTS" --on-conflict=rename <<'STEPS'
binary
store x hello
> EPSV
< 229
> STOU
< 150
put hello
< 226
STEPS
    [ "$(notices | grep -cE '^uploaded /(x-[0-9a-f]{8}|upload.*) 5 5 here$')" = 2 ]
    [ "$(notices | wc -l)" = 2 ]
}

@test "events: uploads in one piece each have one, synced before their 226" {
    need strace
    local i n=70
    for ((i = 0; i < n; i++)); do printf 'ALLO 2\r\nSTOR f%d\r\nhi' "$i"; done >"$T/input"
    ASAN_OPTIONS=detect_leaks=0 strace -f -s 4096 -o "$T/trace" -e trace=openat,fsync,io_submit,io_getevents,renameat,write \
        "$HANDLER" --root "$ROOT" --events=uploaded <"$T/input" >"$T/out" 2>>"$T/log"
    [ "$(grep -c ^226 "$T/out")" = "$n" ]
    [ "$(notices | grep -c ' here$')" = "$n" ]
    # Of each event the bytes, then its place, then that folder, then the replies
    command -p python3 -IS - "$T/trace" "$n" <<'CHECK'
import re, sys
opened, synced, shown, settled, waiting, new, replies = {}, set(), set(), set(), [], None, 0
for line in open(sys.argv[1], errors="replace"):
    if m := re.search(r'openat\(\d+, "new", .*= (\d+)$', line): new = m[1]
    elif m := re.search(r'openat\(\d+, "(\d{8}T\S+\.json)", .*O_EXCL.*= (\d+)$', line): opened[m[2]] = m[1]
    elif "io_submit(" in line: waiting = re.findall(r"aio_fildes=(\d+)", line)
    elif "io_getevents(" in line: synced |= {opened.get(fd) for fd in waiting}
    elif m := re.search(r"fsync\((\d+)\) += 0", line):
        if m[1] == new: settled |= shown
        else: synced.add(opened.get(m[1]))
    elif m := re.search(r'renameat\(\d+, "(\d{8}T\S+\.json)", (\d+), ', line):
        assert m[1] in synced, line
        shown.add(m[1])
    elif "write(" in line:
        replies += len(re.findall(r"226 File uploaded", line))
        assert replies <= len(settled), line
assert replies and len(settled) == int(sys.argv[2]), (replies, len(settled))
CHECK
}

@test "events: what fails, is renamed or removed has one if it is asked for, and nothing else has" {
    talk "$EVENTS" <<'STEPS'
binary
> MKD d
< 257
store d/x hello
> RNFR d/x
< 350
> RNTO y
< 250
> RMD d
< 250
> DELE y
< 250
> DELE y
< 550
> EPSV
< 229
> STOR no/where
< 550
> ALLO 10
< 200
store z hello < 426
STEPS
    notices_are 'uploaded /d/x 5 5 gone' 'renamed /y 5 gone' 'removed /d' 'removed /y' 'upload-failed /z 5'
    rm -r "$ROOT/.stord.events"
    talk --events=renamed <<'STEPS'
binary
store x hello
> RNFR x
< 350
> RNTO y
< 250
> DELE y
< 250
STEPS
    notices_are 'renamed /y 5 gone'
    grep -q '"from":"'"$ROOT"'/x"' "$ROOT"/.stord.events/new/*
    rm -r "$ROOT/.stord.events"
    talk <<'STEPS'
binary
store x hello
STEPS
    [ ! -e "$ROOT/.stord.events" ] || fail "events that nobody asked for"
}

@test "events: of users in homes, whatever they may do, and with names that are no UTF-8" {
    need_root "sessions become another user"
    users 'ann:'"$(hash secret)"':/home:upload:' 'bob:'"$(hash secret)"':/home:delete,list:'
    chown 65534:65534 "$ROOT"
    export STORD_USER=65534
    as ann "$EVENTS" --log-format=json <<'STEPS'
> TYPE I
< 200
store \xffx hello
STEPS
    as bob "$EVENTS" <<'STEPS'
> DELE \xffx
< 250
STEPS
    notices_are 'uploaded /home/\xffx 5 5 gone' 'removed /home/\xffx'
    # The keys of the log, and more
    command -p python3 -IS - "$ROOT" "$T/log" <<'CHECK'
import glob, json, sys
event = json.load(open(sorted(glob.glob(sys.argv[1] + "/.stord.events/new/*"))[0]))
logged = next(json.loads(l) for l in open(sys.argv[2], "rb") if l.startswith(b"{") and json.loads(l)["event"] == "uploaded")
assert set(event) - set(logged) == {"id", "path", "path_hex", "inode", "size"}, event
assert all(event[k] == logged[k] for k in logged if k not in ("time", "seconds", "message")), (event, logged)
CHECK
}

@test "events: one that cannot be written puts an upload off, and is a line in the log for all else" {
    talk "$EVENTS" <<'STEPS'
binary
store x hello
STEPS
    chmod 500 "$ROOT/.stord.events/pending"
    chmod -R a+rwX "$ROOT"
    chmod 555 "$ROOT/.stord.events/pending"
    chown -R 65534 "$ROOT"
    echo -n old >"$ROOT/y"
    chmod 666 "$ROOT/y"
    as_nobody "$EVENTS" --allow=upload,append,replace,list,delete <<'STEPS'
binary
store y hello < 451 its event cannot be written now; try again later
file y old
> SIZE y
< 213 4
> DELE x
< 250
nofile x
STEPS
    logged 'The event about /y cannot be written: Permission denied'
    logged 'Upload failed: /y \(5 bytes, [0-9.]+ s, untold\)'
    logged 'The event about /x cannot be written'
    chmod 700 "$ROOT/.stord.events/pending"
    as_nobody "$EVENTS" <<'STEPS'
binary
> REST 4
< 350
store y o
file y hello
STEPS
    notices | grep -qx 'uploaded /y 1 5 here'
    chmod 555 "$ROOT/.stord.events/pending"
    as_nobody "$EVENTS" --resume-hours=0 <<'STEPS'
binary
store z hello < 550
nofile z
STEPS
}

@test "events: clients neither see nor use their folder" {
    talk "$EVENTS" --allow=upload,append,replace,list,read,mkdir,rename,delete <<'STEPS'
binary
store x hello
fetch NLST =~ ^x\r\n$
> CWD .stord.events
< 55.
> SIZE .stord.events/new
< 55.
> RMD .Stord.Events
< 55.
> RNFR .stord.events
< 55.
> MKD .stord.events/mine
< 55.
STEPS
    notices_are 'uploaded /x 5 5 here'
}

@test "events: a folder of them that is another user's is 421, and --check says so" {
    need_root "makes a folder of another user's"
    mkdir "$ROOT/.stord.events"
    chown 65534 "$ROOT/.stord.events"
    talk "$EVENTS" <<'STEPS'
< 421
closed
exits 78
STEPS
    logged "Cannot start: $ROOT/.stord.events: it is not this user's folder"
    run ! "$HANDLER" --check --root "$ROOT" "$EVENTS"
    grep -q '\.stord\.events: it is not this user.s folder' <<<"$output"
    talk <<'STEPS'
binary
store x hello
STEPS
    run -78 "$HANDLER" --deliver --root "$ROOT" -- true
}

@test "events: a session that was killed before or after its file got the name: the next one finds out which" {
    need strace
    local name
    mkdir -p "$ROOT"
    # Killed at the rename to its name, and at the one to new/
    for name in before after; do
        local what=renameat2
        if [ "$name" = after ]; then what=renameat; fi
        printf 'ALLO 5\r\nSTOR %s\r\nhello' "$name" | ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" \
            -e "trace=$what" -e "inject=$what:signal=SIGKILL:when=1" "$HANDLER" --root "$ROOT" --events=uploaded >"$T/out" 2>>"$T/log" || :
        ! grep -q ^226 "$T/out" || fail "it was not killed"
        [ "$(count_in pending)" = 1 ] || fail "$name: nothing is pending"
        talk --events=uploaded <<<'< 220'
        [ "$(count_in pending)" = 0 ]
    done
    [ ! -e "$ROOT/before" ]
    notices_are 'uploaded /after 5 5 here'
}

@test "events: bytes that are taken back from a file have none; what was added has one" {
    need strace
    local sync
    # Killed when the bytes are synced, before the addition has ended, and when its event is shown
    for sync in fsync renameat; do
        echo -n old >"$ROOT/$sync"
        local when=2
        if [ "$sync" = renameat ]; then when=3; fi
        printf 'ALLO 5\r\nAPPE %s\r\nhello' "$sync" | ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e "trace=$sync" \
            -e "inject=$sync:signal=SIGKILL:when=$when" "$HANDLER" --root "$ROOT" --events=uploaded \
            >"$T/out" 2>>"$T/log" || :
        ! grep -q ^226 "$T/out" || fail "$sync: it was not killed"
        [ "$(count_in pending)" = 1 ] || fail "$sync: nothing is pending: $(cat "$T/trace")"
        talk --events=uploaded <<<'< 220'
    done
    [ "$(cat "$ROOT/fsync")" = old ]
    [ "$(cat "$ROOT/renameat")" = oldhello ]
    notices_are 'uploaded /renameat 5 8 here'
}

@test "events: what a session that lives has pending is left alone" {
    mkfifo "$T/fifo"
    spawn_to "$T/out" env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e trace=renameat2 \
        -e inject=renameat2:delay_enter=2000000 "$HANDLER" --root "$ROOT" --events=uploaded <<<$'ALLO 5\r\nSTOR x\r\nhello'
    is_pending() { [ "$(count_in pending)" = 1 ]; }
    wait_for is_pending
    talk --events=uploaded <<<'< 220'
    deliver -- true
    wait_for grep -q ^226 "$T/out"
    notices_are 'uploaded /x 5 5 here'
}

@test "events: values of its options" {
    run -64 "$HANDLER" --check --root "$ROOT" --events=downloaded
    grep -q 'wants a comma list of uploaded' <<<"$output"
    run -64 "$HANDLER" --check --root "$ROOT" --events=
    run -64 "$HANDLER" --check --root "$ROOT" --events=uploaded,
    run -0 "$HANDLER" --check --root "$ROOT" --events=none
    run -64 "$HANDLER" --deliver --root "$ROOT"
    grep -q 'wants a program' <<<"$output"
    run -64 "$HANDLER" --deliver --root "$ROOT" --
    run -64 "$HANDLER" --check --root "$ROOT" -- true
    run -64 "$HANDLER" --deliver --tries 0 -- true
}

@test "events: with --checksum they have the digest of the file, except of what is added to one" {
    talk --events=uploaded --checksum=sha256,md5 <<'STEPS'
binary
store x hello
append x er
STEPS
    grep -h '"size":5,' "$ROOT"/.stord.events/new/* | grep -q "\"sha256\":\"$(printf hello | sha256sum | cut -c1-64)\""
    grep -h '"size":7,' "$ROOT"/.stord.events/new/* >"$T/added"
    not_in_it() { ! grep -q sha256 "$T/added"; }
    not_in_it
}
