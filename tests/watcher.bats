# Whoever watches the inbox sees each upload once, whole, and nothing of those that fail (promise 2).
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load filesystems

setup() { setup_sandbox; }
teardown() {
    take_away
    teardown_sandbox
}

# watch: begins to watch $ROOT, or the folder IN of it, with inotifywait and with a consumer that reads
# what comes at once
watch() {
    WATCHED=$ROOT/${IN:-.}
    need inotifywait
    spawn_to "$T/watched" inotifywait -m --format '%e %f' \
        -e create,moved_to,moved_from,close_write,modify,attrib,delete "$WATCHED"
    wait_for grep -q 'Watches established' "$T/watched"
    : >"$T/hashes"
    spawn_to "$T/hashes" python3 "$TOP/tests/hash-at-once.py" "$WATCHED"
    CONSUMER=$SPAWN_PID
    wait_for grep -q watching "$T/hashes"
}

# end_watch: takes away what was not caused by uploads, and sets EVENTS, one `WORD NAME` a line
end_watch() {
    touch "$WATCHED/end"
    wait_for grep -q '^CLOSE_WRITE.* end$' "$T/watched"
    wait_for all_gone "$CONSUMER"
    rm "$WATCHED/end"
    EVENTS=$(grep -vE '^Setting up watches|^Watches established| end$|^CREATE,ISDIR \.stord\.unfinished$' \
        "$T/watched" || :)
}

# saw EVENT...: just these events were seen, in this order
saw() {
    local wanted
    wanted=$([ $# = 0 ] || printf '%s\n' "$@")
    [ "$EVENTS" = "$wanted" ] || fail "seen: $EVENTS
wanted: $wanted"
}

# appeared_whole NAME CONTENT...: each time that NAME appeared, it held one of these, which came in this order;
# the consumer may have looked a moment later
appeared_whole() {
    local name=$1 sums sum at=1 next
    shift
    sums=$(for content; do printf '%b' "$content" | sha256sum | cut -d' ' -f1; done)
    [ "$(grep -cE "^[0-9a-f]{64} $name\$" "$T/hashes")" = $# ] || fail "$(cat "$T/hashes")" || return
    while read -r sum; do
        next=$(tail -n "+$at" <<<"$sums" | grep -nm1 "^$sum\$" | cut -d: -f1) || :
        [ -n "$next" ] || fail "$name was not whole at once: $(cat "$T/hashes")" || return
        at=$((at + next - 1))
    done < <(sed -nE "s/^([0-9a-f]{64}) $name\$/\1/p" "$T/hashes")
    [ "$at" = $# ] || fail "$name was not seen as it became in the end"
}

# No name comes twice in a row: inotify tells of two like events in a row as of one.
# $1: what is seen, too, of a file that another one goes on from; $2: of bytes that are added to a file:
# "in place", or as of one that is replaced; $3...: options
new_and_replaced() {
    local added=('MOVED_TO data' ${1:+"$1"}) appeared=('second and more')
    [ "$2" != 'in place' ] || added=('MODIFY data' 'CLOSE_WRITE,CLOSE data') appeared=()
    watch
    talk "${@:3}" <<STEPS
< 220
> CWD ${IN:-.}
< 250
> ALLO 5
< 200
> STOR data
< 150
>> first
< 226
> ALLO 7
< 200
> STOR inline
< 150
>> content
< 226
> TYPE I
< 200
store data second
> TYPE A
< 200
store text line\r\n
> TYPE I
< 200
append data \x20and more
store empty
> EPSV
< 229
> REST 6
< 350
> STOR data
< 150
put  again
< 226
STEPS
    end_watch
    saw 'MOVED_TO data' 'MOVED_TO inline' 'MOVED_TO data' 'MOVED_TO text' "${added[@]}" \
        'MOVED_TO empty' 'MOVED_TO data' ${1:+"$1"}
    appeared_whole inline content
    appeared_whole data first second "${appeared[@]}" 'second again'
    appeared_whole text 'line\n'
    appeared_whole empty ''
}

@test "a watcher sees new uploads and those that replace others once each, whole (promise 2)" {
    new_and_replaced 'MOVED_FROM data' 'in place'
}

@test "a watcher sees appends as new files with --append=copy (promise 2)" {
    new_and_replaced 'MOVED_FROM data' copied --append=copy
}

@test "a watcher sees them so where files need a name to be written to, too (promise 2)" {
    mount_exfat
    new_and_replaced '' 'in place'
}

@test "a watcher sees them so in a folder on another file system than the root's (promise 2)" {
    mkdir "$ROOT/other"
    mount_tmpfs "$ROOT/other"
    IN=other new_and_replaced 'MOVED_FROM data' copied
}

@test "a watcher sees nothing of uploads that fail, and a resumed one once, whole (promise 2)" {
    echo old >"$ROOT/replaced"
    watch
    talk <<'STEPS'
binary
> ALLO 11
< 200
store cut begun+ < 426
> ALLO 11
< 200
store replaced begun+ < 426
> EPSV
< 229
> STOR reset
< 150
connect
data half
reset
< 426
> EPSV
< 229
> STOR aborted
< 150
connect
data half
> ABOR
< 426
< 226
done
> ALLO 99999999999999
< 200
> EPSV
< 229
> STOR large
< 552|452
> EPSV
< 229
> STOR .stord.reserved
< 553
> EPSV
< 229
> REST 5
< 350
> STOR nothing
< 554
> EPSV
< 229
> REST 5
< 350
> STOR cut
< 150
put , ended
< 226
> EPSV
< 229
> REST 5
< 350
> STOR replaced
< 150
put , ended
< 226
STEPS
    talk --max-file-size=4 <<'STEPS'
< 220
> STOR larger
< 150
>> bytes
< 552
closed
STEPS
    end_watch
    saw 'MOVED_TO cut' 'MOVED_TO replaced'
    appeared_whole cut 'begun, ended'
    appeared_whole replaced 'begun, ended'
}

@test "a watcher sees uploads with names that we choose once each, whole (promise 2)" {
    echo old >"$ROOT/taken"
    watch
    talk --on-conflict=rename <<'STEPS'
binary
> EPSV
< 229
> STOU chosen
< 150 FILE: chosen
put one
< 226
> EPSV
< 229
> STOR taken
< 150 FILE: taken-
put two
< 226
STEPS
    talk --on-conflict=refuse <<'STEPS'
binary
> EPSV
< 229
> STOR taken
< 553
STEPS
    end_watch
    name=$(cd "$ROOT" && echo taken-*)
    saw 'MOVED_TO chosen' "MOVED_TO $name"
    appeared_whole chosen one
    appeared_whole "$name" two
}

@test "a watcher sees three uploads at once, and those of one name, whole each time (promise 2)" {
    random_file "$T/a" 3000000
    random_file "$T/b" 3000000
    random_file "$T/c" 3000000
    serve
    watch
    pids=()
    for file in a b c; do
        # two names of its own, and one that all of them use
        curl -sS -T "$T/$file" "ftp://127.0.0.1:$PORT/$file.1" \
            -T "$T/$file" "ftp://127.0.0.1:$PORT/$file.2" -T "$T/$file" "ftp://127.0.0.1:$PORT/common" &
        pids+=($!)
    done
    wait "${pids[@]}"
    end_watch
    # each once; but two like events in a row, of the name that all use, are told as one
    for name in {a,b,c}.{1,2}; do
        [ "$(grep -c "^MOVED_TO $name\$" <<<"$EVENTS")" = 1 ] || fail "seen: $EVENTS"
    done
    [[ "$(grep -c '^MOVED_TO common$' <<<"$EVENTS")" = [123] ]] || fail "seen: $EVENTS"
    run ! grep -vE '^MOVED_TO ([abc]\.[12]|common)$' <<<"$EVENTS"
    sums=$(sha256sum "$T/a" "$T/b" "$T/c")
    [[ "$(grep -cE '^[0-9a-f]{64} ' "$T/hashes")" = [789] ]] || fail "$(cat "$T/hashes")"
    while read -r sum name; do
        [ "$sum" != watching ] || continue
        case $name in
        common) grep -q "^$sum" <<<"$sums" || fail "common was no whole file" ;;
        *) grep -qF "$sum  $T/${name%.*}" <<<"$sums" || fail "$name was not whole" ;;
        esac
    done <"$T/hashes"
}

@test "a watcher sees nothing of a handler that is killed, and nothing when it is told to stop (promise 2)" {
    watch
    for signal in KILL TERM; do
        mkfifo "$T/pipe.$signal"
        exec 7<>"$T/pipe.$signal"
        spawn "$HANDLER" --root "$ROOT" <"$T/pipe.$signal"
        printf 'STOR x\r\nhalf of it' >&7
        wait_for grep -q '^150' "$SPAWN_LOG"
        kill -s "$signal" "$SPAWN_PID"
        wait_for all_gone "$SPAWN_PID"
        exec 7>&-
    done
    end_watch
    saw
}
