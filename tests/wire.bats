# Nothing but replies reaches the client, under every super-server, whatever goes wrong: settings,
# libraries, the process itself. What goes wrong is a table: tests/wire.py.
# shellcheck shell=bats

load helpers
load tls
load superservers

setup() {
    setup_sandbox
    local folder
    for folder in bin garbage-modules no-modules locked; do mkdir "$T/$folder"; done
    chmod 0 "$T/locked"
    for folder in bin garbage-modules no-modules; do install -m 0755 "$HANDLER" "$T/$folder/handler"; done
    install -m 0755 "${HANDLER%/*}"/stord-*.so "$T/bin/"
    for folder in systemd password tls; do head -c 5000 /dev/urandom >"$T/garbage-modules/stord-$folder.so"; done
    printf 'garbage\n' >"$T/garbage"
    printf 'openssl_conf = none\n[none\n' >"$T/openssl.cnf"
    printf 'me:%s:/::\n' "$(perl -e 'print crypt("secret", q($6$rounds=1000$salt$))')" >"$T/users"
    make_ca
    make_certificate tls
    : >"$T/log"
    # What is run for each connection
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nexport STORD_USER=root\n. "%s/case"\nexec "$SERVER" "$@"\n' "$T" >"$T/bin/serve"
    chmod 0755 "$T/bin/serve"
    start_syslog
    free_port
}
teardown() { teardown_sandbox; }

# nothing_but_replies KIND PROGRAM...: where that listens on $PORT, in the foreground
nothing_but_replies() {
    local kind=$1 program=$2
    need "$program" python3
    shift
    # shellcheck disable=SC2016
    spawn_to "$T/log" unshare --mount --propagation private sh -ec "$ENTER_DEV" "$T/dev" "$@"
    wait_port "$PORT"
    command -p python3 "$TOP/tests/wire.py" "$PORT" "$T" "$kind" "${STEP:-1}" || { tail -n 40 "$T/log" "$T/syslog"; return 1; }
}

@test "nothing but replies: xinetd" {
    cat >"$T/xinetd.conf" <<CONF
service stord
{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    wait = no
    user = root
    bind = 127.0.0.1
    port = $PORT
    server = $T/bin/serve
    cps = 100000 1
    instances = UNLIMITED
}
CONF
    nothing_but_replies syslog "$(peer_program xinetd)" -dontfork -f "$T/xinetd.conf" -pidfile "$T/pid" -filelog "$T/xinetd.log"
}

inetd_conf() { printf '%s stream tcp nowait%s root %s serve\n' "$1" "$2" "$T/bin/serve" >"$T/inetd.conf"; }

@test "nothing but replies: openbsd-inetd" {
    inetd_conf "127.0.0.1:$PORT" .1000000
    nothing_but_replies syslog "$(peer_program inetd)" -d "$T/inetd.conf"
}

@test "nothing but replies: inetutils-inetd" {
    inetd_conf "127.0.0.1:$PORT" ''
    local STEP=9 # it sleeps for a second now and then, and closes all descriptors that there could be
    # shellcheck disable=SC2016
    nothing_but_replies syslog sh -c 'ulimit -n 256; exec "$@"' - \
        "$(peer_program inetutils-inetd)" -d -R 1000000 "$T/inetd.conf"
}

@test "nothing but replies: netcat -e" {
    # shellcheck disable=SC2016
    nothing_but_replies own sh -c 'while :; do "$@"; done' - \
        "$TOP/build/peers/bin/nc.traditional" -n -l -p "$PORT" -s 127.0.0.1 -e "$T/bin/serve"
}

@test "nothing but replies: tcpserver" {
    nothing_but_replies own tcpserver -v -H -R -l localhost -c 100 127.0.0.1 "$PORT" "$T/bin/serve"
}

@test "nothing but replies: tcpserver, and standard error sent to the client, too" {
    # shellcheck disable=SC2016
    nothing_but_replies syslog tcpserver -H -R -l localhost 127.0.0.1 "$PORT" sh -c 'exec "$0" 2>&1' "$T/bin/serve"
}

@test "nothing but replies: tcpsvd" {
    nothing_but_replies own tcpsvd -v -l localhost -c 100 127.0.0.1 "$PORT" "$T/bin/serve"
}

@test "nothing but replies: socat" {
    nothing_but_replies own socat "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork" "EXEC:$T/bin/serve,nofork"
}

@test "nothing but replies: socat, standard error to the client" {
    nothing_but_replies syslog socat "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork" "EXEC:$T/bin/serve,nofork,stderr"
}

@test "nothing but replies: systemd-socket-activate --inetd" {
    nothing_but_replies own systemd-socket-activate --inetd -a -l "127.0.0.1:$PORT" "$T/bin/serve"
}

@test "nothing but replies: standard error that is another connection of a network gets nothing either" {
    command -p python3 - "$HANDLER" "$ROOT" <<'PY'
import socket, subprocess, sys
def pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        return ours, listener.accept()[0]
(ours, theirs), (other, error) = pair(), pair()
session = subprocess.Popen([sys.argv[1], "--root", sys.argv[2]], stdin=theirs, stdout=theirs, stderr=error)
theirs.close(), error.close()
ours.sendall(b"QUIT\r\n")
assert ours.makefile("rb").read().startswith(b"220 ")
assert session.wait() == 0 and other.recv(1) == b""
PY
}

@test "the credential helper has no descriptor of the connection" {
    mkfifo "$T/in"
    exec {in}<>"$T/in"
    spawn "$HANDLER" --root "$ROOT" --users "$T/users" <"$T/in"
    wait_for grep -q '^220 ' "$SPAWN_LOG"
    local helper
    helper=$(pgrep -P "$SPAWN_PID")
    [ "/proc/$SPAWN_PID/fd/3" -ef "$T/in" ]
    ls -l "/proc/$helper/fd"
    for fd in "/proc/$helper/fd"/*; do
        if [ "$fd" -ef "$T/in" ]; then fail "it has"; fi
    done
    exec {in}>&-
}
