#!/bin/bash
# TLS on both ports: AUTH on stord.socket's, from the first byte on stord-tls.socket's.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/tls.bash"

make_ca
make_certificate server
make_certificate other
random_file "$T/sent" 3000000

# upload_by SCHEME PORT NAME [OPTION...]: curl, which wants TLS and knows our authority
upload_by() {
    curl -sS --ssl-reqd --cacert "$T/ca.crt" "${@:4}" -T "$T/sent" "$1://localhost:$2/$3"
    same "$T/sent" "$ROOT/$3"
}
explicit() { upload_by ftp "$PORT" "$@"; }
implicit() { upload_by ftps 990 "$@"; }

install_stord
mkdir -p /etc/stord
start_stord
systemctl start stord-tls.socket
wait_port 990

# Without a certificate: the one port serves in clear text, the other nobody, and tells why.
curl_upload plain 1000
if implicit none 2>"$T/curl"; then fail "served without a certificate"; fi
logged 'status=243/CREDENTIALS' # systemd's own line; that of the process which could not start may be nobody's
[ ! -e "$ROOT/none" ]
all_sessions_gone
[ "$(systemctl is-active stord.socket stord-tls.socket | sort -u)" = active ]

# With one that only root may read
install -m 600 "$T/server.crt" /etc/stord/tls.crt
install -m 600 "$T/server.key" /etc/stord/tls.key
if setpriv --reuid stord --regid stord --clear-groups cat /etc/stord/tls.key; then fail "stord can read the key"; fi
implicit by-implicit
logged 'TLS: TLSv1.3 '
[ "$(stat -c '%U:%G %a' "$ROOT/by-implicit")" = 'stord:stord 640' ]
if explicit none 2>"$T/curl"; then fail "the other port has TLS already"; fi
drop_in stord@.service '[Service]' 'LoadCredential=tls.crt:/etc/stord/tls.crt' 'LoadCredential=tls.key:/etc/stord/tls.key'
explicit by-explicit
curl_upload still-plain 1000

# Settings for both; the mode of port 990 is its own.
echo STORD_TLS=require >/etc/stord/stord.env
explicit by-explicit-2
implicit by-implicit-2
if curl -sS -T "$T/sent" "ftp://localhost:$PORT/none" 2>"$T/curl"; then fail "served in clear text"; fi
[ ! -e "$ROOT/none" ]

# The new certificate is that of the next session. Here it is one of another place, by a drop-in
# whose name is what `systemctl edit` gives it.
install -m 600 "$T/other.crt" "$T/other.key" /etc/stord
mkdir -p /etc/systemd/system/stord-tls@.service.d
printf '%s\n' '[Service]' 'LoadCredential=tls.crt:/etc/stord/other.crt' 'LoadCredential=tls.key:/etc/stord/other.key' \
    >/etc/systemd/system/stord-tls@.service.d/override.conf
systemctl daemon-reload
implicit by-other
[ "$(openssl s_client -connect localhost:990 </dev/null 2>&1 | openssl x509 -noout -fingerprint -sha256)" = \
    "$(openssl x509 -in "$T/other.crt" -noout -fingerprint -sha256)" ]

# Drop-ins for both: a users file. Failed logins of both are where fail2ban looks.
printf 'me:%s:/::tls\n' "$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)" >/etc/stord/users
chmod 600 /etc/stord/users
rm /etc/systemd/system/stord-tls@.service.d/*
ln -s ../stord@.service.d/test.conf /etc/systemd/system/stord-tls@.service.d
drop_in stord@.service '[Service]' 'LoadCredential=users:/etc/stord/users' \
    'LoadCredential=tls.crt:/etc/stord/tls.crt' 'LoadCredential=tls.key:/etc/stord/tls.key'
explicit by-user -u me:secret
implicit by-user-2 -u me:secret
if explicit none -u me:wrong1 2>"$T/curl" || implicit none -u me:wrong2 2>"$T/curl"; then fail "a wrong password"; fi
failed_logins() {
    [ "$(journalctl --quiet --no-pager -o cat _SYSTEMD_SLICE=stord.slice | grep -c 'Login failed from .*: user me$')" = 2 ]
}
wait_for failed_logins
all_sessions_gone
