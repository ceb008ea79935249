# What tests of quotas share, on top of resume: `load quota`.
# shellcheck shell=bash
load resume

QUOTA=100

# setup_quota: a sandbox with a users file: the home of `me` may hold QUOTA bytes. COUNT is the file with its count.
setup_quota() {
    setup_sandbox
    COUNT=$ROOT/.stord.unfinished/.stord.usage/home/.stord.count
    HASH=$(perl -e 'print crypt("secret", q($6$rounds=1000$stord$))')
    user me /home "quota=$QUOTA"
}

# user NAME HOME OPTIONS: one more, with all rights and the password "secret"
user() {
    printf '%s:%s:%s:upload,append,replace,list,read,rename,delete,mkdir:%s\n' \
        "$1" "$HASH" "$2" "$3" >>"$T/users"
}

# binary_as USER [OPTION...] <<STEPS: as USER, from behind TYPE I on
binary_as() { { echo binary && cat; } | as "$@"; }

# stores CODE NAME BYTES: one session uploads so many bytes without announcing them
stores() {
    binary_as me <<STEPS
> PASV
< 227
> STOR $2
< 150
put@ $3
< $1
STEPS
}

# put_there NAME BYTES: as somebody else than stord does it
put_there() {
    mkdir -p "$ROOT/home"
    random_file "$ROOT/home/$1" "$2"
}

# used FLAG BYTES: what the count says
used() {
    local flag bytes
    read -r flag bytes _ < <(cut -b 38- "$COUNT")
    [ "$flag $((10#$bytes))" = "$1 $2" ] || fail "the count: $(cat "$COUNT")"
}

# home_holds BYTES: so many are in the home, and that is what the count says
home_holds() {
    used clean "$1" || return
    local bytes
    bytes=$(find "$ROOT/home" -name '.stord.*' -prune -o -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
    [ "$bytes" = "$1" ] || fail "the home holds $bytes bytes"
}

# recounts N: so often in the log
recounts() {
    local n
    n=$(grep -c 'Recounted: /home' "$T/log") || :
    [ "$n" = "$1" ] || fail "$n recounts: $(cat "$T/log")"
}
