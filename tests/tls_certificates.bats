# Certificates: the server's, and those that clients show.
# bats file_tags=asan
# shellcheck shell=bats
# shellcheck disable=SC2034,SC2119,SC2120 # WRAP is for session.bash; `asking` takes options
bats_require_minimum_version 1.5.0
load resume
load tls

setup_file() {
    make_certificates
    make_ca other
    make_certificate me
    make_certificate you
    make_certificate old -1 -2 # it was good from two days ago until yesterday
    make_certificate new 3 2   # and this one will be from the day after tomorrow on
    CA=other make_certificate stranger
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj /O=Test/CN=me -keyout "$T/self.key" -out "$T/self.crt" 2>>"$T/openssl.log"
    openssl ec -in "$T/server.key" -aes128 -passout pass:secret -out "$T/locked.key" 2>>"$T/openssl.log"
}
setup() {
    setup_sandbox
    cp -r "$BATS_FILE_TMPDIR"/* "$T"
}
teardown() { teardown_sandbox; }

# ------------------------------------------------------------------ the server's

# works [OPTION...]: TLS is served
works() {
    PLAYER=tls.py talk "$@" <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> NOOP
< 200
STEPS
}

# cannot_start REGEX [OPTION...]: every session is answered 421, in clear text, and is over; the exit
# status is 78, and the log says why
cannot_start() {
    local why=$1
    shift
    : >"$T/log"
    PLAYER=tls.py talk "$@" <<'STEPS'
exits 78
< 421
closed
STEPS
    logged "Cannot start: .*$why"
}

@test "certificates: by option, in two files or in one" {
    works --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    cat "$T/server.key" "$T/server.crt" >"$T/both.pem"
    works --tls-cert "$T/both.pem"
    cat "$T/server.crt" "$T/server.key" "$T/ca.crt" >"$T/both.pem"
    works --tls-cert "$T/both.pem"
    STORD_TLS_CERT=$T/server.crt STORD_TLS_KEY=$T/server.key works
    for mode in auto allow require; do works --tls "$mode" --tls-cert "$T/both.pem"; done
}

@test "certificates: a chain is sent whole" {
    cat "$T/server.crt" "$T/ca.crt" >"$T/chain.crt"
    serve --tls-cert "$T/chain.crt" --tls-key "$T/server.key"
    openssl s_client -starttls ftp -connect "127.0.0.1:$PORT" -showcerts </dev/null >"$T/out" 2>&1
    [ "$(grep -c 'BEGIN CERTIFICATE' "$T/out")" = 2 ]
}

@test "certificates: RSA, and a key in the older form" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout "$T/rsa.key" -out "$T/ca.crt" 2>>"$T/openssl.log"
    openssl rsa -in "$T/rsa.key" -traditional -out "$T/old-form.key" 2>>"$T/openssl.log"
    works --tls-cert "$T/ca.crt" --tls-key "$T/rsa.key"
    works --tls-cert "$T/ca.crt" --tls-key "$T/old-form.key"
}

@test "certificates: as systemd credentials; options go before them" {
    mkdir "$T/credentials"
    local -x CREDENTIALS_DIRECTORY=$T/credentials
    cp "$T/server.crt" "$T/credentials/tls.crt"
    cannot_start 'tls\.key'
    cp "$T/you.key" "$T/credentials/tls.key"
    cannot_start 'key values mismatch'
    works --tls-key "$T/server.key" # the key alone
    cat "$T/server.crt" "$T/server.key" >"$T/both.pem"
    works --tls-cert "$T/both.pem" # the certificate's file has the key, not the credential
    cp "$T/server.key" "$T/credentials/tls.key"
    works
    works --tls-cert none --tls-key none
    cannot_start 'No such file' --tls-cert "$T/nothing"
    PLAYER=tls.py talk --tls off <<'STEPS'
< 220
> AUTH TLS
< 502
STEPS
    rm "$T/credentials/tls.crt"
    PLAYER=tls.py talk <<'STEPS' # a key alone asks for nothing
< 220
> AUTH TLS
< 502
STEPS
    rm "$T/credentials/tls.key"
    ln -s "$T/nothing" "$T/credentials/tls.crt"
    cannot_start '' # one that cannot be read is not: none
}

@test "certificates: one that cannot be used: nobody is served, not even in clear text" {
    echo garbage >"$T/garbage"
    : >"$T/empty"
    for mode in auto allow require implicit; do
        cannot_start 'the certificate expired' --tls $mode --tls-cert "$T/old.crt" --tls-key "$T/old.key"
        cannot_start 'the certificate is not valid yet' --tls $mode --tls-cert "$T/new.crt" --tls-key "$T/new.key"
        cannot_start 'key .*me.key: key values mismatch' --tls $mode --tls-cert "$T/server.crt" --tls-key "$T/me.key"
        cannot_start 'No such file' --tls $mode --tls-cert "$T/nothing" --tls-key "$T/server.key"
        cannot_start 'No such file' --tls $mode --tls-cert "$T/server.crt" --tls-key "$T/nothing"
        cannot_start 'key .*locked.key: it is encrypted' --tls $mode --tls-cert "$T/server.crt" --tls-key "$T/locked.key"
    done
    cannot_start 'certificate .*garbage: ' --tls-cert "$T/garbage" --tls-key "$T/server.key"
    cannot_start 'key .*garbage: ' --tls-cert "$T/server.crt" --tls-key "$T/garbage"
    cannot_start 'certificate .*empty: ' --tls-cert "$T/empty" --tls-key "$T/server.key"
    cannot_start 'key .*server.crt: ' --tls-cert "$T/server.crt"
    cannot_start 'certificate .*: ' --tls-cert "$T" --tls-key "$T/server.key"
    cannot_start 'authorities for clients .*garbage' --tls-cert "$T/server.crt" --tls-key "$T/server.key" --tls-client-ca "$T/garbage"
    cannot_start 'authorities for clients .*nothing' --tls-cert "$T/server.crt" --tls-key "$T/server.key" --tls-client-ca "$T/nothing"
    published_are
}

# The policy of the system is asked with AUTH; only what it certainly accepts waits for that.
@test "certificates: one that the system's policy refuses: a client is told when it begins TLS, --check before" {
    policy() { # policy LEVEL
        printf '%s\n' 'openssl_conf = all' '[all]' 'ssl_conf = ssl' '[ssl]' 'system_default = policy' \
            '[policy]' "CipherString = DEFAULT:@SECLEVEL=$1" >"$T/openssl.cnf"
    }
    local -x OPENSSL_CONF=$T/openssl.cnf
    policy 2
    works --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    policy 4
    PLAYER=tls.py talk --tls-cert "$T/server.crt" --tls-key "$T/server.key" <<'STEPS'
< 220
> AUTH TLS
< 431
store x in clear text
STEPS
    logged 'TLS cannot be served: certificate .*key too small'
    root_holds x
    cannot_start 'certificate .*key too small' --tls require --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    run "$HANDLER" --check --root "$ROOT" --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    [[ $output == *'nobody can begin TLS: certificate '*'key too small'* ]]
    openssl req -x509 -newkey rsa:1024 -nodes -keyout "$T/weak.key" -out "$T/weak.crt" -subj /CN=weak -days 9 2>"$T/req"
    policy 2
    cannot_start 'certificate .*key too small' --tls-cert "$T/weak.crt" --tls-key "$T/weak.key"
    cat "$T/server.crt" "$T/weak.crt" >"$T/chain.crt" # nor does what is behind a good one wait for AUTH
    cannot_start 'certificate .*key too small' --tls-cert "$T/chain.crt" --tls-key "$T/server.key"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/between.key" -subj /CN=between \
        -out "$T/between.crt" -CA "$T/ca.crt" -CAkey "$T/ca.key" -sha1 -days 9 2>>"$T/req"
    cat "$T/server.crt" "$T/between.crt" >"$T/chain.crt"
    cannot_start 'certificate .*md too weak' --tls-cert "$T/chain.crt" --tls-key "$T/server.key"
}

@test "certificates: nobody is asked for the password of a key" {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local WRAP=(strace -f -o "$T/trace" -e 'trace=open,openat')
    cannot_start 'key .*locked.key: it is encrypted' --tls-cert "$T/server.crt" --tls-key "$T/locked.key"
    grep -q 'locked.key' "$T/trace"
    run ! grep /dev/tty "$T/trace"
}

@test "certificates: one that nobody may read" {
    need_root 'makes a file that nobody can read'
    chmod 600 "$T/server.key"
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    cannot_start 'key .*server.key: Permission denied' --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    mkdir -m 700 "$T/credentials"
    CREDENTIALS_DIRECTORY=$T/credentials cannot_start 'Permission denied'
}

@test "certificates: TLS is asked for, and there is none" {
    for mode in allow require implicit; do cannot_start 'TLS wants a certificate' --tls $mode; done
    cannot_start 'TLS wants a certificate' --tls-client-ca "$T/ca.crt"
    cannot_start 'TLS wants a certificate' --tls-key "$T/server.key"
}

@test "certificates: where the helper cannot be left behind when there is no service" {
    users "me:$(hash secret):/::"
    cannot_start 'the certificate expired' --process-title=no --users "$T/users" --tls-cert "$T/old.crt" --tls-key "$T/old.key"
    run ! pgrep -f "$T/users"
}

@test "certificates: without the module there is no service" {
    mkdir "$T/bin"
    cp "$HANDLER" "$T/bin/handler"
    HANDLER=$T/bin/handler cannot_start 'stord-tls\.so: ' --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    HANDLER=$T/bin/handler cannot_start 'stord-tls\.so: ' --tls require --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    HANDLER=$T/bin/handler talk <<'STEPS'
< 220
STEPS
}

@test "certificates: the module is loaded only where TLS is served" {
    PLAYER=tls.py talk --tls-cert "$T/server.crt" --tls-key "$T/server.key" <<'STEPS'
< 220
maps stord-tls\.so
maps libssl
STEPS
    for options in "" "--tls off --tls-cert $T/server.crt --tls-key $T/server.key" "--anonymous --log syslog"; do
        # shellcheck disable=SC2086
        PLAYER=tls.py talk $options <<'STEPS'
< 220
> NOOP
< 200
maps-not stord-tls|libssl|libcrypto\.so
STEPS
    done
    users "me:$(hash secret):/::"
    PLAYER=tls.py talk --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
maps-not stord-tls|libssl|libcrypto\.so
STEPS
}

@test "certificates: the private key is not in the credential helper's memory" {
    need_root 'reads the memory of processes'
    users "me:$(hash secret):/::" 'zebra-crossing:!:/::tls'
    # as OpenSSL keeps it: the lowest byte first
    key=$(openssl pkey -in "$T/server.key" -text -noout |
        awk '/^priv:/ { on = 1; next } /^pub:/ { on = 0 } on { gsub(/[: ]/, ""); printf "%s", $0 }' |
        grep -oE '.{64}$' | fold -w 2 | tac | sed 's/^/\\x/' | tr -d '\n')
    [ "${#key}" = 128 ]
    secured --users "$T/users" <<STEPS
< 220
helper-lacks $key
> AUTH TLS
< 234
tls
holds $key
> USER me
< 331
> PASS wrong
< 530
helpers 1
helper-lacks $key
helper-holds zebra-crossing
> PASS secret
< 230
helpers 0
holds $key
STEPS
}

# ------------------------------------------------------------------ the clients'

# asking [OPTION...] <<STEPS: secured, by a server that asks for client certificates
asking() { secured --users "$T/users" --tls-client-ca "$T/ca.crt" "$@"; }

# 232 after USER, with the certificate of that name
logs_in() {
    asking <<STEPS
< 220
> AUTH TLS
< 234
tls cert=$1 ${2:-}
> USER me
< 232
> PASS
< 230
> PWD
< 257
STEPS
}

by_password() {
    asking <<STEPS
< 220
> AUTH TLS
< 234
tls $*
> USER me
< 331
> PWD
< 530
> PASS wrong
< 530
> PASS secret
< 230
STEPS
}

@test "client certificates: one logs its user in, by fingerprint" {
    print=$(fingerprint "$T/me.crt")
    for form in "$print" "${print^^}" "$(sed 's/../&:/g;s/:$//' <<<"$print")" \
        "$(sed 's/../&:/g;s/:$//' <<<"${print^^}")"; do
        users "me:$(hash secret):/:upload,list:max-file=1M,cert=$form"
        for version in 1.2 1.3; do logs_in me $version; done
    done
    logged 'TLS: .*, client certificate CN=me,O=Test'
    logged 'Logged in: me from .*, by certificate'
}

@test "client certificates: one logs its user in, by subject" {
    users "me:!:/:upload:cert=CN=me,O=Test"
    logs_in me
    for subject in CN=me O=Test,CN=me 'CN=me, O=Test' CN=ME,O=Test CN=me,O=Test,C=DE; do
        users "me:$(hash secret):/:upload:cert=$subject"
        by_password cert=me
    done
}

@test "client certificates: another one, none, and none asked for: the password" {
    users "me:$(hash secret):/::cert=$(fingerprint "$T/me.crt")" "you:$(hash secret):/::"
    by_password cert=you
    by_password
    # what is not asked for does not count
    secured --users "$T/users" <<'STEPS'
< 220
> AUTH TLS
< 234
tls cert=me
> USER me
< 331
STEPS
    # the certificate of one is not the one of another, nor of nobody
    asking <<'STEPS'
< 220
> AUTH TLS
< 234
tls cert=me
> USER you
< 331
> USER nobody
< 331
> USER me
< 232
STEPS
}

@test "client certificates: a locked user is let in by none" {
    for before in '!' "$(hash secret)"; do
        users "me:!$before:/::cert=$(fingerprint "$T/me.crt")"
        asking <<'STEPS'
< 220
> AUTH TLS
< 234
tls cert=me
> USER me
< 331
> PASS secret
< 530
STEPS
        logged 'Login refused from .*: locked: user me$'
    done
    users "me:!:/::cert=$(fingerprint "$T/me.crt")"
    logs_in me
}

@test "client certificates: a hash of ! is a certificate alone" {
    users "me:!:/::cert=$(fingerprint "$T/me.crt")"
    logs_in me
    for words in cert=you ''; do
        asking <<STEPS
< 220
> AUTH TLS
< 234
tls $words
> USER me
< 331
> PASS !
< 530
> PASS
< 530
STEPS
    done
}

@test "client certificates: in clear text, and after REIN, there is none" {
    users "me:$(hash secret):/::cert=$(fingerprint "$T/me.crt")"
    asking <<'STEPS'
< 220
> USER me
< 331
> AUTH TLS
< 234
tls cert=me
> REIN
< 220
untls
> USER me
< 331
> AUTH TLS
< 234
tls
> USER me
< 331
> REIN
< 220
untls
> AUTH TLS
< 234
tls cert=me
> USER me
< 232
STEPS
}

@test "client certificates: one that is not good ends the handshake" {
    users "me:$(hash secret):/::cert=CN=me,O=Test"
    for bad in 'stranger unknown.ca' 'self (unknown.ca|certificate)' 'old certificate.expired' \
        'new bad.certificate|certificate'; do
        read -r name why <<<"$bad"
        for version in 1.2 1.3; do
            : >"$T/log"
            asking <<STEPS
< 220
> AUTH TLS
< 234
tls-fails $why cert=$name $version
closed
STEPS
            logged 'TLS handshake failed: .*certificate'
            not_logged 'Logged in'
        done
    done
}

@test "client certificates: from=, too, must be right" {
    users "me:!:/::from=192.0.2.0/24,cert=$(fingerprint "$T/me.crt")"
    asking <<'STEPS'
< 220
> AUTH TLS
< 234
tls cert=me
> USER me
< 331
STEPS
    logged 'Login refused from .*: may not log in from there: user me'
}

@test "client certificates: names cannot be tried for ever" {
    users "me:!:/::cert=$(fingerprint "$T/me.crt")"
    {
        printf '%s\n' '< 220' '> AUTH TLS' '< 234' 'tls cert=me'
        for i in {1..20}; do printf '%s\n' "> USER u$i" '< 331'; done
        printf '%s\n' '> USER me' '< 331'
    } | asking
}

@test "client certificates: users with tls do not log in without" {
    users "me:$(hash secret):/::tls" "you:$(hash secret):/::"
    secured --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 530
> AUTH TLS
< 234
tls
> USER me
< 331
> PASS secret
< 230
STEPS
    logged 'Login refused from .*: may not log in without TLS: user me'
    secured --users "$T/users" <<'STEPS'
< 220
> USER you
< 331
> PASS secret
< 230
STEPS
}

# data WORDS CODE: an upload over a data connection like that, by the client `me`
data() {
    asking <<STEPS
< 220
> AUTH TLS
< 234
tls cert=me 1.3
> USER me
< 232
> PBSZ 0
< 200
> PROT P
< 200
> TYPE I
< 200
> EPSV
< 229
> STOR x
< 150
private $1
connect
$2
< $3
> NOOP
< 200
STEPS
}

@test "client certificates: a data connection resumes, or shows the same one" {
    users "me:!:/::cert=$(fingerprint "$T/me.crt")"
    data 'resume cert=me 1.3' 'done' 226
    published_are x
    data 'fresh cert=me 1.3' 'done' 226
    data 'fresh cert=me 1.2' 'done' 226
    rm "$ROOT/x"
    for words in 'fresh 1.3' 'fresh 1.2' 'fresh cert=you 1.3' 'fresh cert=you 1.2'; do
        : >"$T/log"
        data "$words" lost '425 TLS: .*not the control connection'
        logged "No data connection for /x: TLS: the client certificate is not the control connection's"
        published_are
    done
    # one that is not good
    for words in 'fresh cert=stranger 1.2' 'fresh cert=old 1.2'; do
        asking <<STEPS
< 220
> AUTH TLS
< 234
tls cert=me
> USER me
< 232
> PBSZ 0
< 200
> PROT P
< 200
> EPSV
< 229
> STOR x
< 150
private $words
data-fails .
< 425 TLS: .*certificate
STEPS
    done
    published_are
}

@test "client certificates: who has shown none is not asked for one on data connections" {
    users "me:$(hash secret):/::"
    asking <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> USER me
< 331
> PASS secret
< 230
> PBSZ 0
< 200
> PROT P
< 200
> EPSV
< 229
> STOR x
< 150
private fresh
put one
< 226
> EPSV
< 229
> STOR x
< 150
private fresh cert=you
put two
< 226
STEPS
}

@test "client certificates: what is wrong with cert= is told, and nobody logs in" {
    print=$(fingerprint "$T/me.crt")
    for wrong in '' abc "${print}0" "${print%?}" me "$(printf 'CN=%0600d' 0)"; do
        users "me:$(hash secret):/::cert=$wrong"
        : >"$T/log"
        asking <<'STEPS'
< 220
> AUTH TLS
< 234
tls cert=me
> USER me
< 421
STEPS
        logged "users:1: option \"cert\" wants a certificate's SHA-256 fingerprint"
    done
}

@test "tls: a certificate that expires soon is told in the log, once a day by all sessions together" {
    make_certificate soon 13
    make_certificate later 16
    session_with() { printf 'QUIT\r\n' | "$HANDLER" --root "$ROOT" --tls-cert "$T/$1.crt" --tls-key "$T/$1.key" 2>>"$T/log" >"$T/out"; }
    session_with later
    not_logged 'expires on'
    [ -z "$(ls -A "$ROOT")" ]
    for _ in 1 2 3 4 5 6 7 8; do at_once session_with soon; done
    all_done
    [ "$(grep -c "The certificate $T/soon.crt expires on $(date -ud '13 days' +%F), in 1[23] days" "$T/log")" = 1 ]
    # a day later, and when somebody has removed the mark
    touch -d '25 hours ago' "$ROOT/.stord.unfinished/.stord.certificate"
    session_with soon
    session_with soon
    rm "$ROOT/.stord.unfinished/.stord.certificate"
    session_with soon
    [ "$(grep -c 'expires on' "$T/log")" = 3 ]
    # where nothing can be written, sessions are served all the same
    rm -r "$ROOT/.stord.unfinished"
    echo mine >"$ROOT/.stord.unfinished"
    session_with soon
    grep -q '^221' "$T/out"
    [ "$(grep -c 'expires on' "$T/log")" = 3 ]
}
