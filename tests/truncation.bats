# A client that dies in the middle of an upload leaves no file under the final name (promise 3).
# bats file_tags=slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

KILLS=20

setup() {
    setup_sandbox
    export HOME=$T/home # no settings of whoever runs the tests
    mkdir "$HOME"
    truncate -s 8G "$T/name" # so large that no client comes to its end
}
teardown() { teardown_sandbox; }

# the_session: its pid, once there is one
the_session() { pgrep -P "$SERVE_PID"; }

in_the_middle() { # BYTES
    local session
    session=$(the_session) && has_stored "$session" "$1"
}

# never_published COMMAND...: the client is killed when a random number of bytes, at least, has come
never_published() {
    local i client
    for ((i = 0; i < KILLS; i++)); do
        spawn "$@"
        client=$SPAWN_PID
        wait_for in_the_middle $((RANDOM * 64)) || { cat "$SPAWN_LOG"; return 1; }
        kill -KILL "$client"
        wait "$client" || :
        wait_for sessions_gone
        published_are || { tail -n 20 "$T/serve.log"; ls -l "$ROOT"; return 1; }
    done
    # each of them was in the middle of the upload when it was killed
    [ "$(grep -cE 'Upload failed: /name \(.*, (reset|vanished|short)\)' "$T/serve.log")" = "$KILLS" ] || {
        cat "$T/serve.log"
        return 1
    }
    ! grep 'File uploaded' "$T/serve.log"
}

# Of the connections of a process that is killed, Linux often ends the data connection first and the
# control connection some time later: a sync may be over by then, or none be made.
curl_is_killed() {
    need curl
    serve "$@"
    never_published curl -sS --limit-rate 100M -T "$T/name" "ftp://127.0.0.1:$PORT/"
}

lftp_is_killed() {
    need lftp
    serve "$@"
    never_published lftp -c "set net:limit-total-rate 100000000; open -p $PORT 127.0.0.1; put $T/name"
}

ftplib_is_killed() {
    cat >"$T/put.py" <<'PY'
import ftplib, sys
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(sys.argv[1]))
ftp.login()
with open(sys.argv[2], "rb") as file:
    ftp.storbinary("STOR name", file)
PY
    serve "$@"
    never_published "$(command -pv python3)" "$T/put.py" "$PORT" "$T/name"
}

@test "truncation: curl, killed in the middle" { curl_is_killed; }
@test "truncation: curl, killed in the middle, where nothing is synced" { curl_is_killed --no-sync; }
@test "truncation: lftp, killed in the middle" { lftp_is_killed; }
@test "truncation: lftp, killed in the middle, where nothing is synced" { lftp_is_killed --no-sync; }
@test "truncation: Python's ftplib, killed in the middle" { ftplib_is_killed; }
@test "truncation: Python's ftplib, killed in the middle, where nothing is synced" {
    ftplib_is_killed --no-sync
}

# A relay passes on the end of the control connection as if the client had only nothing more to say.
@test "truncation: curl, killed in the middle, its control connection behind a relay" {
    need curl socat
    serve
    local server=$PORT
    free_port
    spawn socat -t 60 "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork" "TCP:127.0.0.1:$server"
    wait_port "$PORT" 127.0.0.1
    KILLS=5
    never_published curl -sS --limit-rate 100M -T "$T/name" "ftp://127.0.0.1:$PORT/"
}

# shellcheck disable=SC2153 # CLIENT is helpers'
@test "truncation: our own client, which announces the size, killed in the middle" {
    serve
    never_published "$CLIENT" -q -p "$PORT" -h 127.0.0.1 "$T/name"
}

@test "truncation: our own client where the size is not known, killed in the middle" {
    mkdir "$T/pipes"
    mkfifo "$T/pipes/name"
    serve
    cat >"$T/put.sh" <<END
cat /dev/zero >"$T/pipes/name" &
exec "$CLIENT" -q -p "$PORT" -h 127.0.0.1 "$T/pipes/name"
END
    never_published sh "$T/put.sh"
}

@test "truncation: the other way round: a client that says QUIT and leaves has its file" {
    # together with the upload, in the middle of the bytes, behind them
    several <<'STEPS'
[a] binary
> EPSV
< 229
connect
>> STOR a\r\nQUIT\r\n
< 150
data he
leave
data llo
done
ended
file a hello
[b] binary
> EPSV
< 229
> STOR b
< 150
connect
data he
stored 2
> QUIT
data llo
leave
done
ended
file b hello
[c] binary
> EPSV
< 229
> STOR c
< 150
connect
data hello
> QUIT
done
leave
ended
file c hello
[d] < 220
>> ALLO 5\r\nSTOR d\r\nhelloQUIT\r\n
eof
ended
file d hello
[e] < 220
>> ALLO 5\r\nSTOR e\r\nhello
eof
ended
file e hello
STEPS
    published_are a b c d e
}

@test "truncation: a client that leaves without QUIT has nothing published, whichever connection ends first" {
    for last in 'leave done' 'done leave'; do
        traced '-e trace=fsync -e inject=fsync:delay_enter=300000' several <<STEPS
binary
> EPSV
< 229
> STOR x
< 150
connect
data hello
${last% *}
${last#* }
ended
nofile x
STEPS
    done
    published_are
    not_logged 'File uploaded'
}
