# stordctl doctor: what keeps clients from being served, and what to do about it
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of stordctl

ok() { printf 'ok    %s\n' "$*"; }
look() { printf 'look  %s\n' "$*"; }
bad() {
    printf 'BAD   %s\n' "$*"
    found=$((found + 1))
}

do_doctor() {
    [ $# = 0 ] || misused
    need_root
    found=0 outside=
    if has_systemd; then look_at_units; fi
    if [ -n "$(xinetd_services)" ]; then
        ok "xinetd serves: $(xinetd_services | cut -f1 | paste -sd' ')"
    fi
    look_at_settings
    look_at_clients
    look_at_network
    look_at_leftovers
    [ "$found" = 0 ] || exit "${STATUS[CONFIG]}"
}

# ------------------------------------------------------------------------------------------------ ports
look_at_units() {
    local unit any=
    for unit in stord.socket stord-tls.socket stord-inline.socket stord-busy.service; do
        if ! in_use "$unit"; then continue; fi
        any=yes
        look_at_unit "$unit"
    done
    [ -n "$any" ] || has_xinetd || bad "no unit is in use: systemctl enable --now stord.socket"
}
# what is wrong with it, the check says
look_at_unit() {
    local port address
    while read -r port address; do
        case $address in 127.* | '[::1]' | ::1) ;; *) outside=yes ;; esac
        if [ -z "$(listening_faults "$1")" ]; then ok "$1 listens at $address, port $port"; fi
    done < <(listens_at "$1")
    systemctl is-enabled -q "$1" 2>/dev/null || look "$1 does not listen after a restart of the machine: systemctl enable $1"
}

# -------------------------------------------------------------------- settings, confinement, certificate
look_at_settings() {
    local report line
    report=$(mktemp)
    check_all >"$report"
    while IFS= read -r line; do
        case $line in
        '== '*) unit=${line#== } ;;
        'error: '*) bad "$unit: ${line#error: }" ;;
        'warning: '*) look "$unit: ${line#warning: }" ;;
        'handler: '*) bad "$unit: ${line#handler: }" ;;
        'TLS: '*) look_at_certificate "$line" ;;
        esac
    done <"$report"
    if [ "$checked" -gt 0 ] && ! grep ': confinement: ' "$report" >/dev/null; then ok "the kernel can confine sessions completely"; fi
    rm -f "$report"
    if [ "$checked" -gt 0 ] && [ "$errors" = 0 ]; then ok "settings of all units in use ($checked)"; fi
    if [ "$errors" -gt 0 ] && [ "$found" = 0 ]; then bad "a check could not be run: stordctl check"; fi
}
# look_at_certificate "TLS: MODE, certificate of NAME, valid until DATE."
look_at_certificate() {
    local until days
    until=${1##*valid until }
    days=$((($(date -d "${until%.}" +%s) - $(date +%s)) / 86400))
    ok "$unit: certificate for $days more days"
}

# ---------------------------------------------------------------------------------------------- clients
# Who has no users file serves this machine without a login; a relay makes everybody a part of it.
look_at_clients() {
    local relays
    if is_on STORD_ANONYMOUS; then
        ok "anybody may upload (STORD_ANONYMOUS)"
    elif users_are_set; then
        ok "everybody logs in"
    else
        [ "$outside" != yes ] || bad "open to other machines, which are all refused: $(lacking_users)"
        ! is_off STORD_LOCAL || return 0 # what that means, the check says
        relays=$(relays) || relays=
        if [ -n "$relays" ]; then
            bad "everybody on this machine uploads without a login, and strangers who come by a relay count: $relays; STORD_LOCAL=no asks for users"
        else
            ok "programs on this machine upload without a login, others cannot"
        fi
    fi
}
lacking_users() {
    if [ -e /etc/stord/users ]; then
        echo "/etc/stord/users is not set; echo STORD_USERS=/etc/stord/users >>$settings"
    else
        echo "there are no users; stordctl user add NAME"
    fi
}
# programs that listen for others and connect to loopback
relays() {
    ss -Hltnp 2>/dev/null | awk '$4 !~ /^(127\.|\[::1\])/' |
        grep -oE '"(rootlessport|rootlesskit|docker-proxy|slirp4netns|pasta(\.avx2)?|socat|stunnel4?|haproxy|gost|frpc|sshd-session)"' |
        tr -d '"' | sort -u | paste -sd' '
}

# ---------------------------------------------------------------------------------------------- network
look_at_network() {
    [ "$outside" = yes ] || return 0
    ! is_on STORD_NO_DATA_CONNECTIONS || return 0
    look_at_firewall
    look_at_nat
}
look_at_firewall() {
    local ports walls
    walls=$(firewalls)
    ports=$(setting STORD_PASSIVE_PORTS) || ports=
    if [ -z "$walls" ]; then
        ok "no firewall on this machine (one before it must let in ${ports:-any port})"
    elif [ -z "$ports" ] || [ "$ports" = any ]; then
        look "$walls: data connections come to any port; set STORD_PASSIVE_PORTS=50000-50099, and let these in"
    else
        look "$walls: must let in the ports $ports for data connections"
    fi
}
# firewalls: that filter what comes in
firewalls() {
    {
        if has nft && nft list ruleset 2>/dev/null | grep 'hook input' >/dev/null; then echo nftables; fi
        if has iptables && iptables -S INPUT 2>/dev/null | grep -vx -e '-P INPUT ACCEPT' >/dev/null; then echo iptables; fi
        if has ufw && ufw status 2>/dev/null | grep '^Status: active' >/dev/null; then echo ufw; fi
        if has firewall-cmd && firewall-cmd --state 2>/dev/null | grep '^running' >/dev/null; then echo firewalld; fi
    } | paste -sd' '
}
look_at_nat() {
    local addresses
    if setting STORD_PASSIVE_ADDRESS | grep -vx own >/dev/null; then return; fi
    addresses=$(ip -4 -o address show scope global 2>/dev/null | awk '{ sub(/\/.*/, "", $4); print $4 }')
    [ -n "$addresses" ] || return 0
    if grep -qvE '^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|169\.254\.)' <<<"$addresses"; then return; fi
    look "all addresses of this machine are private: clients from outside need STORD_PASSIVE_ADDRESS, the address they know, for PASV"
}

# -------------------------------------------------------------------------------------------- left-overs
look_at_leftovers() {
    local root
    root=$(setting STORD_ROOT) || root=/var/lib/stord
    if has systemd-tmpfiles && has_systemd; then
        if systemd-tmpfiles --cat-config 2>/dev/null | awk -v folder="$root/.stord.unfinished" '$1 ~ /^e/ && $2 == folder { found = 1 } END { exit !found }'; then
            ok "old interrupted uploads in $root are deleted by systemd-tmpfiles"
        else
            look "nothing deletes old interrupted uploads in $root: stord(7) has two lines for /etc/tmpfiles.d"
        fi
    fi
}
