# The verbs beyond STOR, by what a user would notice. Which code each verb gives in which state is
# in codes.bats.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

ALL=upload,append,replace,list,read,mkdir,rename,delete

@test "verbs: PORT and EPRT connect to the client, over IPv4 and IPv6" {
    for kind in tcp mapped; do
        for verb in 'PORT {PORT}' 'EPRT {EPRT}'; do
            talk -o "$kind" <<STEPS
binary
listen
> $verb
< 200
> STOR x
< 150
put active
< 226
file x active
STEPS
            rm "$ROOT/x"
        done
    done
    talk -o tcp6 <<'STEPS'
binary
listen
> EPRT {EPRT}
< 200
> STOR x
< 150
put active
< 226
file x active
> EPRT |1|127.0.0.1|2000|
< 522
> PORT 127,0,0,1,200,200
< 501
STEPS
}

@test "verbs: EPRT leaves out the zone of an IPv6 address" {
    talk -o tcp6 <<'STEPS'
< 220
> EPRT |2|::1%lo|2000|
< 200
> EPRT |2|::1%|2000|
< 200
> EPRT !2!::1%25eth0.7!2000!
< 200
> EPRT |2|::2%lo|2000|
< 501 Only your own address
> EPRT |2|fe80::1%eth0|5000|
< 501 Only your own address
> EPRT |2|%lo|2000|
< 501 EPRT wants
> EPRT |2|::1%lo|80|
< 501 Only your own address
> EPRT |1|127.0.0.1%lo|2000|
< 501 EPRT wants
STEPS
    # as lftp sends it, which then listens there
    command -p python3 - "$HANDLER" "$ROOT" <<'END'
import socket, subprocess, sys
with socket.create_server(("::1", 0), family=socket.AF_INET6) as door, \
     socket.create_server(("::1", 0), family=socket.AF_INET6) as data:
    control = socket.create_connection(door.getsockname()[:2])
    theirs, _ = door.accept()
    handler = subprocess.Popen([sys.argv[1], "--root", sys.argv[2]], stdin=theirs, stdout=theirs)
    theirs.close()
    said = control.makefile("rw", newline="\r\n")
    for command, code in ((None, "220"), ("TYPE I", "200"), (f"EPRT |2|::1%lo|{data.getsockname()[1]}|", "200"),
                          ("STOR x", "150")):
        if command:
            said.write(command + "\r\n")
            said.flush()
        line = said.readline()
        assert line.startswith(code), line
    data.settimeout(20)
    sender, _ = data.accept()
    sender.sendall(b"active")
    sender.close()
    line = said.readline()
    assert line.startswith("226"), line
    said.close()
    control.close()
    assert handler.wait(20) == 0
END
    [ "$(cat "$ROOT/x")" = active ]
}

@test "verbs: active mode goes to the client's own address and ports from 1024 alone" {
    talk <<'STEPS'
< 220
> PORT 127,0,0,2,200,200
< 501 Only your own address
> PORT 10,0,0,1,200,200
< 501
> PORT 127,0,0,1,3,255
< 501
> PORT 127,0,0,1,4
< 501
> PORT 127,0,0,1,4,256
< 501
> PORT 127,0,0,1,4,0x
< 501
> PORT 127,0,0,1,,1
< 501
> EPRT |1|127.0.0.2|20000|
< 501
> EPRT |1|127.0.0.1|1023|
< 501
> EPRT |1|127.0.0.1|70000|
< 501
> EPRT |2|::1|20000|
< 522
> EPRT |3|x|1|
< 522
> EPRT 1127.0.0.1
< 501
> EPRT |1|127.0.0.1|
< 501
> STOR x
< 425
> EPSV ALL
< 200
> PORT 127,0,0,1,200,200
< 501
> EPRT |1|127.0.0.1|20000|
< 501
STEPS
}

@test "verbs: nobody listens where active mode goes, 425" {
    talk <<'STEPS'
< 220
> PORT 127,0,0,1,4,1
< 200
> STOR x
< 150
< 425
> NOOP
< 200
nofile x
STEPS
}

@test "verbs: --passive-address by name: looked up before the session is confined, and nobody is lost if it is not found" {
    need_root 'has an /etc/hosts of its own'
    printf '127.0.0.1 localhost\n192.0.2.99 home.example.net\n' >"$T/hosts"
    # shellcheck disable=SC2016
    local WRAP=(unshare --mount --propagation private sh -ec 'mount --bind "$0/hosts" /etc/hosts; exec "$@"' "$T")
    talk --passive-address home.example.net --require-confinement <<'STEPS'
< 220
> PASV
< 227 \(192,0,2,99,
> EPSV
< 229
> STOR y
< 150
put hello
< 226
STEPS
    not_logged 'is not found'
    talk --passive-address nowhere.invalid --require-confinement <<'STEPS'
binary
> PASV
< 227 \(127,0,0,1,
> STOR z
< 150
put hello
< 226
STEPS
    logged 'PASV tells the address of this machine: --passive-address nowhere.invalid is not found: '
    # An address is not looked up, and where there are no data connections nothing is
    : >"$T/log"
    talk --passive-address nowhere.invalid --no-data-connections <<'STEPS'
< 220
STEPS
    not_logged 'is not found'
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    # shellcheck disable=SC2034 # talk uses it
    local -a WRAP=(strace -f -qq -o "$T/trace" -e "trace=openat,open")
    talk --passive-address 192.0.2.99 <<'STEPS'
< 220
> PASV
< 227 \(192,0,2,99,
STEPS
    if grep -E 'hosts|resolv|nsswitch' "$T/trace"; then fail "it was looked up"; fi
}

@test "verbs: --passive-ports and --passive-address" {
    free_port
    talk --passive-ports "$PORT-$PORT" <<STEPS
< 220
> PASV
< 227 ,$((PORT / 256)),$((PORT % 256))\\)
> EPSV
< 229 \\(\\|\\|\\|$PORT\\|\\)
> TYPE I
< 200
> STOR x
< 150
put hello
< 226
> EPSV
< 229 $PORT
STEPS
    talk --passive-address 192.0.2.99 <<'STEPS'
< 220
> PASV
< 227 \(192,0,2,99,
> EPSV
< 229
> TYPE I
< 200
> STOR y
< 150
put hello
< 226
file y hello
STEPS
    # a port that is taken
    spawn systemd-socket-activate -l "127.0.0.1:$PORT" true
    wait_port "$PORT"
    talk --passive-ports "$PORT-$PORT" <<'STEPS'
< 220
> EPSV
< 421
closed
STEPS
    for ports in 0-5 80-90 5000 5000-4000 5000-70000 x-y 5000-; do
        run "$HANDLER" --passive-ports "$ports" </dev/null
        [ "$status" = 64 ]
    done
}

@test "verbs: APPE goes on with a file, or begins one; inline too" {
    echo old >"$ROOT/x"
    chmod 640 "$ROOT/x"
    talk <<'STEPS'
< 220
> ALLO 3
< 200
> APPE x
< 150
>> new
< 226
file x old\nnew
> ALLO 1
< 200
> APPE y
< 150
>> y
< 226
file y y
> TYPE I
< 200
append x @ 200000
STEPS
    [ "$(cat "$ROOT/x")" = "$(printf 'old\nnew@ 200000')" ]
    [ "$(stat -c %a "$ROOT/x")" = 640 ]
    root_holds x y
}

@test "verbs: REST and STOR go on from the restart point, and the old file stays until then" {
    talk <<'STEPS'
binary
store@ x 3000000
> REST 1000
< 350
> EPSV
< 229
> STOR x
< 150
connect
data tail
file@ x 3000000
reset
< 426
file@ x 3000000
> REST 5
< 350
store x TAIL
> REST 100
< 350
> EPSV
< 229
> STOR x
< 554
> REST 1
< 350
> EPSV
< 229
> STOR nothing
< 554
store x whole
file x whole
> REST x
< 501
> REST -1
< 501
> REST 99999999999999999999
< 501
STEPS
    root_holds x
}

@test "verbs: a restart point is used up by the next transfer, however that ends" {
    for refused in 'RETR x' MLSD; do
        printf OLDOLDOLD >"$ROOT/x"
        talk <<STEPS
binary
> REST 5
< 350
> $refused
< 550|425
store x new
file x new
STEPS
    done
    # in TYPE A the client counts other bytes than the file has
    talk <<'STEPS'
< 220
> REST 1
< 350
> EPSV
< 229
> STOR x
< 554
file x new
STEPS
}

@test "verbs: APPE to a file that changes meanwhile adds to what is there then (promise 1)" {
    printf 0 >"$ROOT/x"
    for name in x new; do
        mkfifo "$T/a.$name" "$T/b.$name"
        exec 7<>"$T/a.$name" 8<>"$T/b.$name"
        spawn "$HANDLER" --root "$ROOT" <"$T/a.$name"
        first=$SPAWN_LOG
        spawn "$HANDLER" --root "$ROOT" <"$T/b.$name"
        second=$SPAWN_LOG
        printf 'APPE %s\r\nA' "$name" >&7
        wait_for grep -q ^150 "$first"
        printf 'APPE %s\r\nB' "$name" >&8
        wait_for grep -q ^150 "$second"
        exec 7>&-
        wait_for grep -q ^226 "$first"
        exec 8>&-
        wait_for grep -q ^226 "$second"
    done
    [ "$(cat "$ROOT/x")" = 0AB ]
    [ "$(cat "$ROOT/new")" = AB ]
    root_holds new x
}

@test "verbs: STOU finds a name that nobody has, and tells it in 150 and 226 (RFC 1123)" {
    echo old >"$ROOT/scan.pdf"
    talk <<'STEPS' | tee "$T/out"
< 220
> ALLO 1
< 200
> STOU scan.pdf
< 150 ^150 FILE: scan-[0-9a-f]{8}\.pdf$
>> a
< 226 FILE: scan-[0-9a-f]{8}\.pdf$
> ALLO 1
< 200
> STOU new.pdf
< 150 ^150 FILE: new\.pdf$
>> b
< 226 FILE: new\.pdf$
> MKD d
< 257
> ALLO 1
< 200
> STOU d/e
< 150 ^150 FILE: /d/e$
>> c
< 226
> CWD d
< 250
> ALLO 1
< 200
> STOU
< 150 ^150 FILE: upload$
>> d
< 226
file scan.pdf old\n
file new.pdf b
file d/e c
file d/upload d
STEPS
}

@test "verbs: STOU is unique under races" {
    pids=()
    for i in $(seq 20); do
        printf 'ALLO 2\r\nSTOU same\r\n%02d' "$i" | "$HANDLER" --root "$ROOT" >"$T/out.$i" 2>/dev/null &
        pids+=($!)
    done
    wait "${pids[@]}"
    [ "$(find "$ROOT" -path "*/.stord.*" -prune -o -type f -print | wc -l)" = 20 ]
    [ "$(cat "$ROOT"/* | fold -w2 | sort | paste -sd' ')" = "$(seq -f %02g 20 | paste -sd' ')" ]
    # what each 226 said is what has its bytes
    for i in $(seq 20); do
        name=$(tr -d '\r' <"$T/out.$i" | sed -n 's/^226 .*FILE: //p')
        [ "$(cat "$ROOT/$name")" = "$(printf %02d "$i")" ]
    done
}

@test "verbs: without the right to replace, an old file is refused and stays" {
    echo old >"$ROOT/x"
    talk --allow upload,append,list <<'STEPS'
< 220
> EPSV
< 229
> STOR x
< 553 there already
> TYPE I
< 200
> REST 1
< 350
> EPSV
< 229
> STOR x
< 553 there already
store y new
append x more
file x old\nmore
STEPS
    # also when it appears during the upload
    talk --allow upload <<'STEPS'
binary
store z first
STEPS
    mkfifo "$T/pipe"
    exec 7<>"$T/pipe"
    spawn "$HANDLER" --root "$ROOT" --allow upload <"$T/pipe"
    printf 'STOR late\r\nlate' >&7
    wait_for grep -q ^150 "$SPAWN_LOG"
    echo first >"$ROOT/late"
    exec 7>&-
    wait_for grep -q ^553 "$SPAWN_LOG"
    [ "$(cat "$ROOT/late")" = first ]
}

@test "verbs: what is not allowed is refused with the right that is missing" {
    mkdir "$ROOT/d"
    echo x >"$ROOT/f"
    talk --allow '' <<'STEPS'
< 220
> MKD x
< 550 no mkdir right
> RETR f
< 550 no read right
> DELE f
< 550 no delete right
> RMD d
< 550 no delete right
> RNFR f
< 550 no rename right
> LIST
< 550 no list right
> SIZE f
< 550 no list right
> SITE CHMOD 600 f
< 550 no replace right
> MFMT 20200101000000 f
< 550 no replace right
> EPSV
< 229
> STOR x
< 550 no upload right
> APPE f
< 550 no upload right
STEPS
    root_holds d f
}

@test "verbs: RNFR and RNTO, DELE, RMD" {
    mkdir "$ROOT/d" "$ROOT/full"
    echo a >"$ROOT/a"
    echo b >"$ROOT/b"
    echo in >"$ROOT/full/in"
    ln -s a "$ROOT/link"
    talk --allow "$ALL" <<'STEPS'
< 220
> RNTO x
< 503
> RNFR nothing
< 550
> RNTO x
< 503
> RNFR a
< 350
> RNTO d/a2
< 250
file d/a2 a\n
nofile a
> RNFR d/a2
< 350
> RNTO b
< 250
file b a\n
> RNFR b
< 350
> RNTO full
< 553|550
> RNFR d
< 350
> RNTO d/x
< 550
> RNFR d
< 350
> RNTO e
< 250
> RNFR b
< 350
> RNTO ../b
< 550
> RNFR b
< 350
> RNTO .stord.b
< 553|550
> RNFR /
< 550
> RMD full
< 550 not empty
> RMD e
< 250
> DELE full
< 550
> RMD b
< 550
> DELE link
< 250
> DELE b
< 250
> DELE b
< 550
> RMD /
< 550
> XRMD full/in
< 550
STEPS
    root_holds full full/in
    # without the right to replace
    echo b >"$ROOT/b"
    talk --allow rename <<'STEPS'
< 220
> RNFR b
< 350
> RNTO full/in
< 553
file full/in in\n
STEPS
}

@test "verbs: SIZE, MDTM, MFMT, SITE UTIME, SITE CHMOD, SITE UMASK" {
    printf hello >"$ROOT/f"
    touch -d '2020-02-29 12:34:56 UTC' "$ROOT/f"
    mkdir "$ROOT/d"
    ln -s f "$ROOT/link"
    talk <<'STEPS'
< 220
> SIZE f
< 550 TYPE I
> TYPE I
< 200
> SIZE f
< 213 ^213 5$
> SIZE d
< 550
> SIZE link
< 550
> SIZE no
< 550
> MDTM f
< 213 ^213 20200229123456$
> MDTM d
< 550
> MFMT 20210102030405 f
< 213 ^213 Modify=20210102030405; f$
> MDTM f
< 213 ^213 20210102030405$
> MDTM 20220102030405 f
< 213
> MDTM f
< 213 ^213 20220102030405$
> MFMT 20210230000000 f
< 501
> MFMT 2021 f
< 501
> MFMT 20210102030405 link
< 550
> SITE UTIME 20230102030405 f
< 200
> MDTM f
< 213 ^213 20230102030405$
> SITE UTIME 202401020304 f
< 200
> MDTM f
< 213 ^213 20240102030400$
> SITE UTIME f 20250102030405 20250102030406 20250102030407 UTC
< 200
> MDTM f
< 213 ^213 20250102030406$
> SITE CHMOD 4640 f
< 200
> SITE CHMOD 9 f
< 501
> SITE CHMOD 600 link
< 550
> SITE CHMOD 700 d
< 200
> SITE UMASK 077
< 200
> SITE UMASK
< 200 077
> ALLO 1
< 200
> STOR masked
< 150
>> x
< 226
> SITE HELP
< 214 (?s)CHMOD.*UTIME.*UMASK
> SITE EXEC x
< 501
STEPS
    [ "$(stat -c %a "$ROOT/f")" = 640 ]
    [ "$(stat -c %a "$ROOT/masked")" = 600 ]
    [ "$(stat -c %a "$ROOT/d")" = 700 ]
}

@test "verbs: SITE CHMOD on a folder: its owner keeps all it has, and files can still be stored in it" {
    mkdir -m 755 "$ROOT/d" "$ROOT/own"
    mkdir -m 2775 "$ROOT/group"
    mkdir -m 2775 "$ROOT/other-group"
    mkdir -m 333 "$ROOT/unread"
    mkdir -m 555 "$ROOT/fixed"
    mkfifo "$ROOT/pipe"
    chmod 777 "$ROOT"
    chown 65534:65534 "$ROOT"/* "$ROOT"
    chown 0:0 "$ROOT/own"
    chgrp 100 "$ROOT/other-group"
    chmod 2775 "$ROOT/other-group"
    chmod 777 "$ROOT/own"
    as_nobody <<'STEPS'
< 220
> SITE CHMOD 000 d
< 200 set to 700$
> SITE CHMOD 0755 d
< 200 set to 755$
> SITE CHMOD 2770 d
< 200 set to 770$
> SITE CHMOD 050 d/
< 200 set to 750$
> SITE CHMOD 700 group
< 200 set to 2700$
> SITE CHMOD 700 other-group
< 200 set to 2775$
mode other-group 2775
> SITE CHMOD 755 unread
< 200 set to 355$
> SITE CHMOD 777 fixed
< 550 permission denied$
> SITE CHMOD 755 own
< 550 permission denied$
> SITE CHMOD 755 /
< 550 permission denied$
> SITE CHMOD 755 .
< 550 permission denied$
> SITE CHMOD 755 none
< 550 no such file or folder$
> SITE CHMOD 644 pipe
< 550 not a plain file$
> SITE CHMOD 755 .stord.unfinished
< 55[03]
> CWD d
< 250
> SITE CHMOD 711 .
< 200 set to 711$
> ALLO 5
< 200
> STOR f
< 150
>> hello
< 226
file d/f hello
mode d 711
mode unread 355
mode fixed 555
mode own 777
STEPS
    [ "$(stat -c %a "$ROOT/group")" = 2700 ]
    [ "$(stat -c %a "$ROOT")" = 777 ]
}

@test "verbs: a time may have a fraction, which is dropped, and be a leap second (RFC 3659 2.3)" {
    printf hello >"$ROOT/f"
    printf hello >"$ROOT/20240101120000.5 f"
    talk <<'STEPS'
< 220
> MFMT 20240101120000.123 f
< 213 ^213 Modify=20240101120000; f$
> MFMT 20161231235960 f
< 213 ^213 Modify=20170101000000; f$
> MDTM f
< 213 ^213 20170101000000$
> MFMT 20161231235960.999 f
< 213 ^213 Modify=20170101000000; f$
> MDTM 20240101120001.5 f
< 213 ^213 Modify=20240101120001; f$
> MDTM 20240101120000.5 f
< 213 ^213 \d{14}$
> SITE UTIME 20240101120002.000000 f
< 200 Modify=20240101120002; f$
> SITE UTIME f 20250102030405 20250102030406.7 20250102030407 UTC
< 200 Modify=20250102030406; f$
> MFMT 19691231235959 f
< 213 ^213 Modify=19691231235959; f$
> MFMT 19700101000000 f
< 213 ^213 Modify=19700101000000; f$
STEPS
    [ "$(stat -c %.Y "$ROOT/f")" = 0.000000000 ]
}

@test "verbs: what is no time, or before any file, is 501 and changes nothing" {
    local time
    printf hello >"$ROOT/f"
    touch -d '2020-02-29 12:34:56 UTC' "$ROOT/f"
    for time in 00000101000000 00010101000000 00240101000000 09990101000000 16010101000000 18991231235959 20240230000000 \
        20241301000000 20240001000000 20240100000000 20240101240000 20240101006000 20240101000061 20161231235961 \
        2024010112000 202401011200000 20240101120000. 20240101120000.x 20240101120000,5 20240101120000.5.5 -0240101120000; do
        talk <<STEPS || fail "time: $time"
< 220
> MFMT $time f
< 501
> SITE UTIME $time f
< 501
> SITE UTIME f 20240101000000 $time 20240101000000 UTC
< 501
> MDTM $time f
< 501|550
> MDTM f
< 213 ^213 20200229123456$
STEPS
    done
}

@test "verbs: ABOR during an upload, also with telnet's Synch: 426, then 226, nothing published" {
    for abor in '> ABOR' '>> \xff\xf4\xff\xf2ABOR\r\n'; do
        talk <<STEPS
binary
> EPSV
< 229
> STOR x
< 150
connect
data half
$abor
< 426
< 226
nofile x
> NOOP
< 200
> ABOR
< 226
STEPS
    done
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data half
>> \xff\xf4\xff
urgent \xf2
> ABOR
< 426
< 226
nofile x
> EPSV
< 229
> STOR y
< 150
> ABOR
< 426
< 226
> NOOP
< 200
STEPS
    published_are
}

@test "verbs: STAT tells of the session, of a transfer under way, and of files" {
    echo x >"$ROOT/f"
    talk <<'STEPS'
< 220
> STAT
< 211 (?s)Connected from 127.*TYPE: ASCII
> STAT f
< 213 f\n
> STAT /
< 212 f\n
> TYPE I
< 200
> EPSV
< 229
> STOR x
< 150
connect
data 12345
> STAT
< 211 under way
> STAT
< 211 under way: 5 bytes
> STAT f
done
< 226
< 213 f\n
STEPS
}

@test "verbs: REIN begins anew" {
    mkdir "$ROOT/d"
    talk <<'STEPS'
< 220
> USER x
< 331
> HOST example.org
< 503
> TYPE I
< 200
> CWD d
< 250
> EPSV
< 229
> REIN
< 220
> HOST example.org
< 220
> PWD
< 257 "/"
> STAT
< 211 ASCII
> STOR x
< 425
STEPS
}

@test "verbs: HOST, LANG, CLNT, CSID, OPTS" {
    talk <<'STEPS'
< 220
> HOST ftp.example.org
< 220
> LANG
< 200
> LANG en-GB
< 200
> LANG fr
< 504
> CLNT some client
< 200
> CSID Name=x; Version=1;
< 200 Name=stord
> OPTS UTF8 OFF
< 501
> OPTS MLST size;type;
< 200 MLST OPTS .*size;
STEPS
}

@test "verbs: HTTP and TLS on the FTP port end the session at once" {
    for request in 'GET / HTTP/1.1' 'POST /x HTTP/1.0' 'CONNECT a:1 HTTP/1.1' 'OPTIONS * HTTP/1.1'; do
        talk <<STEPS
< 220
>> $request\\r\\nHost: x\\r\\n\\r\\nMKD evil\\r\\n
< 500
closed
nofile evil
STEPS
    done
    logged 'speaks HTTP'
    talk <<'STEPS'
< 220
>> \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\nMKD evil\r\n
closed
nofile evil
STEPS
    logged 'speaks TLS'
}

@test "verbs: who does not log in in time gets 421" {
    SOCAT_PEERADDR=192.0.2.1 talk -o pair --login-timeout 1 <<'STEPS'
< 220
> NOOP
< 200
< 421 Not logged in for 1 seconds
closed
STEPS
}

@test "verbs: --default-type, and the log when no TYPE was sent" {
    talk --default-type binary <<'STEPS'
< 220
store x a\r\n
file x a\r\n
STEPS
    logged 'No TYPE was sent: receiving as binary'
    talk <<'STEPS'
< 220
store x a\r\n
file x a\n
> TYPE A
< 200
store y a\r\n
STEPS
    [ "$(grep -c 'No TYPE was sent: receiving as ASCII' "$T/log")" = 1 ]
}
