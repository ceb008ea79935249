# Bare containers: a root with the program, its modules, the C library and the inbox, and nothing else: no /dev, no
# /proc, no /etc, no name for the user.
# shellcheck shell=bats
# shellcheck disable=SC2034,SC2153,SC2154 # HANDLER and ROOT of helpers.bash, what run sets
bats_require_minimum_version 1.5.0
load session
load tls

setup() {
    need_root 'enters a root folder of its own'
    setup_sandbox
    unset STORD_USER
    BARE=$T/bare
    mkdir -p "$BARE/bin" "$BARE/in"
    chmod 777 "$BARE/in"
    put_in "$HANDLER" "${HANDLER%/*}"/stord-*.so
    # /in is the root of a session, and $ROOT what is in it as seen from here
    ROOT=/in
    enter --userspec=54321:54322 "$BARE" /bin/handler
}
teardown() { teardown_sandbox; }

# put_in PROGRAM...: into the bare root, each with its libraries
put_in() {
    local library
    cp "$@" "$BARE/bin"
    for library in $(ldd "$@" | grep -o '/[^ ]*\.so[^ ]*' | sort -u); do
        [[ $library == "${HANDLER%/*}"/* ]] || cp -L --parents "${library%:}" "$BARE"
    done
}

# enter [OPTION...] ROOT PROGRAM: HANDLER is that of the bare root from now on, by these words of chroot
enter() {
    printf '#!/bin/sh\nexec chroot %s "$@"\n' "$*" >"$T/enter"
    chmod +x "$T/enter"
    HANDLER=$T/enter
}

# file_is NAME TEXT: the inbox does
file_is() { [ "$(cat "$BARE/in/$1")" = "$2" ] || fail "$1 is $(cat "$BARE/in/$1")"; }

@test "in a bare container sessions work, and are confined as anywhere" {
    for folder in dev proc etc; do [ ! -e "$BARE/$folder" ]; done
    for over in tcp pipe pair; do
        talk -o "$over" --require-confinement <<'STEPS'
< 220
> PWD
< 257
STEPS
        printf 'ALLO 5\r\nSTOR inline\r\nhelloNOOP\r\n' | "$HANDLER" --root /in --require-confinement >"$T/out" 2>>"$T/log"
        tr -d '\r' <"$T/out" | cut -c1-4 | diff - <(printf '%s \n' 220 200 150 226 200)
        file_is inline hello
    done
    talk --require-confinement --allow upload,read,list <<'STEPS'
< 220
> PASV
< 227
> STOR passive
< 150
put one
< 226
fetch RETR passive =~ ^one$
fetch LIST =~ passive
listen
> PORT {PORT}
< 200
> STOR active
< 150
put two
< 226
STEPS
    file_is passive one
    file_is active two
    [ "$(stat -c '%u %g' "$BARE/in/passive")" = '54321 54322' ]
    not_logged 'not whole|Cannot|without'
}

@test "without /dev/null nothing but replies reaches the client" {
    cat >"$T/wire.py" <<'PY'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
p = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs, stderr=theirs)
theirs.close()
ours.sendall(b"NOOP\r\nSTOR no/such\r\n")
ours.shutdown(socket.SHUT_WR)
while piece := ours.recv(65536):
    sys.stdout.buffer.write(piece)
sys.exit(p.wait())
PY
    for target in auto stderr syslog; do
        command -p python3 "$T/wire.py" "$HANDLER" --root /in --log-level debug --log "$target" >"$T/out"
        tr -d '\r' <"$T/out" | cut -c1-4 | diff - <(printf '%s \n' 220 200 550)
    done
    # nor is there anything to read where it was, or an end to writing there
    printf 'ALLO 2\r\nSTOR x\r\nhi' | "$HANDLER" --root /in 2>&- >"$T/out"
    grep -q '^226 ' "$T/out"
    file_is x hi
    # A wrong set-up is answered as anywhere
    run -64 --separate-stderr "$HANDLER" --rooot /in </dev/null
    [ "$output" = "421 Service not available: see the server's log"$'\r' ]
    [[ "$stderr" == *'unknown argument "--rooot"'* ]]
    run -0 "$HANDLER" --version
}

@test "without /proc modules are found beside the program, however it was started" {
    local program
    users "me:$(hash secret):/:upload:"
    install -o 54321 -m 600 "$T/users" "$BARE/users"
    ln -s bin/handler "$BARE/linked"
    # Every module is looked for where the program is, not where the session is
    for program in /bin/handler bin/handler ./bin/../bin/handler /linked; do
        enter --userspec=54321:54322 "$BARE" "$program"
        echo secret | "$HANDLER" --hash | grep '^\$'
        talk --users /users <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
STEPS
    done
    # By a path that tells nothing, the message has the file
    mkdir "$BARE/elsewhere"
    mv "$BARE/bin/stord-password.so" "$BARE/elsewhere"
    run -69 --separate-stderr "$HANDLER" --hash <<<secret
    [[ "$stderr" == *'/bin/stord-password.so: cannot open shared object file'* ]] || fail "$stderr"
}

@test "without /proc there is TLS" {
    make_ca
    make_certificate tls
    install -o 54321 -m 600 "$T/tls.crt" "$T/tls.key" "$BARE"
    serve --tls-cert /tls.crt --tls-key /tls.key --tls require
    random_file "$T/sent" 100000
    curl -sS --ssl-reqd --cacert "$T/ca.crt" -T "$T/sent" "ftp://localhost:$PORT/got"
    same "$T/sent" "$BARE/in/got"
}

@test "where a library is missing, what nobody needs it for works, and the message has its name" {
    find "$BARE" \( -name 'libcrypt.so*' -o -name 'libssl.so*' -o -name 'libsystemd.so*' \) -delete
    printf 'ALLO 2\r\nSTOR x\r\nhi' | "$HANDLER" --root /in >"$T/out" 2>"$T/log"
    file_is x hi
    run ! "$HANDLER" --hash <<<secret
    [[ "$output" == *'libcrypt.so.'*'cannot open shared object file'* ]] || fail "$output"
    make_ca
    make_certificate tls
    install -m 644 "$T/tls.crt" "$T/tls.key" "$BARE"
    printf 'QUIT\r\n' | "$HANDLER" --root /in --tls-cert /tls.crt --tls-key /tls.key >"$T/out" 2>"$T/log" || :
    grep -q '^421 ' "$T/out"
    logged 'Cannot start: TLS: .*libssl\.so\..*cannot open shared object file'
    printf 'QUIT\r\n' | LISTEN_FDS=1 "$HANDLER" --root /in >"$T/out" 2>"$T/log"
    logged 'Continuing without libsystemd: libsystemd\.so\.'
}

@test "started as root in a bare container, a session becomes a number that has no name" {
    enter "$BARE" /bin/handler
    serve --user 12345:678
    random_file "$T/sent" 1000
    curl -sS -T "$T/sent" "ftp://127.0.0.1:$PORT/got"
    same "$T/sent" "$BARE/in/got"
    [ "$(stat -c '%u %g' "$BARE/in/got")" = '12345 678' ]
    kill_spawned
    serve
    run ! curl -sS "ftp://127.0.0.1:$PORT/"
    wait_for grep -q 'there is no user stord to become: see --user' "$T/serve.log"
}
