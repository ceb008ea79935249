# stordctl check: handler --check in each unit in use, with all that sessions will have: drop-ins, environment and
# credentials, folders that are read-only, users and groups. And whether the unit listens.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of stordctl

do_check() {
    local strict=
    case $#:${1-} in 0:) ;; 1:--strict) strict=yes ;; *) misused ;; esac
    need_root
    check_all
    if [ "$checked" = 0 ]; then die UNAVAILABLE "nothing is in use: systemctl enable --now stord.socket"; fi
    if [ "$errors" -gt 0 ] || { [ -n "$strict" ] && [ "$warnings" -gt 0 ]; }; then exit "${STATUS[CONFIG]}"; fi
}

# check_all: prints the report of each; checked, errors, warnings: how many
check_all() {
    checked=0 errors=0 warnings=0
    local unit
    if has_systemd; then
        units_are_ours
        for unit in stord stord-tls stord-inline; do
            if ! in_use "$unit.socket"; then continue; fi
            check_unit "$unit@check.service" "$unit.socket"
            check_port "$unit.socket"
        done
        if in_use stord-busy.service; then
            check_busy
            check_port stord-busy.service
        fi
    fi
    check_xinetd
}
in_use() { systemctl is-enabled -q "$1" 2>/dev/null || systemctl is-active -q "$1"; }

# check_unit UNIT WHAT: starts it; what it prints is in the journal
check_unit() {
    # not a cursor: together with other conditions journalctl passes over one line too many
    local since=@${EPOCHREALTIME/,/.} report failed=
    systemctl reset-failed "$1" 2>/dev/null || :
    systemctl start "$1" 2>/dev/null || failed=yes
    journalctl --sync 2>/dev/null || :
    report=$(journalctl -q -o cat --since="$since" -t stord _SYSTEMD_UNIT="$1")
    tell "$2" "$report"
    if [ -n "$failed" ] && ! grep -qE '^[1-9][0-9]* errors?, ' <<<"$report"; then
        errors=$((errors + 1))
        echo "error: $1 could not be run:"
        journalctl -q -o cat --since="$since" -u "$1" | sed 's/^/  /'
    fi
}

# check_port UNIT: does it listen where it should?
check_port() {
    local fault
    while IFS= read -r fault; do
        errors=$((errors + 1))
        echo "error: $fault"
    done < <(listening_faults "$1")
}

# check_busy: all its sessions are in one service, so another one is made of the same lines for the moment.
check_busy() {
    local unit=stord-busy-check.service path=/run/systemd/system/stord-busy-check.service
    {
        systemctl cat stord-busy.service | sed '/^Conflicts=/d; /^\[Install\]/,/^$/d'
        printf '%s\n' '[Unit]' 'Description=Check of stord-busy.service' '[Service]' Type=oneshot Restart=no ExecStartPre= ExecStart= \
            "ExecStart=$handler --check" StandardOutput=journal SyslogIdentifier=stord
    } >"$path"
    systemctl daemon-reload
    check_unit "$unit" stord-busy.service
    rm -f "$path"
    systemctl reset-failed "$unit" 2>/dev/null || :
    systemctl daemon-reload
}

# check_xinetd: each service that is not disabled
check_xinetd() {
    local name user arguments environment
    while IFS=$'\t' read -r name user arguments environment; do
        # shellcheck disable=SC2086 # words, as xinetd splits them
        tell "xinetd $name" "$(set -f; setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
            env -i $environment "$handler" $arguments --check 2>&1)"
    done < <(xinetd_services)
}
xinetd_services() {
    if ! has_xinetd; then return; fi
    awk '
        { sub(/#.*/, ""); key = $0; sub(/[[:blank:]]*\+?=.*/, "", key); gsub(/[[:blank:]]/, "", key) }
        /=/ { sub(/^[^=]*=[[:blank:]]*/, ""); sub(/[[:blank:]]*$/, "") }
        $1 == "service" { name = $2; user = "root"; arguments = environment = " "; off = 0 }
        key == "disable" { off = $0 == "yes" }
        key == "user" { user = $0 }
        key == "server_args" { arguments = $0 }
        key == "env" { environment = environment " " $0 }
        $1 == "}" && !off { print name "\t" user "\t" arguments "\t" environment }' "$xinetd"
}

# tell WHAT REPORT
tell() {
    printf '== %s\n%s\n' "$1" "$2"
    checked=$((checked + 1))
    local counts
    counts=$(sed -nE 's/^([0-9]+) errors?, ([0-9]+) warnings?$/\1 \2/p' <<<"$2" | tail -n 1)
    if [ -z "$counts" ]; then
        counts='1 0'
    fi
    errors=$((errors + ${counts% *}))
    warnings=$((warnings + ${counts#* }))
}
