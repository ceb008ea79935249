# What the tests of the gate share, on top of resume: `load gate`.
# shellcheck shell=bash
load resume

# setup_gate: a program that does what $T/does says, which is shell
setup_gate() {
    need_root "makes a program that the session's user could not change"
    GATE=$T/gate
    printf '#!/bin/sh\n. %s/does\n' "$T" >"$GATE"
    chmod 755 "$GATE"
    gate_does 'exit 0'
}

# gate_does SHELL: what the program does from now on
gate_does() {
    printf '%s\n' "$1" >"$T/does.new"
    mv "$T/does.new" "$T/does"
}

# through [OPTION...] <<STEPS: talk, with the gate
through() { talk --gate "$GATE" "$@"; }

# nothing_left: what .stord.unfinished holds has no bytes of uploads
nothing_left() {
    local left
    left=$(find "$ROOT/.stord.unfinished" -type f ! -name .stord.turn 2>/dev/null)
    [ -z "$left" ] || fail "left behind: $left"
}
