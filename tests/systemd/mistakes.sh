#!/bin/bash
# What a newcomer does wrong, and what client, log and check say of it: each mistake is a function, and the words that
# must be there stand behind it.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/tls.bash"

unset STORD_USER
install_stord
make_ca
make_certificate server
make_certificate other
make_certificate past -1 -3
make_certificate future 30 1
hash=$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)

setting() { printf '%s\n' "$@" >>/etc/stord/stord.env; }
# certificate NAME [KEY]: as credentials of sessions
certificate() {
    install -m 600 "$T/$1.crt" /etc/stord/tls.crt
    install -m 600 "$T/${2:-$1}.key" /etc/stord/tls.key
    drop_in stord@.service '[Service]' LoadCredential={tls.crt:/etc/stord/tls.crt,tls.key:/etc/stord/tls.key}
}
# good: a user `me' with a password, who is served
good() {
    systemctl stop stord.socket
    rm -rf /etc/systemd/system/stord*.d /etc/stord "${ROOT:?}"/* "$ROOT"/.stord*
    mkdir /etc/stord
    printf 'me:%s:/me:upload,replace,list:\n' "$hash" >/etc/stord/users
    chown root:stord /etc/stord/users
    chmod 640 /etc/stord/users
    echo STORD_USERS=/etc/stord/users >/etc/stord/stord.env
    systemctl daemon-reload
    systemctl reset-failed
    systemctl start stord.socket
}
# client: logs in and uploads, inline; the replies in $T/replies
client() {
    local wire
    : >"$T/replies"
    if ! exec {wire}<>"/dev/tcp/127.0.0.1/22000"; then echo refused >"$T/replies" && return; fi
    printf 'USER me\r\nPASS secret\r\nALLO 5\r\nSTOR %s\r\nhelloQUIT\r\n' "${FILE:-hello.txt}" >&"$wire"
    cat <&"$wire" >"$T/replies" || :
    exec {wire}>&-
} 2>/dev/null
# has FILE WORDS: `-' is anything
has() { [ "$2" = - ] || grep -F -- "$2" "$1" >/dev/null; }
in_log() { journalctl -q -o cat --since="@$since" -t stord >"$T/log" && has "$T/log" "$1"; }

# after MISTAKE CLIENT LOG CHECK [STATUS]: words of each, and the status of the check (78)
after() {
    local mistake=$1 status=0 since
    good
    $mistake
    since=${EPOCHREALTIME/,/.}
    client
    printf '%s: ' "$mistake"
    has "$T/replies" "$2" || { cat "$T/replies" && fail "$mistake: the client is not told: $2"; }
    wait_for in_log "$3" || { cat "$T/log" && fail "$mistake: the log does not say: $3"; }
    stordctl check >"$T/check" 2>&1 || status=$?
    has "$T/check" "$4" || { cat "$T/check" && fail "$mistake: the check does not say: $4"; }
    [ "$status" = "${5:-78}" ] || { cat "$T/check" && fail "$mistake: the check ends with $status"; }
    echo told
}

nothing() { :; }
after nothing '226 ' 'File uploaded: /me/hello.txt' '0 errors, 0 warnings' 0

# ------------------------------------------------------------------------------------------- settings
typo() { setting STORD_USRES=/etc/stord/users; }
after typo '421 ' STORD_USRES 'unknown variable STORD_USRES'
no_number() { setting STORD_IDLE_TIMEOUT=soon; }
after no_number '421 ' 'STORD_IDLE_TIMEOUT wants' 'STORD_IDLE_TIMEOUT wants'
wrong_ports() { setting STORD_PASSIVE_PORTS=50099-50000; }
after wrong_ports '421 ' 'STORD_PASSIVE_PORTS wants' 'STORD_PASSIVE_PORTS wants'
comment_behind() { setting 'STORD_USERS=/etc/stord/users # the users'; }
after comment_behind '421 ' '/etc/stord/users # the users: No such file' '/etc/stord/users # the users: No such file'
no_root() { setting STORD_ROOT=/nowhere; }
after no_root '421 ' '/nowhere: No such file' '/nowhere: No such file'

# ------------------------------------------------------------------------------------------- users
users_of_root() { chown root:root /etc/stord/users && chmod 600 /etc/stord/users; }
after users_of_root '421 ' 'users: Permission denied' 'users: Permission denied'
users_of_all() { chmod 644 /etc/stord/users; }
after users_of_all '226 ' - 'has mode 0644: others should have no access' 0
plain_password() { echo 'you:secret:/you::' >>/etc/stord/users; }
after plain_password '421 ' '/etc/stord/users:2: the hash is not' '/etc/stord/users:2: the hash is not'
no_hash() { echo 'you::/you::' >>/etc/stord/users; }
after no_hash '421 ' '/etc/stord/users:2: there is no hash' '/etc/stord/users:2: there is no hash'
four_fields() { echo "you:$hash:/you:" >>/etc/stord/users; }
after four_fields '421 ' '/etc/stord/users:2: there are not five fields' '/etc/stord/users:2: there are not five fields'
twice() { cat /etc/stord/users >"$T/twice" && cat "$T/twice" >>/etc/stord/users; }
after twice '421 ' '/etc/stord/users:2: that user is in an earlier line' '/etc/stord/users:2: that user is in an earlier line'
no_end() { printf 'you:%s:/you::' "$hash" >>/etc/stord/users; }
after no_end '421 ' '/etc/stord/users:2: the last line has no end' '/etc/stord/users:2: the last line has no end'
other_net() { sed -i 's/:$/:from=192.0.2.0\/24/' /etc/stord/users; }
after other_net '530 ' 'may not log in from there: user me' 'from=192.0.2.0/24' 0
wrong_password() { sed -i "s|:.*:/me|:$(printf 'other\n' | /usr/local/libexec/stord/handler --hash):/me|" /etc/stord/users; }
after wrong_password '530 ' 'Login failed from 127.0.0.1:' '0 errors' 0

# ------------------------------------------------------------------------------------------- folders
no_read_write_paths() { install -d -o stord /srv/scans && setting STORD_ROOT=/srv/scans; }
after no_read_write_paths '421 ' 'Read-only file system' 'Read-only file system'
below_home() { install -d -o stord /home/scans && setting STORD_ROOT=/home/scans; }
after below_home '421 ' '/home/scans: Permission denied' '/home/scans: Permission denied'
home_of_root() { install -d -o root -m 755 "$ROOT/me"; }
after home_of_root '550 ' 'hello.txt' 'home /me cannot be written to: Permission denied'
unfinished_of_root() { install -d -m 700 "$ROOT/.stord.unfinished"; }
after unfinished_of_root - - "it is not this user's folder: remove it"
path_of_the_disk() { sed -i "s|:/me:|:$ROOT/me:|" /etc/stord/users; }
after path_of_the_disk "226 " "$ROOT/me/hello.txt" "home $ROOT/me is $ROOT$ROOT/me on the disk: /me was probably meant" 0
full() { setting STORD_MIN_FREE=999T; }
after full '52 ' - 'less than --min-free is free on its disk: every upload is refused' 0
no_group() { groupadd -f readers && setting STORD_GROUP=readers; }
after no_group '421 ' 'Operation not permitted' 'SupplementaryGroups=, PrivateUsers=no and SystemCallFilter=fchown'

# ------------------------------------------------------------------------------------------- TLS
good_certificate() { certificate server; }
after good_certificate '226 ' - 'certificate of CN=server' 0
other_key() { certificate server other; }
after other_key '421 ' mismatch mismatch
expired() { certificate past; }
after expired '421 ' expired expired
clock_wrong() { certificate future; }
after clock_wrong '421 ' 'not valid yet' 'not valid yet'
key_unreadable() {
    certificate server
    rm -r /etc/systemd/system/stord@.service.d
    systemctl daemon-reload
    chmod 644 /etc/stord/tls.crt
    setting STORD_TLS_CERT=/etc/stord/tls.crt STORD_TLS_KEY=/etc/stord/tls.key
}
after key_unreadable '421 ' 'tls.key: Permission denied' 'tls.key: Permission denied'
certificate_gone() { certificate server && rm /etc/stord/tls.crt; }
after certificate_gone - - 'error: stord@check.service could not be run'
grep -E 'credential|CREDENTIALS' "$T/check"

# ------------------------------------------------------------------------------------------- listening
not_restarted() { drop_in stord.socket '[Socket]' ListenStream= ListenStream=21; }
after not_restarted refused - 'error: it says that it listens at [::], port 21, and does not: systemctl restart stord.socket'
port_taken() {
    systemctl stop stord.socket
    spawn socat TCP-LISTEN:22000,fork,reuseaddr SYSTEM:'echo hello'
    wait_port 22000
    systemctl enable stord.socket
    if systemctl start stord.socket 2>"$T/start"; then fail "it starts"; fi
}
after port_taken - - "error: it does not listen: socat (pid $(pidof socat || :)"
kill_spawned
systemctl disable stord.socket
good
stordctl open 2121 ::1
stor -h ::1 -p 2121 /etc/hostname 2>"$T/said" && fail "served without a login"
curl -sS -u me:secret -T /etc/hostname 'ftp://[::1]:2121/'
same /etc/hostname "$ROOT/me/hostname"

# ------------------------------------------------------------------------------------------- names
for FILE in $'latin-\xe9.pdf' 'with blanks.pdf' 'C:\scan\x.pdf' '"quoted".pdf'; do
    after nothing '226 ' 'File uploaded: /me/' '0 errors' 0
    [ "$(find "$ROOT/me" -type f | wc -l)" = 1 ]
done
for FILE in "$(printf '%0300d' 0)" $'a\x01b' .stord.x; do
    after nothing 55 - '0 errors' 0
    [ "$(find "$ROOT/me" -type f | wc -l)" = 0 ]
done
