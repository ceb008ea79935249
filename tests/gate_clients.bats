# The gate as clients see it, and with a real virus scanner.
# bats file_tags=slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load gate
load manual

setup() {
    setup_sandbox
    setup_gate
    export HOME=$T/home # no settings of whoever runs the tests
    mkdir "$HOME"
    random_file "$T/sent" 300000
}
teardown() { teardown_sandbox; }

send_by_curl() { curl -sS --retry 2 --retry-delay 1 -T "$T/sent" "ftp://127.0.0.1:$PORT/x"; }
send_by_lftp() {
    lftp -c "set net:max-retries 5; set net:reconnect-interval-base 1; open -p $PORT 127.0.0.1; put $T/sent -o x"
}
send_by_ncftpput() { ncftpput -V -t 20 -P "$PORT" -C 127.0.0.1 "$T/sent" x; }
send_by_wput() { wput --quiet --tries=3 "$T/sent" "ftp://127.0.0.1:$PORT/x"; }
send_by_rclone() {
    rclone copyto "$T/sent" ":ftp,host=127.0.0.1,port=$PORT,user=anonymous,pass='$(rclone obscure x)':x" --retries 3 \
        --low-level-retries 1
}
send_by_stor() { "$CLIENT" -q -h 127.0.0.1 -p "$PORT" --retry 2 --name x "$T/sent"; }
send_by_ftplib() {
    command -p python3 -I - "$PORT" "$T/sent" <<'PY'
import ftplib, sys
with ftplib.FTP() as ftp, open(sys.argv[2], "rb") as file:
    ftp.connect("127.0.0.1", int(sys.argv[1]))
    ftp.login()
    ftp.storbinary("STOR x", file)
PY
}

# lies_there BEFORE: what was there before, "" for nothing, is there still
lies_there() {
    if [ -n "$1" ]; then [ "$(cat "$ROOT/x")" = "$1" ]; else [ ! -e "$ROOT/x" ]; fi
}

# client_obeys PUT: over nothing and over a file, when the gate publishes, refuses, and first says later
client_obeys() {
    local put=send_by_$1 before
    if [ "$1" != stor ] && [ "$1" != ftplib ]; then need "$1"; fi
    serve --gate "$GATE" --allow upload,append,replace,list,read
    for before in '' old; do
        put_before "$before"
        gate_does 'exit 0'
        "$put" || fail "published, over '$before'" || return
        same "$T/sent" "$ROOT/x"

        put_before "$before"
        gate_does 'echo "it is bad"; exit 1'
        if "$put" 2>/dev/null; then fail "it believes what was refused, over '$before'" || return; fi
        lies_there "$before" || fail "refused, over '$before'" || return
        nothing_left

        put_before "$before"
        rm -f "$T/asked"
        gate_does "[ -e '$T/asked' ] || { touch '$T/asked'; exit 75; }; exit 0"
        # Not all of them try again by themselves
        "$put" || { lies_there "$before" && "$put"; } || fail "later, over '$before'" || return
        same "$T/sent" "$ROOT/x"
        nothing_left
    done
}

put_before() {
    rm -rf "${ROOT:?}"/*
    if [ -n "$1" ]; then echo -n "$1" >"$ROOT/x"; fi
}

@test "gate: curl" { client_obeys curl; }
@test "gate: lftp" { client_obeys lftp; }
@test "gate: ncftpput" { client_obeys ncftpput; }
@test "gate: wput" { client_obeys wput; }
@test "gate: rclone" { client_obeys rclone; }
@test "gate: Python's ftplib" { client_obeys ftplib; }
@test "gate: stor" { client_obeys stor; }

# ---------------------------------------------------------------- a virus scanner

# scanner: clamd with a signature file of our own, which knows one word
scanner() {
    need clamd clamdscan
    mkdir -m 755 "$T/signatures"
    printf 'Stord.Test:0:*:%s\n' "$(printf 'STORD-TEST-SIGNATURE' | od -An -tx1 | tr -d ' \n')" >"$T/signatures/own.ndb"
    cat >"$T/clamd.conf" <<CONF
LocalSocket $T/clamd.sock
LocalSocketMode 666
DatabaseDirectory $T/signatures
Foreground yes
User root
CONF
    spawn_to "$T/clamd.log" clamd --config-file "$T/clamd.conf"
    wait_for test -S "$T/clamd.sock"
    example stord-handler.8 program clamav | sed "s|clamdscan|& --config-file $T/clamd.conf|" >"$GATE"
    grep -q "clamdscan --config-file.* --fdpass" "$GATE"
}

@test "gate: the manual's program for ClamAV, with a real clamd" {
    scanner
    through <<'STEPS'
binary
store clean harmless
file clean harmless
store bad before STORD-TEST-SIGNATURE behind < 550 there is a virus in it
nofile bad
STEPS
    nothing_left
    kill "$SPAWN_PID"
    wait_for all_gone "$SPAWN_PID"
    through <<'STEPS'
binary
store other harmless < 451
nofile other
STEPS
    logged 'Gate: .*Stord.Test'
}
