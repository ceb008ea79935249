#!/bin/bash
# Many at once: none is lost, and no number of them stops the service.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
start_stord

uploads=()
for ((i = 0; i < 50; i++)); do
    random_file "$T/sent.$i" $((50000 + i))
    uploads+=(-T "$T/sent.$i" "ftp://127.0.0.1:$PORT/got.$i")
done
curl -sS --fail-early --parallel --parallel-immediate --parallel-max 50 "${uploads[@]}"
for ((i = 0; i < 50; i++)); do same "$T/sent.$i" "$ROOT/got.$i"; done

# More than the 200 in 2 seconds that stop a socket unit by default
for ((i = 0; i < 300; i++)); do
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    exec {wire}>&-
done
wait_for no_sessions
[ "$(systemctl is-active stord.socket)" = active ]
inline_upload after 'the burst'
all_sessions_gone
