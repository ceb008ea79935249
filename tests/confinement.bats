# Who is confined with what, and what happens where the kernel cannot do it (promise 6)
# shellcheck shell=bats
# shellcheck disable=SC2034,SC2153 # WRAP is for session.bash, OUTCOME is of intruder.bash
bats_require_minimum_version 1.5.0
load intruder

setup() { setup_intruder; }
teardown() { teardown_sandbox; }

# ------------------------------------------------------- what a process gives up

# begin USER [COMMAND...]: a session that has greeted, of which nothing has been read; its id is $SESSION
begin() {
    local user=$1
    shift
    as_user "$user"
    rm -f "$T/in" "$T/replies"
    mkfifo "$T/in"
    exec {IN}<>"$T/in"
    spawn_to "$T/replies" "${AS[@]}" "$@" --root "$ROOT" <"$T/in"
    SESSION=$SPAWN_PID
    wait_for grep -q '^220 ' "$T/replies"
}

# limit PID NAME: the soft and the hard one
limit() { sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" "/proc/$1/limits"; }

# is_confined PID
is_confined() {
    cat "/proc/$1/status" "/proc/$1/limits" >"$T/status"
    [ "$(process_status "$1" NoNewPrivs)" = 1 ] || fail 'new privileges'
    [ "$(process_status "$1" Seccomp)" = 2 ] || fail 'no filter'
    [ "$(limit "$1" 'Max core file size')" = '0 0' ] || fail 'core dumps'
    [ "$(limit "$1" 'Max open files')" = '128 128' ] || fail 'descriptors'
    [ "$(limit "$1" 'Max processes')" = '0 0' ] || fail 'processes'
    [ "$(limit "$1" 'Max locked memory')" = '0 0' ] || fail 'locked memory'
}
has_little_memory() { [ "$(limit "$1" 'Max data size')" = '536870912 536870912' ]; }

@test "a session is confined before the client has said anything" {
    need_root 'is somebody else'
    begin nobody "$HANDLER"
    is_confined "$SESSION"
    has_little_memory "$SESSION"
    for field in CapInh CapPrm CapEff CapAmb; do
        [ "$(process_status "$SESSION" $field)" = 0000000000000000 ]
    done
    # Not dumpable: what is in /proc of it belongs to root
    [ "$(stat -c %U "/proc/$SESSION/environ")" = root ]
    # Nothing of that is so without it
    INTRUDER_WITHOUT=all begin nobody "$INTRUDER"
    if is_confined "$SESSION" 2>/dev/null; then fail 'that says nothing'; fi
    [ "$(stat -c %U "/proc/$SESSION/environ")" = nobody ]
}

@test "capabilities that a super-server left to somebody are given up" {
    need_root 'leaves some'
    begin root setpriv --reuid nobody --regid 65534 --clear-groups --inh-caps +net_bind_service,+dac_override \
        --ambient-caps +net_bind_service,+dac_override "$HANDLER"
    for field in CapInh CapPrm CapEff CapAmb; do
        [ "$(process_status "$SESSION" $field)" = 0000000000000000 ]
    done
}

@test "a session opens nothing that it may not" {
    printf 'ALLO 5\r\nSTOR x\r\nhelloLIST\r\nQUIT\r\n' | strace -f -o "$T/trace" -e trace=openat,openat2,prctl,landlock_restrict_self \
        "$HANDLER" --root "$ROOT" --log-level warning >"$T/replies"
    grep -q '^226 ' "$T/replies"
    grep -q 'landlock_restrict_self(.* = 0' "$T/trace"
    if grep -E 'EACCES|EPERM' "$T/trace"; then fail 'it wanted to'; fi
}

# place PATTERN: the number of the first line of the trace that has it
place() { grep -nm1 -E -- "$1" "$T/trace" | cut -d: -f1; }

@test "files, system calls, and then the greeting; nothing is read before" {
    printf 'NOOP\r\nQUIT\r\n' | strace -f -o "$T/trace" "$HANDLER" --root "$ROOT" >"$T/replies"
    grep -q '^221 ' "$T/replies"
    order=("$(place 'PR_SET_NO_NEW_PRIVS, 1.* = 0$')" "$(place 'landlock_restrict_self.* = 0$')"
        "$(place 'PR_SET_SECCOMP, SECCOMP_MODE_FILTER.* = 0$')" "$(place 'write[v]?\(4,.*220 ')" "$(place '(read|recvfrom)\(3,')")
    printf '%s\n' "${order[@]}" | tee "$T/order"
    [ "$(grep -c . "$T/order")" = 5 ]
    sort -nc "$T/order"
}

# A hash that takes minutes
# shellcheck disable=SC2016
ENDLESS='$6$rounds=999999999$salt$'$(printf '%086d' 0)

@test "the credential helper is confined once it has read the users file" {
    users "me:$ENDLESS:/::"
    begin root "$HANDLER" --users "$T/users"
    helper=$(pgrep -P "$SESSION")
    [ "$(process_status "$helper" NoNewPrivs)" = 1 ]
    printf 'USER me\r\nPASS secret\r\n' >&"$IN"
    is_confined_now() { [ "$(process_status "$helper" Seccomp)" = 2 ]; }
    wait_for is_confined_now
    is_confined "$helper"
    is_confined "$SESSION" 2>/dev/null
    # It has no connection of the client's
    for fd in "/proc/$helper/fd"/*; do
        if [ "$fd" -ef "$T/in" ]; then fail 'the helper holds the connection'; fi
    done
}

# ---------------------------------------------------------------- who may do what

# homes: those of `me` and of somebody else, with files in them
homes() {
    rm -rf "$ROOT"
    mkdir -p "$ROOT/me/folder" "$ROOT/me/empty" "$ROOT/other"
    echo mine >"$ROOT/me/file"
    echo other >"$ROOT/other/file"
}

# can RIGHTS WHAT...: who has logged in with these rights can do that, by any system call, with what
# is there; and nothing else of the list
can() {
    local rights=$1 what outcome path=$ROOT/me wrong=0
    shift
    users "me:$(hash secret):/me:$rights:"
    for what in list read write create empty unlink mkdir rmdir rename link; do
        homes
        case $what in
        create | mkdir) path=$ROOT/me/new ;;
        rmdir) path=$ROOT/me/empty ;;
        list) path=$ROOT/me ;;
        rename) path="$ROOT/me/file $ROOT/me/folder/new" ;;
        link) path="$ROOT/me/file $ROOT/me/new" ;;
        *) path=$ROOT/me/file ;;
        esac
        outcome=$(printf 'USER me\r\nPASS secret\r\nXTRY %s %s\r\n' "$what" "$path" |
            "$INTRUDER" --root "$ROOT" --users "$T/users" 2>>"$T/log" | sed -n '4s/\r$//p')
        case " $* " in
        *" $what "*) [ "$outcome" = '200 it worked' ] ;;
        *) [ "$outcome" = '550 EACCES' ] ;;
        esac || {
            printf '%s: %s: %s\n' "$rights" "$what" "$outcome"
            wrong=$((wrong + 1))
        }
    done
    [ "$wrong" = 0 ] || fail "$rights: $wrong are wrong"
}

@test "after a login Landlock allows what the user's rights need, and no more (promise 5)" {
    can upload list write create unlink mkdir rmdir rename link
    can upload,replace list write create unlink mkdir rmdir rename link
    can list list read
    can read list read
    can list,read list read
    can mkdir list mkdir rmdir
    can delete list unlink rmdir
    can rename list unlink mkdir rmdir rename link
    can upload,list list read write create empty unlink mkdir rmdir rename link
    can upload,append list read write create empty unlink mkdir rmdir rename link
    INTRUDER_WITHOUT=files can list list read write create empty unlink mkdir rmdir rename link
}

@test "after a login nothing but the home is there (promise 4)" {
    users "me:$(hash secret):/me:upload,append,replace,list,read,mkdir,rename,delete:"
    homes
    echo beside >"$T/file"
    HANDLER=$INTRUDER talk --users "$T/users" <<STEPS
< 220
> XTRY read $ROOT/other/file
< 200
> XTRY read $T/file
< 550 EACCES
> XTRY read /etc/passwd
< 550 EACCES
> USER me
< 331
> PASS secret
< 230
> XTRY read $ROOT/me/file
< 200
> XTRY read $ROOT/other/file
< 550 EACCES
> XTRY list $ROOT/other
< 550 EACCES
> XTRY list $ROOT
< 550 EACCES
> XTRY list-top
< 550 EBADF
> XTRY create $ROOT/new
< 550 EACCES
> XTRY rename $ROOT/me/file $ROOT/other/new
< 550 EACCES
> XTRY link $ROOT/me/file $ROOT/other/new
< 550 EACCES
> XTRY link $ROOT/other/file $ROOT/me/new
< 550
> XTRY create $ROOT/.stord.usage
< 550 EACCES
> XTRY read $T/file
< 550 EACCES
> XTRY read /etc/passwd
< 550 EACCES
STEPS
    # Without Landlock there is more
    INTRUDER_WITHOUT=files HANDLER=$INTRUDER talk --users "$T/users" <<STEPS
< 220
> USER me
< 331
> PASS secret
< 230
> XTRY read $ROOT/other/file
< 200
> XTRY list $ROOT
< 200
> XTRY read /etc/passwd
< 200
STEPS
}

@test "who may only upload reads no file, and manages what it sent (promise 5)" {
    users "me:$(hash secret):/me:upload:"
    homes
    HANDLER=$INTRUDER talk --users "$T/users" <<STEPS
< 220
> USER me
< 331
> PASS secret
< 230
> XTRY read $ROOT/me/file
< 550 EACCES
> ALLO 5
< 200
> STOR new
< 150
>> hello
< 226
> XTRY read $ROOT/me/new
< 550 EACCES
> SITE CHMOD 640 new
< 200
mode me/new 640
> MFMT 20200102030405 new
< 213
mtime me/new 1577934245
> SIZE new
< 550|213
> MLST new
< 250
> RNFR new
< 350
> RNTO newer
< 250
file me/newer hello
> PASV
< 227
> STOR newest
< 150
put by data
< 226
file me/newest by data
> DELE newer
< 250
nofile me/newer
> PASV
< 227
> NLST
< 150
get ^newest\r\n\$
< 226
STEPS
}

@test "without a users file Landlock allows what --allow says" {
    echo inside >"$ROOT/file"
    HANDLER=$INTRUDER talk <<STEPS
< 220
> XTRY read $ROOT/file
< 200
> XTRY write $ROOT/file
< 200
STEPS
    HANDLER=$INTRUDER talk --allow upload <<STEPS
< 220
> XTRY read $ROOT/file
< 550 EACCES
> XTRY write $ROOT/file
< 200
STEPS
    HANDLER=$INTRUDER talk --allow list,read <<STEPS
< 220
> XTRY read $ROOT/file
< 200
> XTRY write $ROOT/file
< 550 EACCES
> XTRY create $ROOT/new
< 550 EACCES
> XTRY unlink $ROOT/file
< 550 EACCES
> XTRY mkdir $ROOT/new
< 550 EACCES
STEPS
}

# ----------------------------------------------------------- without connections

@test "--no-data-connections: inline uploads work, and data connections are not implemented" {
    talk --no-data-connections <<'STEPS'
< 220
> PASV
< 502
> EPSV
< 502
> PORT 127,0,0,1,200,200
< 502
> EPRT |1|127.0.0.1|51400|
< 502
> LIST
< 502
> NLST
< 502
> MLSD
< 502
> RETR x
< 502
> FEAT
< 211 INLINE ALLO
> STOR x
< 425
STEPS
    printf 'FEAT\r\nALLO 5\r\nSTOR one\r\nhelloALLO 6\r\nSTOR two\r\nworld!QUIT\r\n' |
        "$HANDLER" --root "$ROOT" --no-data-connections >"$T/replies" 2>"$T/log"
    cat "$T/replies"
    [ "$(grep -Eo '^[0-9]+ ' "$T/replies" | tr -d '\n')" = '220 211 200 150 226 200 150 226 221 ' ]
    if grep -E '^ *(EPSV|EPRT|PASV|PORT)' "$T/replies"; then fail 'FEAT has them'; fi
    grep -q '^ *INLINE ALLO' "$T/replies"
    [ "$(cat "$ROOT/one" "$ROOT/two")" = helloworld! ]
}

@test "--no-data-connections: a session has no sockets at all" {
    local kind
    for kind in tcp tcp6 unix datagram netlink packet udp udp6 raw mptcp; do
        attempt root "socket-$kind" --no-data-connections
        [ "$OUTCOME" = EACCES ] || fail "$kind: $OUTCOME"
    done
    start_far
    attempt root 'sealed @P' --no-data-connections
    [ "$OUTCOME" = EACCES ] || fail "sealed: $OUTCOME"
    HANDLER=$INTRUDER talk -o tcp6 --no-data-connections <<'STEPS'
< 220
> XTRY socket-tcp6
< 550 EACCES
STEPS
    # bind, listen, accept and connect: by no descriptor that is there already
    for kind in bind listen accept connect-again; do
        attempt root "$kind" --no-data-connections
        [ "$OUTCOME" = killed ] || fail "$kind: $OUTCOME"
    done
}

# -------------------------------------------------------------- what is forbidden

@test "a session that is killed for a system call leaves nothing that has a name" {
    printf 'ALLO 100\r\nSTOR x\r\nhello' >"$T/half"
    (cat "$T/half"; head -c 95 /dev/zero; printf 'ALLO 100\r\nSTOR y\r\n'; head -c 100 /dev/zero; printf 'XTRY execve\r\n') |
        "$INTRUDER" --root "$ROOT" >"$T/replies" 2>>"$T/log" || [ $? = 159 ]
    cat "$T/replies"
    [ "$(grep -c '^226 ' "$T/replies")" = 2 ]
    root_holds x y
}

# ------------------------------------------------------------ what a kernel lacks

# lacking TEXT DENY...: without --require-confinement a session works, and one line of its log says
# that; with it nobody is served
lacking() {
    local text=$1 status=0
    shift
    rm -rf "${ROOT:?}"/*
    printf 'ALLO 5\r\nSTOR x\r\nhelloQUIT\r\n' >"$T/commands"
    "$DENY" "$@" -- "$HANDLER" --root "$ROOT" <"$T/commands" >"$T/replies" 2>"$T/log"
    cat "$T/log"
    [ "$(grep -c 'Confinement is not whole' "$T/log")" = 1 ]
    grep -q "Confinement is not whole: $text\$" "$T/log"
    grep -q '^226 ' "$T/replies"
    [ "$(cat "$ROOT/x")" = hello ]
    rm "$ROOT/x"
    "$DENY" "$@" -- "$HANDLER" --root "$ROOT" --require-confinement <"$T/commands" >"$T/replies" 2>"$T/log" ||
        status=$?
    cat "$T/log" "$T/replies"
    [ "$status" = 71 ]
    grep -q "Confinement is not whole: $text\$" "$T/log"
    [ "$(cut -c1-4 "$T/replies")" = '421 ' ]
    [ -z "$(ls "$ROOT")" ]
}

@test "a kernel without Landlock: a warning, and with --require-confinement nobody is served" {
    lacking 'no Landlock (Operation not supported)' ENOSYS landlock_create_ruleset
    lacking 'no Landlock (Operation not supported)' EOPNOTSUPP landlock_create_ruleset
    lacking 'no Landlock (Operation not supported)' EPERM landlock_create_ruleset
    lacking 'no Landlock (Operation not permitted)' EPERM landlock_add_rule
    lacking 'no Landlock (Operation not permitted)' EPERM landlock_restrict_self
}

@test "a kernel without filters of system calls: likewise" {
    lacking 'no filter of system calls (Operation not supported)' EINVAL PR_SET_SECCOMP
    lacking 'no filter of system calls (Operation not permitted)' EPERM PR_SET_SECCOMP
}

@test "a kernel without either: all that is lacking is in one line" {
    lacking 'no Landlock (Operation not permitted), no filter of system calls (Operation not permitted)' \
        EPERM landlock_restrict_self PR_SET_SECCOMP
}

@test "what a kernel lacks is said once, also when somebody logs in; --require-confinement refuses nobody else" {
    users "me:$(hash secret):/me:upload,list:"
    local what WRAP=()
    cat >"$T/steps" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
file me/x hello
STEPS
    for what in landlock_create_ruleset landlock_restrict_self PR_SET_SECCOMP; do
        rm -rf "$T/log" "${ROOT:?}"/*
        WRAP=("$DENY" EPERM "$what" --)
        talk --users "$T/users" <"$T/steps"
        grep 'Confinement is not whole' "$T/log" | tee "$T/said"
        [ "$(wc -l <"$T/said")" = 1 ]
    done
    WRAP=()
    rm -r "$T/log" "${ROOT:?}"/*
    talk --require-confinement --users "$T/users" <"$T/steps"
    not_logged 'Confinement is not whole'
}

@test "where there is no Landlock the filter still holds, and the other way around" {
    INTRUDER_WITHOUT=files attempt root 'read /etc/passwd'
    [ "$OUTCOME" = worked ]
    INTRUDER_WITHOUT=files attempt root execve
    [ "$OUTCOME" = killed ]
    INTRUDER_WITHOUT=calls attempt root 'read /etc/passwd'
    [ "$OUTCOME" = EACCES ]
    INTRUDER_WITHOUT=calls attempt root 'truncate @B/file'
    [ "$OUTCOME" = EACCES ]
}

# libsystemd then passes the event on by a file in memory
@test "a journal that takes no events ends no session" {
    need_root "gives the handler a /run of its own"
    mkdir -p "$T/run/systemd/journal"
    spawn socat -u "UNIX-RECV:$T/run/systemd/journal/socket" OPEN:/dev/null
    wait_for test -S "$T/run/systemd/journal/socket"
    # shellcheck disable=SC2016
    printf 'ALLO 5\r\nSTOR x\r\nhelloQUIT\r\n' | unshare --mount --propagation private \
        bash -c 'mount --bind "$0" /run && exec "$@"' "$T/run" strace -f -o "$T/trace" \
        -e trace=sendmsg,memfd_create -e inject=sendmsg:error=ENOBUFS:when=2+ \
        "$HANDLER" --root "$ROOT" --log journal >"$T/replies"
    grep 'memfd_create' "$T/trace"
    grep -q '^221 ' "$T/replies"
    [ "$(cat "$ROOT/x")" = hello ]
}
