# Sessions are not root's (promise 6): who is started as root becomes somebody else, and everything works
# for somebody who has no privileges.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load tls
load superservers

setup() {
    need_root 'gives it up'
    setup_sandbox
    unset STORD_USER
    # Where other users may run it
    install -D -m 0755 "$HANDLER" "$T/bin/handler"
    install -m 0755 "${HANDLER%/*}"/stord-*.so "$T/bin/"
    SERVER=$T/bin/handler
    # The machine's users, and two more: one of them in a group more than its own
    (grep -v '^stord:' /etc/passwd; echo 'stord:x:54321:54321::/:/bin/false'
        echo 'inbox:x:54322:54322::/:/bin/false') >"$T/passwd"
    (grep -v '^stord:' /etc/group; printf '%s:x:%s:%s\n' stord 54321 '' inbox 54322 '' partners 54323 stord) >"$T/group"
}
teardown() { teardown_sandbox; }

# The machine has these users for COMMAND..., and for nobody else
with_users() {
    # shellcheck disable=SC2016
    unshare --mount --propagation private sh -ec \
        'mount --bind "$0/passwd" /etc/passwd; mount --bind "$0/group" /etc/group; exec "$@"' "$T" "$@"
}

# spawn_with_users COMMAND...: the same, as spawn
spawn_with_users() {
    # shellcheck disable=SC2016
    spawn unshare --mount --propagation private sh -ec \
        'mount --bind "$0/passwd" /etc/passwd; mount --bind "$0/group" /etc/group; exec "$@"' "$T" "$@"
}

# ------------------------------------------------------------- super-servers

# root_NAME [OPTION...]: that super-server, as root, on $PORT, with sessions that have these options
root_tcpserver() {
    free_port
    spawn_with_users tcpserver -v -H -R -l localhost 127.0.0.1 "$PORT" "$SERVER" --root "$ROOT" "$@"
    wait_port "$PORT" 127.0.0.1
}

root_tcpsvd() {
    free_port
    spawn_with_users tcpsvd -v -l localhost 127.0.0.1 "$PORT" "$SERVER" --root "$ROOT" "$@"
    wait_port "$PORT" 127.0.0.1
}

root_inetd() {
    local inetd
    inetd=$(peer_program inetd)
    free_port
    printf '127.0.0.1:%s stream tcp nowait root %s handler --root %s\n' "$PORT" "$SERVER" "$ROOT $*" >"$T/inetd.conf"
    spawn_with_users "$inetd" -d "$T/inetd.conf"
    wait_port "$PORT" 127.0.0.1
}

root_xinetd() {
    local xinetd
    xinetd=$(peer_program xinetd)
    free_port
    sed -e '/^service stord-tls/,$d' -e "s|^\([[:space:]]*port[[:space:]]*=\).*|\1 $PORT|" \
        -e "s|^\([[:space:]]*user[[:space:]]*=\).*|\1 root|" \
        -e "s|^\([[:space:]]*server[[:space:]]*=\).*|\1 $SERVER|" \
        -e "s|STORD_ROOT=.*|STORD_ROOT=$ROOT|" -e "s|^}|server_args = $*\n}|" \
        "$TOP/xinetd.d/stord" >"$T/xinetd.conf"
    [ $# -gt 0 ] || sed -i '/^server_args/d' "$T/xinetd.conf"
    spawn_with_users "$xinetd" -dontfork -f "$T/xinetd.conf" -pidfile "$T/xinetd.pid" -filelog "$T/xinetd.log"
    wait_port "$PORT" 127.0.0.1
}

# find_session PID: sets SESSION to the one of a connection that is there, and HELPERS to those it has
find_session() {
    local pid
    SESSION='' HELPERS=()
    for pid in $(process_tree "$1"); do
        [ "/proc/$pid/exe" -ef "$SERVER" ] || continue
        if [ "/proc/$(process_status "$pid" PPid)/exe" -ef "$SERVER" ]; then HELPERS+=("$pid"); else SESSION=$pid; fi
    done
    [ -n "$SESSION" ] || fail 'there is no session'
}

# is_that_of PID UID GID GROUPS: and has nothing of root
is_that_of() {
    cat "/proc/$1/status"
    [ "$(process_status "$1" Uid)" = "$2 $2 $2 $2" ]
    [ "$(process_status "$1" Gid)" = "$3 $3 $3 $3" ]
    [ "$(process_status "$1" Groups | tr ' ' '\n' | sort -n | paste -sd ' ')" = "$4" ]
    for field in CapInh CapPrm CapEff CapAmb; do
        [ "$(process_status "$1" $field)" = 0000000000000000 ]
    done
}

# serves_as UID GID GROUPS: sessions of the super-server that was started are that user's, before their
# first command and when they store something
serves_as() {
    local wire greeting
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r greeting <&"$wire"
    [[ $greeting == 220\ * ]]
    find_session "$SPAWN_PID"
    is_that_of "$SESSION" "$@"
    exec {wire}>&-
    random_file "$T/sent" 30000
    curl -sS -T "$T/sent" "ftp://127.0.0.1:$PORT/got"
    same "$T/sent" "$ROOT/got"
    [ "$(stat -c '%u %g' "$ROOT/got")" = "$1 $2" ]
    rm "$ROOT/got"
}

@test "started as root by any super-server, a session is the user stord with its groups" {
    local name
    need tcpserver tcpsvd
    for name in tcpserver tcpsvd inetd xinetd; do
        echo "# $name"
        "root_$name"
        serves_as 54321 54321 '54321 54323'
        kill_spawned
        rm -rf "$ROOT/.stord.unfinished"
    done
}

@test "--user and STORD_USER say whom to become" {
    local name
    for name in tcpserver tcpsvd inetd xinetd; do
        echo "# $name"
        "root_$name" --user inbox
        serves_as 54322 54322 54322
        kill_spawned
        rm -rf "$ROOT/.stord.unfinished"
    done
    export STORD_USER=inbox
    root_tcpserver
    serves_as 54322 54322 54322
}

@test "--user and a number: a user that the machine need not know, with a group or without" {
    local case
    # what is asked for; uid, gid and all groups
    while IFS='|' read -r case uid gid groups; do
        echo "# $case"
        root_tcpserver --user "$case"
        serves_as "$uid" "$gid" "$groups"
        kill_spawned
        rm -rf "$ROOT/.stord.unfinished"
    done <<'CASES'
12345|12345|12345|12345
12345:678|12345|678|678
12345:0|12345|0|0
54321|54321|54321|54321 54323
54321:678|54321|678|678
4294967294|4294967294|4294967294|4294967294
CASES
    STORD_USER=12345:678 root_tcpserver
    serves_as 12345 678 678
    kill_spawned
    # root under another name, and what is no number
    for case in 0 0:0 00 4294967295 4294967296 18446744073709551617 -1 +5 12345: 12345:x :678 12345:678: 12345:-1 0x10 5.5 stord:54323; do
        root_tcpserver --user "$case"
        [ "$(first_code)" = 421 ] || fail "$case"
        wait_for grep -qF "there is no user $case to become: see --user" "$SPAWN_LOG"
        kill_spawned
    done
}

@test "a user whose name is a number is meant before the number" {
    echo '12345:x:54324:54324::/:/bin/false' >>"$T/passwd"
    root_tcpserver --user 12345
    serves_as 54324 54324 54324
}

@test "what is no user in /etc/passwd, and a user that nobody can become, are not served as" {
    # what setresuid takes for "as before", by which root would stay root; and lines for NIS
    printf '%s\n' last:x:4294967295:5::/:/bin/false group:x:54325:4294967295::/:/bin/false \
        +nis:x:54326:54326::/:/bin/false -nis:x:54327:54327::/:/bin/false >>"$T/passwd"
    for case in last group +nis -nis; do
        root_tcpserver --user="$case"
        [ "$(first_code)" = 421 ] || fail "$case"
        wait_for grep -qF "there is no user $case to become: see --user" "$SPAWN_LOG"
        kill_spawned
    done
}

@test "--user root: sessions are root's" {
    root_tcpserver --user root
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r greeting <&"$wire"
    find_session "$SPAWN_PID"
    [ "$(process_status "$SESSION" Uid)" = '0 0 0 0' ]
    exec {wire}>&-
    curl -sS -T "$SERVER" "ftp://127.0.0.1:$PORT/got"
    same "$SERVER" "$ROOT/got"
    [ "$(stat -c %u "$ROOT/got")" = 0 ]
}

@test "who is not root becomes nobody else, whatever --user says" {
    free_port
    spawn_with_users setpriv --reuid inbox --regid inbox --clear-groups \
        tcpserver -v -H -R -l localhost 127.0.0.1 "$PORT" "$SERVER" --root "$ROOT" --user stord
    wait_port "$PORT" 127.0.0.1
    serves_as 54322 54322 ''
}

# first_code: of what a client is told first
first_code() { printf 'QUIT\r\n' | socat -t 10 - "TCP:127.0.0.1:$PORT" 2>>"$T/log" | head -n 1 | cut -c1-3; }

# refused_without_user: a client is told so, nothing is stored, the log says why (USER is not there)
refused_without_user() {
    local log=$SPAWN_LOG
    printf 'ALLO 5\r\nSTOR x\r\nhello' | socat -t 10 - "TCP:127.0.0.1:$PORT" >"$T/replies" || :
    cat "$T/replies"
    [ "$(tr -d '\r' <"$T/replies")" = "421 Service not available: see the server's log" ]
    wait_for grep -qF "started as root, and there is no user $1 to become: see --user" "$log"
    wait_for grep -Eq "end [0-9]+ (status $((78 * 256))|exit 78)$" "$log"
    [ -z "$(ls -A "$ROOT")" ]
}

@test "started as root, without the user to become: nobody is served" {
    root_tcpserver --user ghost
    refused_without_user ghost
    root_tcpsvd --user ghost
    refused_without_user ghost
    sed -i '/^stord:/d' "$T/passwd"
    root_tcpserver
    refused_without_user stord
}

@test "started by hand, on a pipe, in somebody's folder: the session is theirs, and spoils it for nobody" {
    chown 54321:54321 "$ROOT"
    printf 'ALLO 9\r\nSTOR half\r\nhello' | with_users "$SERVER" --root "$ROOT" >"$T/replies" 2>"$T/log"
    printf 'STOR whole\r\nhello' | with_users "$SERVER" --root "$ROOT" >>"$T/replies" 2>>"$T/log"
    grep -q '^226 ' "$T/replies"
    [ "$(find "$ROOT" -printf '%u\n' | sort -u)" = 54321 ]
    if grep 'as root' "$T/log"; then fail "it served as root"; fi
    users "me:$(hash secret):/:upload:quota=1M"
    chmod 644 "$T/users"
    printf 'USER me\r\nPASS secret\r\nSTOR more\r\nhello' |
        setpriv --reuid 54321 --regid 54321 --clear-groups "$SERVER" --root "$ROOT" --users "$T/users" >"$T/replies"
    grep -q '^226 ' "$T/replies"
}

@test "started by hand, on a pipe: --user is obeyed" {
    mkdir -m 0777 "$T/empty"
    printf 'STOR hello\r\nhello\n' | with_users "$SERVER" --root "$T/empty" --user stord >"$T/replies" 2>"$T/log"
    grep -q '^226 ' "$T/replies"
    [ "$(stat -c %u "$T/empty/hello")" = 54321 ]
    printf 'QUIT\r\n' | with_users "$SERVER" --root "$T/empty" --user ghost >"$T/replies" 2>"$T/log" && fail "ghost was served"
    grep -q '^421 ' "$T/replies"
}

@test "a user that does not exist is refused where it is set, root or not" {
    printf 'QUIT\r\n' >"$T/quit"
    run -78 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups env STORD_USER=/etc/stord/users "$SERVER" --root "$ROOT" <"$T/quit"
    # shellcheck disable=SC2154
    [[ $stderr == *'there is no user /etc/stord/users (is --users meant?)'* ]]
    run -78 setpriv --reuid 65534 --regid 65534 --clear-groups "$SERVER" --check --root "$ROOT" --user ghost
    [[ $output == *'error: user: there is no user ghost'* ]]
    for user in nobody root 65534 54321:54321; do
        run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$SERVER" --root "$ROOT" --user "$user" <"$T/quit"
    done
}

# ------------------------------------------------------- what root alone may read

@test "users file and key are read before root is given up" {
    make_ca
    make_certificate tls
    users "me:$(hash secret):/me:upload,list:"
    chmod 600 "$T/tls.key"
    [ "$(stat -c '%u %a' "$T/users" "$T/tls.key" | sort -u)" = '0 600' ]
    local options=(--users "$T/users" --tls require --tls-cert "$T/tls.crt" --tls-key "$T/tls.key")
    root_tcpserver "${options[@]}"
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r greeting <&"$wire"
    find_session "$SPAWN_PID"
    [ "${#HELPERS[@]}" = 1 ]
    for pid in "$SESSION" "${HELPERS[@]}"; do is_that_of "$pid" 54321 54321 '54321 54323'; done
    exec {wire}>&-
    random_file "$T/sent" 30000
    curl -sS --ssl-reqd --cacert "$T/ca.crt" -u me:secret -T "$T/sent" "ftp://localhost:$PORT/got"
    same "$T/sent" "$ROOT/me/got"
    [ "$(stat -c '%u %g' "$ROOT/me" "$ROOT/me/got" | sort -u)" = '54321 54321' ]
    # Somebody who was never root cannot
    free_port
    spawn_with_users setpriv --reuid stord --regid stord --init-groups \
        tcpserver -v -H -R -l localhost 127.0.0.1 "$PORT" "$SERVER" --root "$ROOT" "${options[@]}"
    wait_port "$PORT" 127.0.0.1
    [ "$(first_code)" = 421 ]
}

@test "the root folder is not opened as root" {
    chmod 700 "$ROOT"
    root_tcpserver
    [ "$(first_code)" = 421 ]
    wait_for grep -q "Cannot start: root $ROOT: Permission denied" "$SPAWN_LOG"
    chown 54321 "$ROOT"
    serves_as 54321 54321 '54321 54323'
}

# ------------------------------------------------------------------------ by hand

@test "started by hand, on a pipe, root stays root" {
    mkdir "$T/empty"
    cd "$T/empty"
    # Whether there is a user stord or not
    printf 'STOR hello.txt\r\nhello\n' | with_users "$SERVER" >"$T/replies" 2>"$T/log"
    grep -q '^226 ' "$T/replies"
    [ "$(cat ftpserver/hello.txt)" = hello ]
    [ "$(stat -c %u ftpserver ftpserver/hello.txt | sort -u)" = 0 ]
    grep -q 'Serving as root: ' "$T/log"
    sed -i '/^stord:/d' "$T/passwd"
    printf 'STOR hello2.txt\r\nhello\n' | with_users "$SERVER" >"$T/replies" 2>"$T/log"
    grep -q '^226 ' "$T/replies"
    [ "$(cat ftpserver/hello2.txt)" = hello ]
}

# socat EXEC: the client's connection is not ours, but somebody's at a network
root_socat() {
    free_port
    spawn_with_users socat -d -d "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork" "EXEC:'$SERVER --root $ROOT'$1"
    wait_port "$PORT" 127.0.0.1
}

@test "a connection that socat relays is not by hand" {
    local kind
    for kind in ,pipes '' ,nofork; do
        root_socat "$kind"
        printf 'ALLO 5\r\nSTOR x\r\nhelloQUIT\r\n' | socat -t 10 - "TCP:127.0.0.1:$PORT" >"$T/replies"
        cat "$T/replies"
        grep -q '^226 ' "$T/replies"
        [ "$(stat -c %u "$ROOT/x")" = 54321 ]
        rm -r "$ROOT/x" "$ROOT"/.stord.* 2>/dev/null || :
    done
    sed -i '/^stord:/d' "$T/passwd"
    for kind in ,pipes '' ,nofork; do
        root_socat "$kind"
        printf 'ALLO 5\r\nSTOR x\r\nhello' | socat -t 10 - "TCP:127.0.0.1:$PORT" >"$T/replies" || :
        # socat itself may end before it has passed the reply on
        if grep -v '^421 ' "$T/replies"; then fail 'somebody was served'; fi
        wait_for grep -q 'Cannot start: started as root, and there is no user stord' "$SPAWN_LOG"
        [ -z "$(ls -A "$ROOT")" ]
    done
}

# ------------------------------------------------------- somebody without privileges

# serve_nobody [OPTION...]: serve, with sessions that nobody runs
serve_nobody() {
    printf '#!/bin/sh\nexec setpriv --reuid nobody --regid 65534 --clear-groups %s "$@"\n' "$SERVER" >"$T/as-nobody"
    chmod +x "$T/as-nobody"
    HANDLER=$T/as-nobody serve "$@"
}

# everything KINDS FILE CURL_OPTION...: that file goes there and back over these kinds of data
# connections (options of curl, one kind a line), and is managed
everything() {
    local kinds=$1 sent=$2 kind url=ftp://localhost:$PORT
    shift 2
    while read -ra kind; do
        echo "# ${kind[*]}"
        curl -4 -sS "$@" "${kind[@]}" -T "$sent" "$url/sent" -Q '-SITE CHMOD 640 sent' -Q '-MFMT 20200102030405 sent'
        curl -4 -sS "$@" "${kind[@]}" -o "$T/back" "$url/sent"
        same "$sent" "$T/back"
        curl -4 -sS "$@" "${kind[@]}" "$url/" >"$T/list"
        grep -q '^-rw-r-----.* sent' "$T/list"
        curl -4 -sS "$@" "${kind[@]}" -Q 'MKD folder' -Q 'RNFR sent' -Q 'RNTO folder/renamed' \
            -Q 'DELE folder/renamed' -Q 'RMD folder' "$url/" >"$T/list"
        if grep sent "$T/list"; then fail 'it is still there'; fi
    done <<<"$kinds"
    curl -4 -sS "$@" -T "$sent" "$url/made/here/" --ftp-create-dirs
    curl -4 -sS "$@" --append -T "$sent" "$url/made/here/${sent##*/}"
}

PASSIVE='--ftp-pasv
--ftp-pasv --disable-epsv'
ACTIVE='--ftp-port 127.0.0.1
--ftp-port 127.0.0.1 --disable-eprt'
ALL=upload,append,replace,list,read,mkdir,rename,delete

@test "everything works for nobody" {
    random_file "$T/file" 300000
    serve_nobody --require-confinement --allow "$ALL"
    everything "$PASSIVE
$ACTIVE" "$T/file"
    cat "$T/file" "$T/file" >"$T/twice"
    same "$T/twice" "$ROOT/made/here/file"
    [ "$(stat -c %U "$ROOT/made/here/file")" = nobody ]
}

@test "everything works for nobody, after a login and under TLS" {
    make_ca
    make_certificate tls
    random_file "$T/file" 300000
    users "me:$(hash secret):/me:$ALL:quota=10M"
    chown nobody "$T/users" "$T/tls.key"
    serve_nobody --require-confinement --users "$T/users" --tls require --tls-cert "$T/tls.crt" --tls-key "$T/tls.key"
    everything "$PASSIVE" "$T/file" --ssl-reqd --cacert "$T/ca.crt" -u me:secret
    # Active mode: curl 7.88 has no TLS there
    lftp -c "set ssl:ca-file $T/ca.crt; set ftp:ssl-force yes; set ftp:passive-mode no; set net:max-retries 1
        set cmd:fail-exit yes; open -u me,secret ftp://localhost:$PORT; put $T/file -o active; get active -o $T/active; ls"
    same "$T/file" "$T/active"
    cat "$T/file" "$T/file" >"$T/twice"
    same "$T/twice" "$ROOT/me/made/here/file"
    [ "$(stat -c %U "$ROOT/me/made/here/file")" = nobody ]
}

@test "uploads of nobody have no name until they are whole" {
    touch "$T/trace"
    chown nobody "$ROOT" "$T/trace"
    printf 'ALLO 5\r\nSTOR x\r\nhello' | setpriv --reuid nobody --regid 65534 --clear-groups \
        strace -f -o "$T/trace" -e trace=openat,openat2,linkat "$SERVER" --root "$ROOT" >"$T/replies" 2>"$T/log" ||
        cat "$T/log"
    grep -q '^226 ' "$T/replies"
    grep -q 'O_TMPFILE.* = [0-9]' "$T/trace" || { cat "$T/trace"; fail 'no unnamed file'; }
    grep -q 'linkat([0-9].* = 0' "$T/trace" || { cat "$T/trace"; fail 'no link'; }
    [ "$(cat "$ROOT/x")" = hello ]
}
