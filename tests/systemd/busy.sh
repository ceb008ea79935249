#!/bin/bash
# stord-busy.service: one service for all sessions, which takes the place of stord.socket
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

UNIT=stord-busy.service
main_pid() { systemctl show -P MainPID $UNIT; }
# processes: of the service, one a line
processes() { cat "/sys/fs/cgroup$(systemctl show -P ControlGroup $UNIT)/cgroup.procs"; }
processes_are() { [ "$(processes | wc -l)" = "$1" ]; }
idle() { processes_are 1; }
# busy_log: what sessions logged, and their priorities
busy_log() { journalctl --quiet --no-pager -o json _SYSTEMD_UNIT=$UNIT SYSLOG_IDENTIFIER=stord; }
says() { wait_for said "$@"; }
# said TEXT [PRIORITY]
said() { busy_log | grep -F -- "\"MESSAGE\":\"$1" | grep "\"PRIORITY\":\"${2:-6}\"" >/dev/null; }
tells() { journalctl --quiet --no-pager -o cat -u $UNIT | grep -F -- "$1" >/dev/null; }
nothing_failed() {
    systemctl --failed --no-legend --plain | tee "$T/failed" >&2
    [ ! -s "$T/failed" ] || fail "there are failed units"
}
# connect NAME: opens a connection, its descriptor in the variable, and reads the greeting
connect() {
    local line
    exec {opened}<>"/dev/tcp/127.0.0.1/$PORT"
    IFS= read -r -t 20 line <&"$opened"
    printf -v "$1" %s "$opened"
    [ "${line%% *}" = 220 ] || fail "no greeting: $line"
}
restart() {
    systemctl reset-failed $UNIT # so that no number of starts is too many
    systemctl restart $UNIT
    wait_port "$PORT"
}

# The journal drops what other services say too fast.
printf '%s\n' RateLimitIntervalSec=30s RateLimitBurst=10 >>/etc/systemd/journald.conf
systemctl restart systemd-journald
install_stord
systemd-analyze verify --man=no --recursive-errors=yes $UNIT 2>&1 | tee "$T/complaints"
[ ! -s "$T/complaints" ] || fail "the unit"
exposure=$(systemd-analyze security $UNIT --no-pager | sed -n 's/.*Overall exposure.*: \([0-9.]*\) .*/\1/p')
echo "exposure: $exposure"
awk "BEGIN { exit !($exposure <= 1.2) }"

# ------------------------------------------------------------ without tcpsvd: start fails, and says why
start_stord
mv /usr/bin/tcpsvd "$T/tcpsvd"
if systemctl start $UNIT; then fail "it starts without tcpsvd"; fi
says_why() { journalctl --quiet --no-pager -o cat -u $UNIT | grep 'executable.*/usr/bin/tcpsvd.*No such file' >/dev/null; }
wait_for says_why
[ "$(systemctl is-failed $UNIT)" = failed ]
[ "$(systemctl show -P NRestarts $UNIT)" = 0 ]
mv "$T/tcpsvd" /usr/bin/tcpsvd

# ------------------------------------------------------------------------ in the place of stord.socket
start_stord
wait_port "$PORT"
systemctl start $UNIT
[ "$(systemctl show -P ActiveState stord.socket)" = inactive ]
wait_port "$PORT" 127.0.0.1
inline_upload inline 'some text'
curl_upload by-curl 3000000
random_file "$T/by-client" 200000
"$CLIENT" "$T/by-client"
same "$T/by-client" "$ROOT/by-client"
[ "$(stat -c '%U:%G %a' "$ROOT/by-curl")" = 'stord:stord 640' ]
says 'Accepted connection from 127.0.0.1:'
says 'File uploaded: /inline (9 bytes'
says 'File uploaded: /by-curl (3000000 bytes'
says 'File uploaded: /by-client (200000 bytes'
if journalctl --quiet --no-pager -o cat _SYSTEMD_UNIT=$UNIT | grep -F '226 File uploaded'; then fail "a reply went to the journal"; fi
wait_for idle

# The journal that is late still knows whose the lines are.
systemctl kill --kill-whom=main --signal=STOP systemd-journald
inline_upload late hello
wait_for idle
systemctl kill --kill-whom=main --signal=CONT systemd-journald
says 'File uploaded: /late (5 bytes'

# ------------------------------------------------------------------------------- what a session can see
install -d -o stord -g stord /opt/own
connect wire
session=$(processes | grep -vx "$(main_pid)")
[ "$(stat -c %U "/proc/$session")" = stord ]
grep -x $'CapBnd:\t0*' "/proc/$session/status"
grep -x $'Seccomp:\t2' "/proc/$session/status"
[ -z "$(ls -A "/proc/$session/root/home")" ]
[ "$(stat -f -c %T "/proc/$session/root/home")" = tmpfs ]
in_it() { nsenter --target "$session" --mount --setuid "$(id -u stord)" --setgid "$(id -g stord)" "$@"; }
# Nothing can be written but what is the service's, whoever owns it.
for folder in /opt/own /dev/shm; do
    if in_it touch "$folder/written" 2>/dev/null; then fail "$folder can be written"; fi
done
in_it touch "$ROOT/written"
rm "$ROOT/written"

# openat2 works
spawn strace -p "$session" -e trace=openat2 -o "$T/trace"
is_traced() { grep -q $'^TracerPid:\t[1-9]' "/proc/$session/status"; }
wait_for is_traced
printf 'MKD folder\r\nALLO 5\r\nSTOR folder/file\r\nhelloQUIT\r\n' >&"$wire"
timeout 20 cat <&"$wire"
exec {wire}>&-
kill_spawned
cat "$T/trace"
grep 'openat2(.* = [0-9]' "$T/trace"
wait_for idle

# ---------------------------------------------------------------- 256 at once, the 257th is told; room again
wires=()
for ((i = 0; i < 256; i++)); do
    connect wire
    wires+=("$wire")
done
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
timeout 20 cat <&"$wire" | tee "$T/replies"
exec {wire}>&-
[ "$(cat "$T/replies")" = $'421 Too many connections from your address\r' ]
# Somebody else is served.
random_file "$T/sent" 5000
curl -sS --interface 127.0.0.2 -T "$T/sent" "ftp://127.0.0.1:$PORT/from-another"
same "$T/sent" "$ROOT/from-another"
for ((i = 0; i < 256; i++)); do printf 'ALLO 6\r\nSTOR many.%s\r\n%06dQUIT\r\n' $i $i >&"${wires[i]}"; done
for ((i = 0; i < 256; i++)); do
    timeout 20 cat <&"${wires[i]}" >"$T/replies"
    grep -q '^226 ' "$T/replies"
    eval "exec ${wires[i]}>&-"
    [ "$(cat "$ROOT/many.$i")" = "$(printf %06d $i)" ]
done
wait_for idle
inline_upload room again
all_logged() { [ "$(busy_log | grep -c 'File uploaded: /many')" = 256 ]; }
wait_for all_logged

# ------------------------------------------------------------------------ a limit for all: who comes waits
drop_in $UNIT '[Service]' 'Environment=SESSIONS=2'
restart
one='' two=''
connect one
connect two
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'ALLO 6\r\nSTOR waited\r\nwaitedQUIT\r\n' >&"$wire"
if IFS= read -r -t 0.3 line <&"$wire"; then fail "more are served than may be: $line"; fi
exec {one}>&-
timeout 20 cat <&"$wire" >"$T/replies"
exec {two}>&- {wire}>&-
grep '^226 ' "$T/replies"
[ "$(cat "$ROOT/waited")" = waited ]
wait_for idle

# --------------------------------------------- no more processes: connections are dropped, the service lives
drop_in $UNIT '[Service]' 'LimitNPROC=3'
restart
connect one
connect two
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
timeout 20 cat <&"$wire" >"$T/replies"
[ ! -s "$T/replies" ]
wait_for tells 'unable to fork'
exec {one}>&- {two}>&- {wire}>&-
wait_for idle
inline_upload tasks again
rm -r "/etc/systemd/system/$UNIT.d"
systemctl daemon-reload
restart

# ----------------------------------------------- stopped in the middle: told, and what was acknowledged is there
connect wire
printf 'ALLO 100000\r\nSTOR half\r\n%s' "$(head -c 40000 /dev/zero | tr '\0' x)" >&"$wire"
holds_half() { [ -n "$(find -L "/proc/$(processes | grep -vx "$(main_pid)")/fd" -maxdepth 1 -type f -size +39999c)" ]; }
wait_for holds_half
restart
timeout 20 cat <&"$wire" >"$T/replies"
exec {wire}>&-
cat "$T/replies"
[ "$(cut -c 1-4 "$T/replies" | tr '\n' '|')" = '200 |150 |421 |' ] || fail "other replies were expected"
[ ! -e "$ROOT/half" ]
[ "$(curl -sS -I "ftp://127.0.0.1:$PORT/half" | tr -d '\r' | sed -n 's/^Content-Length: //p')" = 39999 ]

# Four uploaders, while it is restarted ten times
uploader() {
    local i wire line
    for ((i = 0; ; i++)); do
        [ ! -e "$T/stop" ] || return 0
        { exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"; } 2>/dev/null || continue
        { printf 'ALLO 8\r\nSTOR up.%s.%05d\r\nu%s.%05dQUIT\r\n' "$1" $i "$1" $i >&"$wire"; } 2>/dev/null || :
        while IFS= read -r line <&"$wire"; do
            [ "${line%% *}" != 226 ] || printf 'up.%s.%05d u%s.%05d\n' "$1" $i "$1" $i >>"$T/acknowledged.$1"
        done 2>/dev/null
        exec {wire}>&-
    done
}
trap '' PIPE
uploaders=()
for i in 1 2 3 4; do
    uploader $i &
    uploaders+=($!)
done
acknowledged() { [ "$(cat "$T"/acknowledged.* | wc -l)" -ge "$1" ]; }
for ((i = 1; i <= 10; i++)); do
    wait_for acknowledged $((i * 40))
    restart
done
wait_for acknowledged 440
touch "$T/stop"
wait "${uploaders[@]}"
lost=0
while read -r name text; do
    [ "$(cat "$ROOT/$name")" = "$text" ] || lost=$((lost + 1))
done < <(cat "$T"/acknowledged.*)
echo "$(cat "$T"/acknowledged.* | wc -l) acknowledged, $lost lost"
[ $lost = 0 ]
wait_for idle
[ -z "$(find "$ROOT" -path '*/.stord.*' -type f -size +0 ! -path '*/half/*')" ]
nothing_failed

# ----------------------------------------------------------- users by a credential, settings by stord.env
mkdir -p /etc/stord
printf 'me:%s:/home/me::\n' "$(printf 'secret\n' | /usr/local/libexec/stord/handler --hash)" >/etc/stord/users
chmod 600 /etc/stord/users
printf '%s\n' STORD_LOG_LEVEL=debug STORD_LOG=journal >/etc/stord/stord.env
drop_in $UNIT '[Service]' 'LoadCredential=users:/etc/stord/users'
restart
curl -sS -u me:secret -T "$T/sent" "ftp://127.0.0.1:$PORT/mine"
same "$T/sent" "$ROOT/home/me/mine"
says 'Logged in: me from 127.0.0.1:'
if curl -sS -u me:wrong -T "$T/sent" "ftp://127.0.0.1:$PORT/x" 2>"$T/curl"; then fail "a wrong password"; fi
says 'Login failed from 127.0.0.1:' 4
busy_log | grep '"PRIORITY":"7"' >/dev/null
[ "$(busy_log | grep -c '"STORD_EVENT":"login-failed"')" = "$(busy_log | grep -c '"MESSAGE":"Login failed')" ]
rm /etc/stord/users /etc/stord/stord.env

# ------------------------------------------------------------------ the drop-ins that the unit's head shows
# shown PATTERN: the lines of the one with that in it
shown() { block_of '#   ' "$1" "/usr/local/lib/systemd/system/$UNIT"; }
# block_of INDENTATION PATTERN FILE
block_of() {
    awk -v indentation="$1" -v pattern="$2" '
        index($0, indentation) == 1 { block = block substr($0, length(indentation) + 1) "\n"; next }
        block ~ pattern { printf "%s", block; exit }
        { block = "" }' "$3"
}
dropped_in() {
    local lines
    mapfile -t lines < <(shown "$1")
    [ ${#lines[@]} -gt 1 ] || fail "no such lines: $1"
    drop_in $UNIT "${lines[@]}"
    systemctl reset-failed $UNIT
    systemctl restart $UNIT
}
dropped_in PORT=21
diff <(shown PORT=21) <(block_of '    ' PORT=21 "$TOP/README.md")
PORT=21
wait_port 21 0.0.0.0
inline_upload low hello
curl_upload by-curl-low 100000
PORT=22000

groupadd scans
usermod -a -G scans stord
echo STORD_GROUP=scans >/etc/stord/stord.env
dropped_in SupplementaryGroups
wait_port "$PORT"
inline_upload grouped hello
[ "$(stat -c %U:%G "$ROOT/grouped")" = stord:scans ]
rm /etc/stord/stord.env

# Both families: the other tcpserver
cp "$TOP/build/peers/usr/bin/tcpserver" /usr/bin/tcpserver
dropped_in tcpserver
wait_port "$PORT" 127.0.0.1
inline_upload by-tcpserver hello
echo 'Environment=ADDRESS=0' >>"/etc/systemd/system/$UNIT.d/test.conf"
systemctl daemon-reload
restart
inline_upload by-tcpserver-4 hello
curl -sS -T "$T/sent" "ftp://[::1]:$PORT/by-tcpserver-6"
same "$T/sent" "$ROOT/by-tcpserver-6"
says 'Accepted connection from [::1]:'

# ------------------------------------------------------------------------- and back
start_stord
[ "$(systemctl show -P ActiveState $UNIT)" = inactive ]
inline_upload back hello
all_sessions_gone
