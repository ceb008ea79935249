# The uploader with every server that there is: whole trees, compared file by file; and with servers that fail at each
# step.
# bats file_tags=slow
# shellcheck disable=SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client
load tls

setup() {
    setup_sandbox
    make_ca
    make_certificate server
    mkdir -p "$T/tree/a/b" "$T/tree/empty" "$T/tree/with space"
    random_file "$T/tree/nothing" 0
    random_file "$T/tree/a/one" 1
    random_file "$T/tree/a/b/large" 5000000
    printf 'a\nb\r\nc' >"$T/tree/with space/Grüße.txt"
    local i
    for ((i = 0; i < 30; i++)); do random_file "$T/tree/a/f$i" $((i * 1000)); done
}
teardown() { teardown_sandbox; }

# takes_all [OPTION...]: the server gets a tree and a pipe, under a new folder, and all of it is there as it was
takes_all() {
    run --separate-stderr timeout 120 "$CLIENT" -h "127.0.0.1" -p "$PORT" "$@" -r --mkdir --dir new/place "$T/tree"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    [ "${#lines[@]}" = 34 ]
    diff -r "$T/tree" "$ROOT/new/place/tree"
    run --separate-stderr timeout 120 "$CLIENT" -q -h "127.0.0.1" -p "$PORT" "$@" --dir new/place --name piped - < <(cat "$T/tree/a/b/large")
    [ "$status" = 0 ]
    same "$T/tree/a/b/large" "$ROOT/new/place/piped"
}

secretly() { takes_all --tls --cacert "$T/ca.crt"; }

@test "vsftpd" { vsftpd anon_mkdir_write_enable=YES anon_other_write_enable=YES anon_umask=022 && takes_all; }
@test "vsftpd, active" {
    vsftpd anon_mkdir_write_enable=YES anon_other_write_enable=YES anon_umask=022
    takes_all --active
}
@test "proftpd" { proftpd && takes_all; }
@test "proftpd with HiddenStores" { proftpd 'HiddenStores on' 'in AllowStoreRestart off' && takes_all; }
@test "proftpd, temporary names, digests, times" { proftpd && takes_all_verified; }
takes_all_verified() {
    run --separate-stderr timeout 120 "$CLIENT" -q -h "127.0.0.1" -p "$PORT" --temp --verify=hash --times -r "$T/tree"
    [ "$status" = 0 ]
    diff -r "$T/tree" "$ROOT/tree"
    diff <(cd "$T/tree" && find . -type f -printf '%P %Ts\n' | sort) <(cd "$ROOT/tree" && find . -type f -printf '%P %Ts\n' | sort)
}
@test "pure-ftpd" { pure_ftpd && takes_all; }
@test "pure-ftpd over TLS" {
    cat "$T/server.crt" "$T/server.key" >"$T/server.pem"
    pure_ftpd --tls 2 --certfile "$T/server.pem"
    secretly
}
@test "pyftpdlib" { pyftpd && takes_all; }
@test "pyftpdlib with a user" {
    pyftpd
    STOR_PASSWORD=secret takes_all -u me
}
@test "BSD's ftpd, by inetutils" { inetutils_ftpd && takes_all; }
@test "the tutorial's server" {
    tutorial_server
    upload "$T/tree/a/one" "$T/tree/nothing" "$T/tree/a/b/large"
    [ "$status" = 0 ]
    stored "$T/tree/a/one" "$T/tree/nothing" "$T/tree/a/b/large"
}
@test "our handler" { serve && takes_all; }
@test "our handler over TLS, both kinds" {
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key" --tls=require
    secretly
    rm -rf "${ROOT:?}"/*
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key" --tls=implicit
    upload_all_to "ftps://127.0.0.1:$PORT/new/"
}
upload_all_to() {
    run --separate-stderr timeout 120 "$CLIENT" -q --cacert "$T/ca.crt" -r --mkdir "$T/tree" "$1"
    [ "$status" = 0 ]
    diff -r "$T/tree" "$ROOT/new/tree"
}
@test "our handler with users" {
    printf 'me:%s:/home/me:upload,mkdir,list:\n' "$(printf 'secret\n' | "$HANDLER" --hash)" >"$T/users"
    serve --users "$T/users"
    STOR_PASSWORD=secret upload -q -u me -r --mkdir --dir new "$T/tree"
    [ "$status" = 0 ]
    diff -r "$T/tree" "$ROOT/home/me/new/tree"
    upload "$T/tree/a/one"
    [ "$status" = 77 ]
}
@test "our handler as a drop box" {
    serve --allow=upload,mkdir
    takes_all
    upload --verify=size --times "$T/tree/a/one"
    [ "$status" = 0 ]
}
@test "our handler, inline only" { serve --no-data-connections && takes_all; }

# ------------------------------------------------------------------ faults at each step

# What a whole session is, as pairs: what is expected and what is answered. FAULT is what happens instead of the
# STEPth answer; then, in a new session, everything goes well.
faulty() {
    FAULT=$1 STEP=$2 KIND=$3 scripted <<'PYTHON'
import itertools, select
fault, kind = os.environ["FAULT"], os.environ["KIND"]
count = itertools.count(1)
broken = int(os.environ["STEP"])

class Over(Exception):
    pass

def answer(text):
    if next(count) != broken:
        if fault == "bytes": say(*text)  # each by itself, in every step
        else: say(text)
        return
    if fault == "killed":
        raise Over
    if fault == "reset":
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raise Over
    if fault == "stalled":
        ends = select.poll()
        ends.register(conn, select.POLLRDHUP)
        ends.poll(60000)
        raise Over
    if fault == "421":
        say("421 I must go\r\n")
        raise Over
    if fault == "garbage":
        conn.sendall(bytes(range(128, 256)) * 4 + b"\r\n")
        time.sleep(0.05)
        raise Over
    if fault == "half":
        say(text[:2])
        raise Over
    say(text)

def session():
    accept()
    answer("220 Hello\r\n")
    if kind == "inline":
        line = lines.readline()
        if line.startswith(b"FEAT"):
            answer("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
            line = lines.readline()
        assert line == b"ALLO 3\r\n", line
        hear("STOR three")
        data = lines.read(3)
        for text in "200 ok\r\n", "150 go\r\n": answer(text)
    else:
        line = lines.readline()
        if line.startswith(b"FEAT"):
            answer("500 What?\r\n")
            line = lines.readline()
        assert line == b"USER anonymous\r\n", line
        answer("230 Fine\r\n")
        hear("TYPE I")
        answer("200 Fine\r\n")
        hear("EPSV")
        listening = socket.create_server(("127.0.0.1", 0))
        answer(f"229 Extended (|||{listening.getsockname()[1]}|)\r\n")
        hear("STOR three")
        answer("150 Go\r\n")
        data = receive(listening)[0]
    answer("226 Done\r\n")
    store("three", data)
    quit()

done = False
while not done:
    try:
        session()
        done = True
    except (Over, ConnectionError, AssertionError) as error:
        if isinstance(error, AssertionError) and "b''" not in str(error) and "got \n" not in str(error) and not str(error).endswith("got "):
            raise
        lines.close()
        conn.close()
PYTHON
}

@test "a server that is killed, resets, stalls, answers 421 or garbage or half a reply at any step: the retry succeeds" {
    random_file "$T/three" 3
    local fault kind step steps
    for kind in inline data; do
        steps=5
        [ "$kind" = inline ] || steps=7
        for fault in killed reset 421 half stalled garbage; do
            for ((step = 1; step <= steps; step++)); do
                # a stall takes its second, and is the same in each step of a kind
                [ "$fault" != stalled ] || ((step % 3 == 1)) || continue
                faulty "$fault" "$step" "$kind"
                run --separate-stderr timeout 60 "$CLIENT" --retry 1 --timeout 2 -h 127.0.0.1 -p "$PORT" "$T/three"
                if [ "$fault" = garbage ]; then
                    [[ $status == 76 || $status == 0 ]] || fail "$kind $fault $step: $status $stderr"
                    kill_spawned
                    continue
                fi
                [ "$status" = 0 ] || { cat "$SCRIPT_LOG" >&2; fail "$kind $fault $step: $status $stderr"; }
                script_done
                stored "$T/three"
                rm "$ROOT/three"
            done
        done
    done
}

@test "a server that answers byte by byte, from 120 on" {
    random_file "$T/three" 3
    local kind
    for kind in inline data; do
        faulty bytes 0 "$kind"
        upload -q "$T/three"
        [ "$status" = 0 ]
        script_done
        stored "$T/three"
    done
    scripted <<'PYTHON'
accept()
say("120 In a moment\r\n")
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("ALLO 3", "STOR three")
store("three", lines.read(3))
say("200 ok\r\n150 go\r\n226 done\r\n")
quit()
PYTHON
    upload "$T/three"
    [ "$status" = 0 ]
    script_done
}

@test "a network with delay and loss: whatever is cut, everything arrives whole" {
    # a relay that delays each piece, passes on pieces of odd sizes, and breaks one connection in three
    serve
    local server=$PORT i files=()
    free_port
    spawn_python -c '
import random, socket, sys, threading, time
random.seed(7)
port, server = map(int, sys.argv[1:])
listener = socket.create_server(("127.0.0.1", port))
def relay(a, b, most):
    try:
        while most > 0 and (block := a.recv(random.randrange(1, 30000))):
            time.sleep(random.random() / 500)
            b.sendall(block)
            most -= len(block)
    except OSError:
        pass
    for end in a, b:
        if most <= 0: end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        try: end.shutdown(socket.SHUT_RDWR if most <= 0 else socket.SHUT_WR)
        except OSError: pass
for i in range(1000):
    here = listener.accept()[0]
    there = socket.create_connection(("127.0.0.1", server))
    most = random.randrange(1, 400000) if i % 3 != 2 else 1 << 60
    threading.Thread(target=relay, args=(here, there, most)).start()
    threading.Thread(target=relay, args=(there, here, 1 << 60)).start()' "$PORT" "$server"
    wait_port "$PORT"
    for ((i = 0; i < 60; i++)); do
        random_file "$T/f$i" $((i * i * 30))
        files+=("$T/f$i")
    done
    upload -q --retry 5 "${files[@]}"
    [ "$status" = 0 ]
    stored "${files[@]}"
}

# lossy_network: two hosts as tests/lossy.py makes them; $SERVER_HOST and $CLIENT_HOST enter them
lossy_network() {
    need_root "makes network namespaces"
    spawn_python -B -c '
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import lossy
with lossy.network(0.02, 0.01, 0.05) as hosts:
    for host, name in zip(hosts, ("server", "client")):
        os.symlink(f"/proc/{os.getpid()}/fd/{host}", f"{sys.argv[2]}/host.{name}")
    signal.pause()' "$TOP/tests" "$T"
    wait_for test -L "$T/host.client"
    # only where it is started: bats may find its own
    mkdir "$T/bin"
    printf '#!/bin/sh\nexec nsenter --net="%s" "%s" "$@"\n' "$T/host.server" "$(command -v systemd-socket-activate)" \
        >"$T/bin/systemd-socket-activate"
    chmod 755 "$T/bin/systemd-socket-activate"
}

@test "a network that delays packets and loses one in twenty: everything arrives whole, inline and over data connections" {
    local i files=()
    lossy_network
    for ((i = 0; i < 12; i++)); do
        random_file "$T/f$i" $((i * i * 1500))
        files+=("$T/f$i")
    done
    PATH=$T/bin:$PATH serve_at 192.0.2.1 --anonymous
    through_loss "${files[@]}"
    [ "$(grep -c "^220 " <<<"$output")" = 2 ] # the second one logs in as anonymous
    rm -rf "${ROOT:?}"/*
    # shellcheck disable=SC2034 # for pyftpd
    local ADDRESS=192.0.2.1 WITHIN=(nsenter --net="$T/host.server")
    pyftpd
    through_loss "${files[@]}"
}
through_loss() {
    run --separate-stderr timeout 200 nsenter --net="$T/host.client" "$CLIENT" -v --retry 5 -h 192.0.2.1 -p "$PORT" "$@"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
    [ "$status" = 0 ]
    stored "$@"
}

# resumes [OPTION...]: a data connection is cut after 3 MB of a file, which then is continued, and whole there
resumes() {
    cat >"$T/link.py" <<'PYTHON'
import os, socket, sys, threading
port, control, mark = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
server = socket.create_connection(("127.0.0.1", port))
left = 1 << 60 if port == control or os.path.exists(mark) else 3000000
def come_back():
    while block := server.recv(65536):
        os.write(1, block)
    os._exit(0)
threading.Thread(target=come_back).start()
while left > 0 and (block := os.read(0, min(left, 65536))):
    server.sendall(block)
    left -= len(block)
if left == 0:
    open(mark, "w").close()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.close()
    os._exit(0)
server.shutdown(socket.SHUT_WR)
PYTHON
    run --separate-stderr timeout 120 "$CLIENT" -v --retry 2 -h 127.0.0.1 -p "$PORT" \
        -e "exec $(command -pv python3) $T/link.py %p $PORT $T/cut" "$@" "$T/tree/a/b/large"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
    [ -e "$T/cut" ]
    [ "$status" = 0 ]
    same "$T/tree/a/b/large" "$ROOT/large"
    [[ $stderr == *'again in'* ]]
    [[ $output == *$'\n350 '*$'\n226 '* ]] || fail "sent anew, not resumed"
}

@test "an upload that breaks off is resumed: vsftpd" { vsftpd anon_other_write_enable=YES anon_umask=022 && resumes; }
@test "an upload that breaks off is resumed: proftpd" { proftpd && resumes; }
@test "an upload that breaks off is resumed: pure-ftpd" {
    "$TOP/tests/peers"
    printf '%s\n' secret secret | "$TOP/build/peers/usr/bin/pure-pw" useradd me -f "$T/pw" -F "$T/pdb" -m -u 65534 -g 65534 -d "$ROOT"
    PURE_WHO=-E pure_ftpd -l "puredb:$T/pdb"
    STOR_PASSWORD=secret resumes -u me
}
@test "an upload that breaks off is resumed: pyftpdlib" { pyftpd && resumes; }

@test "100,000 small files in one session, as a tree" {
    serve --no-sync
    command -p python3 -ISc '
import os, sys
for i in range(100):
    os.makedirs(f"{sys.argv[1]}/{i}")
    for j in range(1000):
        with open(f"{sys.argv[1]}/{i}/{j}", "w") as file: file.write(f"{i} {j}")' "$T/many"
    run --separate-stderr timeout 280 "$CLIENT" -h 127.0.0.1 -p "$PORT" -r "$T/many"
    [ "$status" = 0 ]
    [ "${#lines[@]}" = 100000 ]
    diff -r "$T/many" "$ROOT/many"
}
