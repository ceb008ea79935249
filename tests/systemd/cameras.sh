#!/bin/bash
# Cameras: files that go after days, and the oldest when the disk is full: the recipes of stord(7).
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/manual.bash"
. "$TOP/tests/recipes.bash"

install_stord
start_stord
random_file "$T/work/picture" 2000000
# shoot USER FOLDER NAME: one picture, into a folder by date
shoot() { curl -sS --ftp-create-dirs -u "$1:secret" -T "$T/work/picture" "ftp://127.0.0.1:$PORT/$2/$3"; }

# a small disk
mount -t tmpfs -o size=40M,uid=stord,gid=stord,mode=750 tmpfs "$ROOT"
# hours_later HOURS: files are older by so much for the sessions to come. (No file system of this sandbox takes another
# time of change; oldest.bats has such files.)
hours_later() {
    install -m 755 "$TOP/build/tools/later.so" /usr/local/lib/
    drop_in stord@.service '[Service]' Environment=LD_PRELOAD=/usr/local/lib/later.so "Environment=LATER=$(($1 * 3600))"
}
# fill N: pictures of the gate until there are so many
fill() {
    local i
    for ((i = $(find "$ROOT/cameras" -name 'p*' 2>/dev/null | wc -l) + 1; i <= $1; i++)); do shoot gate 2026-11-30 "p$i" || return; done
}

recipe env cameras >/etc/stord/stord.env
use_users cameras

echo '== The disk fills up; then nothing can be stored while all is young.'
fill 10
must_fail fill 30
n=$(find "$ROOT/cameras" -type f | wc -l)
[ "$n" -ge 12 ]

echo '== When it is old, the oldest go, one for each that comes; both cameras are stored, and the log tells.'
hours_later 30
shoot gate 2026-12-01 a
shoot yard 2026-12-01 b
shoot yard 2026-12-01 b
[ "$(find "$ROOT/cameras/2026-12-01" -type f | wc -l)" = 3 ]
all_sessions_gone
show ousted | tee "$T/ousted"
[ "$(wc -l <"$T/ousted")" -ge 2 ]
[ "$(find "$ROOT/cameras/2026-11-30" -type f | wc -l)" = $((n - $(wc -l <"$T/ousted"))) ]
sed -E 's|.*/p([0-9]+) .*|\1|' "$T/ousted" | diff - <(seq "$(wc -l <"$T/ousted")")
[ "$(($(stat -f -c '%a * 100 / %b' "$ROOT")))" -ge 4 ]

rm -r /etc/systemd/system/stord@.service.d
systemctl daemon-reload

echo '== After days all goes, but no interrupted upload, and nothing young.'
# shellcheck disable=SC2034
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'USER gate\r\nPASS secret\r\nALLO 9\r\nSTOR cut\r\nhello' >&"$wire"
until [[ ${reply:-} == 150* ]]; do read -r -t 20 reply <&"$wire"; done
exec {wire}>&-
logged 'Kept to be resumed: /cameras/cut'
recipe tmpfiles keep >/etc/tmpfiles.d/stord-keep.conf
systemd-tmpfiles --clean
[ "$(find "$ROOT/cameras/2026-12-01" -type f | wc -l)" = 3 ]
sed -i 's/7d/1s/' /etc/tmpfiles.d/stord-keep.conf
none_left() { systemd-tmpfiles --clean && [ -z "$(find "$ROOT/cameras" -type f)" ]; }
wait_for none_left
[ -n "$(find "$ROOT/.stord.unfinished" -name '.stord.partial-*')" ]
rm /etc/tmpfiles.d/stord-keep.conf
shoot gate 2026-12-02 young
shoot gate 2026-12-02 old
touch -d '8 days ago' "$ROOT/cameras/2026-12-02/old"
find "$ROOT/.stord.unfinished" -type f -exec touch -d '8 days ago' {} +
show keep
[ "$(ls "$ROOT/cameras/2026-12-02")" = young ]
[ -n "$(find "$ROOT/.stord.unfinished" -name '.stord.partial-*')" ]
