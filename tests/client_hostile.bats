# The uploader and servers that mean ill, or have lost their way: whatever they send, or leave out,
# comes to an end, with a reason an exit status, and nothing counts as stored that may not be.
# shellcheck disable=SC2030,SC2031,SC2154 # stderr and stderr_lines come from run

bats_require_minimum_version 1.5.0
load client
load tls

setup() {
    setup_sandbox
    random_file "$T/file" 1000
    random_file "$T/next" 1000
    random_file "$T/last" 1000
}
teardown() { teardown_sandbox; }

# gave_up STATUS REASON: the last upload failed, and the last thing that was told is the file and that
# reason; the server saw it leave
gave_up() {
    [ "$status" = "$1" ]
    [[ ${stderr_lines[-1]} == "client: $T/file: 127.0.0.1:$PORT: $2"* ]] || fail "not told: $2"
    script_done
}

# in_secret ARG...: upload by implicit TLS, of "$T/file"
in_secret() {
    run --separate-stderr timeout 120 "$CLIENT" -h "ftps://127.0.0.1:$PORT" --cacert "$T/ca.crt" "$@" "$T/file"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

# ------------------------------------------------------------ what does not end

@test "a server that says 150 for ever is left" {
    local pause
    for pause in 0 0.02; do
        PAUSE=$pause scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR file")
endless("150 Go\r\n", float(os.environ["PAUSE"]))
PYTHON
        upload "$T/file"
        gave_up 76 'the server keeps promising a reply'
    done
}

@test "a server that says 150 for ever inline is left" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
say("200 ok\r\n")
endless("150 Go\r\n")
PYTHON
    upload "$T/file"
    gave_up 76 'the server keeps promising a reply'
}

@test "a server that greets with 120 for ever is left" {
    scripted <<'PYTHON'
accept()
endless("120 In a moment\r\n", 0.01)
PYTHON
    upload "$T/file"
    gave_up 76 'the server keeps promising a reply'
}

@test "as many 1yz replies as a patient server sends are waited for" {
    scripted <<'PYTHON'
accept()
for i in range(30):
    say("120 In a moment\r\n")
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
for name in "file", "next":
    hear("ALLO 1000", "STOR " + name)
    say("200 ok\r\n150 Go\r\n")
    lines.read(1000)
    for i in range(30):
        say("150 I look for viruses\r\n")
    say("226 Done\r\n")
quit()
PYTHON
    upload "$T/file" "$T/next"
    [ "$status" = 0 ]
    script_done
}

@test "a line without end is left, wherever it comes" {
    local -A begin=(
        [greeting]='accept()'
        [preliminary]='greet_inline(); hear("ALLO 1000", "STOR file")'
        [final]='greet_inline(); hear("ALLO 1000", "STOR file"); say("200 ok\r\n150 Go\r\n"); lines.read(1000)'
    )
    local piece where
    for where in greeting preliminary final; do
        for piece in 220- 'x' '220 ' '\0' '\r'; do
            scripted <<<"${begin[$where]}; say('220-'); endless('$piece' * 1000)"
            upload -q "$T/file"
            [ "$status" = 76 ]
            [[ $stderr == *"the server's reply does not end"* ]]
            script_done
        done
    done
}

@test "a reply of empty lines, or of short ones, without end is left" {
    local line
    for line in '\r\n' '\n' ' x\r\n' '220-x\r\n' '\0\r\n'; do
        scripted <<<"accept(); say('220-Hello\r\n'); endless('$line' * 1000)"
        upload -q "$T/file"
        gave_up 76 "the server's reply does not end"
    done
}

@test "replies without end that nobody asked for are left" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
endless("200 What else?\r\n" * 1000)
PYTHON
    upload -q "$T/file"
    [ "$status" = 76 ]
    [[ $stderr == *"client: $T/file: "* ]]
    script_done
}

@test "a server that talks for ever while it takes nothing is left" {
    truncate -s 64M "$T/large"
    local line
    for line in '150 Go\r\n' '220-x' '220-x\r\n' '\r\n'; do
        scripted <<PYTHON
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
got = data.accept()[0]
endless("$line" * 1000)
PYTHON
        upload -q "$T/large"
        [ "$status" = 76 ]
        [[ $stderr == "client: $T/large: $SERVER: the server"* ]]
        script_done
    done
}

# ----------------------------------------------------------- what takes for ever

@test "a server that sends a reply byte by byte has the time of one reply" {
    scripted <<'PYTHON'
accept()
say("220-")
endless("x", 0.1)
PYTHON
    upload --timeout 2 "$T/file"
    gave_up 75 'the server does not end its reply'
}

@test "a server that sends a reply line by line has the time of one reply" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 Go\r\n")
lines.read(1000)
endless("226-not yet\r\n", 0.1)
PYTHON
    upload --timeout 2 "$T/file"
    gave_up 75 'the server does not end its reply'
}

@test "a server that sends empty lines has the time of one reply" {
    scripted <<'PYTHON'
accept()
endless("\r\n", 0.1)
PYTHON
    upload --timeout 2 "$T/file"
    gave_up 75 'the server does not end its reply'
}

@test "a server that drips while it takes nothing has the time of one reply" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
got = data.accept()[0]
say("226-")
endless("x", 0.1)
PYTHON
    truncate -s 64M "$T/large"
    upload --timeout 2 "$T/large"
    [ "$status" = 75 ]
    [ "$stderr" = "client: $T/large: $SERVER: the server takes no more bytes" ]
    script_done
}

@test "a server that is silent is left after --timeout" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 Go\r\n")
lines.read(1000)
ended()
PYTHON
    upload --timeout 1 "$T/file"
    gave_up 75 'the server does not answer'
}

@test "a server that takes no byte of a file is left after --timeout" {
    scripted <<'PYTHON'
import select
greet_inline()
hear("ALLO 67108864", "STOR large")
say("200 ok\r\n150 Go\r\n")
ends = select.poll()
ends.register(conn, select.POLLHUP)
assert ends.poll(60000)
PYTHON
    truncate -s 64M "$T/large"
    upload --timeout 1 "$T/large"
    [ "$status" = 75 ]
    [ "$stderr" = "client: $T/large: $SERVER: the server takes no more bytes" ]
    script_done
}

@test "a server that takes no byte from a data connection is left after --timeout" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
ended()
PYTHON
    truncate -s 64M "$T/large"
    upload --timeout 1 "$T/large"
    [ "$status" = 75 ]
    [ "$stderr" = "client: $T/large: $SERVER: the server takes no more bytes" ]
    script_done
}

@test "a server that takes long for the 226, and says so, is waited for" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 Go\r\n")
store("file", lines.read(1000))
for i in range(6):
    time.sleep(0.5) # together more than --timeout, each less
    say("150 I look for viruses\r\n")
say("226 Done\r\n")
quit()
PYTHON
    upload --timeout 2 "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "a file that comes slowly, from a pipe, is not the server's fault" {
    mkfifo "$T/pipe"
    serve
    # shellcheck disable=SC2016 # expanded there
    spawn sh -c 'exec >"$1"; for i in 1 2 3 4 5 6; do echo "$i"; sleep 0.5; done' sh "$T/pipe"
    upload --timeout 1 "$T/pipe"
    [ "$status" = 0 ]
    printf '%s\n' 1 2 3 4 5 6 | cmp - "$ROOT/pipe"
}

@test "a file that is taken slowly is sent to its end" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
got = data.accept()[0]
count = 0
for i in range(8):
    time.sleep(0.5) # together more than --timeout, each less
    while count < (i + 1) * 8 << 20:
        count += len(got.recv(1 << 20))
assert count == 64 << 20 and got.recv(1) == b""
say("226 Done\r\n")
quit()
PYTHON
    truncate -s 64M "$T/large"
    upload --timeout 2 "$T/large"
    [ "$status" = 0 ]
    script_done
}

@test "--timeout wants seconds" {
    local wrong
    for wrong in 0 -1 '' x 1x 1.5 86401 99999999999; do
        run --separate-stderr "$CLIENT" --timeout "$wrong" "$T/file"
        [ "$status" = 64 ]
        [[ $stderr == 'client: --timeout: not a number '* ]]
    done
}

# --------------------------------------------------------------------------- TLS

@test "a TLS handshake that comes byte by byte has the time of one reply" {
    make_ca
    scripted <<'PYTHON'
accept()
conn.recv(65536)
say("\x16\x03\x03\x3f\xff") # a record of 16 KiB is to come
endless("\x02", 0.1)
PYTHON
    in_secret --timeout 2
    gave_up 75 'TLS: '
}

@test "a TLS handshake of a data connection that comes byte by byte has the time of one reply" {
    make_ca
    make_certificate server
    scripted <<'PYTHON'
accept()
secure()
say("220 Hello\r\n")
hear("FEAT")
say("500 What?\r\n")
for command, reply in ("USER anonymous", "230 Fine"), ("PBSZ 0", "200 Fine"), ("PROT P", "200 Fine"), ("TYPE I", "200 Fine"):
    hear(command)
    say(reply + "\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR file")
say("150 Go\r\n")
got = data.accept()[0]
got.sendall(b"\x16\x03\x03\x3f\xff")
endless("\x02", 0.1, got)
PYTHON
    in_secret --timeout 2
    gave_up 75 'the server'
}

@test "a data connection whose end inside TLS never comes is not waited for for ever" {
    make_ca
    make_certificate server
    scripted <<'PYTHON'
accept()
secure()
say("220 Hello\r\n")
hear("FEAT")
say("500 What?\r\n")
for command, reply in ("USER anonymous", "230 Fine"), ("PBSZ 0", "200 Fine"), ("PROT P", "200 Fine"), ("TYPE I", "200 Fine"):
    hear(command)
    say(reply + "\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR file")
say("150 Go\r\n")
got = wrap(data.accept()[0])
endless("x", 0.1, got)
ended()
PYTHON
    in_secret --timeout 2
    gave_up 75 'the server does not answer'
}

# ------------------------------------------------------- replies to something else

@test "a 226 that comes before the end of a small file is not believed" {
    local size
    for size in 0 1000; do
        random_file "$T/file" "$size"
        scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR file")
say("150 Go\r\n226 Done\r\n")
assert receive(data)[1], "the end of a file that is not believed must be a reset"
quit()
PYTHON
        upload "$T/file"
        gave_up 76 'the server did not wait for all of it: 226 Done'
    done
}

@test "a 226 that comes before the end of a pipe is not believed" {
    mkfifo "$T/pipe"
    scripted <<'PYTHON'
pipe = open(os.open(os.path.dirname(ROOT) + "/pipe", os.O_RDWR), "wb") # waits for nobody
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR pipe")
say("150 Go\r\n")
pipe.write(b"one")
pipe.flush()
got = data.accept()[0]
assert got.recv(3) == b"one"
conn.sendall(b"226 Done\r\n") # is there before the pipe has ended
pipe.close()
try:
    assert got.recv(1) == b"-", "the end of a file that is not believed must be a reset"
except ConnectionResetError:
    pass
quit()
PYTHON
    upload "$T/pipe"
    [ "$status" = 76 ]
    [[ $stderr == "client: $T/pipe: $SERVER: the server did not wait for all of it: 226 Done" ]]
    script_done
}

@test "a reply that comes twice is not taken for that to the next command" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n220 Hello again\r\n")
hear("FEAT")
say("500 What?\r\n500 What?\r\n")
hear("USER anonymous")
say("331 Password?\r\n331-Password?\r\n331 I said\r\n")
hear("PASS client@")
say("230 Fine\r\n")
hear("TYPE I")
say("200 Binary\r\n")
for name in "file", "next":
    hear("EPSV")
    data = passive("229 Extended (|||{port}|)\r\n")
    hear("STOR " + name)
    say("150 Go\r\n")
    store(name, receive(data)[0])
    say("226 Done\r\n226 Done\r\n")
quit()
PYTHON
    upload "$T/file" "$T/next"
    [ "$status" = 0 ]
    script_done
    stored "$T/file" "$T/next"
}

@test "a 226 of an earlier file does not confirm the next one" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 Go\r\n")
lines.read(1000)
say("226 Done\r\n226 Done\r\n226 Done\r\n")
hear("ALLO 1000", "STOR next")
lines.read(1000)
ended()
PYTHON
    upload "$T/file" "$T/next"
    [ "$status" = 76 ]
    [ "$stderr" = "client: $T/next: $SERVER: 226 Done" ]
    script_done
}

@test "a server that takes its leave without having been asked is heard" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 Go\r\n")
lines.read(1000)
say("226 Done\r\n421 I must go\r\n")
accept()
say("220 Hello\r\n")
hear("ALLO 1000", "STOR last")
say("200 ok\r\n150 Go\r\n")
store("last", lines.read(1000))
say("226 Done\r\n")
quit()
PYTHON
    upload "$T/file" "$T/next" "$T/last"
    [ "$status" = 75 ]
    [ "$stderr" = "client: $T/next: $SERVER: 421 I must go" ]
    script_done
    stored "$T/last"
}

@test "a 226 right behind STOR, without 150, confirms nothing" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR file")
say("226 Done\r\n")
receive(data)
quit()
PYTHON
    upload "$T/file"
    gave_up 76 '226 Done'
}

# --------------------------------------------------------------------- terminals

@test "what is shown of replies and names does nothing at a terminal, and UTF-8 stays readable" {
    scripted <<'PYTHON'
accept()
conn.sendall(b"220-raw \x9b2J\x9d0;title\x9c \x85 \x80\x9f\xff\r\n")
conn.sendall(b"220-coded \xc2\x9b2J \xc2\x80 \xc2\x9f \xc2\xa0.\r\n")
conn.sendall(b"220-turned \xe2\x80\xae \xe2\x81\xa6 \xe2\x80\xa8 \xd8\x9c\r\n")
conn.sendall(b"220-plain\t\\ Gr\xc3\xbc\xc3\x9fe \xe2\x82\xac \xd1\x8f \xf0\x9f\x98\x80\r\n")
conn.sendall(b"220-cut \xe2\x82\r\n220-long \xc0\x9b \xe0\x82\x9b\r\n")
conn.sendall(b"220-" + b"x" * 4090 + b"\xe2\x82\xac\x9b\r\n220 \x1b[1m\x7f\x9b1m\r\n")
hear("FEAT")
conn.sendall(b"421 \x9b5mbusy \xc3\xbc\r\n")
PYTHON
    local name=$T/$'\x9b2J\xc2\x9b2J\e[2J\xc3\xbc'
    random_file "$name" 10
    upload "$name"
    [ "$status" = 75 ]
    grep -axF '220-raw ?2J?0;title? ? ???' <<<"$output"
    grep -axF '220-coded ??2J ?? ?? '$'\xc2\xa0''.' <<<"$output"
    grep -axF '220-turned ??? ??? ??? ??' <<<"$output"
    grep -axF $'220-plain\t\\ Gr\xc3\xbc\xc3\x9fe \xe2\x82\xac \xd1\x8f \xf0\x9f\x98\x80' <<<"$output"
    grep -axF '220-cut ??' <<<"$output"
    grep -axF '220-long ?? ???' <<<"$output"
    grep -axF '220 ?[1m??1m' <<<"$output"
    [[ $stderr == *$'421 ?5mbusy \xc3\xbc'* ]]
    [[ $stderr == "client: $T/"$'?2J??2J?[2J\xc3\xbc: 127.0.0.1:'* ]]
    harmless "$output$stderr"
}

@test "a file that is taken for an option does nothing at a terminal" {
    local name
    for name in $'--\x9b2J' $'--\xc2\x9b2J' $'--\e[2J'; do
        run --separate-stderr "$CLIENT" "$name"
        [ "$status" = 64 ]
        [[ $stderr == 'client: --?'*'2J: no such option'* ]]
    done
    run --separate-stderr "$CLIENT" $'-\x9b'
    [ "$status" = 64 ]
    [[ $stderr == 'client: -?: no such option'* ]]
}
