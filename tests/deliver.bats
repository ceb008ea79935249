# handler --deliver: events are given to a program until it takes them.
# bats file_tags=asan
# shellcheck shell=bats disable=SC2016 # variables of the program
bats_require_minimum_version 1.5.0
load notices
load manual

setup() { setup_sandbox; }
teardown() {
    kill_spawned
    teardown_sandbox
}

# age_later SECONDS: what is to be tried later is as if so much time had passed
age_later() {
    local file due first rest
    for file in "$ROOT"/.stord.events/later/*; do
        IFS=- read -r due first rest <<<"${file##*/}"
        mv "$file" "$ROOT/.stord.events/later/$(printf '%010d-%010d' $((10#$due - $1)) $((10#$first - $1)))-$rest"
    done
}

# waits: the seconds until each event in later/ is tried again, and how often it was
waits() {
    local file due first tries rest now
    now=$(date +%s)
    for file in "$ROOT"/.stord.events/later/*; do
        IFS=- read -r due first tries rest <<<"${file##*/}"
        echo "$((10#$due - now)) $((10#$tries))"
    done
}

@test "deliver: the oldest first, each on standard input and as variables, and then it is gone" {
    make_events 3
    cat "$ROOT"/.stord.events/new/* >"$T/wanted"
    STORD_LOG=stderr SECRET=x deliver -- sh -c 'cat >>"$0/got"; env >"$0/environment"; pwd >"$0/folder"; ls /proc/$$/fd |
        sort -n | paste -sd" " >"$0/fds"' "$T"
    cmp "$T/wanted" "$T/got"
    [ "$(count_in new)$(count_in later)$(count_in failed)" = 000 ]
    grep -qx 'SECRET=x' "$T/environment"
    grep -qx "STORD_FILE=$ROOT/a3" "$T/environment"
    grep -qx 'STORD_EVENT=uploaded' "$T/environment"
    grep -qx 'STORD_COUNT=1' "$T/environment"
    not_logged "STORD_LOG"
    run ! grep STORD_LOG "$T/environment"
    [ "$(cat "$T/folder")" = / ]
    [[ "$(cat "$T/fds")" == "0 1 2"* ]]
    deliver -- false # nothing is left to be delivered
}

@test "deliver: names of any bytes are in the variables as they are" {
    talk --events=uploaded <<'STEPS'
binary
store a"b\\c\xff\xe2\x80\xae hello
STEPS
    deliver -- sh -c 'test -f "$STORD_FILE" && printf %s "$STORD_PATH" >"$0/path"' "$T"
    [ "$(count_in later)" = 0 ]
    [ "$(cat "$T/path")" = $'/a"b\\c\xff\xe2\x80\xae' ]
}

@test "deliver: what fails is tried again after 10 s, 20, ..., an hour, and is given up after --deliver-hours" {
    local tries wanted=10
    make_events 1
    for ((tries = 1; tries <= 11; tries++)); do
        deliver -- false
        read -r wait count < <(waits)
        [ "$count" = "$tries" ]
        ((wait <= wanted && wait > wanted - 8)) || fail "try $tries: in $wait s, not $wanted"
        deliver -- touch "$T/too-early"
        [ ! -e "$T/too-early" ]
        age_later "$wanted"
        wanted=$((wanted * 2 > 3600 ? 3600 : wanted * 2))
    done
    age_later $((72 * 3600))
    deliver -- false
    [ "$(count_in later)" = 0 ]
    [ "$(count_in failed)" = 1 ]
    notices failed | grep -qx 'uploaded /a1 2 2 here'
    logged 'is given up after 12 tries'
    make_events 1
    deliver --tries 2 -- false
    age_later 10
    deliver --tries 2 -- false
    [ "$(count_in failed)" = 2 ]
    [ "$(count_in later)" = 0 ]
}

@test "deliver: any end but exit status 0 is a failure, and says which" {
    local end
    make_events 1
    for end in 'exit 3:exit status was 3' 'kill -9 $$:signal 9 ended it'; do
        deliver -- sh -c "${end%%:*}"
        logged "is not delivered, the next try is in [0-9]+ s: .*${end#*:}"
        age_later 40
    done
    deliver -- "$T/missing"
    logged 'it cannot be started: No such file'
    age_later 40
    deliver -- sh -c 'echo to standard output; echo to standard error >&2'
    logged 'Delivery: to standard output'
    logged 'Delivery: to standard error'
    [ "$(count_in later)$(count_in new)" = 00 ]
}

@test "deliver: --batch gives one run all that is due, a line each" {
    make_events 20
    cat "$ROOT"/.stord.events/new/* >"$T/wanted"
    deliver --batch -- sh -c 'cat >>"$0/got"; echo "$STORD_COUNT" >>"$0/counts"; exit 1' "$T"
    cmp "$T/wanted" "$T/got"
    [ "$(cat "$T/counts")" = 20 ]
    [ "$(count_in later)" = 20 ]
    age_later 10
    deliver --batch -- sh -c 'cat >>"$0/got"; echo "$STORD_COUNT" >>"$0/counts"' "$T"
    [ "$(tail -1 "$T/counts")" = 20 ]
    [ "$(count_in later)" = 0 ]
}

@test "deliver: two at once deliver no event twice, and both end when nothing is due" {
    local one two
    make_events 30
    deliver -- sh -c 'mkdir "$0/$STORD_ID" && sleep 0.02' "$T" &
    one=$!
    deliver -- sh -c 'mkdir "$0/$STORD_ID" && sleep 0.02' "$T" &
    two=$!
    wait "$one"
    wait "$two"
    [ "$(count_in later)$(count_in new)" = 00 ]
    [ "$(find "$T" -maxdepth 1 -name '2*Z-*' | wc -l)" = 30 ]
}

@test "deliver: a stop ends the program with all that it has started, and the event stays" {
    make_events 1
    spawn "$HANDLER" --deliver --root "$ROOT" -- sh -c 'sleep 1000 & echo $! >"$0/pid"; wait' "$T"
    wait_for test -s "$T/pid"
    kill -TERM "$SPAWN_PID"
    wait "$SPAWN_PID"
    wait_for all_gone "$(cat "$T/pid")"
    [ "$(count_in new)" = 1 ]
}

@test "deliver: what is no event does not stay in its way" {
    make_events 1
    echo nonsense >"$ROOT/.stord.events/new/nonsense"
    echo '{"half' >"$ROOT/.stord.events/new/20261201T020320.861346Z-2cc24e06c2b5500b.json"
    mkdir "$ROOT/.stord.events/new/folder"
    ln -s /etc/passwd "$ROOT/.stord.events/new/link"
    deliver -- sh -c 'cat >>"$0/got"' "$T"
    [ "$(grep -c . "$T/got")" = 1 ]
    [ -z "$(ls "$ROOT/.stord.events/new")" ]
    [ "$(find "$ROOT/.stord.events/failed" -mindepth 1 | wc -l)" = 4 ]
    logged 'nonsense is no event'
}

@test "deliver: without events there is nothing to do; a root that is missing is an error" {
    deliver -- false
    run -78 "$HANDLER" --deliver --root "$T/missing" -- true
}

@test "deliver: a webhook, by curl, that answers 500, then nothing, then 200" {
    need curl
    make_events 2
    cat >"$T/server.py" <<'SERVER'
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = open(sys.argv[1] + "/answer").read().strip()
        if answer == "nothing":
            self.close_connection = True
            return
        if answer == "200":
            with open(sys.argv[1] + "/hooked", "ab") as file:
                file.write(self.headers["Content-Type"].encode() + b" " + body)
        self.send_response(int(answer))
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
SERVER
    spawn "$(command -pv python3)" -IS "$T/server.py" "$T"
    wait_for grep -qE '^[0-9]+$' "$SPAWN_LOG"
    local port answer
    port=$(grep -oE '^[0-9]+$' "$SPAWN_LOG")
    for answer in 500 nothing 200; do
        echo "$answer" >"$T/answer"
        deliver -- curl --silent --show-error --fail --max-time 10 --json @- "http://127.0.0.1:$port/hook"
        if [ "$answer" != 200 ]; then
            [ "$(count_in later)" = 2 ] || fail "$answer was taken for a success"
            age_later 40
        fi
    done
    [ "$(count_in later)$(count_in new)" = 00 ]
    [ "$(grep -c '^application/json {.*"event":"uploaded"' "$T/hooked")" = 2 ]
}

@test "deliver: handlers and deliverers that are killed lose no event of what was acknowledged" {
    TMPDIR=$T timeout 500 "$TOP/tests/couriers" --uploads 1500 >"$T/out" 2>&1 || fail "$(cat "$T/out")"
    sed 's/^/# /' "$T/out" >&3
}

# ---------------------------------------------------------------- the programs of stord(7)

# consumer_of NAME [SED...]: that program of the page, as $T/tell
consumer_of() {
    example stord.7 program "$1" | sed "${@:2}" >"$T/tell"
    chmod 755 "$T/tell"
}

@test "deliver: stord(7)'s program puts work into a queue" {
    make_events 2
    mkdir "$T/work"
    example stord.7 program queue >/dev/null
    consumer_of queue "s|/var/spool/work|$T/work|"
    deliver -- "$T/tell"
    [ "$(cat "$T"/work/*.json | grep -c '"event":"uploaded"')" = 2 ]
    [ "$(count_in later)" = 0 ]
    make_events 1
    rmdir "$T/work" 2>/dev/null || rm -r "$T/work"
    deliver -- "$T/tell"
    [ "$(count_in later)" = 1 ]
}

@test "deliver: stord(7)'s program copies files to a bucket, by rclone" {
    need rclone
    make_events 2
    mkdir "$T/bucket"
    printf '[bucket]\ntype = alias\nremote = %s\n' "$T/bucket" >"$T/rclone.conf"
    example stord.7 program bucket >/dev/null
    consumer_of bucket "s|/etc/stord/rclone.conf|$T/rclone.conf|"
    deliver -- "$T/tell"
    [ "$(cat "$T/bucket/inbox/a1" "$T/bucket/inbox/a2")" = hihi ] || { cat "$T/log"; find "$T/bucket"; false; }
    [ "$(count_in later)" = 0 ]
    talk --events=uploaded <<'STEPS'
binary
store gone hello
STEPS
    rm "$ROOT/gone"
    deliver -- "$T/tell"
    [ "$(count_in later)" = 1 ]
}

@test "deliver: stord(7)'s program writes a mail" {
    need curl
    make_events 1
    # One that takes one mail, in the words of RFC 5321
    cat >"$T/smtp.py" <<'SERVER'
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
stream = listener.accept()[0].makefile("rwb", 0)
stream.write(b"220 here\r\n")
data = False
for line in stream:
    with open(sys.argv[1], "ab") as file:
        file.write(line)
    if data:
        data = line != b".\r\n"
        if not data:
            stream.write(b"250 taken\r\n")
        continue
    data = line.startswith(b"DATA")
    stream.write({b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(line[:4], b"250 fine\r\n"))
    if line.startswith(b"QUIT"):
        break
SERVER
    spawn "$(command -pv python3)" -IS "$T/smtp.py" "$T/mail"
    wait_for grep -qE '^[0-9]+$' "$SPAWN_LOG"
    example stord.7 program mail >/dev/null
    consumer_of mail "s|mail.example.org|127.0.0.1:$(cat "$SPAWN_LOG")|"
    deliver -- "$T/tell"
    [ "$(count_in later)" = 0 ] || fail "$(cat "$T/log")"
    grep -q '^RCPT TO:<office@example.org>' "$T/mail"
    grep -q '^Subject: File uploaded: /a1 (2 bytes' "$T/mail"
    grep -q '^{.*"event":"uploaded"' "$T/mail"
}
