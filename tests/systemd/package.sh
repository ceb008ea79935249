#!/bin/bash
# The Debian packages in the hands of dpkg: installed, used, upgraded while uploads are under way, removed and purged.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

# What this machine may have of us, and what may keep dpkg from doing as it does elsewhere
rm -rf /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d /etc/stord "$ROOT"
make -s -C "$TOP" uninstall PREFIX=/usr/local >/dev/null
sed -i '/^stord:/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow
systemctl daemon-reload

packages=("$TOP"/build/deb/stord_*.deb "$TOP"/build/deb/stord-client_*.deb)
version=$(dpkg-deb -f "${packages[0]}" Version)

package() { DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --force-confdef --force-confold "$@" </dev/null; }
# names: of all files that can be ours. Whatever else comes and goes on this machine meanwhile is seen here, too.
names() {
    find /etc /lib /opt /srv /usr /var -ignore_readdir_race -xdev \( -path "$TOP" -o -path /var/cache -o -path /var/tmp \) -prune -o -print |
        sed -nE '\#/stord?([-.@/]|$)|^/etc/(fail2ban|xinetd\.d)#p' | LC_ALL=C sort
}
# left NAME...: nothing is gone that was there before, and of all that came since there are these alone
left() {
    names >"$T/after"
    { cat "$T/before" && for name; do printf '%s\n' "$name"; done; } | LC_ALL=C sort | diff - "$T/after"
}
is() { [ "$(systemctl "$1" "$2")" = "$3" ] || fail "$2 is not $3"; }
listening() { ss -Hltn 'sport = :22000 or sport = :22001 or sport = :990' | awk '{ print $4 }' | sort | tr '\n' ' '; }

# hold NAME: begins an upload, of which the rest of $T/held waits for finish; in $wire
random_file "$T/held" 200000
hold() {
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'ALLO 200000\r\nSTOR %s\r\n' "$1" >&"$wire"
    head -c 100000 "$T/held" >&"$wire"
    for _ in 220 200 150; do read -r _ <&"$wire"; done
    handler=$(pidof -s handler)
}
# replaced: that upload's program is not the one that is on the disk
replaced() { [ "$(readlink "/proc/$handler/exe")" = '/usr/libexec/stord/handler (deleted)' ]; }
# finish NAME: with success
finish() {
    tail -c +100001 "$T/held" >&"$wire"
    printf 'QUIT\r\n' >&"$wire"
    cat <&"$wire" | tee "$T/replies"
    exec {wire}>&-
    grep '^226 ' "$T/replies"
    same "$T/held" "$ROOT/$1"
}

echo '== Nothing is left of an install that nobody used.'
names >"$T/before"
package -i "${packages[@]}" 2>&1 | tee "$T/said"
[ "$(listening)" = '127.0.0.1:22000 [::1]:22000 ' ]
if grep 'does not listen' "$T/said"; then fail "it does"; fi
package -P stord stord-client
left
[ -z "$(listening)" ]
is is-active stord.socket inactive
# Its files may be anywhere.
getent passwd stord

echo '== Another program has the port: the installation says so, and what to do helps.'
socat TCP-LISTEN:22000,fork,reuseaddr STDOUT &
other=$!
wait_port 22000
package -i "${packages[@]}" 2>&1 | tee "$T/said"
grep 'stord.socket does not listen. If another program has port 22000' "$T/said"
command=$(sed -n 's/^    \(stordctl open .*\)/\1/p' "$T/said")
if stordctl doctor >"$T/said"; then fail "the doctor finds nothing"; fi
grep "socat (pid $other) has port 22000" "$T/said"
$command
[ "$(ss -Hltn 'sport = :22022' | awk '{ print $4 }')" = 127.0.0.1:22022 ]
kill "$other"
rm -r /etc/systemd/system/stord.socket.d
package -P stord stord-client
left

echo '== Installed, it serves this machine at once.'
package -i "${packages[@]}"
getent passwd stord | grep ':/var/lib/stord:/usr/sbin/nologin$'
[ "$(stat -c '%U:%G %a' "$ROOT")" = 'stord:stord 750' ]
is is-enabled stord.socket enabled
is is-active stord.socket active
for unit in stord-tls.socket stord-inline.socket stord-metrics.socket stord-busy.service stord-check.timer; do
    is is-enabled "$unit" disabled
    is is-active "$unit" inactive
done
curl_upload by-curl 3000000
random_file "$T/by-stor" 200000
stor "$T/by-stor"
same "$T/by-stor" "$ROOT/by-stor"
logged 'File uploaded: /by-curl (3000000 bytes'
logged 'File uploaded: /by-stor (200000 bytes'
all_sessions_gone

echo '== What it brings is in its place.'
systemd-analyze verify --man=yes --recursive-errors=no stord.socket stord@.service stord-tls.socket stord-tls@.service \
    stord-inline.socket stord-inline@.service stord-metrics.socket stord-metrics@.service stord-busy.service stord-check.{timer,service} stord{,-tls,-inline}@check.service stord.slice 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ]
stordctl check
stordctl doctor
for page in '8 stord-handler' '8 stordctl' '7 stord' '1 stor'; do
    # shellcheck disable=SC2086 # two words
    man -w $page
done
sed -n 's/^-- \([0-9a-f]*\).*/\1/p' /usr/lib/systemd/catalog/stord.catalog | sort -u >"$T/messages"
[ -s "$T/messages" ]
journalctl --list-catalog | sed 's/ .*//' | sort | comm -13 - "$T/messages" | tee "$T/unknown"
[ ! -s "$T/unknown" ]

echo '== What its README.Debian says first works.'
sed -nE 's/^    ((stor|stordctl|echo) .*[^ ])   .*/\1/p' /usr/share/doc/stord/README.Debian | sed 's/  .*//' | sed 's/NAME/first/' >"$T/commands"
[ "$(wc -l <"$T/commands")" = 5 ]
printf 'secret\n' | bash -e "$T/commands"
[ "$(ss -Hltn 'sport = :21' | wc -l)" -gt 0 ]
rm -r /etc/systemd/system/stord.socket.d /etc/stord/{users,stord.env} "$ROOT/hostname"
systemctl daemon-reload
systemctl restart stord.socket

echo '== An upgrade ends no session, and keeps what the administrator has changed.'
dpkg-deb -R "${packages[0]}" "$T/new"
sed -i "s/^Version: .*/Version: $version+1/" "$T/new/DEBIAN/control"
units=$(find "$T/new" -path '*lib/systemd/system')
sed -i 's/^Description=.*/& (new)/' "$units"/stord{.socket,-tls.socket,-busy.service}
echo '# new' >>"$T/new/etc/xinetd.d/stord"
dpkg-deb --root-owner-group -Znone -b "$T/new" "$T/new.deb"
sed -i 's/disable.*/disable = no/' /etc/xinetd.d/stord
sed -i 's/^enabled.*/enabled = true/' /etc/fail2ban/jail.d/stord.conf
md5sum /etc/xinetd.d/stord /etc/fail2ban/jail.d/stord.conf >"$T/changed"
echo STORD_FILE_MODE=600 >/etc/stord/stord.env
systemctl enable --now stord-tls.socket
hold during-upgrade
package -i "$T/new.deb"
replaced
finish during-upgrade
[ "$(dpkg-query -W -f '${Version}' stord)" = "$version+1" ]
md5sum --quiet -c "$T/changed"
[ -e /etc/xinetd.d/stord.dpkg-dist ]
for socket in stord.socket stord-tls.socket; do
    is is-active "$socket" active
    [ "$(systemctl show -P Description "$socket" | sed 's/.* //')" = '(new)' ]
done
is is-active stord-inline.socket inactive
curl_upload after-upgrade 100000
[ "$(stat -c %a "$ROOT/after-upgrade")" = 600 ]

echo '== Nor does it end those of stord-busy.service, or begin to listen in its place.'
systemctl disable --now stord.socket
systemctl enable --now stord-busy
wait_port "$PORT" 127.0.0.1
hold during-busy
package -i "${packages[0]}"
replaced
finish during-busy
is is-active stord-busy.service active
is is-active stord.socket inactive
is is-enabled stord.socket disabled
curl_upload by-busy 100000

echo '== Removed, it serves nobody, and an upload that is under way is told.'
systemctl start stord-inline.socket
PORT=22001 hold inline-removal
inline=$wire
hold busy-removal
package -r stord stord-client
for session in "$inline" "$wire"; do
    cat <&"$session" | tee "$T/replies"
    grep '^421 ' "$T/replies"
done
exec {wire}>&- {inline}>&-
[ "$(find "$ROOT/.stord.unfinished" -name '.stord.partial-*' | wc -l)" = 2 ]
[ -z "$(listening)" ]
if pidof handler tcpsvd; then fail "they go on"; fi
wait_for no_sessions
[ -e /etc/xinetd.d/stord ]

echo '== Purged, it leaves what clients and the administrator made, and has told of all of that.'
dpkg-deb --fsys-tarfile "${packages[0]}" | tar -xO ./usr/share/doc/stord/README.Debian >"$T/README.Debian"
mkdir -p /etc/systemd/system/stord.socket.d /var/log/stord
touch /etc/fail2ban/jail.d/stord.local /etc/systemd/system/stord.socket.d/open.conf /var/log/stord/xferlog
package -P stord
left "$ROOT" "$ROOT"/{by-curl,by-stor,during-upgrade,after-upgrade,during-busy,by-busy} /etc/stord /etc/stord/stord.env \
    /etc/systemd/system/stord.socket.d{,/open.conf} /var/log/stord{,/xferlog} /etc/fail2ban{,/jail.d{,/stord.local}}
getent passwd stord
for told in "$ROOT" /etc/stord '/etc/systemd/system/stord*.d' /var/log/stord /etc/fail2ban/jail.d/stord.local 'user and group stord'; do
    sed -n '/^An upgrade/,$p' "$T/README.Debian" | grep -F -- "$told"
    sed -n '/^### Debian package/,/^### systemd/p' "$TOP/README.md" | tr -d '`' | grep -F -- "${told/user and group/user}" || [ "$told" = /etc/fail2ban/jail.d/stord.local ]
done
same "$T/by-stor" "$ROOT/by-stor"
