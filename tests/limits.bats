# Limits of the process (setrlimit): what is too low for a session is answered, and told the log.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# refuses STATUS COMMAND...: the client of that handler, which ends so, hears 421 and nothing else.
# ERRORS: where its standard error goes; - is to the client
refuses() {
    run -0 command -p python3 -Ic '
import socket, subprocess, sys
ours, theirs = socket.socketpair()
errors = theirs if sys.argv[1] == "-" else open(sys.argv[1], "ab")
handler = subprocess.Popen(sys.argv[3:], stdin=theirs, stdout=theirs, stderr=errors)
theirs.close(), errors.close()
print(ours.makefile("rb").read().decode(), end="")
if handler.wait(20) != int(sys.argv[2]):
    sys.exit(f"exit status {handler.returncode}")' "${ERRORS:-$T/log}" "$@"
    [ "$output" = "421 Service not available: see the server's log"$'\r' ] || fail "$*: $output"
}

# refused_for WORDS PRLIMIT-OPTION: whoever comes hears 421, and the log says which limit it is
refused_for() {
    : >"$T/log"
    refuses 71 prlimit "$2" "$HANDLER" --root "$ROOT" || return
    logged "Cannot start: the limit of $1 is below"
    ERRORS=- refuses 71 prlimit "$2" "$HANDLER" --root "$ROOT"
}

@test "a limit that is too low for a session: the client hears 421, and the log which one it is" {
    local files kib
    for files in 4 5 6 7; do refused_for 'open files' "--nofile=$files"; done
    for kib in 48 64 128 255; do refused_for 'the stack' "--stack=$((kib * 1024))"; done
    refused_for addresses --as=6000000
    refused_for data --data=1000000
}

@test "a soft limit that is too low is raised as far as it may be" {
    local WRAP=(prlimit --stack=65536:8388608 --nofile=5:100 --as=3000000000:unlimited --data=4000000:unlimited)
    talk <<'STEPS'
binary
store@ x 300000
STEPS
    [ "$(stat -c %s "$ROOT/x")" = 300000 ]
}

# as_low_as_can_be OPTION...: sessions with the longest lines and paths have enough of everything
as_low_as_can_be() {
    local WRAP=(prlimit --stack=262144 --nofile=20 --as=8388608 --data=2097152) long deep
    long=$(printf 'n%.0s' {1..250})
    deep=$(printf "$long/%.0s" {1..15})
    mkdir -p "$ROOT/$deep"
    talk --allow=upload,append,replace,list,mkdir,read,rename,delete "$@" <<STEPS
binary
> CWD /$deep
< 250
store@ $long 300000
append@ $long 300
fetch RETR $long
> TYPE A
< 200
fetch RETR $long
fetch MLSD
> MLST $long
< 250
> RNFR $long
< 350
> RNTO /$(printf '"%.0s' {1..250})
< 250
> MKD $long
< 257
> PWD
< 257
> $(printf 'x%.0s' {1..8000})
< 500
> RMD $long
< 250
> QUIT
< 221
closed
STEPS
}

@test "a session has enough at the least limits" {
    as_low_as_can_be
    find "$ROOT" -mindepth 1 -delete
    mkdir "$T/transcripts"
    as_low_as_can_be --transcript="$T/transcripts" --xferlog="$T/xferlog" --log-format=json --log-level=debug
    grep -q '"event": *"uploaded"' "$T/log"
}

@test "a limit of file size: what is larger is 552, and the session goes on" {
    # shellcheck disable=SC2034 # for talk
    local WRAP=(prlimit --fsize=100000)
    talk <<'STEPS'
binary
store@ x 200000 < 552 too large
store@ x 100000
STEPS
}

@test "without processes there is no credential helper: 421, and a line in the log" {
    need_root "becomes somebody else"
    users "me:$(hash secret):/::"
    chmod 644 "$T/users"
    refuses 78 setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --nproc=0 \
        "$HANDLER" --root "$ROOT" --users "$T/users"
    logged 'Cannot start: credential helper: Resource temporarily unavailable'
}

@test "a limit that is too low, by socket activation: 421 to who has connected" {
    free_port
    spawn systemd-socket-activate -a -l "127.0.0.1:$PORT" prlimit --stack=65536 "$HANDLER" --root "$ROOT"
    wait_port "$PORT"
    run -0 command -p python3 -Ic '
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as control:
    print(control.makefile("rb").read().decode(), end="")' "$PORT"
    [ "$output" = "421 Service not available: see the server's log"$'\r' ]
    grep -q 'Cannot start: the limit of the stack is below 256 KiB' "$SPAWN_LOG"
}
