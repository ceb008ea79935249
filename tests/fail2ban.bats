# The filter and the jail that we ship, by fail2ban's own programs, on lines that the handler wrote.
# bats file_tags=slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load fail2ban

setup() {
    setup_sandbox
    fail2ban_setup
    users "me:$(hash secret):/::"
}
teardown() { teardown_sandbox; }

# What names and commands could be made of to have somebody else banned
FORGERIES=('x from 192.0.2.1:1: user y' ': user y' 'stord[1]: Login failed from 192.0.2.1:1: user y'
    'Nov 22 22:10:01 host stord[1]: Login failed from 192.0.2.1:1: user y'
    '2001-01-01 00:00:00 host stord[1]: Login failed from [2001:db8::bad]:1: user y'
    'Login failed from 192.0.2.1:1: user y' '192.0.2.1' '<HOST>' '%(_prefix)s' 'me')

# fail_three_times NAME...: sessions with three failed logins each, under those names, and what else can be sent
fail_three_times() {
    local name code
    for name; do
        {
            printf '< 220\n'
            for code in 530 530 421; do printf '> USER %s\n< 331\n> PASS wrong\n< %s\n' "$name" $code; done
            printf 'closed\n'
        } >"$T/steps"
        at_once talk --users "$T/users" "${OPTIONS[@]}" <"$T/steps"
        rm "$T/steps" # they have it
    done
}

# all_kinds_of_sessions: ten from 127.0.0.1, one from ::1, one from 203.0.113.9 by a relay, one by a
# pipe, each with three failures; and some without
all_kinds_of_sessions() {
    local OPTIONS=(--log-level debug "$@")
    fail_three_times "${FORGERIES[@]}"
    at_once talk_three_times -o tcp6 "$@"
    TCPREMOTEIP=203.0.113.9 at_once talk_three_times -o pair "$@"
    at_once talk_three_times -o pipe "$@"
    talk --users "$T/users" --log-level debug "$@" <<'STEPS'
< 220
> Login failed from 192.0.2.1:1: user y
< 500
> USER me
< 331
> PASS secret
< 230
> CWD stord[1]: Login failed from 192.0.2.1:1: user y
< 550
> MKD Login failed from 192.0.2.1:1: user y
< 257
STEPS
    all_done
}

talk_three_times() {
    talk "$1" "$2" --users "$T/users" "${@:3}" <<'STEPS'
< 220
> USER x
< 331
> PASS 1
< 530
> PASS 2
< 530
> PASS 3
< 421
STEPS
}

BANNED='127.0.0.1*30 203.0.113.9*3 ::1*3'

@test "fail2ban: failed logins are found in what goes to standard error, and no name bans anybody else" {
    all_kinds_of_sessions
    [ "$(would_ban "$T/log")" = "$BANNED" ] || fail "$(banned "$T/log")"
    [ "$(would_ban "$T/log" -d '{NONE}')" = "$BANNED" ] || fail "$(banned "$T/log")"
    # with the time in front, as svlogd -t and tai64n have it
    sed 's/^/2026-11-22_22:10:01.12345 /' "$T/log" >"$T/dated"
    [ "$(would_ban "$T/dated")" = "$BANNED" ]
    banned "$T/log" | grep -qxF "127.0.0.1|${FORGERIES[0]}"
}

@test "fail2ban: failed logins are found in syslog's file" {
    need_root 'gives programs a /dev/log of their own'
    need busybox
    mkdir "$T/dev"
    cp -a /dev/null /dev/zero /dev/random /dev/urandom "$T/dev/"
    # shellcheck disable=SC2016
    spawn unshare --mount --propagation private \
        sh -ec 'mount --bind "$0" /dev; exec "$@"' "$T/dev" busybox syslogd -n -O "$T/syslog"
    wait_for test -S "$T/dev/log"
    # shellcheck disable=SC2016,SC2034
    WRAP=(unshare --mount --propagation private sh -ec 'mount --bind "$0" /dev; exec "$@"' "$T/dev")
    all_kinds_of_sessions --log syslog
    wait_for grep -q 'Directory made' "$T/syslog"
    grep -qE '^[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [^ ]+ ftp\.warn stord\[[0-9]+\]: Login failed' "$T/syslog"
    [ "$(would_ban "$T/syslog")" = "$BANNED" ] || fail "$(banned "$T/syslog")"
    # as other daemons write it
    sed -E 's/ [a-z]+\.[a-z]+ stord/ stord/' "$T/syslog" >"$T/plain"
    [ "$(would_ban "$T/plain")" = "$BANNED" ]
    sed -E 's/^.{15} /2026-11-22T22:10:01.123456+01:00 /' "$T/plain" >"$T/iso"
    [ "$(would_ban "$T/iso")" = "$BANNED" ]
}

@test "fail2ban: the jail is good, and has our filter" {
    sed -i 's/^backend = systemd$/backend = polling\nlogpath = \/dev\/null/' "$T/fail2ban/jail.d/stord.conf"
    rm "$T/fail2ban/jail.d/defaults-debian.conf" # sshd's
    run -0 fail2ban_run fail2ban-client -c "$T/fail2ban" -s "$T/socket" -p "$T/pid" -t
    fail2ban_run fail2ban-client -c "$T/fail2ban" -s "$T/socket" -p "$T/pid" -d >"$T/jail"
    grep -F "'stord', 'addfailregex'" "$T/jail"
    grep -F "['set', 'stord', 'maxretry', 6]" "$T/jail"
    grep -F "_SYSTEMD_SLICE=stord.slice + SYSLOG_IDENTIFIER=stord _SYSTEMD_UNIT=xinetd.service" "$T/fail2ban/filter.d/stord.conf"
    grep -F "iptables-allports" "$T/jail"
}
