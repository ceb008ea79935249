# How transfers under TLS end: what counts as whole, and what not.
# bats file_tags=asan
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # each test has its own environment
# shellcheck disable=SC2034 # WRAP is for session.bash
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }

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
