#!/bin/bash
# xinetd with the file that `make install` puts there, and the journal's /dev/log
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
spawn "$TOP/build/peers/usr/sbin/xinetd" -dontfork -f /etc/xinetd.d/stord -pidfile "$T/pid" -filelog "$T/log"
wait_for grep -q 'Started working: ' "$T/log"
cat "$T/log"
grep -q 'Started working: 1 available service' "$T/log"
wait_port "$PORT" 127.0.0.1
inline_upload inline hello
curl_upload by-curl 100000
[ "$(stat -c '%U:%G %a' "$ROOT/by-curl")" = 'stord:stord 640' ]

# Not a unit's: they are not to be found by its name.
by_syslog() { journalctl --quiet --no-pager -o cat _TRANSPORT=syslog | grep -F -- "$1" >/dev/null; }
wait_for by_syslog 'Accepted connection from 127.0.0.1:'
wait_for by_syslog 'File uploaded: /inline (5 bytes'
wait_for by_syslog 'EXIT: stord status=0'
kill_spawned
