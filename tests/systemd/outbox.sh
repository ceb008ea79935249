#!/bin/bash
# The outbox: what is put into the spool folder is sent and gone; what fails stays, and is tried again.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
systemctl start stord.socket
wait_port 22000
mkdir -p /etc/stord/outbox
printf '%s\n' 'STOR_DESTINATION=ftp://127.0.0.1:22000/from outbox/' 'STOR_OPTIONS=--mkdir --retry=1' >/etc/stord/outbox/box.env
systemctl start stor-outbox@box.path
[ -d /var/spool/stor/box ]

random_file "$T/one" 100000
cp "$T/one" /var/spool/stor/box/.one
mv /var/spool/stor/box/.one /var/spool/stor/box/one
is_sent() { [ -e "$ROOT/from outbox/$1" ] && [ ! -e "/var/spool/stor/box/$1" ]; }
wait_for is_sent one
same "$T/one" "$ROOT/from outbox/one"

# another user's file, in a folder
install -d -o nobody /var/spool/stor/box/sub
install -o nobody -m 600 "$T/one" /var/spool/stor/box/sub/two
wait_for is_sent sub/two
same "$T/one" "$ROOT/from outbox/sub/two"

# what is hidden starts nothing; what cannot be sent makes no circles
wait_for systemctl is-active stor-outbox@box.path
before=$(systemctl show -P InvocationID stor-outbox@box.service)
touch /var/spool/stor/box/.hidden
systemctl restart stor-outbox@box.path # it looks at the folder
[ "$(systemctl show -P InvocationID stor-outbox@box.service)" = "$before" ]
[ "$(systemctl show -P SubState stor-outbox@box.path)" = waiting ]
mkfifo /var/spool/stor/box/pipe
has_failed() { [ "$(systemctl show -P SubState stor-outbox@box.service)" = auto-restart ]; }
wait_for has_failed
[ "$(systemctl show -P NRestarts stor-outbox@box.service)" -le 1 ]
rm /var/spool/stor/box/pipe
systemctl restart stor-outbox@box.service

# what fails stays; the unit is not started in circles meanwhile
wait_for systemctl is-active stor-outbox@box.path
mkdir "$ROOT/from outbox/three"
chown stord: "$ROOT/from outbox/three"
cp "$T/one" /var/spool/stor/box/three
wait_for has_failed
[ -e /var/spool/stor/box/three ]
[ "$(systemctl show -P NRestarts stor-outbox@box.service)" -le 1 ]
rmdir "$ROOT/from outbox/three"
systemctl restart stor-outbox@box.service
wait_for is_sent three
