# What the tests of the protocol share, on top of helpers: `load session`.
# shellcheck shell=bash
load helpers

DENY=$TOP/build/tools/deny

# talk [-m MODE] [-o OVER] [OPTION...] <<STEPS: plays the dialogue on standard input (see
# dialogue.py; PLAYER names another one) against the handler with those options; its log goes to
# $T/log.
talk() {
    local mode=lines over=tcp dialogue=$T/dialogue.$BASHPID # several may talk at once
    while [ $# -gt 0 ]; do
        case $1 in
        -m) mode=$2 ;;
        -o) over=$2 ;;
        *) break ;;
        esac
        shift 2
    done
    cat >"$dialogue"
    # By its path, and with -I, or it may take modules of another python for its own
    "$(command -pv python3)" -I "$TOP/tests/${PLAYER:-dialogue.py}" --mode "$mode" --over "$over" "$dialogue" \
        ${WRAP[@]+"${WRAP[@]}"} "$HANDLER" --root "$ROOT" "$@" 2>>"$T/log" || {
        cat "$T/log" >&2
        return 1
    }
}

# at_once COMMAND...: runs it (a function that talks, say) in the background, with the caller's
# standard input. Wrong passwords cost a second each: so they are waited for all at once.
at_once() {
    "$@" <&0 3>&- &
    AT_ONCE+=("$!")
}

# all_done: waits for all that at_once began; they must succeed
all_done() {
    local pid failed=0
    for pid in "${AT_ONCE[@]}"; do wait "$pid" || failed=$((failed + 1)); done
    AT_ONCE=()
    [ "$failed" = 0 ] || fail "$failed of those that ran at once failed"
}

# kinds: all that a control connection can be, for -o
kinds() { printf '%s\n' tcp tcp6 mapped unix pair pipe; }

# as USER [OPTION...] <<STEPS: talk, once that user of $T/users is logged in with the password "secret"
as() {
    local user=$1
    shift
    { printf '< 220\n> USER %s\n< 331\n> PASS secret\n< 230\n' "$user"; cat; } | talk "$@" --users "$T/users"
}

# as_nobody STEPS...: talk, with a handler that is nobody and has no privileges.
as_nobody() {
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    talk "$@"
}

# users LINE...: a users file, $T/users, that nobody else can read
users() {
    printf '%s\n' "$@" >"$T/users"
    chmod 600 "$T/users"
}

# hash PASSWORD: a cheap one
hash() { perl -e 'print crypt($ARGV[0], q($6$rounds=1000$salt$))' "$1"; }

# slow_sync: talk, with a handler whose last sync takes half a second, so that something can happen
# meanwhile.
slow_sync() {
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local WRAP=(strace -f -o "$T/trace" -e trace=fsync -e inject=fsync:delay_enter=500000)
    talk
}

# both_ways FUNCTION: runs it with openat2, and where a filter answers ENOSYS or EPERM to it.
both_ways() {
    local error
    WRAP=()
    "$@" # and nothing behind it, or errors within would not count
    for error in ENOSYS EPERM; do
        find "$ROOT" -mindepth 1 -delete
        WRAP=("$DENY" "$error" openat2 --)
        echo "# with openat2 denied ($error)"
        "$@"
    done
    WRAP=()
}

logged() { grep -qE -- "$1" "$T/log" || { cat "$T/log" >&2; fail "not in the log: $1"; }; }
not_logged() { ! grep -E -- "$1" "$T/log" >&2 || fail "in the log: $1"; }

# ---------------------------------------------------------------- what the root holds

# unfinished: the files with bytes that have a reserved name, or are in a folder that has: what uploads in
# flight and interrupted ones have on disk. Empty files and folders of such names may stay.
unfinished() { find "$ROOT" -path '*/.stord.*' ! -type d ! -empty; }

nothing_unfinished() { [ -z "$(unfinished)" ] || fail "unfinished: $(unfinished)"; }

# one_unfinished BYTES: one file is, and has so many
one_unfinished() {
    local sizes
    sizes=$(unfinished | xargs -r -d '\n' stat -c %s | paste -sd' ')
    [ "$sizes" = "$1" ] || fail "unfinished files have these sizes: $sizes"
}

# published_are NAME...: the root has these files and folders (sorted), beside reserved folders
published_are() { published_in "$ROOT" "$@"; }

# published_in FOLDER NAME...: the same of a folder
published_in() {
    local got
    got=$(cd "$1" && find . -mindepth 1 -name .stord.unfinished -prune -o -mindepth 1 -printf '%P\n' |
        LC_ALL=C sort | paste -sd' ')
    [ "$got" = "${*:2}" ] || fail "$1 holds: $got"
}

# root_holds NAME...: the same of the root, and nothing is unfinished
root_holds() {
    published_are "$@" || return
    nothing_unfinished
}
