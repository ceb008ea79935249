#!/bin/bash
# The port without data connections: uploads on the one connection arrive, all else is refused, and the
# journal tells.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
PORT=22001
systemctl start stord-inline.socket
wait_port 22001

inline_upload inline 'some text'
logged 'File uploaded: /inline (9 bytes'
random_file "$T/by-client" 3000000
"$CLIENT" -p 22001 "$T/by-client"
same "$T/by-client" "$ROOT/by-client"
# PORT's family is the client's choice, which must not matter.
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf '%s\r\n' 'USER me' PASV EPSV 'PORT 127,0,0,1,200,1' 'EPRT |1|127.0.0.1|51201|' QUIT >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
[ "$(grep -c '^502 ' "$T/replies")" = 4 ]
if curl -sS -T "$T/by-client" "ftp://127.0.0.1:$PORT/none" 2>"$T/curl"; then fail "there was a data connection"; fi
[ ! -e "$ROOT/none" ]

# A user logs in: the helper's socketpair is no socket to anywhere.
mkdir -p /etc/stord
printf 'me:%s:/home/me:upload:\n' "$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)" >/etc/stord/users
chmod 600 /etc/stord/users
drop_in stord-inline@.service '[Service]' 'LoadCredential=users:/etc/stord/users'
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf '%s\r\n' 'USER me' 'PASS secret' 'ALLO 5' 'STOR by-user' >&"$wire"
printf 'helloQUIT\r\n' >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
grep -q '^226 ' "$T/replies"
[ "$(cat "$ROOT/home/me/by-user")" = hello ]
logged 'Logged in: me from 127.0.0.1:'
all_sessions_gone
fields_complete
