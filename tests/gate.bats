# The gate: a program decides about each upload before it gets its name (promises 1 and 2).
# bats file_tags=asan
# shellcheck shell=bats disable=SC2016
bats_require_minimum_version 1.5.0
load gate

setup() {
    setup_sandbox
    setup_gate
}
teardown() { teardown_sandbox; }

# gate_ways: how an upload of x can come, as steps that end before its last reply; a `|` is between two lines
gate_ways() {
    cat <<'WAYS'
> EPSV|< 229|> STOR x|< 150|put hello
> PASV|< 227|> STOR x|< 150|put hello
> ALLO 5|< 200|> EPSV|< 229|> STOR x|< 150|put hello
> ALLO 5|< 200|>> STOR x\r\nhello|< 150
> TYPE A|< 200|> EPSV|< 229|> STOR x|< 150|put hello
WAYS
}

# each_way REPLY CHECK [OPTION...]: uploads in each way, over nothing and over a file; REPLY must come, and then CHECK,
# called with what was there before, must hold
each_way() {
    local way old
    while read -r way; do
        for old in '' old; do
            rm -rf "$ROOT"
            mkdir "$ROOT"
            if [ -n "$old" ]; then echo -n "$old" >"$ROOT/x"; fi
            through "${@:3}" <<<"binary
${way//|/$'\n'}
< $1" || fail "$way over '$old'" || return
            "$2" "$old" || fail "$way over '$old'" || return
        done
    done < <(gate_ways)
}

is_new() { [ "$(cat "$ROOT/x")" = hello ] && nothing_left; }
is_old() {
    if [ -z "$1" ]; then
        [ ! -e "$ROOT/x" ]
    else
        [ "$(cat "$ROOT/x")" = "$1" ]
    fi
}
is_old_and_nothing_left() { is_old "$1" && nothing_left; }

@test "gate: exit status 0 publishes" {
    each_way 226 is_new
}

@test "gate: exit status 1 refuses: 550 with its last line, nothing is kept, and what was there is there" {
    gate_does 'echo first; echo "no thanks"; echo; exit 1'
    each_way '550 no thanks$' is_old_and_nothing_left
    logged "Upload failed: /x \\(5 bytes, [0-9.]+ s, gate\\)"
    gate_does 'exit 1'
    each_way '550 it was refused' is_old_and_nothing_left
}

@test "gate: exit status 75 puts the client off: 451 where it can be resumed, else 550" {
    gate_does 'echo "come back"; exit 75'
    through <<'STEPS'
binary
store x hello < 451 come back; try again later
> SIZE x
< 213 4
nofile x
STEPS
    logged "Upload failed: /x \\(5 bytes, [0-9.]+ s, gate-later\\)"
    gate_does 'exit 0'
    through <<'STEPS'
binary
> REST 4
< 350
store x o
file x hello
STEPS
    nothing_left
    gate_does 'exit 75'
    through --resume-hours 0 <<'STEPS'
binary
store y hello < 550
nofile y
> TYPE A
< 200
store z hello < 550
nofile z
STEPS
    nothing_left
}

@test "gate: any other end is a failure: later, or publish, as --gate-failure says" {
    local end
    for end in 'exit 2' 'exit 255' 'kill -9 $$' 'kill -TERM $$' 'exit 76'; do
        gate_does "$end"
        through <<<"binary
store x hello < 451 it cannot be checked now
nofile x" || fail "$end" || return
        logged 'The gate has failed: .*: not published: /x'
        rm -rf "$ROOT" "$T/log"
        mkdir "$ROOT"
        through --gate-failure publish <<<"binary
store x hello
file x hello" || fail "$end, publish" || return
        logged 'The gate has failed: .*: published without it: /x'
        rm "$T/log" "$ROOT/x"
    done
}

# ---------------------------------------------------------------- what the program gets

@test "gate: the program gets the file to read, and nothing else: environment, descriptors, folder, group" {
    gate_does "
        cat >'$T/bytes'
        tr '\\0' '\\n' <\"/proc/\$\$/environ\" | sort >'$T/environment'
        ls /proc/\$\$/fd | sort -n | head -3 | paste -sd' ' >'$T/descriptors'
        ls -l /proc/\$\$/fd >'$T/links'
        pwd >'$T/folder'
        (echo more >&0) 2>/dev/null && echo writable >'$T/writable'
        ps -o pgid= -p \$\$ | tr -d ' ' >'$T/pgid'; echo \$\$ >'$T/pid'
        grep -E '^Sig(Blk|Ign):' /proc/self/status >'$T/signals'
        exit 0"
    echo -n old >"$ROOT/x"
    users 'ann:'"$(hash secret)"':/:upload,replace:'
    SECRET=hidden as ann --gate "$GATE" <<'STEPS'
> TYPE I
< 200
store x hello
STEPS
    [ "$(cat "$T/bytes")" = hello ]
    sed -E 's/^(STORD_(PEER|SESSION))=.+/\1=*/' "$T/environment" >"$T/shown"
    diff - "$T/shown" <<EXPECTED
STORD_BYTES=5
STORD_FILE=$ROOT/x
STORD_NAME=x
STORD_PEER=*
STORD_REPLACES=yes
STORD_SESSION=*
STORD_TLS=
STORD_USER=ann
STORD_VERDICT=close
EXPECTED
    [ "$(cat "$T/descriptors")" = '0 1 2' ]
    # A shell may open its script as 10; nothing else, and no connection
    ! grep -E 'socket:|\.stord\.(turn|partial)' "$T/links" || fail "$(cat "$T/links")"
    [ "$(cat "$T/folder")" = / ]
    [ ! -e "$T/writable" ]
    same "$T/pgid" "$T/pid"
    # 32 and 33 are libc's own; whoever started the tests may ignore them
    [ "$(sed -E 's/.*:\t//; s/0000000180000000/0000000000000000/' "$T/signals" | sort -u)" = 0000000000000000 ] ||
        fail "$(cat "$T/signals")"
    [ "$(cat "$ROOT/x")" = hello ]
}

@test "gate: names, users and what it says may be anything: the reply stays one line of text" {
    gate_does 'printf "a\tb\001c\r\nlast \033[31m\377 %s\n" "$STORD_NAME"; exit 1'
    # shellcheck disable=SC2016
    through <<'STEPS'
binary
> EPSV
< 229
>> STOR $(id)`id`\xfe;=\r\n
< 150
put x
< 550 last
> NOOP
< 200
STEPS
    harmless "$(cat "$T/log")"
    gate_does 'head -c 100000 /dev/zero | tr "\0" x; exit 1'
    through <<'STEPS'
binary
store x hello < 550 x{200}$
STEPS
    gate_does 'i=0; while [ $i -lt 300 ]; do echo "line $i" >&2; i=$((i + 1)); done; exit 0'
    rm "$T/log"
    through <<<'binary
store x hello'
    [ "$(grep -c 'Gate: line' "$T/log")" = 100 ]
    logged 'Gate: it says more than 100 lines'
}

@test "gate: a program that reads nothing, closes its outputs, or leaves others behind that hold them" {
    random_file "$T/large" 3000000
    local does
    for does in 'exit 0' 'exec <&- >&- 2>&-; exit 0' '(sleep 60 & echo $! >"'"$T"'/left"); exit 0'; do
        gate_does "$does"
        through <<<'binary
store@ x 3000000
file@ x 3000000' || fail "$does" || return
    done
    kill "$(cat "$T/left")"
}

# ---------------------------------------------------------------- time, and ends in the middle

# sleeping: what the program has started sleeps
sleeping() { [ -s "$T/sleeper" ] && kill -0 "$(cat "$T/sleeper")" 2>/dev/null; }
gone() { ! kill -0 "$(cat "$T/sleeper")" 2>/dev/null; }

# gate_sleeps: it, and a program that it has started, take very long
gate_sleeps() {
    rm -f "$T/sleeper"
    gate_does "sleep 600 & echo \$! >'$T/sleeper.new'; mv '$T/sleeper.new' '$T/sleeper'; wait"
}

@test "gate: whoever takes longer than --gate-time is killed with all that it has started" {
    gate_sleeps
    through --gate-time 1 <<'STEPS'
binary
store x hello < 451
nofile x
STEPS
    logged 'The gate has failed: it took longer than 1 s'
    wait_for gone
}

@test "gate: ABOR, a client that leaves, a stop and a killed session end the program; nothing is published" {
    local end
    for end in '> ABOR
< 426 as you asked
< 226' 'vanish' 'signal TERM
< 421' 'killed'; do
        gate_sleeps
        rm -rf "$ROOT"
        mkdir "$ROOT"
        several --gate "$GATE" --gate-time 3600 <<<"binary
> EPSV
< 229
> STOR x
< 150
put hello
run for i in {1..400}; do [ ! -s $T/sleeper ] || exit 0; sleep 0.05; done; exit 1
$end" || fail "$end" || return
        wait_for gone || fail "$end" || return
        [ ! -e "$ROOT/x" ] || fail "published: $end" || return
    done
}

@test "gate: a client that closes its connection meanwhile has not waited for 226: nothing is published" {
    gate_sleeps
    several --gate "$GATE" --gate-time 1 --gate-failure publish <<STEPS
binary
> EPSV
< 229
> STOR x
< 150
put hello
run for i in {1..400}; do [ ! -s $T/sleeper ] || exit 0; sleep 0.05; done; exit 1
leave
ended
STEPS
    [ ! -e "$ROOT/x" ]
    logged "Upload failed: /x \\(5 bytes, [0-9.]+ s, vanished\\)"
}

@test "gate: a gatekeeper that is killed is a failure of the gate; the session goes on" {
    gate_does "ps -o ppid= -p \$\$ | xargs kill -9; sleep 600"
    through <<'STEPS'
binary
store x hello < 451 it cannot be checked now
store y hello < 451 it cannot be checked now
> NOOP
< 200
STEPS
    logged 'The gate has failed: (the gatekeeper gives no answer|it cannot be asked)'
    pkill -f '^sleep 600$' || :
}

@test "gate: a file that changes while it is being looked at is not published" {
    gate_does 'echo more >>"/proc/$PPID/fd/0" 2>/dev/null
        for file in '"$ROOT"'/.stord.unfinished/.stord.*; do
            if [ -f "$file" ]; then echo more >>"$file"; fi
        done
        exit 0'
    through <<'STEPS'
binary
store x hello < 451 it cannot be checked now
nofile x
STEPS
    logged 'The gate has failed: the file has changed meanwhile: not published'
}

# ---------------------------------------------------------------- kinds of uploads

@test "gate: STOU, APPE, REST, and names that are taken under each policy" {
    gate_does 'cat >"'"$T"'/bytes"; echo "$STORD_NAME $STORD_BYTES $STORD_REPLACES" >>"'"$T"'/asked"; exit 0'
    echo -n old >"$ROOT/x"
    through <<'STEPS'
binary
> EPSV
< 229
> STOU x
< 150
put new
< 226
append x er
file x older
> REST 3
< 350
store x !
file x old!
STEPS
    [ "$(sed 's/^x-[0-9a-f]* /x-* /' "$T/asked")" = 'x-* 3 no
x 2 yes
x 4 yes' ] || fail "$(cat "$T/asked")"
    [ "$(cat "$T/bytes")" = 'old!' ]
    rm "$T/asked"
    through --on-conflict rename <<'STEPS'
binary
store x kept
file x old!
STEPS
    [[ $(cat "$T/asked") =~ ^x-[0-9a-f]+\ 4\ no$ ]] || fail "$(cat "$T/asked")"
    gate_does 'exit 1'
    through <<'STEPS'
binary
append x no < 550
file x old!
> REST 3
< 350
store x no < 550
file x old!
STEPS
}

@test "gate: an interrupted upload that is resumed is looked at as a whole; refused, nothing of it is left" {
    interrupted x 01234 --gate "$GATE"
    gate_does 'cat >"'"$T"'/bytes"; exit 1'
    through <<'STEPS'
binary
> SIZE x
< 213 5
> REST 5
< 350
store x 56789 < 550
> SIZE x
< 550
STEPS
    [ "$(wc -c <"$T/bytes")" = 10 ]
    nothing_left
}

@test "gate: uploads in one piece are each decided about, and answered in order" {
    gate_does 'case $STORD_NAME in b) exit 1 ;; *) exit 0 ;; esac'
    through <<'STEPS'
binary
>> ALLO 1\r\nSTOR a\r\n1ALLO 1\r\nSTOR b\r\n2ALLO 1\r\nSTOR c\r\n3
stored-inline 1
< 200
< 150
< 550
stored-inline 1
file a 1
nofile b
file c 3
STEPS
    nothing_left
}

@test "gate: whoever watches sees nothing before the program has ended" {
    need inotifywait
    echo -n old >"$ROOT/x"
    spawn_to "$T/watched" inotifywait -m --format '%e %f' "$ROOT"
    wait_for grep -q 'Watches established' "$T/watched"
    gate_does 'touch "'"$ROOT"'/looking"; exit 0'
    through <<'STEPS'
binary
store x hello
STEPS
    wait_for grep -q 'MOVED_TO x' "$T/watched"
    [ "$(grep -nE ' (x|looking)$' "$T/watched" | sed -n '1s/.* //p')" = looking ] || fail "$(cat "$T/watched")"
}

# ---------------------------------------------------------------- set-up

@test "gate: gate=no in the users file, for that user alone" {
    gate_does 'exit 1'
    users "ann:$(hash secret):/:upload:gate=no" "bob:$(hash secret):/:upload:"
    as ann --gate "$GATE" <<'STEPS'
> TYPE I
< 200
store x hello
STEPS
    as bob --gate "$GATE" <<'STEPS'
> TYPE I
< 200
store y hello < 550
STEPS
    [ "$(cat "$ROOT/x")" = hello ]
    [ ! -e "$ROOT/y" ]
}

# turned_down REASON PROGRAM [WRAP...]: with that program nobody is served, and --check says why
turned_down() {
    local WRAP=("${@:3}")
    talk --gate "$2" <<'STEPS' || return
< 421
closed
exits 78
STEPS
    logged "Cannot start: gate $2: $1" || return
    "${WRAP[@]}" "$HANDLER" --root "$ROOT" --gate "$2" --check >"$T/checked" 2>&1 && fail "checked well: $2" && return 1
    grep -qE "gate: $2: $1" "$T/checked" || fail "$(cat "$T/checked")"
}

@test "gate: with a program that is missing, cannot run, or could be changed by the session's user nobody is served" {
    turned_down 'No such file or directory' "$T/none"
    turned_down 'its path does not begin with /' gate
    turned_down 'not a plain file' "$T"
    chmod 644 "$GATE"
    turned_down 'it cannot be executed' "$GATE"
    chmod 757 "$GATE"
    turned_down 'those whose uploads' "$GATE"
    chmod 755 "$GATE"
    chown 65534 "$GATE"
    turned_down 'those whose uploads' "$GATE"
    chown 0 "$GATE"
    mkdir -m 777 "$T/open"
    cp "$GATE" "$T/open/gate"
    turned_down 'a folder on its path' "$T/open/gate"
    chmod 755 "$T" "$T/open"
    chmod 777 "$ROOT"
    chown 65534 "$T/open"
    turned_down 'a folder on its path' "$T/open/gate" setpriv --reuid 65534 --regid 65534 --clear-groups
}

@test "gate: values of its options" {
    local wrong
    for wrong in '--gate-time 0' '--gate-time 3601' '--gate-time x' '--gate-failure maybe'; do
        # shellcheck disable=SC2086
        run -64 "$HANDLER" $wrong --check </dev/null
    done
    run -0 env STORD_GATE="$GATE" STORD_GATE_TIME=5m STORD_GATE_FAILURE=publish "$HANDLER" --root "$ROOT" --check </dev/null
}
