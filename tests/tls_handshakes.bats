# Handshakes on the control connection: which are made, and what becomes of the others.
# bats file_tags=asan
# shellcheck shell=bats
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }

@test "tls: 1.2 and 1.3 are spoken, and told in the log" {
    for version in 1.2 1.3; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version
tls-is TLSv$version
> NOOP
< 200
STEPS
        logged "TLS: TLSv$version [A-Z0-9_-]+$"
    done
}

@test "tls: 1.0 and 1.1 are refused, whatever the system allows" {
    for version in 1.0 1.1; do
        OPENSSL_CONF=/dev/null secured <<STEPS
< 220
> AUTH TLS
< 234
tls-fails alert.protocol.version $version
closed
STEPS
    done
    logged 'TLS handshake failed: .*protocol'
}

@test "tls: no renegotiation" {
    need openssl
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    mkfifo "$T/in"
    spawn openssl s_client -starttls ftp -tls1_2 -connect "127.0.0.1:$PORT" <>"$T/in"
    wait_for grep -q 'TLS: TLSv1.2' "$T/serve.log"
    wait_for grep -q 'Secure Renegotiation IS supported' "$SPAWN_LOG"
    echo R >"$T/in" # what s_client takes as an order
    wait_for grep -q 'no renegotiation' "$SPAWN_LOG"
    grep -q RENEGOTIATING "$SPAWN_LOG"
    wait_for grep -q 'Connection closed' "$T/serve.log"
    [ "$(grep -c 'TLS: TLSv1.2' "$T/serve.log")" = 1 ]
}

@test "tls: ALPN: ftp is taken, another protocol alone is refused (ALPACA)" {
    for offer in alpn=ftp alpn=http/1.1,ftp alpn=ftp,http/1.1 alpn=ft,ftp,ftpx; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $offer
tls-is ftp
> NOOP
< 200
STEPS
    done
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
tls-is no-alpn
STEPS
    for offer in http/1.1 h2 ftpx ft FTP; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls-fails no.application.protocol alpn=$offer
closed
STEPS
    done
    secured --tls implicit <<'STEPS'
tls-fails no.application.protocol alpn=http/1.1
STEPS
}

@test "tls: a ClientHello byte by byte" {
    for version in 1.2 1.3; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version slowly
> NOOP
< 200
STEPS
    done
}

@test "tls: garbage instead of a handshake ends the session" {
    garbage=$(head -c 16384 /dev/urandom | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g')
    for begin in '' '\x16\x03\x01' '\x16\x03\x03\xff\xff' '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'; do
        : >"$T/log"
        secured --log-level debug <<STEPS
< 220
> AUTH TLS
< 234
>> $begin$garbage
tls-fails .
STEPS
        logged 'TLS handshake failed: '
        logged 'Connection closed'
    done
    secured --tls implicit <<STEPS
>> $garbage
tls-fails .
STEPS
}

@test "tls: commands that come in clear text behind AUTH are never run" {
    # in the same segment
    secured --log-level debug <<'STEPS'
< 220
>> AUTH TLS\r\nMKD one\r\nUSER me\r\nPA
< 234
tls
> NOOP
< 200
> PASS
< 230
> QUIT
< 221
closed
STEPS
    logged 'Dropped 20 bytes that came after AUTH in clear text'
    # more than the server reads at once
    secured <<STEPS
< 220
>> AUTH TLS\\r\\n$(printf 'MKD two\\r\\n%.0s' {1..3000})
< 234
tls
> NOOP
< 200
STEPS
    logged 'Dropped 27000 bytes'
    # in a segment of their own, which can come before or after TLS begins
    secured --log-level debug <<'STEPS'
< 220
>> AUTH TLS\r\n
>> MKD three\r\n
< 234
tls-or-not
STEPS
    not_logged 'Received command: (MKD|USER)'
    published_are
}

@test "tls: a handshake that takes too long ends the session, and the helper" {
    users "me:$(hash secret):/::"
    secured --login-timeout 1 --users "$T/users" <<'STEPS'
< 220
helpers 1
> AUTH TLS
< 234
tls-part
closed
STEPS
    logged 'TLS handshake failed: it took too long'
    secured --login-timeout 1 --tls implicit --users "$T/users" <<'STEPS'
helpers 1
tls-part
closed
STEPS
    secured --login-timeout 1 <<'STEPS'
< 220
> AUTH TLS
< 234
closed
STEPS
}

@test "tls: a client that leaves in the middle of the handshake" {
    for end in eof vanish; do
        : >"$T/log"
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls-part
$end
STEPS
        logged 'TLS handshake failed: (the client closed the connection|Connection reset)'
    done
}

@test "tls: SIGTERM in the middle of a handshake" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls-part
silence
killed-by TERM
closed
STEPS
    logged 'TLS handshake failed: the service is shutting down'
}

@test "tls: the time to log in goes on over AUTH and REIN" {
    users "me:$(hash secret):/::"
    secured --login-timeout 2 --users "$T/users" <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> REIN
< 220
untls
> AUTH TLS
< 234
tls
< 421 Not logged in
closed
STEPS
}

@test "tls: a record that comes byte by byte does not hold the session beyond the idle time-out" {
    secured --idle-timeout 1 <<'STEPS'
< 220
> AUTH TLS
< 234
tls
drip 421 Idle
closed
STEPS
}

@test "tls: a ClientHello without AUTH closes the session" {
    secured <<'STEPS'
< 220
tls-fails EOF
STEPS
    logged 'the client speaks TLS, not FTP'
}
