# Nothing takes longer because there is much already: counted, not timed. tests/growth does the same with more.
# bats file_tags=slow
# shellcheck shell=bats
load helpers

# In memory: what is written there need not wait for a disk
setup() {
    need strace
    TMPDIR=/dev/shm setup_sandbox
    export TMPDIR=$T
}
teardown() { teardown_sandbox; }

@test "growth: the last of many uploads in one session takes as many system calls as the first, and little memory" {
    "$TOP/tests/growth" uploads 20000
}

@test "growth: no command takes more system calls in a folder with many names than in an empty one" {
    "$TOP/tests/growth" folder 20000
}
