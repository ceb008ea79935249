#!/bin/bash
# An xferlog and transcripts, in a folder that a drop-in gives the sessions.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

RECORDS=/var/log/stord
install_stord
mkdir -p /etc/stord
printf '%s\n' "STORD_XFERLOG=$RECORDS/xferlog" "STORD_TRANSCRIPT=$RECORDS" >/etc/stord/stord.env
start_stord

# What cannot be written serves nobody, and is said.
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read -r reply <&"$wire"
exec {wire}>&-
[[ $reply == 421\ * ]]
logged "Cannot start: xferlog $RECORDS/xferlog: "
systemctl reset-failed

drop_in stord@.service '[Service]' LogsDirectory=stord
inline_upload inline hello
random_file "$T/sent" 100000
curl -sS -T "$T/sent" "ftp://127.0.0.1:$PORT/by%20curl"
same "$T/sent" "$ROOT/by curl"
all_sessions_gone
cat "$RECORDS/xferlog"
grep -q "^.* 1 127\.0\.0\.1 5 $ROOT/inline b _ i r - ftp 0 \* c$" "$RECORDS/xferlog"
grep -q "^.* 100000 $ROOT/by_curl b _ i r - ftp 0 \* c$" "$RECORDS/xferlog"
[ "$(stat -c '%U %a' "$RECORDS/xferlog")" = 'stord 640' ]

# One for each session, by the name that the journal has for it.
mapfile -t files < <(ls "$RECORDS"/*.txt)
[ ${#files[@]} = 2 ]
[ "$(grep -lx closed "${files[@]}" | wc -l)" = 2 ]
grep -qx '>>@ 5' "${files[0]}"
grep -qx 'put@ 100000' "${files[1]}"
[ "$(stat -c '%U %a' "${files[@]}" | sort -u)" = 'stord 600' ]
