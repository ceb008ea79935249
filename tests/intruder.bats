# What is left to a session that somebody has taken over (promise 6). Whatever is refused here works in
# the same program without its confinement, or the table says why not.
# shellcheck shell=bats
# shellcheck disable=SC2034 # AT_ONCE is for session.bash
bats_require_minimum_version 1.5.0
load intruder

setup() { setup_intruder; }
teardown() { teardown_sandbox; }

@test "an intruder reads nothing beside the root (promises 4 and 6)" {
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
    local free=worked # tmpfs knows no file by its handle in another mount namespace
    [ "$(stat -f -c %T "$T")" != tmpfs ] || free=ESTALE
    attempts <<ROWS
read-handle @B/file              | killed | $free | EPERM
ROWS
}

@test "an intruder changes nothing beside the root (promises 4 and 6)" {
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
empty-log                        | killed
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
thread                           | EAGAIN
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
sealed-mprotect @P               | ENOMEM
sealed-mmap @P                   | killed
sealed-munmap @P                 | killed
sealed-mremap @P                 | killed
sealed-mremap-away @P            | killed
sealed-madvise @P                | EINVAL
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
mprotect-exec                    | ENOMEM
pkey-mprotect-exec               | killed
memfd-exec                       | killed
shm-exec                         | killed | worked | *
personality                      | killed
ROWS
}

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
ROWS
}

# x32: few kernels have it
@test "an intruder makes no system calls of other kinds of programs" {
    if is_amd64; then
        attempts <<'ROWS'
x32                              | killed | *
int80                            | killed
ROWS
    else # there are none
        attempts <<'ROWS'
x32                              | ENOSYS | ENOSYS
int80                            | ENOSYS | ENOSYS
ROWS
    fi
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
memory-shared                    | killed
descriptors                      | EMFILE
aio                              | ENOSYS
ROWS
}

# Landlock has no right for attributes.
@test "what is left to an intruder is known" {
    attempts <<'ROWS'
stat /etc/passwd                 | worked
chmod @B/file                    | worked
utime @B/file                    | worked
set-user @R/file                 | worked
ROWS
}

# from ADDRESS WHAT: sets OUTCOME to what an intruder is answered in a session with a client there
from() {
    OUTCOME=$(printf 'XTRY %s\r\nQUIT\r\n' "$2" | socat -t 10 - "TCP:$SERVER:$PORT,bind=$1" |
        sed -n '2s/\r$//p')
    case $OUTCOME in
    '200 it worked') OUTCOME=worked ;;
    '550 '*) OUTCOME=${OUTCOME#550 } ;;
    esac
}

# shellcheck disable=SC2034
@test "an intruder connects to the host that the client really has" {
    local what=connections user=client # of whom same_outcome tells
    start_far
    HANDLER=$INTRUDER serve
    SERVER=127.0.0.1
    from 127.0.0.2 "sealed - $FAR"
    same_outcome worked 'its own host'
    from 127.0.0.1 "sealed - $FAR"
    same_outcome ECONNREFUSED 'another one'
    HANDLER=$INTRUDER serve6
    SERVER='[::1]'
    spawn_to /dev/null socat "TCP6-LISTEN:$FAR,bind=[::1],reuseaddr,fork" /dev/null
    wait_port "$FAR" ::1
    from '[::1]' "sealed - $FAR"
    same_outcome worked 'its own host, IPv6'
    from '[::1]' socket-tcp6
    same_outcome worked 'sockets of its family'
    from '[::1]' socket-tcp
    same_outcome EACCES 'sockets of the other family'
}

# ------------------------------------------------------------ the credential helper

# helper OUTCOME WHAT: a helper, by an absurd name of a user, tries that
helper() {
    local outcome=$1 log=$T/log.$BASHPID
    shift
    printf 'USER XTRY %s\r\nPASS x\r\n' "$*" | "$INTRUDER" --root "$ROOT" --users "$T/users" >"$log.replies" 2>"$log" || :
    if [ "$outcome" = killed ]; then
        # It has not come to saying anything
        grep -q '^421 \|^530 ' "$log.replies" && ! grep '^helper:' "$log"
    else
        grep -qx "helper: $outcome" "$log"
    fi || {
        cat "$log" "$log.replies"
        fail "not $outcome: $*"
    }
}

@test "an intruder gets no answer of the credential helper but to a question" {
    local what=question user=root
    fresh root
    users "me:$(hash secret):/::"
    attempt root 'question 1' --users "$T/users"
    same_outcome worked 'a question of ones'
    for byte in 2 10 127 255; do
        attempt root "question $byte" --users "$T/users"
        same_outcome EPIPE "a question of ${byte}s"
    done
}

@test "a credential helper that is taken over reads no file, and can do nothing but answer" {
    fresh root
    ln -s "$ROOT" "$T/r" # names are short
    users "me:$(hash secret):/::"
    AT_ONCE=()
    for what in 'read /etc/passwd' "read $T/users" "read $T/r/file" "create $T/r/new" "list $T/r" socket-tcp \
        socket-unix socket-datagram; do
        at_once helper EACCES "$what"
    done
    all_done
    for what in read-openat2\ /etc/passwd "truncate $T/r/file" "unlink $T/r/file" "mkdir $T/r/new" execve fork \
        "kill $$" kill-parent ptrace\ $$; do
        at_once helper killed "$what"
    done
    all_done
    for what in mmap-exec dumpable setuid io_uring "chmod $T/r/file" "utime $T/r/file" bind connect-again; do
        at_once helper killed "$what"
    done
    all_done
    # What it is when nothing confines it
    for what in 'read /etc/passwd' "read $T/users" "read $T/r/file" socket-tcp fork kill-parent mmap-exec "chmod $T/r/file"; do
        INTRUDER_WITHOUT=all at_once helper worked "$what"
    done
    all_done
}
