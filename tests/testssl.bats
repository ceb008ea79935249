#!/usr/bin/env bats
# shellcheck shell=bats
# What testssl.sh, which knows the weaknesses that TLS servers have had, finds in ours.
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

# What it says of any certificate of an authority of one's own, and what it cannot find out: neither
# concerns the server
EXCEPTIONS=(
    cert_revocation # neither CRL nor OCSP: our authority publishes none
    # s_client, whose input has ended, now and then leaves before the ticket has come; no weakness
    # is looked for here, and that tickets work is tested elsewhere (tls_data)
    sessionresumption_ticket
)

# nothing_found KEY CHECK...: with a certificate whose key is of that kind ("": elliptic), none of the
# checks finds what it calls worse than LOW. No name is asked for, nothing goes over the network.
nothing_found() {
    KEY=$1 make_certificate server 300
    serve --tls=require --tls-cert "$T/server.crt" --tls-key "$T/server.key" --log-level=warning
    testssl --starttls ftp --nodns none --openssl /usr/bin/openssl --add-ca "$T/ca.crt" --quiet --color 0 \
        --warnings off --jsonfile "$T/found.json" "${@:2}" "localhost:$PORT" </dev/null >"$T/report" 2>&1 || :
    command -p python3 - "$T/found.json" "${EXCEPTIONS[@]}" <<'PY' || { cat "$T/report" "$T/serve.log" >&2; return 1; }
import json, sys
findings = json.load(open(sys.argv[1]))
bad = [f for f in findings if f["severity"] not in ("OK", "INFO", "LOW") and f["id"] not in sys.argv[2:]]
for finding in bad:
    print(finding["severity"], finding["id"], finding["finding"])
ids = {f["id"]: f["finding"] for f in findings}
# It has got through to the server, and to the end
if "not vulnerable" not in ids.get("ROBOT", ""):
    sys.exit(f"these are no findings: {ids}")
sys.exit(bool(bad))
PY
}

@test "testssl: nothing above LOW with an ECDSA certificate: protocols, defaults, vulnerabilities" {
    nothing_found '' --protocols --server-preference --server-defaults --vulnerable
}

@test "testssl: nothing above LOW with an RSA certificate: ciphers by their strength, and ROBOT" {
    nothing_found rsa:2048 --std --robot
}
