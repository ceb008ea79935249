# --xferlog: the log of transfers in wu-ftpd's format.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() {
    setup_sandbox
    umask 022
    X=$T/xferlog
}
teardown() { teardown_sandbox; }

# line PATTERN: the last line is that, behind its date
line() {
    local got
    got=$(tail -n 1 "$X")
    [[ $got =~ ^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ [A-Z][a-z][a-z]\ [\ 1-3][0-9]\ [0-9:]{8}\ 2[0-9]{3}\ (.*)$ ]] ||
        fail "no line: $got" || return
    [[ ${BASH_REMATCH[2]} =~ ^$1$ ]] || fail "the line is: ${BASH_REMATCH[2]}"
}

# words: every line of the file has 18, with single blanks but before a day
words() {
    [ -s "$X" ]
    ! awk 'NF != 18 || / $/ { print; bad = 1 } END { exit bad }' "$X" | grep . || fail "not 18 words" || return
    # and for programs to which other characters are blanks, too
    command -p python3 -ISc '
import sys
for line in open(sys.argv[1], encoding="utf-8"):
    if len(line.split()) != 18: sys.exit(f"words: {line!r}")
' "$X"
}

upload_logged() { # upload NAME [OPTION...]
    talk "${@:2}" --xferlog "$X" <<STEPS
binary
store ${1// /\\x20} hello
STEPS
}

@test "xferlog: an upload and a download, binary and ASCII; nothing for listings and refusals" {
    talk --xferlog "$X" --allow upload,list,read,replace <<'STEPS'
< 220
store a 1\r\n2\r\n
> TYPE I
< 200
store b 1\r\n2\r\n
fetch LIST =~ a
fetch NLST =~ b
> EPSV
< 229
> RETR none
< 550
> EPSV
< 229
> STOR no/such
< 550
fetch RETR b
> TYPE A
< 200
fetch RETR a
STEPS
    words
    cut -c 26- "$X" | diff - <(
        echo "1 127.0.0.1 6 $ROOT/a a _ i r - ftp 0 * c"
        echo "1 127.0.0.1 6 $ROOT/b b _ i r - ftp 0 * c"
        echo "1 127.0.0.1 6 $ROOT/b b _ o r - ftp 0 * c"
        echo "1 127.0.0.1 6 $ROOT/a a _ o r - ftp 0 * c"
    )
    [ "$(stat -c %a "$X")" = 640 ]
}

@test "xferlog: inline uploads, STOU and APPE are there, and under which name they are" {
    talk --xferlog "$X" <<'STEPS'
< 220
> ALLO 5
< 200
> STOR one
< 150
>> hello
< 226
> ALLO 3
< 200
> APPE one
< 150
>> abc
< 226
> ALLO 2
< 200
> STOU
< 150
>> xy
< 226
STEPS
    cut -c 26- "$X" | diff - <(
        echo "1 127.0.0.1 5 $ROOT/one b _ i r - ftp 0 * c"
        echo "1 127.0.0.1 3 $ROOT/one b _ i r - ftp 0 * c"
        echo "1 127.0.0.1 2 $ROOT/$(cd "$ROOT" && ls upload*) b _ i r - ftp 0 * c"
    )
}

@test "xferlog: what was not whole is i: cut, aborted, too large, refused by the disk" {
    talk --xferlog "$X" --max-file-size 100000 <<'STEPS'
binary
> EPSV
< 229
> STOR cut
< 150
connect
data half
reset
< 426
store@ large 300000 < 552
> ALLO 10
< 200
store ok 0123456789
STEPS
    # so much that it is known to be on its way
    talk --xferlog "$X" <<'STEPS'
binary
> EPSV
< 229
> STOR aborted
< 150
connect
data@ 8000000
> ABOR
< 426
< 226
STEPS
    words
    cut -c 26- "$X" | sed -E "s|$ROOT||; s/ [0-9]+ (.(large|cut|aborted)) / N \1 /" | diff - <(
        echo "1 127.0.0.1 N /cut b _ i r - ftp 0 * i"
        echo "1 127.0.0.1 N /large b _ i r - ftp 0 * i"
        echo "1 127.0.0.1 10 /ok b _ i r - ftp 0 * c"
        echo "1 127.0.0.1 N /aborted b _ i r - ftp 0 * i"
    )
}

@test "xferlog: who it was: users, anonymous, nobody; and from where" {
    users "me:$(hash secret):/mine::" "strange:$(hash secret):/::"
    talk --users "$T/users" --xferlog "$X" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
store x hello
STEPS
    line "1 127\.0\.0\.1 5 $ROOT/mine/x a _ i r me ftp 0 \* c"
    talk -o tcp6 --anonymous --xferlog "$X" <<'STEPS'
< 220
> USER FTP
< 331
> PASS me@example.com
< 230
store y hello
STEPS
    line "1 ::1 5 $ROOT/y a _ i a anonymous ftp 0 \* c"
    for over in unix pair pipe; do
        upload_logged "$over" -o "$over"
        line "1 localhost 5 $ROOT/$over b _ i r - ftp 0 \* c"
    done
    printf 'USER ftp\r\nPASS x\r\nALLO 1\r\nSTOR r\r\nx' |
        SOCAT_PEERADDR=192.0.2.7 "$HANDLER" --anonymous --root "$ROOT" --xferlog "$X"
    line "1 192\.0\.2\.7 1 $ROOT/r b _ i a anonymous ftp 0 \* c"
    words
}

@test "xferlog: names of all kinds stay one word" {
    long=$(printf 'x%.0s' {1..200})
    mkdir -p "$ROOT/$long/$long/$long/$long/$long"
    for name in 'a b' ' lead' 'trail ' 'quo"te' "apo'strophe" 'back\\slash' 'Grüße 世界' '\xff\xff\xfe' 'nb\xc2\xa0sp' \
        'ls\xe2\x80\xa8x' 'id\xe3\x80\x80x' 'nel\xc2\x85x' '* ftp 0 * c' "$long/$long/$long/$long/$long/y"; do
        upload_logged "$name"
        words
    done
    [ "$(wc -l <"$X")" = 14 ]
    tr -s ' ' <"$X" | cut -d ' ' -f 1-8 --complement | sed "s|$ROOT||; s/ b _ .*//; /xxxx/d" | diff - <(
        printf '%s\n' /a_b /_lead /trail_ '/quo"te' "/apo'strophe" '/back\slash' '/Grüße_世界' /__ /nb_sp \
            /ls_x /id_x /nel_x '/*_ftp_0_*_c'
    )
    line "1 127\.0\.0\.1 5 $ROOT/$long/$long/$long/$long/$long/y b _ i r - ftp 0 \* c"
}

@test "xferlog: local time, confined, with TZ and without" {
    # also where the kernel would let nothing be opened any more
    for zone in '' UTC XXX-5:30 Asia/Tokyo America/New_York; do
        (if [ -n "$zone" ]; then export TZ=$zone; else unset TZ; fi
        before=$(date +%s)
        upload_logged x --require-confinement
        then=$(date -d "$(cut -c 1-24 "$X" | tail -n 1)" +%s)
        [ "$then" -ge "$before" ] && [ "$then" -le "$(date +%s)" ] || fail "$zone: $(tail -n 1 "$X")")
    done
    not_logged 'confine|forbidden'
}

@test "xferlog: 50 sessions at once tear no line" {
    long=$(printf 'y%.0s' {1..240})
    serve --xferlog "$X"
    command -p python3 -ISc '
import socket, sys, threading
def session(n):
    for turn in range(4):
        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
            s.sendall(b"ALLO 5\r\nSTOR %d.%d.%s\r\nhelloQUIT\r\n" % (n, turn, sys.argv[2].encode()))
            got = b""
            while piece := s.recv(4096): got += piece
            assert b"\n226 " in got, got
threads = [threading.Thread(target=session, args=(n,)) for n in range(50)]
for t in threads: t.start()
for t in threads: t.join()' "$PORT" "$long"
    [ "$(wc -l <"$X")" = 200 ]
    words
    [ "$(awk '{ print $9 }' "$X" | sort -u | wc -l)" = 200 ]
    [ "$(awk '{ print $9 }' "$X" | grep -cE "^$ROOT/[0-9]+\.[0-9]\.$long$")" = 200 ]
}

@test "xferlog: a file that cannot be opened means that nobody is served, and --check says so" {
    mkfifo -m 666 "$T/fifo" # which nobody reads
    touch "$T/theirs"
    chmod 644 "$T/theirs"
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    for file in "$T" "$T/no/such" "$T/fifo" /dev/null "$T/theirs" "$T/new"; do
        run -78 --separate-stderr timeout 20 "${WRAP[@]}" "$HANDLER" --root "$ROOT" --xferlog "$file" </dev/null
        [ "$output" = "421 Service not available: see the server's log"$'\r' ]
        # shellcheck disable=SC2154
        [[ "$stderr" == *"Cannot start: xferlog $file: "* ]]
        run -78 "${WRAP[@]}" "$HANDLER" --root "$ROOT" --xferlog "$file" --check </dev/null
        [[ "$output" == *"error: xferlog: $file"* ]]
    done
    [ ! -e "$T/new" ]
    # not made by --check, and nothing for clients
    "$HANDLER" --root "$ROOT" --xferlog "$T/mine" --check
    [ ! -e "$T/mine" ]
    run -78 "$HANDLER" --root "$ROOT" --xferlog "$ROOT/x" --check
    [[ "$output" == *"error: xferlog: $ROOT/ is beneath the root"* ]]
    touch "$ROOT/x"
    run -78 "$HANDLER" --root "$ROOT" --xferlog "$ROOT/x" --check
    [[ "$output" == *"error: xferlog: $ROOT/x is beneath the root"* ]]
    printf 'QUIT\r\n' | "$HANDLER" --root "$ROOT" --xferlog none
}

@test "xferlog, transcript: both are opened by the user that root becomes" {
    need_root "gives it up"
    mkdir "$T/theirs"
    chown nobody "$T/theirs"
    talk --user nobody --xferlog "$T/theirs/xferlog" --transcript "$T/theirs" <<'STEPS'
< 220
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
STEPS
    [ "$(stat -c %U "$T/theirs"/* | sort -u)" = nobody ]
    [ "$(wc -l <"$T/theirs/xferlog")" = 1 ]
    mkdir "$T/ours"
    for option in --xferlog="$T/ours/xferlog" --transcript="$T/ours"; do
        talk --user nobody "$option" <<'STEPS'
< 421
closed
exits 78
STEPS
    done
    [ -z "$(ls "$T/ours")" ]
}

@test "xferlog: a line that cannot be written is said once, and no upload fails for it" {
    head -c 2000000 /dev/zero >"$X" # more than files may have
    (
        ulimit -f 1000
        talk --xferlog "$X" <<'STEPS'
< 220
> ALLO 5
< 200
> STOR one
< 150
>> hello
< 226
> ALLO 5
< 200
> STOR two
< 150
>> hello
< 226
STEPS
    )
    root_holds one two
    logged 'A transfer is missing in the xferlog: File too large'
    [ "$(grep -c 'is missing in the xferlog' "$T/log")" = 1 ]
    [ "$(stat -c %s "$X")" = 2000000 ]
}

@test "xferlog: what had no room to the end of its line spoils no other line" {
    (
        ulimit -f 1 # KiB
        printf '%01000d\n' 0 >"$X"
        printf 'STOR torn\r\nhello' | "$HANDLER" --root "$ROOT" --xferlog "$X" 2>>"$T/log" | grep '^226 '
    )
    run ! grep ' c$' "$X"
    printf 'STOR whole\r\nhello' | "$HANDLER" --root "$ROOT" --xferlog "$X" 2>>"$T/log" | grep '^226 '
    [ "$(wc -l <"$X")" = 3 ]
    [ "$(tail -n 1 "$X" | awk '{ print NF, $9 }')" = "18 $(realpath "$ROOT")/whole" ]
    logged 'A transfer is missing in the xferlog: No space left on device'
}

@test "xferlog: logwatch reads it, and webalizer where there is one" {
    need perl
    "$TOP/tests/peers"
    for name in one 'two words' 'Grüße'; do upload_logged "$name"; done
    local scripts=$TOP/build/peers/usr/share/logwatch/scripts
    perl "$scripts/logfiles/xferlog/removeheaders" <"$X" |
        LOGWATCH_DETAIL_LEVEL=20 detail_transfer=1 perl "$scripts/services/ftpd-xferlog" >"$T/report"
    cat "$T/report"
    grep -qF "127.0.0.1 -> $ROOT/two_words (User: -)" "$T/report"
    run -1 grep -i unmatched "$T/report"
    if in_release webalizer; then webalizer_reads_it; fi
}

webalizer_reads_it() {
    need webalizer || return
    talk --xferlog "$X" --allow upload,read <<'STEPS'
binary
fetch RETR one
STEPS
    mkdir "$T/out"
    webalizer -c /dev/null -F ftp -o "$T/out" -p "$X" >"$T/said" 2>&1 || { cat "$T/said"; return 1; }
    cat "$T/said"
    # all lines are records, and none is a bad one
    grep -q '^4 records' "$T/said" || return
    ! grep -iE 'bad|error|skipping' "$T/said" || return
    cat "$T/out"/usage_*.html >"$T/usage"
    grep -q "two_words" "$T/usage" && grep -q "127.0.0.1" "$T/usage"
}
