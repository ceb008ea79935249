# RETR: what comes back to those who may read.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# reads [OPTION...] <<STEPS: talk, with the right to read
reads() { talk --allow upload,read,list "$@"; }

# fetch NAME [CURL-OPTION...]: with curl from `serve`, to $T/got
fetch() { curl -sS --max-time 20 -o "$T/got" "${@:2}" "ftp://127.0.0.1:$PORT/$1"; }

@test "retr: files of any size come back whole, with sendfile and without it" {
    local size wrap server=$HANDLER
    for size in 0 1 65536 65537 20000003; do random_file "$ROOT/$size" "$size"; done
    for wrap in '' "$DENY ENOSYS sendfile --" "$DENY EPERM openat2 sendfile --"; do
        printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$wrap" "$server" >"$T/wrapped"
        chmod +x "$T/wrapped"
        HANDLER=$T/wrapped serve --allow read,list
        for size in 0 1 65536 65537 20000003; do
            fetch "$size"
            same "$ROOT/$size" "$T/got"
        done
    done
}

large() {
    truncate -s 5000000000 "$ROOT/x"
    reads --allow upload,append,read,list <<'STEPS'
binary
> SIZE x
< 213 5000000000
append x hello
> SIZE x
< 213 5000000005
> MLST x
< 250 size=5000000005;
> REST 5000000000
< 350
fetch RETR x =~ ^hello$
STEPS
    [ "$(stat -c %s "$ROOT/x")" = 5000000005 ]
}

@test "retr: files of more than 4 GiB can be added to and read" {
    both_ways large
}

@test "retr: 150 tells how many bytes will come" {
    printf 'hello' >"$ROOT/x"
    reads <<'STEPS'
binary
> EPSV
< 229
> RETR x
< 150 \(5 bytes\)
get \Ahello\Z
< 226
> REST 2
< 350
> EPSV
< 229
> RETR x
< 150 \(3 bytes\)
get \Allo\Z
< 226
STEPS
}

@test "retr: TYPE A turns LF into CR LF, leaves CR LF, and is what RFC 959 has without TYPE" {
    printf 'a\nb\r\n\nc\rd' >"$ROOT/x" # where a CR stands alone, most clients would keep a NUL behind it
    for type in 'TYPE A' NOOP; do
        reads <<STEPS
< 220
> $type
< 200
> PASV
< 227
> RETR x
< 150
get \\Aa\\r\\nb\\r\\n\\r\\nc\\rd\\Z
< 226
STEPS
    done
}

@test "retr: large text files are converted whole" {
    seq 500000 >"$ROOT/x"
    serve --allow read,list
    fetch 'x;type=a' # curl converts back
    same "$ROOT/x" "$T/got"
    sed 's/$/\r/' "$ROOT/x" >"$T/crlf"
    command -p python3 - "$PORT" "$T/got" <<'END'
import ftplib, sys
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(sys.argv[1]))
ftp.login()
ftp.sendcmd("TYPE A")
with ftp.transfercmd("RETR x") as data, open(sys.argv[2], "wb") as file:
    while piece := data.recv(65536):
        file.write(piece)
ftp.voidresp()
END
    same "$T/crlf" "$T/got"
}

@test "retr: REST leaves out the beginning, for one transfer" {
    printf 'hello' >"$ROOT/x"
    reads <<'STEPS'
binary
> REST 4
< 350
fetch RETR x =~ \Ao\Z
fetch RETR x =~ \Ahello\Z
> REST 5
< 350
fetch RETR x =~ \A\Z
> REST 6
< 350
> EPSV
< 229
> RETR x
< 554 past the end
fetch RETR x =~ \Ahello\Z
> REST 4
< 350
fetch NLST =~ \Ax\r\n\Z
fetch RETR x =~ \Ahello\Z
> REST 9000000000000000000
< 350
> EPSV
< 229
> RETR x
< 554
STEPS
}

@test "retr: in TYPE A, REST counts what goes over the network" {
    printf 'a\nbc\n' >"$ROOT/x" # a CR LF b c CR LF
    local n=0 rest
    for rest in 'a\r\nbc\r\n' '\r\nbc\r\n' '\nbc\r\n' 'bc\r\n' 'c\r\n' '\r\n' '\n' ''; do
        reads <<STEPS
< 220
> TYPE A
< 200
> REST $n
< 350
fetch RETR x =~ \\A$rest\\Z
> REST 8
< 350
> EPSV
< 229
> RETR x
< 554
STEPS
        n=$((n + 1))
    done
    seq 100000 >"$ROOT/long"
    reads <<'STEPS'
< 220
> REST 688880
< 350
fetch RETR long =~ \A99999\r\n100000\r\n\Z
STEPS
}

only_plain_files() {
    mkdir "$ROOT/folder"
    mkfifo "$ROOT/fifo"
    echo secret >"$T/secret"
    echo secret >"$ROOT/.stord.x"
    echo fine >"$ROOT/file"
    ln -s ../secret "$ROOT/link"
    ln -s file "$ROOT/inner"
    ln -s .. "$ROOT/out"
    command -p python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$ROOT/socket"
    local steps='< 220' path
    for path in none folder / . fifo socket link inner out/secret ../secret "$T/secret" /../secret \
        .stord.x file/x "$(printf 'x%.0s' {1..300})"; do
        steps+=$'\n> EPSV\n< 229\n> RETR '$path$'\n< 550'
    done
    reads <<<"$steps"
}

@test "retr: nothing but plain files beneath the root is sent (promise 4)" {
    both_ways only_plain_files
}

@test "retr: without the right to read nothing is sent (promise 5)" {
    echo hello >"$ROOT/x"
    talk <<'STEPS'
< 220
> EPSV
< 229
> RETR x
< 550 no read right
STEPS
}

@test "retr: without a data connection 425, and a refusal takes a prepared one along" {
    echo hello >"$ROOT/x"
    reads <<'STEPS'
< 220
> RETR x
< 425
> EPSV
< 229
> RETR none
< 550
> RETR x
< 425
STEPS
    reads --connect-timeout 1 <<'STEPS'
< 220
> EPSV
< 229
> RETR x
< 150
< 425
> NOOP
< 200
STEPS
}

@test "retr: commands sent during a transfer: NOOP is answered, others wait" {
    head -c 12000000 /dev/zero >"$ROOT/x"
    reads <<'STEPS'
binary
> EPSV
< 229
> RETR x
< 150
connect
> NOOP
< 200
> PWD
silence
get
< 226
< 257
STEPS
}

@test "retr: ABOR ends the transfer: 426, then 226" {
    head -c 30000000 /dev/zero >"$ROOT/x"
    for type in A I; do
        reads <<STEPS
< 220
> TYPE $type
< 200
> EPSV
< 229
> RETR x
< 150
connect
> ABOR
< 426
< 226
done
> PWD
< 257
STEPS
    done
}

@test "retr: a client that takes nothing or resets the connection gets 426, and the session goes on" {
    head -c 30000000 /dev/zero >"$ROOT/x"
    reads --stall-timeout 1 <<'STEPS'
binary
> EPSV
< 229
> RETR x
< 150
connect
< 426 too long
done
> EPSV
< 229
> RETR x
< 150
connect
reset
< 426 reset
> PWD
< 257
STEPS
    logged 'Failed to send a file: /x .*took nothing'
    logged 'Failed to send a file: /x .*reset'
}

@test "retr: a client that has left ends the transfer" {
    head -c 30000000 /dev/zero >"$ROOT/x"
    reads <<'STEPS'
binary
> EPSV
< 229
> RETR x
< 150
connect
eof
< 426 control connection
closed
STEPS
}

@test "retr: a file that becomes shorter meanwhile is never taken for whole" {
    head -c 50000000 /dev/zero >"$ROOT/x"
    serve --allow read,list
    command -p python3 - "$PORT" "$ROOT/x" <<'END'
import ftplib, os, sys
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(sys.argv[1]))
ftp.login()
ftp.sendcmd("TYPE I")
data = ftp.transfercmd("RETR x")
data.recv(1000)
os.truncate(sys.argv[2], 1000)
try:
    while data.recv(65536):
        pass
    sys.exit("the data ended as if all was well")
except ConnectionResetError:
    pass
try:
    sys.exit(ftp.voidresp())
except ftplib.error_temp as error:
    assert str(error).startswith("451"), error
END
}

@test "retr: curl and lftp go on with what they have" {
    need curl lftp
    random_file "$ROOT/x" 5000000
    serve --allow read,list
    head -c 1234567 "$ROOT/x" >"$T/got"
    fetch x -C -
    same "$ROOT/x" "$T/got"
    fetch x -r 100-199
    same <(head -c 200 "$ROOT/x" | tail -c 100) "$T/got"
    export HOME=$T
    lftp -c "open -p $PORT 127.0.0.1; get x -o $T/lftp"
    same "$ROOT/x" "$T/lftp"
    head -c 2345678 "$ROOT/x" >"$T/lftp"
    lftp -c "open -p $PORT 127.0.0.1; get -c x -o $T/lftp"
    same "$ROOT/x" "$T/lftp"
    lftp -c "open -p $PORT 127.0.0.1; pget -n 3 x -o $T/pget"
    same "$ROOT/x" "$T/pget"
}
