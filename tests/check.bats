# What is for the operator: handler --check and --hash.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load tls

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# check [OPTION...]: --check of the root, as a user that sessions may run as
check() {
    setpriv --reuid 65534 --regid 65534 --clear-groups "$HANDLER" --check --root "$ROOT" "$@"
}

# users_of_nobody LINE...: a users file, $T/users, that check can read
# Their hashes are made longer: '$6$s$h' stands for one of that method.
# shellcheck disable=SC2016 # hashes have dollars
users_of_nobody() {
    local lines=("$@") h
    h=$(printf '%086d' 0)
    lines=("${lines[@]//'$6$s$h'/"\$6\$s\$$h"}")
    lines=("${lines[@]//'$y$s$h'/"\$y\$j75\$s\$${h::43}"}")
    users "${lines[@]//'$2b$s$h'/"\$2b\$04\$${h::53}"}"
    chown 65534 "$T/users"
}

# ---------------------------------------------------------------------- --hash

@test "hash: a line of standard input becomes a hash that is right for it" {
    printf 'secret\n' | "$HANDLER" --hash >"$T/hash"
    [ "$(wc -l <"$T/hash")" = 1 ]
    # shellcheck disable=SC2016
    perl -e 'chomp(my $hash = <STDIN>);
exit !($hash =~ /^\$y\$/ && crypt("secret", $hash) eq $hash && crypt("Secret", $hash) ne $hash)' <"$T/hash"
    # another salt each time
    [ "$(printf secret | "$HANDLER" --hash)" != "$(cat "$T/hash")" ]
    users "me:$(cat "$T/hash"):/::"
    talk --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
STEPS
    # A line end of another system is none of it
    users "me:$(printf 'sec ret \r\n' | "$HANDLER" --hash):/::"
    talk --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS sec ret 
< 230
STEPS
}

@test "hash: what nobody could log in with is refused" {
    run -66 --separate-stderr "$HANDLER" --hash </dev/null
    [ -z "$output" ]
    [ "$stderr" = "handler: there is no line with a password" ]
    for empty in '\n' '\r\n'; do
        # shellcheck disable=SC2059
        run -65 --separate-stderr "$HANDLER" --hash < <(printf "$empty")
        [ "$stderr" = "handler: the password is empty" ]
    done
    run -65 --separate-stderr "$HANDLER" --hash < <(printf 'a\0b\n')
    [ "$stderr" = "handler: the password has a NUL byte" ]
    # 8192 bytes of a command line, less "PASS "
    run -65 --separate-stderr "$HANDLER" --hash < <(head -c 8188 /dev/zero | tr '\0' a)
    [ "$stderr" = "handler: the password is longer than PASS can carry" ]
    run -65 --separate-stderr "$HANDLER" --hash < <(head -c 8187 /dev/zero | tr '\0' a)
    [ "$stderr" = "handler: the password is longer than crypt(3) allows" ]
    run -64 --separate-stderr "$HANDLER" --hash secret </dev/null
    [ -z "$output" ]
    # shellcheck disable=SC2016
    run -74 --separate-stderr bash -c 'echo x | "$HANDLER" --hash >/dev/full'
    cp "$HANDLER" "$T/handler"
    run -69 --separate-stderr "$T/handler" --hash < <(echo x)
    [[ $stderr == *stord-password.so* ]]
}

# on_terminal WORD...: handler --hash on a terminal, where each word is typed once it asks; ^C and
# the like are \xNN. Prints what came, then the status, and whether the terminal echoes again.
on_terminal() {
    command -p python3 - "$HANDLER" "$@" <<'PY'
import fcntl, os, pty, select, signal, subprocess, sys, termios
handler, *words = sys.argv[1:]
ours, theirs = pty.openpty()
before = termios.tcgetattr(theirs)
def begin():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in signal.SIGINT, signal.SIGQUIT:  # whoever runs the tests in the background ignores them
        signal.signal(number, signal.SIG_DFL)
p = subprocess.Popen([handler, "--hash"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True,
                     preexec_fn=begin)
seen = b""
def until(what):
    global seen
    while what not in seen:
        if not select.select([ours], [], [], 20)[0]:
            sys.exit(f"waited in vain for {what}, saw {seen}")
        seen += os.read(ours, 1024)
    seen = seen[seen.index(what) + len(what):]
    return seen
for word in words:
    until(b": ")
    if termios.tcgetattr(theirs)[3] & termios.ECHO:
        sys.exit("it echoes")
    os.write(ours, word.encode().decode("unicode_escape").encode("latin1"))
status = p.wait(20)
while select.select([ours], [], [], 0)[0]:
    seen += os.read(ours, 1024)
if termios.tcgetattr(theirs) != before:
    sys.exit("the terminal is not as it was")
print("shown:", seen.replace(b"\r\n", b"|").decode(), "hash:", p.stdout.read().decode()[:3], "status:", status)
PY
}

@test "hash: at a terminal it asks twice, without echo, and leaves the terminal as it was" {
    # shellcheck disable=SC2016
    [ "$(on_terminal 'secret\n' 'secret\n')" = 'shown: | hash: $y$ status: 0' ]
    [ "$(on_terminal 'secret\n' 'sekret\n')" = 'shown: |handler: these were two different passwords| hash:  status: 65' ]
    [ "$(on_terminal '\n')" = 'shown: handler: the password is empty|| hash:  status: 65' ]
    [ "$(on_terminal '\x04')" = 'shown: handler: there is no line with a password|| hash:  status: 66' ]
    # Ctrl-C and Ctrl-\, before a byte and in the middle of the second line
    [ "$(on_terminal '\x03')" = 'shown: | hash:  status: -2' ]
    [ "$(on_terminal 'secret\n' 'sec\x03')" = 'shown: | hash:  status: -2' ]
    [ "$(on_terminal 'secret\n' 'sec\x1c')" = 'shown: | hash:  status: -3' ]
}

# --------------------------------------------------------------------- --check

@test "check: a good set-up is said to be good, and nothing is made" {
    run -0 --separate-stderr check
    [ -z "$stderr" ]
    [ "$output" = "Checked as nobody (uid 65534).
What clients get:
  pipes, local sockets, loopback addresses: no login home=/ ($ROOT) rights=upload,append,replace,list,mkdir on-conflict=replace
    (that is who comes through a relay on this machine, too: see --local)
  everybody else: refused (530)
0 errors, 0 warnings" ]
    [ -z "$(ls -A "$ROOT")" ]
    cd "$T"
    run -0 "$HANDLER" --check
    [ ! -e ftpserver ]
    # and to a pipe with both streams, as less gets it
    "$HANDLER" --check --root "$ROOT" 2>&1 | grep -q '^0 errors, 1 warning$'
    "$HANDLER" --check --bad 2>&1 | grep -q 'unknown argument "--bad"'
}

@test "check: root is told that it is not what sessions run as" {
    need_root is root
    run -0 "$HANDLER" --check --root "$ROOT"
    [[ $output == *'warning: user: root may do everything'* ]]
}

@test "check: it tells what each client would get" {
    # shellcheck disable=SC2016
    users_of_nobody 'scanner:$6$s$h:/scans/a:upload,list:max-file=500M,quota=5120M,from=127.0.0.0/8+::1,file-mode=640' \
        'box:$y$s$h:/:upload:on-conflict=rename' 'gone:!:/::' 'none:$2b$s$h:/:delete:max-file=1025'
    run -0 check --users "$T/users" --anonymous --on-conflict refuse
    [ "$(grep -v '^Checked as' <<<"$output")" = "What clients get:
  anonymous, from anywhere: home=/ ($ROOT) rights=upload,mkdir on-conflict=refuse
  user scanner: home=/scans/a ($ROOT/scans/a) rights=upload,list on-conflict=refuse max-file=500M quota=5G file-mode=0640 from=127.0.0.0/8+::1
  user box: home=/ ($ROOT) rights=upload on-conflict=rename
  user gone: home=/ ($ROOT) rights=upload,append,replace,list,mkdir on-conflict=refuse locked
  user none: home=/ ($ROOT) rights=delete on-conflict=refuse max-file=1025
  everybody else: refused (530)
0 errors, 0 warnings" ]
    run -0 check --anonymous --allow '' --max-file-size 1G
    [[ $output == *"no login home=/ ($ROOT) rights=none on-conflict=refuse max-file=1G"* ]]
    [[ $output == *"anonymous, from anywhere: home=/ ($ROOT) rights=none on-conflict=rename max-file=1G"* ]]
}

@test "check: every error of the users file is told with its line" {
    # shellcheck disable=SC2016
    users_of_nobody '# comment' 'a:$1$x$y:/::' '' 'b:$6$s$h:home:writing:ssl' 'c:$6$s$h:/::' 'c:$6$s$h:/::'
    run -78 check --users "$T/users"
    for line in '2: the hash is not' '4: the home is not' '4: the rights are not' '4: option "ssl"' \
        '6: that user is in an earlier line'; do
        [[ $output == *"error: users: $T/users:$line"* ]] || fail "$output"
    done
    [[ $output == *'nobody, until its errors are put right'* ]]
    [[ $output == *'5 errors, 0 warnings' ]]
    # as a credential of systemd's, too
    CREDENTIALS_DIRECTORY=$T run -78 check
    [[ $output == *"error: users: $T/users:2:"* ]]
    CREDENTIALS_DIRECTORY=$T run -0 check --users none
}

@test "check: users files that cannot be read, that others can read, that clients could replace" {
    need_root 'becomes another user'
    run -78 check --users "$T/none"
    [[ $output == *"error: users: $T/none: No such file or directory"* ]]
    run -78 check --users "$T"
    [[ $output == *"error: users: $T: Is a directory"* ]]
    users_of_nobody
    run -0 check --users "$T/users"
    [[ $output == *"warning: users: nobody in $T/users can log in"* ]]
    run -0 check --users "$T/users" --anonymous
    [[ $output == *'0 warnings' ]]
    chown 0 "$T/users"
    run -78 check --users "$T/users"
    [[ $output == *"error: users: $T/users: Permission denied"* ]]
    chmod 644 "$T/users"
    run -0 check --users "$T/users" --anonymous
    [[ $output == *"warning: users: $T/users has mode 0644"* ]]
    chmod 604 "$T/users"
    mv "$T/users" "$ROOT/users"
    ln -s "$ROOT/users" "$T/users"
    run -78 check --users "$T/users" --anonymous
    [[ $output == *"error: users: $T/users is beneath the root"* ]]
}

# tls_files DAYS [FROM]: a certificate and a key that check can read, and who signs those of clients
tls_files() {
    [ -e "$T/ca.crt" ] || make_ca
    make_certificate server "$@"
    chown 65534 "$T/server.crt" "$T/server.key"
    chmod 600 "$T/server.key"
    TLS=(--tls-cert "$T/server.crt" --tls-key "$T/server.key")
}

@test "check: whose certificate is served, until when, and in which mode" {
    tls_files 90
    local until
    until=$(LC_ALL=C date -ud "$(openssl x509 -noout -enddate -in "$T/server.crt" | cut -d= -f2)" '+%F %H:%M UTC')
    run -0 check "${TLS[@]}"
    [ "$(sed -n 2p <<<"$output")" = "TLS: allow, certificate of CN=server,O=Test, valid until $until." ]
    [[ $output == *'0 errors, 0 warnings' ]]
    for mode in require implicit; do
        run -0 check "${TLS[@]}" --tls "$mode" --tls-client-ca "$T/ca.crt"
        [[ $output == *"TLS: $mode, certificate of CN=server,O=Test, valid until $until."*'0 warnings' ]]
    done
    run -0 check "${TLS[@]}" --tls off
    [[ $output != *TLS* ]]
    # Certificate and key in one file, and as credentials of systemd's
    cat "$T/server.crt" >>"$T/server.key"
    run -0 check --tls-cert "$T/server.key"
    [[ $output == *"TLS: allow, certificate of "*'0 warnings' ]]
    mkdir -m 700 "$T/credentials"
    mv "$T/server.crt" "$T/credentials/tls.crt"
    mv "$T/server.key" "$T/credentials/tls.key"
    chown 65534 "$T/credentials"
    CREDENTIALS_DIRECTORY=$T/credentials run -0 check
    [[ $output == *"TLS: allow, certificate of "*'0 warnings' ]]
}

@test "check: certificates that expire soon, have expired, or are not valid yet" {
    tls_files 29
    run -0 check "${TLS[@]}"
    [[ $output == *'warning: tls: the certificate expires on '*', and no session is served from then on'* ]]
    tls_files 31
    run -0 check "${TLS[@]}"
    [[ $output == *'0 warnings' ]]
    tls_files -1 -3
    run -78 check "${TLS[@]}"
    [[ $output == *'error: tls: nobody is served: the certificate expired'* ]]
    tls_files 30 1
    run -78 check "${TLS[@]}"
    [[ $output == *'error: tls: nobody is served: the certificate is not valid yet'* ]]
}

@test "check: certificates and keys that cannot be used, that others can read, that clients could replace" {
    need_root 'becomes another user'
    run -78 --separate-stderr check --tls require
    [[ $stderr == 'handler: TLS wants a certificate: '* ]]
    tls_files 90
    run -78 check --tls-cert "$T/none" --tls-key "$T/server.key"
    [[ $output == *"error: tls: nobody is served: certificate $T/none: No such file or directory"* ]]
    run -78 check "${TLS[@]}" --tls-client-ca "$T/server.key"
    [[ $output == *"error: tls: nobody is served: authorities for clients $T/server.key: "* ]]
    chmod 644 "$T/server.key"
    run -0 check "${TLS[@]}"
    [[ $output == *"warning: tls: $T/server.key has mode 0644: others should have no access to it"* ]]
    chmod 600 "$T/server.key"
    chown 0 "$T/server.key"
    run -78 check "${TLS[@]}"
    [[ $output == *"error: tls: nobody is served: key $T/server.key: Permission denied"* ]]
    make_certificate other
    chown 65534 "$T/other.key"
    run -78 check --tls-cert "$T/server.crt" --tls-key "$T/other.key"
    [[ $output == *"error: tls: nobody is served: key $T/other.key: "*'mismatch'* ]]
    local file
    tls_files 90
    for file in server.crt server.key ca.crt; do
        mv "$T/$file" "$ROOT/$file"
        ln -s "$ROOT/$file" "$T/$file"
        run -78 check "${TLS[@]}" --tls-client-ca "$T/ca.crt"
        [[ $output == *"error: tls: $T/$file is beneath the root, where clients could replace it"*'1 error, '* ]]
        rm "$T/$file"
        mv "$ROOT/$file" "$T/$file"
    done
}

@test "check: users who may log in over TLS only, or by a certificate, and whether they can" {
    tls_files 90
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s$h:/::tls'
    run -0 check --users "$T/users"
    [[ $output == *"warning: users: $T/users:1: logs in over TLS only, which is not served"* ]]
    [[ $output == *"warning: users: nobody in $T/users can log in"* ]]
    [[ $output == *'  user a: '*' tls only'* ]]
    run -0 check --users "$T/users" "${TLS[@]}"
    [[ $output == *'0 warnings' ]]
    # nor can those whose time is over
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s$h:/::tls,until=2001-01-01' 'b:$6$s$h:/::until=2001-01-01'
    run -0 check --users "$T/users" "${TLS[@]}"
    [[ $output == *"warning: users: nobody in $T/users can log in"* ]]
    users_of_nobody 'b:!:/::cert=CN=b,O=Test'
    run -0 check --users "$T/users"
    [[ $output == *"warning: users: $T/users:1: has a certificate, but TLS is not served"* ]]
    run -0 check --users "$T/users" "${TLS[@]}"
    [[ $output == *"warning: users: $T/users:1: has a certificate, but clients are asked for one only with --tls-client-ca"* ]]
    [[ $output == *"warning: users: nobody in $T/users can log in"* ]]
    run -0 check --users "$T/users" "${TLS[@]}" --tls-client-ca "$T/ca.crt"
    [[ $output == *'  user b: '*' by certificate'$'\n'*'0 warnings' ]]
}

@test "check: TLS without its module" {
    tls_files 90
    cp "$HANDLER" "$T/handler"
    run -78 setpriv --reuid 65534 --regid 65534 --clear-groups "$T/handler" --check --root "$ROOT" "${TLS[@]}"
    [[ $output == *'error: tls: nobody is served: '*stord-tls.so* ]]
}

@test "check: roots that are not there, no folder, or not to be written to" {
    need_root 'becomes another user'
    run -78 check --root "$T/none"
    [[ $output == *"error: root: $T/none: No such file or directory"* ]]
    run -78 check --root /dev/null
    [[ $output == *'error: root: /dev/null: Not a directory'* ]]
    mkdir "$T/mine"
    run -78 check --root "$T/mine"
    [[ $output == *'error: root: home / cannot be written to: Permission denied'* ]]
    [[ $output == *'warning: .stord.unfinished: it cannot be made in the root'* ]]
    cd "$T/mine"
    run -78 check --root ./ftpserver
    [[ $output == *'error: root: ./ftpserver cannot be made here'* ]]
}

@test "check: the reserved folder is ours, a folder, and on the file system of the root" {
    need_root 'becomes another user, and mounts'
    mkdir -m 700 "$ROOT/.stord.unfinished"
    run -78 check
    [[ $output == *"error: .stord.unfinished: it is not this user's folder"* ]]
    chown 65534 "$ROOT/.stord.unfinished"
    run -0 check
    chmod 500 "$ROOT/.stord.unfinished"
    run -78 check
    [[ $output == *'error: .stord.unfinished: Permission denied'* ]]
    chmod 700 "$ROOT/.stord.unfinished"
    # shellcheck disable=SC2016
    run -78 unshare --mount --propagation private bash -c '
        mount -t tmpfs -o mode=700,uid=65534 none "$ROOT/.stord.unfinished" &&
            exec setpriv --reuid 65534 --regid 65534 --clear-groups "$HANDLER" --check --root "$ROOT"'
    [[ $output == *'error: .stord.unfinished: it is on another file system than the root'* ]]
    rmdir "$ROOT/.stord.unfinished"
    : >"$ROOT/.stord.unfinished"
    run -78 check
    [[ $output == *"error: .stord.unfinished: it is not this user's folder"* ]]
}

@test "check: homes that cannot be made, written to or reached, and those that cannot keep what is interrupted" {
    need_root 'becomes another user, and mounts'
    mkdir -m 755 "$ROOT/closed" "$ROOT/disk"
    mkdir "$ROOT/closed/in"
    ln -s closed "$ROOT/link"
    : >"$ROOT/file"
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s$h:/new/home::' 'b:$6$s$h:/closed/new/home::' 'c:$6$s$h:/closed/in::' 'd:$6$s$h:/closed/in:read:' \
        'e:$6$s$h:/link/in::' 'f:$6$s$h:/file::'
    run -78 check --users "$T/users"
    [ "$(grep ^error <<<"$output")" = "error: users, line 2: home /closed/new/home cannot be made: Permission denied
error: users, line 3: home /closed/in cannot be written to: Permission denied
error: users, line 5: home /link/in: there is a link or a file in the way
error: users, line 6: home /file: there is a link or a file in the way" ]
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s$h:/disk::' 'b:$6$s$h:/disk/new::'
    # shellcheck disable=SC2016
    run -0 unshare --mount --propagation private bash -c '
        mount -t tmpfs -o mode=777 none "$ROOT/disk" && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
            "$HANDLER" --check --root "$ROOT" --users "$T/users"'
    [[ $output == *'warning: users, line 1: home /disk is on another file system: interrupted uploads there are not kept'* ]]
}

@test "check: homes are told as they are on the disk, and one that repeats the path of the root is warned of" {
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s$h:/in::' "b:\$6\$s\$h:$ROOT/in::" "c:\$6\$s\$h:$ROOT::" "d:\$6\$s\$h:${ROOT}x::"
    run -0 check --users "$T/users"
    [ "$(grep ^warning <<<"$output")" = "warning: users, line 2: home $ROOT/in is $ROOT$ROOT/in on the disk: /in was probably meant
warning: users, line 3: home $ROOT is $ROOT$ROOT on the disk: / was probably meant" ]
    [[ $output == *"  user a: home=/in ($ROOT/in) rights="* ]]
    ln -s root "$T/link"
    run -0 check --root "$T/link" --users "$T/users"
    [[ $output == *"  user a: home=/in ($ROOT/in) rights="* ]]
    [[ $output == *'2 warnings' ]]
    run check --root / # which nobody can write to
    [[ $output == *'home=/ (/) rights='* ]]
}

@test "check: a disk on which uploads are refused because of --min-free is told" {
    need_root 'mounts'
    # shellcheck disable=SC2016
    on_small_disk() {
        unshare --mount --propagation private bash -c 'mount -t tmpfs -o mode=777,size=1m none "$ROOT" && mkdir -m 777 "$ROOT/disk" &&
            mount -t tmpfs -o mode=777,size=2m none "$ROOT/disk" && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
                "$HANDLER" --check --root "$ROOT" --users "$T/users" "$@"' bash "$@"
    }
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s$h:/disk::' 'b:$6$s$h:/::'
    run -0 on_small_disk
    [[ $output != *min-free* ]]
    run -0 on_small_disk --min-free 1500K
    [[ $output == *'warning: root: less than --min-free is free on its disk: every upload is refused'* ]]
    [[ $output != *'line 1: less'* ]]
    run -0 on_small_disk --min-free 3M
    [[ $output == *'warning: root: less than --min-free'* ]]
    [[ $output == *'warning: users, line 1: less than --min-free'* ]]
    [[ $output != *'line 2: less'* ]]
}

@test "check: STORD_CHECK=yes makes a check of what would be a session, and never of a client's connection" {
    STORD_CHECK=yes run -0 "$HANDLER" --root "$ROOT" --anonymous </dev/null
    [[ $output == *'anonymous, from anywhere:'*'0 errors, 1 warning' ]]
    # whatever stands before it, and is wrong
    run -78 env STORD_BAD=1 STORD_CHECK=yes "$HANDLER" --root "$ROOT" </dev/null
    [[ $output == 'handler: unknown variable STORD_BAD '* ]]
    STORD_CHECK=no run -0 "$HANDLER" --root "$ROOT" <<<QUIT
    [[ $output == *'221 '* ]]
    export STORD_CHECK=yes
    for over in tcp tcp6 unix pair; do
        talk -o "$over" <<'STEPS'
< 421
exits 64
STEPS
    done
    logged 'the settings do not ask for a session'
}

@test "list-users: each user with its line and how it logs in; with a mistake, the mistakes and nothing else" {
    # shellcheck disable=SC2016
    users_of_nobody '# comment' 'a:$6$s$h:/::' '' 'b:!:/::cert=CN=b' 'c:*:/::' 'd d:$6$s$h:/::cert=CN=d' 'e:!$6$s$h:/::cert=CN=e' \
        'f:!!:/::cert=CN=f' 'g:!none:/::cert=CN=g'
    run -0 --separate-stderr "$HANDLER" --list-users --users "$T/users"
    [ -z "$stderr" ]
    [ "$output" = $'2\tpassword\ta\n4\tcertificate\tb\n5\tlocked\tc\n6\tboth\td d\n7\tlocked\te\n8\tlocked\tf\n9\tcertificate\tg' ]
    run -0 check --users "$T/users" --tls off
    [[ $output == *'  user e: '*' locked'$'\n'* ]]
    [[ $output != *':7: has a certificate'* ]]
    echo 'x' >>"$T/users"
    run -65 --separate-stderr "$HANDLER" --list-users --users "$T/users"
    [ -z "$output" ]
    [ "$stderr" = "handler: $T/users:10: there are not five fields: name:hash:home:rights:options" ]
    # half of a hash, as a session would find
    # shellcheck disable=SC2016
    users_of_nobody 'a:$6$s:/::'
    run -65 --separate-stderr "$HANDLER" --list-users --users "$T/users"
    [[ $stderr == "handler: $T/users:1: "* ]]
    run -66 --separate-stderr "$HANDLER" --list-users --users "$T/none"
    [ -z "$output" ]
    run -64 "$HANDLER" --list-users
}

@test "check: ports for data connections that are taken, and addresses that clients cannot reach" {
    free_port
    run -0 check --passive-ports "$PORT-$PORT"
    [[ $output == *'0 warnings' ]]
    spawn socat "TCP-LISTEN:$PORT,fork" PIPE
    wait_port "$PORT"
    run -0 check --passive-ports "$PORT-$PORT"
    [[ $output == *"warning: passive-ports: all of $PORT to $PORT are in use now"* ]]
    run -0 check --passive-ports "$((PORT - 1))-$((PORT + 1))"
    [[ $output == *"warning: passive-ports: another program listens on "[1-3]" of $((PORT - 1)) to $((PORT + 1)), the first is "* ]]
    run -0 check --passive-ports "$((PORT - 1))-$((PORT + 1))" --no-data-connections
    [[ $output == *'0 warnings' ]]
    # a connection that somebody else has from such a port is none
    spawn python3 -ISc '
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    print(s.getsockname()[1], flush=True)
    time.sleep(60)' "$PORT"
    wait_for test -s "$SPAWN_LOG"
    local from
    from=$(cat "$SPAWN_LOG")
    run -0 check --passive-ports "$from-$from"
    [[ $output != *'another program listens'* ]]
    # nor is what sessions of the same user hold
    run -0 "$HANDLER" --check --root "$ROOT" --passive-ports "$PORT-$((PORT + 1))"
    [[ $output != *"the first is $PORT"* ]]
    for address in 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 169.254.1.1; do
        run -0 check --passive-address $address
        [[ $output == *'warning: passive-address: it is '*'elsewhere'* || $output == *'other networks'* ]]
    done
    run -0 check --passive-address 127.0.0.1
    [[ $output == *'warning: passive-address: it is loopback'* ]]
    for address in 0.0.0.1 224.0.0.1 255.255.255.255; do
        run -0 check --passive-address $address
        [[ $output == *"warning: passive-address: it is no host's"* ]]
    done
    for address in 11.0.0.1 172.32.0.1 192.0.2.1 223.255.255.255; do
        run -0 check --passive-address $address
        [[ $output == *'0 warnings' ]]
    done
}

@test "check: modules that are needed and are not there" {
    cp "$HANDLER" "$T/handler"
    users_of_nobody
    run -0 "$T/handler" --check --root "$ROOT"
    run -78 "$T/handler" --check --root "$ROOT" --users "$T/users"
    [[ $output == *'error: modules: nobody can log in: '*stord-password.so* ]]
    LISTEN_FDS=1 run -78 "$T/handler" --check --root "$ROOT"
    [[ $output == *'error: modules: systemd hands over no connections: '*stord-systemd.so* ]]
    LISTEN_FDS=1 run -0 "$HANDLER" --check --root "$ROOT"
}

@test "check: modules of another version, as in the middle of an upgrade" {
    local version module
    version=$("$HANDLER" --version)
    version=${version##* }
    users_of_nobody
    mkdir "$T/mixed"
    cp "$HANDLER" "$T/mixed"
    for module in password systemd; do
        sed "s/\x00$version\x00/\x00${version//[0-9]/x}\x00/" "${HANDLER%/*}/stord-$module.so" >"$T/mixed/stord-$module.so"
        run ! cmp -s "${HANDLER%/*}/stord-$module.so" "$T/mixed/stord-$module.so"
    done
    LISTEN_FDS=1 run -78 "$T/mixed/handler" --check --root "$ROOT" --users "$T/users"
    [[ $output == *'error: modules: nobody can log in: the module is of another version'* ]]
    [[ $output == *'error: modules: systemd hands over no connections: the module is of another version'* ]]
}

@test "check: wrong options are said on standard error, and 421 to nobody" {
    run -64 --separate-stderr "$HANDLER" --check --rooot x
    [ -z "$output" ]
    [ "$stderr" = 'handler: unknown argument "--rooot": is --root meant? (see --help)' ]
    run -64 --separate-stderr "$HANDLER" --idle-timeout never --check
    [ -z "$output" ]
    [[ $stderr == 'handler: --idle-timeout wants '* ]]
    STORD_ROOTT=/x run -78 --separate-stderr "$HANDLER" --check
    [ -z "$output" ]
    [[ $stderr == 'handler: unknown variable STORD_ROOTT '* ]]
    STORD_ROOTT=/x run -78 --separate-stderr "$HANDLER" --hash </dev/null
    [ -z "$output" ]
    # but a session whose root is called so hears it
    run -78 --separate-stderr "$HANDLER" --root --check </dev/null
    [[ $output == 421\ * ]]
}

@test "check: before a session, by ExecStartPre=, the report is for the journal and the client gets nothing of it" {
    cat >"$T/wire.py" <<'PY'
import os, socket, subprocess, sys
kind, command = sys.argv[1], sys.argv[2:]
l = socket.create_server(("127.0.0.1", 0))
ours = socket.create_connection(l.getsockname())
theirs, _ = l.accept()
read, write = os.pipe()
if kind == "journal":
    pipe = os.fstat(write)
    os.environ["JOURNAL_STREAM"] = f"{pipe.st_dev}:{pipe.st_ino}"
p = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs if kind == "both" else write)
theirs.close()
os.close(write)
print("report" if os.fdopen(read, "rb").read().endswith(b"0 errors, 1 warning\n") else "nothing", ours.recv(100), p.wait())
PY
    [ "$(command -p python3 "$T/wire.py" journal "$HANDLER" --check --root "$ROOT")" = "report b'' 0" ]
    # Nobody else's arguments are these
    local refused="nothing b\"421 Service not available: see the server's log\\r\\n\" 64"
    [ "$(command -p python3 "$T/wire.py" one "$HANDLER" --check --root "$ROOT")" = "$refused" ]
    [ "$(command -p python3 "$T/wire.py" both "$HANDLER" --check --root "$ROOT")" = "$refused" ]
}

# set_up N [OPTION...]: the Nth set-up of README's table: its settings in the environment, its users in $T/users
set_up() {
    local row=() setting
    IFS='|' read -ra row < <(sed -n '/^| set-up /,/^$/p' "$TOP/README.md" | sed -n "$(($1 + 2))p")
    # shellcheck disable=SC2013 # words are what is wanted
    for setting in $(grep -oE 'STORD_[^`]+' <<<"${row[2]}"); do export "${setting?}"; done
    # shellcheck disable=SC2016
    users_of_nobody "$(grep -oE '`[^`]+`' <<<"${row[3]}" | tr -d '`' | sed "s|HASH|$(hash secret)|")"
    if [ -n "${STORD_USERS:-}" ]; then
        [ "$STORD_USERS" = /etc/stord/users ]
        STORD_USERS=$T/users
    fi
    check "${@:2}" | grep -qx '0 errors, 0 warnings'
}

@test "check: README's public drop box is one" {
    set_up 1
    printf old >"$ROOT/old"
    TCPREMOTEIP=192.0.2.7 talk -o pair <<'STEPS'
< 220
> USER anonymous
< 331
> PASS x
< 230
> ALLO 104857601
< 200
> EPSV
< 229
> STOR large
< 552
> STAT /
< 212 ^212-Status:\n212 End$
> MKD folder
< 257
STEPS
    serve
    curl -sS -T "$T/users" "ftp://127.0.0.1:$PORT/old"
    [ "$(cat "$ROOT/old")" = old ]
    [ "$(find "$ROOT" -maxdepth 1 -type f | wc -l)" = 2 ]
}

@test "check: README's scanner logs in from its network, and from nowhere else" {
    set_up 2
    TCPREMOTEIP=192.168.7.7 talk -o pair <<'STEPS'
< 220
> USER scanner
< 331
> PASS secret
< 230
> STAT /
< 211|212|213
> MKD x
< 550
STEPS
    talk <<'STEPS'
< 220
> USER scanner
< 331
> PASS secret
< 530
STEPS
    [ "$(ls "$ROOT")" = scans ]
}

@test "check: README's partners have homes of their own" {
    set_up 3
    serve
    random_file "$T/sent" 1000
    curl -sS -u acme:secret -T "$T/sent" "ftp://127.0.0.1:$PORT/order"
    curl -sS -u globex:secret -T "$T/sent" "ftp://127.0.0.1:$PORT/order"
    curl -sS -u globex:secret -T "$T/users" "ftp://127.0.0.1:$PORT/order"
    same "$T/sent" "$ROOT/partners/acme/order"
    same "$T/sent" "$ROOT/partners/globex/order"
    [ "$(find "$ROOT/partners/globex" -type f | wc -l)" = 2 ]
    if curl -sS -u acme:secret "ftp://127.0.0.1:$PORT/order" 2>/dev/null; then fail "it may be read"; fi
}
