# Builds with sanitizers serve sessions, whichever compiler made them: the filter of system calls lets them.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "a build by clang with AddressSanitizer serves a session, confined, and finds nothing" {
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" CC=clang asan-built
    HANDLER=$TOP/build/asan-clang/handler
    nm "$HANDLER" | grep -q __asan_init
    talk <<'STEPS'
binary
store@ x 300000
> MKD d
< 257
fetch MLSD
> QUIT
< 221
closed
STEPS
    [ "$(stat -c %s "$ROOT/x")" = 300000 ]
    run ! grep -iE 'not confined|confinement is not whole|sanitizer' "$T/log"
}
