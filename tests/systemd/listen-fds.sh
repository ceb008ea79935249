#!/bin/bash
# A unit that connects standard input to nothing: the connection is descriptor 3.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
drop_in stord@.service '[Service]' StandardInput=null StandardOutput=journal
start_stord
inline_upload inline hello
curl_upload by-curl 100000
logged 'File uploaded: /inline (5 bytes'
if in_journal '226 File uploaded'; then fail "a reply went to the journal"; fi
all_sessions_gone
