#!/bin/bash
# The set-ups of stord(7) that are systemd's, one after the other, as they stand there
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/tls.bash"
. "$TOP/tests/manual.bash"

# show PAGE NAME [SED...]: those commands
show() {
    local page=$1 name=$2
    shift 2
    example "$page" sh "$name" | sed -e '' "$@" >"$T/commands"
    cat "$T/commands" >&2
    (cd "$T/work" && bash -eu -o pipefail "$T/commands")
}
# use PAGE KIND NAME: an example, as it is
use() { example "$1" "$2" "$3"; }
# edit NAME UNIT: systemctl edit, with that drop-in
edit() {
    grep -qF "play: drop-in $1 $2" "$TOP/doc/stord.7" # the page has it for that unit
    mkdir -p "/etc/systemd/system/$2.d"
    cat >"/etc/systemd/system/$2.d/$1.conf"
    systemctl daemon-reload
}
# undo: nothing is set, and stord.socket listens where it does at first
undo() {
    rm -rf /etc/systemd/system/stord*.d /etc/stord/{stord.env,users}
    systemctl daemon-reload
    systemctl reset-failed stord.socket # so that no number of starts is too many
    systemctl restart stord.socket
}
# came FILE [WHERE]
came() {
    same "$T/work/$1" "${2:-$ROOT}/$1"
    rm "${2:-$ROOT}/$1"
}
# refuses CMD...
refuses() { if "$@" >"$T/refused" 2>&1; then fail "it went well: $*"; fi }

# shellcheck disable=SC2034 # for fill_users
HANDLER=/usr/local/libexec/stord/handler
unset STORD_USER
mkdir -p "$T/work" /etc/stord
cp /etc/hostname "$T/work/"
random_file "$T/work/report.pdf" 100000

# --------------------------------------------------------- the user, who was there before the package
userdel stord 2>/dev/null || :
show stord.7 user
[ "$(stat -c '%U:%G %a' /var/lib/stord)" = 'stord:stord 750' ]
userdel stord
rmdir /var/lib/stord

# ---------------------------------------------------------------------------------- this machine only
install_files
show stord.7 install
came hostname

mkdir -p /srv/inbox
chown stord /srv/inbox
use stord.7 env folder >/etc/stord/stord.env
use stord.7 drop-in folder | edit folder stord@.service
stor "$T/work/report.pdf"
came report.pdf /srv/inbox
use stord.7 tmpfiles folder >/etc/tmpfiles.d/inbox.conf
systemd-tmpfiles --clean --prefix=/srv/inbox 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ]
undo

# -------------------------------------------------------------------------------------------- a network
use stord.7 env network >/etc/stord/stord.env
printf 'secret\n' | show stord.7 users
[ "$(stat -c '%U:%G %a' /etc/stord/users)" = 'root:stord 640' ]
use stord.7 drop-in network | edit network stord.socket
if port_listens 21; then fail "the restart is not needed any more"; fi
show stord.7 check | tee "$T/check"
grep -q 'user acme: home=/partners/acme (/var/lib/stord/partners/acme) ' "$T/check"
grep -q '^0 errors' "$T/check"
wait_port 21
if port_listens 22000; then fail "it still listens where it did"; fi
refuses stor -p 21 "$T/work/report.pdf"
curl -sSv -u acme:secret -T "$T/work/report.pdf" ftp://127.0.0.1:21/ 2>"$T/curl"
grep -E '^< 229 .*\|\|\|500[0-9]{2}\|' "$T/curl"
came report.pdf "$ROOT/partners/acme"
undo
use stord.7 env network >/etc/stord/stord.env
printf 'secret\n' | show stord.7 ctl | tee "$T/doctor"
grep -q '^ok    stord.socket listens at .*port 21$' "$T/doctor"
wait_port 21
curl -sS -u globex:secret -T "$T/work/report.pdf" ftp://127.0.0.1:21/
came report.pdf "$ROOT/partners/globex"
undo

# ------------------------------------------------------------------------------------------------- TLS
make_ca
make_certificate server
cp "$T/ca.crt" "$T/work"
install -m 644 "$T/server.crt" /etc/stord/tls.crt
install -m 600 "$T/server.key" /etc/stord/tls.key
use stord.7 drop-in tls | edit tls stord@.service
stor "$T/work/report.pdf"
came report.pdf
use stord.7 env tls >/etc/stord/stord.env
refuses stor "$T/work/report.pdf"
show stord.7 explicit
came report.pdf
show stord.7 timer
[ "$(systemctl is-active stord-check.timer)" = active ]
make_certificate soon 20
install -m 644 "$T/soon.crt" /etc/stord/tls.crt
install -m 600 "$T/soon.key" /etc/stord/tls.key
refuses systemctl start stord-check.service
logged 'the certificate expires on'
systemctl reset-failed
undo
show stord.7 implicit
came report.pdf

# ------------------------------------------------------------------------------------------ one port
show stord.7 inline
came report.pdf

# ------------------------------------------------------------------------------------------- a drop box
use stord.7 env anonymous >/etc/stord/stord.env
curl -sS -T "$T/work/report.pdf" ftp://127.0.0.1:22000/
came report.pdf
touch "$ROOT/others"
refuses grep . <(curl -sS ftp://127.0.0.1:22000/)
refuses curl -sS ftp://127.0.0.1:22000/others
undo

# --------------------------------------------------------------------------------------------- scanners
ip address add 192.168.7.7/32 dev lo
use stord.7 env scanners >/etc/stord/stord.env
use stord.7 users scanners | fill_users secret >/etc/stord/users
chgrp stord /etc/stord/users
use stord.7 drop-in scanners | edit scanners stord.socket
show stord.7 listen
wait_port 21
systemctl show -P IPAddressDeny stord.socket | grep -F 0.0.0.0/0
systemctl show -P IPAddressAllow stord.socket | grep -F 192.168.0.0/16
for _ in 1 2; do
    curl -sS -u camera:secret -T "$T/work/report.pdf" ftp://192.168.7.7:21/
    curl -sS -u scanner:secret -T "$T/work/report.pdf" ftp://192.168.7.7:21/
done
came report.pdf "$ROOT/scans"
[ "$(find "$ROOT/cameras" -name 'report*' | wc -l)" = 2 ]
refuses curl -sS -u scanner:secret -T "$T/work/report.pdf" ftp://127.0.0.1:21/
undo

# --------------------------------------------------------------------------------------------- partners
use stord.7 env partners >/etc/stord/stord.env
use stord.7 users partners | fill_users secret >/etc/stord/users
chgrp stord /etc/stord/users
for _ in 1 2; do curl -sS -u acme:secret -T "$T/work/report.pdf" ftp://127.0.0.1:22000/; done
[ "$(find "$ROOT/partners/acme" -name 'report*' | wc -l)" = 2 ]
refuses curl -sS -u globex:secret -T "$T/work/report.pdf" ftp://127.0.0.1:22000/
exec {wire}<>"/dev/tcp/127.0.0.1/22000"
printf 'USER acme\r\nPASS secret\r\nALLO 9\r\nSTOR cut\r\nhello' >&"$wire"
until [[ ${reply:-} == 150* ]]; do read -r -t 20 reply <&"$wire"; done
exec {wire}>&-
refuses curl -sS -u acme:secret --ftp-method nocwd -T "$T/work/report.pdf" ftp://127.0.0.1:22000/no/report.pdf
logged 'Upload failed'
journalctl --update-catalog # as README has it behind make install
{ use stord.7 journal lines; use stord.7 journal number; } >"$T/commands"
session=$(journalctl -t stord -o cat --output-fields=STORD_SESSION STORD_EVENT=upload-failed | tail -n 1)
while read -r line; do
    # each finds something, and does not wait for more
    line=${line/0123456789abcdef/$session}
    bash -c "${line/journalctl/journalctl --no-pager --quiet}" </dev/null >"$T/found"
    [ -s "$T/found" ] || fail "$line"
    case $line in
    *warning*) grep -A20 'Upload failed' "$T/found" | grep 'The reason is STORD_VERDICT, here "short"' ;;
    *uniq*) grep -x ' *1 short' "$T/found" && grep ' refused$' "$T/found" ;;
    *SESSION*) grep 'Accepted connection' "$T/found" ;;
    *STORD_FILE* | *MESSAGE_ID*) grep 'File uploaded: /partners/acme/report.pdf' "$T/found" ;;
    *USER*) grep 'Logged in: acme' "$T/found" ;;
    esac >/dev/null || fail "$line"
done <"$T/commands"
[ "$(wc -l <"$T/commands")" = 7 ]
show stord.7 recount | tee "$T/recount"
# two files, and 4 of the 5 bytes that were kept of the third
grep -qx $'acme\t/partners/acme\t200004\t10737418240' "$T/recount"
undo

# ------------------------------------------------------------------------------- records of sessions
use stord.7 drop-in xferlog | edit xferlog stord@.service
stor "$T/work/report.pdf"
came report.pdf
grep -E ' 100000 [^ ]*report\.pdf b _ i .* c$' /var/log/stord/xferlog
undo
use stord.7 drop-in transcript | edit transcript stord@.service
stor "$T/work/report.pdf"
came report.pdf
all_sessions_gone
show stord.7 newest | tee "$T/transcript"
grep -q 'STOR report.pdf' "$T/transcript"
undo

# ------------------------------------------------------------------------------------------ a busy site
show stord.7 busy -e 1d # which fetches tcpsvd
wait_port 22000
stor "$T/work/report.pdf"
came report.pdf
[ "$(systemctl is-enabled stord-busy stord.socket | paste -sd' ')" = 'enabled disabled' ]
