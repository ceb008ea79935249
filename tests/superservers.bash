# What the tests of super-servers share: where those are, and the system's log.
# shellcheck shell=bash

# peer_program NAME: prints where tests/peers has it
peer_program() {
    "$TOP/tests/peers" || return 1
    printf '%s\n' "$TOP/build/peers/usr/sbin/$1"
}

# What becomes of a command and its /dev: that folder, with devices of this machine. It may be where
# no device can be made, as in a /tmp in memory.
# shellcheck disable=SC2016 # for sh
ENTER_DEV='for node in null zero random urandom; do mount --bind "/dev/$node" "$0/$node"; done
mount --rbind "$0" /dev; exec "$@"'

# start_syslog: what programs in syslog_box send to /dev/log is in $T/syslog
start_syslog() {
    need socat
    need_root "gives daemons a /dev/log of their own"
    : >"$T/syslog"
    spawn socat -u "UNIX-RECV:$T/devlog,mode=666" "OPEN:$T/syslog,append"
    wait_for test -S "$T/devlog"
    mkdir "$T/dev"
    touch "$T"/dev/{null,zero,random,urandom}
    ln -s "$T/devlog" "$T/dev/log"
}

# spawn_with_syslog CMD...: with that /dev/log, and nothing else in /dev
spawn_with_syslog() {
    # shellcheck disable=SC2016
    spawn unshare --mount --propagation private \
        sh -ec "$ENTER_DEV" "$T/dev" "$@"
}
