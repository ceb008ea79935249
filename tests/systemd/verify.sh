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
systemd-analyze verify --man=no --recursive-errors=yes stord.socket stord@.service 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ] || fail "units"
# Whoever enables the socket has it after the next boot.
systemctl enable stord.socket
[ "$(systemctl is-enabled stord.socket)" = enabled ]
systemctl start sockets.target
wait_port "$PORT" 127.0.0.1
wait_port "$PORT" ::1
