# The promises hold on every file system, whatever it can do: real ones, on loop devices.
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
    count=$(find "$ROOT" -path "*/.stord.*" -prune -o -type f -print | wc -l)
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
    [ "$(find "$ROOT" -path "*/.stord.*" -prune -o -type f -print | wc -l)" = $((count + 3)) ]
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
