# What is refused is in the log, with the reply's code, the reason, and the file that was meant (promise 7). What each
# verb refuses in each state is asked by codes.bats, which wants the same.
# bats file_tags=asan
# shellcheck shell=bats
load session
load tls

setup_file() { make_certificates; }
setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# asked TABLE [OPTION...]: each row of it is answered as it says, and is in the log
asked() {
    local table=$1
    shift
    cat "$BATS_FILE_TMPDIR/server.crt" "$BATS_FILE_TMPDIR/server.key" >"$T/cert.pem"
    FOLDER=$T command -p python3 "$TOP/tests/refusals.py" "$table" "$HANDLER" --root "$ROOT" "$@" \
        >"$T/out" 2>"$T/complaints" || fail "$(cat "$T/complaints")"
    [ -s "$T/out" ]
}

@test "refusals: what a set-up refuses is in the log, each once, with the file; uploads have one verdict (promise 7)" {
    users "me:$(hash secret):/::"
    asked "$TOP/tests/refusals.txt"
}

# events FIELD=VALUE...: the events in $T/log that have them, as JSON; level=warning means: or worse
events() {
    command -p python3 -Ic '
import json, sys
for line in open(sys.argv[1], errors="surrogateescape"):
    event = json.loads(line) if line.startswith("{") else {}
    if all(str(event.get(k)) == v for k, v in (w.split("=", 1) for w in sys.argv[2:])):
        print(line, end="")
' "$T/log" "$@"
}
has_event() { [ -n "$(events "$@")" ] || fail "no event with $* in $(cat "$T/log")"; }
has_no_event() { [ -z "$(events "$@")" ] || fail "$(events "$@")"; }

@test "refusals: what the machine forbids is a warning that names the file, and an upload that failed" {
    need_root "becomes somebody else"
    mkdir -m 0755 "$ROOT/roots"
    mkdir -m 0777 "$ROOT/all"
    chmod 777 "$ROOT"
    as_nobody --log-format json --allow upload,mkdir,delete,list <<'STEPS'
binary
> EPSV
< 229
> STOR roots/x
< 550
> MKD roots/new
< 550
> RMD roots
< 250
STEPS
    has_event event=upload-failed level=warning verdict=failed reply=550 "file=$ROOT/roots/x"
    has_event event=not-permitted level=warning reply=550 "file=$ROOT/roots/x"
    has_event event=not-permitted level=warning reply=550 "file=$ROOT/roots/new"
    # what only the client lacks is none
    : >"$T/log"
    talk --log-format json --allow upload <<'STEPS'
< 220
> MKD new
< 550
> RMD /
< 550
STEPS
    has_event event=refused level=info reply=550 "file=$ROOT/new"
    has_no_event level=warning
}

@test "refusals: a reserved folder of another user's is a warning with the remedy, also where nothing needs it" {
    need_root "becomes somebody else"
    chmod 777 "$ROOT"
    mkdir -m 0700 "$ROOT/.stord.unfinished" "$ROOT/.stord.unfinished/.stord.turns"
    users "me:$(hash secret):/:upload:quota=1M"
    chmod 644 "$T/users"
    as_nobody --log-format json --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
> TYPE I
< 200
> EPSV
< 229
> STOR x
< 550
STEPS
    has_event event=foreign-folder level=warning
    events event=foreign-folder | grep -F "$ROOT/.stord.unfinished" | grep -F 'chown -R 65534'
    has_event event=upload-failed verdict=failed "file=$ROOT/x"
    : >"$T/log"
    as_nobody --log-format json --allow upload,list <<'STEPS'
binary
> ALLO 9
< 200
store@ x 5 < 426
STEPS
    has_event event=foreign-folder level=warning
}

@test "refusals: before a login so many are logged, and then that there are more" {
    for ((i = 0; i < 300; i++)); do printf '> STOR x\n< 530\n> nonsense\n< 500\n'; done >"$T/many"
    users "me:$(hash secret):/::"
    { printf '< 220\n> PASV\n< 530\n'; cat "$T/many"; printf '> USER me\n< 331\n> PASS secret\n< 230\n> MKD .stord.x\n< 550\n'; } |
        talk --log-format json --users "$T/users"
    [ "$(events event=refused reply=530 | wc -l)" -le 60 ]
    events event=refused | grep -c 'not logged before a login' | grep -qx 1
    has_event event=refused reply=550
}

@test "passive ports: a session whose client was given one and never connected says so, once, with the options that help" {
    talk --log-format json <<'STEPS'
< 220
> TYPE I
< 200
> EPSV
< 229
> EPSV
< 229
> PASV
< 227
> QUIT
< 221
STEPS
    [ "$(events event=port-unused level=warning | wc -l)" = 1 ]
    events event=port-unused | grep -e --passive-ports | grep -e --passive-address
    # Not where it connected to one, or was refused what it wanted it for, or that it did not connect is told already
    : >"$T/log"
    talk --log-format json --allow upload --connect-timeout=1 <<'STEPS'
< 220
> EPSV
< 229
> STOR no/such
< 550
STEPS
    talk --log-format json --connect-timeout=1 <<'STEPS'
< 220
> EPSV
< 229
> STOR x
< 150
< 425
STEPS
    talk --log-format json <<'STEPS'
binary
store x there
> EPSV
< 229
> EPSV
< 229
connect
> QUIT
< 221
STEPS
    talk --log-format json <<'STEPS'
< 220
> EPSV
< 229
connect
> NOOP
< 200
STEPS
    has_no_event event=port-unused
    has_event event=no-data-connection level=warning
}
