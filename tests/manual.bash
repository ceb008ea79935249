# The examples of the man pages: a block between .Bd -literal and .Ed, below a line
#
#   .\" play: KIND NAME [UNIT]
#
# KIND is what it is: sh (commands), env (settings), users (lines of the users file, with HASH for a hash),
# drop-in (of UNIT), listen (super-servers, one a line), or a file of another program.
# shellcheck shell=bash

# example PAGE KIND NAME: prints that block, as a reader sees it
example() {
    awk -v wanted="$2 $3" '
        /^\.\\" play: / { is = ($3 " " $4 == wanted) }
        /^\.Ed/ { if (shown) exit; is = 0 }
        shown { print }
        is && /^\.Bd -literal/ { shown = 1 }' "$TOP/doc/$1" |
        sed 's/\\e/\\/g; s/\\[-&]//g' | grep . || fail "$1 has no example: $2 $3"
}

# examples PAGE: the kind and name of each
examples() { sed -n 's/^\.\\" play: \([a-z-]* [a-z]*\).*/\1/p' "$TOP/doc/$1"; }

# fill_users PASSWORD: standard input, with the hash of PASSWORD
fill_users() {
    local hash
    hash=$(printf '%s\n' "$1" | "$HANDLER" --hash)
    sed "s|:HASH:|:$hash:|"
}
