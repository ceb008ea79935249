# The recipes of stord(7) under systemd, on top of tests/systemd/lib.bash and manual.bash: plays what stands there.
# shellcheck shell=bash

# shellcheck disable=SC2034 # for fill_users
HANDLER=/usr/local/libexec/stord/handler
unset STORD_USER
mkdir -p "$T/work" /etc/stord

# show NAME [SED...]: those commands of stord(7), in the folder $T/work
show() {
    local name=$1
    shift
    example stord.7 sh "$name" | sed -e '' "$@" >"$T/commands"
    cat "$T/commands" >&2
    (cd "$T/work" && bash -eu -o pipefail "$T/commands")
}
# recipe KIND NAME: an example, as it is
recipe() { example stord.7 "$1" "$2"; }
# edit NAME UNIT: systemctl edit, with standard input as the drop-in, which the page has for that unit
edit() {
    grep -qF "play: drop-in $1 $2" "$TOP/doc/stord.7"
    mkdir -p "/etc/systemd/system/$2.d"
    cat >"/etc/systemd/system/$2.d/$1.conf"
    systemctl daemon-reload
}
# must_fail CMD...: it must fail
must_fail() { if "$@" >"$T/refused" 2>&1; then fail "it went well: $*"; fi }
no_scrapes() { [ -z "$(systemctl list-units --all --no-legend --plain 'stord-metrics@*')" ]; }
# use_users NAME: the users file of that example, with the password "secret"
use_users() {
    recipe users "$1" | fill_users secret >/etc/stord/users
    chown root:stord /etc/stord/users
    chmod 640 /etc/stord/users
}
