#!/bin/bash
# `systemctl stop` in the middle of uploads: clients are told, nothing fails, and they can go on.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
start_stord
random_file "$T/inline" 100000
random_file "$T/data" 3000000

session_is() { [ -n "$(sessions)" ]; }
sessions() { systemctl list-units --no-legend --plain 'stord@*' | awk '{ print $1 }'; }
# has_stored PID BYTES: the session has a file open that has so many bytes at least
has_stored() { [ -n "$(find -L "/proc/$1/fd" -maxdepth 1 -type f -size "+$(($2 - 1))c")" ]; }
# wait_stored BYTES: by the only session
wait_stored() {
    wait_for session_is
    wait_for has_stored "$(systemctl show -P MainPID "$(sessions)")" "$1"
}
size_of() { curl -sS -I "ftp://127.0.0.1:$PORT/$1" | tr -d '\r' | sed -n 's/^Content-Length: //p'; }

# On the control connection
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
{ printf 'ALLO 100000\r\nSTOR inline\r\n'; head -c 40000 "$T/inline"; } >&"$wire"
wait_stored 40000
systemctl stop "$(sessions)"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
[ "$(cut -c 1-4 "$T/replies" | tr '\n' '|')" = '220 |200 |150 |421 |' ] || fail "other replies were expected"
all_sessions_gone
[ ! -e "$ROOT/inline" ]
[ "$(size_of inline)" = 39999 ]
curl -sS -C - -T "$T/inline" "ftp://127.0.0.1:$PORT/inline"
same "$T/inline" "$ROOT/inline"

# Over a data connection
read_reply() { IFS= read -r -t 10 reply <&"$wire" && echo "$reply" && [[ $reply == "$1 "* ]]; }
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read_reply 220
printf 'TYPE I\r\nEPSV\r\n' >&"$wire"
read_reply 200
read_reply 229
reply=${reply#*|||}
exec {data}<>"/dev/tcp/127.0.0.1/${reply%%|*}"
printf 'STOR data\r\n' >&"$wire"
read_reply 150
head -c 1000000 "$T/data" >&"$data"
wait_stored 1000000
systemctl stop 'stord@*'
read_reply 421
exec {wire}>&- {data}>&-
all_sessions_gone
[ ! -e "$ROOT/data" ]
[ "$(size_of data)" = 999999 ]
curl -sS -C - -T "$T/data" "ftp://127.0.0.1:$PORT/data"
same "$T/data" "$ROOT/data"

wait_for no_sessions
[ -z "$(find "$ROOT" -path '*/.stord.*' -type f -size +0)" ]
# The status was 0 and nothing had to be killed.
logged 'Closing: asked to stop'
if in_journal 'Failed with result'; then fail "systemd takes it for a failure"; fi
if in_journal 'SIGKILL'; then fail "it was killed"; fi
all_sessions_gone
