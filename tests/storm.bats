# Sessions that append to, replace, rename, delete and read the same files at once, and are killed
# meanwhile (promises 1 and 2). tests/storm says what is looked at; it can go on for longer.
# bats file_tags=slow
# shellcheck shell=bats
load session
load filesystems

setup() { setup_sandbox; }

teardown() {
    take_away
    teardown_sandbox
}

# storm ARG...: on what is mounted at $ROOT
storm() {
    local status=0
    TMPDIR=$T command -p python3 -IS "$TOP/tests/storm" --root "$ROOT" --seed 1 "$@" >"$T/out" 2>&1 || status=$?
    sed 's/^/# /' "$T/out" >&3
    return "$status"
}

# Less than 16 MiB are needed where records are small.
keeps_all() { storm --kill --operations 500 --largest 200000 "$@"; }

@test "ext4: of all sessions that write to the same files at once each record is kept once (promise 1)" {
    mount_ext4 "$ROOT" 96M
    storm --kill --operations 700
}

@test "ext4, by copies: of all sessions at once each record is kept once (promise 1)" {
    mount_ext4 "$ROOT" 96M
    storm --kill --operations 700 --options=--append=copy
}

@test "xfs: of all sessions at once each record is kept once (promise 1)" {
    mount_xfs
    keeps_all
}

@test "btrfs: of all sessions at once each record is kept once (promise 1)" {
    mount_btrfs
    keeps_all
}

@test "tmpfs: of all sessions at once each record is kept once (promise 1)" {
    mount_tmpfs
    keeps_all
}

@test "overlayfs: of all sessions at once each record is kept once (promise 1)" {
    mount_overlay
    keeps_all
}

@test "bindfs (FUSE): of all sessions at once each record is kept once (promise 1)" {
    mount_bindfs # whoever takes a file away through FUSE may do so between two of its steps
    keeps_all --without taken
}

@test "exfat (FUSE): of all sessions at once each record is kept once (promise 1)" {
    mount_exfat
    keeps_all --without taken
}

@test "without unnamed files, flags and links: of all sessions at once each record is kept once (promise 1)" {
    mount_ext4 "$ROOT" 32M
    keeps_all --wrap="$TOP/build/tools/plainfs"
}

@test "without unnamed files and flags: of all sessions at once each record is kept once (promise 1)" {
    mount_ext4 "$ROOT" 32M
    keeps_all --wrap="$TOP/build/tools/plainfs links"
}

# storm_finds LIE PATTERN: a log is spoiled so; RECORD in the pattern is the one that the lie is about
storm_finds() {
    local record
    find "$ROOT" -mindepth 1 -delete
    ! storm --operations 200 --lie "$1" || fail "believed: $1"
    record=$(sed -nE 's/^a lie about (.*) in log1$/\1/p' "$T/out")
    grep -qE "^FAILED ${2//RECORD/"$record "}" "$T/out" || fail "not found out: $1"
}

@test "the storm finds out when a record is lost, there twice, torn, or was never sent" {
    storm_finds lost 'lost: log1: RECORD'
    storm_finds twice 'twice: log1, 2 times: RECORD'
    storm_finds torn 'torn: log1 at .* b.<RECORD'
    storm_finds mixed 'mixed: in log1: a1000\.1 '
}
