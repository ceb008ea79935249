# The promises hold on every file system, whatever it can do: real ones, on loop devices.
# bats file_tags=slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load filesystems

setup() { setup_sandbox; }
teardown() {
    take_away
    teardown_sandbox
}

# ------------------------------------------------------- what is done on each of them

# Inline and over data connections, new and in the place of an old file.
stores_each_way() {
    talk <<'STEPS'
< 220
> ALLO 7
< 200
> STOR inline
< 150
>> content
< 226
> ALLO 9
< 200
> STOR inline
< 150
>> newer one
< 226
> TYPE I
< 200
store@ data 300000
file inline newer one
file@ data 300000
store@ data 200000
file@ data 200000
store empty
file empty
STEPS
    root_holds data empty inline
}

# An upload that is cut leaves the old file as it was, and can be gone on with. Of what came, the last
# byte is not kept.
is_cut_and_resumed() {
    talk <<'STEPS'
binary
> EPSV
< 229
> ALLO 400000
< 200
> STOR data
< 150
put@ 65537
< 426
file@ data 200000
> ALLO 400000
< 200
store@ new 131073 < 426
nofile new
> SIZE new
< 213 ^213 131072$
> SIZE data
< 213 ^213 65536$
STEPS
    published_are data empty inline
    talk <<'STEPS'
binary
> EPSV
< 229
> REST 65536
< 350
> STOR data
< 150
put@ 334464
< 226
file@ data 400000
> EPSV
< 229
> REST 65536
< 350
> STOR new
< 150
put@ 131072
< 226
file@ new 196608
STEPS
    root_holds data empty inline new
}

# What is published is gone on with by REST and by APPE.
is_extended() {
    talk <<'STEPS'
binary
> EPSV
< 229
> REST 5
< 350
> STOR inline
< 150
put est
< 226
append inline \x20of all
append appended from nothing
file appended from nothing
STEPS
    [ "$(cat "$ROOT/inline")" = 'newerest of all' ]
    root_holds appended data empty inline new
}

# Names that the server chooses, and folders.
chooses_names() {
    local count
    count=$(find "$ROOT" -type f | wc -l)
    talk <<'STEPS'
binary
> MKD sub
< 257
store sub/x below
file sub/x below
> EPSV
< 229
> STOU
< 150 FILE: \S
put one
< 226
> EPSV
< 229
> STOU inline
< 150 FILE: inline-\S
put two
< 226
file inline newerest of all\n
STEPS
    [ "$(find "$ROOT" -type f | wc -l)" = $((count + 3)) ]
    [ "$(cat "$ROOT"/inline-*)" = two ]
    rm -r "$ROOT"/inline-* "$ROOT"/upload* "$ROOT/sub"
}

keeps_both_or_refuses() {
    talk --on-conflict=rename <<'STEPS'
binary
> EPSV
< 229
> STOR inline
< 150 FILE: inline-\S
put another
< 226 FILE: inline-\S
file inline newerest of all\n
STEPS
    [ "$(cat "$ROOT"/inline-*)" = another ]
    rm "$ROOT"/inline-*
    talk --on-conflict=refuse <<'STEPS'
binary
> EPSV
< 229
> STOR inline
< 553 there already
file inline newerest of all\n
STEPS
}

# session N: a session whose input is written to descriptor N; its output goes to OUTPUT
session() {
    mkfifo "$T/pipe.$1"
    eval "exec $1<>'$T/pipe.$1'"
    spawn "$HANDLER" --root "$ROOT" <"$T/pipe.$1"
    OUTPUT=$SPAWN_LOG
}

races() {
    local first second
    session 7
    first=$OUTPUT
    session 8
    second=$OUTPUT
    printf 'STOR raced\r\naaaa' >&7
    wait_for grep -q '^150' "$first"
    printf 'STOR raced\r\nbb' >&8
    wait_for grep -q '^150' "$second"
    exec 8>&-
    wait_for grep -q '^226' "$second"
    [ "$(cat "$ROOT/raced")" = bb ]
    printf 'aaaa' >&7
    exec 7>&-
    wait_for grep -q '^226' "$first"
    [ "$(cat "$ROOT/raced")" = aaaaaaaa ]
    wait_for all_gone "${SPAWNED[@]}"
    rm "$T/pipe.7" "$T/pipe.8" "$ROOT/raced"
}

# What clients and consumers see of the files: not the links and blocks of `ls -l`, which FUSE tells
# as they were a second ago
seen() {
    find "$ROOT" -mindepth 1 -name '.stord*' -prune -o -printf '%P %y %m %s\n' | sort
}

# Killed, without a chance to clean up. What it leaves has a reserved name, or none.
is_killed() {
    local before after
    before=$(seen)
    session 7
    printf 'STOR inline\r\nhalf of it' >&7
    wait_for grep -q '^150' "$OUTPUT"
    kill -KILL "$SPAWN_PID"
    wait_for all_gone "$SPAWN_PID"
    exec 7>&-
    rm "$T/pipe.7"
    after=$(seen)
    [ "$after" = "$before" ] || fail "before: $before; after: $after"
    [ "$(cat "$ROOT/inline")" = 'newerest of all' ]
    talk <<'STEPS'
binary
store inline after all
file inline after all
STEPS
}

keeps_promises() {
    stores_each_way
    is_cut_and_resumed
    is_extended
    keeps_promises_for_whole_files
    published_are appended data empty inline new
}

keeps_promises_for_whole_files() {
    echo 'newerest of all' >"$ROOT/inline"
    chooses_names
    keeps_both_or_refuses
    races
    nothing_unfinished
    is_killed
}

# ------------------------------------------------- in what order, and by which calls

# upload_traced: EVENTS become what an upload of x does
upload_traced() {
    events_of x <<'STEPS'
< 220
> ALLO 300000
< 200
> STOR x
< 150
>>@ 300000
< 226
STEPS
}

# extend_traced: the same for what goes on from x
extend_traced() {
    events_of x "$@" <<'STEPS'
< 220
> ALLO 5
< 200
> APPE x
< 150
>> bytes
< 226
STEPS
}

# What came of an upload that was cut is synced before it is kept, and what it becomes is synced again.
syncs_what_it_keeps() {
    local first named='(noreplace sync-folder|link sync-folder unlink-reserved|rename sync-folder)'
    events_of y <<'STEPS'
< 220
> ALLO 100000
< 200
> STOR y
< 150
>>@ 65537
eof
< 426
STEPS
    [[ $EVENTS =~ ^'220 200 '(unnamed|reserved)' 150 write cut '(link-reserved )?'sync kept '(close )?426$ ]] ||
        fail "events: $EVENTS"
    first=$EVENTS
    events_of y <<'STEPS'
< 220
> REST 65536
< 350
> ALLO 34464
< 200
> STOR y
< 150
>>@ 34464
< 226
file@ y 100000
STEPS
    [[ $EVENTS =~ ^'220 350 200 taken resumed 150 write '(cut )?'sync close '$named' 226'$ ]] ||
        fail "cut: $first; gone on with: $EVENTS"
    root_holds x y
}

# goes_by WORD...: new uploads, those in the place of an old file, and those that go on from one are
# published by the best of the ways that the file system offers, see offers
goes_by() {
    local offered=" $* " made=reserved linked='' new over='' extended='' remembered
    if [[ $offered = *' unnamed '* ]]; then
        made=unnamed
        linked='link-reserved '
    fi
    case $offered in
    *' noreplace '*) new='noreplace sync-folder' ;;
    *' link '*) new='link sync-folder unlink-reserved' ;;
    *) new='rename sync-folder' ;;
    esac
    # Best with a backup, for who watches the folder; to go on from a file, best by an exchange
    over='rename sync-folder'
    [[ $offered != *' exchange '* ]] || over='exchange sync-folder unlink-reserved'
    extended=$over
    [[ $offered != *' link '* ]] || over='back-up rename sync-folder unlink-reserved'
    [[ $offered = *' exchange '* ]] || extended=$over

    upload_traced
    went "220 200 $made 150 write ${linked}sync close $new 226" || return
    replaces "$ROOT" || return 0
    upload_traced
    went "220 200 $made 150 write ${linked}sync close $over 226" || return
    [ "${VFAT:-}" != fusefat ] || return 0 # it spoils a file that is appended to
    extend_traced --append=copy # the bytes are copied by the kernel or by us
    local copied=${EVENTS//copy copy/copy} aside='' # where there are no unnamed files, what was received is one
    [ "$made" = unnamed ] || aside='unlink-reserved '
    copied=${copied//write copy/copy}
    [[ $copied =~ ^"220 200 $made 150 write $aside$made copy mode="[0-7]+" "(cut )?"${linked}sync close $extended"( close)?" 226"$ ]] ||
        fail "$EVENTS
expected: 220 200 $made 150 write $aside$made copy mode=N ${linked}sync close $extended 226" || return
    extend_traced
    if [ "$made" = unnamed ]; then aside=''; else aside='unlink-reserved '; fi
    case $(stat -f -c %T "$ROOT/x") in # these bring it to the disk in time by themselves
    ext2/ext3 | xfs) remembered=remembered ;;
    *) remembered='remembered sync-remembered' ;;
    esac
    went "220 200 $made 150 write extended $remembered write sync close close ${aside}226" || return
    [ "$(stat -c %s "$ROOT/x")" = 300010 ]
    root_holds x
}

by_all_there_is() { goes_by unnamed link noreplace exchange; }

# By what the file system offers, where that is not the same everywhere.
by_what_is_offered() {
    # shellcheck disable=SC2046 # words
    goes_by $(offers "$ROOT")
}

@test "ext4: whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_ext4
    keeps_promises
}

@test "ext4: data, sync, name, sync of the folder, 226: by all there is (promise 1)" {
    mount_ext4
    by_all_there_is
    syncs_what_it_keeps
}

# put_traced TYPE: EVENTS become what an upload of x over a data connection does
put_traced() {
    events_of x <<STEPS
< 220
> TYPE $1
< 200
store x one\\r\\ntwo\\r\\n
STEPS
}

@test "data, sync, name, sync of the folder, 226: over a data connection, in TYPE I and A (promise 1)" {
    local type before='220 200 229 unnamed 150 write link-reserved sync close'
    mount_ext4
    for type in I A; do
        rm -f "$ROOT/x"
        put_traced "$type"
        went "$before noreplace sync-folder 226"
        put_traced "$type"
        went "$before back-up rename sync-folder unlink-reserved 226"
    done
    [ "$(cat "$ROOT/x")" = $'one\ntwo' ] # it was converted
}

@test "xfs: whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_xfs
    keeps_promises
}

@test "xfs: data, sync, name, sync of the folder, 226: by all there is (promise 1)" {
    mount_xfs
    by_all_there_is
    syncs_what_it_keeps
}

@test "btrfs: whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_btrfs
    keeps_promises
}

@test "btrfs: data, sync, name, sync of the folder, 226: by all there is (promise 1)" {
    mount_btrfs
    by_all_there_is
    syncs_what_it_keeps
}

@test "tmpfs: whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_tmpfs
    keeps_promises
}

@test "tmpfs: data, sync, name, sync of the folder, 226: by all there is (promise 1)" {
    mount_tmpfs
    by_all_there_is
    syncs_what_it_keeps
}

@test "overlayfs: whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_overlay
    keeps_promises
}

@test "overlayfs: data, sync, name, sync of the folder, 226: by what this kernel offers (promise 1)" {
    mount_overlay
    by_what_is_offered
    syncs_what_it_keeps
}

@test "bindfs (FUSE): whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_bindfs
    keeps_promises
}

@test "bindfs (FUSE): data, sync, name, sync of the folder, 226: by what this version offers (promise 1)" {
    mount_bindfs
    by_what_is_offered
    syncs_what_it_keeps
}

@test "mergerfs (FUSE): whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_mergerfs
    keeps_promises
}

@test "mergerfs with inodes of the disk (FUSE): whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_mergerfs -o use_ino
    keeps_promises
}

# Right behind the upload its links are counted, and later they are not: it is copied, or added to in place.
@test "mergerfs (FUSE): APPE and REST go on from a published file, at once and later, whatever its links are called" {
    local options
    for options in '' '-o use_ino'; do
        # shellcheck disable=SC2086 # words
        mount_mergerfs $options
        talk <<'STEPS'
binary
store log one
append log \x20two
file log one two
> SIZE log
< 213 ^213 7$
> EPSV
< 229
> REST 4
< 350
> STOR log
< 150
put three
< 226
file log one three
append log \x20four
file log one three four
STEPS
        root_holds log
        counted_once() { [ "$(stat -c %h "$ROOT/log")" = 1 ]; }
        wait_for counted_once
        talk <<'STEPS'
binary
append log \x20five
file log one three four five
> EPSV
< 229
> REST 3
< 350
> STOR log
< 150
put  only
< 226
file log one only
STEPS
        root_holds log
        take_away
        rm -r "$T/one" "$T/two"
    done
}

@test "mergerfs (FUSE): what a program has changed meanwhile, there or on the disk, is not gone on with, and stays" {
    local where
    begun() { tail -n 1 "$OUTPUT" | grep -q '^150'; }
    mount_mergerfs
    for where in "$ROOT" "$T/two"; do
        echo old >"$T/two/log"
        session 7
        printf 'REST 3\r\nSTOR log\r\nhalf' >&7
        wait_for begun
        echo other >"$where/new"
        mv "$where/new" "$where/log"
        exec 7>&-
        wait_for all_gone "$SPAWN_PID"
        rm "$T/pipe.7"
        grep -q '^550.*has changed meanwhile' "$OUTPUT" || fail "$where: $(cat "$OUTPUT")"
        [ "$(cat "$T"/{one,two}/log 2>/dev/null)" = other ]
        rm -f "$T"/{one,two}/log
    done
}

@test "mergerfs (FUSE): a client that may not see finds what it has sent, and goes on with it" {
    mount_mergerfs
    echo theirs >"$ROOT/theirs"
    talk --allow=upload,append,mkdir <<'STEPS'
binary
store new hello
> SIZE new
< 213 ^213 5$
> MFMT 20240101000000 new
< 213 Modify=20240101000000
append new \x20again
> SIZE new
< 213 ^213 11$
> RNFR new
< 350
> RNTO theirs
< 553
> RNFR new
< 350
> RNTO newer
< 250
> DELE newer
< 250
STEPS
    folder_holds "$ROOT" theirs
    [ "$(cat "$ROOT/theirs")" = theirs ]
}

@test "mergerfs (FUSE): a file of one disk is gone on with, where the reserved folder is on the other" {
    mkdir -p "$T/one" "$T/two"
    mkdir -m 700 "$T/two/.stord.unfinished"
    printf 'far away' >"$T/one/far"
    mount_mergerfs
    talk <<'STEPS'
binary
append far \x20indeed
file far far away indeed
> EPSV
< 229
> REST 3
< 350
> STOR far
< 150
put  off
< 226
file far far off
store far near
file far near
STEPS
    root_holds far
}

@test "mergerfs (FUSE): data, sync, name, sync of the folder, 226: by what this version offers (promise 1)" {
    mount_mergerfs -o use_ino
    by_what_is_offered
    syncs_what_it_keeps
}

@test "exfat (FUSE): who may not replace can rename to a name that is free, and to no other" {
    mount_exfat
    echo old >"$ROOT/old"
    echo other >"$ROOT/other"
    talk --allow=upload,list,rename <<'STEPS'
< 220
> RNFR old
< 350
> RNTO other
< 553
> RNFR old
< 350
> RNTO new
< 250
file new old\n
file other other\n
STEPS
    root_holds new other
}

@test "exfat (FUSE): whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_exfat
    keeps_promises
}

@test "exfat (FUSE): data, sync, name, sync of the folder, 226: by what this version offers (promise 1)" {
    mount_exfat
    by_what_is_offered
    syncs_what_it_keeps
}

@test "vfat: whole uploads, cut ones, resumed ones, races, kills (promises 1 to 3)" {
    mount_vfat
    if [ "$VFAT" = kernel ]; then
        keeps_promises
    elif replaces "$ROOT"; then # fusefat spoils a file that is appended to, so there nothing can be gone on with
        stores_each_way
        keeps_promises_for_whole_files
    else # newer ones of it do not even that
        replaces_nothing
    fi
}

# Where the driver renames over no file a new one is stored, and in the place of an old one refused, which stays.
replaces_nothing() {
    talk <<'STEPS'
< 220
> ALLO 3
< 200
> STOR x
< 150
>> old
< 226
> TYPE I
< 200
store x newer < 553 there already
file x old
store y another
file y another
STEPS
    root_holds x y
}

@test "vfat: data, sync, name, sync of the folder, 226: by what this kernel offers (promise 1)" {
    mount_vfat
    by_what_is_offered
    [ "$VFAT" = fusefat ] || syncs_what_it_keeps
}

@test "overlayfs: an old file of the lower layer is replaced, extended and gone on with; it stays there" {
    mkdir "$T/lower"
    for name in replaced appended continued cut; do echo lower >"$T/lower/$name"; done
    mount_overlay
    talk <<'STEPS'
binary
store replaced new
file replaced new
append appended more
file appended lower\nmore
> EPSV
< 229
> REST 3
< 350
> STOR continued
< 150
put er one
< 226
file continued lower one
> ALLO 100
< 200
store cut half < 426
file cut lower\n
STEPS
    published_are appended continued cut replaced
    [ "$(cat "$T/lower/"*)" = $'lower\nlower\nlower\nlower' ]
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
