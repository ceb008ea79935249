# The users file: what is wrong with it, who gets in, and what each user may do, and where.
# bats file_tags=asan,slow
# shellcheck shell=bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # hashes have dollars; WRAP is for session.bash
bats_require_minimum_version 1.5.0
load resume

setup() {
    setup_sandbox
    SECRET=$(hash secret)
}
teardown() { teardown_sandbox; }

# login_refused USER [OPTION...]: is not let in with that password
login_refused() {
    local user=$1
    shift
    printf '< 220\n> USER %s\n< 331\n> PASS secret\n< 530 Login incorrect\n' "$user" | talk "$@" --users "$T/users"
}

# broken [OPTION...]: nobody is let in, and the client is told that this is not its fault
broken() {
    talk "${@:---users=$T/users}" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 421 Nobody can log in now
closed
STEPS
}

# ---------------------------------------------------------------------- the file

@test "users: every error of the file is logged with its line, and nobody is let in" {
    while IFS='|' read -r line complaint; do
        users "me:$SECRET:/::" '' "$line"
        : >"$T/log"
        broken
        logged "$T/users:3: $complaint" || fail "$line"
        logged "Nobody can log in: users file $T/users: see above"
        not_logged 'Logged in'
    done <<'LINES'
a|there are not five fields
a:$6$x$x|there are not five fields
a:$6$x$x:/:upload|there are not five fields
:$6$x$x:/::|there is no name
12345678901234567890123456789012345678901234567890123456789012345:$6$x$x:/::|the name is longer than 64 bytes
me:$6$x$x:/::|that user is in an earlier line, too
a::/::|there is no hash
a:secret:/::|the hash is not yescrypt
a:$6$x$x:::|the home is not a plain path
a:$6$x$x:home::|the home is not a plain path
a:$6$x$x:/home/::|the home is not a plain path
a:$6$x$x:/a/../b::|the home is not a plain path
a:$6$x$x:/.stord.unfinished::|the home is not a plain path
a:$6$x$x:/:write:|the rights are not a comma list
a:$6$x$x:/:upload,:|the rights are not a comma list
a:$6$x$x:/::ssl|option "ssl" wants tls, from=
a:$6$x$x:/::tls=yes|option "tls" wants tls, without a value
a:$6$x$x:/::quota=1,quota=2|option "quota" is given twice
a:$6$x$x:/::tls,|option "" wants tls, from=
a:$6$x$x:/::max-file=big|option "max-file" wants bytes
a:$6$x$x:/::quota|option "quota" wants bytes
a:$6$x$x:/::on-conflict=ask|option "on-conflict" wants replace, rename or refuse
a:$6$x$x:/::file-mode=rw|option "file-mode" wants an octal mode
a:$6$x$x:/::from=example.org|option "from" wants addresses
a:$6$x$x:/::from=10.0.0.1/8|option "from" wants addresses
a:$6$x$x:/::from=10.0.0.0/8+|option "from" wants addresses
a:$6$x$x:/::from=|option "from" wants addresses
LINES
}

@test "users: all errors are logged at once, but not without end" {
    users 'a:b:c:d:e' 'f'
    broken
    for complaint in '1: the hash' '1: the home' '1: the rights' '1: option "e"' '2: there are not five'; do
        logged "$T/users:$complaint"
    done
    yes x | head -n 1000 >"$T/users"
    : >"$T/log"
    broken
    [ "$(grep -c 'there are not five' "$T/log")" = 20 ]
}

@test "users: weak hashes let nobody in, with the right password even" {
    for setting in ab '$1$salt$' '$5$rounds=1000$salt$'; do
        weak=$(perl -e 'print crypt("secret", $ARGV[0])' "$setting")
        [ ${#weak} -gt 12 ]
        users "me:$weak:/::"
        : >"$T/log"
        broken
        logged "$T/users:1: the hash is not yescrypt \(\\\$y\\\$\), bcrypt \(\\\$2b\\\$\) or sha512"
    done
}

@test "users: yescrypt, bcrypt and sha512 are good" {
    for setting in '$y$j75$saltsaltsalt$' '$2b$04$abcdefghijklmnopqrstuu' '$2y$04$abcdefghijklmnopqrstuu' \
        '$6$salt$' '$gy$j75$saltsaltsalt$'; do
        strong=$(perl -e 'print crypt("secret", $ARGV[0]) // ""' "$setting")
        [ ${#strong} -gt 50 ] || fail "no hash for $setting"
        users "me:$strong:/::"
        printf '> PWD\n< 257\n' | as me
    done
}

@test "users: hashes that are cut off or made up let nobody in, and are told with their line" {
    local good bad
    for good in "$SECRET" "$(perl -e 'print crypt("secret", q($y$j75$saltsaltsalt$))')" \
        "$(perl -e 'print crypt("secret", q($2b$04$abcdefghijklmnopqrstuu))')"; do
        for bad in "${good::-1}" "$good." "${good::-1}=" "${good%\$*}" "${good::4}x" "${good::4}garbage" "${good::4}"; do
            users "me:$SECRET:/::" "you:$bad:/::"
            : >"$T/log"
            broken
            logged "$T/users:2: the hash is cut off" || fail "$bad"
        done
        users "me:$SECRET:/::" "you:$good:/::"
        printf '> PWD\n< 257\n' | as me
    done
}

@test "users: locked users are not let in, and the others are" {
    users "# a comment, and an empty line" '' "gone:!$SECRET:/::" 'no:*:/::' 'not:!:/::' "me:$SECRET:/::"$'\r'
    printf '> PWD\n< 257\n' | as me
    at_once login_refused gone
    at_once login_refused no
    at_once login_refused not
    all_done
}

@test "users: a file that is not there, or cannot be read, lets nobody in" {
    need_root 'becomes another user'
    broken --users "$T/none"
    logged "Nobody can log in: users file $T/none: No such file or directory"
    broken --users "$T"
    logged "Nobody can log in: users file $T: Is a directory"
    users "me:$SECRET:/::"
    WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    broken
    WRAP=()
    logged "Nobody can log in: users file $T/users: Permission denied"
    : >"$T/users"
    login_refused me
    printf 'me:%s:/::\0\n' "$SECRET" >"$T/users"
    broken
    logged "$T/users:0: there is a NUL byte"
    printf '%s\n' "me:$SECRET:/::quota=12" | head -c -2 >"$T/users"
    broken
    logged "$T/users:1: the last line has no end"
    printf '\xef\xbb\xbfme:%s:/::\n' "$SECRET" >"$T/users"
    broken
    logged "$T/users:1: there is a byte order mark"
}

@test "users: without the module for passwords nobody is let in" {
    cp "$HANDLER" "$T/handler"
    users "me:$SECRET:/::"
    HANDLER=$T/handler broken
    logged 'Nobody can log in: .*stord-password.so'
}

@test "users: the systemd credential is taken where there is one, unless --users says otherwise" {
    users "me:$SECRET:/::"
    mkdir "$T/credentials"
    local -x CREDENTIALS_DIRECTORY=$T/credentials
    talk <<'STEPS'
< 220
> PWD
< 257
STEPS
    mv "$T/users" "$T/credentials/users"
    talk <<'STEPS'
< 220
> PWD
< 530
> USER me
< 331
> PASS secret
< 230
STEPS
    broken --users "$T/none"
    # taken away during a session it is not none
    several <<STEPS
[a] < 220
run mv "$T/credentials/users" "$T/users"
[a] > PWD
< 530
> REIN
< 220
> PWD
< 530
> USER me
< 331 Now send PASS
> PASS secret
< 421 Nobody can log in now
closed
STEPS
    talk --users none <<'STEPS'
< 220
> PWD
< 257
STEPS
    STORD_USERS=none talk <<'STEPS'
< 220
> PWD
< 257
STEPS
}

@test "users: a systemd credential that cannot be looked at is not none: nobody is let in" {
    need_root 'becomes another user'
    users "me:$SECRET:/::"
    mkdir "$T/credentials"
    mv "$T/users" "$T/credentials/users"
    chmod 700 "$T/credentials"
    local -x CREDENTIALS_DIRECTORY=$T/credentials
    as_nobody --tls off <<'STEPS'
< 220
> PWD
< 530
> USER me
< 331 Now send PASS
> PASS secret
< 421 Nobody can log in now
closed
STEPS
    logged "Nobody can log in: users file $T/credentials/users: Permission denied"
    # Nor is a certificate that cannot be looked at none
    as_nobody <<'STEPS'
exits 78
< 421
closed
STEPS
    logged "TLS: certificate $T/credentials/tls.crt: Permission denied"
}

@test "users: of ten thousand, the first and the last log in, and no others" {
    seq -w 10000 | sed "s|.*|user&:$SECRET:/homes/&:upload:quota=1G,from=127.0.0.0/8+::1|" >"$T/users"
    chmod 600 "$T/users"
    for user in user00001 user10000; do
        printf '> MKD x\n< 550 no mkdir right\n> PWD\n< 257 "/"\n' | as $user
    done
    [ "$(ls "$ROOT/homes")" = "00001"$'\n'10000 ]
    at_once login_refused user10001
    at_once login_refused user0000
    all_done
}

# ------------------------------------------------------------------------- names

@test "users: names of odd bytes log in, and are logged so that nobody can forge a line" {
    names=('two words' ' ' 'ünïcödé' $'\xff\xfe' '"quotes" and '"'apostrophes'" '%s%n%d' '..' '/' 'a/../b' '.stord.x' '*'
        '#x' '!' "$(printf '%064d' 0)" 'x from 192.0.2.1:1: user y' '\x0aLogin failed')
    for name in "${names[@]}"; do printf '%s:%s:/::\n' "${name//:/;}" "$SECRET"; done >"$T/users"
    for name in "${names[@]}"; do
        # the protocol doubles the byte 255, and the steps their backslashes
        sent=${name//:/;}
        sent=${sent//\\/\\\\}
        sent=${sent//$'\xff'/$'\xff\xff'}
        : >"$T/log"
        if [ "$name" = '#x' ]; then # that is a comment
            login_refused "$sent"
        else
            as "$sent" <<'STEPS'
> TYPE I
< 200
> EPSV
< 229
> STOR file
connect
< 150
data half
reset
< 426
> SIZE file
< 213 3
STEPS
            LC_ALL=C logged 'Logged in: .* from 127\.0\.0\.1:[0-9]+$'
        fi
        [ "$(grep -avc '^stord\[[0-9]*\]: ' "$T/log")" = 0 ]
    done
    # whose partials are theirs alone, below the reserved folder
    [ "$(find "$ROOT/.stord.unfinished" -name '.stord.partial-*' | wc -l)" = $((${#names[@]} - 1)) ]
    [ "$(find "$ROOT" -mindepth 1 -maxdepth 1)" = "$ROOT/.stord.unfinished" ]
    find "$ROOT/.stord.unfinished" -mindepth 1 -maxdepth 1 ! -name ".stord.*" -printf '%f\n' | grep -vE '^u\.[A-Za-z0-9_%-]+$' && fail "odd folders"
    [ "$(find "$ROOT/.stord.unfinished" -mindepth 1 -maxdepth 1 ! -name ".stord.*" | wc -l)" = $((${#names[@]} - 1)) ]
}

@test "users: a name of 65 bytes is nobody's, and told as any other" {
    long=$(printf '%064d' 0)
    users "$long:$SECRET:/::"
    as "$long" <<<'> NOOP
< 200'
    at_once login_refused "${long}0"
    at_once login_refused "${long}$(printf '%08000d' 0)"
    at_once login_refused "${long:1}"
    all_done
}

@test "users: control characters in names reach the log escaped" {
    users "me:$SECRET:/::"
    login_refused 'x\x01\x1b[31m\x7f'
    logged 'user x\\x01\\x1b\[31m\\x7f$'
    # An end of line would end the command
    talk --users "$T/users" <<'STEPS'
< 220
>> USER x\nLogin failed from 192.0.2.1:1: user y\r\n
< 331
< 500
>> USER a\rb\r\n
< 331
> PASS x
< 530
STEPS
    logged 'user a\\x0db$'
    not_logged '^(stord\[[0-9]+\]: )?Login failed from 192'
}

# --------------------------------------------------------------- rights and limits

@test "users: without rights of their own they have those of --allow, else exactly theirs" {
    users "empty:$SECRET:/::" "reader:$SECRET:/:read:" "writer:$SECRET:/:upload:"
    printf x >"$ROOT/file"
    as empty --allow list,delete <<'STEPS'
> MKD x
< 550 no mkdir right
> DELE none
< 550
> STAT /
< 212
STEPS
    as reader --allow list,delete,upload <<'STEPS'
> STAT /
< 550 no list right
> DELE file
< 550 no delete right
> EPSV
< 229
> STOR x
< 550 no upload right
> EPSV
< 229
> RETR file
connect
< 150
get ^x$
< 226
STEPS
    as writer --allow list,read,replace <<'STEPS'
> EPSV
< 229
> RETR file
< 550 no read right
> EPSV
< 229
> STOR file
< 553
STEPS
}

@test "users: max-file, on-conflict and file-mode are theirs, and win over the options" {
    users "me:$SECRET:/::max-file=5,on-conflict=rename,file-mode=0604" "you:$SECRET:/::" "all:$SECRET:/::max-file=none,file-mode=umask"
    umask 077
    as me --max-file-size 100 --on-conflict refuse --file-mode 0640 <<'STEPS'
> ALLO 6
< 200
> EPSV
< 229
> STOR file
< 552
> ALLO 5
< 200
> EPSV
< 229
> STOR file
put hello
< 150
< 226
mode file 0604
> EPSV
< 229
> STOR file
put again
< 150 file\.1|file
< 226
> EPSV
< 229
> STOR longer
put longer
< 150
< 552
STEPS
    [ "$(cat "$ROOT/file")" = hello ]
    [ "$(grep -rl again "$ROOT" | wc -l)" = 1 ]
    as you --max-file-size 100 --on-conflict refuse --file-mode 0640 <<'STEPS'
> EPSV
< 229
> STOR file
< 553
> EPSV
< 229
> STOR yours
put longer
< 150
< 226
mode yours 0640
STEPS
    as all --max-file-size 5 --file-mode 0640 <<'STEPS'
> EPSV
< 229
> STOR theirs
put longer
< 150
< 226
mode theirs 0600
STEPS
}

@test "users: from= lets them in from there alone; IPv4 by IPv6 is IPv4; local sockets are 127.0.0.1" {
    users "four:$SECRET:/::from=127.0.0.0/8" "six:$SECRET:/::from=::1" "both:$SECRET:/::from=192.0.2.0/24+127.0.0.1+2001:db8::/32+::1/128" \
        "far:$SECRET:/::from=192.0.2.0/24+2001:db8::/32" "mapped:$SECRET:/::from=::ffff:127.0.0.0/104" "any:$SECRET:/::from=0.0.0.0/0+::/0"
    let_in() {
        local user=$1 over
        shift
        for over; do printf '> PWD\n< 257\n' | as "$user" -o "$over"; done
    }
    let_in four tcp mapped unix pair pipe
    let_in six tcp6
    let_in both tcp tcp6 mapped unix pipe
    let_in any tcp tcp6 mapped unix
    let_in mapped tcp mapped
    at_once login_refused four -o tcp6
    at_once login_refused six -o tcp
    at_once login_refused six -o mapped
    for over in tcp tcp6 mapped unix pipe; do at_once login_refused far -o $over; done
    at_once login_refused mapped -o tcp6
    all_done
    logged 'Login refused from \[::1\]:[0-9]+: may not log in from there: user far$'
    logged 'Login failed from \[::1\]:[0-9]+: user far$'
    # whom a relay names comes from where it says
    TCPREMOTEIP=192.0.2.9 let_in far pair
    TCPREMOTEIP=192.0.2.9 login_refused four -o pair
}

@test "users: who may log in over TLS only, or until a day, is refused otherwise, and the log says why" {
    users "me:$SECRET:/::tls" "you:$SECRET:/::from=127.0.0.1,tls"
    at_once login_refused me
    at_once login_refused you
    all_done
    logged 'Login refused from 127\.0\.0\.1:[0-9]+: may not log in without TLS: user me$'
    logged 'Login refused from 127\.0\.0\.1:[0-9]+: may not log in without TLS: user you$'
    # nor from the day after the last one on
    users "me:$SECRET:/::until=$(date -d yesterday +%F)" "you:$SECRET:/::until=$(date +%F)"
    login_refused me
    logged "Login refused from 127\.0\.0\.1:[0-9]+: may not log in any more \(until=$(date -d yesterday +%F)\): user me\$"
    printf '> PWD\n< 257\n' | as you
    users "me:$SECRET:/::tls,until=2001-01-01"
    # a wrong password is told no more
    : >"$T/log"
    printf '< 220\n> USER me\n< 331\n> PASS wrong\n< 530 Login incorrect\n' | talk --users "$T/users"
    not_logged 'TLS|any more'
}

# ------------------------------------------------------------------------- homes

@test "users: homes are made at the first login, with those above them, as the options say" {
    users "me:$SECRET:/a/b/c::" "you:$SECRET:/a/d::"
    umask 027
    printf '> PWD\n< 257 "/"\n' | as me
    [ "$(stat -c '%a %n' "$ROOT/a" "$ROOT/a/b" "$ROOT/a/b/c")" = "750 $ROOT/a
750 $ROOT/a/b
750 $ROOT/a/b/c" ]
    chmod 700 "$ROOT/a" "$ROOT/a/b/c"
    # what is there stays as it is
    printf '> NOOP\n< 200\n' | as me --dir-mode 2775
    [ "$(stat -c %a "$ROOT/a/b/c")" = 700 ]
    printf '> NOOP\n< 200\n' | as you --dir-mode 2775 --group 65534
    [ "$(stat -c '%a %g' "$ROOT/a/d" "$ROOT/a")" = "2775 65534
700 $(id -g)" ]
}

@test "users: a home that cannot be made or entered is told as our fault, and nobody is elsewhere" {
    users "file:$SECRET:/file::" "link:$SECRET:/link::" "below:$SECRET:/link/in::" "closed:$SECRET:/closed/home::"
    : >"$ROOT/file"
    mkdir "$T/outside" "$ROOT/closed"
    ln -s "$T/outside" "$ROOT/link"
    chmod 555 "$ROOT/closed"
    chmod 644 "$T/users"
    WRAP=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    for user in file link below closed; do
        talk --users "$T/users" <<STEPS
< 220
> USER $user
< 331
> PASS secret
< 421 Your folder is not available
closed
STEPS
    done
    logged 'Home /file of file: Not a directory'
    logged 'Home /closed/home of closed: Permission denied'
    [ -z "$(ls -A "$T/outside")" ]
}

@test "users: nobody sees above the home (promise 4)" {
    users "me:$SECRET:/homes/me:upload,append,replace,list,read,mkdir,rename,delete:" "root:$SECRET:/:upload,list:"
    mkdir -p "$ROOT/homes/me" "$ROOT/homes/you"
    printf 'forbidden' >"$ROOT/homes/you/secret"
    printf 'forbidden' >"$ROOT/top"
    ln -s ../you "$ROOT/homes/me/sibling"
    ln -s /etc/passwd "$ROOT/homes/me/passwd"
    both_ways above_the_home
}

above_the_home() {
    mkdir -p "$ROOT/homes/me" "$ROOT/homes/you"
    printf 'forbidden' | tee "$ROOT/homes/you/secret" >"$ROOT/top"
    ln -sfn ../you "$ROOT/homes/me/sibling"
    ln -sfn ../../top "$ROOT/homes/me/link"
    as me <<'STEPS'
> PWD
< 257 ^257 "/"
> CDUP
< 250 to /$
> CWD ..
< 250 to /$
> CWD /homes/me
< 550
> CWD ../you
< 550|553
> CWD sibling
< 550
> SIZE ../you/secret
< 550|553
> SIZE /top
< 550
> SIZE link
< 550
> SIZE sibling/secret
< 550
> MLST ..
< 550|553
> STAT ..
< 550|553
> MKD ../new
< 550|553
> MKD sibling/new
< 550
> DELE sibling/secret
< 550
> RNFR ../you/secret
< 550|553
> EPSV
< 229
> RETR link
< 550
> EPSV
< 229
> RETR sibling/secret
< 550
> EPSV
< 229
> STOR ../../top
< 550|553
> EPSV
< 229
> LIST
connect
< 150
get ^(?!.*forbidden)
< 226
> MKD deep
< 257 "/deep"
> CWD deep
< 250
> CWD /
< 250
> EPSV
< 229
> STOR deep/file
put mine
< 150
< 226
> RNFR deep/file
< 350
> RNTO ../file
< 550|553
> RNFR deep/file
< 350
> RNTO /file
< 250
file homes/me/file mine
nofile file
STEPS
    [ "$(cat "$ROOT/top" "$ROOT/homes/you/secret")" = forbiddenforbidden ]
    [ "$(ls "$ROOT/homes/you")" = secret ]
    as root <<'STEPS'
> TYPE I
< 200
> SIZE /homes/you/secret
< 213 9
> CWD ..
< 250 to /$
STEPS
}

@test "users: interrupted uploads belong to a user, and to nobody else with the same home" {
    users "me:$SECRET:/::" "you:$SECRET:/::"
    as me <<'STEPS'
> TYPE I
< 200
> EPSV
< 229
> STOR file
connect
< 150
data hello
reset
< 426
> SIZE file
< 213 4
STEPS
    printf '> TYPE I\n< 200\n> SIZE file\n< 550\n' | as you
    printf '> TYPE I\n< 200\n> SIZE file\n< 213 4\n' | as me
}

# --------------------------------------------------------------------- anonymous

@test "users: without --anonymous nobody is" {
    users "me:$SECRET:/::"
    at_once login_refused anonymous
    at_once login_refused ftp
    all_done
}

@test "users: anonymous and ftp, however they are written, upload and make folders, and replace nothing" {
    printf old >"$ROOT/old"
    users "me:$SECRET:/me::"
    for with in --log-level=info "--users=$T/users"; do
        for user in anonymous ftp Anonymous FTP aNoNyMoUs; do
            talk --anonymous "$with" <<STEPS
< 220
> USER $user
< 331 Any password will do
> PASS
< 230
> STAT /
< 212 ^212-Status:\n212 End$
> DELE old
< 550
> APPE old
< 550
closed
STEPS
        done
        talk --anonymous "$with" <<'STEPS'
< 220
> USER ftp
< 331
> PASS guest@
< 230
binary
> EPSV
< 229
> STOR old
put new
< 150
< 226
file old old
> MKD folder
< 257
> EPSV
< 229
> RETR old
< 550 no read right
STEPS
        [ "$(grep -l new "$ROOT"/* | wc -l)" = 1 ]
        rm -r "$ROOT/folder" "$(grep -l new "$ROOT"/*)"
    done
    logged 'Logged in: anonymous from 127\.0\.0\.1'
    # the others still need a password
    printf '> PWD\n< 257 "/"\n' | as me --anonymous
    login_refused you --anonymous
}

@test "users: who logs in anew for each request looks at, renames and deletes what it sent with the rights to, and not without" {
    users "net:$SECRET:/net:upload:" "all:$SECRET:/all:upload,list,rename,delete:"
    local user size begun moved deleted
    while read -r user size begun moved deleted; do
        as "$user" < <(printf '%s\n' '> TYPE I' '< 200' '> PASV' '< 227' '> STOR x' '< 150' 'put hello' '< 226' '> QUIT' '< 221')
        as "$user" < <(printf '%s\n' '> TYPE I' '< 200' '> SIZE x' "< $size" '> QUIT' '< 221')
        as "$user" < <(printf '%s\n' '> RNFR x' "< $begun" '> RNTO y' "< $moved" '> QUIT' '< 221')
        as "$user" < <(printf '%s\n' '> DELE y' "< $deleted" '> QUIT' '< 221')
    done <<'CASES'
net 550 550 503 550
all 213 350 250 250
CASES
    published_are all net net/x
}

# kde: KDE uploads over the name five.bin, which somebody else's file has, as USER with that home
kde() {
    sed -E -e '/^# options:/d' -e "s/USER me/USER $1/" -e "s#^(given|file|nofile) #&$1/#" \
        "$TOP/tests/dialogues/kio-taken.txt"
}

@test "users: KDE, which uploads name.part and renames it, keeps both with on-conflict=rename, and needs no other right" {
    users "both:$SECRET:/both:upload:on-conflict=rename" "not:$SECRET:/not:upload:"
    kde both | talk --users "$T/users"
    same <(pattern 5000) "$ROOT"/both/five-*.bin
    # Without it the name is refused after the transfer, as for STOR before it. What was acknowledged
    # stays, and is the client's to rename or delete.
    kde not | sed -n '/^> RNTO/q;p' >"$T/begun"
    { cat "$T/begun"; printf '> RNTO /five.bin\n< 553 there already\n> DELE five.bin.part\n< 250\n'; } |
        talk --users "$T/users"
    published_are both "both/$(basename "$ROOT"/both/five-*.bin)" both/five.bin not not/five.bin
}

@test "users: --allow and --on-conflict say more for anonymous, too" {
    printf old >"$ROOT/old"
    talk --anonymous --allow upload,replace,list --on-conflict replace <<'STEPS'
< 220
> USER anonymous
< 331
> PASS x
< 230
> STAT /
< 212
> MKD x
< 550 no mkdir right
> TYPE I
< 200
> EPSV
< 229
> STOR old
put new
< 150
< 226
file old new
STEPS
    STORD_ALLOW=upload talk --anonymous <<'STEPS'
< 220
> USER anonymous
< 331
> PASS x
< 230
> MKD x
< 550 no mkdir right
STEPS
}

@test "users: strangers are served as anonymous, and only as that" {
    local -x TCPREMOTEIP=192.0.2.7
    talk -o pair --anonymous <<'STEPS'
< 220
> PWD
< 530 log in as anonymous
> USER me
< 530 log in as anonymous
> PASS x
< 530
> USER anonymous
< 331
> PASS x
< 230
> MKD x
< 257
STEPS
    talk -o pair <<'STEPS'
< 220
> USER anonymous
< 530
> PASS x
< 530
STEPS
}
