#!/bin/bash
# Events: the path unit starts the delivery as soon as there are some; the consumer fails half of the time; neither the
# path unit nor the service ever gives up.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
# shellcheck source=/dev/null
. "$TOP/tests/manual.bash"

install_stord
mkdir -p /etc/stord /opt
example stord.7 env events >/etc/stord/stord.env
EVENTS=$ROOT/.stord.events

# Not enabled, and nothing to deliver without a program
for unit in stord-events.path stord-events.timer; do
    [ "$(systemctl show -P UnitFileState "$unit")" = disabled ]
done
systemctl start stord-events.path
start_stord
inline_upload first 'hello'
waits_for_program() { [ "$(systemctl show -P SubState stord-events.service)" = auto-restart ]; }
wait_for waits_for_program
journalctl --quiet --no-pager -o cat -u stord-events | grep -F -- '--deliver wants a program' >/dev/null
[ "$(systemctl show -P NRestarts stord-events.service)" -le 1 ] || fail "it is started in circles"
[ "$(systemctl is-active stord-events.path)" = active ]

cat >/opt/consumer <<'CONSUMER'
#!/bin/sh
cat >>/var/lib/stord/.got
[ -e /var/lib/stord/.calm ] || exit $(($$ % 2))
CONSUMER
chmod 755 /opt/consumer
drop_in stord-events.service '[Service]' ExecStart= 'ExecStart=/usr/local/libexec/stord/handler --deliver -- /opt/consumer'
systemctl restart stord-events.service
systemctl start stord-events.timer
is_got() { grep -F "\"path\":\"/$1\"" "$ROOT/.got" >/dev/null; }
wait_for is_got first

# While it is killed, and fails
count=60
for ((i = 0; i < count; i++)); do
    printf 'ALLO 2\r\nSTOR f%d\r\nhi' "$i" | timeout 20 bash -c "exec 9<>/dev/tcp/127.0.0.1/$PORT; cat >&9; grep -m 1 ^226 <&9" >/dev/null
    case $((i % 10)) in
    3) systemctl kill --signal=KILL stord-events.service 2>/dev/null || : ;;
    6) systemctl stop stord-events.service ;;
    esac
    is_path_alive() { [ "$(systemctl is-active stord-events.path)" = active ]; }
    is_path_alive || fail "the path unit is $(systemctl is-active stord-events.path)"
done
touch "$ROOT/.calm"
for ((i = 0; i < count; i++)); do
    end=$((SECONDS + 90)) # one that has failed twice is due again after 20 s, and the timer has its time
    until is_got "f$i"; do
        [ "$SECONDS" -lt "$end" ] || fail "f$i was never delivered"
        sleep 0.2
    done
done
nothing_left() { [ -z "$(find "$EVENTS" -type f)" ]; }
end=$((SECONDS + 90))
until nothing_left; do
    [ "$SECONDS" -lt "$end" ] || fail "left: $(find "$EVENTS" -type f)"
    sleep 0.2
done
[ "$(systemctl is-active stord-events.path)" = active ]
[ "$(systemctl show -P ActiveState stord-events.service)" != failed ]

# What needs the timer: an event that is due again
grep -F 'is not delivered, the next try is in' <(journalctl --quiet --no-pager -o cat -u stord-events) >/dev/null

# stord(7)'s webhook, with its token
cat >"$T/server.py" <<'SERVER'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = self.headers["Authorization"] == "Bearer secret" and self.headers["Content-Type"] == "application/json"
        if good:
            with open(sys.argv[1], "ab") as file:
                file.write(body)
        self.send_response(200 if good else 403)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
SERVER
spawn "$(command -pv python3)" -IS "$T/server.py" "$T/hooked"
wait_for grep -qE '^[0-9]+$' "$SPAWN_LOG"
(umask 077 && echo 'Authorization: Bearer secret' >/etc/stord/hook.token)
grep -qF 'play: drop-in webhook stord-events.service' "$TOP/doc/stord.7"
example stord.7 drop-in webhook | sed "s|https://hooks.example.org|http://127.0.0.1:$(cat "$SPAWN_LOG")|" \
    >/etc/systemd/system/stord-events.service.d/test.conf
systemctl daemon-reload
inline_upload hooked 'hello'
is_hooked() { grep -F '"path":"/hooked"' "$T/hooked" >/dev/null; }
wait_for is_hooked
kill_spawned
