# stordctl user: lines of the users file. What a line means, and where it is, is said by the reader that
# sessions have (handler --list-users); a file in which it does not find what was wanted never takes effect.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of stordctl

do_user() {
    local verb=${1-}
    if [ $# -gt 0 ]; then shift; fi
    case $verb:$# in
    add:0) die USAGE "user add wants a name" ;;
    add:*) ;;
    passwd:1 | lock:1 | unlock:1 | del:1 | show:1 | list:0) ;;
    *) misused ;;
    esac
    find_file
    "user_$verb" "$@"
}

# ------------------------------------------------------------------------------------------ the file

# find_file: file, a plain path; known: somebody has set it
find_file() {
    made='' known=yes
    file=$users_file
    [ -n "$file" ] || file=$(setting STORD_USERS) || file=$(users_credential) || file=
    if [ -z "$file" ] || [ "$file" = none ]; then file=/etc/stord/users known=; fi
    file=$(readlink -m -- "$file")
    if [ -e "$file" ] && [ ! -f "$file" ]; then die NOINPUT "$file is no plain file"; fi # /dev/null would be replaced
    folder=${file%/*}/
}

# lock_file: nobody else changes it meanwhile. The lock is the folder's, for the file is another one afterwards.
lock_file() {
    [ -d "$folder" ] || die NOINPUT "there is no folder $folder"
    [ -w "$folder" ] || die NOPERM "$folder: only root can write there"
    exec {lock}<"$folder"
    flock -w 60 "$lock" || die TEMPFAIL "another stordctl is at work in $folder"
}

# listing FILE: line number, how the user logs in, name; tabs between them
listing() { env -i "$handler" --users "$1" --list-users; }

# read_file: the listing of the file, in `rows`; a broken one is nobody's to change
read_file() {
    [ -e "$file" ] || die NOINPUT "there is no file $file: user add makes it"
    rows=$(listing "$file") || die $? "$file cannot be used, and nobody can log in: put that right first"
}

# line_of NAME FILE <ROWS: the number of that user's line, or nothing
line_of() {
    NAME=$1 LC_ALL=C awk -F'\t' '
        FILENAME == "-" { is[$1] = 1; next }
        FNR in is { name = $0; sub(/:.*/, "", name); if ((name "") == (ENVIRON["NAME"] "")) print FNR }' - "$2"
}

# find_user NAME: number and fields of its line
find_user() {
    number=$(line_of "$1" "$file" <<<"$rows")
    [ -n "$number" ] || die NOUSER "there is no user $1 in $file"
    split "$(sed -n "${number}p" "$file" | tr -d '\r')"
}
# split LINE: more colons belong to the options
split() {
    local field rest=$1
    for field in name hash home rights; do
        printf -v "$field" %s "${rest%%:*}"
        rest=${rest#*:}
    done
    options=$rest
}
joined() { printf '%s:%s:%s:%s:%s\n' "$name" "$hash" "$home" "$rights" "$options"; }

# others NUMBER <ROWS: all rows but that line's, without their numbers
others() { awk -F'\t' -v number="$1" '$1 != number { print $2 "\t" $3 }'; }

# with LINE|'' : the file with that line in place of `number`, or behind the last if there is no number; '': without it
with() {
    if [ -z "$number" ]; then
        cat -- "$file"
        printf '%s\n' "$1"
        return
    fi
    head -n "$((number - 1))" -- "$file"
    if [ -n "$1" ]; then printf '%s\n' "$1"; fi
    tail -n "+$((number + 1))" -- "$file"
}

# become LINE|'': the file becomes `with' that, if its reader finds this user there, and all others as they were
become() {
    local new rows_then number_then=
    new=$(mktemp "$folder.users.XXXXXX") || die CANTCREAT "nothing can be made in $folder"
    # shellcheck disable=SC2064 # this one
    trap "rm -f -- $(printf '%q ' "$new" ${made:+"$made"})" EXIT
    cp --attributes-only --preserve=all -- "$file" "$new" || die CANTCREAT "owner and mode of $file cannot be kept"
    with "$1" >"$new" || die CANTCREAT "$new cannot be written"
    if ! rows_then=$(listing "$new" 2>&1); then
        printf '%s\n' "${rows_then//"$new"/"$file"}" >&2
        die DATAERR "nothing has been changed: with that line, nobody could log in"
    fi
    if [ -n "$1" ]; then number_then=$(line_of "$name" "$new" <<<"$rows_then"); fi
    if [ -n "$1" ] && [ "$number_then" != "${number:-$(wc -l <"$new")}" ] ||
        [ "$(others "$number" <<<"$rows")" != "$(others "$number_then" <<<"$rows_then")" ]; then
        die DATAERR "nothing has been changed: the line would mean something else"
    fi
    { sync -- "$new" && mv -fT -- "$new" "$file" && sync -- "$folder"; } || die CANTCREAT "$file cannot be replaced"
    trap - EXIT
}

# make_file: an empty one, in `made' as well, if there is none. Sessions read it, as the user stord, or systemd does for them.
make_file() {
    if [ -e "$file" ]; then return; fi
    made=$file
    (umask 077 && : >"$file") || die CANTCREAT "$file cannot be made"
    if [ "$(id -u)" = 0 ] && getent group stord >/dev/null; then chown root:stord -- "$file" && chmod 640 -- "$file"; fi
}

# ------------------------------------------------------------------------------------------ the verbs

# plain WORD...: nothing in them could be a line of its own, or the end of a field
plain() {
    local word
    for word; do
        case $word in *[[:cntrl:]]*) die DATAERR "there is a control character in $(printf %q "$word")" ;; esac
    done
}

# make_hash NAME: asks for the password on a terminal, else reads a line
make_hash() {
    if [ -t 0 ]; then note "the password of $1:"; fi
    "$handler" --hash || die $? "nothing has been changed"
}

user_add() {
    name=$1 home=/$1 rights='' options='' hash=''
    local word certificate=''
    plain "$@"
    case $name in '' | *:* | '#'*) die DATAERR "a name is not empty, has no colon, and does not begin with #" ;; esac
    for word in "${@:2}"; do
        case $word in
        home=*) home=${word#*=} ;;
        rights=*) rights=${word#*=} ;;
        cert=*) certificate=$word ;; # ends the line
        *) options+=${options:+,}$word ;;
        esac
    done
    case $home$rights in *:*) die DATAERR "home and rights have no colons" ;; esac
    if [ -n "$certificate" ]; then options+=${options:+,}$certificate hash='!'; fi
    refuse_known
    [ -n "$hash" ] || hash=$(make_hash "$name")
    if [ -z "$known" ] && [ ! -d "$folder" ]; then install -d -m 755 -- "$folder" || die CANTCREAT "$folder cannot be made"; fi
    lock_file
    make_file
    read_file
    number=$(line_of "$name" "$file" <<<"$rows")
    [ -z "$number" ] || die DATAERR "there is a user $name in $file already: user passwd, or user del"
    become "$(joined)"
    tell_about "$name can log in"
}
# before anybody types a password
refuse_known() {
    [ -e "$file" ] || return 0
    read_file
    [ -z "$(line_of "$name" "$file" <<<"$rows")" ] ||
        die DATAERR "there is a user $name in $file already: user passwd, or user del"
}
tell_about() {
    if [ -n "$known" ]; then
        note "$1, from the next connection on"
    else
        note "$1 once the file is set; then everybody logs in, on this machine, too:"
        note "    echo STORD_USERS=$file >>$settings"
    fi
}

user_passwd() {
    local new
    read_file
    find_user "$1"
    new=$(make_hash "$name")
    lock_file
    read_file
    find_user "$1"
    case $hash in '!'?*) new=!$new && note "$name stays locked" ;; esac
    hash=$new
    become "$(joined)"
}

user_lock() {
    lock_file
    read_file
    find_user "$1"
    case $hash in '!'?*) note "$name is locked already" && return ;; esac
    hash=!$hash
    become "$(joined)"
    note "$name cannot log in any more; a session goes on until stordctl kick"
}

user_unlock() {
    lock_file
    read_file
    find_user "$1"
    case $hash in
    '!'?*) hash=${hash#!} ;;
    '!' | '*') die DATAERR "$name has no password: user passwd" ;;
    *) note "$name is not locked" && return ;;
    esac
    become "$(joined)"
}

user_del() {
    lock_file
    read_file
    find_user "$1"
    become ''
    note "$name is deleted; files in $home stay, and a session goes on until stordctl kick"
}

user_list() {
    read_file
    LC_ALL=C awk -F'\t' '
        FILENAME == "-" { how[$1] = $2; next }
        !(FNR in how) { next }
        {
            sub(/\r$/, "")
            split($0, field, ":")
            options = $0
            for (i = 0; i < 4; i++) sub(/^[^:]*:/, "", options)
            rights = field[4] == "" ? "(STORD_ALLOW)" : field[4]
            printf "%-16s %-11s %-20s %s %s\n", field[1], how[FNR], field[3], rights, options
        }' - "$file" <<<"$rows"
}

user_show() {
    local how
    read_file
    find_user "$1"
    how=$(awk -F'\t' -v number="$number" '$1 == number { print $2 }' <<<"$rows")
    printf 'name     %s\nlogin    %s\nhome     %s\nrights   %s\noptions  %s\nline     %s:%s\n' "$name" "$how" "$home" \
        "${rights:-as STORD_ALLOW says}" "${options:-none}" "$file" "$number"
}
