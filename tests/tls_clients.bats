# The FTP clients that people have, over TLS, with our certificate verified by those that can: what
# they send arrives whole, and the log tells which of them resume the session of the control
# connection on data connections.
# bats file_tags=slow
# shellcheck shell=bats
load session
load tls

FILES=(empty byte some more)
without_empty() { FILES=(byte some more); }

setup_file() {
    need curl gnutls-cli lftp node openssl perl php python3 rclone wput
    # Where the tests of this file find what they send, and the certificates
    mkdir "$BATS_FILE_TMPDIR/files"
    cd "$BATS_FILE_TMPDIR/files" || return
    random_file empty 0
    random_file byte 1
    random_file some 1048576
    random_file more 5000000
    local T=$BATS_FILE_TMPDIR
    make_ca
    make_ca stranger
    make_certificate server
    CA=stranger make_certificate client # of the same name
    mv "$T/client.crt" "$T/foreign.crt"
    mv "$T/client.key" "$T/foreign.key"
    make_certificate client
}

setup() {
    setup_sandbox
    # No settings of whoever runs the tests, and none left behind
    export HOME=$T/home
    mkdir "$HOME"
    cp "$BATS_FILE_TMPDIR"/*.{crt,key} "$T"
    cd "$BATS_FILE_TMPDIR/files" || return
    trust "$T/ca.crt"
}
teardown() { teardown_sandbox; }

# trust CA.crt: clients believe in that authority alone
trust() {
    AUTHORITY=$1
    export SSL_CERT_FILE=$1 SSL_CERT_DIR=$T/none NODE_EXTRA_CA_CERTS=$1
    printf '%s\n' "set ssl:ca-file $1" 'set ftp:ssl-force yes' 'set ftp:ssl-protect-data yes' \
        'set net:max-retries 1' 'set cmd:fail-exit yes' >"$HOME/.lftprc"
}

# serve_mode MODE [OPTION...]
serve_mode() {
    MODE=$1
    : >"$T/serve.log"
    serve_tls --tls="$MODE" --log-level=debug "${@:2}"
}

# serve_anew MODE [OPTION...]: in place of what serves now, with an empty root
serve_anew() {
    kill_spawned
    find "$ROOT" -mindepth 1 -delete
    serve_mode "$@"
}

# with_tls VERSION COMMAND...: with a server whose OpenSSL has no newer one, as the system's policy
# can say
with_tls() {
    printf '%s\n' 'openssl_conf = all' '[all]' 'ssl_conf = ssl' '[ssl]' 'system_default = policy' \
        '[policy]' "MaxProtocol = $1" >"$T/openssl.cnf"
    cat >"$T/handler" <<'SH'
#!/bin/sh
OPENSSL_CONF=${0%/*}/openssl.cnf exec "$(cat "${0%/*}/handler.real")" "$@"
SH
    chmod +x "$T/handler"
    printf '%s' "$HANDLER" >"$T/handler.real"
    local HANDLER=$T/handler
    "${@:2}"
}

# The log, once all sessions are over
log() {
    wait_for sessions_over
    cat "$T/serve.log"
}
sessions_over() {
    [ "$(grep -c 'Accepted connection' "$T/serve.log")" = "$(grep -cE 'died with code|killed by' "$T/serve.log")" ]
}
has_log() { log | grep -E -- "$1" >/dev/null || { cat "$T/serve.log" >&2; fail "not in the log: $1"; }; }
has_no_log() { ! log | grep -E -- "$1" >&2 || fail "in the log: $1"; }
# lines REGEX: how many of them
lines() { log | grep -cE -- "$1" || :; }

# all_arrived [FOLDER]: each of the files is there, sent in sessions that were all under TLS
all_arrived() {
    local file
    for file in "${FILES[@]}"; do same "$file" "$ROOT${1:+/$1}/$file" || return; done
    [ "$(lines 'File uploaded: ')" = ${#FILES[@]} ] || fail "not so many files were uploaded" || return
    [ "$(lines ': TLS: TLSv')" = "$(lines 'Accepted connection')" ] || fail "not all under TLS" || return
    has_no_log 'Upload failed|handshake failed'
}

# data_is resumed|"not resumed"|clear: every data connection was
data_is() {
    local all
    all=$(lines 'Data connection: ')
    if [ "$1" = clear ]; then
        [ "$all" = 0 ] || fail "data connections were under TLS"
        return
    fi
    [ "$all" -ge ${#FILES[@]} ] || fail "data connections were in clear text" || return
    [ "$(lines "Data connection: TLSv[0-9.]+ [^ ]+, $1(,|$)")" = "$all" ] || fail "not every data connection was $1"
}

# all_uploads_with CLIENT RESUMED [OPTION...]: in explicit and implicit mode, to the folder INTO
all_uploads_with() {
    local mode
    for mode in require implicit; do
        serve_anew "$mode" "${@:3}"
        "$1" "${FILES[@]}" || { cat "$T/serve.log" >&2; fail "$1 failed: $mode"; } || return
        all_arrived "${INTO:-}" || return
        data_is "$2" || return
    done
}

# url [NAME]
url() {
    local scheme=ftp
    if [ "$MODE" = implicit ]; then scheme=ftps; fi
    printf '%s://localhost:%s/%s\n' "$scheme" "$PORT" "${1:-}"
}

# Each puts these files with one session, explicit or, where the server's mode is that, implicit.

by_curl() {
    local file sent=()
    for file; do sent+=(-T "$file" "$(url "$file")"); done
    curl -sS --cacert "$AUTHORITY" "${CURL_SECURITY:---ssl-reqd}" "${CURL_OPTIONS[@]:+${CURL_OPTIONS[@]}}" "${sent[@]}"
}

by_lftp() { lftp -c "open -u me,secret $(url); put $*"; }

by_python() {
    python3 - "$MODE" "$PORT" "${PROTECT:-yes}" "$@" <<'PY'
import ftplib, ssl, sys
mode, port, protect, *files = sys.argv[1:]
context = ssl.create_default_context()
class Implicit(ftplib.FTP_TLS):
    @property
    def sock(self):
        return self._sock
    @sock.setter
    def sock(self, value):
        if value is not None and not isinstance(value, ssl.SSLSocket):
            value = context.wrap_socket(value, server_hostname=self.host)
        self._sock = value
with (Implicit if mode == "implicit" else ftplib.FTP_TLS)(context=context) as ftp:
    ftp.connect("localhost", int(port), timeout=20)
    if mode == "implicit":
        ftplib.FTP.login(ftp, "me", "secret")
    else:
        ftp.login("me", "secret")
    if protect == "yes":
        ftp.prot_p()
    for name in files:
        with open(name, "rb") as file:
            ftp.storbinary("STOR " + name, file)
PY
}

by_node() {
    cat >"$T/put.js" <<'JS'
const { Client } = require("basic-ftp");
const [mode, port, ...files] = process.argv.slice(2);
(async () => {
    const client = new Client(20000);
    await client.access({ host: "localhost", port: Number(port), user: "me", password: "secret",
        secure: mode === "implicit" ? "implicit" : true });
    for (const file of files) await client.uploadFrom(file, file);
    client.close();
})().catch(error => { console.error(error); process.exit(1); });
JS
    NODE_PATH=$TOP/build/npm/node_modules node "$T/put.js" "$MODE" "$PORT" "$@"
}

by_perl() {
    perl -MNet::FTP - "$MODE" "$PORT" "$AUTHORITY" "$@" <<'PERL'
my ($mode, $port, $ca, @files) = @ARGV;
my $ftp = Net::FTP->new("localhost", Port => $port, SSL => $mode eq "implicit", SSL_ca_file => $ca,
    Passive => $ENV{ACTIVE} ? 0 : 1, Timeout => 20) or die "connect: $@";
$mode eq "implicit" or $ftp->starttls or die "starttls: " . $ftp->message;
$ftp->login("me", "secret") or die "login: " . $ftp->message;
$ftp->binary;
for (@files) { defined $ftp->put($_) or die "put: " . $ftp->message }
$ftp->quit;
PERL
}

# rclone_remote USER: with as many connections as it likes
rclone_remote() {
    local how=explicit_tls=true
    if [ "$MODE" = implicit ]; then how=tls=true; fi
    printf ":ftp,host=localhost,port=%s,user=%s,pass='%s',%s:" "$PORT" "$1" "$(rclone obscure secret)" "$how"
}
by_rclone() {
    rclone --retries 1 --low-level-retries 1 "${RCLONE_OPTIONS[@]:+${RCLONE_OPTIONS[@]}}" \
        copy . "$(rclone_remote me)"
}

by_php() {
    # shellcheck disable=SC2016 # PHP's
    php -r '
        [, $port] = $argv;
        $ftp = ftp_ssl_connect("localhost", (int)$port, 20) and ftp_login($ftp, "me", "secret") and
            ftp_pasv($ftp, true) or exit(1);
        foreach (array_slice($argv, 2) as $file) ftp_put($ftp, $file, $file, FTP_BINARY) or exit(1);
        ftp_close($ftp);' -- "$PORT" "$@"
}

# GnuTLS of wput's own machine decides which version it speaks.
by_wput() {
    local file
    printf '%s\n' '[overrides]' "${WPUT_POLICY:-}" >"$T/gnutls.conf"
    for file; do
        GNUTLS_SYSTEM_PRIORITY_FILE=$T/gnutls.conf wput --quiet --tries=1 --waitretry=0 --force-tls \
            --dont-continue "$file" "ftp://me:secret@localhost:$PORT/$file" || return
    done
}

# -------------------------------------------------------------------- verification

@test "tls clients: a certificate of an authority that they do not know is refused by all that verify" {
    local mode client
    trust "$T/stranger.crt"
    for mode in require implicit; do
        serve_anew "$mode"
        for client in curl lftp python node perl rclone; do
            if by_$client byte; then fail "$client was content: $mode"; fi
        done
        has_log 'TLS handshake failed: '
        root_holds
    done
}

# ---------------------------------------------------------------------------- curl

@test "tls clients: curl, explicit and implicit, resumes" {
    all_uploads_with by_curl resumed --tls-require-reuse
    [ "$(lines 'Accepted connection')" = 1 ]
}

@test "tls clients: curl, TLS 1.2 and 1.3, by its own choice and by the server's" {
    CURL_OPTIONS=(--tls-max 1.2)
    all_uploads_with by_curl resumed --tls-require-reuse
    has_log 'TLS: TLSv1\.2 ECDHE-'
    CURL_OPTIONS=(--tlsv1.3)
    all_uploads_with by_curl resumed --tls-require-reuse
    has_log 'TLS: TLSv1\.3 TLS_'
    CURL_OPTIONS=()
    with_tls TLSv1.2 all_uploads_with by_curl resumed --tls-require-reuse
    has_log 'TLS: TLSv1\.2 ECDHE-'
    # An older one is refused
    CURL_OPTIONS=(--tlsv1.0 --tls-max 1.1 --ciphers DEFAULT:@SECLEVEL=0)
    serve_anew require
    if by_curl byte; then fail "TLS 1.1 was served"; fi
    has_log 'TLS handshake failed: unsupported protocol'
    root_holds
}

@test "tls clients: curl --ftp-ssl-control sends files in clear text, which is allowed or refused" {
    CURL_SECURITY=--ftp-ssl-control
    serve_mode allow
    by_curl "${FILES[@]}"
    all_arrived
    data_is clear
    serve_anew require
    if by_curl byte; then fail "files went in clear text"; fi
    has_log 'Received command: PROT C'
    root_holds
}

@test "tls clients: curl without TLS: served with allow, refused with require" {
    serve_mode allow
    curl -sS -T more "ftp://localhost:$PORT/more"
    same more "$ROOT/more"
    serve_anew require
    if curl -sS -T more "ftp://localhost:$PORT/more"; then fail "served without TLS"; fi
    root_holds
}

@test "tls clients: curl with a client certificate logs in without a password" {
    local ours
    for ours in "$(fingerprint "$T/client.crt")" 'CN=client,O=Test'; do
        users "cam:!:/cams::cert=$ours"
        CURL_OPTIONS=(--cert "$T/client.crt" --key "$T/client.key" -u cam:none)
        INTO=cams all_uploads_with by_curl resumed --users "$T/users" --tls-client-ca "$T/ca.crt"
        has_log 'client certificate CN=client,O=Test$'
        CURL_OPTIONS+=(--tls-max 1.2)
        INTO=cams all_uploads_with by_curl resumed --users "$T/users" --tls-client-ca "$T/ca.crt"
    done
    # without it, and with somebody else's
    serve_anew require --users "$T/users" --tls-client-ca "$T/ca.crt"
    CURL_OPTIONS=(-u cam:none)
    if by_curl byte; then fail "logged in with nothing"; fi
    CURL_OPTIONS=(-u cam:none --cert "$T/server.crt" --key "$T/server.key")
    if by_curl byte; then fail "logged in with another certificate"; fi
    CURL_OPTIONS=(-u cam:none --cert "$T/foreign.crt" --key "$T/foreign.key")
    if by_curl byte; then fail "logged in with a certificate of a stranger"; fi
    root_holds
}

# The session that began last has received bytes of its upload, which has no name yet.
is_under_way() {
    local session
    session=$(sed -n 's/^stord\[\([0-9]*\)]: Data connection: .*/\1/p' "$T/serve.log" | tail -n 1)
    find "/proc/$session/fd" -lname "$ROOT/*(deleted)" -exec stat -L -c %s {} + | grep -qv '^0$'
}

# slow_curl NAME [OPTION...]
slow_curl() {
    spawn curl -sS --cacert "$AUTHORITY" --ssl-reqd --limit-rate 1M "${@:2}" -T more "$(url "$1")"
}

@test "tls clients: curl killed in the middle of an upload: nothing is published; -C - goes on with it" {
    local mode
    for mode in require implicit; do
        serve_anew "$mode"
        slow_curl more
        wait_for is_under_way
        kill -KILL "$SPAWN_PID"
        has_log 'Kept to be resumed: /more'
        has_log 'Upload failed: /more .*(tls-truncated|reset|vanished)'
        published_are
        CURL_OPTIONS=(-C -)
        by_curl more
        same more "$ROOT/more"
        root_holds more
    done
}

@test "tls clients: curl that gives up, and closes its data connection in good order: nothing is published" {
    local mode
    for mode in require implicit; do
        serve_anew "$mode"
        slow_curl late --max-time 1
        wait "$SPAWN_PID" || :
        has_log 'Upload failed: /late .*(vanished|tls-truncated)' # newer ones: without close_notify
        published_are
    done
}

@test "tls clients: curl, downloads and listings" {
    serve_mode require --tls-require-reuse --allow upload,list,read
    by_curl "${FILES[@]}"
    local file
    for file in "${FILES[@]}"; do
        curl -sS --cacert "$AUTHORITY" --ssl-reqd -o "$T/$file" "ftp://localhost:$PORT/$file"
        same "$file" "$T/$file"
    done
    [ "$(curl -sS --cacert "$AUTHORITY" --ssl-reqd -l "ftp://localhost:$PORT/" | tr -d '\r' | sort | paste -sd' ')" = \
        'byte empty more some' ]
    curl -sS --cacert "$AUTHORITY" --ssl-reqd "ftp://localhost:$PORT/" | grep -E ' 5000000 .* more'
    has_no_log 'not resumed|failed'
}

# ---------------------------------------------------------------------------- lftp

@test "tls clients: lftp put, explicit and implicit, resumes" {
    all_uploads_with by_lftp resumed --tls-require-reuse
}

@test "tls clients: lftp against a server of TLS 1.2" {
    with_tls TLSv1.2 all_uploads_with by_lftp resumed --tls-require-reuse
}

@test "tls clients: lftp mirror, both ways, several files at once" {
    local mode
    for mode in require implicit; do
        serve_anew "$mode" --allow upload,replace,list,mkdir,read --tls-require-reuse
        lftp -c "open -u me,secret $(url); mirror -R --parallel=3 . tree; mirror --parallel=3 tree $T/back.$mode; ls tree" |
            tee "$T/list"
        diff -r . "$ROOT/tree"
        diff -r . "$T/back.$mode"
        grep -E ' 5000000 .* more' "$T/list"
        all_arrived tree
        data_is resumed
    done
}

@test "tls clients: lftp killed in the middle of an upload: nothing is published; put -c goes on with it" {
    local mode
    for mode in require implicit; do
        serve_anew "$mode"
        spawn lftp -c "set net:limit-rate 1000000; open -u me,secret $(url); put more"
        wait_for is_under_way
        kill -KILL "$SPAWN_PID"
        has_log 'Kept to be resumed: /more'
        published_are
        lftp -c "open -u me,secret $(url); put -c more"
        same more "$ROOT/more"
        root_holds more
        [ "$(lines 'Received command: (REST|APPE) ')" = 1 ] || fail "it began anew"
    done
}

@test "tls clients: lftp, active mode" {
    printf 'set ftp:passive-mode no\n' >>"$HOME/.lftprc"
    all_uploads_with by_lftp resumed --tls-require-reuse
    has_log 'Received command: (PORT|EPRT) '
}

# -------------------------------------------------------------------------- ftplib

@test "tls clients: Python's ftplib never resumes: it is served, and refused where that is demanded" {
    all_uploads_with by_python 'not resumed'
    [ "$(lines 'The client did not resume the TLS session on a data connection')" = 1 ]
    serve_anew require --tls-require-reuse
    if by_python byte; then fail "it was served"; fi
    has_log 'Data connection: .*, not resumed'
    root_holds
}

@test "tls clients: Python's ftplib without prot_p: served with allow, refused with require" {
    PROTECT=no
    serve_mode allow
    by_python "${FILES[@]}"
    all_arrived
    data_is clear
    serve_anew require
    by_python byte 2>&1 | grep 'error_perm: 521 '
    root_holds
}

# -------------------------------------------------------------------------- others

@test "tls clients: Node's basic-ftp, explicit and implicit, resumes" {
    all_uploads_with by_node resumed --tls-require-reuse
    with_tls TLSv1.2 all_uploads_with by_node resumed --tls-require-reuse
}

# by_node_empty: ten empty files, of a stream that has ended when it begins, which leaves no time for
# anything between the end of the handshake and that of the file
by_node_empty() {
    cat >"$T/empty.js" <<'JS'
const { Client } = require("basic-ftp");
const { Readable } = require("stream");
const [mode, port] = process.argv.slice(2);
(async () => {
    for (let i = 0; i < 10; i++) {
        const client = new Client(20000);
        await client.access({ host: "localhost", port: Number(port), user: "me", password: "secret",
            secure: mode === "implicit" ? "implicit" : true });
        await client.uploadFrom(Readable.from([]), "empty" + i);
        client.close();
    }
})().catch(error => { console.error(error); process.exit(1); });
JS
    NODE_PATH=$TOP/build/npm/node_modules node "$T/empty.js" "$MODE" "$PORT"
}

@test "tls clients: Node's basic-ftp has its empty files stored, with their close_notify" {
    local mode
    for mode in require implicit; do
        serve_anew "$mode"
        by_node_empty
        [ "$(find "$ROOT" -name 'empty?' -empty | wc -l)" = 10 ]
        has_no_log 'Upload failed|No data connection'
        with_tls TLSv1.2 serve_anew "$mode"
        by_node_empty
        [ "$(find "$ROOT" -name 'empty?' -empty | wc -l)" = 10 ]
        has_no_log 'Upload failed|No data connection'
    done
}

# Older versions do not resume in passive mode.
@test "tls clients: Perl's Net::FTP, explicit and implicit, resumes in active mode at least" {
    all_uploads_with by_perl '(not )?resumed'
    export ACTIVE=1
    all_uploads_with by_perl resumed
}

# Each of its connections is a session of ours that has tickets of its own, and it keeps them
# together: with one connection it resumes, with more it happens to take another one's.
@test "tls clients: rclone, explicit and implicit, several transfers at once, resumes some" {
    RCLONE_OPTIONS=(--transfers 4)
    local mode
    for mode in require implicit; do
        serve_anew "$mode"
        by_rclone
        all_arrived
        [ "$(lines 'Accepted connection')" -gt 1 ]
        has_log 'Data connection: .*, resumed'
    done
}

@test "tls clients: rclone with one connection resumes" {
    RCLONE_OPTIONS=(--transfers 1 --checkers 1 --ftp-concurrency 1)
    all_uploads_with by_rclone resumed --tls-require-reuse
}

@test "tls clients: rclone of a user who may only upload" {
    users "box:$(hash secret):/box:upload,mkdir:tls,on-conflict=rename"
    local mode
    for mode in require implicit; do
        serve_anew "$mode" --users "$T/users"
        rclone --retries 1 --transfers 4 copy . "$(rclone_remote box)new"
        all_arrived box/new
    done
}

@test "tls clients: PHP's ftp_ssl_connect sends PBSZ and PROT before the login, and resumes" {
    serve_mode require --tls-require-reuse
    by_php "${FILES[@]}"
    all_arrived
    data_is resumed
    [ "$(log | sed -n 's/.*Received command: \(PBSZ\|PROT\|USER\).*/\1/p' | paste -sd' ')" = 'PBSZ PROT USER' ]
}

# It takes the tickets of TLS 1.3 for the end of the connection, and ends data connections
# without close_notify: neither can be put right here.
@test "tls clients: wput works with TLS 1.2 and --tls-lenient-close, and stores nothing without them" {
    WPUT_POLICY='disabled-version = tls1.3'
    serve_mode allow --tls-lenient-close
    by_wput "${FILES[@]}"
    all_arrived
    data_is 'not resumed'
    serve_anew allow
    if by_wput byte; then fail "it ended in good order"; fi
    has_log 'Upload failed: /byte .*tls-truncated'
    published_are
    WPUT_POLICY=
    serve_anew allow --tls-lenient-close
    if by_wput byte; then fail "it can read tickets"; fi
    has_log 'TLS: TLSv1\.3 '
    published_are
}

# by_hand CLIENT...: an upload on the control connection, of a length that is told, and another one
# that ends with TLS
by_hand() {
    local end=()
    if [ "$1" = openssl ]; then end=(-no_ign_eof); fi # or it waits for the server's
    { printf 'USER me\r\nPASS secret\r\nALLO 1048576\r\nSTOR some\r\n' && cat some && printf 'QUIT\r\n'; } |
        "$@" >"$T/replies" 2>"$T/errors" || { cat "$T/errors" >&2; return 1; }
    grep '^226 ' "$T/replies"
    same some "$ROOT/some"
    { printf 'USER me\r\nPASS secret\r\nSTOR more\r\n' && cat more; } | "$@" "${end[@]:+${end[@]}}" >"$T/replies" 2>"$T/errors" || :
    wait_for test -e "$ROOT/more"
    same more "$ROOT/more"
    has_log 'File uploaded: /some .* size\)'
    has_log 'File uploaded: /more .* close\)'
    [ "$(lines ': TLS: TLSv')" = 2 ]
}

@test "tls clients: openssl s_client uploads on the control connection" {
    serve_mode require
    by_hand openssl s_client -quiet -nocommands -starttls ftp -connect "localhost:$PORT" \
        -CAfile "$AUTHORITY" -verify_return_error
    serve_anew implicit
    by_hand openssl s_client -quiet -nocommands -connect "localhost:$PORT" \
        -CAfile "$AUTHORITY" -verify_return_error
}

@test "tls clients: gnutls-cli uploads on the control connection" {
    serve_mode require
    by_hand gnutls-cli --starttls-proto=ftp --x509cafile="$AUTHORITY" -p "$PORT" localhost
    serve_anew implicit
    by_hand gnutls-cli --x509cafile="$AUTHORITY" -p "$PORT" localhost
}
