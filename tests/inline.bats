# Inline uploads: the bytes of a file on the control connection itself.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }


@test "inline: an upload to end of input, over every kind of connection (promise 1)" {
    for kind in $(kinds); do
        talk -o "$kind" <<'STEPS'
< 220 ^220 Welcome to the FTP server$
> STOR x
< 150 ^150 File status okay; about to open data connection$
>> hello\r\n\0\xff\xff\nQUIT\r\n
eof
< 226 ^226 File uploaded successfully$
closed
file x hello\r\n\0\xff\xff\nQUIT\r\n
STEPS
        rm "$ROOT/x"
    done
}

@test "inline: bytes that came with the command are the beginning of the file" {
    printf 'STOR x\r\nhello\nworld' | "$HANDLER" --root "$ROOT" >"$T/out" 2>"$T/log"
    [ "$(cat "$ROOT/x")" = "$(printf 'hello\nworld')" ]
    printf '%s\r\n' '220 Welcome to the FTP server' \
        '150 File status okay; about to open data connection' \
        '226 File uploaded successfully' | cmp - "$T/out"
}

@test "inline: ALLO n takes exactly n bytes and the session goes on" {
    for mode in lines bytes packet; do
        talk -m "$mode" <<'STEPS'
< 220
> ALLO 5
< 200
> STOR a
< 150
>> hello
< 226
> NOOP
< 200
> ALLO 0
< 200
> STOR empty
< 150
< 226
> ALLO 3 R 80
< 200
> stor b
< 150
>> a\r\n
< 226
> QUIT
< 221 ^221 Goodbye$
closed
file a hello
file empty 
file b a\r\n
STEPS
    done
}

@test "inline: pipelined uploads in one piece" {
    talk -m packet <<'STEPS'
< 220
> ALLO 5
< 200
> STOR a
< 150
>> helloALLO 7\r\nSTOR b\r\nNOOP\r\n.NOOP\r\nALLO 1\nSTOR c\nxQUIT\n
< 226
< 200
< 150
< 226
< 200
< 200
< 150
< 226
< 221
file a hello
file b NOOP\r\n.
file c x
STEPS
}

@test "inline: large uploads arrive whole, with and without ALLO" {
    for kind in tcp unix pipe; do
        talk -o "$kind" <<'STEPS'
< 220
> ALLO 5000001
< 200
> STOR a
< 150
>>@ 5000001
< 226
> STOR b
< 150
>>@ 3000000
eof
< 226
closed
file@ a 5000001
file@ b 3000000
STEPS
    done
}

@test "inline: end of input before n bytes is 426 and nothing is published (promise 3)" {
    for kind in $(kinds); do
        echo old >"$ROOT/a"
        talk -o "$kind" <<'STEPS'
< 220
> ALLO 100
< 200
> STOR a
< 150
>> only this
eof
< 426 fewer bytes
closed
file a old\n
STEPS
        published_are a
    done
    logged 'Upload failed: /a \(9 bytes, .*, short\)'
}

@test "inline: a command without line end followed by silence" {
    for kind in $(kinds); do
        talk -o "$kind" --unterminated-wait 50 <<'STEPS'
< 220
>> STOR x
< 150
>> \r\ndata
eof
< 226
closed
file x \r\ndata
STEPS
    done
    talk --unterminated-wait 50 <<'STEPS'
< 220
>> QUIT
< 221
closed
STEPS
}

@test "inline: a command without line end followed by end of input" {
    for kind in $(kinds); do
        talk -o "$kind" --unterminated-wait 0 <<'STEPS'
< 220
>> STOR x
eof
< 150
< 226
closed
file x 
STEPS
        rm "$ROOT/x"
    done
    printf QUIT | "$HANDLER" --root "$ROOT" 2>/dev/null | grep -q ^221
    # but not what may be the first half of a line that was cut: behind another line, or of a verb
    # that nobody sends so
    echo old >"$ROOT/report"
    for bytes in 'NOOP\r\nSTOR report' 'DELE report' 'RNFR report' 'STOR report\r'; do
        # shellcheck disable=SC2059
        printf "$bytes" | "$HANDLER" --root "$ROOT" --allow upload,replace,delete >"$T/out" 2>/dev/null
        run grep -cE '^(150|250|226|350)' "$T/out"
        [ "$output" = 0 ] || fail "$bytes: $(cat "$T/out")"
    done
    [ "$(cat "$ROOT/report")" = old ]
}

@test "inline: silence ends no command that may go on" {
    # --unterminated-wait 0, another verb, a CR, the second half of a pipelined piece
    talk --unterminated-wait 0 <<'STEPS'
< 220
>> STOR x
silence
>> y\r\n
< 150
eof
< 226
file xy 
STEPS
    talk --unterminated-wait 50 <<'STEPS'
< 220
>> ALLO 5
silence
>> 0\r\n
< 200 50
>> NOOP\r\nSTOR na
< 200
silence
>> me\r\n
< 150
eof
< 426
nofile na
nofile name
STEPS
    talk --unterminated-wait 50 <<'STEPS'
binary
> EPSV
< 229
>> STOR repo
silence
>> rt.txt\r\n
< 150
put whole
< 226
nofile repo
file report.txt whole
STEPS
    talk --unterminated-wait 50 <<'STEPS'
< 220
>> STOR z\r
silence
>> \ndata
eof
< 150
< 226
file z data
STEPS
}

@test "inline: silence makes no file of a name that was cut off, whatever came in one piece with it" {
    local long piece kind
    long=$(printf 'x%.0s' {1..8185})
    for kind in $(kinds); do
        for piece in $'> ALLO 5\n< 200\n> STOR a\n< 150\n>> helloSTOR repo\n< 226' \
            $'> ALLO 5\n< 200\n> APPE a\n< 150\n>> hello\\r\\nSTOR repo\n< 226\n< 500' \
            $'> ALLO 20000\n< 200\n> STOR a\n< 150\n>> '"$(printf 'y%.0s' {1..20000})"$'STOR repo\n< 226' \
            ">> CLNT $long\\r\\nSTOR repo"$'\n< 200'; do
            talk -o "$kind" --unterminated-wait 50 <<<"< 220
$piece
silence
>> rt-2026.csv\\r\\n
< 150
>> whole
eof
< 226
nofile repo
file report-2026.csv whole" || fail "$kind: ${piece:0:60}"
            rm "$ROOT/report-2026.csv"
        done
    done
    # what is sent when that has been answered is no half of anything
    talk --unterminated-wait 50 <<'STEPS'
< 220
> ALLO 5
< 200
> STOR a
< 150
>> hello
< 226
>> STOR b
< 150
>> whole
eof
< 226
file b whole
STEPS
}

@test "inline: a refused upload ends the session and its bytes are never commands" {
    mkdir "$ROOT/folder"
    for name in folder no/such .stord.x 'a\x01b' '../x' 'folder/'; do
        talk <<STEPS
< 220
> STOR $name
< ... ^55[03] Failed to upload file: 
>> MKD evil\\r\\nALLO 1\\r\\nSTOR evil\\r\\nx
eof
closed
STEPS
        root_holds folder
    done
    # with ALLO too, and where the bytes came in one piece with the command
    talk -m packet <<'STEPS'
< 220
> ALLO 10
< 200
> STOR no/such
< 550
>> 0123456789MKD evil\r\n
closed
nofile evil
STEPS
    # behind an ALLO that was refused, for nobody knows then where the data would end
    talk -m packet <<'STEPS'
< 220
> ALLO 5x
< 501
> STOR y
< 501
>> helloMKD evil\r\n
closed
nofile y
nofile evil
STEPS
    for allo in ALLO 'ALLO 1\0' "ALLO $(printf '1%.0s' $(seq 9000))"; do
        talk -m packet <<STEPS
< 220
>> $allo\r\n
< 50[01]
> STOR y
< 501
>> helloMKD evil\r\n
closed
nofile y
nofile evil
STEPS
    done
    # no name, and verbs that are not there
    for command in STOR 'STOR ' APPE 'APPE ' 'STOU .stord.x' 'APPE folder'; do
        talk -m packet <<STEPS
< 220
> $command
< ... ^(501|553)
> MKD evil
closed
nofile evil
STEPS
    done
}

@test "inline: the reply of a refused upload is not lost though bytes keep coming" {
    talk <<'STEPS'
< 220
> STOR no/such
>>@ 3000000
< 550
eof
closed
STEPS
}

@test "inline: never once PASV, EPSV, PORT or EPRT was used" {
    for command in 'PASV x' 'EPSV 7' 'EPSV ALL' 'PORT 1,2' 'EPRT x'; do
        talk <<STEPS
< 220
> $command
< ...
> STOR x
< 425
> NOOP
< 200
nofile x
STEPS
    done
}

@test "inline: nor after an upload over a data connection" {
    for command in PASV EPSV; do
        talk <<STEPS
< 220
> $command
< ...
> STOR x
< 150
put hello
< 226
> STOR y
< 425
> NOOP
< 200
file x hello
nofile y
STEPS
    done
}

@test "inline: always binary, whatever TYPE says" {
    talk <<'STEPS'
< 220
> TYPE A
< 200
> ALLO 4
< 200
> STOR x
< 150
>> a\r\nb
< 226
file x a\r\nb
STEPS
}

@test "inline: FEAT announces it" {
    talk <<'STEPS'
< 220
> FEAT
< 211 \n INLINE ALLO\n
STEPS
}

@test "inline: a reset in the middle publishes nothing (promise 3)" {
    cat >"$T/reset.py" <<'PY'
import socket, subprocess, sys
l = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(l.getsockname())
s, _ = l.accept()
p = subprocess.Popen(sys.argv[1:], stdin=s, stdout=s)
s.close()
f = c.makefile("rb")
f.readline()
c.sendall(b"STOR reset\r\n")
f.readline()
c.sendall(b"x" * 100000)
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
f.close()
c.close()
sys.exit(p.wait())
PY
    command -p python3 "$T/reset.py" "$HANDLER" --root "$ROOT" 2>"$T/log"
    logged 'Upload failed: /reset \([0-9]+ bytes, .*, reset\)'
    [ ! -e "$ROOT/reset" ]
}
