# Uploads over data connections.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "data: PASV and EPSV over IPv4, also on a dual-stack socket" {
    for kind in tcp mapped; do
        for verb in PASV EPSV 'EPSV 1'; do
            talk -o "$kind" <<STEPS
binary
> $verb
< ...
> STOR x
< 150
put a\\r\\n\\0b
< 226
file x a\\r\\n\\0b
STEPS
        done
        talk -o "$kind" <<'STEPS'
< 220
> EPSV 2
< 522 use \(1\)
> EPSV x
< 501
STEPS
    done
}

@test "data: EPSV over IPv6" {
    for verb in EPSV 'EPSV 2' 'epsv'; do
        talk -o tcp6 <<STEPS
binary
> $verb
< 229
> STOR x
< 150
put hello
< 226
file x hello
> EPSV 1
< 522 use \\(2\\)
> PASV
< 502 EPSV
STEPS
    done
}

@test "data: over a local socket or a pipe, data connections are on loopback" {
    for kind in unix pair pipe; do
        for verb in PASV EPSV; do
            talk -o "$kind" <<STEPS
binary
> $verb
< ...
> STOR x
< 150
put hello
< 226
file x hello
STEPS
        done
    done
}

@test "data: EPSV ALL refuses every other way" {
    talk <<'STEPS'
< 220
> EPSV ALL
< 200
> PASV
< 501
> EPSV
< 229
> STOR x
< 150
put hello
< 226
file x hello
STEPS
}

@test "data: each upload needs a fresh data connection" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR a
< 150
put one
< 226
> STOR b
< 425
> EPSV
< 229
> PASV
< 227
> STOR b
< 150
put two
< 226
file a one
file b two
STEPS
    root_holds a b
}

@test "data: the client may connect before or after STOR, and send before it reads" {
    talk <<'STEPS'
binary
> EPSV
< 229
connect
data early
> STOR a
< 150
data  and late
done
< 226
file a early and late
STEPS
}

@test "data: 0 bytes, 1 byte, and 20 MB arrive whole" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR a
< 150
put
< 226
> EPSV
< 229
> STOR b
< 150
put x
< 226
> EPSV
< 229
> STOR c
< 150
put@ 20000003
< 226
file a 
file b x
file@ c 20000003
STEPS
}

@test "data: TYPE A turns CR LF into LF, and is what RFC 959 has without TYPE" {
    for type in 'TYPE A' NOOP; do
        talk <<STEPS
< 220
> $type
< 200
> EPSV
< 229
> STOR x
< 150
put a\\r\\nb\\rc\\n\\r\\r\\nd\\r
< 226
file x a\\nb\\rc\\n\\r\\nd\\r
STEPS
    done
}

@test "data: TYPE A turns CR NUL into CR, however it is split" {
    talk <<'STEPS'
< 220
> TYPE A
< 200
> EPSV
< 229
> STOR java
< 150
put one\r\0\r\ntwo\r\n
< 226
file java one\r\ntwo\n
> EPSV
< 229
> STOR split
< 150
connect
data one\r
> NOOP
< 200
data \0\r
> NOOP
< 200
data \ntwo\0\r
> NOOP
< 200
data \0
done
< 226
file split one\r\ntwo\0\r
> TYPE I
< 200
> EPSV
< 229
> STOR image
< 150
put one\r\0\r\ntwo
< 226
file image one\r\0\r\ntwo
STEPS
}

@test "data: only the host of the control connection is let in" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect-from 127.0.0.2
STEPS
    logged 'Refused data connection from 127.0.0.2'
    # it does not keep the client itself out
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR y
< 150
connect-from 127.0.0.2
done
put mine
< 226
file y mine
STEPS
    root_holds y
}

@test "data: nobody connects, 425" {
    talk --connect-timeout 1 <<'STEPS'
< 220
> EPSV
< 229
> STOR x
< 150
< 425
> NOOP
< 200
STEPS
    root_holds
}

@test "data: a data connection that is reset or stalls publishes nothing (promise 3)" {
    echo old >"$ROOT/x"
    talk --stall-timeout 1 <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data half
reset
< 426 reset
> EPSV
< 229
> STOR x
< 150
connect
data half
< 426 too long
> NOOP
< 200
file x old\n
STEPS
    published_are x
    logged 'Upload failed: /x .*, reset\)'
    logged 'Upload failed: /x .*, stalled\)'
}

@test "data: fewer bytes than ALLO announced publish nothing (promise 3)" {
    talk <<'STEPS'
binary
> ALLO 6
< 200
> EPSV
< 229
> STOR x
< 150
put hello
< 426 fewer
> EPSV
< 229
> STOR x
< 150
put hello
< 226
> ALLO 5
< 200
> EPSV
< 229
> STOR y
< 150
put hello
< 226
STEPS
    root_holds x y
    logged 'File uploaded: /y .*, size\)'
}

@test "data: a client that vanished from the control connection gets nothing published (promise 3)" {
    for how in leave vanish; do
        talk <<STEPS
binary
> EPSV
< 229
> STOR x
< 150
connect
data all of it
$how
done
STEPS
    done
    published_are
    [ "$(grep -cE 'Upload failed: /x .*, vanished\)' "$T/log")" = 2 ]
}

@test "data: a client that vanishes or aborts while its file is synced gets nothing published (promise 3)" {
    echo old >"$ROOT/x"
    slow_sync <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
put half of a file
leave
STEPS
    grep -qx old "$ROOT/x"
    slow_sync <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
put half of a file
> ABOR
< 426
< 226
file x old\n
STEPS
    slow_sync <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
put a whole file
> QUIT
eof
< 226
< 221
closed
file x a whole file
STEPS
    root_holds x
}

@test "data: only QUIT excuses a client that has gone, another command does not (promise 3)" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data half
>> PWD\r\nNOOP\r\n
leave
done
STEPS
    published_are
    logged 'Upload failed: /x .*, vanished\)'
}

@test "data: a client that has gone is excused by what is read as QUIT, and by nothing else (promise 3)" {
    # quits WORDS NAME: a client sends these commands, has gone, and then the upload ends
    quits() {
        talk <<STEPS
binary
> EPSV
< 229
> STOR $2
< 150
connect
data half
>> $1
leave
done
STEPS
    }
    local line
    for line in 'QUIT\r\n' 'PWD\r\nQUIT bye\r\n' 'PWD\r\n\0quit\r\r\n' 'PWD\r\n\xff\xf1QUIT\n' 'PWD\r\nQUIT'; do
        quits "$line" stored
        rm "$ROOT/stored"
    done
    for line in 'QUITX\r\n' 'PWD\r\nQUITX\r\n' 'PWD\r\nquitter bye\r\n' 'PWD\r\nSIZE QUIT\r\n' 'PWD\r\n QUIT\r\n' \
        'PWD\r\nQUIT\0\r\n' 'PWD\r\nQUI'; do
        quits "$line" lost
    done
    published_are
}

@test "data: commands sent during a transfer: NOOP is answered, others wait, QUIT is deferred" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data hel
> NOOP
< 200
>> PWD\r\nQUIT\r\n
eof
data lo
done
< 226
< 257
< 221
closed
file x hello
STEPS
}
