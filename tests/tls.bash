# Keys and certificates for tests of TLS, made on the spot: `load tls`, behind helpers.
# shellcheck shell=bash
# shellcheck disable=SC2119,SC2120 # `make_ca` takes a name

# make_ca [NAME]: an authority, $T/NAME.crt and $T/NAME.key (default: ca)
make_ca() {
    local ca=$T/${1:-ca}
    mkdir "$ca.issued"
    : >"$ca.issued/index"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj "/O=Test/CN=${1:-ca}" -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$ca.key" -out "$ca.crt" 2>>"$T/openssl.log"
}

# make_certificate NAME [DAYS [FROM]]: $T/NAME.crt and $T/NAME.key, of the subject CN=NAME,O=Test,
# valid from FROM to DAYS days from now (-1 to 30; negative: past). CA is the authority's name
# (ca), SAN whom it is for (this machine), KEY its kind (as in rsa:2048; else it is an elliptic one).
make_certificate() {
    local ca=$T/${CA:-ca} file=$T/$1 key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
    if [ -n "${KEY:-}" ]; then key=(-newkey "$KEY"); fi
    openssl req "${key[@]}" -nodes -subj "/O=Test/CN=$1" \
        -keyout "$file.key" -out "$file.csr" 2>>"$T/openssl.log" || return
    printf '%s\n' '[ca]' default_ca=ours '[ours]' "database=$ca.issued/index" \
        "new_certs_dir=$ca.issued" rand_serial=yes default_md=sha256 policy=any unique_subject=no \
        x509_extensions=whom '[any]' O=supplied CN=supplied \
        '[whom]' "subjectAltName=${SAN:-DNS:localhost,IP:127.0.0.1,IP:::1}" >"$file.cnf"
    openssl ca -batch -notext -config "$file.cnf" -cert "$ca.crt" -keyfile "$ca.key" \
        -startdate "$(date -ud "${3:--1} days" +%Y%m%d%H%M%SZ)" \
        -enddate "$(date -ud "${2:-30} days" +%Y%m%d%H%M%SZ)" \
        -in "$file.csr" -out "$file.crt" 2>>"$T/openssl.log"
}

# fingerprint FILE.crt: its SHA-256, lower case, without colons
fingerprint() {
    openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//;s/://g' | tr A-F a-f
}

# make_certificates: what most tests want, for all tests of a file: in setup_file
make_certificates() {
    T=$BATS_FILE_TMPDIR
    make_ca
    make_certificate server
}

# setup_tls: a sandbox in which they are
setup_tls() {
    setup_sandbox
    cp -r "$BATS_FILE_TMPDIR"/{ca,server}* "$T"
}

# serve_tls [OPTION...]: serve, with that certificate
serve_tls() { serve --tls-cert "$T/server.crt" --tls-key "$T/server.key" "$@"; }

# secured [-m MODE] [-o OVER] [OPTION...] <<STEPS: talk, with the steps of tls.py, to a handler with a
# certificate
secured() {
    local -x PLAYER=tls.py
    local talk=()
    while [[ ${1:-} == -[mo] ]]; do
        talk+=("$1" "$2")
        shift 2
    done
    talk "${talk[@]}" --tls-cert "$T/server.crt" --tls-key "$T/server.key" "$@"
}

# with_begun [WORD...] -- [OPTION...] <<STEPS: secured, from behind the handshake (with these words), PROT P and
# TYPE I on
with_begun() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    {
        printf '%s\n' '< 220' '> AUTH TLS' '< 234' "tls ${words[*]}" '> PBSZ 0' '< 200' '> PROT P' '< 200' binary private
        cat
    } | secured "$@"
}
