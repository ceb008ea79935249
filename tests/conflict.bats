# --on-conflict: what happens to an upload whose name is taken.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

ALL=upload,append,replace,list,read,mkdir,rename,delete

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# untouched: the old file is as it was
untouched() { [ "$(cat "$ROOT/x.pdf")" = old ] || fail "the old file was touched"; }

# contents_are TEXT...: the root has just these files, by content (sorted)
contents_are() {
    local got
    got=$(find "$ROOT" -path '*/.stord.*' -prune -o -type f -exec sh -c 'cat "$1"; echo' - {} \; |
        LC_ALL=C sort | paste -sd' ')
    [ "$got" = "$*" ] || fail "the root holds files with: $got" || return
    nothing_unfinished
}

@test "conflict: replace is the default: one file of the name, the new one" {
    for option in '' --on-conflict=replace; do
        echo old >"$ROOT/x.pdf"
        talk ${option:+"$option"} <<'STEPS'
< 220
> ALLO 6
< 200
> STOR x.pdf
< 150 ^150 [^:]*$
>> inline
< 226 ^226 [^:]*$
file x.pdf inline
> TYPE I
< 200
> EPSV
< 229
> STOR x.pdf
< 150 ^150 [^:]*$
put data
< 226 ^226 [^:]*$
file x.pdf data
STEPS
        contents_are data
    done
}

@test "conflict: rename keeps both; 150 and 226 tell the name that is on disk, its extension is kept" {
    printf old >"$ROOT/x.pdf"
    several --on-conflict=rename <<'STEPS'
< 220
> ALLO 6
< 200
> STOR x.pdf
< 150
take INLINE FILE: (x.+\.pdf)$
>> inline
< 226 FILE: {INLINE}$
file {INLINE} inline
file x.pdf old
> TYPE I
< 200
> EPSV
< 229
> STOR x.pdf
< 150
take DATA FILE: (x.+\.pdf)$
put data
< 226 FILE: {DATA}$
file {DATA} data
file {INLINE} inline
file x.pdf old
> EPSV
< 229
> STOR free.pdf
< 150 ^150 [^:]*$
put free
< 226 ^226 [^:]*$
file free.pdf free
STEPS
    contents_are data free inline old
}

@test "conflict: rename, inline to the end of input" {
    printf old >"$ROOT/x.pdf"
    several --on-conflict=rename <<'STEPS'
< 220
> STOR x.pdf
< 150
take NAME FILE: (x.+\.pdf)$
>> inline
eof
< 226 FILE: {NAME}$
closed
file {NAME} inline
STEPS
    contents_are inline old
}

@test "conflict: rename tells names that the client can use from where it is" {
    mkdir -p "$ROOT/d/e"
    printf old >"$ROOT/d/e/x.pdf"
    several --on-conflict=rename --allow "$ALL" <<'STEPS'
binary
> CWD d
< 250
> EPSV
< 229
> STOR e/x.pdf
< 150
take ONE FILE: (.+\.pdf)$
put one
< 226 FILE: {ONE}$
> SIZE {ONE}
< 213 ^213 3$
> CWD e
< 250
> EPSV
< 229
> STOR x.pdf
< 150
take TWO FILE: ([^/]+\.pdf)$
put three
< 226 FILE: {TWO}$
> SIZE {TWO}
< 213 ^213 5$
> DELE {TWO}
< 250
> DELE {ONE}
< 250
STEPS
    published_are d d/e d/e/x.pdf
}

@test "conflict: rename finds a name for every name" {
    local long name
    long=$(printf 'n%.0s' {1..251}).pdf
    for name in "$long" "${long%.pdf}wxyz" .hidden noextension 'a.b.tar.gz' 'two words.pdf' \
        'ä€😀.txt' 'ends.'; do
        printf old >"$ROOT/$name"
        several --on-conflict=rename <<STEPS
< 220
> ALLO 3
< 200
> STOR $name
< 150
take NAME FILE: (.+)\$
>> new
< 226 FILE: 
run cmp "\$ROOT/{NAME}" <(printf new)
STEPS
        [ "$(cat "$ROOT/$name")" = old ]
        case $name in *.pdf | *.gz | *.txt) # both have it
            [ "$(find "$ROOT" -type f -name "*.${name##*.}" | wc -l)" = 2 ] || fail "${name##*.} is not kept"
            ;;
        esac
        contents_are new old
        find "$ROOT" -type f -delete
    done
}

@test "conflict: refuse leaves the old file; over data connections the session goes on" {
    printf old >"$ROOT/x.pdf"
    talk --on-conflict=refuse <<'STEPS'
binary
> EPSV
< 229
> STOR x.pdf
< 553 ^553 Failed to upload file: 
> STOR free
< 425
> EPSV
< 229
> STOR free
< 150 ^150 [^:]*$
put free
< 226 ^226 [^:]*$
STEPS
    untouched
    contents_are free old
}

@test "conflict: refuse, inline: the session ends, what follows is no command" {
    printf old >"$ROOT/x.pdf"
    for allo in 'ALLO 8' NOOP; do
        talk -m packet --on-conflict=refuse <<STEPS
< 220
> $allo
< 200
> STOR x.pdf
< 553 ^553 Failed to upload file: 
>> MKD evil\\r\\n
closed
nofile evil
STEPS
        untouched
        contents_are old
    done
}

@test "conflict: without the right to replace, an existing name is 553" {
    printf old >"$ROOT/x.pdf"
    for policy in replace refuse; do
        talk --allow upload,append,list --on-conflict=$policy <<'STEPS'
binary
> EPSV
< 229
> STOR x.pdf
< 553
> REST 1
< 350
> EPSV
< 229
> STOR x.pdf
< 553
STEPS
        talk --allow upload --on-conflict=$policy <<'STEPS'
< 220
> STOR x.pdf
< 553
closed
STEPS
        untouched
        contents_are old
    done
}

@test "conflict: rename replaces nothing, so it needs no right to replace" {
    printf old >"$ROOT/x.pdf"
    several --allow upload,list --on-conflict=rename <<'STEPS'
< 220
> STOR x.pdf
< 150
take NAME FILE: (x.+\.pdf)$
>> new
eof
< 226 FILE: {NAME}$
closed
file {NAME} new
STEPS
    contents_are new old
}

# race POLICY CODE [OPTION...]: two sessions upload x.pdf, both in flight before either ends, the
# second one over the control connection; the one that ends last is answered CODE.
race() {
    several --on-conflict="$1" "${@:3}" <<STEPS
[a] binary
> EPSV
< 229
> STOR x.pdf
< 150 ^150 [^:]*\$
connect
data aa
stored 2
[b] < 220
> ALLO 4
< 200
> STOR x.pdf
< 150 ^150 [^:]*\$
>> bb
stored 2
[a] data AA
done
< 226 ^226 [^:]*\$
file x.pdf aaAA
[b] >> BB
< $2
STEPS
}

@test "conflict: two at once under replace: the last one has the name, whole" {
    race replace '226 ^226 [^:]*$'
    contents_are bbBB
    [ "$(cat "$ROOT/x.pdf")" = bbBB ]
}

@test "conflict: two at once under rename: both are kept, and the second one is told its name" {
    race rename '226 FILE: x.+\.pdf$'
    contents_are aaAA bbBB
    [ "$(cat "$ROOT/x.pdf")" = aaAA ]
}

@test "conflict: two at once under refuse: the second one is refused when it ends" {
    race refuse '553 ^553 Failed to upload file: '
    contents_are aaAA
}

@test "conflict: two at once without the right to replace: the second one is refused when it ends" {
    race replace '553 ^553 Failed to upload file: ' --allow upload
    contents_are aaAA
}

@test "conflict: two at once over data connections, under each policy" {
    local line policy code left
    for line in 'replace 226 bbBB' 'rename 226 aaAA bbBB' 'refuse 553 aaAA'; do
        read -r policy code left <<<"$line"
        several --on-conflict="$policy" <<STEPS
[a] binary
> EPSV
< 229
> STOR x.pdf
< 150
connect
data aa
stored 2
[b] binary
> EPSV
< 229
> STOR x.pdf
< 150
connect
data bb
stored 2
[a] data AA
done
< 226
[b] data BB
done
< $code
> NOOP
< 200
STEPS
        contents_are "$left"
        find "$ROOT" -type f -delete
    done
}

@test "conflict: many at once under rename: none is lost" {
    local i uploads=()
    serve --on-conflict=rename
    for i in {1..20}; do
        mkdir "$T/$i"
        random_file "$T/$i/x.pdf" 300000
        uploads+=(-T "$T/$i/x.pdf" "ftp://127.0.0.1:$PORT/")
    done
    curl -sS --fail-early --parallel --parallel-immediate --parallel-max 20 "${uploads[@]}"
    cmp <(sha1sum "$T"/[0-9]*/x.pdf | cut -d ' ' -f 1 | sort) \
        <(sha1sum "$ROOT"/x*.pdf | cut -d ' ' -f 1 | sort)
    [ "$(find "$ROOT" -path "*/.stord.*" -prune -o -type f -print | wc -l)" = 20 ]
}

@test "conflict: STOU gives a new name under every policy, with and without the right to replace" {
    local policy allow
    for policy in replace rename refuse; do
        for allow in upload,replace upload; do
            printf old >"$ROOT/x.pdf"
            several --allow "$allow" --on-conflict=$policy <<'STEPS'
binary
> EPSV
< 229
> STOU x.pdf
< 150
take ONE FILE: (x.+\.pdf)$
put one
< 226 FILE: {ONE}$
file {ONE} one
> EPSV
< 229
> STOU
< 150
take TWO FILE: ([^ /]+)$
put two
< 226 FILE: {TWO}$
file {TWO} two
STEPS
            untouched
            contents_are old one two
            find "$ROOT" -type f -delete
        done
    done
}

@test "conflict: STOU takes no name that an interrupted upload has" {
    interrupted x.pdf 01234
    several <<'STEPS'
binary
> EPSV
< 229
> STOU x.pdf
< 150
take NAME FILE: (x.+\.pdf)$
put new
< 226 FILE: {NAME}$
file {NAME} new
nofile x.pdf
> SIZE x.pdf
< 213 ^213 5$
STEPS
}

@test "conflict: REST and STOR on a published file is 553 under rename and refuse" {
    printf old >"$ROOT/x.pdf"
    for policy in rename refuse; do
        for rest in 1 3; do
            talk --on-conflict=$policy <<STEPS
binary
> REST $rest
< 350
> EPSV
< 229
> STOR x.pdf
< 553
> REST $rest
< 350
> EPSV
< 229
> STOR none
< 55[34]
STEPS
            untouched
            contents_are old
        done
    done
}

@test "conflict: REST and STOR go on with an interrupted upload under every policy" {
    for policy in replace rename refuse; do
        interrupted x.pdf 01234 --on-conflict=$policy
        talk --on-conflict=$policy <<'STEPS'
binary
> REST 5
< 350
store x.pdf 56789 < 226 ^226 [^:]*$
file x.pdf 0123456789
STEPS
        contents_are 0123456789
        find "$ROOT" -type f -delete
    done
}

# Somebody else has taken the name of an interrupted upload since.
goes_on_where_taken() {
    interrupted x.pdf 01234
    printf old >"$ROOT/x.pdf"
    several --on-conflict="$1" <<STEPS
binary
> REST 5
< 350
> EPSV
< 229
> STOR x.pdf
$2
STEPS
}

@test "conflict: nobody goes on with an upload whose name was taken meanwhile" {
    for policy in rename refuse; do
        goes_on_where_taken $policy '< 553'
        untouched
        one_unfinished 5
    done
}

@test "conflict: APPE is governed by the right to append alone" {
    for policy in replace rename refuse; do
        for allow in upload,append append upload,append,replace; do
            printf old >"$ROOT/x.pdf"
            talk --allow $allow --on-conflict=$policy <<'STEPS'
binary
> EPSV
< 229
> APPE x.pdf
< 150 ^150 [^:]*$
put er
< 226 ^226 [^:]*$
file x.pdf older
STEPS
            contents_are older
        done
        printf old >"$ROOT/x.pdf"
        talk --allow upload,replace,list --on-conflict=$policy <<'STEPS'
binary
> EPSV
< 229
> APPE x.pdf
< 550 append right
STEPS
        untouched
        contents_are old
    done
}

@test "conflict: RNTO over an existing file is 553 under rename and refuse, and replaces it under replace" {
    printf old >"$ROOT/x.pdf"
    printf new >"$ROOT/y"
    for policy in rename refuse; do
        talk --allow "$ALL" --on-conflict=$policy <<'STEPS'
< 220
> RNFR y
< 350
> RNTO x.pdf
< 553
file x.pdf old
file y new
STEPS
        contents_are new old
    done
    talk --allow upload,list,rename <<'STEPS'
< 220
> RNFR y
< 350
> RNTO x.pdf
< 553
file x.pdf old
file y new
> RNFR y
< 350
> RNTO free
< 250
> RNFR free
< 350
> RNTO y
< 250
STEPS
    talk --allow "$ALL" <<'STEPS'
< 220
> RNFR y
< 350
> RNTO x.pdf
< 250
file x.pdf new
STEPS
    contents_are new
}

@test "conflict: what was just uploaded and is renamed to a taken name is kept beside it under rename, and 250 tells the name" {
    local allow
    for allow in upload,list upload,read,mkdir upload,list,rename "$ALL"; do
        find "$ROOT" -mindepth 1 -delete
        mkdir "$ROOT/d"
        printf old >"$ROOT/x.pdf"
        printf old >"$ROOT/d/x.pdf"
        several --allow "$allow" --on-conflict=rename <<'STEPS'
binary
store x.pdf.part first
> RNFR x.pdf.part
< 350
> RNTO x.pdf
< 250 ^250 Renamed, FILE: /x-[0-9a-f]{8}\.pdf$
take ONE FILE: /(x.+\.pdf)$
file {ONE} first
file x.pdf old
nofile x.pdf.part
> SIZE {ONE}
< 213 ^213 5$
> SIZE x.pdf
< 213|550
> CWD d
< 250
store .x second
> RNFR .x
< 350
> RNTO x.pdf
< 250 ^250 Renamed, FILE: /d/x-[0-9a-f]{8}\.pdf$
take TWO FILE: (/d/x.+\.pdf)$
file d/x.pdf old
> RNFR {TWO}
< 350
> RNTO /free.pdf
< 250 ^250 Renamed$
file free.pdf second
> MKD folder
< 257|550
> RNFR /free.pdf
< 350
> RNTO /d
< 553 folder
STEPS
        find "$ROOT" -name folder -delete
        contents_are first old old second
    done
}

@test "conflict: what was just uploaded and is renamed to a taken name stays where it is under refuse and without the right to replace" {
    local options
    for options in '--allow upload,list' '--allow upload,list,rename' '--allow upload,mkdir' "--allow $ALL --on-conflict=refuse"; do
        find "$ROOT" -mindepth 1 -delete
        printf old >"$ROOT/x.pdf"
        # shellcheck disable=SC2086 # several words
        talk $options <<'STEPS'
binary
store x.pdf.part new
> RNFR x.pdf.part
< 350
> RNTO x.pdf
< 553
file x.pdf old
file x.pdf.part new
> SIZE x.pdf.part
< 213 ^213 3$
> RNFR x.pdf.part
< 350
> RNTO y.pdf
< 250 ^250 Renamed$
STEPS
        contents_are new old
    done
}

@test "conflict: an interrupted upload of a name outlives a rename that is kept beside that name" {
    printf old >"$ROOT/x.pdf"
    talk --allow upload,list --on-conflict=rename <<'STEPS'
binary
> EPSV
< 229
> STOR x.pdf
< 150
connect
data abcdef
reset
< 426
> SIZE x.pdf
< 213 ^213 5$
store y new
> RNFR y
< 350
> RNTO x.pdf
< 250 FILE: /x-
> SIZE x.pdf
< 213 ^213 5$
> REST 5
< 350
store x.pdf fgh
STEPS
    contents_are abcdefgh new old
}

@test "conflict: curl hears of a refusal, and of no renaming but in its log" {
    printf new >"$T/x.pdf"
    printf old >"$ROOT/x.pdf"
    serve --on-conflict=refuse
    run -25 curl -sS -T "$T/x.pdf" "ftp://127.0.0.1:$PORT/"
    [[ "$output" == *553* ]]
    untouched
    serve --on-conflict=rename
    curl -sS -T "$T/x.pdf" "ftp://127.0.0.1:$PORT/"
    contents_are new old
}

@test "conflict: a file that is renamed to the name that it has stays what it is, whatever the policy" {
    local policy rights
    for policy in rename refuse; do
        for rights in upload,list,rename,read upload; do
            talk --on-conflict="$policy" --allow="$rights" <<'STEPS'
binary
store x one
> RNFR x
< 350
> RNTO x
< 250
> SIZE x
< 213 ^213 3$
STEPS
            root_holds x
            rm "$ROOT/x"
        done
    done
}
