#!/bin/bash
# What the journal has of events: fields by the bytes, the same session, explained by the catalog.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
install -d /etc/stord
printf 'me:%s:/:upload,replace,list:\n' "$(perl -e 'print crypt("secret", q($6$rounds=1000$salt$))')" >/etc/stord/users
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -keyout /etc/stord/tls.key -out /etc/stord/tls.crt 2>/dev/null
drop_in stord@.service '[Service]' LoadCredential=tls.crt:/etc/stord/tls.crt LoadCredential=tls.key:/etc/stord/tls.key
systemctl daemon-reload
start_stord

command -p python3 "$TOP/tests/systemd/fields.py" local
all_sessions_gone
drop_in stord@.service '[Service]' LoadCredential=users:/etc/stord/users LoadCredential=tls.crt:/etc/stord/tls.crt LoadCredential=tls.key:/etc/stord/tls.key
command -p python3 "$TOP/tests/systemd/fields.py" users
all_sessions_gone

# Standard error that is the connection: not a byte of the log in the replies
drop_in stord@.service '[Service]' StandardError=inherit Environment=STORD_LOG=stderr Environment=STORD_LOG_LEVEL=debug
inline_upload inherited hello
# ... and the journal all the same, where it was asked for
drop_in stord@.service '[Service]' StandardError=inherit Environment=STORD_LOG=journal
inline_upload by-its-socket hello
uploaded_by_socket() { [ -n "$(journalctl --quiet --no-pager -u 'stord@*' STORD_EVENT=uploaded STORD_FILE="$ROOT/by-its-socket")" ]; }
wait_for uploaded_by_socket

# journalctl --update-catalog comes behind make install, as README says
journalctl --update-catalog
journalctl --quiet --no-pager -x STORD_EVENT=uploaded >"$T/explained"
cat "$T/explained"
grep -F 'Subject: File uploaded: /var/lib/stord/plain' "$T/explained"
grep -F 'man:stord-handler(8)' "$T/explained"
