# How a session starts: settings, what super-servers leave behind, who is served, logs.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "start: --help prints every option of the table with its variable and default" {
    run -0 --separate-stderr "$HANDLER" --help
    [ -z "$stderr" ]
    for option in root users anonymous allow log log-level xferlog transcript default-type passive-ports passive-address \
        unterminated-wait login-timeout idle-timeout connect-timeout stall-timeout vanish-wait resume-hours \
        on-conflict file-mode dir-mode group max-file-size min-free no-sync; do
        variable=STORD_$(tr 'a-z-' 'A-Z_' <<<"$option")
        grep -qE -- "^  --${option}[= ]" <<<"$output" || fail "no --$option"
        grep -qF "[$variable, default " <<<"$output" || fail "no $variable"
    done
    for mode in check hash help version; do grep -qE -- "^  --$mode " <<<"$output" || fail "no --$mode"; done
    run -0 "$HANDLER" --version
    [[ "$output" =~ ^handler\ \(stord\)\ [0-9]+\.[0-9]+ ]]
}

@test "start: bad settings answer 421, log the complaint, and exit 64 or 78" {
    run -64 --separate-stderr "$HANDLER" --rooot "$ROOT" </dev/null
    [ "$output" = "421 Service not available: see the server's log"$'\r' ]
    [[ "$stderr" == *'unknown argument "--rooot"'* ]]
    run -64 --separate-stderr "$HANDLER" --idle-timeout never </dev/null
    [[ "$stderr" == *'--idle-timeout wants seconds from 1 to 86400 (or followed by s, m, h or d), not "never"'* ]]
    STORD_ROOTT=/x run -78 --separate-stderr "$HANDLER" </dev/null
    [ "$output" = "421 Service not available: see the server's log"$'\r' ]
    [[ "$stderr" == *'unknown variable STORD_ROOTT in the environment: is STORD_ROOT meant?'* ]]
    STORD_LOG=nowhere run -78 --separate-stderr "$HANDLER" </dev/null
    [[ "$stderr" == *'STORD_LOG wants auto, stderr, syslog or journal, not "nowhere"'* ]]
    run -78 --separate-stderr "$HANDLER" --root /dev/null </dev/null
    [[ "$stderr" == *'root /dev/null: Not a directory'* ]]
}

@test "start: every end that a client causes exits 0" {
    for session in '' 'QUIT\r\n' 'XYZZY\r\n' 'STOR no/such\r\nx' 'STOR x' 'ALLO 9\r\nSTOR x\r\n1' '\0\xff\xff\r\n'; do
        # shellcheck disable=SC2059
        run -0 --separate-stderr "$HANDLER" --root "$ROOT" < <(printf "$session")
    done
    # a client that does not read
    # shellcheck disable=SC2094
    printf 'HELP\r\nHELP\r\n' | "$HANDLER" --root "$ROOT" 2>"$T/log" | true
    [ "${PIPESTATUS[1]}" = 0 ]
}

@test "start: the program needs libc alone; libsystemd is in a module" {
    # also where $HANDLER is a sanitizer's build
    libraries=$(ldd "$TOP/handler" | awk '{ print $1 }' | grep -vE 'linux-vdso|ld-linux|libc\.so' || :)
    [ -z "$libraries" ] || fail "$libraries"
    ldd "${HANDLER%/*}/stord-systemd.so" | grep -q libsystemd
    # and nothing loads it where systemd did not start us
    printf 'QUIT\r\n' | ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" "$HANDLER" --root "$ROOT" >/dev/null 2>&1
    run -1 grep libsystemd "$T/trace"
}

@test "start: leaked descriptors are closed, signals are reset" {
    mkfifo "$T/pipe"
    exec 7<>"$T/pipe"
    # shellcheck disable=SC2016
    (
        trap '' INT QUIT TERM HUP CHLD
        exec 5</etc/passwd 9</etc/group
        exec setsid "$HANDLER" --root "$ROOT" <"$T/pipe" >"$T/out" 2>"$T/log" 3>&-
    ) &
    pid=$!
    SPAWNED+=("$pid")
    wait_for grep -q '^220' "$T/out"
    # 0 to 2, the connection, what tells of signals, and the root
    [ "$(find "/proc/$pid/fd" -mindepth 1 -printf '%f\n' | sort -n | paste -sd' ')" = "0 1 2 3 4 5 6" ]
    [ "$(readlink "/proc/$pid/fd/5")" = "anon_inode:[signalfd]" ]
    [ "$(readlink "/proc/$pid/fd/6")" = "$ROOT" ]
    [ "$(ignored_signals "$pid" | paste -sd" ")" = "13 25" ] # SIGPIPE, SIGXFSZ
    blocked=$(awk '/^SigBlk/ { print $2 }' "/proc/$pid/status")
    [ $((0x$blocked)) = $((0x4003)) ] # HUP, INT, TERM: they come by the descriptor
    exec 7>&-
    wait "$pid"
}

@test "start: standard error that is the client's connection is never written to" {
    cat >"$T/wire.py" <<'PY'
import socket, subprocess, sys
kind = sys.argv[1]
if kind == "pair":
    ours, theirs = socket.socketpair()
else:
    l = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(l.getsockname())
    theirs, _ = l.accept()
p = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs, stderr=theirs)
theirs.close()
try:
    ours.sendall(b"NOOP\r\nSTOR no/such\r\n")
    ours.shutdown(socket.SHUT_WR)
except OSError:
    pass
out = b""
try:
    while piece := ours.recv(65536):
        out += piece
except ConnectionResetError:
    pass  # what came behind the reply was not read any more
sys.stdout.buffer.write(out)
sys.exit(p.wait())
PY
    for kind in pair tcp; do
        for target in auto stderr syslog; do
            command -p python3 "$T/wire.py" "$kind" "$HANDLER" --root "$ROOT" --log-level debug \
                --log "$target" >"$T/out"
            tr -d '\r' <"$T/out" | cut -c1-4 | diff - <(printf '220 \n200 \n550 \n')
        done
        run -64 command -p python3 "$T/wire.py" "$kind" "$HANDLER" --bad
        [ "$(tr -d '\r' <<<"$output")" = "421 Service not available: see the server's log" ]
    done
    # 2>&1 on a pipe is the same trap
    printf 'NOOP\r\n' | "$HANDLER" --root "$ROOT" 2>&1 | tee "$T/out" >/dev/null
    tr -d '\r' <"$T/out" | cut -c1-4 | diff - <(printf '220 \n200 \n')
}

@test "start: closed standard descriptors do no harm" {
    printf 'STOR x\r\nhello' | "$HANDLER" --root "$ROOT" 2>&- >"$T/out"
    grep -q ^226 "$T/out"
    [ "$(cat "$ROOT/x")" = hello ]
    # shellcheck disable=SC2016
    run -71 bash -c '"$HANDLER" --root "$ROOT" <&-'
    # shellcheck disable=SC2016
    run -71 bash -c '"$HANDLER" --root "$ROOT" </dev/null >&-'
    # What somebody left open where the client would be is not written to
    echo kept >"$T/3"
    echo kept >"$T/4"
    # shellcheck disable=SC2016
    run -71 bash -c '"$HANDLER" --root "$ROOT" --unknown 0<&- 3<>"$T/3" 4<>"$T/4"'
    [ "$(cat "$T/3" "$T/4" | paste -sd' ')" = 'kept kept' ]
}

@test "start: a connection in LISTEN_FDS is adopted; a missing module is said and does no harm" {
    mkdir "$T/bare"
    cp "$HANDLER" "$T/bare/handler"
    printf 'STOR x\r\nhello' | LISTEN_FDS=1 "$T/bare/handler" --root "$ROOT" 2>"$T/log" >"$T/out"
    grep -q ^226 "$T/out"
    logged 'Continuing without libsystemd: .*stord-systemd.so'
    free_port
    spawn systemd-socket-activate -a -l "127.0.0.1:$PORT" "$T/bare/handler" --root "$ROOT"
    wait_port "$PORT"
    : <"/dev/tcp/127.0.0.1/$PORT" || :
    wait_for grep -q 'No connection to serve' "$SPAWN_LOG"
    # LISTEN_FDS of another process is not ours
    printf 'STOR x\r\nhello' | LISTEN_PID=1 LISTEN_FDS=1 "$HANDLER" --root "$ROOT" 2>"$T/log" >"$T/out"
    grep -q ^226 "$T/out"
    free_port
    spawn systemd-socket-activate -E STORD_USER -a -l "127.0.0.1:$PORT" "$HANDLER" --root "$ROOT"
    wait_port "$PORT"
    random_file "$T/file" 100000
    curl -sS -T "$T/file" "ftp://127.0.0.1:$PORT/adopted"
    same "$T/file" "$ROOT/adopted"
}

@test "start: a listening socket in LISTEN_FDS is a wrong set-up, said in the log" {
    free_port
    spawn systemd-socket-activate -l "127.0.0.1:$PORT" "$HANDLER" --root "$ROOT"
    wait_port "$PORT"
    : <"/dev/tcp/127.0.0.1/$PORT" || :
    wait_for grep -q 'No connection to serve: .*Accept=yes' "$SPAWN_LOG"
}

# In a network namespace of its own, where 192.0.2.1 is this host without being loopback.
stranger() {
    unshare -n -- bash -c '
        ip link set lo up && ip address add 192.0.2.1/32 dev lo &&
        ip address add 2001:db8::1/128 dev lo nodad &&
        command -p python3 "$@"' - "$T/stranger.py" "$@"
}

@test "start: without a users file strangers get 530 and a reason (promise 5)" {
    need_root makes a network namespace
    cat >"$T/stranger.py" <<'PY'
import socket, subprocess, sys
address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
l = socket.create_server((address, 0), family=family)
c = socket.create_connection(l.getsockname()[:2])
s, _ = l.accept()
p = subprocess.Popen(sys.argv[2:], stdin=s, stdout=s)
s.close()
c.sendall(b"FEAT\r\nUSER x\r\nPASS y\r\nMKD evil\r\nPASV\r\nEPSV\r\nCWD /\r\nSTOR evil\r\nMKD evil\r\n")
c.shutdown(socket.SHUT_WR)
out = b""
while piece := c.recv(65536):
    out += piece
sys.stdout.buffer.write(out)
sys.exit(p.wait())
PY
    for address in 192.0.2.1 2001:db8::1; do
        stranger "$address" "$HANDLER" --root "$ROOT" >"$T/out" 2>>"$T/log"
        tr -d '\r' <"$T/out" | grep -v '^ ' | cut -c1-4 |
            diff - <(printf '220 \n211-\n211 \n%s' "$(printf '530 \n%.0s' 1 2 3 4 5 6 7 8)"; echo)
        grep -q '^530 Not logged in: .*local' "$T/out"
        stranger 127.0.0.1 "$HANDLER" --root "$ROOT" 2>/dev/null | grep -q ^257
        rm -r "${ROOT:?}"/*
    done
    logged 'Refused 192.0.2.1:'
}

@test "start: --local=no: nobody is served without a login, wherever from (promise 5)" {
    local over
    for over in $(kinds); do
        talk -o "$over" --local=no <<'STEPS'
< 220
> STOR x
< 530 ^530 Not logged in: without a users file nobody is served$
STEPS
    done
    logged 'there is no users file, so nobody is served'
    STORD_LOCAL=no talk --anonymous <<'STEPS'
< 220
> USER anonymous
< 331
> PASS x
< 230
STEPS
    [ -z "$(find "$ROOT" -type f)" ]
    run -0 "$HANDLER" --check --root "$ROOT" --local=no
    if [[ $output == *'no login'* ]]; then fail "$output"; fi
    [[ $output == *'warning: local: nobody is served: --local=no wants a users file'* ]]
    run -0 "$HANDLER" --check --root "$ROOT" --local=no --anonymous
    if [[ $output == *'nobody is served'* ]]; then fail "$output"; fi
}

@test "start: a stranger relayed over a socketpair or pipes is no local client (promise 5)" {
    for kind in pair pipe; do
        for variable in SOCAT_PEERADDR TCPREMOTEIP REMOTE_ADDR REMOTE_HOST NCAT_REMOTE_ADDR; do
            for address in 192.0.2.7 2001:db8::7 some.host; do
                export "$variable=$address"
                talk -o $kind <<'STEPS'
< 220
> USER x
< 530
> MKD x
< 530
> STOR x
< 530
>> MKD x\r\n
eof
closed
nofile x
STEPS
                unset "$variable"
            done
            for address in 127.0.0.1 ::1 '[0000:0000:0000:0000:0000:0000:0000:0001]' ::ffff:127.0.0.1; do
                export "$variable=$address"
                talk -o $kind <<'STEPS'
< 220
> NOOP
< 200
> PWD
< 257
STEPS
                unset "$variable"
            done
        done
    done
    logged 'Accepted connection from 192.0.2.7'
    for address in '<anon>' /run/some.socket; do # so socat calls AF_UNIX peers
        SOCAT_PEERADDR=$address talk -o pair <<'STEPS'
< 220
> PWD
< 257
STEPS
    done
}

@test "start: the log tells of the connection, the upload, and failures with their reason" {
    talk <<'STEPS'
< 220
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
> STOR no/such
< 550
STEPS
    logged '^stord\[[0-9]+\]: Accepted connection from 127\.0\.0\.1:[0-9]+$'
    logged 'File uploaded: /x \(5 bytes, [0-9]+\.[0-9]+ s, size\) from 127\.0\.0\.1:[0-9]+: reply 226$'
    logged 'Failed to upload file: no such file or folder .*: reply 550 to 127.0.0.1:[0-9]+: STOR no/such$'
    # nothing at error level for what the client did
    talk --log-level error <<'STEPS'
< 220
> MKD ../x
< 550
STEPS
    [ "$(grep -c 'Accepted' "$T/log")" = 1 ]
}
