# Several sessions and one name: what each of them was told stays true (promise 1).
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

ALL=upload,append,replace,list,read,mkdir,rename,delete

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# ------------------------------------------------- a device that lost its link and sent the file again

# sent_again HOW: a first upload is under way; the file is sent again in a second session, as the steps
# on standard input say; then the first one ends by HOW, a step. SIZE and RETR show what was acknowledged,
# and curl, which goes on with what it sees, leaves that as it is.
sent_again() {
    local again
    again=$(cat)
    rm -rf "${ROOT:?}"/* "$ROOT"/.stord.*
    several --allow="$ALL" --stall-timeout=1 <<STEPS || return
[a] binary
> EPSV
< 229
> STOR x
< 150
connect
data OLD-OLD-OLD-OLD
stored 15
[b] binary
$again
[a] $1
[b] > SIZE x
< 213 ^213 19$
fetch RETR x =~ \\Anew-new-new-new-new\\Z
file x new-new-new-new-new
STEPS
    printf new-new-new-new-new >"$T/plan"
    serve --allow="$ALL"
    curl -sS -C - -T "$T/plan" "ftp://127.0.0.1:$PORT/x" || return
    same "$T/plan" "$ROOT/x" || return
    kill_spawned
}

ENDS=('reset
< 426' 'signal TERM
< 421
closed
ended' '< 426 no data' 'leave
done
ended' '> ABOR
< 426
< 226')

@test "a device that loses its link and sends the file again keeps what was acknowledged (promise 1)" {
    for how in "${ENDS[@]}"; do
        sent_again "$how" <<'STEPS' || fail "the first session ended so: $how"
store x new-new-new-new-new
STEPS
    done
}

@test "so it does where another one gave the name by a rename, added to it, or a program did (promise 1)" {
    sent_again "${ENDS[0]}" <<'STEPS'
store y new-new-new-new-new
> RNFR y
< 350
> RNTO x
< 250
STEPS
    sent_again "${ENDS[0]}" <<'STEPS'
append x new-new-new-
append x new-new
STEPS
    sent_again "${ENDS[0]}" <<'STEPS'
run printf new-new-new-new-new >"$T/new" && mv "$T/new" "$ROOT/x"
STEPS
}

@test "what was kept of an upload is not shown any more once a program has put a file there (promise 1)" {
    interrupted x OLD-OLD-OLD-OLD
    talk --allow="$ALL" <<'STEPS'
binary
> SIZE x
< 213 ^213 15$
STEPS
    printf record. >"$ROOT/x"
    talk --allow="$ALL" <<'STEPS'
binary
fetch LIST =~ \s7 [^\n]* x\r\n\Z
append x one more.
file x record.one more.
STEPS
}

# ---------------------------------------------------------------- going on from what was shown

@test "nobody goes on with another upload, or another file, than it was shown (promise 1)" {
    interrupted x 01234
    several --allow="$ALL" <<'STEPS'
[a] binary
> SIZE x
< 213 ^213 5$
[b] binary
> EPSV
< 229
> ALLO 100
< 200
> STOR x
< 150
put other bytes
< 426
[a] > EPSV
< 229
> APPE x
< 550 look again
> REST 5
< 350
> EPSV
< 229
> STOR x
< 550 look again
nofile x
> SIZE x
< 213 ^213 10$
> REST 10
< 350
store x s, and more
file x other bytes, and more
[b] > SIZE x
< 213 ^213 21$
run printf 'the file of a program' >"$T/new" && mv "$T/new" "$ROOT/x"
> REST 21
< 350
> EPSV
< 229
> STOR x
< 550 look again
file x the file of a program
fetch MLSD =~ size=21
> REST 3
< 350
store x \x20end
file x the end
STEPS
}

@test "where nobody may see, an upload is void by the client's own sessions, and by nothing else (promise 5)" {
    for foreign in '' "printf foreign >\"\$ROOT/x\"; "; do
        for policy in replace rename; do
            rm -rf "${ROOT:?}"/* "$ROOT"/.stord.*
            eval "$foreign"
            several --allow=upload,replace --on-conflict=$policy <<'STEPS'
[a] binary
> EPSV
< 229
> STOR x
< 150
connect
data OLD-OLD-OLD-OLD
stored 15
[b] binary
store x new-new-new
[a] reset
< 426 ^426 [^;]*$
[b] > SIZE x
< 213 ^213 11$
STEPS
        done
    done
    # that somebody else has put something there is not to be learnt
    rm -rf "${ROOT:?}"/* "$ROOT"/.stord.*
    several --allow=upload <<'STEPS'
[a] binary
> EPSV
< 229
> STOR x
< 150
connect
data OLD-OLD-OLD-OLD
stored 15
run printf foreign >"$ROOT/x"
[a] reset
< 426 can be resumed
> SIZE x
< 213 ^213 14$
STEPS
}

# ---------------------------------------------------------------- less than before

# shorter OPTION...: an upload of 60 bytes is cut; $FIRST is the reply to 40 bytes under that name, then 226
shorter() {
    talk "$@" <<STEPS
binary
> EPSV
< 229
> STOR live.jpg
< 150
connect
data $(printf '%060d' 0)
reset
< 426
store live.jpg $(printf '%040d' 0) < $FIRST
store live.jpg $(printf '%040d' 1)
file live.jpg $(printf '%040d' 1)
STEPS
}

@test "a webcam whose picture broke off may send a smaller one" {
    FIRST=426 shorter
    rm "$ROOT/live.jpg"
    FIRST=226 shorter --resume-hours=0 # nothing is kept that it could be the end of
}

@test "who is told that a file is too large may send less" {
    talk --max-file-size=50 <<STEPS
binary
store x $(printf '%060d' 0) < 552
store x less
file x less
STEPS
}

@test "a file that is shorter than an appended record that broke off is taken" {
    printf log >"$ROOT/x"
    talk <<'STEPS'
binary
> EPSV
< 229
> APPE x
< 150
connect
data a long record
reset
< 426
store x new
file x new
STEPS
}

# ---------------------------------------------------------------- adding

@test "a logger adds to what is there when its record is whole, whoever added meanwhile (promise 1)" {
    printf 'first\n' >"$ROOT/log"
    for how in in-place copy; do
        printf 'first\n' >"$ROOT/log"
        several --append=$how <<'STEPS'
[a] binary
> EPSV
< 229
> APPE log
< 150
connect
data from a\n
stored 7
[b] binary
append log from b\n
[a] done
< 226
file log first\nfrom b\nfrom a\n
[b] > DELE log
< 550|250
STEPS
    done
}

@test "a record goes into the file that a consumer has left, or into a new one (promise 1)" {
    printf old >"$ROOT/log"
    several --allow="$ALL" <<'STEPS'
[a] binary
> EPSV
< 229
> APPE log
< 150
connect
data record
stored 6
run mv "$ROOT/log" "$T/taken"
[a] done
< 226
file log record
STEPS
    [ "$(cat "$T/taken")" = old ]
}

@test "another name of a file keeps what it had when something is appended (promise 1)" {
    printf old >"$ROOT/log"
    ln "$ROOT/log" "$ROOT/snapshot"
    talk <<'STEPS'
< 220
> ALLO 4
< 200
> APPE log
< 150
>> more
< 226
file log oldmore
file snapshot old
STEPS
}

@test "a program that has locked a file is waited for before something is appended to it" {
    printf old >"$ROOT/log"
    cat >"$T/lock.py" <<'PY'
import fcntl, sys, time
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.readline()
    file.seek(0, 2)
    file.write(b" and its own")
PY
    mkfifo "$T/go"
    exec 7<>"$T/go"
    spawn_to "$T/lock.log" python3 "$T/lock.py" "$ROOT/log" <&7
    wait_for grep -q locked "$T/lock.log"
    printf 'ALLO 5\r\nAPPE log\r\n more' >"$T/in"
    spawn_to "$T/out" "$HANDLER" --root "$ROOT" <"$T/in"
    wait_for grep -q ^150 "$T/out"
    printf '\n' >&7
    wait_for grep -q ^226 "$T/out"
    exec 7>&-
    [ "$(cat "$ROOT/log")" = 'old and its own more' ]
}

# ---------------------------------------------------------------- turns

@test "whoever may only rename or delete takes turns with all others" {
    # shellcheck disable=SC2034 # for talk
    local WRAP=(strace -f -o "$T/trace" -e 'trace=fcntl,openat,flock')
    export ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    for allow in list,delete list,rename,read; do
        printf old >"$ROOT/x"
        talk --allow=$allow <<'STEPS'
< 220
> DELE x
< 250|550
> RNFR x
< 350|550
> RNTO y
< 250|5..
STEPS
        grep -q 'openat(.*stord.turn".* = [0-9]' "$T/trace" || fail "$allow: $(cat "$T/trace")"
        grep -q 'F_OFD_SETLK, {l_type=F_WRLCK.*l_len=1}) = 0' "$T/trace"
        if grep 'flock(' "$T/trace"; then fail "$allow: flock"; fi
        rm -f "$ROOT"/[xy]
    done
}

@test "a driver that takes an exchange of names for a rename loses and doubles nothing (promise 1)" {
    local -x LD_PRELOAD=$TOP/build/tools/no_exchange.so EXCHANGE
    for EXCHANGE in renames eio; do
        rm -rf "${ROOT:?}"/* "$ROOT"/.stord.*
        printf old >"$ROOT/x"
        talk --allow="$ALL" --append=copy <<'STEPS'
< 220
> ALLO 4
< 200
> APPE x
< 150
>> more
< 226
file x oldmore
> ALLO 3
< 200
> STOR x
< 150
>> new
< 226
file x new
> REST 2
< 350
> ALLO 2
< 200
> STOR x
< 150
>> xt
< 226
file x next
STEPS
    done
}

@test "a file that a consumer has taken already is not followed by the old half of it (promise 1)" {
    for how in "run mv '$ROOT/x' '$T/taken'" '> RNFR x
< 350
> RNTO done
< 250'; do
        rm -rf "${ROOT:?}"/* "$ROOT"/.stord.*
        several --allow="$ALL" <<STEPS
[a] binary
> EPSV
< 229
> STOR x
< 150
connect
data OLD-OLD-OLD-OLD
stored 15
[b] binary
store x new-new-new-new-new
$how
[a] reset
< 426 ^426 [^;]*$
> SIZE x
< 550
[b] > SIZE x
< 550
STEPS
    done
    # nor by one that was kept before, once that was seen to be void
    interrupted y OLD-OLD-OLD-OLD
    several --allow="$ALL" <<'STEPS'
binary
> SIZE y
< 213 ^213 15$
run printf new >"$ROOT/y"
> SIZE y
< 213 ^213 3$
run mv "$ROOT/y" "$T/taken"
> SIZE y
< 550
STEPS
}

@test "who has tried in vain to go on looks again before anything is appended (promise 1)" {
    interrupted x 012345678
    talk --allow="$ALL" --connect-timeout=1 --max-file-size=1000 <<'STEPS'
binary
> SIZE x
< 213 ^213 9$
> PASV
< 227
> APPE x
< 150
< 425
> EPSV
< 229
> APPE x
< 550 look again
> SIZE x
< 213 ^213 9$
> ALLO 5000
< 200
> EPSV
< 229
> APPE x
< 552
> EPSV
< 229
> APPE x
< 550 look again
nofile x
> MLST x
< 250 size=9;
append x 9ABCDEF
file x 0123456789ABCDEF
STEPS
}

@test "of a long listing, too, it is known what was shown (promise 1)" {
    printf 'an older file\n' >"$ROOT/x"
    interrupted x 012345678
    for ((i = 0; i < 6000; i++)); do : >"$ROOT/file$i"; done
    talk --allow="$ALL" <<'STEPS'
binary
fetch LIST =~ \s9 [^\n]* x\r\n
append x 9ABCDEF
file x 0123456789ABCDEF
STEPS
}

@test "what came is kept when the service stops while another session has the turn" {
    cat >"$T/lock.py" <<'PY'
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, 1 << 62, 0)
    print("locked", flush=True)
    sys.stdin.readline()
PY
    export T
    several <<'STEPS'
[a] binary
> EPSV
< 229
> STOR x
< 150
connect
data 0123456789
stored 10
run mkfifo "$T/go"; exec 7<>"$T/go"; setsid python3 "$T/lock.py" "$ROOT/.stord.unfinished/.stord.turns/.stord.turn" <&7 >"$T/locked" 2>&1 & echo $! >"$T/pid"; until grep -q locked "$T/locked"; do sleep 0.02; done
signal TERM
< 421
closed
ended
run kill "$(cat "$T/pid")"
STEPS
    one_unfinished 9
    talk <<'STEPS'
binary
> SIZE x
< 213 ^213 9$
STEPS
}

@test "a copy of a file that is added to has the group that is wanted, and fits where it does in place" {
    need_root gives files away
    for how in copy in-place; do
        printf old >"$ROOT/x"
        [ $how = copy ] || ln "$ROOT/x" "$ROOT/second"
        talk --group=games --append=$how <<'STEPS'
< 220
> ALLO 4
< 200
> APPE x
< 150
>> more
< 226
file x oldmore
STEPS
        [ "$(stat -c %G "$ROOT/x")" = games ]
    done
}
