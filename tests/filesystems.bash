# File systems to upload to, made for one test: `load filesystems`, after `load session`.
# shellcheck shell=bash
#
#   mount_ext4, mount_xfs, ...   each makes one and mounts it at $ROOT (or at $1)
#   take_away                    undoes all of that; call it in teardown, before teardown_sandbox

MOUNTS=()

# take_away: ends what was spawned and unmounts what was mounted here, the last one first. Loop
# devices and FUSE daemons go with their mounts.
take_away() {
    local i
    kill_spawned
    for ((i = ${#MOUNTS[@]} - 1; i >= 0; i--)); do
        if mountpoint -q "${MOUNTS[i]}"; then wait_for umount "${MOUNTS[i]}" || return; fi
    done
    MOUNTS=()
}

mounted() { mountpoint -q "$1" || fail "$1 is not mounted: $2"; }

# mount_at PLACE ARG...: mount ARG... PLACE, remembered
mount_at() {
    need_root mounts file systems
    MOUNTS+=("$1")
    mount "${@:2}" "$1"
    chmod 0777 "$1"
}

# image SIZE MKFS ARG...: a file of that size with a file system; its name goes to IMAGE
image() {
    need_root mounts file systems
    need "$2"
    IMAGE=$(mktemp "$T/image.XXXXXX")
    truncate -s "$1" "$IMAGE"
    "${@:2}" "$IMAGE" >"$T/mkfs.log" 2>&1 || { cat "$T/mkfs.log" >&2; return 1; }
}

# mount_ext4 [PLACE [SIZE]]. Without reserved blocks, so that root finds it full as others do.
mount_ext4() {
    image "${2:-16M}" mkfs.ext4 -q -m 0
    mount_at "${1:-$ROOT}" -o loop "$IMAGE"
    rmdir "${1:-$ROOT}/lost+found"
}

mount_xfs() {
    image 300M mkfs.xfs -q
    mount_at "${1:-$ROOT}" -o loop "$IMAGE"
}

mount_btrfs() {
    image 114M mkfs.btrfs -q -M
    mount_at "${1:-$ROOT}" -o loop "$IMAGE"
}

# mount_tmpfs [PLACE [OPTIONS]]
mount_tmpfs() { mount_at "${1:-$ROOT}" -t tmpfs -o "${2:-size=16m}" tmpfs; }

# FAT's younger brother, by FUSE: no unnamed files, no links, no ways to rename but one.
mount_exfat() {
    local device
    need mount.exfat-fuse
    image 32M mkfs.exfat
    device=$(losetup --find --show "$IMAGE")
    MOUNTS+=("$ROOT")
    # Bats waits for whoever holds its descriptor 3, and the daemon lives as long as the mount.
    mount.exfat-fuse "$device" "$ROOT" >"$T/mount.log" 2>&1 3>&- || :
    losetup --detach "$device" # once the mount is gone, or at once if there is none
    mounted "$ROOT" "$(cat "$T/mount.log")"
}

# The kernel's own vfat where it has one; else a program that knows it, by FUSE. VFAT says which.
mount_vfat() {
    image 32M mkfs.vfat
    if grep -qw vfat /proc/filesystems || modprobe vfat 2>/dev/null; then
        # shellcheck disable=SC2034 # for the tests
        VFAT=kernel
        mount_at "$ROOT" -o loop "$IMAGE"
        return
    fi
    # shellcheck disable=SC2034
    VFAT=fusefat
    need fusefat
    MOUNTS+=("$ROOT")
    fusefat -o rw+ "$IMAGE" "$ROOT" >"$T/mount.log" 2>&1 3>&- || :
    mounted "$ROOT" "$(cat "$T/mount.log")"
}

# mount_overlay: the lower layer is $T/lower, the upper one on a tmpfs of its own
mount_overlay() {
    mkdir -p "$T/lower" "$T/layers"
    mount_tmpfs "$T/layers"
    mkdir "$T/layers/upper" "$T/layers/work"
    mount_at "$ROOT" -t overlay \
        -o "lowerdir=$T/lower,upperdir=$T/layers/upper,workdir=$T/layers/work" overlay
}

# mount_bindfs OPTION...: shows $T/behind by FUSE
mount_bindfs() {
    need bindfs
    mkdir -p "$T/behind"
    MOUNTS+=("$ROOT")
    bindfs "$@" "$T/behind" "$ROOT" >"$T/mount.log" 2>&1 3>&- || :
    mounted "$ROOT" "$(cat "$T/mount.log")"
    chmod 0777 "$ROOT"
}

# mount_mergerfs OPTION...: two folders of this disk, $T/one and $T/two, as one, by FUSE. By default
# links show other inodes than their files.
mount_mergerfs() {
    need mergerfs
    mkdir -p "$T/one" "$T/two"
    MOUNTS+=("$ROOT")
    mergerfs -o minfreespace=0 "$@" "$T/one:$T/two" "$ROOT" >"$T/mount.log" 2>&1 3>&- || :
    mounted "$ROOT" "$(cat "$T/mount.log")"
    chmod 0777 "$ROOT"
}

# --------------------------------------------------------------- what it offers

# offers FOLDER: what the file system offers to whoever publishes files: those of the words
# `unnamed link noreplace exchange` that work there
offers() {
    command -p python3 - "$1" <<'PY'
import ctypes, errno, os, sys, tempfile

libc, found = ctypes.CDLL(None, use_errno=True), []

def attempt(word, result):
    if result >= 0:
        found.append(word)
    elif ctypes.get_errno() not in (errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
        sys.exit(f"{word}: {os.strerror(ctypes.get_errno())}")

with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
    at = os.open(folder, os.O_RDONLY)
    for name in "ab":
        os.close(os.open(folder + "/" + name, os.O_CREAT | os.O_WRONLY))
    attempt("unnamed", libc.open(folder.encode(), os.O_TMPFILE | os.O_WRONLY, 0o600))
    attempt("link", libc.linkat(at, b"a", at, b"c", 0))
    attempt("noreplace", libc.renameat2(at, b"a", at, b"d", 1))
    os.close(os.open(folder + "/a", os.O_CREAT | os.O_WRONLY))
    result = libc.renameat2(at, b"a", at, b"b", 2)
    if result < 0 or os.path.exists(folder + "/a"):  # else it was taken for a plain rename
        attempt("exchange", result)
    os.close(at)
print(" ".join(found))
PY
}

# replaces FOLDER: a file can be renamed over another one there
replaces() {
    command -p python3 - "$1" <<'PY'
import os, sys, tempfile
with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
    for name in "ab":
        os.close(os.open(folder + "/" + name, os.O_CREAT | os.O_WRONLY))
    try:
        os.rename(folder + "/a", folder + "/b")
    except FileExistsError:
        sys.exit(1)
PY
}

# ------------------------------------------------------------------------ folders

# folder_holds FOLDER NAME...: as root_holds, of a folder
folder_holds() {
    published_in "$@" || return
    nothing_unfinished
}

# folder_published_are FOLDER NAME...: the same, whatever is unfinished in the root's reserved folder
folder_published_are() {
    local got
    published_in "$@" || return
    got=$(unfinished | grep -vF "$ROOT/.stord.unfinished/") || return 0
    fail "unfinished: $got"
}

# -------------------------------------------------------------------- sessions

# session N: a session whose input is written to descriptor N; its output goes to OUTPUT
session() {
    mkfifo "$T/pipe.$1"
    eval "exec $1<>'$T/pipe.$1'"
    spawn "$HANDLER" --root "$ROOT" <"$T/pipe.$1"
    # shellcheck disable=SC2034 # for the tests
    OUTPUT=$SPAWN_LOG
}

# ---------------------------------------------------------------------- traces

TRACED=open,openat,openat2,creat,write,pwrite64,writev,sendto,copy_file_range,fsync,fdatasync
TRACED+=,syncfs,sync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,fchmod,fchown
TRACED+=,ftruncate,dup,dup2,dup3,fcntl,close

# events_of NAME [OPTION...]: plays the dialogue on standard input under strace; sets EVENTS to what was
# done for the file NAME, as words (see events.py)
events_of() {
    local name=$1 folder
    shift
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    # shellcheck disable=SC2034 # for talk
    local WRAP=(strace -f -y -o "$T/trace" -e "trace=$TRACED")
    talk "$@" || return
    folder=$(dirname "$ROOT/$name")
    EVENTS=$(command -p python3 "$TOP/tests/events.py" "$T/trace" "$folder" "$(basename "$name")")
}

# went WORD...: EVENTS are just these. Room that was reserved may be cut off before the sync.
went() {
    [ "${EVENTS/ write cut sync / write sync }" = "$*" ] || fail "events: $EVENTS
expected: $*"
}
