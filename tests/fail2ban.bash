# fail2ban, unpacked by tests/peers, and what we ship for it. $T is the test's folder, $TOP the
# checkout.
# shellcheck shell=bash

# fail2ban_run PROGRAM ARG...
fail2ban_run() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$TOP/build/peers/usr/lib/python3/dist-packages \
        command -p python3 "$TOP/build/peers/usr/bin/$1" "${@:2}"
}

# fail2ban_setup: its configuration, with our filter and jail, in $T/fail2ban
fail2ban_setup() {
    "$TOP/tests/peers" || return 1
    cp -r "$TOP/build/peers/etc/fail2ban" "$T/fail2ban"
    cp -r "$TOP/contrib/fail2ban/." "$T/fail2ban/"
}

# banned FILE [OPTION...]: the addresses that failed to log in, says the log in that file, and their
# names
banned() {
    fail2ban_run fail2ban-regex "${@:2}" -o '<ip>|<F-USER>' "$1" "$T/fail2ban/filter.d/stord.conf"
}

# would_ban FILE [OPTION...]: an address for each failed login, once
would_ban() { banned "$@" | cut -d'|' -f1 | LC_ALL=C sort | uniq -c | awk '{ print $2 "*" $1 }' | paste -sd' '; }
