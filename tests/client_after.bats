# What becomes of sources once they are sent: --delete, --move-to, outboxes; and an uploader that is killed.
# bats file_tags=slow
# shellcheck disable=SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client

setup() {
    setup_sandbox
    random_file "$T/file" 1000
    random_file "$T/other" 1000
    mkdir "$T/box"
}
teardown() { teardown_sandbox; }

@test "--delete deletes what was confirmed, and nothing else" {
    serve
    mkdir "$ROOT/other"
    cp "$T/file" "$T/kept"
    upload --delete "$T/file" "$T/other"
    [ "$status" = 1 ]
    [ ! -e "$T/file" ]
    [ -e "$T/other" ]
    same "$T/kept" "$ROOT/file"
    # standard input is nobody's file
    upload --delete --name x - <"$T/other"
    [ "$status" = 0 ]
    [ -e "$T/other" ]
}

@test "--delete leaves a file that was changed after it was sent, and says so" {
    scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
lines.read(1000)
with open(os.path.dirname(ROOT) + "/file", "ab") as file: file.write(b"more")
say("200 ok\r\n150 go\r\n226 done\r\n")
quit()
PYTHON
    upload --delete "$T/file"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/file: sent, and left here: it is not what was sent any more" ]
    [ -e "$T/file" ]
    script_done
}

@test "--move-to moves what was confirmed, as a tree, and never over another file" {
    serve
    mkdir -p "$T/done" "$T/tree/sub"
    cp "$T/file" "$T/tree/sub/a"
    cp "$T/file" "$T/copy"
    echo old >"$T/done/file"
    upload --move-to "$T/done" -r "$T/file" "$T/tree"
    [ "$status" = 0 ]
    [ "$(cat "$T/done/file")" = old ]
    same "$T/copy" "$T/done/file.1"
    same "$T/copy" "$T/done/tree/sub/a"
    [ ! -e "$T/file" ] && [ ! -e "$T/tree/sub/a" ]
    upload --move-to "$T/missing" "$T/other"
    [ "$status" = 64 ]
}

# ------------------------------------------------------------------------------ outboxes

@test "--outbox sends what is in a folder and empties it, folders too, but not the outbox" {
    serve
    mkdir -p "$T/box/a/b"
    cp "$T/file" "$T/box/one"
    cp "$T/file" "$T/box/a/b/two"
    touch "$T/box/.hidden"
    upload --outbox "$T/box"
    [ "$status" = 0 ]
    same "$T/file" "$ROOT/one"
    same "$T/file" "$ROOT/a/b/two"
    [ "$(ls -A "$T/box")" = .hidden ]
    # nothing to do is no failure, and asks nobody
    kill_spawned
    upload --outbox "$T/box"
    [ "$status" = 0 ]
}

@test "--outbox leaves what fails, and what somebody is still writing" {
    serve
    cp "$T/file" "$T/box/good"
    cp "$T/file" "$T/box/bad"
    mkdir "$ROOT/bad"
    exec 7>>"$T/box/open"
    echo half >&7
    upload --outbox "$T/box"
    [ "$status" = 1 ]
    [ "$(ls "$T/box")" = $'bad\nopen' ]
    [ ! -e "$ROOT/open" ]
    rmdir "$ROOT/bad"
    upload --outbox "$T/box"
    [ "$status" = 75 ]
    [ "$(ls "$T/box")" = open ]
    echo whole >&7
    exec 7>&-
    upload --outbox "$T/box"
    [ "$status" = 0 ]
    [ "$(cat "$ROOT/open")" = $'half\nwhole' ]
    [ "$(ls "$T/box")" = '' ]
}

@test "--outbox that cannot be emptied ends with 75, so that the unit waits before the next try" {
    serve
    local left
    for left in link pipe folder/.hidden; do
        rm -rf "${T:?}/box"
        mkdir -p "$T/box/folder"
        cp "$T/file" "$T/box/folder/one"
        case $left in
        link) ln -s "$T/file" "$T/box/link" ;;
        pipe) mkfifo "$T/box/pipe" ;;
        *) touch "$T/box/$left" ;;
        esac
        upload --outbox "$T/box"
        [ "$status" = 75 ] || fail "$left: $status"
        [ "$(cd "$T/box" && find . -not -type d)" = "./$left" ]
        same "$T/file" "$ROOT/folder/one"
    done
    # what is hidden at its top does not start the unit
    rm -rf "${T:?}/box"
    mkdir "$T/box"
    touch "$T/box/.hidden"
    upload --outbox "$T/box"
    [ "$status" = 0 ]
}

@test "--outbox, where nobody can be asked who writes: files that have changed just now are left" {
    need_root "becomes nobody"
    serve
    chmod 777 "$T/box"
    cp "$T/file" "$T/box/new" # root's, of whom nobody may not ask
    cp "$T/file" "$T/box/old"
    touch -d '1 minute ago' "$T/box/old"
    chmod 644 "$T/box"/*
    run --separate-stderr setpriv --reuid nobody --regid nogroup --clear-groups "$CLIENT" -h 127.0.0.1 -p "$PORT" --outbox "$T/box"
    [ "$status" = 75 ]
    same "$T/file" "$ROOT/old"
    [ "$(ls "$T/box")" = new ]
}

@test "--outbox with --move-to into the outbox, where it would be sent again, is refused unless that is hidden" {
    serve
    mkdir -p "$T/box/sent" "$T/box/.sent" "$T/boxes"
    ln -s "$T/box" "$T/link"
    cp "$T/file" "$T/box/one"
    local folder
    for folder in "$T/box/sent" "$T/box" "$T/link/sent" "$T/boxes/../box/sent"; do
        upload --outbox "$T/box" --move-to "$folder"
        [ "$status" = 64 ] || fail "$folder"
    done
    upload --outbox "$T/link" --move-to "$T/box/.sent"
    [ "$status" = 0 ]
    same "$T/file" "$T/box/.sent/one"
    cp "$T/file" "$T/box/two"
    upload --outbox "$T/box" --move-to "$T/boxes"
    [ "$status" = 0 ]
    same "$T/file" "$T/boxes/two"
}

# outbox_once: as the unit runs it
outbox_once() {
    timeout 120 "$CLIENT" -q -h 127.0.0.1 -p "$PORT" --outbox "$T/box"
}

@test "kill -9 at random moments of a spool with 1,000 files: every file arrives, none is lost, none is there twice" {
    serve
    local rounds=0
    command -p python3 -ISc '
import os, random, sys
folder, copy = sys.argv[1:]
os.mkdir(copy)
for i in range(1000):
    data = os.urandom(random.choice((0, 10, 1000, 20000)))
    for to in folder, copy:
        with open(f"{to}/f{i}", "wb") as file: file.write(data)' "$T/box" "$T/copy"
    while [ "$(find "$T/box" -type f | wc -l)" != 0 ] && [ "$rounds" -lt 200 ]; do
        "$CLIENT" -q -h 127.0.0.1 -p "$PORT" --outbox "$T/box" 3>&- &
        local pid=$!
        # a moment in the middle of it, whatever the machine is like: so many files are gone
        local left
        left=$(($(find "$T/box" -type f | wc -l) - RANDOM % 60))
        until [ "$(find "$T/box" -type f | wc -l)" -le "$left" ] || ! kill -0 "$pid" 2>/dev/null; do :; done
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" || :
        # what is gone here is there, whole
        diff <(cd "$T/copy" && ls) <({ ls "$T/box"; ls "$ROOT"; } | sort -u | LC_ALL=C sort) >/dev/null ||
            [ "$({ ls "$T/box"; ls "$ROOT"; } | sort -u | wc -l)" = 1000 ] || fail "a file is lost"
        rounds=$((rounds + 1))
    done
    [ "$rounds" -gt 3 ]
    wait_for [ "$(find "$T/box" -type f | wc -l)" = 0 ]
    diff -r --exclude=.stord.unfinished "$T/copy" "$ROOT"
}
