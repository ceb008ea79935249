#!/bin/bash
# stordctl, and the units that check, under a real systemd
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/tls.bash"
. "$TOP/tests/manual.bash"
. "$TOP/tests/superservers.bash"

# refuses STATUS CMD...: what it says is in $T/said
refuses() {
    local status=0
    "${@:2}" >"$T/said" 2>&1 || status=$?
    [ "$status" = "$1" ] || { cat "$T/said" >&2 && fail "$status, not $1: ${*:2}"; }
}
says() { grep -F -- "$1" "$T/said" >/dev/null || { cat "$T/said" >&2 && fail "does not say: $1"; }; }
does() { "$@" >"$T/said" 2>&1 || { cat "$T/said" >&2 && fail "failed: $*"; }; }
# undo: no drop-in, no setting
undo() {
    rm -rf /etc/systemd/system/stord*.d /etc/stord
    mkdir /etc/stord
    systemctl daemon-reload
    systemctl reset-failed
    systemctl restart stord.socket
}
one='' two='' three=''
# opened NAME COMMAND...: a session that has sent these, and stays open
opened() {
    local -n wire=$1
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r _ <&"$wire"
    shift
    for command; do
        printf '%s\r\n' "$command" >&"$wire"
        read -r reply <&"$wire"
    done
}

unset STORD_USER
install_stord
rm -rf /etc/stord
refuses 69 stordctl check
says 'nothing is in use'
refuses 78 stordctl doctor
says 'no unit is in use'
start_stord

echo '== A check has all that sessions have: settings, drop-ins, credentials, options.'
does stordctl check
says '== stord.socket'
says 'Checked as stord'
printf 'secret\n' | does stordctl user add me
says 'echo STORD_USERS=/etc/stord/users >>/etc/stord/stord.env'
[ "$(stat -c '%U:%G %a' /etc/stord/users)" = 'root:stord 640' ]
chown root:root /etc/stord/users && chmod 600 /etc/stord/users
make_ca
make_certificate server 29
install -m 600 "$T/server.crt" /etc/stord/tls.crt
install -m 600 "$T/server.key" /etc/stord/tls.key
drop_in stord@.service '[Service]' LoadCredential={users:/etc/stord/users,tls.crt:/etc/stord/tls.crt,tls.key:/etc/stord/tls.key} \
    ExecStart= 'ExecStart=/usr/local/libexec/stord/handler --allow=upload'
echo STORD_ON_CONFLICT=rename >/etc/stord/stord.env
does stordctl check
says 'user me: home=/me (/var/lib/stord/me) rights=upload on-conflict=rename'
says 'certificate of CN=server,O=Test'
says 'warning: tls: the certificate expires'
refuses 78 stordctl check --strict
# which is the file that users are added to, too
printf 'secret\n' | does stordctl user add you
says 'you can log in, from the next connection on'
[ "$(stat -c '%U:%G %a' /etc/stord/users)" = 'root:root 600' ]
# drop-ins of all names
mv /etc/systemd/system/stord@.service.d/{test,zz-zz}.conf
sed -i s/--allow=upload/--allow=list/ /etc/systemd/system/stord@.service.d/zz-zz.conf
systemctl daemon-reload
does stordctl check
says 'rights=list'
mv /etc/stord/tls.crt /etc/stord/tls.old
refuses 78 stordctl check
says 'error: stord@check.service could not be run'
undo

echo '== It finds what the confinement forbids.'
install -d -m 777 /srv/scans
echo STORD_ROOT=/srv/scans >/etc/stord/stord.env
refuses 78 stordctl check
says 'Read-only file system'
systemctl is-failed stord@check.service
drop_in stord@.service '[Service]' ReadWritePaths=/srv/scans
does stordctl check
install -d -m 777 /home/scans
echo STORD_ROOT=/home/scans >/etc/stord/stord.env
refuses 78 stordctl check
says 'error: root: /home/scans'
undo
groupadd -f readers
echo STORD_GROUP=readers >/etc/stord/stord.env
refuses 78 stordctl check
says 'error: group: no file can be given'
drop_in stord@.service '[Service]' SupplementaryGroups=readers PrivateUsers=no
refuses 78 stordctl check
drop_in stord@.service '[Service]' SupplementaryGroups=readers PrivateUsers=no SystemCallFilter=fchown
does stordctl check
undo
echo STORD_USRES=/etc/stord/users >/etc/stord/stord.env
refuses 78 stordctl check
says STORD_USRES
# A client's connection is never checked in place of being served.
echo STORD_CHECK=yes >/etc/stord/stord.env
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
grep '^421 ' "$T/replies"
undo

echo '== All units in use are checked, each with its own.'
systemctl start stord-tls.socket stord-inline.socket
refuses 78 stordctl check
says 'error: stord-tls@check.service could not be run'
install -m 600 "$T/server.crt" /etc/stord/tls.crt
install -m 600 "$T/server.key" /etc/stord/tls.key
does stordctl check
[ "$(grep -c '^== stord' "$T/said")" = 3 ]
says 'TLS: implicit, certificate of CN=server'
systemctl stop stord-tls.socket stord-inline.socket
undo

echo '== What the timer starts tells of a failure.'
drop_in stord-check.service '[Unit]' 'OnFailure=tell@%n.service'
printf '%s\n' '[Service]' Type=oneshot 'ExecStart=/bin/sh -c "echo %i >/run/told"' >/etc/systemd/system/tell@.service
systemctl daemon-reload
does systemctl start stord-check.service
[ ! -e /run/told ]
echo STORD_ROOT=/nowhere >/etc/stord/stord.env
refuses 1 systemctl start stord-check.service
wait_for grep -x stord-check.service /run/told
undo

echo '== Who is on, and what became of it'
printf 'secret\n' | does stordctl user add me
printf 'secret\n' | does stordctl user add you
echo STORD_USERS=/etc/stord/users >/etc/stord/stord.env
opened one 'USER me' 'PASS secret'
opened two 'USER you' 'PASS secret'
opened three
[[ $reply == 230* ]]
logged 'Logged in: you'
does stordctl who
[ "$(awk '$4 == "127.0.0.1" { print $3 }' "$T/said" | sort | paste -sd' ')" = '- me you' ]
does stordctl kick me
grep '^421 ' <&"$one"
does stordctl who
[ "$(wc -l <"$T/said")" = 3 ]
does stordctl kick 127.0.0.1
refuses 67 stordctl kick 127.0.0.1
exec {one}>&- {two}>&- {three}>&-
all_sessions_gone
opened one 'USER me' 'PASS secret' 'ALLO 5' 'STOR report.pdf'
printf 'helloALLO 50\r\nSTOR cut.pdf\r\nhel' >&"$one"
until [[ $reply == 226* ]]; do read -r reply <&"$one"; done
until [[ $reply == 150* ]]; do read -r reply <&"$one"; done
exec {one}>&-
logged 'Upload failed'
does stordctl log report.pdf -o cat
says 'File uploaded: /me/report.pdf'
does stordctl log me/report.pdf -o cat
says 'File uploaded: /me/report.pdf'
does stordctl log me -o cat
says 'Logged in: me'
says 'Connection closed: ' # of which only the fields say whose it was
session=$(journalctl -t stord -o cat --output-fields=STORD_SESSION STORD_EVENT=upload-failed | tail -n 1)
does stordctl log "$session" -o cat
says 'File uploaded: /me/report.pdf'
says 'Upload failed'
for name in eport.pdf nobody 'report.pd.' 0123456789abcdef; do refuses 67 stordctl log "$name"; done
does stordctl failed
grep -x '1 [a-z]*' "$T/said"
grep -E '^  20[0-9-]+ [0-9:]+  me  .*cut\.pdf' "$T/said"
does stordctl failed --since=tomorrow
says none
undo

echo '== Another port, of all addresses or of one; the old one is closed, and clients on other machines are meant.'
socat TCP-LISTEN:2100,fork,reuseaddr STDOUT &
other=$!
wait_port 2100
refuses 69 stordctl open 2100
says "another program listens on port 2100: socat (pid $other)"
kill "$other"
port_listens 22000
does stordctl open 21
says 'listens on port 21'
says 'there are no users yet, so other machines are refused'
port_listens 21
if port_listens 22000; then fail "it still listens on the old port"; fi
refuses 78 stordctl doctor
says 'BAD   open to other machines, which are all refused'
PORT=21 inline_upload by-21 hello
does stordctl open 2121 127.0.0.1
port_listens 2121 127.0.0.1
if grep 'no users' "$T/said"; then fail "nobody else can come"; fi
does stordctl open 2121 ::1
[ "$(ss -Hltn 'sport = :2121' | awk '{ print $4 }')" = '[::1]:2121' ]
# what cannot be leaves all as it was
for address in 192.0.2.77 999.1.1.1; do
    if stordctl open 2323 "$address" >"$T/said" 2>&1; then fail "nobody can listen at $address"; fi
    says 'listens where it did before'
    [ "$(ss -Hltn 'sport = :2121' | awk '{ print $4 }')" = '[::1]:2121' ]
    grep -x 'ListenStream=\[::1\]:2121' /etc/systemd/system/stord.socket.d/open.conf
    [ "$(ls -A /etc/systemd/system/stord.socket.d)" = open.conf ]
done
# several at once: the last one wins, and each is right while it speaks
for number in 2131 2132 2133; do stordctl open "$number" 127.0.0.1 >"$T/open-$number" 2>&1 & done
wait
for number in 2131 2132 2133; do grep "stord.socket listens on port $number, and on no other" "$T/open-$number" >/dev/null || fail "$(cat "$T/open-$number")"; done
[ "$(ss -Hltn | grep -c ':213[123] ')" = 1 ]
for i in 1 2 3; do { stordctl check >"$T/check-$i" 2>&1 || echo wrong >>"$T/check-$i"; } & done
wait
for i in 1 2 3; do [ "$(tail -n 1 "$T/check-$i")" = '0 errors, 0 warnings' ] || fail "$(cat "$T/check-$i")"; done
# what the administrator has edited wins, and is told
printf '%s\n' '[Socket]' ListenStream= ListenStream=127.0.0.1:2222 >/etc/systemd/system/stord.socket.d/override.conf
refuses 78 stordctl open 2323
says 'another drop-in of stord.socket says otherwise'
undo

echo '== The doctor sees what its status does not: nothing listens.'
printf '%s\n' '[Socket]' ListenStream= ListenStream=21 >"$T/drop-in"
mapfile -t lines <"$T/drop-in"
drop_in stord.socket "${lines[@]}"
[ "$(systemctl is-active stord.socket)" = active ]
if port_listens 21 || port_listens 22000; then fail "systemd has become better: the documents may forget the restart"; fi
refuses 78 stordctl doctor
says 'BAD   stord.socket: it says that it listens at [::], port 21, and does not: systemctl restart stord.socket'
refuses 78 stordctl check
says 'error: it says that it listens'
undo
does stordctl doctor
says 'ok    stord.socket listens at 127.0.0.1, port 22000'
says 'ok    settings of all units in use (1)'
says 'ok    the kernel can confine sessions completely'
says 'look  stord.socket does not listen after a restart of the machine: systemctl enable stord.socket'
says 'ok    old interrupted uploads in /var/lib/stord are deleted'
if grep ^BAD "$T/said"; then fail "nothing is wrong"; fi
# a relay makes strangers local
socat TCP-LISTEN:2101,fork,reuseaddr TCP:127.0.0.1:22000 &
relay=$!
wait_port 2101
refuses 78 stordctl doctor
says 'strangers who come by a relay count: socat'
kill "$relay"
# flags in any of the words that sessions take, and no users file that is called none
wait_for eval '! port_listens 2101'
socat TCP-LISTEN:2101,fork,reuseaddr TCP:127.0.0.1:22000 &
relay=$!
wait_port 2101
for word in no off 0 false; do
    printf '%s\n' STORD_USERS=none "STORD_LOCAL=$word" >/etc/stord/stord.env
    does stordctl doctor
    says 'look  stord.socket: local: nobody is served'
done
for word in yes on 1 true; do
    printf '%s\n' STORD_USERS=none "STORD_ANONYMOUS=$word" >/etc/stord/stord.env
    does stordctl doctor
    says 'ok    anybody may upload'
done
echo ' STORD_USERS = none' >/etc/stord/stord.env # as systemd reads it
refuses 78 stordctl doctor
says 'strangers who come by a relay count: socat'
kill "$relay"
rm /etc/stord/stord.env
# another program has the port
systemctl stop stord.socket
socat TCP-LISTEN:22000,fork,reuseaddr STDOUT &
other=$!
wait_port 22000
systemctl enable stord.socket
refuses 78 stordctl doctor
says "BAD   stord.socket: it does not listen: socat (pid $other) has port 22000; stordctl open takes another one"
kill "$other"
wait_for eval '! port_listens 22000'
systemctl disable stord.socket
# firewall, passive ports and translation
undo
ip address add 192.168.7.7/24 dev lo
echo STORD_ANONYMOUS=yes >/etc/stord/stord.env
does stordctl open 21
nft 'add table inet wall; add chain inet wall in { type filter hook input priority 0; policy accept; }'
does stordctl doctor
says 'look  nftables: data connections come to any port; set STORD_PASSIVE_PORTS'
echo STORD_PASSIVE_PORTS=50000-50099 >>/etc/stord/stord.env
does stordctl doctor
says 'look  nftables: must let in the ports 50000-50099'
nft delete table inet wall
undo

echo '== stord-busy.service'
systemctl stop stord.socket
systemctl start stord-busy.service
wait_port 22000
does stordctl check
says '== stord-busy.service'
says 'Checked as stord'
[ "$(systemctl is-active stord-busy.service)" = active ]
# what it would be after a restart
echo STORD_USRES=x >/etc/stord/stord.env
refuses 78 stordctl check
says STORD_USRES
rm /etc/stord/stord.env
does stordctl open 2100 127.0.0.1
port_listens 2100
PORT=2100 inline_upload by-busy hello
systemctl list-units --all --no-legend --plain 'stord-busy-check*' >"$T/left"
[ ! -s "$T/left" ]
# its start tells of a mistake, and is not stopped by it
echo STORD_USRES=x >/etc/stord/stord.env
systemctl restart stord-busy.service
[ "$(systemctl is-active stord-busy.service)" = active ]
told() { journalctl -q -o cat -u stord-busy.service | grep -F 'handler: unknown variable STORD_USRES' >/dev/null; }
wait_for told
systemctl stop stord-busy.service
undo

echo '== The examples of stordctl(8)'
random_file "$T/report.pdf" 1000
echo STORD_USERS=/etc/stord/users >/etc/stord/stord.env
show() { example "$1" sh "$2" >"$T/commands"; }
show stordctl.8 day
sed -n 1,2p "$T/commands" >"$T/first"
printf 'secret\n' | bash -e "$T/first"
curl -sS -u acme:secret -T "$T/report.pdf" ftp://127.0.0.1:21/
sed -n '3,$p' "$T/commands" >"$T/rest"
wait_for bash -e "$T/rest"
