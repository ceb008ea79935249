# What testssl.sh, which knows the weaknesses that TLS servers have had, finds in ours.
# bats file_tags=slow
# shellcheck shell=bats
load session
load tls

setup_file() { need testssl openssl; }
setup() {
    setup_sandbox
    export HOME=$T/home
    mkdir "$HOME"
    make_ca
}
teardown() { teardown_sandbox; }

# What it says of any certificate of an authority of one's own
EXCEPTIONS=(
    cert_revocation # neither CRL nor OCSP: our authority publishes none
)

# What it has to have found out, whatever else its version can or cannot: or a test in which it got
# nowhere would pass
FOUND_OUT_RSA=(ROBOT cipherlist_NULL cipherlist_aNULL cipherlist_EXPORT)
FOUND_OUT=(TLS1 TLS1_1 heartbleed CCS secure_renego ROBOT SWEET32 FREAK LOGJAM)

# nothing_found KEY CHECK...: with a certificate whose key is of that kind ("": elliptic), none of the
# checks finds what it calls worse than LOW. WARN is no weakness: it is what the tool says of itself and
# of the openssl that it is run with, which changes with either's next update. No name is asked for,
# nothing goes over the network. The ids in `wanted` must have been found out, and be well.
nothing_found() {
    KEY=$1 make_certificate server 300
    serve --tls=require --tls-cert "$T/server.crt" --tls-key "$T/server.key" --log-level=warning
    testssl --starttls ftp --nodns none --openssl /usr/bin/openssl --add-ca "$T/ca.crt" --quiet --color 0 \
        --warnings off --jsonfile "$T/found.json" "${@:2}" "localhost:$PORT" </dev/null >"$T/report" 2>&1 || :
    command -p python3 - "$T/found.json" "${#EXCEPTIONS[@]}" "${EXCEPTIONS[@]}" "${wanted[@]}" <<'PY' || { cat "$T/report" "$T/serve.log" >&2; return 1; }
import json, sys
findings = json.load(open(sys.argv[1]))
exceptions = sys.argv[3:3 + int(sys.argv[2])]
bad = [f for f in findings if f["severity"] not in ("OK", "INFO", "LOW", "WARN") and f["id"] not in exceptions]
for finding in bad:
    print(finding["severity"], finding["id"], finding["finding"])
well = {f["id"] for f in findings if f["severity"] in ("OK", "INFO")}
missing = [wanted for wanted in sys.argv[3 + len(exceptions):] if wanted not in well]
if missing:
    sys.exit(f"these were not found out: {missing}, of {findings}")
sys.exit(bool(bad))
PY
}

@test "testssl: nothing above LOW with an ECDSA certificate: protocols, defaults, vulnerabilities" {
    wanted=("${FOUND_OUT[@]}")
    nothing_found '' --protocols --server-preference --server-defaults --vulnerable
}

@test "testssl: nothing above LOW with an RSA certificate: ciphers by their strength, and ROBOT" {
    wanted=("${FOUND_OUT_RSA[@]}")
    nothing_found rsa:2048 --std --robot
}
