#!/bin/bash
# The drop-in of README.md that makes the service listen elsewhere
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

# The first code block, fenced or indented, that sets ListenStream=
awk '
    /^```/ || (!fenced && !/^(    |\t|$)/) { if (block ~ /\nListenStream=/) exit; block = ""; if (/^```/) fenced = !fenced; next }
    fenced || /^(    |\t)/ { sub(/^(    |\t)/, ""); block = block "\n" $0 }
    END { if (block ~ /\nListenStream=/) print block }' "$TOP/README.md" |
    sed -n '/^\[Socket\]/,$p' | grep -E '^(\[Socket\]|[A-Z][A-Za-z]*=)' >"$T/drop-in" ||
    fail "README.md has no code block with [Socket] and ListenStream="
cat "$T/drop-in"
grep -qx 'ListenStream=' "$T/drop-in" || fail "it does not forget the ports that were there"

install_stord
mapfile -t lines <"$T/drop-in"
drop_in stord.socket "${lines[@]}"
start_stord
PORT=$(sed -n 's/^ListenStream=\(.*[^0-9]\)\{0,1\}\([0-9][0-9]*\)$/\2/p' "$T/drop-in" | tail -n 1)
port_listens "$PORT"
if port_listens 22000; then fail "it still listens on the old port"; fi
inline_upload elsewhere hello
curl_upload by-curl 1000
all_sessions_gone
