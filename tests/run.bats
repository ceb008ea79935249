# tests/run itself, and what else tests are begun by: what it prints and counts, and that it ends what it began.
# shellcheck shell=bats
# shellcheck disable=SC2016 # what others are to expand
bats_require_minimum_version 1.5.0
load helpers

setup() {
    setup_sandbox
    mkdir -p "$T/build/unit"
}
teardown() { teardown_sandbox; }

# file NAME <<TESTS: a bats file. TEST is @test, which bats would take for one of ours.
# When a test is over before bats has made its watchdog ready, the watchdog's sleep stays to its end
# and holds bats' output open: these tests are that short, so they wait for it first.
file() {
    {
        printf 'load %s/tests/helpers\n' "$TOP"
        declare -f watchdog_ready
        printf 'setup() { wait_for watchdog_ready; }\n'
        sed 's/^TEST/@test/'
    } >"$T/$1.bats"
}

# watchdog_ready: it sleeps, and SIGABRT would end that
watchdog_ready() {
    local caught
    # shellcheck disable=SC2154 # bats'
    caught=$(awk '/^SigCgt/ { print $2 }' "/proc/$BATS_killer_pid/status") &&
        pgrep -x -P "$BATS_killer_pid" sleep && ((16#$caught >> 5 & 1))
}

# RUN NAME...: runs these files, and no unit tests but those of $T/build, in an environment without bats'.
RUN=(env -i BATS_TEST_TIMEOUT=60 "PATH=${PATH//"$BATS_LIBEXEC:"/}" "$BASH" -c 'T=$1 && export TMPDIR=$1 BUILD=$1/build SEEN=$1 JOBS=$2 && shift 2 &&
    exec "$0" "${@/#/$T/}" 3>&-' "$TOP/tests/run")

@test "run: two files run at once, and each one's output is whole and in order, behind the unit tests'" {
    printf '#!/bin/sh\necho ok 1 - unit; echo 1..1\n' >"$T/build/unit/u"
    chmod +x "$T/build/unit/u"
    file a <<'TESTS'
TEST "waits for b" { wait_for [ -e "$SEEN/b" ]; }
TEST "another" { :; }
TESTS
    file b <<'TESTS'
TEST "b" { : >"$SEEN/b"; echo '# told' >&3; }
TESTS
    run -0 "${RUN[@]}" "$T" 2 a.bats b.bats
    [ "$output" = "ok 1 - unit
1..1
# $T/a.bats
1..2
ok 1 waits for b
ok 2 another
# $T/b.bats
1..1
# told
ok 1 b
4 passed, 0 failed" ]
}

@test "run: what fails, is skipped, or does not come to its end is counted as failed" {
    printf '#!/bin/sh\necho ok 1 - unit; kill -KILL $$\n' >"$T/build/unit/u"
    chmod +x "$T/build/unit/u"
    file fails <<'TESTS'
TEST "good" { :; }
TEST "bad" { false; }
TEST "skipped" { skip "because"; }
TESTS
    file dies <<'TESTS'
TEST "first" { :; }
TEST "kills bats" { kill -KILL "$PPID"; }
TEST "never seen" { :; }
TESTS
    run -1 "${RUN[@]}" "$T" 1 fails.bats dies.bats none.bats
    [ "$(grep -E '^FAILED|passed' <<<"$output")" = "FAILED: not ok - $T/build/unit/u did not end by itself
FAILED: not ok 2 bad
FAILED: ok 3 skipped # skip because
FAILED: not ok - $T/dies.bats did not run to its end
FAILED: not ok - $T/none.bats did not run to its end
4 passed, 5 failed" ]
}

@test "run: from a folder that nobody may enter, as below /root, it says so at once and runs no test" {
    need_root "has such a folder"
    mkdir -m 700 "$T/home"
    mkdir -p "$T/home/clone/tests"
    cp "$TOP"/tests/{run,helpers.bash} "$T/home/clone/tests"
    file a <<<'TEST "a" { :; }'
    local -a closed=("${RUN[@]::${#RUN[@]}-1}" "$T/home/clone/tests/run")
    run -1 "${closed[@]}" "$T" 1 a.bats
    [[ ${lines[0]} = *"nobody, who may not enter $T/home/clone."* ]]
    [[ $output != *passed* ]]
    chmod o+x "$T/home"
    run -0 "${closed[@]}" "$T" 1 a.bats
}

# clone: a folder with tests/run, for what it does with all files of its own; sets RUN_CLONE, as RUN for it
clone() {
    mkdir -p "$T/clone/tests"
    cp "$TOP"/tests/{run,helpers.bash} "$T/clone/tests"
    RUN_CLONE=("${RUN[@]:2:${#RUN[@]}-3}" "$T/clone/tests/run")
}

@test "run: TEST are words, and of all files or of those that are given the tests with them in their names are run" {
    clone
    printf '#!/bin/sh\necho ok 1 - unit one; echo 1..1\n' >"$T/build/unit/u"
    chmod +x "$T/build/unit/u"
    file clone/tests/a <<'TESTS'
TEST "one, it's a [*] (promise 1)" { :; }
TEST "one, it's a [*] (promise 2)" { false; }
TEST "two" { false; }
TESTS
    file clone/tests/b <<'TESTS'
TEST "another one" { [ -z "${TEST:-}" ]; }
TESTS
    file clone/tests/c <<<'TEST "neither" { false; }'
    run -0 env -i TEST="it's a [*] (promise 1" "${RUN_CLONE[@]}" "$T" 2
    [ "$output" = "# tests/a.bats
1..1
ok 1 one, it's a [*] (promise 1)
1 passed, 0 failed" ]
    run -1 env -i TEST=one "${RUN_CLONE[@]}" "$T" 2
    [ "${lines[-2]}" = "FAILED: not ok 2 one, it's a [*] (promise 2)" ]
    [ "${lines[-1]}" = '2 passed, 1 failed' ]
    run -0 env -i TEST=one "${RUN_CLONE[@]}" "$T" 2 clone/tests/b.bats clone/tests/c.bats
    [ "${lines[-1]}" = '1 passed, 0 failed' ]
}

@test "run: TEST with words that no name has fails, and says so; and so does a file that is not there" {
    clone
    file clone/tests/a <<<'TEST "one" { :; }'
    for words in 'on e' . '.*' 'One'; do
        run -1 env -i TEST="$words" "${RUN_CLONE[@]}" "$T" 1
        [ "$output" = "No test has a name with these words in it: $words
0 passed, 0 failed" ]
    done
    run -1 env -i TEST=one "${RUN_CLONE[@]}" "$T" 1 clone/tests/a.bats clone/tests/none.bats
    [ "${lines[-1]}" = '1 passed, 1 failed' ]
}

@test "run: a file says itself that it is slow, so that it begins first, and which groups it belongs to" {
    clone
    for name in a b c; do
        file clone/tests/$name <<<"TEST \"$name\" { echo $name >>\"\$SEEN/order\"; }"
    done
    sed -i '1i# bats file_tags=asan,slow' "$T/clone/tests/b.bats"
    sed -i '1i# bats file_tags=asan' "$T/clone/tests/c.bats"
    run -0 env -i "${RUN_CLONE[@]}" "$T" 1
    [ "$(paste -sd' ' "$T/order")" = 'b a c' ]
    [ "$(grep ^ok <<<"$output" | paste -sd' ')" = 'ok 1 a ok 1 b ok 1 c' ]
    run -0 env -i TAG=asan "${RUN_CLONE[@]}" "$T" 1
    [ "$(grep ^ok <<<"$output" | paste -sd' ')" = 'ok 1 b ok 1 c' ]
}

@test "run: no file is named where tests are begun, and no tag means nothing" {
    run ! grep -E 'tests/[a-z_]+\.bats' "$TOP/tests/run"
    [ -z "$(sed -n '/^asan:/,/^fuzz:/{/[a-z_]\.bats/p}' "$TOP/Makefile")" ]
    tags=$(sed -nE 's/^# *bats (file|test)_tags=//p' "$TOP"/tests/*.bats | sort -u | paste -sd' ')
    [ "$tags" = 'asan asan,slow slow' ]
}

@test "make: TEST comes to tests/run whatever quotes it has; help tells of it, and of TESTS" {
    words="it's \"a\" \`test\` (promise 1)"
    run -0 make -s -C "$TOP" --eval='shown: ; @printf %s "$$TEST"' shown TEST="$words"
    [ "$output" = "$words" ]
    run -0 make -s -C "$TOP" help
    [[ $output = *"TESTS='FILE...'"*"TEST='words'"* ]]
}

@test "run: without any test it fails" {
    file empty </dev/null
    run -1 "${RUN[@]}" "$T" 1 empty.bats
    [ "${lines[-1]}" = '0 passed, 0 failed' ]
}

# What a test began is in a session of its own, and ignores what can be ignored.
@test "run: SIGINT and SIGTERM end all that was started, tests tidy up" {
    local name signal pids
    for name in one two; do
        file $name <<TESTS
setup() { setup_sandbox; }
teardown() { teardown_sandbox; }
TEST "endless" {
    spawn sh -c 'trap "" INT TERM HUP; while :; do sleep 1; done'
    echo \$\$ \$SPAWN_PID >"\$SEEN/new.$name" && mv "\$SEEN/new.$name" "\$SEEN/pids.$name"
    sleep 1000
}
TESTS
    done
    for signal in INT TERM; do
        spawn env --default-signal=INT "${RUN[@]}" "$T" 2 one.bats two.bats
        wait_for cat "$T/pids.one" "$T/pids.two"
        read -ra pids < <(cat "$T"/pids.* | paste -sd' ')
        kill -s $signal "$SPAWN_PID"
        status=0
        wait "$SPAWN_PID" || status=$?
        [ "$status" -gt 128 ] || fail "the status is $status"
        all_gone "${pids[@]}" || fail "still there: $(ps -o pid,args -p "${pids[*]}")"
        rm "$T"/pids.*
        [ -z "$(ls -d "$T"/stord-test.* "$T"/tmp.* "$T"/bats-* 2>/dev/null)" ] || fail "left behind: $(ls "$T")"
    done
}

@test "tests: the first line of each file says what it is about" {
    for file in "$TOP"/tests/*.bats; do
        head -n 1 "$file" | grep -E '^# .{20}' | grep -qvE '^# (shellcheck|bats) ' || fail "what is ${file##*/} about?"
    done
}

@test "tests: the example in README.md passes, and fails when something else is true" {
    mkdir "$T/tests"
    cp "$TOP"/tests/*.{bash,py} "$T/tests"
    sed -n '/^```bash$/,/^```$/{/^```/!p}' "$TOP/tests/README.md" >"$T/tests/hello.bats"
    run -0 env -i "PATH=${PATH//"$BATS_LIBEXEC:"/}" HANDLER="$HANDLER" bats "$T/tests/hello.bats"
    sed -i 's/^< 553 there already/< 226/' "$T/tests/hello.bats"
    run -1 env -i "PATH=${PATH//"$BATS_LIBEXEC:"/}" HANDLER="$HANDLER" bats "$T/tests/hello.bats"
    [[ $output = *'< 226: got: 553 '* ]]
}

@test "helpers: a name means one thing in all files" {
    twice=$(sed -nE 's/^([a-zA-Z_0-9]+)\(\) *[{(].*/\1/p' "$TOP"/tests/*.bats "$TOP"/tests/*.bash | sort | uniq -d |
        grep -vxE '(setup|teardown)(_file)?') || :
    [ -z "$twice" ] || fail "functions that several files define: $(paste -sd' ' <<<"$twice")"
}

@test "trixie: who is not root is told the line to run" {
    need_root "becomes somebody else"
    cd /
    run -126 setpriv --reuid nobody --regid nogroup --clear-groups "$TOP/tests/trixie" make lint
    [[ $output = *'As root, run:'*" $TOP/tests/trixie make lint"* ]]
    run -2 setpriv --reuid nobody --regid nogroup --clear-groups make -C "$TOP" check-trixie
    [[ $output = *'As root, run:'*" make -C $TOP check-trixie"* ]]
}

@test "need: a name that this release does not have gives way to the next, or is left out, which is said" {
    need apt-cache dpkg-query
    run -0 "$TOP/scripts/need" bash none-of-debian/bash
    [ -z "$output" ]
    run -0 "$TOP/scripts/need" none-of-debian/-
    [ "$output" = 'This release has no none-of-debian: what needs it is left out' ]
}
