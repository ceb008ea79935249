#!/bin/bash
# Whatever of the service is stopped and started in the middle of uploads: what was acknowledged is there,
# and whatever has a name is whole.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"

install_stord
: >"$T/acknowledged.0"
start_stord
for i in 1 2 3 4; do
    spawn python3 -IS "$TOP/tests/systemd/uploader.py" $i "$T"
done

# acknowledged MORE: uploads than before, since it was last asked
seen=0
count() { cat "$T"/acknowledged.* | wc -l; }
acknowledged() { [ "$(count)" -ge $((seen + $1)) ]; }
# hold: an upload that is in the middle, in $wire, whatever the others do
hold() {
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'ALLO 10\r\nSTOR held\r\nhalf' >&"$wire"
    for _ in 220 200 150; do read -r _ <&"$wire"; done
}
for round in 1 2; do
    for disturb in 'stop stord@*' 'restart stord.socket' 'stop stord.slice' 'daemon-reload' 'stop stord.socket stord@*' \
        'kill --signal=KILL stord@*'; do
        seen=$(count)
        wait_for acknowledged 3
        hold
        set -f
        # shellcheck disable=SC2086 # words
        systemctl $disturb || : # the slice does not stop when somebody comes meanwhile
        set +f
        exec {wire}>&-
        systemctl start stord.socket
    done
done
echo "after round $round: $(count) uploads"
touch "$T/enough"
wait_for all_gone "${SPAWNED[@]}"

cat "$T"/acknowledged.* | sort >"$T/said"
find "$ROOT" -maxdepth 1 -type f -printf '%f\n' | sort >"$T/stored"
[ -z "$(comm -23 "$T/said" "$T/stored")" ] || fail "acknowledged, and not there"
python3 -IS "$TOP/tests/systemd/uploader.py" "$ROOT"/[0-9]* | tee "$T/broken"
[ ! -s "$T/broken" ]
[ ! -e "$ROOT/held" ]
logged 'Closing: asked to stop'
in_journal 'status=9/KILL'
all_sessions_gone
