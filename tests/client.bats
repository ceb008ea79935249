# The uploader, `client`, with our server and everybody else's; and the
# tutorial's own pair, which must go on working with ours.
# bats file_tags=asan,slow
# shellcheck disable=SC2153,SC2154 # stderr and stderr_lines come from run

bats_require_minimum_version 1.5.0
load client

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# --------------------------------------------------- the tutorial's own pair

@test "the tutorial's client uploads to the tutorial's server" {
    tutorial_server
    make_files
    for file in "${FILES[@]}"; do
        tutorial_client "$file" | grep -x $'150 .*\r'
        wait_for cmp "$file" "$ROOT/${file##*/}"
    done
}

@test "the tutorial's client uploads to our server" {
    serve
    make_files
    for file in "${FILES[@]}"; do
        tutorial_client "$file" >"$T/out"
        grep -x $'220 Welcome to the FTP server\r' "$T/out"
        grep -x $'150 .*\r' "$T/out"
        wait_for cmp "$file" "$ROOT/${file##*/}"
    done
}

@test "our client uploads to the tutorial's server, a connection for each file" {
    tutorial_server
    make_files
    upload "${FILES[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "${FILES[@]}"
    [ "$(sessions)" = 4 ]
    [ "$(grep -cx '226 File uploaded successfully' <<<"$output")" = 4 ]
}

@test "our client uploads to our server, all files in one session" {
    serve
    make_files
    upload "${FILES[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "${FILES[@]}"
    [ "$(sessions)" = 1 ]
    [ "$(grep -c '^226 ' <<<"$output")" = 4 ]
    [ "$(tail -n 1 <<<"$output" | cut -c -4)" = '221 ' ]
}

@test "when our server refuses a file its reply is shown, and the others are uploaded" {
    serve
    make_files
    mkdir "$ROOT/large"
    upload "$T/byte" "$T/large" "$T/mebibyte"
    [ "$status" = 1 ]
    [[ $output == *$'\n553 '* ]]
    [[ $stderr == "client: $T/large: $SERVER: 553 "* ]]
    [ "${#stderr_lines[@]}" = 1 ]
    stored "$T/byte" "$T/mebibyte"
    [ "$(ls -A "$ROOT/large")" = '' ]
}

# ------------------------------------------------------------ other servers

@test "our client uploads to vsftpd, all files in one session" {
    vsftpd
    make_files
    upload "${FILES[@]}"
    [ "$status" = 0 ]
    stored "${FILES[@]}"
    [ "$(sessions)" = 1 ]
}

@test "our client uploads to pure-ftpd, all files in one session" {
    pure_ftpd
    make_files
    upload "${FILES[@]}"
    [ "$status" = 0 ]
    stored "${FILES[@]}"
    [ "$(grep -c '^230 ' <<<"$output")" = 1 ]
}

@test "text goes to ordinary servers unchanged, line ends and all" {
    vsftpd ascii_upload_enable=YES
    printf 'a\nb\r\nc\r\0d\377\377e' >"$T/text"
    upload "$T/text"
    [ "$status" = 0 ]
    stored "$T/text"
}

@test "our client goes on with the next file when vsftpd refuses one" {
    vsftpd
    random_file "$T/once" 1000
    random_file "$T/next" 1000
    upload "$T/once"
    [ "$status" = 0 ]
    upload "$T/once" "$T/next" # anonymous users replace nothing there
    [ "$status" = 1 ]
    [[ $output == *$'\n553 '* ]]
    [[ $stderr == "client: $T/once: $SERVER: 553 "* ]]
    stored "$T/next"
    [ "$(sessions)" = 1 ]
}

@test "a refused login is reported and nothing is sent" {
    vsftpd anonymous_enable=NO local_enable=YES
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 77 ]
    [[ $output == *$'\n530 '* ]]
    [[ $stderr == *'530 '* ]]
    [ ! -e "$ROOT/file" ]
}

@test "where EPSV is not known, PASV is used, but not the address in its reply" {
    scripted <<'PYTHON'
greet_ordinary()
for name in "one", "two":
    if name == "one":
        refuse("EPSV")
    hear("PASV")
    data = passive("227 Entering Passive Mode (192,0,2,1,{high},{low}).\r\n")
    hear("STOR " + name)
    say("150 Go\r\n")
    store(name, receive(data)[0])
    say("250 Done\r\n")
quit()
PYTHON
    random_file "$T/one" 100000
    random_file "$T/two" 100000
    upload "$T/one" "$T/two"
    [ "$status" = 0 ]
    script_done
    stored "$T/one" "$T/two"
}

@test "where the port of EPSV does not answer, PASV is used" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = socket.create_server(("127.0.0.1", 0))
dead = data.getsockname()[1]
data.close()
say(f"229 Extended ($$${dead}$)\r\n")
hear("PASV")
data = passive("227 =127,0,0,1,{high},{low}\r\n")
hear("STOR file")
say("125 Go\r\n")
store("file", receive(data)[0])
say("226 Done\r\n")
quit()
PYTHON
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "an ordinary server without EPSV and PASV never gets file bytes as commands" {
    scripted <<'PYTHON'
greet_ordinary()
refuse("EPSV", "PASV", reply="502 No\r\n")
quit()
PYTHON
    echo 'DELE file' >"$T/file"
    upload "$T/file"
    [ "$status" = 1 ]
    [[ $stderr == *"$T/file: $SERVER: 502 No"* ]]
    script_done
}

# ------------------------------------------------------------------- replies

@test "replies split over many packets are understood" {
    scripted <<'PYTHON'
accept()
say("2", "20", " hel", "lo\r", "\n")
hear("FEAT")
say("211-Feat", "ures:\r\n", " INLI", "NE ALLO\r\n21", "1", " End\r", "\n")
hear("ALLO 5", "STOR file")
say("200 ok\r\n15", "0 go\r\n")
store("file", lines.read(5))
say("226", " done\r\n")
quit()
PYTHON
    random_file "$T/file" 5
    upload "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "several replies in one packet are understood" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 0", "STOR nothing")
say("200 ok\r\n150 go\r\n226 done\r\n")
hear("ALLO 3", "STOR three")
say("200 ok\r\n150 go\r\n")
store("three", lines.read(3))
say("226 done\r\n")
quit()
PYTHON
    random_file "$T/nothing" 0
    random_file "$T/three" 3
    upload "$T/nothing" "$T/three"
    [ "$status" = 0 ]
    script_done
    stored "$T/three"
}

@test "replies of many lines end where RFC 959 says" {
    scripted <<'PYTHON'
accept()
say("220-Hello\r\n 220 not yet\r\n230 another\r\n220-\r\n\r\n2201\r\n220 Now\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("ALLO 3", "STOR three")
say("200-ok\r\n200 ok\r\n150-go\r\n226 no\r\n150 go\r\n")
store("three", lines.read(3))
say("226-Stored\r\n550 not an error\r\n226 Stored\r\n")
quit()
PYTHON
    random_file "$T/three" 3
    upload "$T/three"
    [ "$status" = 0 ]
    script_done
    stored "$T/three"
    [[ $output == *$'226-Stored\n550 not an error\n226 Stored\n'*$'\n221 Bye' ]]
}

@test "a refusal of many lines is a refusal, and its last line is the message" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 3", "STOR three")
say("200 ok\r\n553-226 looks like success\r\n226 so does this\r\n553 Name not allowed\r\n")
PYTHON
    random_file "$T/three" 3
    upload "$T/three"
    [ "$status" = 1 ]
    [ "$stderr" = "client: $T/three: $SERVER: 553 Name not allowed" ]
}

@test "replies without a line end count after a silence" {
    scripted <<'PYTHON'
accept()
say("220 Hello")
refuse("FEAT", "USER anonymous", "TYPE I", "EPSV", "PASV", reply="500 What?")
hear("STOR file")
say("150 Go")
store("file", lines.read())
say("226 Done")
PYTHON
    random_file "$T/file" 100000
    upload "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "a line end that comes after the silence does not become a reply" {
    scripted <<'PYTHON'
accept()
say("220 Hel")
hear("FEAT")
say("lo there\r\n211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("ALLO 3", "STOR three")
say("200 ok\r\n150 go")
store("three", lines.read(3))
say("\r\n226 done\r\n")
quit()
PYTHON
    random_file "$T/three" 3
    upload "$T/three"
    [ "$status" = 0 ]
    script_done
    stored "$T/three"
}

@test "lines and replies of any length are safe" {
    scripted <<'PYTHON'
accept()
say("220-" + "x" * 100000 + "\r\n", "221 220" * 10000 + "\r\n" * 100, "220 " + "y" * 4092, "y\r\n")
hear("FEAT")
say("211-Features:\r\n" + " LONG\r\n" * 2000 + " INLINE\0ALLO\r\n211 End\r\n")
refuse("USER anonymous", "TYPE I", "EPSV", "PASV")
hear("STOR file")
say("150 Go\r\n")
store("file", lines.read())
say("226 Done\r\n")
PYTHON
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "what is not an FTP server is reported" {
    scripted <<'PYTHON'
accept()
say("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
PYTHON
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 76 ]
    [[ $stderr == *'not an FTP server'* ]]
}

@test "a server cannot send commands to the terminal" {
    scripted <<'PYTHON'
accept()
say("220-\33[31mred\7\r\n421 no\33[0m\r\n220 \33]0;title\7\r\n")
hear("FEAT")
say("421 \33[5mbusy\r\n")
PYTHON
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 75 ]
    [[ $output$stderr != *[$'\33\7']* ]]
    [[ $output == *'220-?[31mred?'* ]]
    [[ $stderr == *'421 ?[5mbusy'* ]]
}

# ------------------------------------------------------------------ failures

@test "a server that refuses while the file is being sent is heard, and the next file sent" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 67108864", "STOR large")
say("200 ok\r\n150 go\r\n")
lines.read(1000)
say("552 Too large\r\n")
lines.close()
conn.close() # with unread input: a reset
accept()
say("220 Hello\r\n")
hear("ALLO 3", "STOR three")
say("200 ok\r\n150 go\r\n")
store("three", lines.read(3))
say("226 done\r\n")
quit()
PYTHON
    truncate -s 64M "$T/large"
    random_file "$T/three" 3
    upload "$T/large" "$T/three"
    [ "$status" = 73 ]
    [ "$stderr" = "client: $T/large: $SERVER: 552 Too large" ]
    [[ $output == *$'\n552 Too large\n'* ]]
    script_done
    stored "$T/three"
}

@test "a refusal is heard even when the connection breaks with it" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
refuse("FEAT", "USER anonymous", "TYPE I", "EPSV", "PASV")
hear("STOR large")
conn.sendall(b"150 go\r\n")
lines.read(1000)
conn.sendall(b"552 Too large\r\n")
lines.close()
conn.close()
PYTHON
    truncate -s 64M "$T/large"
    upload "$T/large"
    [ "$status" = 73 ]
    [ "$stderr" = "client: $T/large: $SERVER: 552 Too large" ]
}

@test "a server that refuses on the way and closes the data connection is heard, and the session goes on" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
got = data.accept()[0]
got.recv(1000)
got.close()
say("552 Too large\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR three")
say("150 Go\r\n")
store("three", receive(data)[0])
say("226 Done\r\n")
quit()
PYTHON
    truncate -s 64M "$T/large"
    random_file "$T/three" 3
    upload "$T/large" "$T/three"
    [ "$status" = 73 ]
    [ "$stderr" = "client: $T/large: $SERVER: 552 Too large" ]
    script_done
    stored "$T/three"
}

@test "a server that claims success before it has all the bytes is not believed" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n226 Done\r\n")
assert receive(data)[1], "the end of a file that is not whole must be a reset"
quit()
PYTHON
    truncate -s 64M "$T/large"
    upload "$T/large"
    [ "$status" = 76 ]
    [[ $stderr == "client: $T/large: "*'226 Done' ]]
    script_done
}

@test "a server that closes without a 226 has not got the file" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR one")
say("200 ok\r\n150 go\r\n")
lines.read(1000)
lines.close()
conn.close()
accept()
say("220 Hello\r\n")
hear("ALLO 1000", "STOR two")
say("200 ok\r\n150 go\r\n")
lines.read(1000)
say("226-but this reply never ends\r\n")
lines.close()
conn.close()
PYTHON
    random_file "$T/one" 1000
    random_file "$T/two" 1000
    upload "$T/one" "$T/two"
    [ "$status" = 75 ]
    [[ $stderr == "client: $T/one: "*closed*"client: $T/two: "*closed* ]]
    script_done
}

@test "the tutorial's server, closing without a 226, has not got the file" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
refuse("FEAT", "USER anonymous", "TYPE I", "EPSV", "PASV")
hear("STOR file")
say("150 Go\r\n")
lines.read()
lines.close()
conn.close()
PYTHON
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 75 ]
    [[ $stderr == "client: $T/file: "*closed* ]]
    script_done
}

@test "replies other than 226 and 250 after the bytes are failures" {
    scripted <<'PYTHON'
greet_inline()
for name, reply in ("one", "451 Local error\r\n"), ("two", "200 Fine\r\n"):
    hear("ALLO 3", "STOR " + name)
    say("200 ok\r\n150 go\r\n")
    lines.read(3)
    say(reply)
    accept()
    say("220 Hello\r\n")
hear("ALLO 3", "STOR three")
say("200 ok\r\n150 go\r\n")
lines.read(3)
say("250 Fine\r\n")
quit()
PYTHON
    local name
    for name in one two three; do random_file "$T/$name" 3; done
    upload "$T/one" "$T/two" "$T/three"
    [ "$status" = 75 ]
    [[ $stderr == *'451 Local error'*'200 Fine' ]]
    script_done
}

@test "where ALLO is refused no bytes of a large file are sent, and the connection is reset" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 67108864", "STOR large")
say("552 No room\r\n150 go\r\n")
try:
    got = lines.read(1)
except ConnectionResetError:
    got = "reset"
assert got == "reset", got
PYTHON
    truncate -s 64M "$T/large"
    upload "$T/large"
    [ "$status" = 73 ]
    [ "$stderr" = "client: $T/large: $SERVER: 552 No room" ]
    script_done
}

@test "a file that shrinks while it is sent ends in a reset and a message" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 67108864", "STOR large")
say("200 ok\r\n150 go\r\n")
os.truncate(os.path.dirname(ROOT) + "/large", 10)
try:
    while lines.read1(65536): pass
    got = "end"
except ConnectionResetError:
    got = "reset"
assert got == "reset", got
PYTHON
    truncate -s 64M "$T/large"
    upload "$T/large"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/large: became shorter while it was sent" ]
    script_done
}

@test "an uploader that is killed leaves a reset, not what looks like a whole file" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
os.kill(int(open(os.path.dirname(ROOT) + "/pid").read()), 9)
assert receive(data)[1], "not a reset"

accept()
say("220 Hello\r\n")
refuse("FEAT", "USER anonymous", "TYPE I", "EPSV", "PASV")
hear("STOR large")
say("150 Go\r\n")
os.kill(int(open(os.path.dirname(ROOT) + "/pid").read()), 9)
try:
    while lines.read1(65536): pass
    got = "end"
except ConnectionResetError:
    got = "reset"
assert got == "reset", got
PYTHON
    truncate -s 64M "$T/large"
    for _ in 1 2; do
        # shellcheck disable=SC2016 # expanded there
        run sh -c 'echo $$ >"$T/pid" && exec "$@"' sh "$CLIENT" -h 127.0.0.1 -p "$PORT" "$T/large"
        [ "$status" = 137 ]
    done
    script_done
}

@test "of a file that grows while it is sent, what was announced is sent" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000000", "STOR log")
with open(os.path.dirname(ROOT) + "/log", "ab") as file:
    file.write(b"NOOP\r\n" * 1000)
say("200 ok\r\n150 go\r\n")
store("log", lines.read(1000000))
say("226 done\r\n")
quit()
PYTHON
    random_file "$T/log" 1000000
    upload "$T/log"
    [ "$status" = 0 ]
    script_done
    head -c 1000000 "$T/log" >"$T/before"
    same "$T/before" "$ROOT/log"
}

@test "what cannot be opened or named is reported, and the other files are sent" {
    tutorial_server
    random_file "$T/good" 1000
    random_file "$T/bad"$'\r\n'"DELE good" 1000
    mkdir "$T/folder"
    upload "$T/missing" "$T/folder" "$T/folder/" '' "$T/good"
    [ "$status" = 66 ]
    stored "$T/good"
    [ "$(ls "$ROOT")" = good ]
    [ "${#stderr_lines[@]}" = 4 ]
    [[ ${stderr_lines[0]} == "client: $T/missing: No such file"* ]]
    [[ ${stderr_lines[1]} == "client: $T/folder: Is a directory"* ]]
    rm "$ROOT/good"
    upload "$T/good" "$T/bad"$'\r\n'"DELE good"
    [ "$status" = 64 ]
    [[ ${stderr_lines[0]} == "client: $T/bad??DELE good: a name with a line break"* ]]
    [ ! -e "$ROOT/good" ]
}

@test "nobody listening, or no such host, is reported" {
    free_port
    random_file "$T/other" 1000
    random_file "$T/file" 1000
    upload "$T/file" "$T/other"
    [ "$status" = 69 ]
    [ "${stderr_lines[0]}" = "client: $T/file: $SERVER: cannot connect: Connection refused" ]
    [ "${stderr_lines[1]}" = "client: 1 more file: not sent" ]

    run --separate-stderr "$CLIENT" -h '300.1.1.1' "$T/file"
    [ "$status" = 68 ]
    [[ $stderr == "client: $T/file: 300.1.1.1:22000: "* ]]
}

@test "a server too busy to talk is reported" {
    scripted <<'PYTHON'
accept()
say("120 Wait\r\n")
say("421 Too many connections\r\n")
PYTHON
    random_file "$T/file" 1000
    upload "$T/file"
    [ "$status" = 75 ]
    [[ $stderr == *'421 Too many connections'* ]]
}

# ------------------------------------------------------------------- sources

# A pipe's size is not known, so it cannot be announced.
@test "pipes are sent to their end, to every kind of server" {
    local server
    for server in serve tutorial_server vsftpd; do
        random_file "$T/data" 300000
        random_file "$T/after" 10
        mkfifo "$T/pipe"
        "$server"
        spawn dd if="$T/data" of="$T/pipe" bs=10000 status=none
        upload "$T/pipe" "$T/after"
        [ "$status" = 0 ]
        same "$T/data" "$ROOT/pipe"
        stored "$T/after"
        kill_spawned
        rm -rf "$T/pipe" "$T/empty" "${ROOT:?}"/*
    done
}

@test "files of /proc, which hide their size, are sent whole" {
    serve
    upload /proc/version /proc/sys/kernel/ostype
    [ "$status" = 0 ]
    same /proc/version "$ROOT/version"
    same /proc/sys/kernel/ostype "$ROOT/ostype"
}

@test "names arrive as they are: blanks, UTF-8, byte 255, a leading hyphen" {
    serve
    local name names=(' a  b ' 'Grüße €' $'\xff' $'a\xff\xffb' '-x' '%s%n' '..x' '"')
    cd "$T"
    for name in "${names[@]}"; do printf '%s' "$name" >"./$name"; done
    upload -- "${names[@]}"
    [ "$status" = 0 ]
    for name in "${names[@]}"; do same "./$name" "$ROOT/$name"; done
    [ "$(find "$ROOT" -mindepth 1 ! -path "*/.stord.unfinished*" | wc -l)" = "${#names[@]}" ]
}

# ------------------------------------------------------------------- options

@test "-q prints no replies, but refusals are still reported" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 3", "STOR three")
say("200 ok\r\n150 go\r\n")
store("three", lines.read(3))
say("226 done\r\n")
hear("ALLO 3", "STOR four")
say("200 ok\r\n550 Not again\r\n")
PYTHON
    random_file "$T/three" 3
    random_file "$T/four" 3
    upload -q "$T/three" "$T/four"
    [ "$status" = 77 ]
    [ "$output" = '' ]
    [ "$stderr" = "client: $T/four: $SERVER: 550 Not again" ]
}

@test "localhost and port 22000 are what is used when nothing else is asked for" {
    # On a loopback interface of its own, where nobody else has the port.
    spawn unshare -rn sh -c 'ip link set lo up && exec "$@"' sh \
        "$(command -pv python3)" "$TOP/tests/tutorial/server.py" 22000 "$ROOT"
    wait_for grep -x 'listening on 127.0.0.1:22000' "$SPAWN_LOG"
    random_file "$T/file" 1000
    nsenter -U --preserve-credentials -n -t "$SPAWN_PID" timeout 120 "$CLIENT" "$T/file"
    stored "$T/file"
}

@test "IPv6 works, inline and with data connections" {
    random_file "$T/inline" 1000
    serve6
    timeout 120 "$CLIENT" -h ::1 -p "$PORT" "$T/inline"
    stored "$T/inline"

    random_file "$T/data" 1000
    vsftpd listen=NO listen_ipv6=YES listen_address6=::1
    timeout 120 "$CLIENT" -h ::1 -p "$PORT" "$T/data"
    stored "$T/data"
}

@test "--help tells how the program is used" {
    run --separate-stderr "$CLIENT" --help
    [ "$status" = 0 ]
    [[ $output == 'usage: client '*FILE*localhost*22000* ]]
    [ "$stderr" = '' ]
}

@test "--version names the program and its version" {
    run "$CLIENT" --version
    [ "$status" = 0 ]
    [[ $output == 'client (stord) '?* ]]
    [[ $output != *$'\n'* ]]
}

@test "wrong usage is answered with 64 before anything is sent" {
    local wrong
    for wrong in '' '-q' '-x file' '-p' '-p 0 file' '-p 65536 file' '-p 4294967297 file' '-p 99999999999999999999 file'; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$CLIENT" $wrong
        [ "$status" = 64 ]
        [ "$output" = '' ]
        [ "$stderr" != '' ]
    done
    run "$CLIENT" -p '' file
    [ "$status" = 64 ]
}
