# What tests of the confinement share, on top of session: `load intruder`. tests/intruder is a handler
# whose command XTRY does what somebody would who has taken the session over.
# shellcheck shell=bash
load session

# A sandbox; sets INTRUDER to that program, which other users may run, and BESIDE to a folder beside the root
setup_intruder() {
    setup_sandbox
    cp -r "$TOP/${BUILD:-build}/intruder" "$T/bin"
    chmod -R a+rX "$T/bin"
    INTRUDER=$T/bin/handler
    BESIDE=$T/beside
}

# is_amd64: is that what the program was built for (ELF)?
is_amd64() { [ "$(od -An -tu2 -j18 -N2 "$INTRUDER" | tr -d ' ')" = 62 ]; }

# fresh USER: a root with a file in it and links that lead out, a folder beside it; all of them USER's
fresh() {
    rm -rf "$ROOT" "$BESIDE"
    mkdir "$ROOT" "$BESIDE" "$ROOT/folder" "$BESIDE/empty"
    echo inside >"$ROOT/file"
    echo beside >"$BESIDE/file"
    ln -s "$BESIDE/file" "$ROOT/link"
    ln -s "$BESIDE" "$ROOT/linked"
    chown -hR "$1" "$ROOT" "$BESIDE"
}

# as_user USER: sets AS to what makes a command that of root, or of somebody with no privileges
as_user() {
    AS=()
    if [ "$1" != root ]; then AS=(setpriv --reuid "$1" --regid 65534 --clear-groups); fi
}

# attempt USER WHAT [OPTION...]: sets OUTCOME to worked, an errno, killed (for a forbidden system call)
# or the exit status; a session of USER tries WHAT, by hand. In WHAT, @R is the root, @B the folder
# beside it, @V the id of a process of the same user, @P a port at an address that is not the client's.
attempt() {
    local user=$1 what=$2 victim='' status=0
    shift 2
    fresh "$user"
    as_user "$user"
    case $what in *@V*)
        spawn_to /dev/null "${AS[@]}" sleep 1000
        victim=$SPAWN_PID
        wait_for owned_by "$user" "$victim"
        ;;
    esac
    what=${what//@R/$ROOT} what=${what//@B/$BESIDE} what=${what//@V/$victim} what=${what//@P/127.0.0.2 ${FAR:-}}
    # A file system that is mounted, or taken away, should be so for nobody else
    printf 'XTRY %s\r\n' "$what" | unshare --mount --propagation private "${AS[@]}" \
        "$INTRUDER" --root "$ROOT" "$@" >"$T/replies" 2>>"$T/log" || status=$?
    if [ -n "$victim" ]; then
        kill -s KILL "$victim" 2>/dev/null || :
        wait "$victim" 2>/dev/null || :
    fi
    case $status:$(sed -n '2s/\r$//p' "$T/replies") in
    '0:200 it worked') OUTCOME=worked ;;
    '0:550 '*) OUTCOME=$(sed -n '2s/^550 \(.*\)\r$/\1/p' "$T/replies") ;;
    159:) OUTCOME=killed ;; # 128 + SIGSYS
    *) OUTCOME="status $status" ;;
    esac
}

owned_by() { [ "$(ps -o user= -p "$2") $(ps -o comm= -p "$2")" = "$1 sleep" ]; }

# attempts <<ROWS: each is WHAT | OUTCOME | OUTCOME without confinement, for root | for others. Two are
# enough for what works for everybody, and three for what is alike for everybody. `*`: the machine's
# settings decide.
attempts() {
    local what confined free free_others user wrong=0
    need_root 'is root and others'
    while IFS='|' read -r what confined free free_others; do
        what=$(trim "$what") confined=$(trim "$confined") free=$(trim "$free")
        free=${free:-worked} free_others=$(trim "${free_others:-$free}")
        for user in root nobody; do
            attempt "$user" "$what"
            same_outcome "$confined" confined || wrong=$((wrong + 1))
            [ "$user" = root ] || free=$free_others
            INTRUDER_WITHOUT=all attempt "$user" "$what"
            same_outcome "$free" free || wrong=$((wrong + 1))
        done
    done
    [ "$wrong" = 0 ] || fail "$wrong attempts had another outcome"
}

same_outcome() {
    [ "$1" = '*' ] || [ "$OUTCOME" = "$1" ] || fail "$what: $user, $2: $OUTCOME, and not $1"
}

trim() {
    local text=${1#"${1%%[! ]*}"}
    printf '%s' "${text%"${text##*[! ]}"}"
}

# start_far: somebody listens at an address that is not the client's, port $FAR
start_far() {
    free_port
    FAR=$PORT
    spawn_to /dev/null socat "TCP-LISTEN:$FAR,bind=127.0.0.2,reuseaddr,fork" /dev/null
    wait_port "$FAR" 127.0.0.2
}
