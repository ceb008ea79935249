#!/bin/bash
# Uploads go to another folder, as the comment in stord@.service says; and to
# no other but that.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
ROOT=/srv/uploads
install -d -o stord -g stord "$ROOT"
mkdir -p /etc/stord
echo "STORD_ROOT=$ROOT" >/etc/stord/stord.env
start_stord

# The folder alone is not enough: all is read-only but what the unit names.
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'ALLO 5\r\nSTOR early\r\nhello' >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
if grep '^226 ' "$T/replies"; then fail "the unit lets it write anywhere"; fi
[ -z "$(ls -A "$ROOT")" ]

drop_in stord@.service '[Service]' "ReadWritePaths=$ROOT"
inline_upload inline hello
curl_upload by-curl 100000
all_sessions_gone
