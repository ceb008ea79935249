# How the uploader reaches servers: data connections of all kinds, addresses, programs (-e), rates; and many files in
# flight.
# shellcheck disable=SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client
load tls

setup() {
    setup_sandbox
    random_file "$T/file" 1000
    random_file "$T/large" 6000000
}
teardown() { teardown_sandbox; }

# ------------------------------------------------------------------- data connections

@test "any refusal of EPSV, also one of 4yz, tries PASV, to the control connection's host" {
    local reply
    for reply in '425 Not now' '500 What?' '522 Network' '550 No'; do
        REPLY=$reply scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
say(os.environ["REPLY"] + "\r\n")
hear("PASV")
data = passive("227 Entering Passive Mode (10,0,0,1,{high},{low})\r\n")
hear("STOR file")
say("150 Go\r\n")
store("file", receive(data)[0])
say("226 Done\r\n")
quit()
PYTHON
        upload "$T/file"
        [ "$status" = 0 ]
        [ "$stderr" = '' ]
        script_done
        stored "$T/file"
    done
}

@test "--active: the server opens the data connections, by EPRT" {
    local server
    for server in pyftpd proftpd vsftpd pure_ftpd; do
        "$server"
        upload --active "$T/file" "$T/large"
        [ "$status" = 0 ] || fail "$server"
        stored "$T/file" "$T/large"
        [[ $output != *$'\n229 '* && $output != *$'\n227 '* ]]
        kill_spawned
        rm -rf "$T/empty" "${ROOT:?}"/*
    done
}

@test "--active over IPv6, and over TLS" {
    pyftpd
    random_file "$T/six" 1000
    vsftpd listen=NO listen_ipv6=YES listen_address6=::1 listen_address= port_enable=YES
    run --separate-stderr timeout 60 "$CLIENT" --active -h ::1 -p "$PORT" "$T/six"
    [ "$status" = 0 ]
    stored "$T/six"
    make_ca
    make_certificate server
    cat "$T/server.crt" "$T/server.key" >"$T/server.pem"
    pure_ftpd --tls 2 --certfile "$T/server.pem"
    upload --active --tls --cacert "$T/ca.crt" "$T/large"
    [ "$status" = 0 ]
    stored "$T/large"
}

@test "--active where EPRT is not known uses PORT, and takes a connection only from the server" {
    scripted <<'PYTHON'
greet_ordinary()
line = lines.readline().decode()
assert line.startswith("EPRT |1|127.0.0.1|"), line
say("500 What?\r\n")
line = lines.readline().decode()
assert line.startswith("PORT 127,0,0,1,"), line
high, low = line.split(",")[-2:]
port = int(high) * 256 + int(low)
say("200 Fine\r\n")
hear("STOR file")
say("150 Go\r\n")
stranger = socket.socket()
stranger.bind(("127.0.0.2", 0))
stranger.connect(("127.0.0.1", port))
got = socket.create_connection(("127.0.0.1", port))
whole = b""
while block := got.recv(65536):
    whole += block
store("file", whole)
try:
    assert stranger.recv(1000) == b""
except ConnectionResetError:
    pass
say("226 Done\r\n")
quit()
PYTHON
    upload --active "$T/file"
    cat "$SCRIPT_LOG" >&2
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "-4 and -6 choose the address" {
    serve6
    run --separate-stderr "$CLIENT" -4 -h localhost -p "$PORT" "$T/file"
    [ "$status" = 69 ]
    run --separate-stderr "$CLIENT" -6 -h '[::1]' -p "$PORT" "$T/file"
    [ "$status" = 0 ]
    stored "$T/file"
    run --separate-stderr "$CLIENT" -4 -h ::1 -p "$PORT" "$T/file"
    [ "$status" = 68 ]
}

@test "--bind: control and data connections come from that address" {
    pyftpd 'log_prefix = "%(remote_ip)s"'
    upload --bind 127.0.0.3 "$T/file"
    [ "$status" = 0 ]
    stored "$T/file"
    grep -F '127.0.0.3' "$SPAWN_LOG"
    serve
    upload --bind 192.0.2.1 "$T/file"
    [ "$status" = 69 ]
}

@test "--connect-timeout ends a connection that nobody answers" {
    # a listener whose queue is full
    free_port
    spawn_python -c '
import socket, sys, time
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(0)
held = []
for i in range(8):
    held.append(socket.socket())
    held[-1].setblocking(False)
    held[-1].connect_ex(("127.0.0.1", int(sys.argv[1])))
print("full", flush=True)
time.sleep(100)' "$PORT"
    wait_for grep -q full "$SPAWN_LOG"
    run --separate-stderr timeout 20 "$CLIENT" --connect-timeout 1 -h 127.0.0.1 -p "$PORT" "$T/file"
    [ "$status" = 69 ]
    [[ $stderr == *'cannot connect: Connection timed out' ]]
}

# ---------------------------------------------------------------------------- programs

@test "-e: a handler on a program's standard input and output" {
    random_file "$T/it's" 10
    printf x >"$T/-e"
    run --separate-stderr timeout 60 "$CLIENT" -e "$HANDLER --root $ROOT 2>>$T/handler.log" "$T/file" "$T/large" "$T/it's"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "$T/file" "$T/large" "$T/it's"
    # nobody is left
    wait_for no_program "$HANDLER --root $ROOT"
}
no_program() { ! pgrep -f "$1"; }

@test "-e: what has no size is read to its end first, so that a break is not its end" {
    run --separate-stderr timeout 60 "$CLIENT" -e "$HANDLER --root $ROOT 2>>$T/handler.log" --name piped - < <(cat "$T/large")
    [ "$status" = 0 ]
    same "$T/large" "$ROOT/piped"
    run --separate-stderr timeout 60 "$CLIENT" -v -e "$HANDLER --root $ROOT 2>>$T/handler.log" --name piped - < <(cat "$T/file")
    [[ $output == *$'\n200 1000 bytes expected'* ]]
}

@test "-e: ssh to a handler that needs no port" {
    need ssh ssh-keygen
    need_root "starts sshd"
    "$TOP/tests/peers"
    free_port
    ssh-keygen -q -t ed25519 -N '' -f "$T/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$T/key"
    cat >"$T/sshd_config" <<END
Port $PORT
ListenAddress 127.0.0.1
HostKey $T/host_key
AuthorizedKeysFile $T/key.pub
StrictModes no
PidFile none
END
    { grep -v '^sshd:' /etc/passwd; echo "sshd:x:65534:65534::/:/bin/false"; } >"$T/passwd"
    # shellcheck disable=SC2016 # expanded there
    spawn unshare -m sh -c 'mount --bind "$0" /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"' \
        "$T/passwd" "$TOP/build/peers/usr/sbin/sshd" -D -e -f "$T/sshd_config"
    wait_port "$PORT"
    local ssh="ssh -p $PORT -i $T/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$T/known -o BatchMode=yes root@127.0.0.1"
    run --separate-stderr timeout 60 "$CLIENT" -e "$ssh $HANDLER --user root --root $ROOT" "$T/file" "$T/large"
    printf '%s\n' "$output" "$stderr" >&2
    [ "$status" = 0 ]
    stored "$T/file" "$T/large"
}

@test "-e: a proxy, for data connections, too, if the command names the port" {
    vsftpd
    "$TOP/tests/peers"
    local nc=$TOP/build/peers/bin/nc.traditional
    run --separate-stderr timeout 60 "$CLIENT" -v -h 127.0.0.1 -p "$PORT" -e "echo %h %p >>$T/calls; exec $nc %h %p" "$T/file" "$T/large"
    printf '%s\n' "$output" "$stderr" >&2
    [ "$status" = 0 ]
    stored "$T/file" "$T/large"
    [ "$(wc -l <"$T/calls")" = 3 ]
    grep -qx "127.0.0.1 $PORT" "$T/calls"
    run --separate-stderr timeout 60 "$CLIENT" -h 127.0.0.1 -p "$PORT" -e "exec $nc 127.0.0.1 $PORT" "$T/file"
    [ "$status" = 76 ]
    [[ $stderr == *'has no %p'* ]]
}

@test "-e: a program that cannot be started, or ends, is told" {
    run --separate-stderr timeout 60 "$CLIENT" -e /no/such/program "$T/file"
    [ "$status" = 75 ]
    [[ $stderr == *"client: $T/file: localhost:22000: the server closed the connection without a reply" ]]
    run --separate-stderr timeout 60 "$CLIENT" -e true "$T/file"
    [ "$status" = 75 ]
}

@test "-e: host and port cannot leave their quotes" {
    run timeout 60 "$CLIENT" -h "x';touch $T/broken;'" -e 'echo %h' "$T/file"
    [ ! -e "$T/broken" ]
    run timeout 60 "$CLIENT" -h "\$(touch $T/broken)" -e 'echo %h' "$T/file"
    [ ! -e "$T/broken" ]
}

# --------------------------------------------------------------------------------- rates

@test "--limit-rate holds, inline and over data connections" {
    local server began
    truncate -s 1M "$T/mebibyte"
    for server in serve pyftpd; do
        "$server"
        began=${EPOCHREALTIME/[.,]/}
        upload --limit-rate 512K "$T/mebibyte"
        [ "$status" = 0 ]
        # it cannot be faster; how much slower a busy machine makes it is not judged
        [ $((${EPOCHREALTIME/[.,]/} - began)) -gt 1700000 ]
        stored "$T/mebibyte"
        kill_spawned
        rm -rf "${ROOT:?}"/* "$ROOT/.stord.unfinished"
    done
}

# ------------------------------------------------------------------------- many in flight

@test "many small files are in flight at once, and each 226 finds its file" {
    scripted <<'PYTHON'
greet_inline()
names = []
for i in range(20): # nothing is answered before the twentieth has come
    size = int(lines.readline().split()[1])
    names.append(lines.readline().split()[1].decode())
    store(names[-1], lines.read(size))
replies = b""
for i, name in enumerate(names):
    replies += b"200 ok\r\n150 go\r\n" + f"226 number {i}, {name}\r\n".encode()
conn.sendall(replies)
quit()
PYTHON
    local i files=()
    for ((i = 0; i < 20; i++)); do
        random_file "$T/f$i" $((i * 100))
        files+=("$T/f$i")
    done
    run --separate-stderr timeout 60 "$CLIENT" --json -h 127.0.0.1 -p "$PORT" "${files[@]}"
    [ "$status" = 0 ]
    script_done
    stored "${files[@]}"
    for ((i = 0; i < 20; i++)); do grep -F "/f$i\", " <<<"$output" | grep -qF "\"reply\": \"226 number $i, f$i\""; done
}

# in_flight FILE...: how many of them, and of how many bytes, come before anything is answered
in_flight() {
    scripted <<'PYTHON'
greet_inline()
listener.close()
conn.settimeout(2)
count = size = 0
try:
    while line := lines.readline():
        size += (n := int(line.split()[1]))
        lines.readline()
        assert len(lines.read(n)) == n
        count += 1
except TimeoutError:
    pass
print(count, size, flush=True)
PYTHON
    run timeout 60 "$CLIENT" -q -h 127.0.0.1 -p "$PORT" "$@"
    script_done
    read -r COUNT BYTES <"$SCRIPT_LOG"
}

@test "what is in flight is bounded in files and in bytes" {
    local i small=() large=()
    for ((i = 0; i < 200; i++)); do
        printf '%s' "$i" >"$T/s$i"
        small+=("$T/s$i")
    done
    in_flight "${small[@]}"
    [ "$COUNT" = 128 ]
    for ((i = 0; i < 20; i++)); do
        truncate -s 1M "$T/l$i"
        large+=("$T/l$i")
    done
    in_flight "${large[@]}"
    echo "$COUNT files, $BYTES bytes" >&2
    [ "$COUNT" = 8 ]
    [ "$BYTES" = 8388608 ]
}

@test "of files in flight one is refused: the others arrive, and are not confirmed by its replies" {
    serve
    local i files=()
    for ((i = 0; i < 300; i++)); do
        random_file "$T/f$i" $((i % 7 * 1000))
        files+=("$T/f$i")
    done
    mkdir "$ROOT/f5" "$ROOT/f100" "$ROOT/f101" "$ROOT/f299"
    run --separate-stderr timeout 120 "$CLIENT" -h 127.0.0.1 -p "$PORT" "${files[@]}"
    [ "$status" = 1 ]
    [ "${#lines[@]}" = 296 ]
    [ "${#stderr_lines[@]}" = 4 ]
    for ((i = 0; i < 300; i++)); do
        case $i in 5 | 100 | 101 | 299) ;; *) same "$T/f$i" "$ROOT/f$i" ;; esac
    done
}

has_grown() { [ "$(stat -c %s "$T/f7")" -gt 3000000 ]; }
@test "a file in flight that grows, shrinks or goes fails alone" {
    serve
    local i files=()
    for ((i = 0; i < 40; i++)); do
        random_file "$T/f$i" 1000
        files+=("$T/f$i")
    done
    rm "$T/f7"
    upload -q "${files[@]}"
    [ "$status" = 66 ]
    rm -rf "${ROOT:?}"/*
    # one that is always being written
    random_file "$T/f7" 3000000
    spawn_python -c 'import sys, time
with open(sys.argv[1], "ab", 0) as file:
    while True: file.write(b"more")' "$T/f7"
    wait_for has_grown
    # slowly, so that it has the time to grow
    upload -q --limit-rate 3M "${files[@]}"
    kill -KILL "$SPAWN_PID"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/f7: grew while it was sent" ]
    [ ! -e "$ROOT/f7" ]
    for ((i = 0; i < 40; i++)); do [ "$i" = 7 ] || same "$T/f$i" "$ROOT/f$i"; done
}

@test "a file that grows or is changed while it goes over a data connection is a failure, and ends in a reset" {
    scripted <<'PYTHON'
def upload(what):
    hear("EPSV")
    data = passive("229 Extended (|||{port}|)\r\n")
    hear("STOR large")
    say("150 Go\r\n")
    what()
    assert receive(data)[1], "not a reset"
    say("426 Not whole\r\n")
path = os.path.dirname(ROOT) + "/large"
def grow():
    with open(path, "ab") as file: file.write(b"more")
def change():
    with open(path, "r+b") as file: file.write(b"other")
for what in grow, change:
    greet_ordinary()
    upload(what)
    quit()
PYTHON
    upload "$T/large"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/large: grew while it was sent" ]
    upload "$T/large"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/large: was changed while it was sent" ]
    script_done
}
