#!/bin/bash
# Scanners, and an office that reads and deletes what came: the recipe of stord(7), as it stands there.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/manual.bash"
. "$TOP/tests/recipes.bash"

install_stord
start_stord
# as_anna COMMAND...: she is in the group once she logs in
as_anna() { setpriv --reuid anna --regid anna --init-groups "$@"; }
scan() { curl -sS --ftp-create-dirs -u scanner:secret -T "$T/work/page.pdf" "ftp://192.168.7.7:$PORT/$1"; }

useradd -m anna
useradd -m berta
ip address add 192.168.7.7/32 dev lo
random_file "$T/work/page.pdf" 30000
drop_in stord.socket '[Socket]' 'ListenStream=192.168.7.7:22000'
systemctl restart stord.socket

echo '== What comes is the group'\''s: anna reads and deletes it, in folders, too; berta does neither.'
show group
recipe env group >/etc/stord/stord.env
use_users group
recipe drop-in group | edit group stord@.service
for _ in 1 2; do scan page.pdf; done
scan 2026/12/page.pdf
[ "$(stat -c '%U:%G %a' /srv/inbox/page.pdf /srv/inbox/2026/12/page.pdf | sort -u)" = 'stord:office 660' ]
[ "$(stat -c '%U:%G %a' /srv/inbox/2026/12)" = 'stord:office 770' ]
as_anna cat /srv/inbox/page.pdf | cmp - "$T/work/page.pdf"
must_fail setpriv --reuid berta --regid berta --init-groups cat /srv/inbox/page.pdf
as_anna rm /srv/inbox/page.pdf /srv/inbox/2026/12/page.pdf
as_anna rmdir /srv/inbox/2026/12 /srv/inbox/2026
[ ! -e /srv/inbox/2026 ]

echo '== One reserved folder, which is no business of theirs; and a quota counts there.'
[ "$(find /srv/inbox -name '.stord.*' -prune -print)" = /srv/inbox/.stord.unfinished ]
must_fail as_anna ls /srv/inbox/.stord.unfinished
sed -i 's/$/,quota=100K/' /etc/stord/users
scan page.pdf
for i in 2 3; do scan "page$i.pdf"; done
must_fail scan page4.pdf
as_anna rm /srv/inbox/page.pdf
scan page4.pdf

echo '== An upload that was interrupted is kept, and resumed as anna looks on.'
exec {wire}<>/dev/tcp/192.168.7.7/22000
printf 'USER scanner\r\nPASS secret\r\nALLO 9\r\nSTOR cut\r\nhello' >&"$wire"
until [[ ${reply:-} == 150* ]]; do read -r -t 20 reply <&"$wire"; done
[ ! -e /srv/inbox/cut ]
exec {wire}>&-
logged 'Kept to be resumed: /cut'
all_sessions_gone
