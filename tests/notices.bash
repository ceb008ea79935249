# What the tests of events for other programs share, on top of session: `load notices`.
# shellcheck shell=bash
load session

# shellcheck disable=SC2034 # for tests
EVENTS=--events=uploaded,upload-failed,renamed,removed

# notices [FOLDER]: what the events say (see notices.py)
# shellcheck disable=SC2120 # one calls it so
notices() { command -p python3 -IS "$TOP/tests/notices.py" "$ROOT" "$@"; }

# notices_are LINE...: just these are to be delivered, in this order, and none is pending
notices_are() {
    # shellcheck disable=SC2119 # of the folder new/
    diff <(printf '%s\n' "$@") <(notices) || fail "other events"
    [ -z "$(ls "$ROOT/.stord.events/pending")" ] || fail "an event is pending"
}

# deliver [OPTION...] -- PROGRAM...: what is logged goes to $T/log
deliver() { "$HANDLER" --deliver --root "$ROOT" "$@" 2>>"$T/log"; }

# make_events N: so many uploads, a1, a2, ..., with their events
make_events() {
    local i
    for ((i = 1; i <= $1; i++)); do printf 'ALLO 2\r\nSTOR a%d\r\nhi' "$i"; done |
        "$HANDLER" --root "$ROOT" --events=uploaded >/dev/null 2>>"$T/log"
    [ "$(count_in new)" = "$1" ]
}

# count_in FOLDER: how many events are there
count_in() { find "$ROOT/.stord.events/$1" -type f | wc -l; }
