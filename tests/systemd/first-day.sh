#!/bin/bash
# An operator's first day: the commands of README.md's section on systemd, one after the other, until a device in
# another network has sent a file to port 21; and the demo.
# shellcheck disable=SC2016 # Markdown has backquotes
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

# section NAME [LEVEL]: of README.md
section() { awk -v name="$1" '/^#+ / { is = ($0 ~ "^#+ " name "$") } is' "$TOP/README.md"; }
# block WORD: the first indented block of standard input that has it, without its comments
block() {
    awk -v word="$1" '
        found { next }
        /^    / { text = text substr($0, 5) "\n"; next }
        { if (index(text, word)) found = 1; else text = "" }
        END { if (index(text, word)) printf "%s", text }' | grep . || fail "README.md has no block with $1"
}

# A device in a network of its own
ip netns add lan
ip link add ours type veth peer name theirs netns lan
ip address add 192.168.5.1/24 dev ours
ip link set ours up
ip -n lan address add 192.168.5.2/24 dev theirs
ip -n lan link set theirs up
device() { ip netns exec lan "$@"; }

unset STORD_USER
cd "$TOP" || exit
rm -rf /etc/stord
make -s install PREFIX=/usr/local | tee "$T/next"
[ -d /etc/stord ] # where settings go
section systemd | block systemd-sysusers >"$T/commands"
cat "$T/commands"
bash -eu -o pipefail "$T/commands"
same README.md "$ROOT/README.md"

# Port 21, as it is edited there. Until the restart nothing listens, and that is what is said.
section systemd | block '[Socket]' >"$T/drop-in"
mkdir -p /etc/systemd/system/stord.socket.d
cp "$T/drop-in" /etc/systemd/system/stord.socket.d/override.conf
systemctl daemon-reload
if port_listens 21; then fail "it need not be restarted"; fi
section systemd | tr '\n' ' ' | grep -oF '`systemctl restart stord.socket`: until then nothing listens at all'
systemctl restart stord.socket
wait_port 21
section systemd | grep -oE '`stor -p 21 README.md`' | tr -d '`' >"$T/commands"
rm "$ROOT/README.md"
bash -eu "$T/commands"
same README.md "$ROOT/README.md"

# Strangers are refused until there are users.
random_file "$T/scan.pdf" 300000
if device curl -sS -T "$T/scan.pdf" ftp://192.168.5.1/ 2>"$T/curl"; then fail "a stranger is served"; fi
grep -E '530|denied' "$T/curl"
section Users | tr '\n' ' ' | grep -oE '`stordctl user add [^`]*`' | tr -d '`' >"$T/commands"
printf 'secret\n' | bash -eu "$T/commands" 2>"$T/said"
sed -n 's/^stordctl:     \(echo .*\)/\1/p' "$T/said" >"$T/commands"
bash -eu "$T/commands"
section Users | block 'stordctl check' >"$T/commands"
bash -eu "$T/commands" | tee "$T/check"
grep -F 'user acme: home=/partners/acme (/var/lib/stord/partners/acme) ' "$T/check"
device curl -sS -u acme:secret -T "$T/scan.pdf" ftp://192.168.5.1/
same "$T/scan.pdf" "$ROOT/partners/acme/scan.pdf"
# active mode, too: the device's own firewall is its own
device curl -sS -u acme:secret -P - -T "$T/scan.pdf" ftp://192.168.5.1/again.pdf
same "$T/scan.pdf" "$ROOT/partners/acme/again.pdf"
stordctl log scan.pdf -o cat | grep -F 'File uploaded: /partners/acme/scan.pdf'
stordctl log acme -o cat | grep -F 'Logged in: acme from 192.168.5.2:'
stordctl doctor | tee "$T/doctor"
if grep ^BAD "$T/doctor"; then fail "nothing is wrong"; fi
all_sessions_gone
systemctl stop stord.socket

# What make install says is next works as well.
rm -rf /etc/stord /etc/systemd/system/stord.socket.d "${ROOT:?}"/*
systemctl daemon-reload
sed -n 's/^    //p' "$T/next" | sed 's/NAME/you/' >"$T/commands"
printf 'secret\n' | bash -eu -o pipefail "$T/commands"
same README.md "$ROOT/README.md"
device curl -sS -u you:secret -T "$T/scan.pdf" ftp://192.168.5.1/
same "$T/scan.pdf" "$ROOT/you/scan.pdf"
systemctl stop stord.socket

# What README.md begins with tells of no error.
scripts/demo >"$T/demo" 2>"$T/complaints"
[ ! -s "$T/complaints" ] || fail "$(cat "$T/complaints")"
grep -F 'are the same' "$T/demo"
