# The units, installed as README.md says, under a real systemd.
# shellcheck shell=bats

load helpers

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# in_systemd SCRIPT: one of tests/systemd, in a machine of its own
in_systemd() {
    need_root "boots a systemd in namespaces of its own"
    need make
    "$TOP/tests/with-systemd" --timeout 280 "$TOP/tests/systemd/$1"
}

@test "the installed units, users and folders are correct, and little is exposed" {
    in_systemd verify.sh
}

@test "uploads arrive, the journal tells of them" {
    in_systemd service.sh
}

@test "the journal has every field of an event, byte for byte, and explains it" {
    need openssl python3
    in_systemd fields.sh
}

@test "systemd confines sessions, with RestrictSUIDSGID= and without" {
    in_systemd confined.sh
}

@test "secrets that are encrypted on the disk work" {
    need curl openssl
    in_systemd credentials.sh
}

@test "an xferlog and transcripts are written to a folder that a drop-in names" {
    need curl
    in_systemd records.sh
}

@test "200 sessions at once store their files, a burst of 1000 connections stops nothing" {
    in_systemd load.sh
}

@test "above the limits connections are closed, and ended or failed sessions leave room" {
    in_systemd limits.sh
}

@test "each event is known to be its session's, and a journal that hangs keeps no upload waiting" {
    in_systemd journal.sh
}

@test "promises 1 and 2: whatever is stopped or restarted, acknowledged uploads are there, whole" {
    in_systemd restart.sh
}

@test "README's drop-in for speed works, and sessions confine themselves" {
    in_systemd fast.sh
}

@test "inline uploads arrive at a port whose sessions have no network" {
    in_systemd inline.sh
}

@test "refused and broken-off sessions, and bad settings, leave no failed units" {
    in_systemd refused.sh
}

@test "README's drop-in for other ports works" {
    in_systemd ports.sh
}

@test "uploads go to another folder, as the unit says" {
    in_systemd folder.sh
}

@test "DynamicUser=yes works, without openat2" {
    in_systemd dynamic-user.sh
}

@test "StandardInput=null works: the connection is taken from LISTEN_FDS" {
    in_systemd listen-fds.sh
}

@test "an operator's first day, by README's own commands: port 21, a user, a device in another network; and the demo" {
    need curl ip
    in_systemd first-day.sh
}

@test "stordctl and the units that check see what sessions have; ports, sessions, log, doctor" {
    need curl nft openssl socat
    in_systemd stordctl.sh
}

@test "what a newcomer does wrong is told to the client, in the log and by the check" {
    need openssl socat
    in_systemd mistakes.sh
}

@test "users log in, by a credential and by a file; fail2ban and --check work with the journal" {
    "$TOP/tests/peers"
    in_systemd users.sh
}

@test "both ports serve TLS with keys that only root may read; a missing one stops port 990 alone" {
    need curl openssl
    in_systemd tls.sh
}

@test "xinetd serves with the file that we ship" {
    "$TOP/tests/peers"
    in_systemd xinetd.sh
}

files_below() { (cd "$1" && find . ! -type d | sort); }

@test "make uninstall takes away what make install put, and nothing else" {
    # What others have where we install
    mkdir -p "$T/dest/usr/local/bin" "$T/dest/usr/local/lib/systemd/system" "$T/dest/etc/xinetd.d"
    touch "$T/dest/usr/local/bin/other" "$T/dest/usr/local/lib/systemd/system/other.service" "$T/dest/etc/xinetd.d/other"
    files_below "$T/dest" >"$T/before"
    make -s -C "$TOP" install DESTDIR="$T/dest" PREFIX=/usr/local
    files_below "$T/dest" >"$T/installed"
    grep -x ./usr/local/libexec/stord/handler "$T/installed"
    grep -x ./usr/local/libexec/stord/stord-systemd.so "$T/installed"
    grep '/stord\.socket$' "$T/installed"
    grep '/stord@\.service$' "$T/installed"
    grep '/stord-tls@\.service\.d/00-tls\.conf$' "$T/installed"
    grep '/stord-inline@\.service\.d/00-inline\.conf$' "$T/installed"
    grep '/stord\.slice$' "$T/installed"
    grep '/share/doc/stord/fast\.conf$' "$T/installed"
    grep -x ./usr/local/sbin/stordctl "$T/installed"
    grep '/stord@check\.service\.d/zz-check\.conf$' "$T/installed"
    grep -x ./usr/local/lib/systemd/catalog/stord.catalog "$T/installed"

    # Whoever installs for others has nothing to do next
    make -C "$TOP" install DESTDIR="$T/dest" PREFIX=/usr/local >"$T/said"
    if grep -vE '^make(\[[0-9]+\])?: ' "$T/said"; then fail "it is not quiet"; fi
    make -s -C "$TOP" uninstall DESTDIR="$T/dest" PREFIX=/usr/local
    files_below "$T/dest" >"$T/after"
    diff "$T/before" "$T/after"
    # Nor are folders of our own left.
    find "$T/dest" -type d -name '*stord*' | tee "$T/folders"
    [ ! -s "$T/folders" ]
}

@test "make install for another prefix says so in the units" {
    make -s -C "$TOP" install DESTDIR="$T/dest" PREFIX=/opt/ftp
    grep -rhE '^[[:space:]]*(ExecStart|server)[[:space:]]*=.' "$T/dest" | tee "$T/programs"
    grep -q '=/opt/ftp/libexec/stord/handler$' "$T/programs"
    grep -q '=/opt/ftp/libexec/stord/handler --tls=implicit$' "$T/programs"
    grep -q '=/opt/ftp/libexec/stord/handler --no-data-connections$' "$T/programs"
    if grep -v /opt/ftp/ "$T/programs"; then fail "not there"; fi
    if grep -rl /usr/local "$T/dest" --include='stord*' --include='00-*'; then fail "the old prefix is left"; fi
}

@test "events are delivered by a consumer that fails half of the time, and the path unit never gives up" {
    need curl
    in_systemd events.sh
}

@test "stord-busy.service serves many, refuses too many, loses nothing when it is restarted" {
    need curl nsenter strace tcpsvd
    "$TOP/tests/peers"
    in_systemd busy.sh
}

@test "an outbox is sent and emptied; what fails stays, and is tried again" {
    in_systemd outbox.sh
}

@test "monitoring: as stord(7) has it, with Debian's Prometheus" {
    need curl ip tcpsvd
    "$TOP/tests/peers"
    in_systemd metrics.sh
}

@test "scanners, and an office that reads and deletes what came: as stord(7) has it" {
    need curl useradd
    in_systemd scanners.sh
}

@test "cameras, with files that go after days, and a full disk: as stord(7) has it" {
    need curl
    in_systemd cameras.sh
}

@test "the other recipes of stord(7)" {
    need awk curl nft openssl tcpsvd useradd
    in_systemd recipes.sh
}
