# tests/bench, which compares servers: what it says, and that no server gets figures that stored nothing. Not how fast they are.
# shellcheck shell=bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # what scripts are to expand; stderr and others come from run
bats_require_minimum_version 1.5.0
load helpers

setup() {
    setup_sandbox
    need_root "starts daemons in namespaces"
    "$TOP/tests/peers"
}
teardown() { teardown_sandbox; }

# bench OPTION...: a tiny one
bench() {
    TMPDIR=$T run --separate-stderr "$TOP/tests/bench/run" --size tiny --disk "$T" "$@"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

# table MEASURE: its lines
table() { awk -F ' *[|] *' -v name="$1" '!NF { within = 0 } $2 == name { within = 1 } within' <<<"$output"; }

# row MEASURE SERVER: its cells, without blanks around them: $cells
row() { mapfile -t cells < <(table "$1" | awk -F ' *[|] *' -v name="$2" '$2 == name { for (i = 3; i < NF; i++) print $i }'); }

# has_figures MEASURE SERVER...: median, range and the ratio to the floor
has_figures() {
    local measure=$1
    shift
    for server; do
        row "$measure" "$server"
        [[ ${cells[0]:-} =~ ^[0-9.,]*[1-9][0-9.,]*\ \([0-9.,]+-[0-9.,]+\)$ ]] || fail "$measure: $server: ${cells[0]:-no row}"
        [[ ${cells[1]} =~ ^[0-9.,]+$ ]] || fail "$measure: $server: ${cells[1]}"
    done
}

has_none() {
    row "$1" "$2"
    [ "${cells[0]:-}" = 'no figure' ] || fail "$1: $2: ${cells[0]:-no row}"
}

# dishonest DO: the handler, and what is done to the folder $1 of its clients when a session is over
dishonest() {
    printf '#!/bin/bash\n"%s" "$@"\nset -- "$2/in"\n%s\n' "$HANDLER" "$1" >"$T/dishonest"
    chmod 755 "$T/dishonest"
    export HANDLER=$T/dishonest
}

@test "bench: each server has its row, and the report that is written is what is printed" {
    bench --only small-allo,connect --servers floor,stord,vsftpd,pure-ftpd,proftpd --rounds 2 --report "$T/report.md"
    [ "$status" = 0 ]
    has_figures small-allo floor stord vsftpd pure-ftpd proftpd
    has_figures connect floor stord vsftpd 'vsftpd (as shipped)' 'vsftpd (spawned)' pure-ftpd proftpd
    row small-allo floor
    [ "${cells[1]}" = 1.00 ]
    grep -q 'vsftpd: version [0-9]' <<<"$output"
    [ "$(cat "$T/report.md")" = "$output" ]
}

@test "bench: every measure gives figures of our handler" {
    bench --servers floor,stord
    [ "$status" = 0 ]
    for measure in small small-allo small-inline small-disk small-disk-inline sessions sessions-inline connect idle \
        bulk-memory bulk-disk tls-bulk tls-sessions certificate users; do
        row "$measure" stord
        [[ ${cells[0]} =~ [1-9] ]] || fail "$measure"
    done
    [ "$(grep -c '^###' <<<"$output")" = "$(grep -c '^    Measure(' "$TOP/tests/bench/measures.py")" ]
    ! grep '| *no figure' <<<"$output" || fail "there is a figure missing"
}

@test "bench: the README's table is written anew, and nothing else of it" {
    cp "$TOP/README.md" "$T/README.md"
    bench --only idle --servers floor,stord --readme "$T/README.md"
    [ "$status" = 0 ]
    run diff "$TOP/README.md" "$T/README.md"
    grep -q '^> | memory of an idle session, KiB  *|  *[0-9]* |  *[0-9]* |$' <<<"$output"
    ! grep '^[<>] [^|]' <<<"$output" || fail "that was changed, too"
}

@test "bench: a peer that is missing is said, in the report and while it runs, and the others are measured" {
    export PEERS=$T/nothing
    bench --only small-allo
    [ "$status" = 0 ]
    for name in vsftpd pure-ftpd proftpd; do
        grep -q "^- missing: $name (" <<<"$output"
        grep -q "^bench: missing: $name (" <<<"$stderr"
        row small-allo "$name"
        [ "${#cells[@]}" = 0 ]
    done
    has_figures small-allo floor stord
}

@test "bench: a server that loses a file is found out, and gets no figure" {
    dishonest 'rm -f "$1/f7"'
    bench --only small-allo --servers floor,stord --rounds 2
    [ "$status" = 1 ]
    has_figures small-allo floor
    has_none small-allo stord
    grep -q '^stord: no figure, because it lost f7, ' <<<"$output"
}

@test "bench: a server that stores something else is found out, in small files and in large ones" {
    dishonest 'truncate -s 4095 "$1"/*'
    bench --only sessions-inline,bulk-memory --servers floor,stord
    [ "$status" = 1 ]
    has_figures bulk-memory floor
    has_none sessions-inline stord
    has_none bulk-memory stord
    grep -q '^stord: no figure, because it stored something else as f[0-9]' <<<"$output"
    grep -q '^stord: no figure, because it stored 4095 bytes of 16777216' <<<"$output"
}

@test "bench: a server that does not answer as it should gets no figure, and the reason is its reply" {
    printf '#!/bin/sh\nprintf "421 Not today\\r\\n"\n' >"$T/refuses"
    chmod 755 "$T/refuses"
    export HANDLER=$T/refuses
    bench --only small-allo,tls-sessions --servers floor,stord
    [ "$status" = 1 ]
    [ "$(grep -c '^stord: no figure, because .*421 Not today' <<<"$output")" = 2 ]
}

@test "bench: where there is no room, the upload is smaller, and that is said" {
    mkdir "$T/disk"
    mount -t tmpfs -o size=20m,mode=755 bench "$T/disk"
    bench --only bulk --servers floor,stord --disk "$T/disk"
    umount "$T/disk"
    [ "$status" = 0 ]
    has_figures bulk-disk floor stord
    grep -q '^The upload is of [0-9]* MiB, since there is no room for 16\.$' <<<"$output"
    grep -q '^The upload is of 16 MiB\.$' <<<"$output"
    grep -q '^- disk: tmpfs, which is none$' <<<"$output"
}

@test "bench: when it is interrupted, nothing of it is left" {
    TMPDIR=$T spawn "$TOP/tests/bench/run" --size full --only sessions --disk "$T" --servers stord
    wait_for pgrep -s "$SPAWN_PID" -x uploads
    kill "$SPAWN_PID"
    wait_for all_gone "$SPAWN_PID"
    [ -z "$(pgrep -f "$T/")" ]
    [ -z "$(compgen -G "$T/stord-bench.*")$(compgen -G "$T/bench.*")" ]
}

# uploaders_bench ARG...: a tiny one of the uploader
uploaders_bench() {
    TMPDIR=$T FILES=30 CURL_FILES=3 BIG=1 SPARSE=64 run --separate-stderr "$TOP/tests/bench-client" "$@" 1
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

@test "bench: the uploader has its figures beside others, and they replace older ones at the end of the report" {
    printf 'The servers\n\nThe end of them\n' >"$T/report.md"
    uploaders_bench --report "$T/report.md"
    [ "$status" = 0 ]
    for program in stor curl lftp ncftpput; do
        [ "$(grep -cE "^\| $program \| [0-9,]*[1-9][0-9,]* \| [0-9.]+ \|$" <<<"$output")" = 2 ] || fail "$program"
    done
    for row in stor curl '4 MiB' '64 MiB'; do
        grep -qE "^\| $row \| [0-9,.]*[1-9][0-9,.]* \|$" <<<"$output" || fail "$row"
    done
    grep -q '^- other programs took [0-9.]* of the ' <<<"$output"
    [ "$(sed '1,4d' "$T/report.md")" = "$output" ]
    uploaders_bench --report "$T/report.md"
    [ "$(grep -c '^The \|^## ' "$T/report.md")" = 3 ]
    [ "$(compgen -G "$T/stord-bench.*")" = '' ]
}

@test "bench: an uploader that loses a file gets no figure" {
    printf '#!/bin/sh\n"%s" "$@"\nrm -f "%s"/stord-bench.*/root/f7\n' "$CLIENT" "$T" >"$T/loses"
    chmod 755 "$T/loses"
    CLIENT=$T/loses uploaders_bench
    [ "$status" = 1 ]
    grep -qx '| stor | no figure: not all has arrived |  |' <<<"$output"
}
