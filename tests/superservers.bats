# Whoever listens, a session is the same: on a pipe, a socketpair, and under
# every super-server that we say works.
# bats file_tags=asan
# shellcheck shell=bats

load helpers
load tls
load superservers

setup() {
    setup_sandbox
    # Where other users may run it.
    install -D -m 0755 "$HANDLER" "$T/bin/handler"
    install -m 0755 "${HANDLER%/*}"/stord-*.so "$T/bin/"
    SERVER=$T/bin/handler
}
teardown() { teardown_sandbox; }

# ---------------------------------------------------------- what a client sees

# Two uploads on the control connection, in one go
inline_session() {
    printf 'ALLO 5\r\nSTOR one\r\nhelloALLO 6\r\nSTOR two\r\nworld!QUIT\r\n'
}

# check_inline_session FILE: it has what such a session is answered, nothing else
check_inline_session() {
    local codes
    cat "$1"
    codes=$(cut -c 1-4 "$1" | tr '\n' '|')
    [ "$codes" = '220 |200 |150 |226 |200 |150 |226 |221 |' ] || fail "other replies were expected"
    only_replies "$1"
    [ "$(cat "$ROOT/one")" = hello ]
    [ "$(cat "$ROOT/two")" = world! ]
    rm "$ROOT/one" "$ROOT/two"
}

# only_replies FILE: every line is a reply, none is a log line
only_replies() {
    if grep -aEv $'^[1-5][0-9][0-9][ -][^\r]*\r$' "$1"; then fail "that is not a reply"; fi
    if grep -aE 'Accepted connection|File uploaded:|handler\[|<[0-9]+>' "$1"; then fail "a log line on the wire"; fi
}

# connect: a TCP connection to $PORT, descriptor $WIRE
connect() { exec {WIRE}<>"/dev/tcp/127.0.0.1/$PORT"; }
disconnect() { exec {WIRE}>&-; }

# takes_uploads_by_tcp: inline ones, and with curl one over EPSV
takes_uploads_by_tcp() {
    connect
    wait_for keeps_alive
    inline_session >&"$WIRE"
    cat <&"$WIRE" >"$T/replies"
    disconnect
    check_inline_session "$T/replies"

    random_file "$T/sent" 300000
    curl -sS -v -T "$T/sent" "ftp://127.0.0.1:$PORT/by%20epsv" 2>"$T/curl.log" || { cat "$T/curl.log"; return 1; }
    grep -q '^> EPSV' "$T/curl.log"
    grep -q '^< 229 ' "$T/curl.log"
    same "$T/sent" "$ROOT/by epsv"
}

# is_shown PATTERN: ps shows a session of $SPAWN_PID so
is_shown() {
    local pid
    for pid in $(process_tree "$SPAWN_PID"); do tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's/ *$/\n/'; done 2>/dev/null | grep -qxE "$1"
}

# shows_itself: a session is in the process list with who is on, what comes, and how much of that has come
shows_itself() {
    connect
    wait_for is_shown 'stord: 127\.0\.0\.1 idle'
    printf 'ALLO 10000000\r\nSTOR wan\\ted caf\xe9\r\n' >&"$WIRE"
    head -c 5000000 /dev/zero >&"$WIRE"
    wait_for is_shown 'stord: 127\.0\.0\.1 STOR wan\\\\ted caf\\xe9 4[0-9]%'
    disconnect
}

# The server's end of the connection asks after a minute of silence whether the client is there, or a
# router between forgets it.
keeps_alive() {
    ss -Htno state established "sport = :$PORT" | grep -qE 'timer:\(keepalive,([0-9]{1,2}(\.[0-9]+)?(s|sec|ms)|1min)'
}

# logs_to FILE: that is where the log of these uploads is
logs_to() {
    wait_for grep -aqF 'Accepted connection from 127.0.0.1:' "$1"
    wait_for grep -aqF 'File uploaded: /one (5 bytes' "$1"
    wait_for grep -aqF 'File uploaded: /by epsv (300000 bytes' "$1"
}

# session_of PID: sets SESSION to the process that serves our connection
session_of() {
    local greeting pid
    read -r greeting <&"$WIRE"
    [[ $greeting == 220\ * ]]
    for pid in $(process_tree "$1"); do
        if [ "/proc/$pid/exe" -ef "$SERVER" ] || [ "/proc/$pid/exe" -ef "$HANDLER" ]; then
            SESSION=$pid
            return 0
        fi
    done
    fail "there is no session"
}

# holds_no_fd_to PID FILE
holds_no_fd_to() {
    local fd
    ls -l "/proc/$1/fd"
    for fd in "/proc/$1/fd"/*; do
        if [ "$fd" -ef "$2" ]; then fail "$2 leaked into the session"; fi
    done
}

# ignores_what_errno_tells PID: SIGPIPE and SIGXFSZ, and no other signal
ignores_what_errno_tells() {
    grep -E '^Sig(Ign|Blk)' "/proc/$1/status"
    [ "$(ignored_signals "$1" | paste -sd" ")" = "13 25" ]
}

# ------------------------------------------------------------- without network

@test "a pipe: the log is on standard error, replies on standard output" {
    inline_session | "$HANDLER" --root "$ROOT" >"$T/replies" 2>"$T/log"
    check_inline_session "$T/replies"
    cat "$T/log"
    grep -qF 'File uploaded: /one (5 bytes' "$T/log"
    grep -qF 'File uploaded: /two (6 bytes' "$T/log"
}

@test "a client that leaves is no failure: the exit status is 0" {
    "$HANDLER" --root "$ROOT" </dev/null >"$T/replies" 2>"$T/log"
    only_replies "$T/replies"
    printf 'NOOP\r\n' | "$HANDLER" --root "$ROOT" >"$T/replies" 2>"$T/log"
    only_replies "$T/replies"
    printf 'ALLO 5\r\nSTOR x\r\nhel' | "$HANDLER" --root "$ROOT" >"$T/replies" 2>"$T/log"
    only_replies "$T/replies"
    [ ! -e "$ROOT/x" ]
}

@test "a client that does not read its replies is no failure" {
    # The reader is gone before the first reply.
    mkfifo "$T/in" "$T/out"
    # shellcheck disable=SC2016
    spawn bash -c '"$1" --root "$2" <"$3" >"$4"; echo "status $?"' - "$HANDLER" "$ROOT" "$T/in" "$T/out"
    exec {in}>"$T/in"
    exec {out}<"$T/out"
    exec {out}<&-
    (inline_session) >&"$in" || : # it may be gone by then
    exec {in}>&-
    wait_for grep -q '^status' "$SPAWN_LOG"
    cat "$SPAWN_LOG"
    grep -qx 'status 0' "$SPAWN_LOG"
}

@test "a socketpair" {
    need python3
    inline_session >"$T/commands"
    python3 - "$HANDLER" "$ROOT" "$T/commands" "$T/replies" 2>"$T/log" <<'PY'
import socket, subprocess, sys
handler, root, commands, replies = sys.argv[1:]
ours, theirs = socket.socketpair()
session = subprocess.Popen([handler, "--root", root], stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall(open(commands, "rb").read())
with open(replies, "wb") as out:
    while data := ours.recv(65536):
        out.write(data)
sys.exit(session.wait())
PY
    check_inline_session "$T/replies"
    grep -qF 'File uploaded: /one (5 bytes' "$T/log"
}

@test "leaked descriptors are closed, ignored signals are not ignored any longer" {
    : >"$T/leak"
    mkfifo "$T/in"
    exec {in}<>"$T/in"
    # shellcheck disable=SC2016
    spawn bash -c 'trap "" HUP INT QUIT TERM CHLD
        exec "$1" --root "$2" <"$3" >"$4" 3<"$5" 9<"$5" 77<"$5"' - \
        "$HANDLER" "$ROOT" "$T/in" "$T/replies" "$T/leak"
    wait_for grep -q '^220 ' "$T/replies"
    holds_no_fd_to "$SPAWN_PID" "$T/leak"
    ignores_what_errno_tells "$SPAWN_PID"
    printf 'QUIT\r\n' >&"$in"
    wait "$SPAWN_PID"
}

# ------------------------------------------------------------------- systemd's

@test "systemd-socket-activate --inetd" {
    serve
    takes_uploads_by_tcp
    shows_itself
    logs_to "$T/serve.log"
}

@test "systemd-socket-activate --inetd, IPv6" {
    serve6
    random_file "$T/sent" 1000
    curl -sS -T "$T/sent" "ftp://[::1]:$PORT/six"
    same "$T/sent" "$ROOT/six"
    wait_for grep -qF 'Accepted connection from [::1]:' "$T/serve.log"
}

@test "systemd-socket-activate: the connection is descriptor 3 (LISTEN_FDS)" {
    free_port
    spawn systemd-socket-activate -E STORD_USER -a -l "127.0.0.1:$PORT" "$HANDLER" --root "$ROOT"
    wait_for grep -q 'Listening on' "$SPAWN_LOG"
    takes_uploads_by_tcp
    shows_itself
    logs_to "$SPAWN_LOG"
    # The activator's standard output is the log here: no reply may be in it.
    if grep -a '^220 ' "$SPAWN_LOG"; then fail "a reply went to standard output"; fi
}

@test "LISTEN_FDS that is meant for another process is not looked at" {
    inline_session | LISTEN_FDS=1 LISTEN_PID=1 "$HANDLER" --root "$ROOT" >"$T/replies" 2>"$T/log" 3</dev/null
    check_inline_session "$T/replies"
}

# ---------------------------------------------------------------------- xinetd

# The file that we ship, with another port, user and place
xinetd_conf() {
    sed -e "s|^\([[:space:]]*port[[:space:]]*=\).*|\1 $PORT|" \
        -e "s|^\([[:space:]]*user[[:space:]]*=\).*|\1 nobody|" \
        -e "s|^\([[:space:]]*server[[:space:]]*=\).*|\1 $SERVER|" \
        -e "s|STORD_ROOT=.*|STORD_ROOT=$ROOT|" "$TOP/xinetd.d/stord"
}

# start_xinetd [SED...]: with that changed in its file
start_xinetd() {
    local xinetd
    xinetd=$(peer_program xinetd)
    start_syslog
    free_port
    xinetd_conf | sed -e '' "$@" >"$T/xinetd.conf"
    spawn_with_syslog "$xinetd" -dontfork -f "$T/xinetd.conf" -pidfile "$T/xinetd.pid" -filelog "$T/xinetd.log"
    wait_for grep -q 'Started working: ' "$T/xinetd.log"
    cat "$T/xinetd.log"
    grep -q 'Started working: 1 available service' "$T/xinetd.log"
    wait_port "$PORT" 127.0.0.1
}

@test "xinetd, with the file that we ship: the log is in syslog, nothing of it on the wire" {
    start_xinetd
    takes_uploads_by_tcp
    shows_itself
    logs_to "$T/syslog"
    # xinetd, too, says how it was.
    wait_for grep -aq 'START: stord .*from=127.0.0.1' "$T/syslog"
    wait_for grep -aq 'EXIT: stord status=0' "$T/syslog"
    if grep -a 'EXIT: stord' "$T/syslog" | grep -avF 'status=0'; then fail "a session failed"; fi
    [ "$(stat -c %a "$ROOT/by epsv")" = 640 ] # its umask
    [ "$(stat -c %U "$ROOT/by epsv")" = nobody ]
}

@test "xinetd, with the file that we ship: its service for port 990 begins with TLS" {
    make_ca
    make_certificate tls
    chown nobody "$T/tls.key"
    start_xinetd -e '/^service stord$/,/^}/ s/no$/yes/' -e '/^service stord-tls$/,$ s/yes$/no/' -e "s|/etc/stord/|$T/|g"
    random_file "$T/sent" 300000
    curl -sS --cacert "$T/ca.crt" -T "$T/sent" "ftps://localhost:$PORT/by-tls"
    same "$T/sent" "$ROOT/by-tls"
    wait_for grep -aqF 'TLS: TLSv1.' "$T/syslog"
    wait_for grep -aq 'EXIT: stord-tls status=0' "$T/syslog"
}

@test "xinetd: a session has its three descriptors and no more of the client's or xinetd's" {
    start_xinetd -e "s|STORD_ROOT=.*|& STORD_PROCESS_TITLE=no|"
    connect
    session_of "$SPAWN_PID"
    tr '\0' ' ' <"/proc/$SESSION/cmdline" | grep -qv 'stord: '
    holds_no_fd_to "$SESSION" "$T/xinetd.log"
    ignores_what_errno_tells "$SESSION"
    tr '\0' '\n' <"/proc/$SESSION/environ" >"$T/environ"
    cat "$T/environ"
    grep -qx "STORD_ROOT=$ROOT" "$T/environ"
    if grep -q '^PATH=' "$T/environ"; then fail "passenv is not empty"; fi
    disconnect
    wait_for grep -aq 'EXIT: stord status=0' "$T/syslog"
}

@test "xinetd: an xferlog and transcripts are written by the user of its file" {
    install -d -o nobody "$T/records"
    start_xinetd -e "s|STORD_ROOT=.*|& STORD_XFERLOG=$T/records/xferlog STORD_TRANSCRIPT=$T/records|"
    takes_uploads_by_tcp
    wait_for grep -q "^.* 300000 $ROOT/by_epsv b _ i r - ftp 0 \* c$" "$T/records/xferlog"
    [ "$(wc -l <"$T/records/xferlog")" = 3 ]
    [ "$(stat -c '%U %a' "$T/records/xferlog")" = 'nobody 640' ]
    both_ended() { [ "$(grep -lx closed "$T"/records/*.txt | wc -l)" = 2 ]; }
    wait_for both_ended
    [ "$(stat -c '%U %a' "$T"/records/*.txt | sort -u)" = 'nobody 600' ]
}

@test "xinetd: 50 uploads at once are all whole" {
    start_xinetd
    upload_at_once 50
}

# upload_at_once N: of different files
upload_at_once() {
    local i urls=()
    for ((i = 0; i < $1; i++)); do
        random_file "$T/sent.$i" $((50000 + i))
        urls+=(-T "$T/sent.$i" "ftp://127.0.0.1:$PORT/got.$i")
    done
    curl -sS --fail-early --parallel --parallel-immediate --parallel-max "$1" "${urls[@]}"
    for ((i = 0; i < $1; i++)); do
        same "$T/sent.$i" "$ROOT/got.$i"
    done
    [ "$(find "$ROOT" -path "*/.stord.*" -prune -o -type f -print | wc -l)" = "$1" ]
}

no_session_is_left() { [ "$(process_tree "$SPAWN_PID")" = "$SPAWN_PID" ]; }

@test "xinetd: a thousand wrong passwords, as many at once as per_source allows, let nobody in" {
    printf 'me:%s:/::\n' "$(perl -e 'print crypt("secret", q($6$rounds=1000$salt$))')" >"$T/users"
    start_xinetd -e "s|STORD_ROOT=.*|& STORD_USERS=$T/users|" -e 's|per_source *=.*|per_source = 100|'
    command -p python3 "$TOP/tests/brute.py" "$PORT" 1000 100 | tee "$T/count"
    grep -qx 'wrong 1002, refused more than once, in 0' "$T/count"
    wait_for grep -aq 'FAIL: stord per_source_limit from=127.0.0.1' "$T/syslog"
    # datagrams are no lines
    all_are_logged() { [ "$(grep -ao 'Login failed from 127.0.0.1:[0-9]*: user ' "$T/syslog" | wc -l)" = 1002 ]; }
    wait_for all_are_logged
    if grep -a 'Logged in' "$T/syslog"; then fail "somebody got in"; fi
    wait_for no_session_is_left
    if grep -ao 'EXIT: stord status=[0-9]*' "$T/syslog" | grep -v '=0$'; then fail "a session failed"; fi
    random_file "$T/sent" 1000
    curl -sS -u me:secret -T "$T/sent" "ftp://127.0.0.1:$PORT/after"
    same "$T/sent" "$ROOT/after"
    wait_for no_session_is_left
}

# --------------------------------------------------------------- the other ones

@test "openbsd-inetd: the log is in syslog, nothing of it on the wire" {
    local inetd
    inetd=$(peer_program inetd)
    start_syslog
    free_port
    # More than its 256 in a minute, after which it closes connections.
    printf '127.0.0.1:%s stream tcp nowait.1000000 nobody %s handler --root %s\n' \
        "$PORT" "$SERVER" "$ROOT" >"$T/inetd.conf"
    spawn_with_syslog "$inetd" -d "$T/inetd.conf"
    wait_port "$PORT" 127.0.0.1
    takes_uploads_by_tcp
    shows_itself
    logs_to "$T/syslog"
    if grep -a 'Accepted connection' "$SPAWN_LOG"; then fail "the log is not in syslog only"; fi
    wait_for grep -q 'reaped, status 0' "$SPAWN_LOG"
}

@test "ipsvd's tcpsvd" {
    need tcpsvd
    free_port
    # -l: or it asks the name service for its own name
    spawn tcpsvd -v -l localhost -c 100 127.0.0.1 "$PORT" "$HANDLER" --root "$ROOT"
    wait_port "$PORT" 127.0.0.1
    takes_uploads_by_tcp
    shows_itself
    logs_to "$SPAWN_LOG"
    connect
    disconnect
    wait_for grep -Eq 'end [0-9]+ exit 0' "$SPAWN_LOG"
    if grep -E 'end [0-9]+ ' "$SPAWN_LOG" | grep -v 'exit 0$'; then fail "a session failed"; fi
}

@test "ucspi-tcp's tcpserver, which hands on what it has open" {
    need tcpserver
    free_port
    : >"$T/leak"
    # -H -R -l: no name service, no ident
    spawn tcpserver -v -H -R -l localhost -c 100 127.0.0.1 "$PORT" "$HANDLER" --root "$ROOT" 7<"$T/leak"
    wait_port "$PORT" 127.0.0.1
    takes_uploads_by_tcp
    shows_itself
    logs_to "$SPAWN_LOG"
    connect
    session_of "$SPAWN_PID"
    holds_no_fd_to "$SESSION" "$T/leak"
    ignores_what_errno_tells "$SESSION"
    disconnect
    wait_for grep -q "end $SESSION status 0" "$SPAWN_LOG"
    if grep -E 'end [0-9]+ ' "$SPAWN_LOG" | grep -v 'status 0$'; then fail "a session failed"; fi
}

start_socat() {
    need socat
    free_port
    spawn socat -d -d "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork" "EXEC:'$HANDLER --root $ROOT'$1"
    wait_port "$PORT" 127.0.0.1
}

@test "socat, the connection itself" {
    start_socat ,nofork
    takes_uploads_by_tcp
    shows_itself
    logs_to "$SPAWN_LOG"
}

@test "socat, a socketpair in between" {
    start_socat ''
    connect
    inline_session >&"$WIRE"
    cat <&"$WIRE" >"$T/replies"
    check_inline_session "$T/replies"
    grep -aqF 'File uploaded: /one (5 bytes' "$SPAWN_LOG"
}

@test "socat, pipes in between" {
    start_socat ,pipes
    connect
    inline_session >&"$WIRE"
    cat <&"$WIRE" >"$T/replies"
    check_inline_session "$T/replies"
    grep -aqF 'File uploaded: /one (5 bytes' "$SPAWN_LOG"
}
