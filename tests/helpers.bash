# What every bats file here starts from: `load helpers`.
# shellcheck shell=bash
#
#   setup() { setup_sandbox; }
#   teardown() { teardown_sandbox; }
#
# gives each test a folder of its own, $T, with the root folder of its server,
# $ROOT, in it, and takes both away again with everything that was started.
#
#   $TOP      the checkout
#   $HANDLER  the server and
#   $CLIENT   the uploader under test; the environment may name other builds

TOP=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
HANDLER=${HANDLER:-$TOP/handler}
CLIENT=${CLIENT:-$TOP/client}
export TOP HANDLER CLIENT

# fail WORD...: says why and fails. Use it as the last word of a check.
fail() {
    printf '%s\n' "$*" >&2
    return 1
}

# ------------------------------------------------------------------ sandbox

# Unprivileged daemons work in it: $T is 0755 and $ROOT 0777.
setup_sandbox() {
    T=$(mktemp -d "${TMPDIR:-/tmp}/stord-test.XXXXXX")
    chmod 0755 "$T"
    ROOT=$T/root
    mkdir -m 0777 "$ROOT"
    chmod 0777 "$ROOT" # whatever the umask
    # Most tests run as root, and the sessions with them
    if [ "$(id -u)" = 0 ]; then export STORD_USER=root; fi
    export T ROOT
    SPAWNED=()
    SPAWN_PID=
    SPAWN_LOG=
    PORT=
}

teardown_sandbox() {
    kill_spawned
    if [ -n "${T:-}" ]; then rm -rf -- "$T"; fi
}

# ---------------------------------------------------------------- processes

# spawn CMD ARG...: starts a program (not a function) in the background as the
# leader of its own process group, with the caller's standard input. Its output
# goes to $SPAWN_LOG ($T/spawn.N.log), its pid to $SPAWN_PID and SPAWNED.
spawn() {
    SPAWN_LOG=$T/spawn.${#SPAWNED[@]}.log
    spawn_to "$SPAWN_LOG" "$@"
}

# spawn_to FILE CMD ARG...: the same, output appended to FILE.
spawn_to() {
    local log=$1
    shift
    # Not being a group leader, setsid makes the session without a fork, so $!
    # is the program itself. Bats waits for whoever holds its descriptor 3.
    setsid "$@" <&0 >>"$log" 2>&1 3>&- &
    SPAWN_PID=$!
    SPAWNED+=("$SPAWN_PID")
}

# Ends what spawn started: each one's group, and its descendants, since xinetd
# and others give every session a group of its own.
kill_spawned() {
    local pid all=() signal tries
    for pid in "${SPAWNED[@]:+${SPAWNED[@]}}"; do
        mapfile -t -O "${#all[@]}" all < <(process_tree "$pid")
    done
    for signal in TERM KILL; do
        for pid in "${SPAWNED[@]:+${SPAWNED[@]}}"; do
            kill -s "$signal" -- "-$pid" 2>/dev/null || :
        done
        for pid in "${all[@]:+${all[@]}}"; do
            kill -s "$signal" "$pid" 2>/dev/null || :
        done
        for ((tries = 0; tries < 100; tries++)); do
            all_gone "${all[@]:+${all[@]}}" && break 2
            sleep 0.02
        done
    done
    for pid in "${SPAWNED[@]:+${SPAWNED[@]}}"; do
        wait "$pid" 2>/dev/null || :
    done
    SPAWNED=()
}

# process_tree PID: it and all its descendants, one a line
process_tree() {
    ps -e -o pid=,ppid= | awk -v root="$1" '
        { parent[$1] = $2 }
        END {
            for (p in parent)
                for (q = p; q in parent; q = parent[q])
                    if (q == root) { print p; break }
        }'
}

# all_gone PID...: none of them runs (a zombie does not)
all_gone() {
    local pid state
    for pid; do
        state=
        { read -r state <"/proc/$pid/stat"; } 2>/dev/null || continue
        case ${state##*) } in Z* | X*) ;; *) return 1 ;; esac
    done
}

# process_status PID FIELD: what the kernel says of it, in /proc/PID/status, words with a blank between
process_status() { awk -v field="$2:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }

# ignored_signals PID: their numbers. Without 32 and 33: they are the C library's own, and nobody can
# reset what whoever started the tests left of them.
ignored_signals() {
    local mask number
    mask=$(awk '/^SigIgn/ { print $2 }' "/proc/$1/status")
    for ((number = 1; number <= 64; number++)); do
        case $number in 32 | 33) continue ;; esac
        if (((16#$mask >> (number - 1)) & 1)); then printf '%s\n' "$number"; fi
    done
}

# wait_for CMD ARG...: until it succeeds; asks every 20 ms, gives up after 20 s.
wait_for() {
    local end=$((${EPOCHREALTIME/[.,]/} + 20000000))
    until "$@" >/dev/null 2>&1; do
        if [ "${EPOCHREALTIME/[.,]/}" -gt "$end" ]; then
            printf 'waited in vain for: %s\n' "$*" >&2
            return 1
        fi
        sleep 0.02
    done
}

# wait_port PORT [ADDR]: until somebody listens there. No connection is made,
# so no session is used up.
wait_port() {
    wait_for port_listens "$@"
}

port_listens() {
    ss -Hltn "sport = :$1" | awk -v want="${2:-}" -v port="$1" '
        { addr = substr($4, 1, length($4) - length(port) - 1)
          gsub(/[][]|%.*/, "", addr); gsub(/[][]/, "", want)
          if (want == "" || addr == want || addr == "*" || addr == "0.0.0.0" || addr == "::") found = 1 }
        END { exit !found }'
}

# free_port: sets PORT to one that is free on 127.0.0.1 and ::1. Outside of the
# range that the kernel hands to outgoing connections, and at random, so that
# tests running at once do not meet.
free_port() {
    # command -p: the system's python, not a slow wrapper in front of it
    PORT=$(command -p python3 -ISc '
import errno, random, socket
def is_free(family, addr, port):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.bind((addr, port))
    except OSError as e:  # a machine without IPv6 has no port to collide with
        return e.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return True
port = 22000  # the units own that one
while port == 22000 or not (is_free(socket.AF_INET, "127.0.0.1", port) and is_free(socket.AF_INET6, "::1", port)):
    port = random.randrange(10240, 32768)
print(port)')
    export PORT
}

# ------------------------------------------------------------------- server

# serve [OPTION...]: the handler on $PORT of 127.0.0.1, which it picks, one
# process per connection. Its log, and the activator's, is $T/serve.log. STORD_*
# and what sanitizers and coverage read come from the caller's environment.
serve() { serve_at 127.0.0.1 "$@"; }
serve6() { serve_at '[::1]' "$@"; }

serve_at() {
    local addr=$1 env=() name tries
    shift
    for name in $(compgen -e); do
        case $name in
        STORD_* | ASAN_* | LSAN_* | UBSAN_* | GCOV_* | LLVM_*) env+=(-E "$name") ;;
        esac
    done
    for ((tries = 0; tries < 20; tries++)); do
        free_port
        spawn_to "$T/serve.log" systemd-socket-activate --inetd -a -l "$addr:$PORT" \
            "${env[@]:+${env[@]}}" "$HANDLER" --root "$ROOT" "$@"
        # shellcheck disable=SC2034 # for the tests
        SERVE_PID=$SPAWN_PID
        wait_for serve_started "$addr" || return 1
        if serve_listens "$addr"; then return 0; fi
        wait "$SPAWN_PID" || : # somebody took the port: another one
    done
    cat "$T/serve.log" >&2
    fail "cannot listen on $addr"
}

serve_listens() { grep -qF "Listening on $1:$PORT as" "$T/serve.log"; }
serve_started() { serve_listens "$1" || all_gone "$SPAWN_PID"; }

# --------------------------------------------------------------------- files

# random_file PATH BYTES
random_file() { head -c "$2" /dev/urandom >"$1"; }

# same A B: the same bytes
same() {
    if cmp -- "$1" "$2" >&2; then return 0; fi
    ls -l -- "$1" "$2" >&2 || :
    fail "$1 and $2 differ"
}

# ----------------------------------------------------------------- conditions

# A machine that cannot run a test fails it: nobody should take a test that did
# not run for one that passed.
need_root() {
    [ "$(id -u)" = 0 ] || fail "this test needs root: it $*"
}

# in_release PACKAGE: this Debian has a package of that name; where it has not, the output of the tests says
# what is left out
in_release() {
    apt-cache policy "$1" | grep -q '^  Candidate: [^(]' && return
    echo "# left out: this release has no $1" >&3
    return 1
}

# need TOOL...: all of them are installed
need() {
    local tool missing=
    for tool; do
        command -v -- "$tool" >/dev/null || missing+=" $tool"
    done
    [ -z "$missing" ] || fail "missing, see \`make help\`:$missing"
}

# harmless TEXT: it is UTF-8, and no control character is in it but line ends and tabs
harmless() {
    printf '%s' "$1" | command -p python3 -Ic '
import sys, unicodedata
text = sys.stdin.buffer.read().decode()
wrong = [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"]
sys.exit("found %r in %r" % (wrong, text) if wrong else 0)'
}
