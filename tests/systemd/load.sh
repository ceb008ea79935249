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
wait_for no_sessions

# 200 sessions are open at once, and each stores its file.
wires=()
for ((i = 0; i < 200; i++)); do
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    wires+=("$wire")
done
for wire in "${wires[@]}"; do
    read -r reply <&"$wire"
    [ "${reply:0:3}" = 220 ]
done
[ "$(systemctl list-units --no-legend --plain --state=running 'stord@*' | wc -l)" = 200 ]
for ((i = 0; i < 200; i++)); do printf 'ALLO 4\r\nSTOR of.%s\r\n%04dQUIT\r\n' "$i" "$i" >&"${wires[i]}"; done
for ((i = 0; i < 200; i++)); do
    wire=${wires[i]}
    cat <&"$wire" >"$T/replies"
    exec {wire}>&-
    grep -q '^226 ' "$T/replies"
    [ "$(cat "$ROOT/of.$i")" = "$(printf '%04d' "$i")" ]
done
all_sessions_gone

# More than the 200 in 2 seconds that stop a socket unit by default
for ((i = 0; i < 1000; i++)); do
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    exec {wire}>&-
done
[ "$(systemctl is-active stord.socket)" = active ]
# As long as the last of them are refused, this may be, too: for longer, where a machine has more to do.
after_the_burst() { (trap '' PIPE && inline_upload after 'the burst'); }
for _ in 1 2 3 4 5; do if wait_for after_the_burst; then break; fi; done
[ "$(cat "$ROOT/after")" = 'the burst' ]
all_sessions_gone
fields_complete
