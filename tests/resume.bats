# Clients go on with interrupted uploads, and what they come to is one whole file (promises 1 to 3).
# bats file_tags=slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

SIZE=$((64 << 20))

setup_file() { random_file "$BATS_FILE_TMPDIR/sent" "$SIZE"; }

setup() {
    setup_sandbox
    export HOME=$T/home # no settings of whoever runs the tests
    mkdir "$HOME"
    SENT=$BATS_FILE_TMPDIR/sent
    HOWS=(both data kill)
}
teardown() { teardown_sandbox; }

# ------------------------------------------------------- clients that people have

# size_of NAME: as a client is told
size_of() { curl -sS -I "ftp://me:x@127.0.0.1:$PORT/$1" | tr -d '\r' | sed -n 's/^Content-Length: //p'; }

# as_before: whatever had the name before has it now
as_before() {
    if [ -e "$T/old" ]; then same "$T/old" "$ROOT/name"; else [ ! -e "$ROOT/name" ]; fi
}

# goes_on_from SIZE: where the client goes on when the server has so many bytes
goes_on_from() { echo "$1"; }

# check_cut HOW CUT HAD HAVE: of the file, CUT bytes were sent, HAD before this attempt; the server
# has HAVE
check_cut() {
    as_before || fail "what was there was touched" || return
    one_unfinished "$4" || return
    [ "$4" -gt "$3" ] && [ "$4" -le "$2" ] || fail "$1: cut at $2, had $3, and has $4" || return
    # of a client that is killed all has come; the last byte is not kept
    [ "$1" != kill ] || [ "$4" = $(($2 - 1)) ] || fail "killed at $2, has $4" || return
    cmp -n "$4" "$SENT" "$(unfinished)"
}

# Cuts an upload, again and again, and lets it end. FIRST and RESUME are the commands that begin it
# and go on with it, HOWS the ways to cut it in turn; for them and {PORT} see cut.py.
goes_on_after_cuts() {
    local cuts i how had=0 have command=("${FIRST[@]}")
    mapfile -t cuts < <(shuf -i "1-$((SIZE - 1))" -n 10 | sort -n)
    echo "cuts: ${cuts[*]}"
    for i in "${!cuts[@]}"; do
        how=${HOWS[i % ${#HOWS[@]}]}
        command -p python3 "$TOP/tests/cut.py" --to "$PORT" --at $((cuts[i] - had)) --how "$how" \
            "${command[@]}" || return
        wait_for sessions_gone
        have=$(size_of name)
        check_cut "$how" "${cuts[i]}" "$had" "$have" || return
        had=$(goes_on_from "$have")
        command=("${RESUME[@]}")
    done
    "${command[@]//\{PORT\}/$PORT}" || fail "the last attempt: status $?" || return
    same "$SENT" "$ROOT/name"
    published_are name
    wait_for sessions_gone
    nothing_unfinished
    # the last one has sent no more than what was missing
    grep -q "File uploaded: /name ($((SIZE - had)) bytes" "$T/serve.log"
}

# survives_cuts: with and without an older file of that name
survives_cuts() {
    serve
    goes_on_after_cuts
    rm "$ROOT/name"
    random_file "$T/old" 100000
    cp "$T/old" "$ROOT/name"
    goes_on_after_cuts
}

use_curl() {
    need curl
    FIRST=(curl -sS -T "$SENT" "ftp://me:x@127.0.0.1:{PORT}/name")
    RESUME=(curl -sS -C - -T "$SENT" "ftp://me:x@127.0.0.1:{PORT}/name")
}

use_lftp() {
    need lftp
    local session="set net:max-retries 1; set net:reconnect-interval-base 0; open -u me,x -p {PORT} 127.0.0.1"
    FIRST=(lftp -c "$session; put $SENT -o name")
    RESUME=(lftp -c "$session; put -c $SENT -o name")
}

use_wput() {
    need wput
    HOWS=(both kill) # to the end of a data connection alone it answers at once, see below
    goes_on_from() { echo $(($1 < 1023 ? 0 : ($1 + 1) / 512 * 512 - 512)); } # as observed
    FIRST=(wput --quiet --tries=1 --waitretry=0 --dont-continue "$SENT" "ftp://me:x@127.0.0.1:{PORT}/name")
    RESUME=(wput --quiet --tries=1 --waitretry=0 "$SENT" "ftp://me:x@127.0.0.1:{PORT}/name")
}

use_ncftpput() {
    need ncftpput
    FIRST=(ncftpput -V -t 20 -r 0 -u me -p x -P "{PORT}" -C 127.0.0.1 "$SENT" name)
    # -s: with sendfile, ncftpput 3.2.6 sends the beginning of the file again behind REST
    RESUME=(ncftpput -z -s -V -t 20 -r 0 -u me -p x -P "{PORT}" -C 127.0.0.1 "$SENT" name)
}

use_ftplib() {
    local python
    python=$(command -pv python3)
    cat >"$T/put.py" <<'PY'
import ftplib, os, sys
how, port, path = sys.argv[1:]
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(port), timeout=20)
ftp.login("me", "x")
ftp.voidcmd("TYPE I")
have = ftp.size("name") if how == "resume" else None
if have != os.path.getsize(path):
    with open(path, "rb") as file:
        file.seek(have or 0)
        ftp.storbinary("STOR name", file, rest=have)
ftp.quit()
PY
    FIRST=("$python" "$T/put.py" begin "{PORT}" "$SENT")
    RESUME=("$python" "$T/put.py" resume "{PORT}" "$SENT")
}

@test "resume: curl -C - goes on with an upload of 64 MiB that was cut ten times" {
    use_curl
    survives_cuts
}

@test "resume: lftp put -c goes on with an upload of 64 MiB that was cut ten times" {
    use_lftp
    survives_cuts
}

@test "resume: wput goes on with an upload of 64 MiB that was cut ten times" {
    use_wput
    survives_cuts
}

@test "resume: wput goes on in the same session when only its data connection was cut" {
    need wput
    serve
    command -p python3 "$TOP/tests/cut.py" --to "$PORT" --at 12345678 --how data \
        wput --quiet --tries=2 --waitretry=0 "$SENT" "ftp://me:x@127.0.0.1:{PORT}/name"
    same "$SENT" "$ROOT/name"
    wait_for sessions_gone
    nothing_unfinished
    # it sends ABOR
    grep -qE 'Upload failed: /name \([0-9]+ bytes, .*, (reset|aborted)\)' "$T/serve.log"
    [ "$(grep -c 'Accepted connection' "$T/serve.log")" = 1 ]
}

@test "resume: ncftpput -z goes on with an upload of 64 MiB that was cut ten times" {
    use_ncftpput
    survives_cuts
}

@test "resume: Python's storbinary(rest=) goes on with an upload of 64 MiB that was cut ten times" {
    use_ftplib
    survives_cuts
}

@test "resume: an upload that was cut behind its last byte is published by the next attempt (promise 1)" {
    local client how
    head -c 3000000 "$SENT" >"$T/name"
    SENT=$T/name
    serve
    for client in curl lftp wput ncftpput ftplib; do
        "use_$client"
        for how in both kill; do
            command -p python3 "$TOP/tests/cut.py" --to "$PORT" --at 3000000 --how $how "${FIRST[@]}"
            wait_for sessions_gone
            as_before
            # clients take a file for whole, and send nothing, that has as many bytes as theirs
            "${RESUME[@]//\{PORT\}/$PORT}" || fail "$client: status $?"
            wait_for sessions_gone
            same "$SENT" "$ROOT/name" || fail "$client takes it for done"
            nothing_unfinished
            rm "$ROOT/name"
        done
    done
}

# -------------------------------------------------------------------- whole or not

# readers_see_only DIGEST...: reads x again and again while the handler does the steps on standard
# input; every reading must have one of these digests.
readers_see_only() {
    cat >"$T/reader.py" <<'PY'
import hashlib, os, sys, time
path, stop, *digests = sys.argv[1:]
seen = set()
while not os.path.exists(stop):
    with open(path, "rb") as file:
        data = file.read()
    digest = hashlib.sha1(data).hexdigest()
    if digest not in digests:
        sys.exit(f"{len(data)} bytes that were never published")
    seen.add(digest)
    time.sleep(0.001)
print("saw", len(seen))
PY
    spawn "$(command -pv python3)" "$T/reader.py" "$ROOT/x" "$T/stop" "$@"
    local reader=$SPAWN_PID log=$SPAWN_LOG status=0
    talk
    touch "$T/stop"
    wait "$reader" || status=$?
    cat "$log"
    [ "$status" = 0 ] && [ "$(tail -n 1 "$log")" != "saw 0" ]
}

digest() { sha1sum | cut -d ' ' -f 1; }

@test "resume: with --append=copy APPE is one step: readers see the old or the new file (promise 2)" {
    local i step digests=()
    head -c 1000000 /dev/zero >"$ROOT/x"
    cp "$ROOT/x" "$T/expected"
    digests=("$(digest <"$T/expected")")
    for i in {1..8}; do
        pattern 3000000 >>"$T/expected"
        digests+=("$(digest <"$T/expected")")
    done
    step=$(printf '%s\n' '> EPSV' '< 229' '> APPE x' '< 150' 'put@ 3000000' '< 226')
    STORD_APPEND=copy readers_see_only "${digests[@]}" <<STEPS
binary
$(for i in {1..8}; do printf '%s\n' "$step"; done)
STEPS
    same "$T/expected" "$ROOT/x"
    nothing_unfinished
}

@test "resume: REST and STOR on a published file are one step, and when cut change nothing (promise 2)" {
    local step
    head -c 4000000 /dev/zero >"$ROOT/x"
    { head -c 1000000 /dev/zero; pattern 2000000; } >"$T/expected"
    step=$(printf '%s\n' '> REST 1000000' '< 350' '> EPSV' '< 229' '> STOR x' '< 150')
    readers_see_only "$(digest <"$ROOT/x")" "$(digest <"$T/expected")" <<STEPS
binary
$step
put@ 2000000
< 226
> ALLO 3000000
< 200
$step
put half
< 426 fewer
STEPS
    same "$T/expected" "$ROOT/x"
    nothing_unfinished # the file is still there to go on from
}

# ------------------------------------------------------------------- what is left over

# older_than SECONDS FILE: it has not been touched in any way since then
older_than() { [ $(($(date +%s) - $(stat -c %Z "$2"))) -gt "$1" ]; }

@test "resume: tmpfiles.d removes what nobody goes on with, and nothing that was published" {
    need systemd-tmpfiles
    local age=4
    mkdir "$ROOT/d"
    for file in x d/x .hidden; do echo published >"$ROOT/$file"; done
    interrupted old 01234
    interrupted d/old 01234
    # what is remembered of bytes that a dead session added, and of some that were none
    local additions=$ROOT/.stord.unfinished/.stord.additions
    mkdir -p "$additions"
    : >"$additions/0-1-b1-p3-5-0-0-0-0"
    : >"$additions/0-2-b1-e1.2"
    # systemd looks at all times that a file has, and nobody can set them all: the age is shortened
    sed -E "s|/var/lib/stord|$ROOT|; s/ stord stord / root root /; s/^(e .* )[^ ]+\$/\1${age}s/" \
        "$TOP/units/stord.tmpfiles.conf" >"$T/tmpfiles.conf"
    grep "^e $ROOT/\.stord\.unfinished .* ${age}s\$" "$T/tmpfiles.conf"
    while read -r file; do wait_for older_than "$age" "$file"; done < <(find "$ROOT" -type f)
    interrupted young 012
    systemd-tmpfiles --clean "$T/tmpfiles.conf"
    one_unfinished 3
    [ "$(ls "$additions")" = 0-1-b1-p3-5-0-0-0-0 ]
    published_are .hidden d d/x x
    [ "$(cat "$ROOT/x" "$ROOT/d/x" "$ROOT/.hidden" | sort -u)" = published ]
    talk <<'STEPS'
binary
> SIZE young
< 213 ^213 3$
> SIZE old
< 550
> SIZE d/old
< 550
STEPS
}
