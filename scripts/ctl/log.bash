# stordctl log, stordctl failed: questions to the journal
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of stordctl

need_journal() { has journalctl || die UNAVAILABLE "there is no journal here: the log is syslog's (facility ftp), or where the super-server's goes"; }

do_log() {
    if [ $# = 0 ] || [ -z "$1" ]; then misused; fi
    need_journal
    local what=$1 matches=() value
    shift
    if [[ $what =~ ^[0-9a-f]{16}$ ]]; then
        matches=(STORD_SESSION="$what")
    else
        matches=(STORD_USER="$what")
        while IFS= read -r value; do matches+=(+ STORD_FILE="$value"); done < <(files_called "$what")
    fi
    if [ -n "$(journalctl -q -n 1 -o cat "${matches[@]}")" ]; then
        journalctl "$@" "${matches[@]}"
    elif [ -n "$(journalctl -q -n 1 -o cat -t stord --grep="$(quoted "$what")" --case-sensitive=yes)" ]; then
        # lines without fields, such as those of stord-busy.service
        journalctl "$@" -t stord --grep="$(quoted "$what")" --case-sensitive=yes
    else
        die NOUSER "the journal has nothing of $what"
    fi
}
# files_called PATH: those that the journal knows whose path is that, or ends with it
files_called() {
    journalctl -q -F STORD_FILE | WANTED=/${1#/} LC_ALL=C awk '
        { n = length(ENVIRON["WANTED"]); if (substr($0, length($0) - n + 1) == ENVIRON["WANTED"]) print }'
}
# quoted TEXT: a pattern for itself, as a whole word or the end of a path
quoted() { printf '(^|[ /:])%s($|[ :,])' "$(sed -E 's/[^[:alnum:]_ /-]/\\&/g' <<<"$1")"; }

do_failed() {
    need_journal
    # In systemd's export format a value is a line, NAME=VALUE, unless it is no text: then its bytes follow their number.
    journalctl -q -t stord -o export --output-fields=STORD_VERDICT,STORD_EVENT,STORD_USER,STORD_PEER,MESSAGE \
        --since=today "$@" | LC_ALL=C tr -d '\000-\011\013-\037' | LC_ALL=C awk '
        function take(    verdict, time) {
            verdict = value["STORD_VERDICT"]
            if (verdict == "" || value["STORD_EVENT"] == "uploaded" || value["STORD_EVENT"] == "sent") return
            if (!(verdict in count)) order[++kinds] = verdict
            count[verdict]++
            time = strftime("%F %T", substr(value["__REALTIME_TIMESTAMP"], 1, 10) + 0)
            text[verdict] = text[verdict] sprintf("  %s  %s  %s  %s\n", time, value["STORD_USER"], value["STORD_PEER"],
                value["MESSAGE"])
        }
        /^$/ { take(); split("", value); next }
        { at = index($0, "="); if (at) value[substr($0, 1, at - 1)] = substr($0, at + 1) }
        END {
            take()
            for (i = 1; i <= kinds; i++) printf "%d %s\n%s", count[order[i]], order[i], text[order[i]]
            if (!kinds) print "none"
        }'
}
