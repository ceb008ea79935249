#!/bin/bash
# The journal knows whose each event is, however soon the session is over; and one that does not read keeps
# no upload waiting.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
drop_in stord@.service '[Service]' Environment=STORD_NO_SYNC=yes Environment=STORD_LOG_LEVEL=warning
start_stord

# One event a session, and nothing to wait for after it
small_sessions() {
    local i wire
    for ((i = 0; i < 25; i++)); do
        exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
        printf 'ALLO 2\r\nSTOR %s.%s\r\nhiQUIT\r\n' "$1" "$i" >&"$wire"
        cat <&"$wire" >>"$T/replies.$1"
        exec {wire}>&-
    done
}
small=()
for worker in {1..8}; do
    small_sessions "$worker" &
    small+=($!)
done
wait "${small[@]}"
[ "$(cat "$T"/replies.* | grep -c '^226 ')" = 200 ]
all_sessions_gone
journalctl --sync
[ "$(journalctl --quiet --no-pager -o json --output-fields=STORD_EVENT -u 'stord@*' | grep -c '"not-synced"')" = 200 ]
fields_complete

drop_in stord@.service '[Service]' Environment=STORD_LOG_LEVEL=debug
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read -r greeting <&"$wire"
[ "${greeting:0:4}" = '220 ' ]
journald=$(systemctl show -P MainPID systemd-journald.service)
kill -STOP "$journald"
# ... and its queue full
command -p python3 -ISc '
import socket
senders, sent = [], 1
while sent:  # what each may have under way is limited, too
    senders.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    senders[-1].setblocking(False)
    sent = 0
    try:
        while True:
            senders[-1].sendto(b"MESSAGE=filler\n", "/run/systemd/journal/socket")
            sent += 1
    except BlockingIOError:
        pass
'
printf 'ALLO 5\r\nSTOR stuck\r\nhelloQUIT\r\n' >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
[ "$(cut -c 1-4 "$T/replies" | tr -d '\r' | tr '\n' '|')" = '200 |150 |226 |221 |' ]
[ "$(cat "$ROOT/stuck")" = hello ]
kill -CONT "$journald"
inline_upload after 'it reads again'
logged 'File uploaded: /after (14 bytes'
all_sessions_gone

# A unit that forbids local sockets: lines without fields, by standard error
drop_in stord@.service '[Service]' RestrictAddressFamilies= 'RestrictAddressFamilies=AF_INET AF_INET6'
inline_upload no-sockets hello
logged 'File uploaded: /no-sockets (5 bytes'
all_sessions_gone
