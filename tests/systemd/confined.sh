#!/bin/bash
# The directives bite: what probe.py can do in place of the handler. openat2 with RestrictSUIDSGID= and
# without, and uploads with both. Secrets are not in the environment of a session.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
ip link add probe0 type veth peer name probe1
start_stord
systemctl start stord-inline.socket
wait_port 22001
install -D -m 755 "$TOP/tests/systemd/probe.py" /opt/probe.py
install -d -o stord /srv/own
program=('[Service]' ExecStart= 'ExecStart=/usr/bin/python3 -IS /opt/probe.py')

# probe PORT: what it prints, in $T/outcomes
probe() {
    local wire
    exec {wire}<>"/dev/tcp/127.0.0.1/$1"
    cat <&"$wire" >"$T/outcomes"
    exec {wire}>&-
    cat "$T/outcomes"
}
# outcome ATTEMPT RESULT...: one of these came of it
outcome() {
    local result
    for result in "${@:2}"; do
        if grep -qxF "$1: $result" "$T/outcomes"; then return 0; fi
    done
    fail "$1 should have been: ${*:2}"
}

confined() {
    outcome 'list /home' EACCES
    outcome 'list /root' EACCES
    outcome 'see process 1' ENOENT
    outcome 'write to the root' 'done'
    outcome 'write to a folder of its own' EROFS
    outcome 'write to /dev/shm' EACCES
    outcome 'leave a file in /tmp' 'done'
    outcome 'change a setting of the kernel' EACCES # without ProtectKernelTunables=
    outcome 'set a setuid bit' EPERM
    outcome openat2 ENOSYS
    [ ! -e /tmp/left-by-probe ]
    outcome landlock 'done' EOPNOTSUPP
    outcome 'boot id' 'done' # without it quotas are counted anew for each session
    for attempt in mount ptrace bpf io_uring fchown 'new namespace'; do outcome "$attempt" EPERM; done
    outcome 'writable code' EPERM EACCES # by the filter, or by the kernel's own means (prctl(PR_SET_MDWE))
    outcome AF_NETLINK EAFNOSUPPORT
    outcome AF_PACKET EAFNOSUPPORT
    grep -qx $'NoNewPrivs:\t1' "$T/outcomes"
    [ "$(grep -cE '^Cap(Eff|Bnd):.0000000000000000$' "$T/outcomes")" = 2 ]
}
drop_in stord@.service "${program[@]}"
drop_in stord-inline@.service "${program[@]}"
probe "$PORT"
confined
outcome AF_INET 'done'
outcome AF_UNIX 'done'
outcome 'see the network' 'done'
probe 22001
confined
outcome AF_INET EAFNOSUPPORT
outcome AF_UNIX 'done'
outcome 'see the network' ENODEV

drop_in stord@.service "${program[@]}" RestrictSUIDSGID=no
probe "$PORT"
outcome openat2 'done'
outcome 'set a setuid bit' 'done'

# Both ways: uploads arrive, and nothing leaves the root.
uploads() {
    ln -sfn /etc "$ROOT/out"
    inline_upload "inline-$1" hello
    random_file "$T/sent" 300000
    curl -sS --ftp-create-dirs -T "$T/sent" "ftp://127.0.0.1:$PORT/a/b/$1"
    same "$T/sent" "$ROOT/a/b/$1"
    if curl -sS -T "$T/sent" "ftp://127.0.0.1:$PORT/out/stolen" 2>"$T/curl"; then fail "a link was followed"; fi
    [ ! -e /etc/stolen ]
}
drop_in stord@.service '[Service]'
uploads without-openat2
drop_in stord@.service '[Service]' RestrictSUIDSGID=no
uploads with-openat2
drop_in stord@.service '[Service]'
all_sessions_gone

# What the handler does to itself is let through.
for unit in stord@.service stord-inline@.service; do
    drop_in $unit '[Service]' Environment=STORD_REQUIRE_CONFINEMENT=yes
done
curl_upload confined 1000
PORT=22001 inline_upload confined-inline hello
all_sessions_gone

# A folder keeps the set-group-ID bit that it inherits, which nobody may set. One that its parent lacks cannot
# be had, until the drop-in in the unit's comment allows it.
install -d -o stord -g stord -m 2770 "$ROOT/shared"
drop_in stord@.service '[Service]' Environment=STORD_DIR_MODE=0750
curl_upload shared/made/file 1000
[ "$(stat -c %a "$ROOT/shared/made")" = 2750 ]
drop_in stord@.service '[Service]' Environment=STORD_DIR_MODE=02750
if curl -sS --ftp-create-dirs -T "$T/sent" "ftp://127.0.0.1:$PORT/set/file" 2>"$T/curl"; then fail "a bit was set"; fi
[ ! -e "$ROOT/set" ]
drop_in stord@.service '[Service]' Environment=STORD_DIR_MODE=02750 \
    "$(sed -n 's/^#   \(RestrictSUIDSGID=no\)$/\1/p' /usr/local/lib/systemd/system/stord@.service)"
curl_upload set/file 1000
[ "$(stat -c %a "$ROOT/set")" = 2750 ]
all_sessions_gone

# A group of others, by the drop-in that the comment in the unit tells
groupadd --system readers
sed -n 's/^#   \(SupplementaryGroups=.*\|PrivateUsers=no\|SystemCallFilter=fchown\)$/\1/p' \
    /usr/local/lib/systemd/system/stord@.service >"$T/lines"
[ "$(wc -l <"$T/lines")" = 3 ]
mapfile -t lines <"$T/lines"
drop_in stord@.service '[Service]' Environment=STORD_GROUP=readers "${lines[@]}"
curl_upload for-readers 1000
[ "$(stat -c %G "$ROOT/for-readers")" = readers ]
all_sessions_gone
