#!/bin/bash
# systemd has nothing to complain about in what we install.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_files
systemd-sysusers --dry-run 2>&1 | tee "$T/complaints"
if grep -i stord "$T/complaints" | grep -iE 'invalid|unknown|failed|ignoring'; then fail "sysusers.d"; fi
install_stord
systemd-tmpfiles --create --clean --remove --prefix="$ROOT" 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ] || fail "tmpfiles.d"
systemd-analyze verify --man=no --recursive-errors=yes stord.socket stord@.service \
    stord-tls.socket stord-tls@.service stord-inline.socket stord-inline@.service stord-metrics.socket stord-metrics@.service stord.slice \
    stord{,-tls,-inline}@check.service stord-check.{service,timer} stord-events.{path,timer,service} 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ] || fail "units"
# exposed UNIT MOST: how much, in tenths
exposed() {
    systemd-analyze security --no-pager --offline=true --threshold="$2" "/usr/local/lib/systemd/system/$1" |
        grep -E '^(✗|→)'
}
exposed stord@.service 12
exposed stord-tls@.service 12
exposed stord-inline@.service 5
exposed stord-metrics@.service 5
exposed stord-events.service 20
# What the handler lets itself call, its unit lets it call, too: except what the drop-in for a group adds, and
# what only a build for tests needs.
# calls NAME...: those that such words of SystemCallFilter= mean
calls() {
    local word inner
    for word in "$@"; do
        mapfile -t inner < <(systemd-analyze syscall-filter --no-pager "$word" | sed -nE 's/^ +(@?[a-z0-9_]+)$/\1/p')
        case $word in @*) calls "${inner[@]}" ;; *) echo "$word" ;; esac
    done
}
read -r -a words <<<"@default $(sed -n 's/^SystemCallFilter=//p' "$TOP/units/stord@.service" | tr '\n' ' ')"
calls "${words[@]}" 2>/dev/null | sort -u >"$T/allowed"
sed -nE 's/^ +LET\(([a-z0-9_]+),.*/\1/p' "$TOP/src/sandbox/calls.c" | sort -u >"$T/wanted"
[ -s "$T/wanted" ]
[ "$(comm -13 "$T/allowed" "$T/wanted" | paste -sd ' ')" = 'fchown ptrace' ] || {
    comm -13 "$T/allowed" "$T/wanted"
    fail "SystemCallFilter= lacks some of these"
}
# Whoever enables the socket has it after the next boot.
for socket in stord.socket stord-tls.socket stord-inline.socket stord-metrics.socket; do
    systemctl enable $socket
    [ "$(systemctl is-enabled $socket)" = enabled ]
done
systemctl start sockets.target
wait_port "$PORT" 127.0.0.1
wait_port "$PORT" ::1
wait_port 990 127.0.0.1
wait_port 990 ::1
wait_port 22001 127.0.0.1
wait_port 22001 ::1
wait_port 22002 127.0.0.1
wait_port 22002 ::1
