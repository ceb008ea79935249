# Modes and groups of what clients make, set before it has a name; and --no-sync.
# bats file_tags=asan
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031,SC2034 # `talk` reads WRAP; tests are subshells
bats_require_minimum_version 1.5.0
load session
load filesystems

setup() { setup_sandbox; }
teardown() {
    take_away
    teardown_sandbox
}

# has NAME MODE [GROUP]: what stat says of it
has() {
    local got
    got=$(stat -c '%a %g' "$ROOT/$1")
    [ "$got" = "$2 ${3-${got#* }}" ] || fail "$1: $got"
}

# with_umask MASK: WRAP for a handler that has this umask
with_umask() { WRAP=(bash -c "umask $1; exec \"\$@\"" -); }

# Makes a file in each way there is: a new one, one in the place of another, one that goes on from
# another, one whose name is ours to choose, one that was interrupted; and a folder with one in it.
# All of that in the root, or in the folder IN of it.
make_all() {
    local in=${IN:-.} folder=$ROOT/${IN:-.} name
    for name in replaced appended continued; do
        printf old >"$folder/$name"
        chmod 0604 "$folder/$name"
    done
    talk "$@" <<STEPS
< 220
> CWD $in
< 250
> TYPE I
< 200
store new new
store replaced new
append appended new
> REST 3
< 350
store continued new
> EPSV
< 229
> STOU unique
< 150
put new
< 226
> ALLO 6
< 200
store resumed oldn < 426
> SIZE resumed
< 213 ^213 3$
> REST 3
< 350
store resumed new
> MKD folder
< 257
store folder/new new
file $in/replaced new
file $in/appended oldnew
file $in/continued oldnew
file $in/resumed oldnew
STEPS
}
FILES=(new replaced appended continued unique resumed folder/new)

@test "--file-mode and --dir-mode: uploads of all kinds and folders have that mode, whatever the umask" {
    with_umask 077
    make_all --file-mode=0664 --dir-mode=02775
    for file in "${FILES[@]}"; do has "$file" 664; done
    has folder 2775
    find "$ROOT" -mindepth 1 -delete
    with_umask 0
    make_all --file-mode=400 --dir-mode=700
    for file in "${FILES[@]}"; do has "$file" 400; done
    has folder 700
}

@test "--dir-mode: folders that nobody may read are made, too" {
    need_root becomes somebody else
    chmod 777 "$ROOT"
    local WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    talk --dir-mode=0333 <<'STEPS'
< 220
> MKD blind
< 257
STEPS
    has blind 333
}

@test "--dir-mode: where a filter forbids the set-group-ID bit, a folder that needs another mode loses it" {
    chmod g+s "$ROOT"
    setfacl -d -m u::rwx,g::rwx,o::--- "$ROOT"
    local -x ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
    local WRAP=(strace -o "$T/trace" -e trace=fchmod -e inject=fchmod:error=EPERM:when=1)
    talk --dir-mode=0775 <<'STEPS'
< 220
> MKD d
< 257
STEPS
    has d 775
    local WRAP=()
    talk --dir-mode=0775 <<'STEPS'
< 220
> MKD e
< 257
STEPS
    has e 2775
}

@test "without them the umask decides, and what goes on from a file has that file's mode" {
    for mask in 027 002; do
        with_umask "$mask"
        make_all
        for file in new replaced unique resumed folder/new; do
            has "$file" "$(printf %o $((0666 & ~mask)))"
        done
        has appended 604
        has continued 604
        has folder "$(printf %o $((0777 & ~mask)))"
        find "$ROOT" -mindepth 1 -delete
    done
}

@test "--group: uploads of all kinds and folders belong to it, by name or number" {
    need_root gives files away
    for group in games 60; do
        make_all --group="$group"
        for file in "${FILES[@]}" folder; do has "$file" "$(stat -c %a "$ROOT/$file")" 60; done
        find "$ROOT" -mindepth 1 -delete
    done
}

@test "--group works without privileges for a group that the handler is in, and is 550 for others" {
    need_root becomes somebody else
    local WRAP=(setpriv --reuid 65534 --regid 65534 --groups 60)
    talk --group=games --file-mode=640 <<'STEPS'
< 220
> STOR x
< 150
>> new
eof
< 226
STEPS
    has x 640 60
    echo old >"$ROOT/y"
    chown 65534 "$ROOT/y"
    talk --group=users <<'STEPS'
< 220
> EPSV
< 229
> STOR y
< 550 permission denied
file y old\n
> MKD d
< 550
nofile d
> NOOP
< 200
STEPS
    root_holds x y
}

@test "a folder with the set-group-ID bit gives its group to uploads of all kinds and to folders" {
    need_root gives files away
    chgrp games "$ROOT"
    chmod 2777 "$ROOT"
    make_all --file-mode=0640
    for file in "${FILES[@]}"; do has "$file" 640 60; done
    has folder 2755 60
}

@test "so it does where files need a name to be written to, and on another file system below the root" {
    mount_bindfs
    mkdir "$ROOT/other"
    chgrp games "$ROOT"
    chmod 2777 "$ROOT"
    make_all --file-mode=0640
    for file in "${FILES[@]}"; do has "$file" 640 60; done
    mount_tmpfs "$ROOT/other"
    chgrp games "$ROOT/other"
    chmod 2777 "$ROOT/other"
    ROOT=$ROOT/other make_all --file-mode=0640
    for file in "${FILES[@]}"; do has "other/$file" 640 60; done
    talk <<'STEPS'
< 220
> STOR other/x
< 150
>> new
eof
< 226
STEPS
    has other/x 644 60
}

@test "a folder below a root without that bit hands its group down to uploads of all kinds" {
    need_root gives files away
    mkdir -m 0777 "$ROOT/inbox"
    chgrp games "$ROOT/inbox"
    chmod 2777 "$ROOT/inbox"
    IN=inbox make_all --file-mode=0640
    for file in "${FILES[@]}"; do has "inbox/$file" 640 60; done
    has inbox/folder 2755 60
    folder_holds "$ROOT/inbox" {appended,continued,folder,folder/new,new,replaced,resumed,unique}
}

@test "a folder that got that bit after the first upload into it hands its group down, too" {
    need_root gives files away
    for IN in . inbox; do
        mkdir -p "$ROOT/$IN"
        chgrp daemon "$ROOT/$IN"
        chmod 2777 "$ROOT/$IN"
        make_all
        find "$ROOT/$IN" -mindepth 1 -maxdepth 1 ! -name '.stord.*' -exec rm -r {} +
        chgrp games "$ROOT/$IN"
        make_all
        for file in "${FILES[@]}"; do has "$IN/$file" "$(stat -c %a "$ROOT/$IN/$file")" 60; done
    done
}

# inherits FOLDER: uploads into that folder of the root got what any new file there gets
inherits() {
    local file wanted
    touch "$ROOT/$1/reference"
    wanted=$(getfacl -cp "$ROOT/$1/reference")
    grep -q '^user:games:rw' <<<"$wanted" || fail "not by the default ACL: $wanted" || return
    for file in new replaced unique resumed; do
        [ "$(getfacl -cp "$ROOT/$1/$file")" = "$wanted" ] ||
            fail "$1/$file: $(getfacl -cp "$ROOT/$1/$file"), wanted: $wanted" || return
    done
    getfacl -cp "$ROOT/$1/folder" | grep -q '^default:user:games:rw' || fail "$1/folder" || return
    rm "$ROOT/$1/reference"
}

@test "a default ACL of the root or of a folder in it is inherited by uploads and by folders" {
    need setfacl getfacl
    mount_ext4
    mkdir -m 0777 "$ROOT/inbox"
    setfacl -d -m u:games:rwx,o::- "$ROOT/inbox"
    IN=inbox make_all
    inherits inbox
    IN=inbox/folder make_all
    inherits inbox/folder
    find "$ROOT" -mindepth 1 -delete
    setfacl -d -m u:games:rwx,o::- "$ROOT"
    make_all
    inherits .
    mkdir "$ROOT/plain" # a folder below without one
    setfacl -b -k "$ROOT/plain"
    IN=plain make_all
    [ -z "$(getfacl -Rps "$ROOT/plain/new" "$ROOT/plain/replaced" "$ROOT/plain/resumed")" ]
}

@test "a default ACL that a folder got after the first upload into it is inherited, too" {
    need setfacl getfacl
    mount_ext4
    for IN in . inbox; do
        mkdir -p "$ROOT/$IN"
        make_all
        find "$ROOT/$IN" -mindepth 1 -maxdepth 1 ! -name '.stord.*' -exec rm -r {} +
        setfacl -d -m u:games:rwx,o::- "$ROOT/$IN"
        make_all
        inherits "$IN"
        find "$ROOT/$IN" -mindepth 1 -maxdepth 1 ! -name '.stord.*' -exec rm -r {} +
        setfacl -d -m u:games:r "$ROOT/$IN" # and it may change
        make_all
        touch "$ROOT/$IN/reference"
        [ "$(getfacl -cp "$ROOT/$IN/new")" = "$(getfacl -cp "$ROOT/$IN/reference")" ] ||
            fail "$(getfacl -cp "$ROOT/$IN/new")"
    done
}

# dressed_first NAME: what the upload of NAME does comes in this order: the mode and the group of the
# file, its sync, its name
dressed_first() {
    local named='(link|noreplace|rename|exchange)'
    events_of "$1" --file-mode=0640 --group=games <<STEPS
< 220
> STOR $1
< 150
>> new
eof
< 226
STEPS
    [[ $EVENTS =~ ^220' '(unnamed|reserved)' '.*mode=0640' '.*sync' '.*$named' '.*226$ ]] ||
        fail "events: $EVENTS"
    [[ $EVENTS =~ group=60' '.*mode=0640 ]] || fail "a group that comes last takes bits away: $EVENTS"
    [[ ! $EVENTS =~ $named' '.*(mode|group)= ]] || fail "events: $EVENTS"
    has "$1" 640 60
}

@test "mode and group are set before the name is given: new, and in the place of another (promise 2)" {
    need_root gives files away
    dressed_first x
    dressed_first x
    find "$ROOT" -mindepth 1 -delete
    mount_bindfs # where files need a name to be written to
    dressed_first x
    dressed_first x
}

# settings_refused STATUS WORD...: the settings cannot be used: 421, the exit status, a line in the log
settings_refused() {
    local status=$1
    shift
    run "-$status" --separate-stderr env "$@" </dev/null
    [ "$output" = $'421 Service not available: see the server\'s log\r' ] || fail "$*: $output"
    # shellcheck disable=SC2154 # bats sets stderr
    [[ "$stderr" == *'Cannot start: '* ]] || fail "$*: $stderr"
}

@test "an unknown group and modes that are none are refused when a session starts" {
    local value
    settings_refused 64 "$HANDLER" --root "$ROOT" --group=no-such-group
    [[ "$stderr" == *no-such-group* ]]
    settings_refused 78 STORD_GROUP=no-such-group "$HANDLER" --root "$ROOT"
    [[ "$stderr" == *no-such-group* ]]
    for value in 8 0o644 rw-r--r-- 1777 0778 -1 '' ' 644' 0644x; do
        settings_refused 64 "$HANDLER" --root "$ROOT" --file-mode="$value"
        settings_refused 78 STORD_FILE_MODE="$value" "$HANDLER" --root "$ROOT"
    done
    for value in 8 4755 07777 umask2; do
        settings_refused 64 "$HANDLER" --root "$ROOT" --dir-mode="$value"
    done
    for value in '' -1 99999999999; do settings_refused 64 "$HANDLER" --root "$ROOT" --group="$value"; done
    root_holds
}

# synced_in_all: the calls that sync in a session with uploads of all kinds
synced_in_all() {
    local -x ASAN_OPTIONS=detect_leaks=0
    local WRAP=(strace -f -o "$T/trace" -e 'trace=sync,syncfs,fsync,fdatasync,msync,openat,openat2')
    make_all "$@"
    grep -cE '(sync|syncfs|fsync|fdatasync|msync)\(|O_D?SYNC' "$T/trace" || :
}

@test "--no-sync: nothing is synced, and every session says so in the log" {
    local uploads=${#FILES[@]}
    # the file and its folder, each time; once more for what was kept
    [ "$(synced_in_all)" -ge $((2 * uploads + 1)) ]
    not_logged 'not synced'
    for option in --no-sync STORD_NO_SYNC; do
        find "$ROOT" -mindepth 1 -delete
        rm "$T/log"
        case $option in
        --*) [ "$(synced_in_all "$option")" = 0 ] ;;
        *) [ "$(export STORD_NO_SYNC=yes && synced_in_all)" = 0 ] ;;
        esac
        logged 'not synced \(--no-sync\)'
    done
}
