# What clients see of what arrived of an interrupted upload, and can do with it. When it is kept: partials_kept.bats.
# bats file_tags=asan
# shellcheck shell=bats
load resume

ALL=upload,append,replace,list,read,mkdir,rename,delete

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# ---------------------------------------------------------------- what clients see

@test "partials: SIZE, MDTM, MLST, MLSD and LIST show what arrived, NLST does not" {
    interrupted x 01234
    one_unfinished 5
    published_are
    touch -d '3 hours ago' "$(unfinished)"
    local time
    time=$(date -u -r "$(unfinished)" +%Y%m%d%H%M%S)
    talk <<STEPS
binary
> SIZE x
< 213 ^213 5\$
> MDTM x
< 213 ^213 $time
> MLST x
< 250 (?i)type=file;.*size=5;|size=5;.*type=file;
fetch MLSD =~ (?i)\\Asize=5;|\\A.*;size=5;[^\\n]* x\\r\\n\\Z
fetch LIST =~ \\A-[^\\n]* 5 [^\\n]* x\\r\\n\\Z
fetch LIST x =~ \\A-[^\\n]* 5 [^\\n]* x\\r\\n\\Z
fetch NLST =~ \\A\\Z
STEPS
}

@test "partials: what arrived hides the older file of that name, which stays as it is" {
    printf 'an older one' >"$ROOT/x"
    interrupted x 01234
    [ "$(cat "$ROOT/x")" = 'an older one' ]
    talk <<'STEPS'
binary
> SIZE x
< 213 ^213 5$
fetch LIST =~ \A-[^\n]* 5 [^\n]* x\r\n\Z
fetch MLSD =~ (?i)\A[^\n]*size=5;[^\n]* x\r\n\Z
STEPS
    [ "$(cat "$ROOT/x")" = 'an older one' ]
}

# ------------------------------------------------------------------ going on with it

@test "partials: REST and STOR go on with it, in a later session too" {
    for old in '' old; do
        [ -z "$old" ] || printf '%s' "$old" >"$ROOT/x"
        interrupted x 01234
        talk <<'STEPS'
binary
> REST 5
< 350
store x 56789
> SIZE x
< 213 ^213 10$
file x 0123456789
STEPS
        published_are x
        nothing_unfinished
        rm "$ROOT/x"
    done
}

@test "partials: REST with less than arrived goes on from there, and keeps nothing of the rest" {
    for old in '' 'a much longer file than the new one'; do
        [ -z "$old" ] || printf '%s' "$old" >"$ROOT/x"
        interrupted x 0123456789
        talk <<'STEPS'
binary
> REST 3
< 350
store x abc
file x 012abc
STEPS
        published_are x
        nothing_unfinished
        rm "$ROOT/x"
    done
}

@test "partials: REST with less than arrived takes nothing away before new bytes have come" {
    interrupted x 0123456789
    talk <<'STEPS'
binary
> REST 3
< 350
> ALLO 1000
< 200
store x < 426 fewer
> SIZE x
< 213 ^213 10$
STEPS
    several <<'STEPS'
binary
> REST 3
< 350
> EPSV
< 229
> STOR x
< 150
> ABOR
< 426
< 226
> SIZE x
< 213 ^213 10$
STEPS
    [ "$(cat "$(unfinished)")" = 0123456789 ]
}

@test "partials: REST beyond what arrived is 554, even where the older file has so many bytes" {
    printf 'an older one' >"$ROOT/x"
    interrupted x 01234
    talk <<'STEPS'
binary
> REST 6
< 350
> EPSV
< 229
> STOR x
< 554
> SIZE x
< 213 ^213 5$
> REST 5
< 350
store x 5
file x 012345
STEPS
    nothing_unfinished
}

@test "partials: APPE goes on with it in a session that was shown it; in another it makes a new file" {
    interrupted x 01234
    talk <<'STEPS'
binary
> SIZE x
< 213 ^213 5$
append x 56789
file x 0123456789
STEPS
    published_are x
    nothing_unfinished
    rm "$ROOT/x"
    interrupted x 01234
    talk <<'STEPS'
binary
append x a record
file x a record
> SIZE x
< 213 ^213 8$
STEPS
    nothing_unfinished
}

@test "partials: APPE goes on with it, and not with the older file, when the client was shown it" {
    local look
    mkdir "$ROOT/d"
    for look in '> SIZE x|< 213' '> MDTM x|< 213' '> MLST x|< 250' '> EPSV|< 229|> LIST|< 150|get|< 226' \
        '> EPSV|< 229|> MLSD|< 150|get|< 226' '> CDUP|< 250|> SIZE d/x|< 213|> CWD d|< 250'; do
        printf 'an older one' >"$ROOT/d/x"
        interrupted d/x 01234
        talk <<STEPS
binary
> CWD d
< 250
${look//|/$'\n'}
append x 56789
file d/x 0123456789
STEPS
        nothing_unfinished
    done
}

@test "partials: APPE of a client that was not shown it is for the older file; then it is dropped" {
    for look in NOOP 'SIZE y'; do
        printf 'an older one' >"$ROOT/x"
        interrupted x 01234
        interrupted y 01
        talk <<STEPS
binary
> $look
< 2..
append x , longer
file x an older one, longer
> SIZE x
< 213 ^213 20\$
STEPS
        one_unfinished 2
    done
}

@test "partials: in TYPE A nothing goes on with it" {
    interrupted x 01234
    talk <<'STEPS'
binary
> SIZE x
< 213
> TYPE A
< 200
> EPSV
< 229
> APPE x
< 554
> REST 5
< 350
> EPSV
< 229
> STOR x
< 554
> TYPE I
< 200
> SIZE x
< 213 ^213 5$
STEPS
    one_unfinished 5
}

@test "partials: ALLO may announce the rest, or all of the file" {
    local size
    for size in 5 10; do
        interrupted x 01234
        talk <<STEPS
binary
> ALLO $size
< 200
> REST 5
< 350
store x 56~ < 426 fewer
> SIZE x
< 213 ^213 7\$
> ALLO $((size == 5 ? 3 : 10))
< 200
> REST 7
< 350
store x 789
file x 0123456789
STEPS
        rm "$ROOT/x"
    done
}

@test "partials: cut again and again, it has what arrived before and what arrived then" {
    interrupted x 01
    for text in 23 45 67; do
        talk <<STEPS
binary
> SIZE x
< 213
> ALLO 1000
< 200
append x $text~ < 426 fewer
STEPS
    done
    one_unfinished 8
    talk <<'STEPS'
binary
> REST 6
< 350
> ALLO 1000
< 200
store x ab~ < 426 fewer
> SIZE x
< 213 ^213 8$
append x c
file x 012345abc
STEPS
    nothing_unfinished
}

@test "partials: inline uploads go on with it, and are gone on with" {
    talk <<'STEPS'
< 220
> ALLO 10
< 200
> STOR x
< 150
>> 01234~
eof
< 426 fewer
closed
STEPS
    one_unfinished 5
    talk <<'STEPS'
binary
> SIZE x
< 213 ^213 5$
> REST 5
< 350
> ALLO 5
< 200
> STOR x
< 150
>> 56789
< 226
file x 0123456789
STEPS
    nothing_unfinished
    # by APPE, cut once more on the way
    interrupted y 01
    talk <<'STEPS'
binary
> SIZE y
< 213
> ALLO 8
< 200
> APPE y
< 150
>> 234~
eof
< 426 fewer
closed
STEPS
    talk <<'STEPS'
binary
> SIZE y
< 213
> APPE y
< 150
>> 56789
eof
< 226
closed
file y 0123456789
STEPS
    nothing_unfinished
}

@test "partials: STOR without REST begins anew; when it succeeds nothing is kept" {
    interrupted x 0123456789
    talk <<'STEPS'
binary
store x new
> SIZE x
< 213 ^213 3$
file x new
STEPS
    published_are x
    nothing_unfinished
}

@test "partials: STOR without REST begins anew; when it is cut, only its bytes are kept" {
    interrupted x 0123456789
    interrupted x new
    one_unfinished 3
    talk <<'STEPS'
binary
> SIZE x
< 213
> APPE x
< 150
>> er
eof
< 226
file x newer
STEPS
    nothing_unfinished
}

@test "partials: REST 0 and STOR begin anew" {
    interrupted x 0123456789
    talk <<'STEPS'
binary
> REST 0
< 350
store x new
file x new
STEPS
    nothing_unfinished
}

# ------------------------------------------------------------------ what else clients can do with it, and how long

@test "partials: DELE deletes it, and shows the older file of that name again" {
    interrupted x 01234
    printf 'an older one' >"$ROOT/y"
    interrupted y 01234
    talk --allow "$ALL" <<'STEPS'
binary
> DELE x
< 250
> SIZE x
< 550
> DELE x
< 550
> DELE y
< 250
> SIZE y
< 213 ^213 12$
file y an older one
> DELE y
< 250
> SIZE y
< 550
STEPS
    published_are
    nothing_unfinished
}

@test "partials: whoever may not delete can delete its own, and not the file behind it" {
    printf 'an older one' >"$ROOT/x"
    interrupted x 01234
    talk <<'STEPS'
binary
> DELE x
< 250
> SIZE x
< 213 ^213 12$
> DELE x
< 550 delete right
STEPS
    nothing_unfinished
}

@test "partials: it cannot be read or renamed, nor can the older file behind it" {
    printf 'an older one' >"$ROOT/x"
    for name in x y; do
        interrupted $name 01234
        talk --allow "$ALL" <<STEPS
binary
> EPSV
< 229
> RETR $name
< 550
> RNFR $name
< 550
> RNTO z
< 503
STEPS
    done
    published_are x
    [ "$(cat "$ROOT/x")" = 'an older one' ]
}

@test "partials: --resume-hours=0 keeps nothing and shows nothing" {
    interrupted x 01234
    talk --resume-hours 0 <<'STEPS'
binary
> SIZE x
< 550
fetch MLSD =~ \A\Z
> REST 5
< 350
> EPSV
< 229
> STOR x
< 554
STEPS
    find "$ROOT" -mindepth 1 -delete
    interrupted x 01234 --resume-hours 0
    nothing_unfinished
    STORD_RESUME_HOURS=0 interrupted x 01234
    nothing_unfinished
    published_are
}

@test "partials: after --resume-hours it is not shown any more" {
    interrupted x 01234
    touch -d '25 hours ago' "$(unfinished)"
    talk --resume-hours 26 <<'STEPS'
binary
> SIZE x
< 213 ^213 5$
STEPS
    talk <<'STEPS'
binary
> SIZE x
< 550
> MLST x
< 550
fetch MLSD =~ \A\Z
append x new
file x new
STEPS
    published_are x
}

@test "partials: the folder that it is in is the handler's own" {
    interrupted x 01234
    [ "$(find "$ROOT" -mindepth 1 -maxdepth 1 -printf '%f %m %y')" = '.stord.unfinished 700 d' ]
    kept=$(cd "$ROOT/.stord.unfinished" && find . -path ./.stord.turns -prune -o -type f -print)
    kept=${kept#./}
    for name in .stord.unfinished .Stord.Unfinished ".stord.unfinished/$kept" "/.stord.unfinished/$kept" \
        ./.stord.unfinished/new; do
        talk --allow "$ALL" <<STEPS
binary
> EPSV
< 229
> STOR $name
< 55[03]
> EPSV
< 229
> APPE $name
< 55[03]
> EPSV
< 229
> STOU $name
< 55[03]
> EPSV
< 229
> RETR $name
< 55[03]
> EPSV
< 229
> LIST $name
< 55[03]
> EPSV
< 229
> NLST $name
< 55[03]
> EPSV
< 229
> MLSD $name
< 55[03]
> MLST $name
< 55[03]
> STAT $name
< 55[03]
> SIZE $name
< 55[03]
> MDTM $name
< 55[03]
> MDTM 20260101000000 $name
< 55[03]
> MFMT 20260101000000 $name
< 55[03]
> SITE CHMOD 666 $name
< 55[03]
> SITE UTIME 20260101000000 $name
< 55[03]
> CWD $name
< 55[03]
> MKD $name
< 55[03]
> RMD $name
< 55[03]
> DELE $name
< 55[03]
> RNFR $name
< 55[03]
> MKD d
< 257
> RNFR d
< 350
> RNTO $name
< 55[03]
> RMD d
< 250
STEPS
        one_unfinished 5
    done
    talk <<'STEPS'
binary
fetch LIST -la =~ \A[^\n]* \.\r\n[^\n]* \.\.\r\n[^\n]* x\r\n\Z
fetch NLST -a =~ \A\Z
STEPS
}

# ------------------------------------------------------------------ several sessions

@test "partials: a second session does not see what the first goes on with; its own upload works" {
    interrupted x 01234
    several <<'STEPS'
[a] binary
> REST 5
< 350
> EPSV
< 229
> STOR x
< 150
connect
data 56
stored 7
[b] binary
> SIZE x
< 550
> REST 5
< 350
> EPSV
< 229
> STOR x
< 554
store x second
file x second
[a] data 789
done
< 226
file x 0123456789
STEPS
    published_are x
    nothing_unfinished
}

@test "partials: an upload that goes on and is cut is void where another session has published meanwhile" {
    interrupted x 01234
    several <<'STEPS'
[a] binary
> SIZE x
< 213
> ALLO 1000
< 200
> EPSV
< 229
> APPE x
< 150
connect
data 56~
stored 8
[b] binary
store x second
[a] done
< 426 fewer
> SIZE x
< 213 ^213 6$
file x second
append x \x20one
file x second one
STEPS
    nothing_unfinished
}

@test "partials: of two uploads of one name that are cut, one is kept whole" {
    several <<'STEPS'
[a] binary
> ALLO 1000
< 200
> EPSV
< 229
> STOR x
< 150
connect
data aaaaa~
stored 6
[b] binary
> ALLO 1000
< 200
> EPSV
< 229
> STOR x
< 150
connect
data bbb~
stored 4
done
< 426 fewer
[a] done
< 426 fewer
> SIZE x
< 213 ^213 5$
STEPS
    one_unfinished 5
    [ "$(cat "$(unfinished)")" = aaaaa ]
}

# ------------------------------------------------------------------ folders and names

@test "partials: in folders, by relative and absolute names" {
    mkdir -p "$ROOT/d/e"
    printf 'not this' >"$ROOT/x"
    interrupted d/e/x 01234
    talk <<'STEPS'
binary
> SIZE x
< 213 ^213 8$
> CWD d
< 250
> SIZE e/x
< 213 ^213 5$
fetch MLSD e =~ (?i)\A[^\n]*size=5;[^\n]* x\r\n\Z
> CWD e
< 250
fetch LIST =~ \A-[^\n]* 5 [^\n]* x\r\n\Z
> SIZE /d/./e/../e/x
< 213 ^213 5$
> REST 5
< 350
store x 56789
file d/e/x 0123456789
file x not this
STEPS
    published_are d d/e d/e/x x
    nothing_unfinished
}

goes_on_in_folder() {
    mkdir -p "$ROOT/d/e"
    interrupted d/e/x 01234 || return
    talk <<'STEPS' || return
binary
> CWD d/e
< 250
> SIZE x
< 213 ^213 5$
fetch LIST =~ \A-[^\n]* 5 [^\n]* x\r\n\Z
> REST 5
< 350
store x 56789
file d/e/x 0123456789
STEPS
    nothing_unfinished
}

@test "partials: with openat2 and without it" {
    both_ways goes_on_in_folder
}

@test "partials: names of every kind" {
    local long name
    long=$(printf 'n%.0s' {1..255})
    for name in ' lead and trail ' '-rf' 'ä€😀' "$long" 'a*b?[c]' '~' '%s%n' 'a#b'; do
        interrupted "$name" 01234
        talk <<STEPS
binary
> SIZE $name
< 213 ^213 5\$
append ${name// /\\x20} 56789
STEPS
        [ "$(cat "$ROOT/$name")" = 0123456789 ]
        nothing_unfinished
    done
}

@test "partials: several files of one session are kept at once, each on its own" {
    mkdir "$ROOT/d"
    for name in a b d/a; do interrupted "$name" "0123 of $name"; done
    for name in d/a a b; do
        talk <<STEPS
binary
> SIZE $name
< 213
append $name , and the rest
file $name 0123 of $name, and the rest
STEPS
    done
    published_are a b d d/a
    nothing_unfinished
}

@test "partials: a folder that has some is not empty, and takes them along when it is renamed" {
    mkdir -p "$ROOT/d/e"
    interrupted d/e/x 01234
    talk --allow "$ALL" <<'STEPS'
binary
> RMD d/e
< 550
> RNFR d
< 350
> RNTO f
< 250
> SIZE d/e/x
< 550
> SIZE f/e/x
< 213 ^213 5$
append f/e/x 56789
file f/e/x 0123456789
> DELE f/e/x
< 250
> RMD f/e
< 250
> RMD f
< 250
STEPS
    published_are
    nothing_unfinished
}

@test "partials: a folder that was made with its name hides it" {
    interrupted x 01234
    talk <<'STEPS'
binary
> MKD x
< 257
> SIZE x
< 550
> MLST x
< 250 (?i)type=dir
fetch LIST =~ \Ad[^\n]* x\r\n\Z
> EPSV
< 229
> APPE x
< 55[03]
> CWD x
< 250
store y hello
file x/y hello
STEPS
    published_are x x/y
}
