# TLS on data connections: transfers, and commands meanwhile. How they end: tls_ends.bats; resumption: tls_resumption.bats.
# bats file_tags=asan
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # each test has its own environment
# shellcheck disable=SC2034 # WRAP is for session.bash
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }

# ------------------------------------------------------------------ transfers

@test "tls data: uploads of every size, over every kind of connection" {
    for kind in $(kinds); do
        for version in 1.2 1.3; do
            with_begun $version -- -o "$kind" <<'STEPS'
store empty
store one 1
> EPSV
< 229
> ALLO 10485761
< 200
> STOR large
< 150
put@ 10485761
< 226
file empty 
file one 1
file@ large 10485761
STEPS
            published_are empty large one
            nothing_unfinished
            rm "$ROOT"/*
        done
    done
}

@test "tls data: PASV, PORT and EPRT, and a client that connects first" {
    with_begun -- <<'STEPS'
> PASV
< 227
> STOR a
< 150
put pasv
< 226
listen
> EPRT {EPRT}
< 200
> STOR b
< 150
put eprt
< 226
listen
> PORT {PORT}
< 200
> STOR c
< 150
put port
< 226
file a pasv
file b eprt
file c port
STEPS
}

@test "tls data: TYPE A converts line ends, wherever records cut them" {
    for version in 1.2 1.3; do
        with_begun $version -- <<'STEPS'
> TYPE A
< 200
> EPSV
< 229
> STOR a
< 150
connect
data one\r
data \ntwo\r\n\r
data \n
data three\r
done
< 226
file a one\ntwo\n\nthree\r
> EPSV
< 229
> ALLO 10485761
< 200
> STOR b
< 150
put@ 10485761
< 226
store c
file c 
STEPS
        pattern 10485761 | command -p python3 -c 'import sys
sys.stdout.buffer.write(sys.stdin.buffer.read().replace(b"\r\n", b"\n"))' | same - "$ROOT/b"
    done
}

@test "tls data: downloads and listings" {
    pattern 10485761 >"$ROOT/large"
    : >"$ROOT/empty"
    for kind in tcp unix; do
        for version in 1.2 1.3; do
            with_begun $version -- -o "$kind" --allow upload,list,read <<'STEPS'
> EPSV
< 229
> RETR large
< 150
get@ 10485761
< 226
fetch RETR empty =~ ^$
fetch NLST =~ ^empty\r\nlarge\r\n$
fetch LIST =~ 10485761
fetch MLSD =~ size=10485761
> REST 10485760
< 350
fetch RETR large =~ ^.$
STEPS
        done
    done
}

@test "tls data: a client that ends TLS at once behind a download is answered, too" {
    pattern 100000 >"$ROOT/file"
    for end in drop reset; do
        with_begun -- --allow read <<STEPS
> EPSV
< 229
> RETR file
< 150
connect
read@ 100000
$end
< 226
> NOOP
< 200
STEPS
    done
}

@test "tls data: a download whose client leaves in the middle" {
    truncate -s 100M "$ROOT/file"
    with_begun -- --allow read <<'STEPS'
> EPSV
< 229
> RETR file
< 150
connect
read@ 100000
reset
< 426
> NOOP
< 200
STEPS
}

@test "tls data: PROT C and PROT P by turns" {
    with_begun -- <<'STEPS'
store a one
> PROT C
< 200
clear
store b two
> PROT P
< 200
private
store c three
file a one
file b two
file c three
STEPS
}

# ------------------------------------------------------------------ meanwhile

@test "tls data: ABOR in the middle of an upload" {
    for mode in lines segments; do
        with_begun -- -m $mode <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data hello
> ABOR
< 426
< 226
lost
nofile x
> NOOP
< 200
> EPSV
< 229
> STOR y
< 150
> ABOR
< 426
< 226
store y again
file y again
STEPS
    done
}

@test "tls data: commands in the middle of an upload: one, several in a record, and cut ones" {
    for mode in lines bytes segments; do
        with_begun -- -m $mode <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data one
> NOOP
< 200
whole NOOP\r\nNOOP\r\nSTAT\r\nNO
< 200
< 200
< 213|211
part OP\r\n
silence
data two
rest
< 200
whole NOOP\r\nPWD\r\nNOOP\r\nMKD d\r\n
< 200
data three
done
< 226
< 257
< 200
< 257
file x onetwothree
STEPS
        rm -r "${ROOT:?}"/*
    done
}

@test "tls data: commands while the handshake of the data connection is under way" {
    with_begun -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
> NOOP
< 200
clear
connect
whole NOOP\r\nNOOP\r\n
< 200
< 200
> ABOR
< 426
< 226
lost
> NOOP
< 200
STEPS
}

@test "tls data: a client that leaves the control connection in the middle of an upload" {
    for end in vanish eof; do
        : >"$T/log"
        with_begun -- <<STEPS
> EPSV
< 229
> STOR x
< 150
connect
data hello
$end
done
end
STEPS
        logged 'Upload failed: /x \(5 bytes, .*, vanished\)'
        published_are
    done
}

@test "tls data: QUIT behind another command, and the end, while an upload is under way" {
    # as without TLS: the client has not vanished, it has said all that it has to say
    for way in 'whole NOOP\r\nSIZE x\r\nQUIT\r\n' 'whole SIZE x\r\nQUIT\r\n' '> QUIT'; do
        rm -f "$ROOT/x"
        with_begun -- <<STEPS
> EPSV
< 229
> STOR x
< 150
connect
data hello
$way
notify
eof
done
end
file x hello
STEPS
    done
    for others in '> SIZE x' 'whole SIZE x\r\nPWD\r\n'; do
        rm "$ROOT/x"
        with_begun -- <<STEPS
> EPSV
< 229
> STOR x
< 150
connect
data hello
silence
$others
silence
> QUIT
notify
eof
silence
done
end
file x hello
STEPS
    done
}

@test "tls data: clear text, garbage or nothing on the data port: 425, and the session goes on" {
    with_begun -- --connect-timeout 1 <<'STEPS'
> EPSV
< 229
clear
> STOR x
< 150
connect
raw hello, this is no TLS at all
< 425 TLS: 
drop
> EPSV
< 229
> STOR x
< 150
connect
raw \x16\x03\x01\x02\x00\x01\x00\x01\xfcgarbage
raw \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff
< 425
drop
> EPSV
< 229
> STOR x
< 150
connect
drop
< 425
> EPSV
< 229
> STOR x
< 150
connect
reset
< 425
> EPSV
< 229
> STOR x
< 150
connect
< 425
drop
> EPSV
< 229
> STOR x
< 150
< 425 no connection was made in time
nofile x
private
store x hello
file x hello
STEPS
    published_are x
    nothing_unfinished
}

@test "tls data: an old version, or another protocol, on the data port" {
    for word in 1.1 alpn=http/1.1; do
        with_begun -- <<STEPS
> EPSV
< 229
> STOR x
< 150
private fresh $word
data-fails .
< 425 TLS: 
> NOOP
< 200
STEPS
    done
}

@test "tls data: an upload whose client stops in the middle of a record stalls" {
    with_begun -- --stall-timeout 1 <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data some
data-part more
< 426 no data came
lost
nofile x
> NOOP
< 200
STEPS
    logged 'Upload failed: /x \(4 bytes, .*, stalled\)'
}

@test "tls data: SIGTERM in the middle of an upload: 421 and a partial" {
    for rest in 'data-part more' 'data '; do
        : >"$T/log"
        with_begun -- <<STEPS
> EPSV
< 229
> STOR x
< 150
connect
data hello
$rest
silence
killed-by TERM
< 421
closed
lost
nofile x
STEPS
        logged 'Upload failed: /x \(5 bytes, .*, stopped\)'
        one_unfinished 4
        find "$ROOT" -mindepth 1 -delete
    done
}

@test "tls data: SIGTERM while a handshake is under way" {
    with_begun -- <<'STEPS'
> EPSV
< 229
clear
> STOR x
< 150
connect
silence
killed-by TERM
< 421
closed
STEPS
}
