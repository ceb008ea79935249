# Several sessions, and programs on the disk, that use one root at once, against a model of what may come of
# it; `make model` plays more of it.
# bats file_tags=slow
# shellcheck shell=bats
load helpers

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# model ARG...: what it says goes to $T/out
model() {
    TMPDIR=$T command -p python3 -IS "$TOP/tests/model.py" "$@" >"$T/out" 2>&1
}

# model_finds RULE ARG...: it fails, for that rule (a pattern) is broken
model_finds() {
    local rule=$1 status=0
    shift
    model --sequences 20 "$@" || status=$?
    [ "$status" = 1 ] && grep -q "breaks rule $rule:" "$T/out" && return
    cat "$T/out" >&2
    fail "exit status $status, and no broken rule $rule"
}

@test "model: what was acknowledged last is there, whatever three sessions, kills and programs on the disk do (promise 1)" {
    status=0
    model || status=$?
    sed 's/^/# /' "$T/out" >&3
    [ "$status" = 0 ]
    [ -z "$(ls -d "$T"/stord-model.* 2>/dev/null)" ] || fail "folders were left behind"
}

@test "model: it finds a server that lies: a file that changes or goes, a name too many, a wrong size" {
    model_finds '[134]' --lie changed
    model_finds '[134]' --lie lost
    model_finds '[134]' --lie stray
    model_finds 2 --lie size
}

@test "model: a failure is cut down to few steps, and fails again when it is played again" {
    model_finds '[134]' --lie changed
    [ "$(grep -c '^# step' "$T/out")" -le 9 ] || fail "not cut down: $(cat "$T/out")"
    cp "$T/out" "$T/failure"
    model_finds '[134]' --lie changed --replay "$T/failure"
    model --replay "$T/failure" || fail "without the lie it fails, too: $(cat "$T/out")"
}
