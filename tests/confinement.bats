# What is left to a session that somebody has taken over (promise 4), tried by tests/intruder: a
# handler whose command XTRY does what an intruder would. Whatever is refused there works in the same
# program without its confinement, or the table says why not.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session

setup() {
    setup_sandbox
    # Where other users may run it
    cp -r "$TOP/${BUILD:-build}/intruder" "$T/bin"
    chmod -R a+rX "$T/bin"
    INTRUDER=$T/bin/handler
    BESIDE=$T/beside
}
teardown() { teardown_sandbox; }

# ------------------------------------------------------------------- attempts

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

@test "an intruder reads nothing beside the root (promise 4)" {
    attempts <<'ROWS'
read @R/file                     | worked
read /etc/passwd                 | EACCES
read @B/file                     | EACCES
read @R/../beside/file           | EACCES
read @R/link                     | EACCES
read @R/linked/file              | EACCES
read-up @R beside/file           | EACCES
read-openat2 @B/file             | EACCES
read-open @B/file                | killed
read-handle @B/file              | killed | worked | EPERM
read /proc/self/root/etc/passwd  | EACCES
read /proc/self/environ          | EACCES
read /proc/@V/environ            | EACCES
list @B                          | EACCES
list @R/linked                   | EACCES
list /proc/self/fd               | EACCES
readlink @R/link                 | killed
chdir @B                         | killed
chroot @R                        | killed | worked | EPERM
ROWS
}

@test "an intruder changes nothing beside the root (promise 4)" {
    attempts <<'ROWS'
write @R/file                    | worked
write @B/file                    | EACCES
write @R/link                    | EACCES
write-both /proc/self/mem        | EACCES
create @R/new                    | worked
create @B/new                    | EACCES
create @R/linked/new             | EACCES
create /dev/shm/stord-test.@V    | EACCES
create-unnamed @R @R/new         | worked
create-unnamed @B @B/new         | EACCES
create-unnamed @R @B/new         | EACCES
empty @B/file                    | EACCES
truncate @B/file                 | killed
mkdir @B/new                     | EACCES
rmdir @B/empty                   | EACCES
unlink @B/file                   | EACCES
rename @B/file @B/new            | EACCES
rename @B/file @R/new            | EACCES
rename @R/file @B/new            | EACCES
rename @R/folder @B/new          | EACCES
exchange @R/file @B/file         | EACCES
link @B/file @R/new              | EXDEV
link @R/file @B/new              | EACCES
ROWS
    rm -f /dev/shm/stord-test.*
}

@test "an intruder makes nothing but files and folders in the root" {
    attempts <<'ROWS'
mkdir @R/new                     | worked
truncate @R/file                 | killed
symlink /etc/passwd @R/new       | killed
fifo @R/new                      | killed
device @R/new                    | killed | worked | EPERM
chown @R/file                    | killed
setxattr @R/file                 | killed
ROWS
}

@test "an intruder runs no program and starts no process" {
    attempts <<'ROWS'
execve                           | killed
execveat                         | killed
execveat-memory                  | killed
fork                             | killed
vfork                            | killed
clone                            | killed
clone3                           | killed
thread                           | killed
ROWS
}

@test "an intruder reaches no other process" {
    attempts <<'ROWS'
ptrace @V                        | killed
traceme                          | killed
vm-write @V                      | killed
vm-read @V                       | killed
kill @V                          | killed
kill-hard @V                     | killed
kill-parent                      | killed
tgkill @V                        | killed
tkill @V                         | killed
sigqueue @V                      | killed
signal-owner @V                  | killed
pidfd @V                         | killed
ROWS
}

@test "an intruder has no sockets but those of data connections" {
    attempts <<'ROWS'
socket-tcp                       | worked
socket-tcp6                      | EACCES
socket-unix                      | EACCES
socket-datagram                  | EACCES
socket-netlink                   | EACCES
socket-packet                    | EACCES | worked | EPERM
socket-udp                       | EACCES
socket-udp6                      | EACCES
socket-raw                       | EACCES | worked | EPERM
socket-mptcp                     | EACCES
socketpair                       | killed
ROWS
}

# sealed-write: the page can be written by nobody, confined or not. sealed-read: nor by the kernel.
# sealed-family: the kernel wants that of the socket.
@test "an intruder connects to nobody but the client" {
    start_far
    spawn_to /dev/null socat "TCP-LISTEN:$FAR,bind=127.0.0.1,reuseaddr,fork" /dev/null
    wait_port "$FAR" 127.0.0.1
    attempts <<'ROWS'
sealed @P                        | worked
connect @P                       | killed
fastopen @P                      | killed
fastopen-message @P              | killed
fastopen-messages @P             | killed
sealed-write @P                  | status 139 | status 139
sealed-read @P                   | EFAULT | EFAULT
sealed-mprotect @P               | killed
sealed-mmap @P                   | killed
sealed-munmap @P                 | killed
sealed-mremap @P                 | killed
sealed-mremap-away @P            | killed
sealed-madvise @P                | killed
sealed-longer @P                 | killed
sealed-family @P                 | EAFNOSUPPORT | EAFNOSUPPORT
ROWS
}

# Nobody but root may have memory at address 0.
@test "an intruder does not map over the client's address from address 0" {
    start_far
    attempts <<'ROWS'
sealed-mmap-null @P              | killed | worked | EPERM
ROWS
}

@test "an intruder has no memory that can be run" {
    attempts <<'ROWS'
mmap-exec                        | killed
mprotect-exec                    | killed
pkey-mprotect-exec               | killed
memfd-exec                       | killed
shm-exec                         | killed | worked | *
personality                      | killed
ROWS
}

# x32: few kernels have it
@test "an intruder has little of the kernel" {
    attempts <<'ROWS'
io_uring                         | killed
bpf                              | killed | worked | *
perf-event                       | killed | worked | *
userfaultfd                      | killed | worked | *
keyctl                           | killed
add-key                          | killed
inotify                          | killed
unshare                          | killed | worked | EPERM
unshare-user                     | killed | worked | *
mount @B                         | killed | worked | EPERM
umount /proc                     | killed | worked | EPERM
clock                            | killed
terminal                         | killed | worked | *
x32                              | killed | *
int80                            | killed
ROWS
}

@test "an intruder stays what it is, within its limits" {
    attempts <<'ROWS'
setuid                           | killed
setgid                           | killed
setgroups                        | killed | worked | EPERM
getsid                           | killed
setpriority                      | killed
dumpable                         | killed
no-death-signal                  | killed
seccomp                          | killed
limits                           | killed
memory                           | ENOMEM
descriptors                      | EMFILE
ROWS
}
