# stordctl open, and who has a port
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of stordctl

# port_holders PORT: the programs that listen there, as NAME (pid N); systemd's are its sockets
port_holders() {
    ss -Hltnp "sport = :$1" 2>/dev/null | grep -oE '\("[^"]+",pid=[0-9]+' | sed -E 's/\("([^"]+)",pid=([0-9]+)/\1 (pid \2)/' | sort -u
}
port_is_taken() { [ -n "$(ss -Hltn "sport = :$1" 2>/dev/null)" ]; }

# listens_at UNIT: PORT and ADDRESS of each of its lines, as the unit is now
listens_at() {
    if [ "$1" = stord-busy.service ]; then
        systemctl show -P Environment "$1" | tr ' ' '\n' | awk -F= '$1 == "PORT" { p = $2 } $1 == "ADDRESS" { a = $2 } END { print p, a }'
    else
        systemctl show -P Listen "$1" | sed -nE 's/^(.*):([0-9]+) \(Stream\)$/\2 \1/p'
    fi
}

# listening_faults UNIT: a line for each place where it should listen, and does not
listening_faults() {
    local port address
    while read -r port address; do
        if port_is_taken "$port" && systemctl is-active -q "$1"; then
            continue
        elif port_is_taken "$port"; then
            echo "it does not listen: $(port_holders "$port" | paste -sd' ') has port $port; stordctl open takes another one"
        elif systemctl is-active -q "$1"; then
            echo "it says that it listens at $address, port $port, and does not: systemctl restart $1"
        else
            echo "it does not run: systemctl restart $1; journalctl -u $1 -n 20"
        fi
    done < <(listens_at "$1")
}

do_open() {
    local port=${1-} address=${2-} unit=stord.socket
    [ $# = 1 ] || [ $# = 2 ] || misused
    if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || [ "$port" -gt 65535 ]; then die USAGE "a port is a number from 1 to 65535, not $port"; fi
    if [ -n "$address" ] && ! [[ $address =~ ^[0-9]+(\.[0-9]+){3}$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$ ]]; then
        die USAGE "an address is 192.0.2.1 or 2001:db8::1, not $address"
    fi
    need_root
    has_systemd || die UNAVAILABLE "there is no systemd here: port and bind in $xinetd say where xinetd listens"
    if systemctl is-active -q stord-busy.service; then unit=stord-busy.service; fi
    units_are_ours
    refuse_taken "$unit" "$port"
    local state status=0
    state=$(systemctl is-active "$unit") || :
    drop_in "$unit" "$port" "$address"
    (apply "$unit" "$port" "$address") || status=$?
    if [ "$status" != 0 ]; then
        take_back "$unit" "$state"
        exit "$status"
    fi
    warn_strangers "$port" "$address"
}

# refuse_taken UNIT PORT: another program has it
refuse_taken() {
    if ! port_is_taken "$2" || listens_at "$1" | cut -d' ' -f1 | grep -x "$2" >/dev/null; then return; fi
    die UNAVAILABLE "another program listens on port $2: $(port_holders "$2" | paste -sd' ')"
}

# drop_in UNIT PORT ADDRESS. Its name stands before override.conf, so what an administrator edits wins.
drop_in() {
    local folder=/etc/systemd/system/$1.d
    mkdir -p "$folder"
    rm -f "$folder/.open.old"
    if [ -e "$folder/open.conf" ]; then cp -p "$folder/open.conf" "$folder/.open.old"; fi
    if ! {
        echo '# Made by stordctl open'
        case $1:$3 in
        stord-busy.service:*)
            printf '%s\n' '[Service]' "Environment=ADDRESS=${3:-0} PORT=$2"
            if [ "$2" -lt 1024 ]; then
                printf '%s\n' AmbientCapabilities=CAP_NET_BIND_SERVICE CapabilityBoundingSet=CAP_NET_BIND_SERVICE \
                    PrivateUsers=no SystemCallFilter=capset
            fi
            ;;
        *:*:*) printf '%s\n' '[Socket]' ListenStream= "ListenStream=[$3]:$2" ;;
        *) printf '%s\n' '[Socket]' ListenStream= "ListenStream=${3:+$3:}$2" ;;
        esac
    } >"$folder/.open.conf" || ! mv -f "$folder/.open.conf" "$folder/open.conf"; then
        die CANTCREAT "$folder/open.conf cannot be written"
    fi
}

# take_back UNIT STATE: the drop-in of before, and what listened by it
take_back() {
    local folder=/etc/systemd/system/$1.d
    if [ -e "$folder/.open.old" ]; then mv -f "$folder/.open.old" "$folder/open.conf"; else rm -f "$folder/open.conf"; fi
    systemctl daemon-reload
    systemctl reset-failed "$1" 2>/dev/null || :
    if [ "$2" != active ]; then
        systemctl stop "$1"
    elif systemctl restart "$1"; then
        note "$1 listens where it did before"
    fi
}

# apply UNIT PORT ADDRESS: a socket whose unit has changed listens nowhere until it is restarted; sessions go on
apply() {
    local tries
    systemctl daemon-reload
    listens_at "$1" | cut -d' ' -f1 | grep -x "$2" >/dev/null ||
        die CONFIG "another drop-in of $1 says otherwise: systemctl cat $1"
    systemctl restart "$1" || die UNAVAILABLE "$1 does not start: journalctl -u $1 -n 20"
    for ((tries = 0; tries < 100; tries++)); do
        if port_is_taken "$2"; then
            rm -f "/etc/systemd/system/$1.d/.open.old"
            note "$1 listens on port $2, and on no other; from this machine: stor ${3:+-h $3 }-p $2 FILE"
            systemctl is-enabled -q "$1" 2>/dev/null || note "after a restart of the machine it does not: systemctl enable $1"
            return
        fi
        sleep 0.1
    done
    die UNAVAILABLE "nothing listens on port $2: journalctl -u $1 -n 20"
}

warn_strangers() {
    case $2 in 127.* | ::1) return ;; esac
    if is_on STORD_ANONYMOUS || users_are_set; then return; fi
    note "there are no users yet, so other machines are refused: stordctl user add NAME"
}
