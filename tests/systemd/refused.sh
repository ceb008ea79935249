#!/bin/bash
# Sessions that end badly leave no failed units, which would lock clients out.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
start_stord

# An upload that is refused, one that stops half-way, a client that says nothing
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'ALLO 5\r\nSTOR ../../etc/passwd/x\r\nhello' >&"$wire"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
grep '^55[0-9] ' "$T/replies" >&2
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'ALLO 5\r\nSTOR half\r\nhel' >&"$wire"
exec {wire}>&-
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
exec {wire}>&-
all_sessions_gone
[ ! -e "$ROOT/half" ]
[ -z "$(ls -A "$ROOT")" ]

# Settings that nobody knows: the client hears that there is no service, the
# operator why; and it works again as soon as they are put right.
mkdir -p /etc/stord
echo 'STORD_ROOTS=/srv' >/etc/stord/stord.env
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
grep '^421 ' "$T/replies" >&2
[ "$(wc -l <"$T/replies")" = 1 ]
logged STORD_ROOTS
wait_for no_sessions
[ -z "$(systemctl --failed --no-legend)" ]

echo 'STORD_LOG_LEVEL=debug' >/etc/stord/stord.env
inline_upload again hello
all_sessions_gone
