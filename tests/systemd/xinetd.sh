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

# stordctl knows it, too.
says() { grep -F -- "$1" "$T/said" >/dev/null || { cat "$T/said" >&2 && fail "does not say: $1"; }; }
stordctl check >"$T/said"
says '== xinetd stord'
says 'Checked as stord (uid '
says 'no login home=/ (/var/lib/stord) rights='
[ "$(grep -c '^==' "$T/said")" = 1 ]
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read -r _ <&"$wire"
stordctl who >"$T/said"
[ "$(awk '$4 == "127.0.0.1"' "$T/said" | wc -l)" = 1 ]
stordctl kick 127.0.0.1
grep '^421 ' <&"$wire"
exec {wire}>&-
stordctl doctor >"$T/said"
says 'ok    xinetd serves: stord'
# What its file sets is what is checked, and where users are looked for.
mkdir -p /etc/stord
sed -i '0,/STORD_ROOT=.*/s||& STORD_USERS=/etc/stord/them STORD_FOO=x|' /etc/xinetd.d/stord
if stordctl check >"$T/said"; then fail "a bad variable is good"; fi
says 'unknown variable STORD_FOO'
sed -i 's| STORD_FOO=x||' /etc/xinetd.d/stord
printf 'secret\n' | stordctl user add me 2>"$T/said"
says 'me can log in, from the next connection on'
stordctl check >"$T/said"
says 'user me: home=/me'
kill_spawned
