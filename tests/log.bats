# What is in the log: one event is one line, whatever strangers write; see tests/log.py.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() {
    setup_sandbox
    users "me:$(hash secret):/::"
}
teardown() { teardown_sandbox; }

# Not the handler's own errors, with a build that looks for them
log_py() { command -p python3 "$TOP/tests/log.py" "$HANDLER" "$T" "$1"; }

@test "log: as text on standard error, what strangers write is one harmless line" {
    log_py text
}

@test "log: as JSON, each line parses, and names the file that is on the disk" {
    log_py json
}

@test "log: in syslog, an event is one message; --log-format is for standard error" {
    need_root "gives the handler a /dev/log of its own"
    mkdir "$T/dev"
    cp -a /dev/null /dev/zero /dev/random /dev/urandom "$T/dev/"
    log_py syslog
}

@test "log: formats there are, and others" {
    for format in '' xml JSON 'text ' json,text; do
        run -64 --separate-stderr "$HANDLER" --log-format "$format" </dev/null
        # shellcheck disable=SC2154
        [[ $stderr == *"--log-format wants text or json, not \"$format\""* ]]
    done
    STORD_LOG_FORMAT=xml run -78 --separate-stderr "$HANDLER" </dev/null
    [[ $stderr == *'STORD_LOG_FORMAT wants text or json, not "xml"'* ]]
    for format in text json; do "$HANDLER" --root "$ROOT" --log-format "$format" </dev/null >/dev/null 2>>"$T/log"; done
    STORD_LOG_FORMAT=json "$HANDLER" --root "$ROOT" </dev/null >/dev/null 2>>"$T/log"
    [ "$(grep -c '^stord\[[0-9]*\]: Connection closed' "$T/log")" = 1 ]
    [ "$(grep -c '^{.*"event":"closed".*}$' "$T/log")" = 2 ]
}

@test "log: names that are as long as names can be are in it as a whole" {
    local name
    name=$(printf '\xe9%.0s' {1..250})
    printf 'ALLO 5\r\nSTOR %s\r\nhelloQUIT\r\n' "$name" | "$HANDLER" --root "$ROOT" --log-format json 2>"$T/log" | grep -a '^226 '
    command -p python3 -Ic '
import json, os, sys
root, log = sys.argv[1:]
uploaded = [e for e in map(json.loads, open(log)) if e["event"] == "uploaded"]
assert os.listdir(bytes.fromhex(uploaded[0]["file_hex"]).rpartition(b"/")[0]), uploaded
assert bytes.fromhex(uploaded[0]["file_hex"]) == os.path.realpath(root).encode() + b"/" + b"\xe9" * 250, uploaded
' "$ROOT" "$T/log"
}

@test "log: where there is no journal, --log=journal says so and goes to standard error" {
    # A machine may have one, so one is taken away
    need_root "hides the journal's socket"
    printf 'QUIT\r\n' | unshare --mount --propagation private bash -c '
        mount -t tmpfs none /run && exec "$@"' - \
        "$HANDLER" --root "$ROOT" --log journal 2>"$T/log" | grep -q '^221 '
    grep -E '^stord\[[0-9]+\]: Logging without the journal: there is none$' "$T/log"
    grep -E '^stord\[[0-9]+\]: Connection closed: ' "$T/log"
}

@test "log: a pipe that nobody reads any more costs lines, no upload and no session" {
    local folder
    folder=$(printf '/\xc3\xa9%.0s' {1..700})
    mkdir -p "$ROOT$folder"
    for format in text json; do
        for room in 8192 5000; do
            printf 'ALLO 2\r\nSTOR %s/x\r\nhiQUIT\r\n' "$folder" >"$T/said"
            command -p python3 -ISc '
import fcntl, os, subprocess, sys
nobody, log = os.pipe()
size = fcntl.fcntl(log, 1031, 65536)  # F_SETPIPE_SZ
os.write(log, bytes(size - int(sys.argv[1])))
with open(sys.argv[2]) as said:
    sys.stdout.write(subprocess.run(sys.argv[3:], stdin=said, stderr=log, capture_output=False,
                                    stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout)
' "$room" "$T/said" "$HANDLER" --root "$ROOT" --log-format $format >"$T/out"
            [ "$(cut -c 1-4 "$T/out" | paste -sd'|')" = '220 |200 |150 |226 |221 ' ]
            rm "$ROOT$folder/x"
        done
    done
}

# stuck SOCKET FOLDER PLACE TARGET: a session that logs to SOCKET, in FOLDER, which it sees at PLACE. Nobody
# reads there, and there is no room for more.
stuck() {
    # shellcheck disable=SC2016 # those are of the inner shell
    command -p python3 -ISc '
import socket, subprocess, sys
path, arguments = sys.argv[1], sys.argv[2:]
daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
daemon.bind(path)
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.connect(path)
sender.setblocking(False)
try:
    while True:
        sender.send(b"x")
except BlockingIOError:
    pass
enter = "mount --bind $1 $2 && shift 2 && exec $@"
sys.stdout.write(subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", enter, "-"] + arguments,
    input="ALLO 2\r\nSTOR x\r\nhiQUIT\r\n", stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout)
' "$1" "$2" "$3" "$HANDLER" --root "$ROOT" --log "$4" >"$T/out" 2>"$T/log"
    [ "$(cut -c 1-4 "$T/out" | paste -sd'|')" = '220 |200 |150 |226 |221 ' ]
    [ "$(cat "$ROOT/x")" = hi ]
}

@test "log: a syslog daemon that does not read costs lines, no upload and no session" {
    need_root "gives the handler a /dev/log of its own"
    mkdir "$T/dev"
    cp -a /dev/null /dev/zero /dev/random /dev/urandom "$T/dev/"
    stuck "$T/dev/log" "$T/dev" /dev syslog
}

@test "log: nor does a journal that does not read; lines go to standard error" {
    need_root "gives the handler a /run of its own"
    mkdir -p "$T/run/systemd/journal"
    stuck "$T/run/systemd/journal/socket" "$T/run" /run journal
    logged 'File uploaded: /x '
}
