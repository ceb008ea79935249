#!/bin/bash
# More connections than the limits allow are closed without a byte, and there is room as soon as others
# have ended, however they ended: failed sessions do not lock anybody out.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
drop_in stord.socket '[Socket]' MaxConnections=5 MaxConnectionsPerSource=3
start_stord
PROPERTIES=(NAccepted NRefused NConnections)
counts() { systemctl show stord.socket "${PROPERTIES[@]/#/--property=}" | sort | sed 's/.*=//' | paste -sd' '; }
counts_are() { [ "$(counts)" = "$*" ]; }

# open_from ADDRESS: a session there, in WIRES, or GREETING is empty and nothing is open
WIRES=()
open_from() {
    local wire
    exec {wire}<>"/dev/tcp/$1/$PORT"
    GREETING=
    IFS= read -r GREETING <&"$wire" || :
    if [ -n "$GREETING" ]; then WIRES+=("$wire"); else exec {wire}>&-; fi
}
close_one() {
    local wire=${WIRES[0]}
    WIRES=("${WIRES[@]:1}")
    exec {wire}>&-
}
accepted_from() { open_from "$1" && [ "${GREETING:0:4}" = '220 ' ]; }
refused_from() { open_from "$1" && [ -z "$GREETING" ]; }

for _ in 1 2 3; do accepted_from 127.0.0.1; done
# What a session may have, and all of them together. (Whether memory and tasks are held to it is up to
# the controllers that this machine lets the sandbox have.)
session=$(systemctl list-units --no-legend --plain 'stord@*' | awk 'NR == 1 { print $1 }')
[ "$(systemctl show --value -p ControlGroup "$session")" = "/stord.slice/$session" ]
[ "$(systemctl show -p MemoryMax -p TasksMax "$session" | sort | paste -sd' ')" = 'MemoryMax=268435456 TasksMax=16' ]
[ "$(systemctl show --value -p TasksMax stord.slice)" = 4096 ]
[ "$(systemctl show --value -p MemoryMax stord.slice)" != infinity ]
pid=$(systemctl show --value -p MainPID "$session")
[ "$(awk '/^Max open files/ { print $4 }' "/proc/$pid/limits")" -le 256 ]
[ "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$pid/limits")" = '0 0' ]
for _ in 1 2; do refused_from 127.0.0.1; done
# Not from here, but from elsewhere, until all are five
for _ in 1 2; do accepted_from ::1; done
refused_from ::1
wait_for counts_are 5 5 3
close_one
wait_for counts_are 5 4 3
accepted_from 127.0.0.1
while [ "${#WIRES[@]}" -gt 0 ]; do close_one; done
all_sessions_gone

# Settings that nobody knows: sessions fail, more of them than the limit is.
mkdir -p /etc/stord
echo 'STORD_ROOTS=/srv' >/etc/stord/stord.env
for _ in 1 2 3 4 5 6 7; do
    open_from 127.0.0.1
    [ "${GREETING:0:4}" = '421 ' ]
    close_one
    wait_for no_sessions
done
# Nor do those that did not even start: systemd looks for a file that is not there.
rm /etc/stord/stord.env
drop_in stord@.service '[Service]' LoadCredential=users:/etc/stord/none
for _ in 1 2 3 4 5 6 7; do
    refused_from 127.0.0.1
    wait_for no_sessions
done
[ "$(systemctl is-active stord.socket)" = active ]
drop_in stord@.service '[Service]'
inline_upload after 'all that'
all_sessions_gone
