# The uploader's tests: `load client`. Servers of all kinds, and what is asked of uploads.
# shellcheck shell=bash
# shellcheck disable=SC2154 # stderr and stderr_lines come from run
load helpers

# upload FILE...: our client; leaves $status, $output (replies) and $stderr
upload() {
    # shellcheck disable=SC2034 # for the tests
    SERVER=127.0.0.1:$PORT
    run --separate-stderr timeout 120 "$CLIENT" -v -h 127.0.0.1 -p "$PORT" "$@"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

# How many sessions the client had: each has a greeting.
sessions() { grep -c '^220 ' <<<"$output"; }

# Four files of the sizes that matter: $FILES
make_files() {
    random_file "$T/nothing" 0
    random_file "$T/byte" 1
    random_file "$T/mebibyte" 1048576
    random_file "$T/large" 67108864
    # shellcheck disable=SC2034 # for the tests
    FILES=("$T/nothing" "$T/byte" "$T/mebibyte" "$T/large")
}

stored() {
    local file
    for file; do same "$file" "$ROOT/${file##*/}" || return 1; done
}

# python FILE ARG...: the system's python, not a slow wrapper in front of it
spawn_python() { spawn "$(command -pv python3)" "$@"; }

tutorial_server() {
    free_port
    spawn_python "$TOP/tests/tutorial/server.py" "$PORT" "$ROOT"
    wait_port "$PORT"
}

tutorial_client() {
    timeout 120 "$(command -pv python3)" "$TOP/tests/tutorial/client.py" 127.0.0.1 "$PORT" "$1"
}

# vsftpd [SETTING=VALUE...]
vsftpd() {
    "$TOP/tests/peers"
    free_port
    mkdir "$T/empty"
    cat >"$T/vsftpd.conf" <<END
listen=YES
listen_address=127.0.0.1
listen_port=$PORT
background=NO
local_enable=NO
anonymous_enable=YES
write_enable=YES
anon_upload_enable=YES
anon_root=$ROOT
ftp_username=$(id -un)
run_as_launching_user=YES
secure_chroot_dir=$T/empty
vsftpd_log_file=$T/vsftpd.log
$(printf '%s\n' "$@")
END
    spawn "$TOP/build/peers/usr/sbin/vsftpd" "$T/vsftpd.conf"
    wait_port "$PORT"
}

# pure_ftpd [OPTION...]. PURE_WHO: -E, no anonymous users; default -e, no others. For it, anonymous users are the user ftp, which the machine may lack: it sees
# a passwd file of its own.
pure_ftpd() {
    need_root "mounts a passwd file"
    "$TOP/tests/peers"
    free_port
    { grep -v '^ftp:' /etc/passwd; echo "ftp:x:65534:65534::$ROOT:/bin/false"; } >"$T/passwd"
    # shellcheck disable=SC2016 # expanded there
    spawn unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$T/passwd" \
        "$TOP/build/peers/usr/sbin/pure-ftpd" -S "127.0.0.1,$PORT" "${PURE_WHO:--e}" -M -H -f none -g "$T/pure-ftpd.pid" "$@"
    wait_port "$PORT"
}


# as_passwd COMMAND...: with a passwd file in which the user ftp is nobody, at home in $ROOT
as_passwd() {
    need_root "mounts a passwd file"
    { grep -v '^ftp:' /etc/passwd; echo "ftp:x:65534:65534::$ROOT:/bin/sh"; } >"$T/passwd"
    # shellcheck disable=SC2016 # expanded there
    spawn unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$T/passwd" "$@"
}

# proftpd [LINE...]: anonymous users may upload to it, by any name
proftpd() {
    "$TOP/tests/peers"
    free_port
    mkdir -p "$T/proftpd"
    cat >"$T/proftpd.conf" <<END
ModulePath $TOP/build/peers/usr/lib/proftpd
LoadModule mod_tls.c
LoadModule mod_digest.c
ServerType standalone
DefaultAddress 127.0.0.1
Port $PORT
UseIPv6 off
UseReverseDNS off
WtmpLog off
PidFile $T/proftpd/pid
ScoreboardFile none
DelayEngine off
SystemLog $T/proftpd/log
TransferLog none
RequireValidShell off
AuthOrder mod_auth_unix.c
$(printf '%s\n' "$@" | grep -v '^in ')
<Anonymous $ROOT>
  User nobody
  Group nogroup
  UserAlias anonymous nobody
  AllowOverwrite on
  AllowStoreRestart on
$(printf '%s\n' "$@" | sed -n 's/^in //p')
</Anonymous>
END
    need_root "changes the user"
    spawn "$TOP/build/peers/usr/sbin/proftpd" -n -c "$T/proftpd.conf"
    wait_port "$PORT"
}

# pyftpd [EXPRESSION...]: Python's; what is set in the handler's class. ADDRESS: where; WITHIN: a command that starts it
pyftpd() {
    free_port
    cat >"$T/pyftpd.py" <<PYTHON
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
users = DummyAuthorizer()
users.add_anonymous(sys.argv[2], perm="elradfmwMT")
users.add_user("me", "secret", sys.argv[2], perm="elradfmwMT")
FTPHandler.authorizer = users
$(printf 'FTPHandler.%s\n' "${@:-banner = 'Hello'}")
server = FTPServer((sys.argv[3], int(sys.argv[1])), FTPHandler)
print("listening", flush=True)
server.serve_forever()
PYTHON
    spawn "${WITHIN[@]}" "$(command -pv python3)" -W ignore "$T/pyftpd.py" "$PORT" "$ROOT" "${ADDRESS:-127.0.0.1}"
    wait_for grep -q '^listening' "$SPAWN_LOG"
}

# inetutils_ftpd: the small one of BSD
inetutils_ftpd() {
    "$TOP/tests/peers"
    free_port
    as_passwd tcpsvd -E 127.0.0.1 "$PORT" "$TOP/build/peers/usr/sbin/ftpd" -A
    wait_port "$PORT"
}

# scripted: a server that plays the Python on standard input, for what no real
# server can be made to do. Whatever it did not expect ends it.
scripted() {
    free_port
    cat - /dev/fd/3 >"$T/script.py" 3<&0 <<'PYTHON'
import os, socket, ssl, sys, time

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
ROOT = os.environ["ROOT"]

def accept():
    """Waits for the next control connection."""
    global conn, lines
    conn = listener.accept()[0]
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lines = conn.makefile("rb")

def taken():
    """Whether the client has read all we sent, or is gone."""
    try:
        ends = [conn.getpeername()[1], conn.getsockname()[1]]
    except OSError:
        return True
    for line in open("/proc/net/tcp").readlines()[1:]:
        field = line.split()
        if [int(field[i].split(":")[1], 16) for i in (1, 2)] == ends:
            return int(field[4].split(":")[1], 16) == 0
    return True

def secure():
    """TLS on the control connection, from now on."""
    global conn, lines
    conn = wrap(conn)
    lines = conn.makefile("rb")

def wrap(sock):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    folder = os.path.dirname(ROOT)
    tls.load_cert_chain(folder + "/server.crt", folder + "/server.key")
    return tls.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)

def say(*pieces):
    """Sends the pieces so that the client receives each by itself."""
    for piece in pieces:
        conn.sendall(piece.encode())
        while not taken():
            time.sleep(0.001)

def hear(*wanted):
    for want in wanted:
        line = lines.readline().decode()
        assert line == want + "\r\n", f"wanted {want}, got {line}"

def store(name, data):
    with open(os.path.join(ROOT, name), "wb") as file:
        file.write(data)

def greet_inline():
    """The beginning of a session with stord, up to FEAT."""
    accept()
    say("220 Hello\r\n")
    hear("FEAT")
    say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")

def greet_ordinary():
    """The beginning of a session with an ordinary server, up to TYPE."""
    accept()
    say("220 Hello\r\n")
    hear("FEAT")
    say("500 What?\r\n")
    hear("USER anonymous")
    say("331 Password?\r\n")
    hear("PASS client@")
    say("230 Fine\r\n")
    hear("TYPE I")
    say("200 Binary\r\n")

def refuse(*commands, reply="500 What?\r\n"):
    """What the tutorial's server answers to all that it does not know."""
    for command in commands:
        hear(command)
        say(reply)

def passive(reply):
    """Answers EPSV or PASV; returns the listener."""
    data = socket.create_server(("127.0.0.1", 0))
    port = data.getsockname()[1]
    say(reply.format(port=port, high=port // 256, low=port % 256))
    return data

def break_off(name, size):
    """Takes an upload over EPSV, or its first so many bytes, and ends the session without a reply; returns them."""
    hear("EPSV")
    data = passive("229 Extended (|||{port}|)\r\n")
    hear("STOR " + name)
    say("150 Go\r\n")
    got = data.accept()[0]
    whole = b""
    while len(whole) < size:
        whole += got.recv(size - len(whole))
    got.close()
    conn.close()
    lines.close()
    return whole

def receive(data):
    """All that comes over the next data connection, and whether it ends in a reset."""
    got = data.accept()[0]
    whole = b""
    try:
        while block := got.recv(65536):
            whole += block
        return whole, False
    except ConnectionResetError:
        return whole, True

def receive_secure(got):
    """All that comes over a connection inside TLS, and how it ends: "close_notify", "reset", or
    "eof", which may not be."""
    whole = b""
    try:
        while block := got.recv(65536):
            whole += block
    except (ssl.SSLError, ConnectionError):  # the first one is for both
        state = got.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return whole, "reset" if state == 7 else "eof"  # 7: TCP_CLOSE
    try:
        got.unwrap()
    except (ssl.SSLError, OSError):  # it need not wait for us
        pass
    return whole, "close_notify"

def endless(piece, pause=0, sock=None):
    """Sends that again and again, until the client is gone."""
    (sock or conn).settimeout(60)
    try:
        while True:
            (sock or conn).sendall(piece.encode("latin1"))
            time.sleep(pause)
    except TimeoutError:
        raise AssertionError("the client is there, and does not read")
    except OSError:
        pass

def ended():
    """The client has sent nothing more, and is gone."""
    try:
        rest = lines.read()
    except (ConnectionError, ssl.SSLError):
        rest = b""
    assert rest == b"", rest

def quit():
    hear("QUIT")
    say("221 Bye\r\n")

PYTHON
    spawn_python "$T/script.py" "$PORT"
    SCRIPT_PID=$SPAWN_PID SCRIPT_LOG=$SPAWN_LOG
    wait_port "$PORT"
}

# The script has been played to its end: nothing unexpected came.
script_done() {
    wait_for all_gone "$SCRIPT_PID"
    wait "$SCRIPT_PID" || { cat "$SCRIPT_LOG" >&2 && return 1; }
}
