# The write-only drop box: who may only upload sees and manages what it uploaded itself in this
# session and its interrupted uploads, and learns nothing of what others have there.
# bats file_tags=slow
# shellcheck shell=bats
load resume

BOX=(--allow "upload,mkdir" --on-conflict rename)

setup() {
    setup_sandbox
    umask 022
    export HOME=$T/home # no settings of whoever runs the tests
    mkdir "$HOME"
}
teardown() { teardown_sandbox; }

# make_foreign NAME...: what somebody else has sent; foreign_is_there NAME...: it is as it was
make_foreign() {
    local name
    for name; do
        mkdir -p "$ROOT/$(dirname "$name")"
        printf 'of others' >"$ROOT/$name"
    done
}
foreign_is_there() {
    local name
    for name; do [ "$(cat "$ROOT/$name")" = 'of others' ] || fail "$name was changed"; done
}

# make_user NAME RIGHTS OPTIONS: one whose password is "secret"
make_user() {
    # shellcheck disable=SC2016 # perl's
    printf '%s:%s:/:%s:%s\n' "$1" "$(perl -e 'print crypt("secret", q($6$rounds=1000$salt))')" "$2" "${3:-}" \
        >>"$T/users"
}

# blind OPTION...: no reply differs where others have files.
blind() {
    command -p python3 "$TOP/tests/blind.py" "$HANDLER" --log-level=error --checksum sha256 "$@" 2>"$T/log" || {
        cat "$T/log" >&2
        return 1
    }
}

@test "dropbox: no verb tells of other people's files, where uploads are kept beside them" {
    blind "${BOX[@]}"
    blind --allow upload --on-conflict rename
    blind --anonymous
}

@test "dropbox: the same where uploads replace" {
    blind --allow upload,mkdir,replace
}

@test "dropbox: the same where uploads may be appended to" {
    blind --allow upload,append --on-conflict rename
    blind --allow upload,append,replace
}

@test "dropbox: without the right to replace, only the refusal to do so tells that a name is taken" {
    blind --allow upload,mkdir
    make_foreign x
    talk --allow upload <<'STEPS'
< 220
> EPSV
< 229
> STOR x
< 553
> SIZE x
< 550
STEPS
    foreign_is_there x
}

@test "dropbox: a client that may see is told: the comparison can fail" {
    command -p python3 "$TOP/tests/blind.py" --seen "$HANDLER" --log-level=error --checksum sha256 \
        --allow upload,mkdir,list,delete
}

@test "dropbox: what was uploaded in this session can be seen, renamed and deleted" {
    make_foreign foreign folder/foreign
    talk "${BOX[@]}" <<'STEPS'
binary
> MKD made
< 257
store one hello
store folder/two hello
> SIZE one
< 213 ^213 5$
> MDTM one
< 213
> MFMT 20200102030405 one
< 213
> MDTM one
< 213 ^213 20200102030405$
> MDTM 20200102030406 one
< 213
> SITE UTIME 20200102030407 one
< 200
> SITE CHMOD 600 one
< 200
> MLST one
< 250 type=file;size=5;modify=20200102030407;perm=[a-z]*d[a-z]*f
fetch LIST =~ ^drwx.* made\r\n-rw-------.* one\r\n$
fetch NLST =~ ^made\r\none\r\n$
fetch MLSD folder =~ ^type=file;size=5;[^\r]* two\r\n$
> STAT folder
< 212 (?s) two\n212 End$
> STAT folder/foreign
< 550 no list right
> RNFR one
< 350
> RNTO made/three
< 250
> SIZE one
< 550
> SIZE made/three
< 213 ^213 5$
> RNFR folder/foreign
< 550 no rename right
> DELE folder/foreign
< 550 no delete right
> RETR made/three
< 550 no read right
> RMD folder
< 550 no delete right
> RMD made
< 550 not empty
> DELE made/three
< 250
> RMD made
< 250
> DELE folder/two
< 250
> DELE folder/two
< 550
STEPS
    root_holds folder folder/foreign foreign
    foreign_is_there foreign folder/foreign
}

@test "dropbox: each right that is missing counts alone" {
    make_foreign foreign
    talk --allow upload,list,rename <<'STEPS'
binary
store own hello
> SIZE foreign
< 213 ^213 9$
> DELE foreign
< 550 no delete right
> RNFR foreign
< 350
> RNTO moved
< 250
> MFMT 20200101000000 moved
< 550 no replace right
> MFMT 20200101000000 own
< 213
> DELE moved
< 550 no delete right
> DELE own
< 250
STEPS
    root_holds moved
}

@test "dropbox: folders are found, and nothing is told of them but that" {
    make_foreign folder/foreign
    talk "${BOX[@]}" <<'STEPS'
< 220
> CWD folder
< 250
> PWD
< 257 "/folder"
> MLST /folder
< 250 (?s) type=dir;perm=\w+; /folder
> MKD /folder
< 550 exists
> SIZE /folder
< 550 not a plain file
> MDTM /folder
< 550 not a plain file
> STAT /
< 212 (?s)^212-Status:\n212 End$
> RNFR /folder
< 550 no rename right
> CWD foreign
< 550 no such file or folder
> CWD nothing
< 550 no such file or folder
STEPS
}

@test "dropbox: a folder of its own with what others put into it is not moved" {
    several "${BOX[@]}" <<'STEPS'
[a] < 220
> MKD mine
< 257
[b] binary
store mine/theirs hello
[a] > RNFR mine
< 550 no rename right
> RMD mine
< 550
> STAT mine
< 212 (?s)^212-Status:\n212 End$
> SIZE mine/theirs
< 550 no list right
STEPS
    root_holds mine mine/theirs
}

@test "dropbox: another session, and the next one, do not see it; nor the same one after REIN" {
    several "${BOX[@]}" <<'STEPS'
[a] binary
store x hello
> SIZE x
< 213
[b] binary
> SIZE x
< 550
> DELE x
< 550
[a] > REIN
< 220
binary
> SIZE x
< 550
> DELE x
< 550
STEPS
    root_holds x
}

@test "dropbox: once it was taken away, somebody else's file of that name is not its own" {
    several "${BOX[@]}" <<'STEPS'
[a] binary
store x hello
run mv "$ROOT/x" "$T/taken"; printf 'of others' >"$ROOT/x"
> SIZE x
< 550 no list right
> STAT .
< 212 (?s)^212-Status:\n212 End$
> MFMT 20200101000000 x
< 550
> DELE x
< 550
> RNFR x
< 550
STEPS
    foreign_is_there x
}

@test "dropbox: the name of its own can be changed between RNFR and RNTO by nobody" {
    several "${BOX[@]}" <<'STEPS'
[a] binary
store x hello
> RNFR x
< 350
run mv "$ROOT/x" "$T/taken"; printf 'of others' >"$ROOT/x"
> RNTO y
< 550
STEPS
    foreign_is_there x
    root_holds x
}

@test "dropbox: kept beside a file of that name, it is managed by the name that the client gave" {
    make_foreign x.pdf y.pdf
    talk "${BOX[@]}" <<'STEPS'
binary
> EPSV
< 229
> STOR x.pdf
< 150 ^150 File status okay; about to open data connection$
put hello
< 226 ^226 File uploaded successfully$
> SIZE x.pdf
< 213 ^213 5$
> STAT .
< 212 (?s)^212-Status:\n[^\n]* x.pdf\n212 End$
> MFMT 20200102030405 x.pdf
< 213
> RNFR x.pdf
< 350
> RNTO y.pdf
< 250
> MLST y.pdf
< 250 size=5;modify=20200102030405;
STEPS
    foreign_is_there x.pdf y.pdf
    [[ $(cd "$ROOT" && echo *) =~ ^x.pdf\ y-[0-9a-f]{8}.pdf\ y.pdf$ ]] || fail "$(ls "$ROOT")"
    [ "$(cat "$ROOT"/y-*.pdf)" = hello ]
    logged 'File uploaded: /x-[0-9a-f]{8}.pdf'
    logged 'Renamed: /x-[0-9a-f]{8}.pdf to /y-[0-9a-f]{8}.pdf'
}

@test "dropbox: no file gets the name of a folder of its own, and the session goes on" {
    talk "${BOX[@]}" <<'STEPS'
binary
> MKD a
< 257
> EPSV
< 229
> STOR a
< 553 folder
store f hello
> RNFR f
< 350
> RNTO a
< 553 folder
> RNFR f
< 350
> RNTO a/f
< 250
> RMD a
< 550 not empty
> DELE a/f
< 250
> RMD a
< 250
STEPS
    # what a consumer took away of a folder does not hinder
    several --allow upload,mkdir,replace <<'STEPS'
[a] binary
> MKD d
< 257
store d/x hello
run rm -r "$ROOT/d"; printf file >"$ROOT/d"
store d hello
> RNFR d
< 350
> RNTO d
< 250
> NOOP
< 200
STEPS
}

@test "dropbox: a client's umask does not take its interrupted uploads from it" {
    as_nobody "${BOX[@]}" <<'STEPS'
binary
> SITE UMASK 777
< 200
> ALLO 100
< 200
store x hello < 426
> SIZE x
< 213 ^213 4$
STEPS
}

@test "dropbox: a file whose new name could not be synced is found under it" {
    make_foreign y
    : >"$T/trace"
    # shellcheck disable=SC2034 # talk reads it; leaks cannot be looked for under strace
    local WRAP=(env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e trace=fsync -e inject=fsync:error=EIO:when=3+)
    talk --allow upload --on-conflict=rename <<'STEPS'
binary
store x hello
> RNFR x
< 350
> RNTO z
< 451
> SIZE x
< 550
> SIZE z
< 213 ^213 5$
STEPS
    [ "$(cat "$ROOT/z")" = hello ]
    foreign_is_there y
}

@test "dropbox: STOU's name tells nothing, and the client can use it" {
    make_foreign x
    several "${BOX[@]}" <<'STEPS'
[a] binary
> EPSV
< 229
> STOU x
< 150
take NAME ^150 FILE: (x-[0-9a-f]{8})$
put hello
< 226
> SIZE {NAME}
< 213 ^213 5$
> EPSV
< 229
> STOU nothing
< 150 FILE: nothing-
put
< 226
> DELE {NAME}
< 250
STEPS
    foreign_is_there x
}

@test "dropbox: an interrupted upload is seen and gone on with, by its owner only" {
    make_foreign x
    "${BASH:?}" -c 'printf "ALLO 10\r\nSTOR x\r\n01234"' |
        TCPREMOTEIP=127.0.0.1 "$HANDLER" --root "$ROOT" "${BOX[@]}" 2>>"$T/log" |
        grep ^426
    talk "${BOX[@]}" <<'STEPS'
binary
> SIZE x
< 213 ^213 4$
> STAT .
< 212 (?s)^212-Status:\n[^\n]* 4 [^\n]* x\n212 End$
> RNFR x
< 550 interrupted
> REST 4
< 350
store x 456789
> SIZE x
< 213 ^213 10$
STEPS
    foreign_is_there x
    [ "$(cat "$ROOT"/x-*)" = 0123456789 ]
    # an upload that failed without a byte does not tell by a marker that a file is there
    talk "${BOX[@]}" <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
reset
< 426
> SIZE x
< 550
STEPS
}

@test "dropbox: anonymous clients go on with what came from their own address" {
    serve --anonymous
    cat >"$T/anonymous.py" <<'PY'
import ftplib, io, sys
port, source, size = sys.argv[1:]
with ftplib.FTP(source_address=(source, 0)) as ftp:
    ftp.connect("127.0.0.1", int(port))
    ftp.login()
    ftp.voidcmd("TYPE I")
    try:
        found = ftp.size("x")
    except ftplib.error_perm:
        found = None
    assert str(found) == size, found
    if found is None:
        ftp.voidcmd("ALLO 10")
        try:
            ftp.storbinary("STOR x", io.BytesIO(b"01234"))
        except ftplib.error_temp:
            pass
PY
    python3 "$T/anonymous.py" "$PORT" 127.0.0.2 None
    python3 "$T/anonymous.py" "$PORT" 127.0.0.2 4
    python3 "$T/anonymous.py" "$PORT" 127.0.0.3 None
    python3 "$T/anonymous.py" "$PORT" 127.0.0.3 4
}

@test "dropbox: relayed anonymous clients go on with what came from their own address, all of it" {
    local address
    for address in 2001:db8:1::1 2001:db8:1::2 192.0.2.1 192.0.2.10 some:host:1 some:host:2; do
        printf 'USER ftp\r\nPASS x\r\nTYPE I\r\nSIZE x\r\nALLO 10\r\nSTOR x\r\n01234' |
            TCPREMOTEIP=$address "$HANDLER" --root "$ROOT" --anonymous 2>>"$T/log" >"$T/replies"
        grep '^550' "$T/replies" && grep '^426' "$T/replies" || fail "$address: $(cat "$T/replies")"
        printf 'USER ftp\r\nPASS x\r\nTYPE I\r\nSIZE x\r\nQUIT\r\n' |
            TCPREMOTEIP=$address "$HANDLER" --root "$ROOT" --anonymous 2>>"$T/log" >"$T/replies"
        grep '^213' "$T/replies" || fail "$address: $(cat "$T/replies")"
    done
}

@test "dropbox: without login, interrupted uploads are of an address where nobody may see" {
    serve "${BOX[@]}"
    cat >"$T/address.py" <<'PY'
import ftplib, io, sys
port, source, step = sys.argv[1:]
def refused(call, *arguments):
    try:
        return call(*arguments) and False
    except ftplib.Error as error:
        return str(error)
with ftplib.FTP(source_address=(source, 0)) as ftp:
    ftp.connect("127.0.0.1", int(port))
    ftp.voidcmd("TYPE I")
    if step == "cut":
        ftp.voidcmd("ALLO 10")
        assert "426" in refused(ftp.storbinary, "STOR x", io.BytesIO(b"01234"))
    elif step == "other":
        assert refused(ftp.size, "x") and refused(ftp.delete, "x")
        assert "x" not in ftp.sendcmd("STAT .").split("\n", 1)[1]
    else:
        assert ftp.size("x") == 4
        ftp.delete("x")
PY
    python3 "$T/address.py" "$PORT" 127.0.0.2 cut
    python3 "$T/address.py" "$PORT" 127.0.0.3 other
    python3 "$T/address.py" "$PORT" 127.0.0.2 own
}

@test "dropbox: a hundred files in one session, each is found again" {
    local i
    {
        printf 'TYPE I\r\n'
        for ((i = 0; i < 100; i++)); do printf 'ALLO 3\r\nSTOR f%d\r\n%03d' "$i" "$i"; done
        for ((i = 0; i < 100; i++)); do printf 'SIZE f%d\r\n' "$i"; done
        printf 'DELE f50\r\nSTAT .\r\nQUIT\r\n'
    } | "$HANDLER" --root "$ROOT" --log-level=error "${BOX[@]}" >"$T/replies"
    [ "$(grep -c '^226' "$T/replies")" = 100 ]
    [ "$(grep -c '^213 3' "$T/replies")" = 100 ]
    [ "$(grep -c '^ -rw' "$T/replies")" = 99 ]
}

# What clients do to a box in which files of the same names are already.

fill_box() {
    mkdir -p "$T/tree/sub" # what is sent
    random_file "$T/tree/one" 100000
    random_file "$T/tree/sub/two words" 5
    : >"$T/tree/sub/empty"
    make_foreign one box/one box/sub/two\ words box/foreign
    ls -lR --time-style=full-iso "$ROOT/box" >"$T/before"
}

# arrived FILE FOLDER: below that folder of the root there is FILE, under some name.
arrived() {
    local file
    while read -r -d '' file; do
        if cmp -s "$1" "$file"; then return 0; fi
    done < <(find "$ROOT/$2" -type f -print0)
    fail "$1 is not in $2"
}

box_is_good() {
    arrived "$T/tree/one" "$1"
    arrived "$T/tree/sub/two words" "$1"
    foreign_is_there one box/one box/sub/two\ words box/foreign
}

# rclone uploads over several connections at once, and looks at what came over others.
@test "dropbox: rclone copy, of a user, over several connections" {
    need rclone
    fill_box
    local i remote
    for ((i = 0; i < 20; i++)); do random_file "$T/tree/file $i" 1000; done
    make_user box upload,mkdir on-conflict=rename
    serve --users "$T/users"
    remote=":ftp,host=127.0.0.1,port=$PORT,user=box,pass='$(rclone obscure secret)':"
    rclone copy "$T/tree" "${remote}box" --retries 1 --transfers 4
    box_is_good box
    for ((i = 0; i < 20; i++)); do arrived "$T/tree/file $i" box; done
    [ "$(grep -c 'Accepted connection' "$T/serve.log")" -gt 2 ]
    wait_for sessions_gone
    nothing_unfinished # but for empty files nothing that they shared is left
}

@test "dropbox: rclone copy, anonymous, over one connection; and into a box that replaces" {
    need rclone
    fill_box
    serve --anonymous
    remote=":ftp,host=127.0.0.1,port=$PORT,user=anonymous,pass='$(rclone obscure x)':"
    rclone copy "$T/tree" "${remote}box" --retries 1 --transfers 1 --checkers 1
    box_is_good box
    serve --allow upload,mkdir,replace
    remote=":ftp,host=127.0.0.1,port=$PORT,user=me,pass='$(rclone obscure x)':"
    rclone copy "$T/tree" "${remote}box" --retries 1 --transfers 1 --checkers 1
    same "$T/tree/one" "$ROOT/box/one"
    same "$T/tree/sub/two words" "$ROOT/box/sub/two words"
}

@test "dropbox: SITE CHMOD sets the mode of an own folder, and tells nothing of another one" {
    mkdir -m 755 "$ROOT/foreign"
    talk --allow=upload,mkdir,replace <<'STEPS'
< 220
> MKD own
< 257
> SITE CHMOD 750 own
< 200 set to 750$
mode own 750
> SITE CHMOD 750 foreign
< 550 Failed to set mode: permission denied \(no list right, and it was not uploaded in this session\)$
> SITE CHMOD 750 none
< 550 Failed to set mode: permission denied \(no list right, and it was not uploaded in this session\)$
mode foreign 755
STEPS
}

@test "dropbox: LIST -a shows that a folder is there, whatever others put into it" {
    mkdir "$ROOT/foreign" "$ROOT/foreign/theirs"
    local again
    for again in 1 2 3; do
        talk --allow=upload,mkdir <<'STEPS'
< 220
fetch LIST -la =~ ^drwxrwxrwx +2 ftp +ftp +0 Jan +1 +1970 \.\r\ndrwxrwxrwx +2 ftp +ftp +0 Jan +1 +1970 \.\.\r\n$
> CWD foreign
< 250
fetch LIST -al =~ ^drwxrwxrwx +2 ftp +ftp +0 Jan +1 +1970 \.\r\ndrwxrwxrwx +2 ftp +ftp +0 Jan +1 +1970 \.\.\r\n$
STEPS
        mkdir "$ROOT/foreign/more$again" "$ROOT/more$again"
        touch "$ROOT/file$again"
    done
}

@test "dropbox: lftp put and mirror" {
    need lftp
    fill_box
    serve --anonymous
    lftp -c "set net:max-retries 1; open -p $PORT -u anonymous,x 127.0.0.1; cd box && put \"$T/tree/one\" && mirror -R \"$T/tree\" new"
    arrived "$T/tree/one" box
    arrived "$T/tree/sub/two words" box/new
    lftp -c "set net:max-retries 1; set xfer:use-temp-file yes; open -p $PORT -u anonymous,x 127.0.0.1; put \"$T/tree/sub/two words\""
    arrived "$T/tree/sub/two words" .
    foreign_is_there one box/one box/sub/two\ words box/foreign
}

@test "dropbox: ncftpput and wput" {
    need ncftpput wput
    fill_box
    serve --anonymous
    (cd "$T/tree" && ncftpput -V -t 20 -u anonymous -p x -P "$PORT" 127.0.0.1 /box one)
    arrived "$T/tree/one" box
    (cd "$T/tree" && ncftpput -R -m -V -t 20 -u anonymous -p x -P "$PORT" 127.0.0.1 /ncftp sub)
    arrived "$T/tree/sub/two words" ncftp
    (cd "$T/tree" && wput --quiet --tries=1 one "ftp://anonymous:x@127.0.0.1:$PORT/wput/deep/")
    arrived "$T/tree/one" wput/deep
    (cd "$T/tree" && wput --quiet --tries=1 one "ftp://anonymous:x@127.0.0.1:$PORT/box/sub/")
    arrived "$T/tree/one" box/sub
    foreign_is_there one box/one box/sub/two\ words box/foreign
}

@test "dropbox: curl, with and without making folders, and busybox ftpput" {
    need curl busybox
    fill_box
    serve --anonymous
    curl -sS -T "$T/tree/one" "ftp://127.0.0.1:$PORT/box/"
    arrived "$T/tree/one" box
    curl -sS --ftp-create-dirs -T "$T/tree/one" "ftp://127.0.0.1:$PORT/box/new/deep/one"
    arrived "$T/tree/one" box/new/deep
    busybox ftpput -u anonymous -p x -P "$PORT" 127.0.0.1 "box/sub/two words" "$T/tree/sub/two words"
    box_is_good box
}

@test "dropbox: what a user uploads over one connection is its own in the others, while one is open" {
    make_user box upload,mkdir on-conflict=rename
    make_user other upload,mkdir
    make_foreign x
    log_in() { printf '%s\n' '< 220' "> USER $1" '< 331' '> PASS secret' '< 230' '> TYPE I' '< 200'; }
    several --users "$T/users" <<STEPS
[a] $(log_in box | sed '2,$s/^/[a] /')
[b] $(log_in box | sed '2,$s/^/[b] /')
[o] $(log_in other | sed '2,$s/^/[o] /')
[a] store x hello
[b] > SIZE x
< 213 ^213 5\$
> STAT .
< 212 (?s)^212-Status:\n[^\n]* x\n212 End\$
> RNFR x
< 350
> RNTO y
< 250
[a] > SIZE x
< 550
> SIZE y
< 213 ^213 5\$
[o] > SIZE y
< 550 no list right
> SIZE x
< 550 no list right
[a] > QUIT
< 221
closed
[c] $(log_in box | sed '2,$s/^/[c] /')
[c] > SIZE y
< 213 ^213 5\$
> DELE y
< 250
[b] > SIZE y
< 550
store z hello
> QUIT
< 221
closed
[c] > SIZE z
< 213
> QUIT
< 221
closed
[d] $(log_in box | sed '2,$s/^/[d] /')
[d] > SIZE z
< 550
STEPS
    foreign_is_there x
}

@test "dropbox: folders made and removed beside another connection do not fill the disk" {
    local deep name shared i
    make_user me upload,mkdir quota=1M
    name=$(printf 'n%.0s' {1..250})
    deep=/$name shared=$ROOT/.stord.unfinished/.stord.shared/u.me
    {
        printf '%s\n' '[other] < 220' '> USER me' '< 331' '> PASS secret' '< 230' \
            '[me] < 220' '> USER me' '< 331' '> PASS secret' '< 230' '> MKD mine' '< 257'
        for i in {1..15}; do
            printf '> MKD %s\n< 257\n' "$deep"
            deep+=/$name
        done
        for i in {1..100}; do printf '> MKD %s\n< 257\n> RMD %s\n< 250\n' "$deep" "$deep"; done
        printf '%s\n' "run [ \$(cat $shared/* | wc -c) -lt 200000 ]" \
            '[other] > RMD mine' '< 250' '> MKD yours' '< 257' '[me] > RMD yours' '< 250'
    } >"$T/steps"
    several --users "$T/users" <"$T/steps"
}

@test "dropbox: connections of a user that log in at the same moment share what they upload" {
    need strace
    make_user box upload,mkdir on-conflict=rename
    # shellcheck disable=SC2034 # for session.bash; leaks cannot be looked for under strace
    local WRAP=(env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e trace=ftruncate -e inject=ftruncate:delay_enter=700000)
    several --users "$T/users" <<'STEPS'
[a] < 220
> USER box
< 331
[b] < 220
> USER box
< 331
[a] > PASS secret
[b] > PASS secret
[a] < 230
> MKD x
< 257
[b] < 230
> RMD x
< 250
STEPS
    not_logged 'other connections are no longer known'
}

# Of the recorded dialogues, those that go on with or look at what was there before cannot be had.
NEED_SIGHT=" cisco curl-resume erlang ip-camera-overwrite kermit-recover kio-overwrite lftp-put-c php-stream python-ftplib-rest scanner winscp "

@test "dropbox: every client and device that only uploads is answered as it needs it" {
    local file name status
    for file in "$TOP"/tests/dialogues/*.txt; do
        find "$ROOT" -mindepth 1 -delete
        name=$(basename "$file" .txt) status=0
        command -p python3 "$TOP/tests/dialogue.py" "$file" "$HANDLER" --root "$ROOT" "${BOX[@]}" \
            2>"$T/log" || status=$?
        if [[ $NEED_SIGHT = *" $name "* ]]; then
            [ "$status" = 1 ] || fail "$name needs no sight"
        else
            [ "$status" = 0 ] || fail "$(grep -v '^stord\[' "$T/log")"
        fi
    done
}
