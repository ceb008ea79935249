#!/bin/bash
# DynamicUser=yes, which takes openat2 from the handler: the kernel's answer is
# then ENOSYS. No user was made, systemd makes one up.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

sed -i '/^stord:/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow
rm -rf "$ROOT"
install_files
drop_in stord@.service '[Service]' DynamicUser=yes
start_stord

inline_upload inline hello
curl_upload by-curl 3000000
random_file "$T/sent" 1000
curl -sS --ftp-create-dirs -T "$T/sent" "ftp://127.0.0.1:$PORT/a/b/c"
same "$T/sent" "$ROOT/a/b/c"
[ "$(readlink "$ROOT")" = private/stord ]

# Nor does the walk leave the root.
ln -s /etc "$ROOT/out"
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'ALLO 5\r\nSTOR out/stolen\r\nhello' >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
grep '^55[0-9] ' "$T/replies" >&2
[ ! -e /etc/stolen ]
all_sessions_gone
