# The uploader and TLS (RFC 4217): with our server, vsftpd and pure-ftpd; and what it refuses.
# bats file_tags=asan
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client
load tls

setup() {
    setup_sandbox
    make_ca
    make_certificate server
    random_file "$T/file" 1000
    random_file "$T/other" 1000
}
teardown() { teardown_sandbox; }

# ------------------------------------------------------------------- helpers

# secure_upload FILE...: by explicit TLS, with our authority
secure_upload() { upload --tls --cacert "$T/ca.crt" "$@"; }

# implicit_upload FILE...: by implicit TLS
implicit_upload() { upload_to "ftps://127.0.0.1:$PORT" --cacert "$T/ca.crt" "$@"; }

# upload_to HOST ARG...: HOST as -h has it, and no -p
upload_to() {
    SERVER=127.0.0.1:$PORT
    run --separate-stderr timeout 120 "$CLIENT" -v -h "$@"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

vsftpd_tls() {
    vsftpd ssl_enable=YES allow_anon_ssl=YES force_anon_logins_ssl=YES force_anon_data_ssl=YES \
        ssl_ciphers=HIGH require_ssl_reuse=YES strict_ssl_read_eof=YES debug_ssl=YES log_ftp_protocol=YES xferlog_enable=YES \
        rsa_cert_file="$T/server.crt" rsa_private_key_file="$T/server.key" "$@"
}

# tls_server [OPTION...]: accepts TLS and says nothing inside; prints what it is told, to $SPAWN_LOG.
# For handshakes that are to fail.
tls_server() {
    free_port
    : >"$T/nothing-said"
    spawn openssl s_server -accept "127.0.0.1:$PORT" -cert "$T/server.crt" -key "$T/server.key" \
        -quiet -no_ign_eof "$@" <"$T/nothing-said"
    wait_port "$PORT"
}

# not_sent REASON: the last upload failed by it, before the server was told anything
not_sent() {
    [ "$status" = 76 ]
    [[ $stderr == "client: $T/file: "*:$PORT": TLS: "*"$1"* ]] || fail "not told: $1"
    [ ! -e "$ROOT/file" ]
}

# with_policy LINE COMMAND...: with OpenSSL told that by the system's settings
with_policy() {
    printf '%s\n' 'openssl_conf = conf' '[conf]' 'ssl_conf = ssl' '[ssl]' 'system_default = policy' \
        '[policy]' "$1" >"$T/openssl.cnf"
    OPENSSL_CONF=$T/openssl.cnf "${@:2}"
}

# with_tls12 COMMAND...: with OpenSSL told to know nothing newer
with_tls12() { with_policy 'MaxProtocol = TLSv1.2' "$@"; }

# -------------------------------------------------------------------- uploads

@test "files of all sizes arrive by explicit TLS at our server, in one session" {
    serve_tls --tls=require
    make_files
    secure_upload "${FILES[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "${FILES[@]}"
    [ "$(sessions)" = 1 ]
    [ "$(grep -c '^226 ' <<<"$output")" = 4 ]
    grep -F 'TLS: TLSv1.3' "$T/serve.log"
}

@test "files of all sizes arrive by implicit TLS at our server, in one session" {
    serve_tls --tls=implicit
    make_files
    implicit_upload "${FILES[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "${FILES[@]}"
    [ "$(sessions)" = 1 ]
    [ "$(tail -n 1 <<<"$output" | cut -c -4)" = '221 ' ]
}

@test "files of all sizes arrive by explicit TLS at vsftpd, which wants resumed sessions" {
    vsftpd_tls
    make_files
    secure_upload "${FILES[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "${FILES[@]}"
    [ "$(sessions)" = 1 ]
    [ "$(grep -c 'TLSv1.3.* reused' "$T/vsftpd.log")" -ge 4 ]
}

@test "files of all sizes arrive by implicit TLS at vsftpd" {
    vsftpd_tls implicit_ssl=YES
    make_files
    implicit_upload "${FILES[@]}"
    [ "$status" = 0 ]
    stored "${FILES[@]}"
}

@test "files of all sizes arrive by explicit TLS at pure-ftpd" {
    cat "$T/server.crt" "$T/server.key" >"$T/server.pem"
    pure_ftpd --tls 2 --certfile "$T/server.pem"
    make_files
    secure_upload "${FILES[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = '' ]
    stored "${FILES[@]}"
}

@test "TLS 1.2 will do, with and without data connections" {
    local server
    make_files
    for server in serve_tls vsftpd_tls; do
        "$server"
        with_tls12 secure_upload "${FILES[@]}" /dev/stdin < <(cat "$T/file")
        [ "$status" = 0 ]
        stored "${FILES[@]}"
        same "$T/file" "$ROOT/stdin"
        grep -F 'TLSv1.2' "$T"/*.log
        kill_spawned
        rm -rf "$T"/*.log "$T/empty" "${ROOT:?}"/*
    done
}

@test "many files arrive in one session" {
    local server i files=()
    for ((i = 0; i < 100; i++)); do
        files+=("$T/file.$i")
        random_file "$T/file.$i" $((i * i * 100))
    done
    for server in serve_tls vsftpd_tls; do
        "$server"
        secure_upload "${files[@]}"
        [ "$status" = 0 ]
        stored "${files[@]}"
        [ "$(sessions)" = 1 ]
        kill_spawned
        rm -rf "$T/empty" "${ROOT:?}"/*
    done
}

@test "pipes are sent to their end, inline and over data connections" {
    local server
    for server in serve_tls vsftpd_tls; do
        random_file "$T/data" 3000000
        mkfifo "$T/pipe"
        "$server"
        spawn dd if="$T/data" of="$T/pipe" bs=10000 status=none
        secure_upload "$T/pipe" "$T/file"
        [ "$status" = 0 ]
        same "$T/data" "$ROOT/pipe"
        stored "$T/file"
        kill_spawned
        rm -rf "$T/pipe" "$T/empty" "${ROOT:?}"/*
    done
}

@test "standard input is sent to its end" {
    serve_tls
    random_file "$T/data" 300000
    # shellcheck disable=SC2094 # not the same file
    secure_upload /dev/stdin < <(cat "$T/data")
    [ "$status" = 0 ]
    same "$T/data" "$ROOT/stdin"
}

@test "IPv6 works, in brackets" {
    serve_at '[::1]' --tls-cert "$T/server.crt" --tls-key "$T/server.key" --tls=implicit
    upload_to "FTPS://[::1]:$PORT/" --cacert "$T/ca.crt" "$T/file"
    [ "$status" = 0 ]
    stored "$T/file"
}

@test "a server that refuses a file on the way is heard, and the session goes on" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
hear("AUTH TLS")
say("234 Go\r\n")
secure()
hear("FEAT")
say("500 What?\r\n")
hear("USER anonymous")
say("232 Known\r\n")
hear("PBSZ 0")
say("200 PBSZ=0\r\n")
hear("PROT P")
say("200 Fine\r\n")
hear("TYPE I")
say("200 Binary\r\n")
for name in "large", "file":
    hear("EPSV")
    data = passive("229 Extended (|||{port}|)\r\n")
    hear("STOR " + name)
    say("150 Go\r\n")
    if name == "large":
        got = wrap(data.accept()[0])
        got.recv(1000)
        say("552 Too large\r\n")
        continue
    whole, how = receive_secure(wrap(data.accept()[0]))
    assert how == "close_notify", how
    store(name, whole)
    say("226 Done\r\n")
quit()
PYTHON
    truncate -s 64M "$T/large"
    secure_upload "$T/large" "$T/file"
    [ "$status" = 73 ]
    [ "$stderr" = "client: $T/large: $SERVER: 552 Too large" ]
    script_done
    stored "$T/file"
}

@test "a server that refuses an inline file on the way is heard" {
    scripted <<'PYTHON'
accept()
secure()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("ALLO 67108864", "STOR large")
say("200 ok\r\n150 go\r\n")
lines.read(1000)
say("552 Too large\r\n")
PYTHON
    truncate -s 64M "$T/large"
    implicit_upload "$T/large"
    [ "$status" = 73 ]
    [ "$stderr" = "client: $T/large: $SERVER: 552 Too large" ]
    script_done
}

@test "replies longer than what is read at once are understood, with nothing behind them" {
    scripted <<'PYTHON'
accept()
secure()
say("220-" + "x" * 10000 + "\r\n220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n" + " LONG\r\n" * 2000 + " INLINE ALLO\r\n211 End\r\n")
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 go\r\n")
store("file", lines.read(1000))
say("226-" + "y" * 4092 + "\r\n226 Done\r\n")
quit()
PYTHON
    implicit_upload "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

# ------------------------------------------------------- what is not published

@test "an uploader that is killed leaves nothing published (promise 3)" {
    serve_tls
    mkfifo "$T/pipe"
    spawn "$CLIENT" --tls --cacert "$T/ca.crt" -h "ftp://127.0.0.1:$PORT" "$T/pipe"
    local pid=$SPAWN_PID
    exec 5>"$T/pipe"
    head -c 10000000 /dev/zero >&5 # more than what fits on the way
    kill -KILL "$pid"
    exec 5>&-
    wait_for grep -F 'Connection closed' "$T/serve.log"
    [ ! -e "$ROOT/pipe" ]
}

@test "a source that cannot be read to its end is not published (promise 3)" {
    serve_tls
    secure_upload /proc/self/mem "$T/file"
    [ "$status" = 66 ]
    [[ $stderr == 'client: /proc/self/mem: cannot read: '* ]]
    [ "${#stderr_lines[@]}" = 1 ]
    [ ! -e "$ROOT/mem" ]
    stored "$T/file"
}

@test "a source that cannot be read to its end does not spoil the TLS session for the next one" {
    vsftpd_tls
    secure_upload /proc/self/mem "$T/file"
    [ "$status" = 66 ]
    stored "$T/file"
    [ "$(sessions)" = 1 ]
}

@test "a file that shrinks while it is sent ends in a reset, not in close_notify" {
    scripted <<'PYTHON'
accept()
secure()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("ALLO 67108864", "STOR large")
say("200 ok\r\n150 go\r\n")
os.truncate(os.path.dirname(ROOT) + "/large", 10)
how = receive_secure(conn)[1]
assert how == "reset", how

accept()
secure()
say("220 Hello\r\n")
refuse("FEAT", "USER anonymous")
for command in "PBSZ 0", "PROT P", "TYPE I":
    hear(command)
    say("200 Fine\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
os.truncate(os.path.dirname(ROOT) + "/large", 10)
how = receive_secure(wrap(data.accept()[0]))[1]
assert how == "reset", how
say("426 Not whole\r\n")
quit()
PYTHON
    for _ in 1 2; do
        truncate -s 64M "$T/large"
        implicit_upload "$T/large"
        [ "$status" = 66 ]
        [[ $stderr == "client: $T/large: became shorter while it was sent"* ]]
    done
    script_done
}

@test "a server that ends TLS without a 226 has not got the file" {
    scripted <<'PYTHON'
accept()
secure()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 go\r\n")
lines.read(1000)
conn.unwrap()
PYTHON
    implicit_upload "$T/file"
    [ "$status" = 75 ]
    [[ $stderr == "client: $T/file: "*closed* ]]
}

# ------------------------------------------------------------------ never by the kernel

# What sets up OpenSSL is the server's, too; `make ktls' shows why it matters.
@test "the kernel is not asked for TLS, even where the system's policy has it" {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local traced=(strace -f -o "$T/trace" -e trace=setsockopt)
    serve_tls
    with_policy 'Options = KTLS' "${traced[@]}" timeout 120 "$CLIENT" -q --tls --cacert "$T/ca.crt" \
        -h "ftp://127.0.0.1:$PORT" "$T/file"
    stored "$T/file"
    grep TCP_NODELAY "$T/trace" # it sees these calls
    ! grep TCP_ULP "$T/trace" || fail "asked for"
}

# ----------------------------------------------------------- never in clear text

@test "nothing but AUTH TLS is sent in clear text" {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local server
    printf 'public-knowledge' >"$T/secret-name"
    for server in serve_tls vsftpd_tls; do
        "$server"
        rm -f "$T/trace"
        strace -f -s 100000 -e trace=write,writev,send,sendto,sendmsg,sendfile -o "$T/trace" \
            timeout 120 "$CLIENT" -q --tls --cacert "$T/ca.crt" -h "ftp://127.0.0.1:$PORT" \
            "$T/secret-name"
        stored "$T/secret-name"
        grep -F 'AUTH TLS\r\n' "$T/trace"
        ! grep -E 'FEAT|USER|PASS|STOR|secret|knowledge|sendfile' "$T/trace" || fail "in clear text"
        kill_spawned
        rm -rf "$T/empty" "${ROOT:?}"/*
    done
}

@test "a server without TLS gets nothing" {
    local server
    for server in 'serve --log-level debug' 'vsftpd xferlog_enable=YES log_ftp_protocol=YES'; do
        $server
        secure_upload "$T/file"
        [ "$status" = 76 ]
        [[ $stderr == *"the server refuses TLS, nothing was sent: 5"* ]]
            [ ! -e "$ROOT/file" ]
        grep -E 'AUTH' "$T"/*.log
        ! grep -E 'command: (.*")?(FEAT|USER|STOR)' "$T"/*.log || fail "more than AUTH was sent"
        kill_spawned
        rm -rf "$T/empty"
    done
}

@test "where AUTH is refused the client is gone, without a word" {
    scripted <<'PYTHON'
for reply in "502 No\r\n", "534 No\r\n", "334 ADAT\r\n", "200 Fine\r\n", "421 Busy\r\n":
    accept()
    say("220 Hello\r\n")
    hear("AUTH TLS")
    say(reply)
    ended()
PYTHON
    for _ in 1 2 3 4 5; do
        secure_upload "$T/file" "$T/other"
        [ "$status" = 76 ]
    done
    script_done
}

@test "replies that were put behind the 234 in clear text are not taken for the server's" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
hear("AUTH TLS")
say("234 Go\r\n230 Welcome\r\n")
ended()
PYTHON
    secure_upload "$T/file"
    [ "$status" = 76 ]
    [[ $stderr == *'TLS: the server continues in clear text'* ]]
    script_done
}

@test "where PROT P is refused no data connection is asked for" {
    scripted <<'PYTHON'
accept()
secure()
say("220 Hello\r\n")
refuse("FEAT", "USER anonymous", "PBSZ 0")
hear("PROT P")
say("534 In clear text only\r\n")
ended()
PYTHON
    implicit_upload "$T/file"
    [ "$status" = 76 ]
    [[ $stderr == *'refuses TLS for data connections: 534 In clear text only'* ]]
    script_done
}

@test "implicit TLS with a server that speaks clear text fails" {
    serve --tls=off
    implicit_upload "$T/file"
    not_sent ''
}

# ----------------------------------------------------------------- whom to trust

@test "a certificate of an unknown authority is refused" {
    tls_server
    upload_to "ftps://127.0.0.1:$PORT" "$T/file" # not one of the system's
    not_sent 'certificate verify failed: '
    make_ca other
    upload_to "ftps://127.0.0.1:$PORT" --cacert "$T/other.crt" "$T/file"
    not_sent 'certificate verify failed: '
    [ "$(grep -avE '^ERROR|error:' "$SPAWN_LOG")" = '' ]
}

@test "a certificate for somebody else is refused" {
    local names
    for names in DNS:other.example IP:127.0.0.2 DNS:127.0.0.1 email:root@localhost; do
        SAN=$names make_certificate server
        tls_server
        implicit_upload "$T/file"
        not_sent 'certificate verify failed: IP address mismatch'
        upload_to "ftps://localhost:$PORT" --cacert "$T/ca.crt" "$T/file"
        not_sent 'certificate verify failed: hostname mismatch'
        kill_spawned
    done
}

@test "the name in the subject alone is not enough" {
    SAN=email:root@server.example make_certificate localhost
    tls_server -cert "$T/localhost.crt" -key "$T/localhost.key"
    upload_to "ftps://localhost:$PORT" --cacert "$T/ca.crt" "$T/file"
    not_sent 'hostname mismatch'
}

@test "a certificate that is expired, or not valid yet, is refused" {
    make_certificate server -1 -5
    tls_server
    implicit_upload "$T/file"
    not_sent 'certificate verify failed: certificate has expired'
    kill_spawned

    make_certificate server 5 3
    tls_server
    implicit_upload "$T/file"
    not_sent 'certificate verify failed: certificate is not yet valid'
}

@test "a refused certificate is refused with explicit TLS, too" {
    SAN=DNS:other.example make_certificate server
    serve_tls
    secure_upload "$T/file"
    not_sent 'IP address mismatch'
}

@test "certificates name hosts without the dot at the end, in any case" {
    SAN=DNS:server.example make_certificate server
    serve_tls
    echo '127.0.0.1 server.example server.example.' >"$T/hosts"
    for host in server.example server.example. SERVER.example; do
        rm -f "$ROOT/file"
        # shellcheck disable=SC2016 # expanded there
        run --separate-stderr unshare -rm sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' \
            "$T/hosts" "$CLIENT" -h "ftp://$host:$PORT" --tls --cacert "$T/ca.crt" "$T/file"
        [ "$status" = 0 ]
        stored "$T/file"
    done
}

@test "--pin takes the one certificate, whoever signed it for whomever until whenever" {
    SAN=DNS:other.example make_certificate server -1 -5
    vsftpd_tls # ours would not use it
    local pin
    for pin in "$(fingerprint "$T/server.crt")" \
        "$(openssl x509 -in "$T/server.crt" -noout -fingerprint -sha256 | sed 's/.*=//')"; do
        rm -f "$ROOT/file"
        upload --tls --pin "$pin" "$T/file"
        [ "$status" = 0 ]
        stored "$T/file"
    done
}

@test "--pin refuses any other certificate, and tells its fingerprint" {
    make_certificate other
    tls_server
    upload_to "ftps://127.0.0.1:$PORT" --pin "$(fingerprint "$T/other.crt")" "$T/file"
    not_sent "SHA-256 fingerprint is $(fingerprint "$T/server.crt")"
    [ "$(grep -avE '^ERROR|error:' "$SPAWN_LOG")" = '' ]
}

@test "a client certificate is shown, with its key in the same file or another one" {
    make_certificate client
    cat "$T/client.crt" "$T/client.key" >"$T/both.pem"
    serve_tls --tls-client-ca "$T/ca.crt"
    secure_upload --cert "$T/client.crt" --key "$T/client.key" "$T/file"
    [ "$status" = 0 ]
    secure_upload --cert "$T/both.pem" "$T/file"
    [ "$status" = 0 ]
    [ "$(grep -c 'TLS: TLSv1.3.*client certificate CN=client,O=Test' "$T/serve.log")" = 2 ]
}

@test "-u logs in by certificate alone, or by the password in the environment" {
    make_certificate client
    printf '%s\n' "press:!:/press::cert=CN=client,O=Test" \
        "me:$(perl -e 'print crypt(q(secret), q($6$rounds=1000$salt$))'):/::tls" >"$T/users"
    serve_tls --tls-client-ca "$T/ca.crt" --users "$T/users"
    secure_upload -u press --cert "$T/client.crt" --key "$T/client.key" "$T/file"
    [ "$status" = 0 ]
    [[ $output == *$'\n232 Logged in\n'* ]]
    same "$T/file" "$ROOT/press/file"
    STOR_PASSWORD=secret secure_upload -u me "$T/file"
    [ "$status" = 0 ]
    same "$T/file" "$ROOT/file"
    secure_upload -u me "$T/file"
    [ "$status" = 77 ]
    [[ $stderr == *'wants a password: put it into STOR_PASSWORD'* ]]
    STOR_PASSWORD=wrong secure_upload -u me "$T/file"
    [ "$status" = 77 ]
    [[ $stderr == *'530 Login incorrect'* ]]
    secure_upload -u $'me\r\nDELE file' "$T/file"
    [ "$status" = 64 ]
    same "$T/file" "$ROOT/file"
    [[ $stderr == *'line break'* ]]
}

@test "a client certificate is shown on data connections, too" {
    make_certificate client
    vsftpd_tls require_cert=YES validate_cert=YES ca_certs_file="$T/ca.crt"
    secure_upload --cert "$T/client.crt" --key "$T/client.key" "$T/file"
    [ "$status" = 0 ]
    stored "$T/file"
}

@test "a server that wants a client certificate is understood" {
    tls_server -Verify 1 -CAfile "$T/ca.crt" -verify_return_error
    implicit_upload "$T/file"
    not_sent 'certificate required'
}

@test "certificates and keys that cannot be used are reported before anything is sent" {
    make_certificate client
    make_certificate other
    openssl pkey -in "$T/client.key" -aes256 -passout pass:secret -out "$T/locked.key"
    free_port # nobody listens there
    local wrong
    for wrong in "--cacert $T/missing" "--cacert $T/file" "--cert $T/missing" "--cert $T/client.crt" \
        "--cert $T/client.crt --key $T/missing" "--cert $T/client.crt --key $T/other.key" \
        "--cert $T/client.crt --key $T/locked.key"; do
        # shellcheck disable=SC2086 # words
        upload --tls $wrong "$T/file" </dev/null
        [ "$status" = 1 ]
        [[ $stderr == 'client: TLS: '*"$T/"* ]]
        [ "${#stderr_lines[@]}" = 1 ]
    done
}

# ------------------------------------------------------------------- options

# bare_upload ARG...: on a loopback interface of its own, where nobody listens
bare_upload() {
    run --separate-stderr unshare -rn sh -c 'ip link set lo up && exec "$@"' sh "$CLIENT" "$@"
    [ "$status" = 69 ]
}

@test "URLs have the ports of FTP unless they or -p say another one" {
    bare_upload -h ftp://127.0.0.1/ "$T/file"
    [[ $stderr == *' 127.0.0.1:21: '* ]]
    bare_upload --tls -h ftp://127.0.0.1 "$T/file"
    [[ $stderr == *' 127.0.0.1:21: '* ]]
    bare_upload -h ftps://127.0.0.1 "$T/file"
    [[ $stderr == *' 127.0.0.1:990: '* ]]
    bare_upload -h 'ftps://[::1]' -p 1234 "$T/file"
    [[ $stderr == *' [::1]:1234: '* ]]
    bare_upload --tls -h 127.0.0.1 "$T/file"
    [[ $stderr == *' 127.0.0.1:22000: '* ]]
}

@test "what is not understood in a URL is wrong usage" {
    local url
    for url in ftp:// ftps:// ftp:/// ftp://host/?query 'ftp://host?query' 'ftp://host#there' \
        ftp://host: ftp://host:0 ftp://host:65536 ftp://host:ftp ftp://host:21:21 ftp://:21 \
        'ftp://[::1' 'ftp://[host]' 'ftp://[::1]x' 'ftp://[]' ftp://::1 ftp://fe80::1:2 ftp://ho%73t \
        http://host sftp://host ftpes://host; do
        run --separate-stderr "$CLIENT" -h "$url" "$T/file"
        [ "$status" = 64 ] || fail "accepted: $url"
        [[ ${stderr_lines[0]} == "client: $url: "?* ]]
        [ "$output" = '' ]
    done
    run --separate-stderr "$CLIENT" -h ftp://host:21 -p 21 "$T/file"
    [ "$status" = 64 ]
}

@test "options that make no sense together are wrong usage" {
    local pin wrong
    pin=$(fingerprint "$T/server.crt")
    for wrong in "--cacert $T/ca.crt" "--pin $pin" "--cert $T/server.crt" "--key $T/server.key" \
        "-h ftp://host --pin $pin" "--tls -h ftps://host" "--tls --key $T/server.key" \
        "--tls --pin $pin --cacert $T/ca.crt" "--tls --pin" "--tls --pin ${pin%?}" "--tls --pin ${pin}0" \
        "--tls --pin :$pin" "--tls --pin $pin:" "--tls --pin ${pin%?}g" "--tls --pin ${pin%??}:" \
        "--tls --pin ${pin:0:1}:${pin:1}" "--tls --pin ${pin:0:2}::${pin:2}"; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$CLIENT" $wrong "$T/file"
        [ "$status" = 64 ] || fail "accepted: $wrong"
        [ "$output" = '' ]
    done
}
