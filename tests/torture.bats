# Handlers and clients that are killed (promises 1, 2 and 3); `make torture N=1000` kills more.
# shellcheck shell=bats
load helpers

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "torture: 50 handlers and clients are killed, and no file is half (promises 1 to 3)" {
    need curl
    status=0
    TMPDIR=$T command -p python3 -IS "$TOP/tests/torture" 50 >"$T/out" 2>&1 || status=$?
    sed 's/^/# /' "$T/out" >&3
    [ "$status" = 0 ]
}

@test "torture: halves are counted in each condition: many small files, a starved client, a lossy network" {
    need_root "makes two hosts, and a network between them"
    need ip
    command -p python3 -IS "$TOP/tests/kills" --kills 1 --wait auto --folder "$T" --row small,starved,lossy >"$T/out"
    sed 's/^/# /' "$T/out" >&3
    [ "$(grep -cE '^(small|starved|lossy) .* published halves: auto: [01]$' "$T/out")" = 3 ]
}
