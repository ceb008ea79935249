# What sessions cost: counted, not timed, and compared with costs.txt.
# bats file_tags=slow
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # $status and $output are those of the last run
load helpers

setup() {
    setup_sandbox
    need strace unshare setpriv openssl nm
    need_root "traces handlers that have given up their rights"
}
teardown() { teardown_sandbox; }

@test "costs: sessions take no more system calls, page faults, pages and instructions than is committed" {
    "$TOP/tests/costs"
}

# bounded WHAT FIGURE: compares a plain session with a table in which that bound is another one
bounded() {
    sed -E "s/^(plain +$1 +).*/\\1$2/" "$T/own" >"$T/table"
    run env COSTS_TABLE="$T/table" "$TOP/tests/costs" plain
    [ "$status" = 1 ]
}

@test "costs: a figure above its bound is an error, and so is one that became better" {
    # by the compiler and the libc of this machine: bounds of others are loose
    cp "$TOP/tests/costs.txt" "$T/own"
    COSTS_TABLE=$T/own "$TOP/tests/costs" --update plain >"$T/figures"
    bounded inline-calls 1
    [[ $output =~ inline-calls\ +[0-9]+\ +1\ more\ than\ 1 ]]
    [ "$(grep -c more <<<"$output")" = 1 ]
    bounded instructions 1000000
    [[ $output =~ instructions\ +[0-9]+\ +1000000\ better ]]
    sed -i '/^plain .*start-dirty/d' "$T/table"
    run env COSTS_TABLE="$T/table" "$TOP/tests/costs" plain
    [[ $output =~ start-dirty.*no\ bound ]]
}
