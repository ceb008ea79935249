#!/bin/bash
# A users file, as a credential and by its name; what fail2ban finds in the journal; --check in the
# unit.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/fail2ban.bash"

install_stord
mkdir -p /etc/stord
printf 'me:%s:/home/me::\n' "$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)" >/etc/stord/users
chmod 600 /etc/stord/users
drop_in stord@.service '[Service]' 'LoadCredential=users:/etc/stord/users'
start_stord

# upload_as_me NAME, with one connection kept open meanwhile: a session is one process once it is
# logged in, and two before
main_pids() { systemctl show --property MainPID --value 'stord@*' | grep -v '^$'; }
processes_are() { [ "$(for pid in $(main_pids); do cat "/proc/$pid/cgroup"; done | sed 's/^0:://' | sort -u |
    while read -r group; do wc -l <"/sys/fs/cgroup$group/cgroup.procs"; done)" = "$1" ]; }
upload_as_me() {
    random_file "$T/sent" 100000
    curl -sS -u me:secret -T "$T/sent" "ftp://127.0.0.1:$PORT/$1"
    same "$T/sent" "$ROOT/home/me/$1"
}
upload_as_me by-credential
[ "$(stat -c '%U:%G %a' "$ROOT/home" "$ROOT/home/me" | sort -u)" = 'stord:stord 750' ]
logged 'Logged in: me from 127.0.0.1:'
all_sessions_gone

exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read -r _ <&"$wire"
wait_for processes_are 2
printf 'USER me\r\nPASS secret\r\n' >&"$wire"
read -r _ <&"$wire"
read -r reply <&"$wire"
[ "${reply:0:3}" = 230 ]
wait_for processes_are 1
exec {wire}>&-
all_sessions_gone

# Nobody else is served, from this machine even.
if curl -sS -T "$T/sent" "ftp://127.0.0.1:$PORT/x" 2>"$T/curl"; then fail "served without login"; fi
for user in me you; do
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    for _ in 1 2 3; do printf 'USER %s\r\nPASS wrong\r\n' $user; done >&"$wire"
    cat <&"$wire" >"$T/replies"
    exec {wire}>&-
    grep -q '^421 ' "$T/replies"
done
all_sessions_gone
fail2ban_setup
# one is curl's, as anonymous
matches=(_SYSTEMD_SLICE=stord.slice)
grep -qF "journalmatch = ${matches[*]} + " "$TOP/contrib/fail2ban/filter.d/stord.conf"
for format in short short-iso short-iso-precise; do
    journalctl --quiet --no-pager -o $format "${matches[@]}" >"$T/journal"
    banned "$T/journal" | LC_ALL=C sort | uniq -c | awk '{ print $1, $2 }' | tee "$T/banned"
    [ "$(paste -sd, <"$T/banned")" = '1 127.0.0.1|anonymous,3 127.0.0.1|me,3 127.0.0.1|you' ]
done

# The same file by its name, for the user of the service. The check says what is to come, to the
# journal and not to the client.
chgrp stord /etc/stord/users
chmod 640 /etc/stord/users
echo STORD_USERS=/etc/stord/users >/etc/stord/stord.env
stordctl check | tee "$T/check"
grep -q '^Checked as stord' "$T/check"
grep -qx '0 errors, 0 warnings' "$T/check"
drop_in stord@.service '[Service]' 'ExecStartPre=/usr/local/libexec/stord/handler --check'
upload_as_me by-name
logged 'Checked as stord (uid '
logged 'user me: home=/home/me (/var/lib/stord/home/me) rights='
logged '0 errors, 0 warnings'

# A broken one: who it is that breaks it is in the journal, and the client hears nothing of it.
echo 'you' >>/etc/stord/users
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
[ ! -s "$T/replies" ]
logged 'error: users: /etc/stord/users:2: there are not five fields'
drop_in stord@.service '[Service]'
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'USER me\r\nPASS secret\r\n' >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
[ "$(cut -c 1-4 "$T/replies" | paste -sd'|')" = '220 |331 |421 ' ]
logged '/etc/stord/users:2: there are not five fields'
