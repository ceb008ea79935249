# --transcript: what was said in a session, as a dialogue that can be played.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load tls

setup() {
    setup_sandbox
    umask 022
    mkdir "$T/records"
}
teardown() { teardown_sandbox; }

# recorded: the one recording there is
recorded() {
    local files=("$T"/records/*)
    [ ${#files[@]} = 1 ] || fail "recordings: ${files[*]}" || return
    printf '%s\n' "${files[0]}"
}

# recordings_whole: all sessions have ended, each recording with them
recordings_whole() { ! grep -L '^closed$\|^vanish$' "$T"/records/* | grep -q .; }

# replay FILE [OPTION...]: plays a recording in an empty root, with what is given in $GIVEN
replay() {
    local file=$1
    find "$ROOT" -mindepth 1 -delete
    { printf '%s\n' "${GIVEN:-}"; cat "$file"; } >"$T/replayed"
    talk "${@:2}" <"$T/replayed" || { cat "$T/replayed" >&2; return 1; }
}

# replay_all [OPTION...]: what clients have said to a server
replay_all() {
    wait_for recordings_whole
    local file
    for file in "$T"/records/*; do replay "$file" "$@" || return; done
}

# says FILE LINE...: the steps are these; what has an address in it is not looked at
says() {
    local file=$1
    shift
    diff <(grep -v '^#' "$file" | sed 's/ # .*//') <(printf '%s\n' "$@")
}

# ------------------------------------------------------------------- the form

@test "transcript: the steps of a session, with its log's name for it, and times" {
    talk --transcript "$T/records" --log-format json <<'STEPS'
< 220
>> noop\n
< 200
silence
> PASV
< 227
> STOR a b
< 150
put hello
< 226
> FEAT
< 211
> SITE \x01\xe4\\{PORT}
< 501
> QUIT
< 221
closed
STEPS
    record=$(recorded)
    cat "$record"
    says "$record" '< 220' '>> noop\n' '< 200' '> PASV' '< 227' '> STOR a b' '< 150' 'put@ 5' '< 226' '> FEAT' '< 211' \
        '> SITE \x01\xe4\\\x7bPORT}' '< 501' '> QUIT' '< 221' closed
    session=$(sed -n 's/.*"session":"\([0-9a-f]*\)".*/\1/p' "$T/log" | sort -u)
    [[ ${record##*/} =~ ^20[0-9]{6}T[0-9]{6}\.[0-9]{3}Z-$session\.txt$ ]]
    head -n 1 "$record" | grep -qE "^# Session $session of 127\.0\.0\.1:[0-9]+, 20.* UTC, process [0-9]+, stord [0-9.]+$"
    grep -qE '^# \+0\.[4-9][0-9]* s$' "$record"                          # the silence
    grep -qx '< 226 # File uploaded successfully' "$record"
    grep -qx '#   211-Features:' "$record"
    grep -qx '#    MLST Type\*;Size\*;.*' "$record" || grep -q '^#    MLST ' "$record"
    grep -qx '# File uploaded: /a b (5 bytes, close)' "$record"
    [ "$(stat -c %a "$record")" = 600 ]
    replay "$record"
    [ "$(stat -c %s "$ROOT/a b")" = 5 ]
}

@test "transcript: what is in files is never there" {
    talk --transcript "$T/records" --allow upload,append,list,read <<'STEPS'
< 220
> TYPE I
< 200
> ALLO 6
< 200
> STOR one
< 150
>> needle
< 226
> PASV
< 227
> STOR two
< 150
put needle
< 226
> PASV
< 227
> RETR one
< 150
get needle
< 226
STEPS
    printf 'STOR no/such\r\nneedle\r\nneedle' | "$HANDLER" --root "$ROOT" --transcript "$T/records" >"$T/out"
    printf 'STOR x\r\nneedle\r\nneedle' | "$HANDLER" --root "$ROOT" --transcript "$T/records" >"$T/out"
    # fewer bytes announced than sent
    printf 'ALLO 2\r\nSTOR y\r\nhineedle\r\nneedle of a file\r\nQUIT\r\n' |
        "$HANDLER" --root "$ROOT" --transcript "$T/records" >"$T/out"
    run -1 grep -r needle "$T/records"
    [ "$(find "$T/records" -type f | wc -l)" = 4 ]
}

@test "transcript: transfers that break off, are aborted, stand still or never begin can be played" {
    local steps options=(--stall-timeout 1 --connect-timeout 1 --allow "upload,list,read")
    while IFS= read -r -d = steps; do
        rm -f "$T"/records/*
        find "$ROOT" -mindepth 1 -delete
        talk --transcript "$T/records" "${options[@]}" < <(
            printf '%s\n' '< 220' '> TYPE I' '< 200' '> PASV' '< 227' '> STOR x' '< 150'
            printf '%s' "$steps"
        )
        cat "$T"/records/*
        replay "$(recorded)" "${options[@]}"
    done <<'CASES'
connect
data 12345
reset
< 426
> NOOP
< 200
=connect
data@ 8000000
> ABOR
< 426
< 226
done
> NOOP
< 200
> PASV
< 227
> STOR y
< 150
put hello
< 226
=connect
data 12345
< 426
> NOOP
< 200
=< 425
> NOOP
< 200
=connect
data 123
> NOOP
< 200
> STAT
< 211
data 456
> PWD
done
< 226
< 257
=connect
data 123
eof
done
< 150
< 226
closed
=connect
data 123
leave
done
=connect
> QUIT
data 45
done
< 226
< 221
closed
=put@ 30000000
< 226
> PASV
< 227
> RETR x
< 150
connect
reset
< 426
> PASV
< 227
> RETR x
< 150
connect
> ABOR
< 426
< 226
done
> NOOP
< 200
> PASV
< 227
> RETR x
< 150
connect
> NOOP
< 200
get
< 226
=
CASES
}

@test "transcript: active mode, telnet options, half commands and too long ones can be played" {
    long=$(printf 'x%.0s' {1..9000})
    talk --transcript "$T/records" <<STEPS
>> \xff\xfb\x18\xff\xfd\x01NO\xff\xf1OP\r\n
< 220
< 200
listen
> PORT {PORT}
< 200
> STOR x
< 150
put hello
< 226
listen
> eprt {EPRT}
< 200
> NLST
< 150
get x
< 226
> PORT 192,0,2,1,7,7
< 501
> $long
< 500
> NUL \0 in it
< 500
>> CR\r\r\n
< 500
>> NOO
eof
closed
STEPS
    record=$(recorded)
    cut -c 1-200 "$record"
    grep -q '^# > PORT 127,0,0,1,' "$record"
    grep -qxF '> \xff\xfb\x18\xff\xfd\x01NO\xff\xf1OP' "$record"
    grep -qxF '>> NOO' "$record"
    replay "$record"
}

@test "transcript: inline uploads, ended by ALLO, by the client and by silence before them, can be played" {
    local over
    for over in tcp unix pair pipe; do
        rm -f "$T"/records/*
        talk -o "$over" --transcript "$T/records" --unterminated-wait 50 <<'STEPS'
< 220
> ALLO 5
< 200
> STOR one
< 150
>> 1\r\n2\r
< 226
>> STOR two
< 150
>> hello
eof
< 226
closed
STEPS
        says "$(recorded)" '< 220' '> ALLO 5' '< 200' '> STOR one' '< 150' '>>@ 5' '< 226' '>> STOR two' '< 150' '>>@ 5' eof \
            '< 226' closed
        replay "$(recorded)" -o "$over" --unterminated-wait 50
    done
    rm "$T"/records/*
    talk --transcript "$T/records" <<'STEPS'
< 220
> STOR one
< 150
>> hello
vanish
STEPS
    says "$(recorded)" '< 220' '> STOR one' '< 150' '>>@ 5' vanish
    replay "$(recorded)"
}

# --------------------------------------------------------------------- secrets

@test "transcript: passwords are never there, however they are spelt, split or cut" {
    users "me:$(hash needle):/::"
    local line
    while IFS= read -r line; do
        printf '%b' "$line" >"$T/said"
        "$HANDLER" --users "$T/users" --root "$ROOT" --transcript "$T/records" --log-level debug \
            <"$T/said" >"$T/out" 2>>"$T/log"
    done <<'LINES'
USER me\r\nPASS needle\r\nQUIT\r\n
USER me\r\npass needle\r\nACCT needle\r\nacct needle\r\n
user me\nPaSs needle\n
USER me\r\nPASS needle
PASS needle\r\nPASS  needle\r\nPASS needle needle\r\n
PASSneedle\r\nPASS:needle\r\n PASS needle\r\nPASS\tneedle\r\n
PA\xff\xf1SS needle\r\n
PA\xff\xf4SS nee\xff\xf4dle\r\nPASS needl
PASS \xff\xffneedle\r\n
PA\xffSS needle\r\n
P\x00ASS needle\r\nPASS needle\x00\r\n
USER me\rPASS needle\r\n
PASS needle\r\r\n
\xff\xfaPASS needle
SITE PASSWD needle\r\nSITE PSWD needle\r\nSITE CPWD needle\r\n
PASSWORD needle\r\nXPASS needle\r\nP A S S needle\r\n
USER me PASS\r\nLOGIN me needle PASS\r\n
USER me\x00PASS needle\r\nQUIT\r\n
USER me\r\nPASS\r\nneedle\r\nXPAS needle\r\nPSS:needle\r\n
\x16\x03\x01PASS needle
LINES
    # What looks like telnet is at the end of the user's name, and swallows nothing
    printf 'USER me\xff\xfb\nPASS needle\r\nQUIT\r\n' >"$T/swallowed"
    # The words are behind what is kept of a line
    { printf 'x%.0s' {1..8195}; printf 'PASS needle\r\nQUIT\r\n'; } >"$T/behind"
    for line in swallowed behind; do
        "$HANDLER" --users "$T/users" --root "$ROOT" --transcript "$T/records" <"$T/$line" >"$T/out" 2>>"$T/log"
    done
    # too long for a line, and in one piece with others
    { printf 'USER me\r\nPASS needle'; printf 'needle%.0s' {1..2000}; printf '\r\nQUIT\r\n'; } |
        "$HANDLER" --users "$T/users" --root "$ROOT" --transcript "$T/records" >"$T/out" 2>>"$T/log"
    command -p python3 -ISc '
import subprocess, sys, time
p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for piece in (b"US", b"ER me\r", b"\nPA", b"SS ne", b"edle", b"\r\nQUIT\r", b"\n"):
    p.stdin.write(piece); p.stdin.flush(); time.sleep(0.02)
p.communicate()' "$HANDLER" --users "$T/users" --root "$ROOT" --transcript "$T/records" 2>>"$T/log"
    [ "$(find "$T/records" -type f | wc -l)" = 24 ]
    cat "$T"/records/* >"$T/all"
    # nor a part of it
    run -1 grep -nE 'needl|eedle' "$T/all"
    grep -qx '> PASS secret' "$T/all"
    grep -qx '>> PaSs secret\\n' "$T/all"
    grep -qx '> PASS wrong!' "$T/all"
    grep -qx '> \*\*\*' "$T/all"
    not_logged 'Received command: .*needle'
    # and all of it can be played
    users "me:$(hash secret):/::"
    for file in "$T"/records/*; do at_once talk -o pipe --users "$T/users" <"$file"; done
    all_done
}

@test "transcript: a login can be played with the password secret, and a wrong one with any" {
    users "me:$(hash needle):/::"
    talk --users "$T/users" --transcript "$T/records" <<'STEPS'
< 220
> USER me
< 331
> PASS nothing
< 530
> USER me
< 331
> PASS needle
< 230
> PASS
< 230|503
> ACCT needle
< 202|230|503
> QUIT
< 221
closed
STEPS
    says "$(recorded)" '< 220' '> USER me' '< 331' '> PASS wrong!' '< 530' '> USER me' '< 331' '> PASS secret' '< 230' \
        '> PASS' "$(grep -A1 -x '> PASS' "$(recorded)" | sed -n '2s/ #.*//p')" \
        '> ACCT secret' "$(grep -A1 -x '> ACCT .*' "$(recorded)" | sed -n '2s/ #.*//p')" '> QUIT' '< 221' closed ||
        says "$(recorded)" # to see it
    users "me:$(hash secret):/::"
    replay "$(recorded)" --users "$T/users"
}

@test "transcript: a password is not in memory any longer than without it" {
    users "me:$(hash needle-in-memory-tail):/::"
    talk --users "$T/users" --transcript "$T/records" <<'STEPS'
< 220
> USER me
< 331
> PASS wrong-in-memory-tail
< 530
loses memory-tail
> USER me
< 331
> PASS needle-in-memory-tail
< 230
loses memory-tail
> QUIT
< 221
closed
STEPS
}

@test "transcript: under TLS it is what was said, and can be played in clear text" {
    make_ca
    make_certificate tls
    serve --transcript "$T/records" --tls-cert "$T/tls.crt" --tls-key "$T/tls.key"
    random_file "$T/sent" 200000
    curl -sS --cacert "$T/ca.crt" --ssl-reqd -T "$T/sent" "ftp://127.0.0.1:$PORT/by-tls"
    same "$T/sent" "$ROOT/by-tls"
    wait_for recordings_whole
    record=$(recorded)
    cat "$record"
    grep -qx '# > AUTH .*' "$record"
    grep -qx '# < 234 # Begin TLS' "$record"
    grep -q '^# TLSv1\.[23] .* from here on' "$record"
    grep -qx '# > PROT P' "$record"
    grep -qx '> STOR by-tls' "$record"
    replay "$record"
    [ "$(stat -c %s "$ROOT/by-tls")" = 200000 ]
    # nor does it matter how TLS began
    rm "$T"/records/*
    run ! curl -sS --ssl-reqd -T "$T/sent" "ftp://127.0.0.1:$PORT/by-tls" # an authority that it does not know
    wait_for recordings_whole
    grep -q '^# TLS handshake failed: ' "$(recorded)"
    replay "$(recorded)"
}

# ---------------------------------------------------------------- real clients

@test "transcript: what clients have said can be played: curl, lftp, tnftp, inetutils, busybox, ncftp, Python" {
    need curl lftp tnftp inetutils-ftp busybox ncftpput
    random_file "$T/sent" 100000
    printf 'one\ntwo\n' >"$T/text"
    cd "$T"
    local allowed=upload,append,replace,list,mkdir,read,rename,delete
    serve --transcript "$T/records" --allow "$allowed"
    curl -sS -T sent "ftp://127.0.0.1:$PORT/curl"
    curl -sS -P - -T sent "ftp://127.0.0.1:$PORT/curl-active"
    curl -sS --ftp-create-dirs -T text "ftp://127.0.0.1:$PORT/new/deep/curl;type=a"
    lftp -c "open -u me,pw 127.0.0.1:$PORT; set ftp:ssl-allow no; put sent -o lftp; ls; mv lftp lftp2; bye"
    printf 'open 127.0.0.1 %s\nuser me pw\nbinary\nput sent tnftp\nput sent tnftp2\nls\nquit\n' "$PORT" | tnftp -n -v >"$T/out" 2>&1
    printf 'open 127.0.0.1 %s\nuser me pw\nbinary\nput sent inetutils\nquit\n' "$PORT" | inetutils-ftp -n >"$T/out" 2>&1
    busybox ftpput -P "$PORT" -u me -p pw 127.0.0.1 busybox sent
    ncftpput -V -P "$PORT" -u me -p pw 127.0.0.1 / text >"$T/out" 2>&1
    command -p python3 -ISc '
import ftplib, sys
f = ftplib.FTP(); f.connect("127.0.0.1", int(sys.argv[1])); f.login("me", "pw")
f.storbinary("STOR python", open("sent", "rb")); f.storlines("STOR lines", open("text", "rb")); f.nlst(); f.quit()' "$PORT"
    "$CLIENT" -h "127.0.0.1:$PORT" sent || "$CLIENT" -p "$PORT" sent
    printf 'STOR netcat\r\nhello' | busybox nc -w 5 127.0.0.1 "$PORT" >"$T/out"
    [ -s "$ROOT/busybox" ] && [ -s "$ROOT/tnftp2" ] && [ -s "$ROOT/inetutils" ] && [ -s "$ROOT/text" ]
    [ "$(find "$T/records" -type f | wc -l)" -ge 11 ]
    # one is told no password for all of them
    run -1 grep -rw pw "$T/records"
    replay_all --allow "$allowed"
}

@test "transcript: every dialogue of tests/dialogues is recorded, and the recording played" {
    local file status failed=()
    for file in "$TOP"/tests/dialogues/*.txt; do
        rm -f "$T"/records/*
        find "$ROOT" -mindepth 1 -delete
        talk --transcript "$T/records" <"$file" || return
        # what the root held before, and with which options, is nothing that a transcript tells
        GIVEN=$(grep -E '^(given |# options:)' "$file" || :) replay "$(recorded)" || failed+=("${file##*/}")
    done
    [ ${#failed[@]} = 0 ] || fail "cannot be played: ${failed[*]}"
}

# ------------------------------------------------------------------- the files

@test "transcript: sessions at once have a file each, in the order of their beginning" {
    serve --transcript "$T/records"
    exec {one}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r _ <&"$one"
    exec {two}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r _ <&"$two"
    printf 'CWD second\r\n' >&"$two"
    read -r _ <&"$two"
    printf 'CWD first\r\n' >&"$one"
    read -r _ <&"$one"
    # also while they go on
    mapfile -t files < <(ls "$T/records")
    [ ${#files[@]} = 2 ]
    grep -qx '> CWD first' "$T/records/${files[0]}"
    grep -q '^< 550' "$T/records/${files[0]}"
    grep -qx '> CWD second' "$T/records/${files[1]}"
    run -1 grep -q second "$T/records/${files[0]}"
    exec {one}>&- {two}>&-
}

@test "transcript: a file has an end, and says so; the session goes on" {
    long=$(printf 'x%.0s' {1..8000})
    { for _ in {1..300}; do printf 'CWD %s\r\n' "$long"; done; printf 'ALLO 5\r\nSTOR x\r\nhelloQUIT\r\n'; } |
        "$HANDLER" --root "$ROOT" --transcript "$T/records" >"$T/out"
    [ "$(cat "$ROOT/x")" = hello ]
    [ "$(stat -c %s "$(recorded)")" -le 1048576 ]
    [ "$(stat -c %s "$(recorded)")" -ge 1000000 ]
    [ "$(tail -n 1 "$(recorded)")" = '# Cut off here: too long' ]
}

@test "transcript: a folder that cannot be written to means that nobody is served, and --check says so" {
    mkdir "$T/theirs"
    touch "$T/file"
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    for folder in "$T/theirs" "$T/no/such" "$T/file"; do
        run -78 --separate-stderr "${WRAP[@]}" "$HANDLER" --root "$ROOT" --transcript "$folder" </dev/null
        [ "$output" = "421 Service not available: see the server's log"$'\r' ]
        # shellcheck disable=SC2154
        [[ "$stderr" == *"Cannot start: transcript $folder: "* ]]
        run -78 "${WRAP[@]}" "$HANDLER" --root "$ROOT" --transcript "$folder" --check </dev/null
        [[ "$output" == *"error: transcript: $folder"* ]]
    done
    run -78 "$HANDLER" --root "$ROOT" --transcript "$ROOT" --check
    [[ "$output" == *"error: transcript: $ROOT is beneath the root"* ]]
    "$HANDLER" --root "$ROOT" --transcript "$T/records" --check
    [ -z "$(ls "$T/records")" ]
}

@test "transcript, xferlog: a disk that is full before the session keeps nobody from uploading" {
    need_root "mounts a file system"
    mkdir "$T/full"
    # shellcheck disable=SC2016
    local WRAP=(unshare --mount --propagation private
        bash -c 'mount -t tmpfs -o nr_inodes=1 none "$0" && exec "$@"' "$T/full")
    talk --transcript "$T/full" --xferlog "$T/full/xferlog" <<'STEPS'
< 220
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
file x hello
STEPS
    logged "Continuing without the transcript $T/full: No space left on device"
    logged "Continuing without the xferlog $T/full/xferlog: No space left on device"
}

@test "transcript: what cannot be written is said once, and the session goes on" {
    # more than files may have, and not in the log
    local WRAP=(bash -c 'ulimit -f 8; exec "$@"' -) long
    long=$(printf 'x%.0s' {1..5000})
    talk --transcript "$T/records" <<STEPS
< 220
> NOOP $long
< 200
> NOOP $long
< 200
> NOOP
< 200
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
STEPS
    [ "$(cat "$ROOT/x")" = hello ]
    [ "$(grep -c 'The transcript is not whole: ' "$T/log")" = 1 ]
}

@test "transcript: confinement stays, and nothing is forbidden by it" {
    talk --transcript "$T/records" --xferlog "$T/xferlog" --require-confinement <<'STEPS'
< 220
> PASV
< 227
> STOR x
< 150
put hello
< 226
> QUIT
< 221
closed
STEPS
    [ -s "$T/xferlog" ]
    replay "$(recorded)"
    not_logged 'forbidden|[Cc]onfine'
}

@test "transcript: without it and the xferlog, a session makes no system call more" {
    printf 'ALLO 5\r\nSTOR x\r\nhelloQUIT\r\n' >"$T/said"
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=write,open,openat,close -o "$T/trace" \
        "$HANDLER" --root "$ROOT" <"$T/said" >"$T/out" 2>"$T/log"
    run -1 grep -E 'xferlog|transcript|-1 EBADF' "$T/trace"
}
