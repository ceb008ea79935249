#!/bin/bash
# The other recipes of stord(7), one after the other, as they stand there.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/tls.bash"
. "$TOP/tests/manual.bash"
. "$TOP/tests/recipes.bash"

install_stord
start_stord
random_file "$T/work/report.pdf" 100000
# undo: nothing is set
undo() {
    rm -rf /etc/systemd/system/stord*.d /etc/stord/{stord.env,users}
    systemctl daemon-reload
}
# came FILE [WHERE]
came() {
    same "$T/work/$1" "${2:-$ROOT}/$1"
    rm "${2:-$ROOT}/$1"
}
# sends USER [URL]: report.pdf, with the password "secret"
sends() { curl -sS --connect-timeout 20 -u "$1:${3:-secret}" -T "$T/work/report.pdf" "${2:-ftp://127.0.0.1:$PORT/}"; }

echo '== A folder in /home.'
useradd -m anna
show elsewhere
recipe env folder >/etc/stord/stord.env
recipe drop-in elsewhere | edit elsewhere stord@.service
stor "$T/work/report.pdf"
came report.pdf /home/anna/in
undo

echo '== A disk that is not there lets nothing into the folder beneath it.'
cat >/etc/systemd/system/srv-inbox.mount <<'UNIT'
[Mount]
What=/dev/nowhere
Where=/srv/inbox
Type=ext4
UNIT
recipe env folder >/etc/stord/stord.env
recipe drop-in disk | edit disk stord@.service
must_fail stor "$T/work/report.pdf"
[ -z "$(ls -A /srv/inbox)" ]
sed -i 's/^What=.*/What=tmpfs/; s/^Type=.*/Type=tmpfs/' /etc/systemd/system/srv-inbox.mount
echo 'Options=uid=stord,gid=stord,mode=750' >>/etc/systemd/system/srv-inbox.mount
systemctl daemon-reload
stor "$T/work/report.pdf"
mountpoint -q /srv/inbox
came report.pdf /srv/inbox
systemctl stop srv-inbox.mount
rm /etc/systemd/system/srv-inbox.mount
undo

echo '== Behind address translation, and a firewall.'
recipe env nat >/etc/stord/stord.env
printf 'acme:HASH:/partners/acme:upload:\n' | fill_users secret >/etc/stord/users
printf 'PASV\nQUIT\n' | sed '1iUSER acme\nPASS secret' | sed 's/$/\r/' >"$T/lines"
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
cat "$T/lines" >&"$wire"
cat <&"$wire" | tee "$T/replies"
exec {wire}>&-
grep -E '^227 .*\(192,0,2,1,195,(8[0-9]|9[0-9]|1[0-7][0-9])\)' "$T/replies"
nft add table inet filter
nft add chain inet filter input '{ type filter hook input priority 0; policy accept; }'
nft add rule inet filter input tcp dport 22000 accept
show firewall
nft add rule inet filter input 'tcp flags & (syn | ack) == syn drop'
sends acme
came report.pdf "$ROOT/partners/acme"
nft flush ruleset

echo '== A mail when something goes wrong: what is new, once.'
# alert: that mail; journalctl fails if there is nothing
alert() { show alert || :; }
alert >/dev/null
must_fail sends acme ftp://127.0.0.1:22000/ wrong
logged 'Login failed'
alert | tee "$T/mail"
[ "$(grep -c 'Login failed' "$T/mail")" = 1 ]
[ -z "$(alert)" ]

echo '== A password, changed; nothing is changed if that fails.'
chown root:stord /etc/stord/users
chmod 640 /etc/stord/users
cp -p /etc/stord/users "$T/users"
printf '' | must_fail show password
cmp /etc/stord/users "$T/users"
printf 'other\n' | show password
[ "$(stat -c '%U:%G %a' /etc/stord/users)" = 'root:stord 640' ]
must_fail sends acme
sends acme "ftp://127.0.0.1:$PORT/" other
came report.pdf "$ROOT/partners/acme"
sed -i 's/$/until=2001-01-01/' /etc/stord/users
must_fail sends acme "ftp://127.0.0.1:$PORT/" other
logged 'may not log in any more (until=2001-01-01): user acme'
undo

echo '== A backup, and what comes of it.'
stor "$T/work/report.pdf"
mkdir -p "$ROOT/.stord.unfinished/user.x"
touch "$ROOT/.stord.unfinished/user.x/.stord.partial-0-0"
show backup
if tar -tzf /root/stord.tgz | grep unfinished; then fail "that is in it, too"; fi
rm "$ROOT/report.pdf"
show restore
[ "$(stat -c %U "$ROOT/report.pdf")" = stord ]
came report.pdf

echo '== An authority of our own.'
show authority -e 's/ftp\.example\.org/localhost/g'
[ "$(stat -c %a /etc/stord/tls.key)" = 600 ]
example stord.7 drop-in tls >"$T/drop-in"
mkdir -p /etc/systemd/system/stord@.service.d
cp "$T/drop-in" /etc/systemd/system/stord@.service.d/tls.conf
systemctl daemon-reload
show trusting -e "s|ftp.example.org|localhost:$PORT|"
came report.pdf
undo

echo '== Certificates that certbot renews: the next session has the new one.'
mkdir -p /etc/letsencrypt/{live,archive}/ftp.example.org
# renewed N: as certbot leaves it
renewed() {
    make_certificate "certbot$1"
    install -m 644 "$T/certbot$1.crt" "/etc/letsencrypt/archive/ftp.example.org/fullchain$1.pem"
    install -m 600 "$T/certbot$1.key" "/etc/letsencrypt/archive/ftp.example.org/privkey$1.pem"
    for file in fullchain privkey; do
        ln -sfn "../../archive/ftp.example.org/$file$1.pem" "/etc/letsencrypt/live/ftp.example.org/$file.pem"
    done
}
# shown: the fingerprint of the certificate that a client sees
shown() { openssl s_client -connect "127.0.0.1:$PORT" -starttls ftp </dev/null 2>/dev/null | openssl x509 -noout -fingerprint; }
make_ca
chmod 700 /etc/letsencrypt/{live,archive}
renewed 1
recipe drop-in certbot | edit certbot stord@.service
first=$(shown)
renewed 2
second=$(shown)
[ "$first" != "$second" ]
[ "$second" = "$(openssl x509 -noout -fingerprint -in "$T/certbot2.crt")" ]
undo
install -d /etc/letsencrypt/renewal-hooks/deploy
recipe script certbot >/etc/letsencrypt/renewal-hooks/deploy/stord
chmod 755 /etc/letsencrypt/renewal-hooks/deploy/stord
systemctl disable --now stord.socket
drop_in stord-busy.service '[Service]' 'LoadCredential=tls.crt:/etc/letsencrypt/live/ftp.example.org/fullchain.pem' \
    'LoadCredential=tls.key:/etc/letsencrypt/live/ftp.example.org/privkey.pem'
/etc/letsencrypt/renewal-hooks/deploy/stord # which starts nothing that is not in use
[ "$(systemctl is-active stord-busy)" = inactive ]
systemctl start stord-busy
wait_port "$PORT"
[ "$(shown)" = "$second" ]
renewed 3
/etc/letsencrypt/renewal-hooks/deploy/stord
wait_port "$PORT"
[ "$(shown)" = "$(openssl x509 -noout -fingerprint -in "$T/certbot3.crt")" ]
systemctl stop stord-busy
undo
systemctl start stord.socket

echo '== Users of vsftpd, ProFTPD and Pure-FTPd keep their passwords.'
echo 'STORD_USERS=/etc/stord/users' >/etc/stord/stord.env
for name in acme globex; do useradd "$name" && echo "$name:secret" | chpasswd -c SHA512; done
mkdir -p /etc/pure-ftpd
printf 'initech:%s:1000:1000::/home/ftp/initech/./::::::::::::\n' "$(openssl passwd -6 secret)" >/etc/pure-ftpd/pureftpd.passwd
show accounts
show virtual
chgrp stord /etc/stord/users
for name in acme globex initech; do
    sends "$name"
    came report.pdf "$ROOT/$name"
done
undo

echo '== Kinds of devices.'
echo 'STORD_USERS=/etc/stord/users' >/etc/stord/stord.env
use_users devices
ip address add 192.168.7.7/32 dev lo
drop_in stord.socket '[Socket]' 'ListenStream=192.168.7.7:22000'
systemctl restart stord.socket
for name in scanner camera switch partner old; do
    for _ in 1 2; do sends "$name" ftp://192.168.7.7:22000/ || [ "$name" = partner ]; done
done
[ "$(find "$ROOT/cameras" -name 'report*' | wc -l)" = 2 ]
for _ in 1 2 3; do curl -sS -a -u logger:secret -T - ftp://127.0.0.1:22000/log <<<line; done
[ "$(cat "$ROOT/logs/log")" = $'line\nline\nline' ]
[ "$(curl -sS -u partner:secret ftp://127.0.0.1:22000/report.pdf | wc -c)" = 100000 ]
must_fail curl -sS -u camera:secret ftp://127.0.0.1:22000/report.pdf
