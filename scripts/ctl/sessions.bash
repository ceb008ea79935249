# stordctl who, stordctl kick: the processes whose program is the handler, under whatever super-server
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of stordctl

# sessions: one a line: PID, seconds, user, peer, what it does; tabs between them. A session's credential helper is
# none, and is gone once somebody has logged in.
sessions() {
    local pids pid parent seconds
    # processes that end meanwhile make find fail
    pids=$({ find /proc -mindepth 2 -maxdepth 2 -name exe \( -lname "$handler" -o -lname "$handler (deleted)" \) 2>/dev/null || :; } |
        cut -d/ -f3 | sort -n | paste -sd,)
    [ -n "$pids" ] || return 0
    while read -r pid parent seconds; do
        case ,$pids, in *",$parent,"*) continue ;; esac
        printf '%s\t%s\t%s\n' "$pid" "$seconds" "$(session_title "$pid" "$seconds")"
    done < <(ps -o pid=,ppid=,etimes= -p "$pids" || :)
}

# session_title PID SECONDS: what the session tells in its title, "stord: [USER] PEER WHAT"; else what others know of it.
# A name may have blanks in it, and addresses, so the peer is the first word that can be one before what is done; or the
# first at all, in a title that had no more room.
session_title() {
    local title user peer what
    local doing='idle|not logged in|[A-Z]{3,4}' host='[0-9]+(\.[0-9]+){3}|[0-9a-f]*:[0-9a-f:.]*|localhost|unknown'
    title=$({ tr '\0\t' '  ' <"/proc/$1/cmdline"; } 2>/dev/null) || title=
    if [[ $title == 'stord: '* ]]; then
        title=$(sed -E "s/^stord: //; s/ +\$//; s/(^| )($host) (($doing)( .*)?)\$/\\1\t\\2\t\\4/; t; s/(^| )($host)( |\$)/\\1\t\\2\t/" <<<"$title")
        IFS=$'\t' read -r user peer what <<<"-$title"
        user=${user#-} user=${user% }
    else
        user=$(journalled_user "$@") || user=
        peer=$(connected_peer "$1") || peer=
        what=
    fi
    printf '%s\t%s\t%s' "${user:--}" "${peer:--}" "${what:-}"
}
journalled_user() {
    has journalctl || return
    journalctl -q --since="-$(($2 + 1))s" -t stord _PID="$1" STORD_EVENT=logged-in -o cat --output-fields=STORD_USER 2>/dev/null | tail -n 1 | grep .
}
# the address of its connection, without the port
connected_peer() {
    ss -Htnp state established 2>/dev/null | awk -v pid="pid=$1," 'index($0, pid) && !found++ { print $4 }' |
        sed -E 's/:[0-9]+$//; s/^\[(.*)\]$/\1/; s/^::ffff://' | grep .
}

do_who() {
    [ $# = 0 ] || misused
    need_root
    sessions | awk -F'\t' '
        BEGIN { printf "%8s %9s %-16s %-20s %s\n", "PID", "SINCE", "USER", "PEER", "WHAT" }
        {
            since = $2 < 3600 ? sprintf("%d:%02d", $2 / 60, $2 % 60) : sprintf("%dh%02d", $2 / 3600, $2 / 60 % 60)
            gsub(/[\001-\010\012-\037\177]/, "?")
            printf "%8s %9s %-16s %-20s %s\n", $1, since, $3, $4, $5
        }'
}

do_kick() {
    if [ $# != 1 ] || [ -z "$1" ]; then misused; fi
    need_root
    local pids tries
    mapfile -t pids < <(sessions | WANTED=$1 awk -F'\t' '
        function is(text) { return (text "") == (ENVIRON["WANTED"] "") }
        is($1) || is($3) || is($4) { print $1 }')
    [ ${#pids[@]} -gt 0 ] || die NOUSER "no session of $1"
    kill -TERM "${pids[@]}" 2>/dev/null || :
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "${pids[@]}" 2>/dev/null || {
            note "${#pids[@]} ended"
            return
        }
        sleep 0.1
    done
    die TEMPFAIL "they take longer than 10 seconds to end"
}
