#!/bin/bash
# The drop-in that trades confinement by systemd for speed, as README says to use it: all works, and the
# session confines itself.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
readme_command=$(sed -n '/^    install .*fast\.conf/,/daemon-reload$/p' "$TOP/README.md")
[ -n "$readme_command" ]
bash -c "$readme_command"
systemd-analyze verify --man=no --recursive-errors=yes stord@.service 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ]
start_stord

inline_upload inline hello
curl_upload by-curl 3000000
printf 'me:%s:/home/me::\n' "$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)" >/etc/users
chmod 600 /etc/users
drop_in stord@.service '[Service]' LoadCredential=users:/etc/users
random_file "$T/sent" 100000
curl -sS -u me:secret -T "$T/sent" "ftp://127.0.0.1:$PORT/by-user"
same "$T/sent" "$ROOT/home/me/by-user"
drop_in stord@.service '[Service]'

# No mounts and no filter are systemd's, so those that a session has are its own.
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
read -r _ <&"$wire"
pid=$(systemctl show --property MainPID --value 'stord@*')
[ "$(readlink "/proc/$pid/ns/mnt")" = "$(readlink /proc/1/ns/mnt)" ]
[ "$(id -nu "$(stat -c %u "/proc/$pid")")" = stord ]
grep -E '^(NoNewPrivs|Seccomp|Seccomp_filters|Cap...):' "/proc/$pid/status" | tee "$T/status"
grep -qx $'NoNewPrivs:\t1' "$T/status"
[ "$(grep -cE '^Cap(Inh|Prm|Eff|Bnd|Amb):.0000000000000000$' "$T/status")" = 5 ]
grep -qx $'Seccomp:\t2' "$T/status"
exec {wire}>&-
all_sessions_gone
