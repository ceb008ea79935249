# TLS on data connections: transfers and their ends, resumption, commands meanwhile.
# bats file_tags=asan
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # each test has its own environment
# shellcheck disable=SC2034 # WRAP is for session.bash
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }


# begun [WORD...]: the beginning of a session whose data connections are protected
begun() {
    printf '%s\n' '< 220' '> AUTH TLS' '< 234' "tls $*" '> PBSZ 0' '< 200' '> PROT P' '< 200' \
        '> TYPE I' '< 200' private
}

# with_begun [WORD...] -- [OPTION...] <<STEPS: `secured` with that beginning
with_begun() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    { begun "${words[@]}" && cat; } >"$T/steps"
    secured "$@" <"$T/steps"
}

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

# ------------------------------------------------------------------ ends

@test "tls data: an upload that ends without close_notify is not published (promise 3)" {
    for version in 1.2 1.3; do
        for options in '' --no-sync; do
            : >"$T/log"
            # shellcheck disable=SC2086
            with_begun $version -- $options <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data@ 100000
drop
< 426 TLS ended without close_notify; it can be resumed
> EPSV
< 229
> STOR y
< 150
connect
drop
< 426 TLS ended without close_notify
> NOOP
< 200
nofile x
nofile y
STEPS
            logged 'Upload failed: /x \(100000 bytes, .*, tls-truncated\)'
            logged 'Upload failed: /y \(0 bytes, .*, tls-truncated\)'
            published_are
            one_unfinished 99999
            find "$ROOT" -mindepth 1 -delete
        done
    done
}

@test "tls data: what is left of a truncated upload can be resumed" {
    with_begun -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data 0123456789
drop
< 426
> SIZE x
< 213 9
> REST 9
< 350
store x 9abc
file x 0123456789abc
STEPS
}

@test "tls data: neither a half-close nor as many bytes as ALLO said make up for close_notify" {
    with_begun -- <<'STEPS'
> EPSV
< 229
> ALLO 5
< 200
> STOR x
< 150
connect
data hello
data-eof
< 426
lost
> ALLO 5
< 200
> EPSV
< 229
> STOR x
< 150
connect
data hello
drop
< 426
nofile x
STEPS
    published_are
}

@test "tls data: --tls-lenient-close takes such an end, but not in the middle of a record" {
    for version in 1.2 1.3; do
        : >"$T/log"
        with_begun $version -- --tls-lenient-close <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data@ 100000
drop
< 226
> EPSV
< 229
> STOR y
< 150
connect
data-eof
< 226
drop
> EPSV
< 229
> STOR z
< 150
connect
data some
data-part more
drop
< 426
> EPSV
< 229
> ALLO 100
< 200
> STOR z
< 150
connect
data some
drop
< 426 fewer bytes
> EPSV
< 229
> STOR z
< 150
connect
data some
reset
< 426 reset
file@ x 100000
file y 
nofile z
STEPS
        logged 'Upload failed: /z \(4 bytes, .*, tls-truncated\)'
        published_are x y
        find "$ROOT" -mindepth 1 -delete
    done
}

@test "tls data: a reset without close_notify is not published, one behind it is no harm" {
    for version in 1.2 1.3; do
        : >"$T/log"
        with_begun $version -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data hello
reset
< 426
nofile x
> EPSV
< 229
> STOR x
< 150
connect
data@ 100000
data-notify
settle
reset
< 226
file@ x 100000
STEPS
        logged 'Upload failed: /x \([05] bytes, .*, reset\)'
        find "$ROOT" -mindepth 1 -delete
    done
}

@test "tls data: the server's close_notify comes before the 226" {
    for version in 1.2 1.3; do
        # done waits for it, and nothing of the 226 has come before the slow sync
        local -x ASAN_OPTIONS=detect_leaks=0
        local WRAP=(strace -f -o "$T/trace" -e trace=fsync -e inject=fsync:delay_enter=1000000)
        with_begun $version -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data hello
done
silence
< 226
STEPS
    done
}

@test "tls data: a client that closes behind its close_notify, and one that waits for the server's" {
    with_begun -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data hello
data-notify
drop
< 226
> EPSV
< 229
> STOR y
< 150
connect
data hello
data-notify
< 226
done
file x hello
file y hello
STEPS
}

@test "tls data: bytes behind close_notify are none of the file" {
    with_begun -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data hello
data-notify
raw more
< 226
drop
file x hello
STEPS
}

@test "tls data: fewer bytes than ALLO said" {
    with_begun -- <<'STEPS'
> ALLO 100
< 200
store x hello < 426 fewer bytes
nofile x
STEPS
    logged 'Upload failed: /x \(5 bytes, .*, short\)'
}

@test "tls data: a client whose file is too large hears close_notify, and why" {
    with_begun -- --max-file-size 10 <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data@ 100000
done
< 552 larger than the 10 bytes
nofile x
STEPS
}

@test "tls data: an upload that is cut leaves the session to be resumed, ids too" {
    for words in 1.3 1.2 '1.2 no-tickets'; do
        # shellcheck disable=SC2086 # words
        with_begun $words -- --tls-require-reuse <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data-is resumed
data hello
data-eof
< 426
drop
> EPSV
< 229
> STOR y
< 150
connect
data-is resumed
done
< 226
STEPS
        rm -f "$ROOT/y"
    done
}

@test "tls data: a client that forgets PROT P does not have its ClientHello stored" {
    echo old >"$ROOT/x"
    secured <<'STEPS'
< 220
> AUTH SSL
< 234
tls
> EPSV
< 229
> STOR x
< 150
connect
raw \x16\x03\x01\x02\x00hello
< 426 without PROT P
drop
file x old\n
> PBSZ 0
< 200
> PROT C
< 200
> EPSV
< 229
> STOR y
< 150
connect
raw \x16\x03\x01\x02\x00hello
drop
< 226
STEPS
    logged 'Upload failed: /x \(.*, tls-unasked\)'
    [ "$(stat -c %s "$ROOT/y")" = 10 ]
}

@test "tls data: what needs no certificate asks for none" {
    printf 'secret\n' | STORD_TLS=require "$HANDLER" --hash | grep '^\$'
    users 'me:!:/::quota=1G'
    STORD_TLS=require "$HANDLER" --root "$ROOT" --users "$T/users" --recount
}

@test "tls data: a refused upload is told to curl as what it is, and the next one goes well" {
    mkdir "$ROOT/folder"
    random_file "$T/file" 1000
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    run curl -sS --ssl-reqd --cacert "$T/ca.crt" -T "$T/file" "ftp://localhost:$PORT/folder" \
        --next -sS --ssl-reqd --cacert "$T/ca.crt" -T "$T/file" "ftp://localhost:$PORT/good"
    [[ $output == *553* ]] || fail "$output"
    same "$T/file" "$ROOT/good"
}

@test "tls data: what comes under TLS is written 128 KiB at a time" {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    # shellcheck disable=SC2034 # for talk
    local WRAP=(strace -f -o "$T/trace" -e trace=write)
    with_begun -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data@ 1000000
done
< 226
file@ x 1000000
STEPS
    # seven whole ones, and what is left
    [ "$(grep -cE '^[0-9]+ +write\([0-9]+, .*, 131072\) = 131072$' "$T/trace")" = 7 ]
    [ "$(grep -cE '^[0-9]+ +write\([0-9]+, .*, 82496\) = 82496$' "$T/trace")" = 1 ]
}

@test "tls data: bytes that are no TLS in the middle of an upload" {
    with_begun -- <<'STEPS'
> EPSV
< 229
> STOR x
< 150
connect
data hello
raw garbage garbage garbage
< 426
lost
nofile x
> NOOP
< 200
STEPS
    published_are
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
< 425 nobody connected in time
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

# ------------------------------------------------------------------ resumption

# uploads_resume WORD...: a session of that kind has three uploads, each of which resumes
uploads_resume() {
    with_begun "$@" -- --tls-require-reuse --log-level debug <<'STEPS'
> EPSV
< 229
> STOR a
< 150
connect
data-is resumed
data one
done
< 226
> EPSV
< 229
> STOR b
< 150
connect
data-is resumed
done
< 226
> EPSV
< 229
> NLST
< 150
connect
data-is resumed
get ^[ab]\r\n[ab]\r\n$
< 226
STEPS
    [ "$(grep -c 'Data connection: .*, resumed' "$T/log")" = 3 ]
    not_logged 'not resume'
    rm "$ROOT"/{a,b}
    : >"$T/log"
}

@test "tls data: sessions of the control connection are resumed, by tickets and by ids" {
    uploads_resume 1.3
    uploads_resume 1.2
    uploads_resume 1.2 no-tickets
}

@test "tls data: after REIN and AUTH, too" {
    for words in 1.3 1.2 '1.2 no-tickets'; do
        secured --tls-require-reuse <<STEPS
< 220
> AUTH TLS
< 234
tls $words
> REIN
< 220
untls
> AUTH TLS
< 234
tls $words
> PBSZ 0
< 200
> PROT P
< 200
private
> EPSV
< 229
> STOR x
< 150
connect
data-is resumed
done
< 226
> REIN
< 220
untls
> AUTH TLS
< 234
tls $words again
tls-is resumed
> PBSZ 0
< 200
> PROT P
< 200
> EPSV
< 229
> STOR x
< 150
connect
data-is resumed
done
< 226
STEPS
    done
}

@test "tls data: a fresh ticket comes over the control connection behind each data connection" {
    with_begun 1.3 -- <<'STEPS'
tls-is ticket
store a one
tls-is new-ticket
store b two
tls-is new-ticket
> NOOP
< 200
tls-is ticket
STEPS
}

@test "tls data: a client that does not resume is served, and told of once" {
    with_begun -- <<'STEPS'
private fresh
> EPSV
< 229
> STOR a
< 150
connect
data-is full
done
< 226
> EPSV
< 229
> STOR b
< 150
connect
data-is full
done
< 226
STEPS
    [ "$(grep -c 'The client did not resume the TLS session on a data connection' "$T/log")" = 1 ]
}

@test "tls data: --tls-require-reuse refuses who does not resume" {
    for words in 1.3 1.2 '1.2 no-tickets'; do
        # shellcheck disable=SC2086
        with_begun $words -- --tls-require-reuse <<'STEPS'
private fresh
> EPSV
< 229
> STOR a
< 150
connect
lost
< 425 resumed
> EPSV
< 229
> NLST
< 150
connect
lost
< 425 resumed
> NOOP
< 200
nofile a
STEPS
        published_are
        nothing_unfinished
    done
    logged 'No data connection for /a: TLS: the session of the control connection must be resumed'
}

# thief_fails WORD...: what a full handshake on a data connection leaves is good for nothing
thief_fails() {
    with_begun "$@" -- <<STEPS
private $* fresh
> EPSV
< 229
> STOR a
< 150
connect
data-is full
data one
done
< 226
private $* stolen
> EPSV
< 229
> STOR b
< 150
connect
data-is full
data two
done
< 226
> REIN
< 220
untls
> AUTH TLS
< 234
tls $* stolen
tls-is full
STEPS
    rm "$ROOT"/*
    # nor where reuse is required: whoever has come in first must not come in later
    with_begun "$@" -- --tls-require-reuse <<STEPS
private $* fresh
> EPSV
< 229
> STOR a
< 150
connect
lost
< 425
private $* stolen
> EPSV
< 229
> STOR b
< 150
connect
data-is full
lost
< 425
nofile b
STEPS
}

@test "tls data: nobody gets anything on a data port that can be resumed" {
    thief_fails 1.3
    thief_fails 1.2
    thief_fails 1.2 no-tickets
}

@test "tls data: no tickets are given on data connections" {
    for version in 1.3 1.2; do
        with_begun $version -- <<STEPS
private $version fresh
> EPSV
< 229
> STOR a
< 150
connect
data one
data-notify
data-is full no-ticket
done
< 226
> EPSV
< 229
> NLST
< 150
connect
read@ 3
data-is full no-ticket
done
< 226
STEPS
    done
}
