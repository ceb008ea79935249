# Failing system calls (promises 1 and 2): a sample; `make faults` tries them all.
# bats file_tags=slow
# shellcheck shell=bats
load helpers

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "faults: whatever call fails, 226 means stored and all else leaves what was there (promise 1)" {
    need strace
    status=0
    TMPDIR=$T command -p python3 -IS "$TOP/tests/faults" --sample 600 >"$T/out" 2>&1 || status=$?
    sed 's/^/# /' "$T/out" >&3
    [ "$status" = 0 ]
    [ -z "$(ls -d "$T"/stord-faults.* 2>/dev/null)" ] || fail "folders were left behind"
}
