# What the tests of interrupted uploads share, on top of session: `load resume`.
# shellcheck shell=bash
load session

# several [OPTION...] <<STEPS: plays several sessions at once, each with a handler of its own that
# has those options (see several.py); their log goes to $T/log.
several() {
    cat >"$T/dialogue"
    command -p python3 "$TOP/tests/several.py" "$T/dialogue" \
        ${WRAP[@]+"${WRAP[@]}"} "$HANDLER" --root "$ROOT" "$@" 2>>"$T/log" || {
        cat "$T/log" >&2
        return 1
    }
}

# pattern N [FROM]: the bytes that dialogues call `pattern`, from the FROM-th on
pattern() {
    command -p python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
from dialogue import pattern
sys.stdout.buffer.write(pattern(int(sys.argv[2]))[int(sys.argv[3]):])' "$TOP/tests" "$1" "${2:-0}"
}

# No session of `serve` runs any more.
sessions_gone() { ! pgrep -P "$SERVE_PID" >/dev/null; }

# interrupted NAME BYTES [OPTION...]: an upload of NAME that says it will have 1000 bytes, and is cut
# so that just BYTES are kept: one more comes, for the last one is not kept. NAME may have blanks.
interrupted() {
    talk "${@:3}" <<STEPS
binary
> ALLO 1000
< 200
store ${1// /\\x20} $2~ < ${CODE:-426} fewer
STEPS
}

# traced "OPTION..." COMMAND...: with handlers under strace with those options; see $T/trace
traced() {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local WRAP
    # shellcheck disable=SC2034 # for talk
    read -ra WRAP <<<"strace -f -o $T/trace $1"
    "${@:2}"
}

# kept_after WORD: of x 5 bytes arrived, the log has the word, 4 bytes are kept, and the next session
# goes on with them
kept_after() {
    logged "Upload failed: /x \\(5 bytes, [0-9.]+ s, $1\\)" || return
    one_unfinished 4 || return
    # shellcheck disable=SC2119
    published_are || return
    talk <<'STEPS' || return
binary
> SIZE x
< 213 ^213 4$
append x 456789
file x 0123456789
STEPS
    nothing_unfinished || return
    rm "$ROOT/x"
}

# has_stored PID BYTES: of the file that the handler receives more has come
has_stored() {
    find "/proc/$1/fd" -lname "$ROOT/*" -exec stat -L -c '%F:%s' {} + 2>/dev/null |
        awk -F: -v bytes="$2" '/^regular/ && $2 > bytes { found = 1 } END { exit !found }'
}
