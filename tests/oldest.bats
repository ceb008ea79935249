# when-full=oldest in the users file: in a full home, or on a full disk, the oldest files make room for uploads.
# bats file_tags=asan,slow
# shellcheck shell=bats
# shellcheck disable=SC2153,SC2034 # IMAGE is of filesystems.bash; HASH and WRAP are for quota.bash and session.bash
bats_require_minimum_version 1.5.0
load quota
load filesystems

# The root is a small disk of its own, on which files can be made old: their times of change, too.
setup() {
    setup_sandbox
    HASH=$(perl -e 'print crypt("secret", q($6$rounds=1000$stord$))')
    COUNT=$ROOT/.stord.unfinished/.stord.usage/home/.stord.count
    mount_ext4 "$ROOT" 40M
    mkdir "$ROOT/home"
}

teardown() {
    take_away
    teardown_sandbox
}

# no loop device has the image
detached() { [ -z "$(losetup -j "$IMAGE")" ]; }

# old HOURS NAME...: they changed so long ago
old() {
    local name when
    when=$(($(date +%s) - $1 * 3600))
    sync -f "$ROOT"
    wait_for umount "$ROOT"
    wait_for detached # or it would be mounted as the device remembers it
    for name in "${@:2}"; do printf 'sif "/%s" ctime @%s\n' "$name" "$when"; done >"$T/times"
    debugfs -w -f "$T/times" "$IMAGE" >"$T/debugfs" 2>&1
    mount -o loop "$IMAGE" "$ROOT"
    for name in "${@:2}"; do
        [ "$(stat -c %Z "$ROOT/$name")" = "$when" ] || { cat "$T/debugfs" >&2; fail "$name is not that old"; }
    done
}

# aged HOURS NAME BYTES: such a file
aged() {
    mkdir -p "$(dirname "$ROOT/$2")"
    random_file "$ROOT/$2" "$3"
    old "$1" "$2"
}

# gone_are NAME...: the log says that these were removed to make room, in this order, and nothing else
gone_are() {
    local got
    got=$(sed -nE 's/.*Removed to make room: ([^ ]+) .*/\1/p' "$T/log" | paste -sd' ')
    [ "$got" = "$*" ] || fail "gone are: $got"
}

# announced CODE NAME BYTES [OPTION...]: one session announces an upload, and sends it if it may
announced() {
    local steps='put@ '$3$'\n< 226'
    if [ "$1" != 150 ]; then steps=; fi
    binary_as me "${@:4}" <<STEPS
> PASV
< 227
> ALLO $3
< 200
> STOR $2
< $1
$steps
STEPS
}

@test "when-full=oldest: the oldest files of the home go, and no more than has to" {
    user me /home quota=100,when-full=oldest
    aged 50 home/b 30
    aged 70 home/day/a 30
    aged 3 home/c 30
    announced 150 new 35
    gone_are /home/day/a
    published_are home home/b home/c home/day home/new
    home_holds 95
    # without ALLO, as it comes
    stores 226 more 40
    gone_are /home/day/a /home/b /home/c
    published_are home home/day home/more home/new
    home_holds 75
    logged 'Removed to make room: /home/b \(30 bytes, 50 hours old\)'
}

@test "when-full=oldest: by the time of change, whatever time a client has set" {
    user me /home quota=100,when-full=oldest
    aged 9 home/older 50
    aged 5 home/newer 50
    touch -d '2001-01-01' "$ROOT/home/newer"
    old 5 home/newer
    stores 226 new 10
    gone_are /home/older
    # and what has come just now stays, even if it says that it is old
    user you /young quota=100,when-full=oldest
    binary_as you <<'STEPS'
> PASV
< 227
> STOR a
< 150
put@ 100
< 226
> MFMT 20010101000000 a
< 213
> PASV
< 227
> STOR b
< 552
STEPS
    gone_are /home/older
    published_are home home/new home/newer young young/a
}

@test "when-full=oldest: nothing younger than an hour goes, and nothing at all if that is not enough" {
    user me /home quota=100,when-full=oldest
    aged 0 home/young 60
    aged 2 home/old 40
    announced 552 new 41
    announced 552 huge 101
    gone_are
    published_are home home/old home/young
    home_holds 100
    announced 150 new 40
    gone_are /home/old
    # how much comes is not always known: then what goes may be in vain
    old 2 home/new
    stores 552 more 41
    gone_are /home/old /home/new
    published_are home home/young
}

@test "when-full=oldest: --check shows it, and says where it is in vain" {
    user me /home quota=100,when-full=oldest
    user you /home when-full=oldest,until=2001-01-01
    # warned NUMBER [OPTION...]
    warned() {
        "$HANDLER" --check --root "$ROOT" --users "$T/users" "${@:2}" >"$T/check"
        [ "$(grep -c '^warning: users, line 2: when-full=oldest makes no room' "$T/check")" = "$1" ]
    }
    warned 1
    warned 0 --min-free 5%
    grep -q 'user me: .* when-full=oldest' "$T/check"
    grep -q 'user you: .* until=2001-01-01 (over) when-full=oldest' "$T/check"
    # a home inside this one is somebody else's, and one beside it is not
    inside='when-full=oldest takes files of others, too'
    user she /home2
    user he /hom
    warned 1
    if grep "$inside" "$T/check"; then fail "they are beside"; fi
    user it /home/inner
    warned 1
    grep "^warning: users, line 1: $inside: home /home/inner of line 5 is inside this one" "$T/check"
    : >"$T/users"
    user top / quota=100,when-full=oldest
    warned 0
    if grep "$inside" "$T/check"; then fail "there is nobody else"; fi
    user it /home
    warned 0
    grep "$inside: home /home of line 2" "$T/check"
}

@test "when-full=oldest: without it files stay" {
    user me /home quota=100
    aged 9 home/a 100
    announced 552 new 1
    announced 552 new 1 --min-free=90%
    gone_are
    published_are home home/a
}

@test "when-full=oldest: on a disk that is as full as --min-free allows" {
    user me /home when-full=oldest
    mkdir "$ROOT/other"
    random_file "$ROOT/other/a" 5M
    for name in a b c d; do random_file "$ROOT/home/$name" 5M; done
    old 60 other/a
    old 50 home/a
    old 40 home/b
    old 30 home/c
    local free
    free=$(($(stat -f -c '%a * %S' "$ROOT")))
    # exactly so much is free: a file of 4 MB takes one, of 6 MB takes two, and those of another home stay
    announced 150 one 4000000 --min-free=$((free - 100000))
    gone_are /home/a
    free=$(($(stat -f -c '%a * %S' "$ROOT")))
    binary_as me --min-free=$free <<'STEPS'
> PASV
< 227
> STOR two
< 150
put@ 6000000
< 226
STEPS
    gone_are /home/a /home/b /home/c
    [ $(($(stat -f -c '%a * %S' "$ROOT"))) -ge $((free - 200000)) ]
    # a second name keeps the bytes: removing one would not help
    ln "$ROOT/home/d" "$ROOT/other/d"
    old 9 home/d
    free=$(($(stat -f -c '%a * %S' "$ROOT")))
    announced 452 three 1000000 --min-free=$((free + 100000))
    gone_are /home/a /home/b /home/c
    published_are home home/d home/one home/two other other/a other/d
}

@test "when-full=oldest: links, pipes and reserved names stay, and what links lead to" {
    user me /home quota=100,when-full=oldest
    mkdir "$ROOT/elsewhere"
    random_file "$ROOT/elsewhere/target" 50
    random_file "$ROOT/home/.stord.mine" 50
    ln -s ../elsewhere/target "$ROOT/home/file"
    ln -s ../elsewhere "$ROOT/home/folder"
    mkfifo "$ROOT/home/pipe"
    old 9 elsewhere/target home/.stord.mine home/file home/folder home/pipe
    aged 8 home/old 100
    stores 226 new 60
    gone_are /home/old
    announced 552 more 60
    gone_are /home/old
    [ -f "$ROOT/elsewhere/target" ] && [ -f "$ROOT/home/.stord.mine" ] && [ -p "$ROOT/home/pipe" ]
    [ -L "$ROOT/home/file" ] && [ -L "$ROOT/home/folder" ]
}

@test "when-full=oldest: what is being uploaded stays, by this session or another" {
    user me /home quota=100,when-full=oldest
    aged 9 home/log 40
    aged 8 home/old 40
    # one adds to the oldest file, and another needs room meanwhile
    {
        printf '[%s] < 220\n> USER me\n< 331\n> PASS secret\n< 230\n> TYPE I\n< 200\n> PASV\n< 227\n' one
        printf '> APPE log\n< 150\nconnect\ndata hello\nstored 5\n'
        printf '[%s] < 220\n> USER me\n< 331\n> PASS secret\n< 230\n> TYPE I\n< 200\n> PASV\n< 227\n' two
        printf '> STOR new\n< 150\nput@ 50\n< 226\n[one] done\n< 226\n'
    } >"$T/steps"
    several --users "$T/users" <"$T/steps"
    gone_are /home/old
    [ "$(stat -c %s "$ROOT/home/log")" = 45 ]
    # its own name: what it replaces makes room by itself, and stays if that fails
    old 9 home/log
    old 8 home/new
    announced 552 log 101
    announced 150 log 60
    gone_are /home/old /home/new
    home_holds 60
}

@test "when-full=oldest: many files for one upload, and the names that a quota allows" {
    user me /home quota=100,when-full=oldest
    mkdir "$ROOT/home/many"
    (cd "$ROOT/home/many" && for i in {001..255}; do : >"$i"; done)
    # shellcheck disable=SC2046 # names without blanks
    old 9 $(cd "$ROOT" && echo home/many/*)
    stores 226 new 50
    gone_are /home/many/001 || gone_are "$(sed -nE 's/.*Removed to make room: ([^ ]+) .*/\1/p' "$T/log")"
    [ "$(grep -c 'Removed to make room' "$T/log")" = 1 ]
    user large /large quota=10M,when-full=oldest
    mkdir "$ROOT/large"
    (cd "$ROOT/large" && for i in {001..999}; do head -c 10240 /dev/zero >"$i"; done)
    # shellcheck disable=SC2046
    old 9 $(cd "$ROOT" && echo large/*)
    binary_as large <<'STEPS'
> PASV
< 227
> ALLO 9000000
< 200
> STOR new
< 150
put@ 9000000
< 226
STEPS
    local left
    left=$(find "$ROOT/large" -name '???' -size 20 | wc -l)
    [ "$left" -lt 999 ] && [ $((left * 10240 + 9000000)) -le 10485760 ] && [ $(((left + 1) * 10240 + 9000000)) -gt 10485760 ]
}

@test "when-full=oldest: sessions at once never exceed the quota, and each upload is stored (promise 1)" {
    user me /home quota=1000,when-full=oldest
    for i in {0..9}; do random_file "$ROOT/home/old$i" 100; done
    old 9 home/old{0..9}
    for i in {1..8}; do at_once stores 226 "new$i" 120; done
    all_done
    home_holds 960
    [ "$(find "$ROOT/home" -name 'new*' | wc -l)" = 8 ]
    [ "$(grep -c 'Removed to make room' "$T/log")" = 10 ]
}

@test "when-full=oldest: folders, too, or a camera could not begin a new day" {
    user me /home quota=100,when-full=oldest
    aged 9 home/a 50
    aged 8 home/b 50
    binary_as me <<'STEPS'
> MKD day
< 257
> MKD night
< 257
STEPS
    gone_are /home/a
    aged 9 home/c 5M
    local free
    free=$(($(stat -f -c '%a * %S' "$ROOT")))
    binary_as me --min-free=$((free + 1000000)) <<'STEPS'
> MKD full
< 257
STEPS
    gone_are /home/a /home/c
    binary_as me --min-free=1T <<'STEPS'
> MKD never
< 452
STEPS
    gone_are /home/a /home/c
}

@test "when-full=oldest: what is added, when others have filled the home meanwhile" {
    user me /home quota=100,when-full=oldest
    for way in in-place copy; do
        find "$ROOT/home" -type f -delete
        rm -f "$COUNT"
        : >"$T/log"
        aged 9 home/log 10
        aged 8 home/old 30
        {
            printf '[%s] < 220\n> USER me\n< 331\n> PASS secret\n< 230\n> TYPE I\n< 200\n> PASV\n< 227\n' one
            printf '> APPE log\n< 150\nconnect\ndata hello\nstored 5\n'
            printf '[%s] < 220\n> USER me\n< 331\n> PASS secret\n< 230\n> TYPE I\n< 200\n> PASV\n< 227\n' two
            printf '> STOR new\n< 150\nput@ 60\n< 226\n[one] done\n< 226\n'
        } >"$T/steps"
        several --users "$T/users" --append $way <"$T/steps"
        gone_are /home/old
        [ "$(stat -c %s "$ROOT/home/log")" = 15 ]
        home_holds 75
    done
}


@test "when-full=oldest: a session that is killed while files go leaves no wrong count" {
    user me /home quota=100,when-full=oldest
    local WRAP when
    for when in unlinkat pwrite64; do
        find "$ROOT/home" -type f -delete
        aged 9 home/a 30
        aged 8 home/b 30
        aged 7 home/c 30
        : >"$T/log"
        # so that there is a count
        binary_as me <<<'> SIZE a
< 213'
        WRAP=(env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e "trace=$when" -e "inject=$when:signal=KILL:when=2")
        announced 150 new 70 2>/dev/null && fail "it was not killed"
        grep -qE '= \?$|killed by SIGKILL' "$T/trace" # strace itself may be gone by then
        WRAP=()
        announced 150 new 70
        home_holds "$(find "$ROOT/home" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')"
        [ -f "$ROOT/home/c" ] && [ "$(stat -c %s "$ROOT/home/new")" = 70 ]
    done
}

@test "when-full=oldest: a pipeline of uploads, too" {
    user me /home quota=100,when-full=oldest
    aged 9 home/a 50
    aged 8 home/b 50
    as me <<'STEPS'
>> ALLO 30\r\nSTOR c\r\n
>>@ 30
>> ALLO 30\r\nSTOR d\r\n
>>@ 30
>> QUIT\r\n
< 200
< 150
< 226
< 200
< 150
< 226
< 221
STEPS
    gone_are /home/a /home/b
    home_holds 60
}
