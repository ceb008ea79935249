# What file systems refuse, borders between several of them below one root, and quotas of their own.
# bats file_tags=slow
# shellcheck shell=bats
# shellcheck disable=SC2153 # OUTPUT is of filesystems.bash
bats_require_minimum_version 1.5.0
load session
load filesystems

setup() { setup_sandbox; }
teardown() {
    take_away
    teardown_sandbox
}

# ------------------------------------------- FUSE file systems that refuse something

# bindfs_upload OVER NEW OPTION...: what was there before is $ROOT/x; the option makes uploads in its
# place, and of a new file, end so
bindfs_upload() {
    mkdir "$T/behind"
    echo old >"$T/behind/x"
    mount_bindfs "${@:3}"
    talk <<STEPS
binary
store x new one < $1
store y another < $2
STEPS
}

@test "bindfs: where nothing can be renamed, no file is replaced; new ones are linked (promise 1)" {
    bindfs_upload '550 permission denied' 226 --rename-deny
    [ "$(cat "$ROOT/x")" = old ]
    [ "$(cat "$ROOT/y")" = another ]
    root_holds x y
}

@test "bindfs: where nothing can be deleted, uploads are whole; only reserved names are left" {
    bindfs_upload 226 226 --delete-deny
    [ "$(cat "$ROOT/x")" = 'new one' ]
    [ "$(cat "$ROOT/y")" = another ]
    published_are x y
}

@test "bindfs: where links cannot be told from files, an upload in the place of another is whole" {
    bindfs_upload 226 226 --hide-hard-links
    [ "$(cat "$ROOT/x")" = 'new one' ]
    root_holds x y
}

@test "bindfs: where the group cannot be set, uploads are refused before the data" {
    mount_bindfs --chgrp-deny
    talk --group=nogroup <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 550 permission denied
> NOOP
< 200
nofile x
STEPS
    root_holds
}

# ----------------------------------------------------- several in one root, and borders in one

# in_folder FOLDER: uploads of all kinds into a folder of the root that is not as the root is
in_folder() {
    local folder=$ROOT/$1
    chmod 0777 "$folder"
    talk <<STEPS
binary
store@ $1/x 200000
file@ $1/x 200000
store@ $1/x 100000
file@ $1/x 100000
append@ $1/x 0
> EPSV
< 229
> REST 65536
< 350
> STOR $1/x
< 150
put@ 65536
< 226
file@ $1/x 131072
> EPSV
< 229
> ALLO 300000
< 200
> STOR $1/x
< 150
put@ 65537
< 426
file@ $1/x 131072
> EPSV
< 229
> STOU $1/x
< 150
put another
< 226
> MKD $1/sub
< 257
store $1/sub/y below
file $1/sub/y below
store at-the-top top
file at-the-top top
STEPS
    mv "$folder"/x-* "$folder/y"
    folder_published_are "$folder" sub sub/y x y
    [ "$(cat "$folder/y")" = another ]
}

# What came of the upload that was cut behind in_folder may be kept or not, but the client is not
# told of the older file, or else it would go on from that.
kept_or_not() {
    local size
    talk <<STEPS
binary
> SIZE $1/x
< 213 ^213 (65536|0)$
STEPS
    size=$(find "$ROOT/.stord.unfinished" -name '.stord.partial-*' -printf '%s\n')
    talk <<STEPS
binary
> SIZE $1/x
< 213 ^213 $size$
> EPSV
< 229
> REST $size
< 350
> STOR $1/x
< 150
put@ $((300000 - size))
< 226
file@ $1/x 300000
> SIZE $1/x
< 213 ^213 300000$
STEPS
    folder_holds "$ROOT/$1" sub sub/y x y
}

@test "another file system below the root takes uploads of all kinds" {
    mount_ext4
    mkdir "$ROOT/other"
    mount_tmpfs "$ROOT/other"
    in_folder other
    kept_or_not other
}

@test "a file system without links below one that has them takes uploads of all kinds" {
    mkdir "$T/plain" "$ROOT/other"
    ROOT=$T/plain mount_exfat
    mount_at "$ROOT/other" --bind "$T/plain"
    in_folder other
    kept_or_not other
}

@test "a part of the same file system that is mounted below the root takes uploads of all kinds" {
    mount_ext4
    mkdir "$ROOT/other" "$ROOT/behind"
    mount_at "$ROOT/other" --bind "$ROOT/behind"
    in_folder other
    kept_or_not other
}

@test "btrfs: a subvolume below the root takes uploads of all kinds" {
    mount_btrfs
    btrfs -q subvolume create "$ROOT/other"
    in_folder other
    kept_or_not other
}

@test "xfs: a folder that belongs to a project, which no link may leave, takes uploads of all kinds" {
    mount_xfs
    mkdir "$ROOT/other"
    chattr -p 5 +P "$ROOT/other"
    in_folder other
    kept_or_not other
}

@test "a folder that is renamed while an upload runs has the upload, whole" {
    mount_ext4
    mkdir "$ROOT/d"
    session 7
    printf 'STOR d/x\r\nhalf' >&7
    wait_for grep -q '^150' "$OUTPUT"
    mv "$ROOT/d" "$ROOT/e"
    exec 7>&-
    wait_for all_gone "$SPAWN_PID"
    grep -q '^226' "$OUTPUT"
    [ "$(cat "$ROOT/e/x")" = half ]
    root_holds e e/x
}

RIGHTS=upload,append,replace,list,read,mkdir,rename,delete

@test "a folder in which an empty reserved folder was left can be removed; one that is in use cannot" {
    mount_ext4
    mkdir "$ROOT/other"
    mount_tmpfs "$ROOT/other"
    talk --allow="$RIGHTS" <<'STEPS'
< 220
> MKD other/d
< 257
> TYPE I
< 200
store other/d/x x
> DELE other/d/x
< 250
STEPS
    [ -d "$ROOT/other/d/.stord.unfinished" ]
    talk --allow="$RIGHTS" <<'STEPS'
< 220
> RMD other/d
< 250
nofile other/d
> MKD other/d
< 257
STEPS
    # a file without a name does not keep its folder; one with a reserved name does
    mkdir -m 0700 "$ROOT/other/d/.stord.unfinished"
    touch "$ROOT/other/d/.stord.unfinished/.stord.0123456789abcdef"
    talk --allow="$RIGHTS" <<'STEPS'
< 220
> RMD other/d
< 550 not empty
store other/d/x x
file other/d/x x
STEPS
    rm "$ROOT/other/d/.stord.unfinished/.stord.0123456789abcdef" "$ROOT/other/d/x"
    talk --allow="$RIGHTS" <<'STEPS'
< 220
> RMD other/d
< 250
nofile other/d
STEPS
}

@test "an attempt to remove a folder that is not empty does no harm to an upload into it" {
    mkdir "$ROOT/other"
    mount_tmpfs "$ROOT/other"
    mkdir "$ROOT/other/d"
    echo old >"$ROOT/other/d/old"
    session 7
    printf 'STOR other/d/x\r\nhalf' >&7
    wait_for grep -q '^150' "$OUTPUT"
    talk --allow="$RIGHTS" <<'STEPS'
< 220
> RMD other/d
< 550 not empty
file other/d/old old\n
STEPS
    printf ' and the rest' >&7
    exec 7>&-
    wait_for all_gone "$SPAWN_PID"
    grep -q '^226' "$OUTPUT" || fail "$(cat "$OUTPUT")"
    [ "$(cat "$ROOT/other/d/x")" = 'half and the rest' ]
}

@test "ext4: a time that it cannot hold is answered as it is stored: MFMT, MDTM, SITE UTIME" {
    mount_ext4
    printf x >"$ROOT/f"
    talk <<'STEPS'
< 220
> MFMT 99991231235959 f
< 213 ^213 Modify=24460510223855; f$
> MDTM f
< 213 ^213 24460510223855$
> MFMT 19000101000000 f
< 213 ^213 Modify=19011213204552; f$
> MDTM 99991231235959 f
< 213 ^213 Modify=24460510223855; f$
> SITE UTIME 19000101000000 f
< 200 Modify=19011213204552; f$
> SITE UTIME f 20240101000000 99991231235959 20240101000000 UTC
< 200 Modify=24460510223855; f$
STEPS
    [ "$(stat -c %Y "$ROOT/f")" = 15032385535 ]
}

# is_reserved NAME: every verb refuses it
is_reserved() {
    local verb steps=
    for verb in STOR APPE STOU RETR 'LIST ' NLST MLSD; do
        steps+=$'> EPSV\n< 229\n> '"${verb% } $1"$'\n< 55[03]\n'
    done
    for verb in CWD MKD RMD DELE RNFR SIZE MDTM MLST 'MFMT 20200101000000' 'MDTM 20200101000000' \
        'SITE CHMOD 600' 'SITE UTIME 20200101000000' STAT; do
        steps+="> $verb $1"$'\n< 55[03]|450\n'
    done
    steps+=$'> RNFR shown\n< 350\n> RNTO '"$1"$'\n< 55[03]\n'
    talk --allow="$RIGHTS" <<<$'< 220\n> TYPE I\n< 200\n'"$steps"
}

# Some file systems do not tell `A` from `a`.
@test "exfat: the reserved folder is refused by every verb and hidden, in whichever case it is written" {
    local name
    mount_exfat
    echo shown >"$ROOT/shown"
    mkdir -m 0700 "$ROOT/.STORD.Unfinished"
    echo secret >"$ROOT/.stord.unfinished/secret" # the same
    for name in .STORD.UNFINISHED .Stord.unfinished/secret .STORD.Unfinished/. ./.sTORD.x shown/../.STORD.x; do
        is_reserved "$name"
    done
    talk --allow="$RIGHTS" <<'STEPS'
binary
> ALLO 10
< 200
store cut half+ < 426
> SIZE cut
< 213 ^213 4$
fetch LIST -a =~ \A(?![\s\S]*(?i:stord))[\s\S]*cut\r\n[\s\S]*shown\r\n|\A(?![\s\S]*(?i:stord))[\s\S]*shown\r\n[\s\S]*cut\r\n
fetch NLST -a =~ \Ashown\r\n\Z
fetch MLSD =~ \A(?![\s\S]*(?i:stord))[\s\S]* shown\r\n
> STAT
< 211 (?i)\A(?![\s\S]*stord\.unfinished)
> STAT /
< 21[123] \A(?![\s\S]*(?i:\.stord))[\s\S]*shown
STEPS
    [ "$(cat "$ROOT/.stord.unfinished/secret")" = secret ]
}

# ------------------------------------------------------------------------- real quotas

# mount_limited: $ROOT is a btrfs subvolume that may hold 20 MiB
mount_limited() {
    mkdir "$T/volume"
    mount_btrfs "$T/volume"
    btrfs quota enable "$T/volume"
    btrfs -q subvolume create "$T/volume/limited"
    btrfs qgroup limit 20M "$T/volume/limited"
    mount_at "$ROOT" --bind "$T/volume/limited"
}

@test "btrfs: a quota that is used up is 552, before the data by ALLO; the old file stays (promise 1)" {
    mount_limited
    talk <<'STEPS'
binary
store x old
> EPSV
< 229
> ALLO 30000000
< 200
> STOR x
< 552 quota is used up
file x old
store y small
file y small
STEPS
    root_holds x y
    talk <<'STEPS'
< 220
> ALLO 30000000
< 200
> STOR x
< 552 quota is used up
closed
file x old
STEPS
    root_holds x y
}

@test "btrfs: a quota that is used up during an upload is 552; the room comes back (promise 1)" {
    mount_limited
    echo old >"$ROOT/x"
    talk <<'STEPS'
binary
store@ x 40000000 < 552 quota is used up
file x old\n
store y small
file y small
> SIZE x
< 213 4
STEPS
    root_holds x y
    logged 'Upload failed: /x .*, no-space\)'
    # what was given back is there for another one, at the latest when btrfs has cleaned up
    fits() {
        btrfs filesystem sync "$ROOT"
        talk <<'STEPS'
< 220
> ALLO 15000000
< 200
> STOR z
< 150
>>@ 15000000
< 226
file@ z 15000000
STEPS
    }
    wait_for fits
    root_holds x y z
}
