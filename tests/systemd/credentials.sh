#!/bin/bash
# Secrets that are encrypted on the disk, by the lines that stand ready in stord@.service
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/tls.bash"

make_ca
make_certificate server
install_stord
mkdir -p /etc/stord
cp "$T/server.crt" /etc/stord/tls.crt

# The comment's command, with our file, and its directive
unit=/usr/local/lib/systemd/system/stord@.service
command=$(sed -n 's/^#   \(systemd-creds encrypt --name=tls.key .*\)/\1/p' "$unit")
directive=$(sed -n 's/^#   \(LoadCredentialEncrypted=tls.key:.*\)/\1/p' "$unit")
(cd "$T" && cp server.key tls.key && $command)
if grep -q 'PRIVATE KEY' /etc/stord/tls.key.cred; then fail "that is not encrypted"; fi
# What it prints is a line for the drop-in
command=$(sed -n 's/^#   \(systemd-creds encrypt --pretty .*\)/\1/p' "$unit")
printf 'me:%s:/home/me::tls\n' "$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)" >"$T/users"
(cd "$T" && $command >drop-in)
mapfile -t users <"$T/drop-in"
drop_in stord@.service '[Service]' LoadCredential=tls.crt:/etc/stord/tls.crt "$directive" "${users[@]}"
start_stord

random_file "$T/sent" 300000
upload() { curl -sS --ssl-reqd --cacert "$T/ca.crt" -u "$1" -T "$T/sent" "ftp://localhost:$PORT/$2"; }
upload me:secret by-me
same "$T/sent" "$ROOT/home/me/by-me"
if upload me:wrong none 2>"$T/curl"; then fail "a wrong password"; fi

# Neither on the disk nor to others of that user: the session's alone
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read -r _ <&"$wire"
session=$(systemctl list-units --no-legend --plain 'stord@*' | awk '{ print $1 }')
folder=/run/credentials/$session
[ "$(find "$folder" -type f -printf '%f\n' | sort | paste -sd,)" = tls.crt,tls.key,users ]
for file in tls.crt tls.key users; do
    setpriv --reuid stord --regid stord --clear-groups cat "$folder/$file" >"$T/read"
    [ -s "$T/read" ]
    if setpriv --reuid nobody --regid nogroup --clear-groups cat "$folder/$file"; then fail "not the session's alone"; fi
done
# in memory, which is never swapped out
case $(findmnt --noheadings --output FSTYPE,OPTIONS --target "$folder" | tail -n 1) in
ramfs* | tmpfs*noswap*) ;;
*) fail "on a disk" ;;
esac
exec {wire}>&-
wait_for no_sessions
[ ! -e "$folder" ]

# One that was changed does not count as none: nobody is served.
sed -i '2s/^...../AAAAA/' /etc/stord/tls.key.cred
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
if grep '^220' "$T/replies"; then fail "served without the key"; fi
all_sessions_gone
