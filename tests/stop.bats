# SIGTERM, SIGHUP and SIGINT: the client is told, what arrived is kept, the exit status is 0, soon.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

ALL=upload,append,replace,list,read,mkdir,rename,delete

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# stopped_by_each [OPTION...] <<STEPS: plays the steps with each of the signals in the place of
# {SIGNAL}; `ended` in them is where the handler must have ended with status 0. AFTER, if set, is run
# after each.
stopped_by_each() {
    local signal steps
    steps=$(cat)
    for signal in TERM HUP INT; do
        several "$@" <<<"${steps//\{SIGNAL\}/$signal}" || fail "SIG$signal" || return
        if [ -n "${AFTER:-}" ]; then "$AFTER" || fail "after SIG$signal" || return; fi
    done
}

# What AFTER may be
nothing_there() { published_are && nothing_unfinished; }
kept_when_stopped() { kept_after stopped; }
kept_as_it_was() { one_unfinished 5; }
kept_beside_old() { one_unfinished 4 && [ "$(cat "$ROOT/x")" = old ]; }
kept_all_of_it() {
    one_unfinished 6 && [ "$(cat "$(unfinished)")" = 012345 ] && find "$ROOT" -type f -delete
}

@test "stop: a session that waits for commands" {
    AFTER=nothing_there
    stopped_by_each <<'STEPS'
< 220
signal {SIGNAL}
< 421 shutting down
closed
ended
STEPS
    logged 'asked to stop'
    stopped_by_each <<'STEPS'
< 220
> NOOP
< 200
> EPSV
< 229
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: a session whose client is about to log in" {
    stopped_by_each <<'STEPS'
< 220
> USER me
< 331
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: half of a command is never run" {
    AFTER=nothing_there
    for bytes in 'MKD d' 'STOR x' 'NOOP\r\nMKD d'; do
        stopped_by_each --unterminated-wait 0 --allow "$ALL" <<STEPS
< 220
>> $bytes
signal {SIGNAL}
until 421
closed
ended
STEPS
    done
}

@test "stop: in the middle of an inline upload: 421, and what arrived is kept" {
    AFTER=kept_when_stopped
    for allo in NOOP 'ALLO 10'; do
        stopped_by_each <<STEPS
< 220
> $allo
< 200
> STOR x
< 150
>> 01234
stored 5
signal {SIGNAL}
< 421 ^421 Failed to upload file: 
closed
ended
STEPS
    done
}

@test "stop: in the middle of an upload over a data connection: 421, and what arrived is kept" {
    AFTER=kept_when_stopped
    for verb in PASV EPSV; do
        stopped_by_each <<STEPS
binary
> $verb
< 22[79]
> STOR x
< 150
connect
data 01234
stored 5
signal {SIGNAL}
< 421 ^421 Failed to upload file: 
closed
ended
STEPS
    done
}

@test "stop: the old file of the name is untouched" {
    AFTER=kept_beside_old
    printf old >"$ROOT/x"
    stopped_by_each <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data 01234
stored 5
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: an upload that goes on with an earlier one: all of it is kept" {
    AFTER=kept_all_of_it
    stopped_by_each <<'STEPS'
[a] < 220
> ALLO 10
< 200
> STOR x
< 150
>> 01234~
eof
< 426
closed
[b] binary
> SIZE x
< 213
> EPSV
< 229
> APPE x
< 150
connect
data 56
stored 7
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: while a data connection is awaited; what an earlier upload left is kept" {
    AFTER=nothing_there
    stopped_by_each <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
signal {SIGNAL}
< 421
closed
ended
STEPS
    # active: nobody answers there
    stopped_by_each <<'STEPS'
binary
listen
> EPRT {EPRT}
< 200
> STOR x
< 150
signal {SIGNAL}
< 421
closed
ended
STEPS
    interrupted x 01234
    AFTER=kept_as_it_was
    stopped_by_each <<'STEPS'
binary
> EPSV
< 229
> APPE x
< 150
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: an upload that no byte came of, or in TYPE A, leaves nothing" {
    AFTER=nothing_there
    stopped_by_each <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
stored 0
signal {SIGNAL}
< 421
closed
ended
STEPS
    stopped_by_each <<'STEPS'
< 220
> TYPE A
< 200
> EPSV
< 229
> STOR x
< 150
connect
data 01234
stored 5
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: with commands that wait for the end of an upload" {
    AFTER=kept_when_stopped
    stopped_by_each <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data 01234
stored 5
>> MKD d\r\nQUIT\r\n
signal {SIGNAL}
< 421
closed
ended
nofile d
STEPS
}

@test "stop: RETR to a client that does not read" {
    random_file "$ROOT/x" 64000000
    stopped_by_each --allow "$ALL" <<'STEPS'
binary
> EPSV
< 229
> RETR x
< 150
connect
unread
signal {SIGNAL}
< 421
closed
ended
STEPS
}

@test "stop: LIST and MLSD to a client that does not read" {
    local verb long
    long=$(printf 'n%.0s' {1..200})
    (cd "$ROOT" && seq -f "%.0f.$long" 1 15000 | xargs touch)
    for verb in LIST MLSD; do
        stopped_by_each <<STEPS
< 220
> EPSV
< 229
> $verb
< 150
connect
unread
signal {SIGNAL}
< 421
closed
ended
STEPS
    done
}

@test "stop: during the pause before a reply that some clients answer by trying again" {
    AFTER=nothing_there
    : >"$T/log"
    stopped_by_each --min-free=100000G <<'STEPS'
binary
> EPSV
< 229
> STOR x
run until grep -q 'reply 452' "$T/log"; do sleep 0.02; done; : >"$T/log"
signal {SIGNAL}
until 421
closed
ended
STEPS
}

@test "stop: while the client reads no replies" {
    stopped_by_each <<'STEPS'
< 220
flood HELP
signal {SIGNAL}
ended
STEPS
}

@test "stop: while what follows a refused inline upload is dropped" {
    AFTER=nothing_there
    stopped_by_each <<'STEPS'
< 220
> STOR no/such
< 550
>>@ 100000
signal {SIGNAL}
ended
STEPS
}

@test "stop: over pipes" {
    mkfifo "$T/pipe"
    local wire status signal
    for signal in TERM HUP INT; do
        exec {wire}<>"$T/pipe"
        spawn "$HANDLER" --root "$ROOT" <"$T/pipe"
        printf 'STOR x\r\n01234' >&"$wire"
        wait_for grep -q '^150' "$SPAWN_LOG"
        kill -s $signal "$SPAWN_PID"
        status=0
        wait "$SPAWN_PID" || status=$?
        exec {wire}>&-
        [ "$status" = 0 ] || fail "its exit status is $status"
        grep '^421 Failed to upload file: ' "$SPAWN_LOG"
        one_unfinished 4
    done
}

@test "stop: a client that goes on later has the whole file" {
    local status=0
    serve
    random_file "$T/x" 20000000
    spawn curl -sS --limit-rate 10M -T "$T/x" "ftp://127.0.0.1:$PORT/"
    local curl=$SPAWN_PID
    wait_for grep -q 'Spawned' "$T/serve.log"
    local session
    session=$(pgrep -P "$SERVE_PID")
    wait_for has_stored "$session" 1000000
    kill "$session"
    wait "$curl" || status=$?
    [ "$status" != 0 ]
    wait_for sessions_gone
    grep -qE "Child $session died with code 0" "$T/serve.log"
    published_are
    curl -sS -C - -T "$T/x" "ftp://127.0.0.1:$PORT/"
    same "$T/x" "$ROOT/x"
    nothing_unfinished
}

@test "stop: systemd stops a session in the middle of an upload, which can go on afterwards" {
    need_root "boots a systemd in namespaces of its own"
    need make
    "$TOP/tests/with-systemd" --timeout 120 "$TOP/tests/systemd/stop.sh"
}
