#!/bin/bash
# The units as they are: uploads of all kinds arrive, and the journal tells.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
start_stord

inline_upload inline 'some text'
curl_upload by-curl 3000000
random_file "$T/by-client" 200000
"$CLIENT" "$T/by-client"
same "$T/by-client" "$ROOT/by-client"
random_file "$T/sent" 1000
curl -sS -T "$T/sent" "ftp://[::1]:$PORT/by-ipv6"
same "$T/sent" "$ROOT/by-ipv6"

logged 'Accepted connection from 127.0.0.1:'
logged 'Accepted connection from [::1]:'
logged 'File uploaded: /inline (9 bytes'
logged 'File uploaded: /by-curl (3000000 bytes'
logged 'File uploaded: /by-client (200000 bytes'

# The uploads are the service's, and nobody else reads them.
stat -c '%U:%G %a %n' "$ROOT" "$ROOT"/*
[ "$(stat -c '%U:%G %a' "$ROOT")" = 'stord:stord 750' ]
[ "$(stat -c '%U:%G %a' "$ROOT/by-curl")" = 'stord:stord 640' ]
all_sessions_gone
fields_complete
