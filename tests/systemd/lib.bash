# What the scripts in this folder start from. They run in the sandbox that
# tests/with-systemd makes, as root, and see the checkout at its usual place.
# shellcheck shell=bash

set -euo pipefail
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/../helpers.bash"
trap 'printf "%s: line %s: %s\n" "$0" "$LINENO" "$BASH_COMMAND" >&2' ERR
set -E

setup_sandbox
PORT=22000
ROOT=/var/lib/stord

# install_stord: what `make install' and the two steps after it do
install_stord() {
    install_files
    systemd-sysusers
    systemd-tmpfiles --create --prefix="$ROOT"
    systemctl daemon-reload
}

install_files() { make -s -C "$TOP" install DESTDIR= PREFIX=/usr/local >&2; }

start_stord() { systemctl start stord.socket; }

# drop_in UNIT LINE...
drop_in() {
    mkdir -p "/etc/systemd/system/$1.d"
    printf '%s\n' "${@:2}" >"/etc/systemd/system/$1.d/test.conf"
    systemctl daemon-reload
}

# inline_upload NAME TEXT: on the control connection; the replies in $T/replies
inline_upload() {
    local wire
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'ALLO %s\r\nSTOR %s\r\n%sQUIT\r\n' "${#2}" "$1" "$2" >&"$wire"
    cat <&"$wire" >"$T/replies"
    exec {wire}>&-
    cat "$T/replies"
    [ "$(cut -c 1-4 "$T/replies" | tr '\n' '|')" = '220 |200 |150 |226 |221 |' ] || fail "other replies were expected"
    [ "$(cat "$ROOT/$1")" = "$2" ]
}

# curl_upload NAME BYTES: folders are made
curl_upload() {
    random_file "$T/sent" "$2"
    curl -sS --ftp-create-dirs -T "$T/sent" "ftp://127.0.0.1:$PORT/$1"
    same "$T/sent" "$ROOT/$1"
}

# logged TEXT: by one of the sessions. Not `grep -q', which ends before the
# journal does and makes the pipe fail.
logged() { wait_for in_journal "$1"; }
in_journal() { journalctl --quiet --no-pager -o cat -u 'stord@*' -u 'stord-tls@*' -u 'stord-inline@*' | grep -F -- "$1" >/dev/null; }

# all_sessions_gone: none runs, none failed
all_sessions_gone() {
    wait_for no_sessions
    systemctl --failed --no-legend --plain | tee "$T/failed" >&2
    [ ! -s "$T/failed" ] || fail "there are failed units"
}
no_sessions() { [ -z "$(systemctl list-units --all --no-legend --plain 'stord@*' 'stord-*@*')" ]; }

# fields_complete: every message of a session has what operators filter by, and none is of another unit,
# however soon the session was over.
fields_complete() {
    journalctl --quiet --no-pager -o json SYSLOG_IDENTIFIER=stord >"$T/messages"
    [ -s "$T/messages" ]
    command -p python3 -ISc '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    unit, slice, priority = message.get("_SYSTEMD_UNIT", ""), message.get("_SYSTEMD_SLICE"), message.get("PRIORITY")
    if (not unit.startswith("stord") or slice != "stord.slice" or priority not in list("34567")
            or not message.get("MESSAGE_ID") or len(message.get("STORD_SESSION", "")) != 16):
        print(unit, slice, priority, message.get("MESSAGE"))
' <"$T/messages" | tee "$T/incomplete" >&2
    [ ! -s "$T/incomplete" ]
}
