# LIST, NLST, MLSD, MLST: what clients are told of folders, and how.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

# listing COMMAND: what it sends over the data connection of a session with `serve`. curl turns CR
# LF into LF; that they are there is seen by `talk` below.
listing() { curl -sS --max-time 20 "ftp://127.0.0.1:$PORT/" -X "$1"; }

# lists COMMAND LINE...: just these lines, in any order
lists() {
    local want='' got
    [ $# -lt 2 ] || want=$(printf '%s\n' "${@:2}" | LC_ALL=C sort)
    got=$(listing "$1" | LC_ALL=C sort)
    [ "$got" = "$want" ] || fail "$1 gave: $(printf '%s' "$got" | cat -A)"
}

# names_in COMMAND NAMES: these names, joined by |, in what LIST or MLSD sent, in any order
names_in() {
    local got
    got=$(listing "$1" | sed -E 's/^[a-zA-Z][^ ]*=[^ ]*; //; s/^[^ ]{10} +[0-9]+ ftp +ftp +[0-9]+ [A-Z][a-z]{2} [ 0-9]{2} [ 0-9:]{5} //' |
        LC_ALL=C sort | paste -sd'|')
    [ "$got" = "$2" ] || fail "$1 gave: $got"
}

# commands_refused CODE COMMAND...: each is, instead of 150
commands_refused() {
    local code=$1 steps='< 220' command
    shift
    for command; do steps+=$'\n> EPSV\n< 229\n> '$command$'\n< '$code$'\n> PWD\n< 257'; done
    talk <<<"$steps"
}

# many_files N: links to a few files, which is the quickest way to have many
many_files() {
    (cd "$ROOT" && command -p python3 -ISc '
import os, sys
for i in range(int(sys.argv[1])):
    name = "a file with quite a long name, number %s%06d.txt" % ("x" * 150, i)
    if i % 50000 == 0:
        os.close(os.open(name, os.O_CREAT))
        first = name
    else:
        os.link(first, name)' "$1")
}

@test "list: lines of LIST are as ls -l has them, in UTC, with CR LF in every TYPE" {
    printf hello >"$ROOT/file"
    chmod 640 "$ROOT/file"
    local when
    for type in A I; do
        touch -d '5 minutes ago' "$ROOT/file"
        when=$(LC_ALL=C TZ=UTC date -r "$ROOT/file" '+%b %e %H:%M')
        TZ=America/Caracas talk <<STEPS
< 220
> TYPE $type
< 200
fetch LIST =~ \\A-rw-r----- +1 ftp +ftp +5 $when file\\r\\n\\Z
> EPSV
< 229
STEPS
        touch -d '2001-02-03 04:05:06 UTC' "$ROOT/file"
        talk <<STEPS
< 220
> TYPE $type
< 200
> PASV
< 227
> NLST
< 150
get \\Afile\\r\\n\\Z
< 226
> PASV
< 227
> LIST file
< 150
get \\A-rw-r----- +1 ftp +ftp +5 Feb  3  2001 file\\r\\n\\Z
< 226
STEPS
    done
}

@test "list: an empty folder is an empty list" {
    for verb in LIST NLST MLSD; do
        talk <<STEPS
< 220
fetch $verb =~ \\A\\Z
STEPS
    done
}

@test "list: LIST shows files, folders, links without their targets, and what else there is" {
    mkdir "$ROOT/folder" "$ROOT/.hidden"
    mkfifo "$ROOT/fifo"
    ln -s /etc/passwd "$ROOT/link"
    touch "$ROOT/.stord.partial" "$ROOT/file" "$ROOT/.dot" "$ROOT/folder/deep"
    serve
    names_in LIST '.dot|.hidden|fifo|file|folder|link'
    listing LIST | grep -q '^l.* link$'
    listing LIST | grep -q '^p.* fifo$'
    listing LIST | grep -q '^d.* folder$'
    names_in 'LIST folder' deep
    names_in 'LIST folder/deep' deep
    names_in 'LIST /folder/../file' file
    names_in 'LIST link' link
}

@test "list: NLST and MLSD name what RETR and CWD can take: no links, no devices, no reserved names" {
    mkdir "$ROOT/folder"
    mkfifo "$ROOT/fifo"
    ln -s /etc/passwd "$ROOT/link"
    touch "$ROOT/.stord.partial" "$ROOT/file" "$ROOT/.dot" "$ROOT/folder/deep"
    serve
    lists NLST .dot file folder
    names_in MLSD '.dot|file|folder'
    names_in 'MLSD folder' deep
}

@test "list: NLST's names can be given to RETR as they are" {
    mkdir -p "$ROOT/a/b"
    touch "$ROOT/a/b/1" "$ROOT/a/b/2"
    serve
    lists NLST a
    lists 'NLST .' a
    lists 'NLST /' /a
    lists 'NLST a/b' a/b/1 a/b/2
    lists 'NLST a/b/' a/b/1 a/b/2
    lists 'NLST a/b/1' a/b/1
    lists 'NLST /a/b/2' /a/b/2
    lists 'NLST a/../a/b/[2-9]' a/../a/b/2
    lists 'NLST a/*' a/b
}

@test "list: options in front of the path are ignored, a name that begins so is found first" {
    mkdir "$ROOT/d" "$ROOT/d/e" "$ROOT/-f"
    touch "$ROOT/-f/inner" "$ROOT/-z" "$ROOT/d/x y" "$ROOT/d/e/deeper"
    serve
    for options in -l -la -al '-l -a' -R -1 -laR; do
        case $options in *a*) all='.|..|' ;; *) all= ;; esac
        names_in "LIST $options" "-f|-z|${all}d"
        names_in "LIST $options d" "${all}e|x y"
        names_in "LIST $options d/x y" 'x y'
        lists "NLST $options d/*y" 'd/x y'
    done
    names_in 'LIST -f' inner
    names_in 'LIST -l -f' inner
    names_in 'LIST -z' -z
    names_in 'LIST -la -z' -z
    names_in 'LIST -- -z' -z
    lists 'NLST -f' -f/inner
    names_in 'MLSD -f' inner
    commands_refused 550 'LIST -l nothing' 'MLSD -l'
}

@test "list: LIST with the option a begins with the folder itself and the one above it, also where nothing is in it" {
    mkdir -p "$ROOT/d/empty" "$ROOT/-a.d"
    serve
    for options in -a -la -al -alF -Ra '-l -a' '-a -l' '-a -- '; do
        names_in "LIST $options" '-a.d|.|..|d'
        names_in "LIST $options d" '.|..|empty'
        names_in "LIST $options d/empty" '.|..'
        names_in "LIST $options d/empty/" '.|..'
        [ "$(listing "LIST $options d" | head -n 2 | sed 's/.* //' | paste -sd' ')" = '. ..' ]
    done
    # they are what they are called
    chmod 751 "$ROOT/d/empty"
    chmod 750 "$ROOT/d"
    listing 'LIST -la d/empty' | head -n 1 | grep -q '^drwxr-x--x  *2 '
    listing 'LIST -la d/empty' | sed -n 2p | grep -q '^drwxr-x---  *3 '
    # above the root is the root
    [ "$(listing 'LIST -a' | sed -n '1s/ .$//p')" = "$(listing 'LIST -a' | sed -n '2s/ ..$//p')" ]
}

@test "list: nowhere else are the folder itself and the one above it listed" {
    mkdir -p "$ROOT/d/e" "$ROOT/-a"
    touch "$ROOT/d/f" "$ROOT/-a/inner"
    serve
    for options in '' -l -A -1 -F --all --; do names_in "LIST ${options:+$options }d" 'e|f'; done
    for options in '' -a -la; do lists "NLST ${options:+$options }d" d/e d/f; done
    names_in 'LIST -la d/f' f
    names_in 'LIST -la d/*' 'e|f'
    names_in 'LIST -a' inner # it is called so
    names_in 'MLSD d' 'e|f'
    talk <<'STEPS'
< 220
> STAT -la d
< 212 \A(?![\s\S]* \.\.?\n)[\s\S]* e\n[\s\S]* f\n|\A(?![\s\S]* \.\.?\n)[\s\S]* f\n[\s\S]* e\n
STEPS
}

@test "list: a home ends at its root: what LIST -a says of the folder above is what it says of the home" {
    mkdir -m 711 "$ROOT/home"
    chmod 755 "$ROOT"
    users "me:$(hash secret):/home::"
    talk --users="$T/users" <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
fetch LIST -la =~ ^drwx--x--x +\d+ ftp +ftp +\d+ .* \.\r\ndrwx--x--x +\d+ ftp +ftp +\d+ .* \.\.\r\n$
STEPS
}

@test "list: patterns match in the last part of a path, and never what is hidden" {
    mkdir "$ROOT/d"
    touch "$ROOT"/{a.txt,b.txt,c.pdf,.dot.txt,.stord.txt,'[x]'} "$ROOT/d/a.txt"
    ln -s /etc "$ROOT/etc"
    serve
    lists 'NLST *.txt' a.txt b.txt
    lists 'NLST ?.*' a.txt b.txt c.pdf
    lists 'NLST [!a].*' b.txt c.pdf
    lists 'NLST .*' .dot.txt
    lists 'NLST [x]' '[x]'
    lists 'NLST d/*' d/a.txt
    names_in 'LIST *.pdf' c.pdf
    names_in 'LIST -la d/*' a.txt
    lists 'NLST *.none'
    commands_refused 550 'LIST */a.txt' 'LIST etc/*' 'LIST none/*' 'LIST .stord.*' 'MLSD *'
}

@test "list: a hostile pattern takes no time" {
    name=$(printf 'a%.0s' {1..255})
    touch "$ROOT/$name" "$ROOT/${name:1}"{1..9}
    ulimit -t 5 # seconds that a process may compute, whatever else the machine does
    serve
    local pattern end
    pattern=$(printf '*a%.0s' {1..120})
    for end in b '[b]'; do
        listing "NLST $pattern$end" >"$T/listed" # fails where the session dies
        [ ! -s "$T/listed" ]
    done
}

@test "list: no name forges a line: control characters are ? in LIST, such names are not in NLST and MLSD" {
    touch "$ROOT"/good "$ROOT"/$'a\r\n-rw-r--r--    1 ftp      ftp                 5 Nov 14 22:13 forged' \
        "$ROOT"/$'b\ntype=file; forged' "$ROOT"/$'c\rd' "$ROOT"/$'e\x7f\x01\x1bf'
    serve
    [ "$(listing LIST | wc -l)" = 5 ]
    [ "$(listing LIST | tr -d '\n' | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" = 0 ]
    listing LIST | grep -q ' c?d$'
    listing LIST | grep -q ' e???f$'
    lists NLST good
    names_in MLSD good
    # and nobody is led to them by a pattern
    lists 'NLST *' good
    commands_refused 550 'MLSD a\r-rw'
}

@test "list: spaces, 8-bit bytes and UTF-8 go out as they are" {
    local names=(' leading' 'trailing ' 'a  b' 'größe-日本' $'latin-\xe9\xff' '~&"%;=')
    for name in "${names[@]}"; do touch "$ROOT/$name"; done
    serve
    lists NLST "${names[@]}"
    for name in "${names[@]}"; do
        lists "NLST $name" "$name"
        listing LIST | LC_ALL=C grep -qF -- " $name"
        listing MLSD | LC_ALL=C grep -qF -- "; $name"
    done
}

nothing_outside() {
    mkdir "$ROOT/d"
    echo secret >"$T/secret"
    ln -s "$T" "$ROOT/out"
    ln -s ../../secret "$ROOT/d/file"
    local refusals=() verb path
    for path in .. ../secret /../secret "$T" "$T/secret" out/ out/secret out/. d/file/ d/../.. \
        .stord.x d/.stord.x; do
        for verb in LIST NLST MLSD MLST; do refusals+=("$verb $path"); done
    done
    for path in out d/file; do
        for verb in NLST MLSD MLST; do refusals+=("$verb $path"); done
    done
    for path in '../*' 'out/*' '../sec*'; do
        for verb in LIST NLST; do refusals+=("$verb $path"); done
    done
    commands_refused 550 "${refusals[@]}"
    not_logged 'Sent'
}

@test "list: nothing outside the root is told of (promise 4)" {
    both_ways nothing_outside
}

@test "list: what does not exist is refused before 150, and takes the prepared connection along" {
    touch "$ROOT/file"
    commands_refused 550 'LIST none' 'NLST none' 'MLSD none' 'MLST none' 'LIST file/' 'NLST file/.' 'LIST file/x'
    commands_refused 501 'MLSD file'
    talk <<'STEPS'
< 220
> EPSV
< 229
> LIST none
< 550 no such file
> LIST
< 425
STEPS
}

@test "list: a folder that may not be read is refused" {
    need_root 'acts as nobody'
    mkdir -m 0 "$ROOT/closed"
    mkdir -m 711 "$ROOT/blind"
    touch "$ROOT/blind/x"
    as_nobody <<'STEPS'
< 220
> EPSV
< 229
> LIST closed
< 550 permission denied
> EPSV
< 229
> NLST blind
< 550 permission denied
> EPSV
< 229
> MLSD blind
< 550 permission denied
> MLST blind/x
< 250
STEPS
}

@test "list: without a data connection 425" {
    talk <<'STEPS'
< 220
> LIST
< 425
fetch LIST =~ \A\Z
> NLST
< 425
> MLSD
< 425
STEPS
}

@test "list: nobody connects, 425; the client takes nothing for too long, 426" {
    many_files 30000
    talk --connect-timeout 1 --stall-timeout 1 <<'STEPS'
< 220
> EPSV
< 229
> LIST
< 150
< 425
> EPSV
< 229
> LIST
< 150
connect
< 426 too long
done
> EPSV
< 229
> LIST
< 150
connect
> NOOP
< 200
reset
< 426 reset
> PWD
< 257
STEPS
}

@test "list: the list right is needed" {
    touch "$ROOT/x"
    for verb in LIST NLST MLSD MLST; do
        talk --allow append <<STEPS
< 220
> EPSV
< 229
> $verb
< 550 no list right
STEPS
    done
}

@test "list: MLST answers one entry with its full path" {
    mkdir "$ROOT/d"
    printf hello >"$ROOT/d/x y"
    chmod 600 "$ROOT/d/x y"
    chmod 755 "$ROOT/d"
    touch -d '2001-02-03 04:05:06 UTC' "$ROOT/d/x y"
    talk <<'STEPS'
< 220
> CWD d
< 250
> MLST x y
< 250 ^250-[^\n]*\n type=file;size=5;modify=20010203040506;perm=aw;unique=[0-9a-f]+U[0-9a-f]+;UNIX\.mode=0600; /d/x y\n250 End$
> MLST
< 250 \n type=dir;modify=\d{14};perm=celm;unique=[^;]+;UNIX\.mode=0755; /d\n250
> MLST /
< 250 \n type=dir;[^ ]*; /\n250
STEPS
    talk --allow upload,append,replace,list,read,mkdir,rename,delete <<'STEPS'
< 220
> MLST d/x y
< 250 perm=adfrw;
> MLST d
< 250 perm=cdeflmp;
STEPS
}

@test "list: unique is one for two names of a file, and differs between files" {
    touch "$ROOT/a" "$ROOT/c"
    ln "$ROOT/a" "$ROOT/b"
    serve
    listing MLSD | sed -E 's/.*unique=([^;]*);.* ([abc])/\2 \1/' | sort >"$T/unique"
    a=$(sed -n 's/^a //p' "$T/unique")
    grep -qx "b $a" "$T/unique"
    [ "$(grep -cx "c $a" "$T/unique")" = 0 ]
}

@test "list: FEAT tells the facts of MLST, OPTS MLST selects them" {
    printf hello >"$ROOT/x"
    talk <<'STEPS'
< 220
> FEAT
< 211 \n MLST type\*;size\*;modify\*;perm\*;unique\*;UNIX\.mode\*;\n
> opts mlst Size;TYPE;nonsense;
< 200 ^200 MLST OPTS type;size;$
> FEAT
< 211 \n MLST type\*;size\*;modify;perm;unique;UNIX\.mode;\n
fetch MLSD =~ \Atype=file;size=5; x\r\n\Z
> MLST x
< 250 \n type=file;size=5; /x\n
> OPTS MLST
< 200 ^200 MLST OPTS$
> MLST x
< 250 \n  /x\n
> OPTS UTF8 ON
< 200
> OPTS UTF-8
< 200
> OPTS UTF8 OFF
< 501
> OPTS NONSENSE
< 501
STEPS
}

@test "list: 100,000 files are listed quickly and in little memory" {
    many_files 100000
    local limits='--cpu=5 --data=4194304' # in processor time: the machine may be busy with other tests
    # AddressSanitizer's shadow does not fit into any limit
    if grep -q __asan_init "$HANDLER"; then limits=--cpu=5; fi
    cat >"$T/limited" <<END
#!/bin/sh
exec prlimit $limits "$HANDLER" "\$@"
END
    chmod +x "$T/limited"
    HANDLER=$T/limited
    serve
    for command in LIST NLST MLSD 'LIST *number*'; do
        [ "$(listing "$command" | wc -l)" = 100000 ]
    done
    [ "$(listing NLST | LC_ALL=C sort -u | wc -l)" = 100000 ]
}

@test "list: curl, lftp and Python's ftplib read the lists" {
    need curl lftp python3
    mkdir -p "$ROOT/d/e"
    head -c 12345 /dev/zero >"$ROOT/d/x y.txt"
    touch -d '2001-02-03 04:05:06 UTC' "$ROOT/d/x y.txt"
    serve
    export HOME=$T
    [ "$(curl -sSl "ftp://127.0.0.1:$PORT/d/" | sort | paste -sd'|')" = 'e|x y.txt' ]
    curl -sS "ftp://127.0.0.1:$PORT/d/" | grep -q '12345 Feb  3  2001 x y.txt'
    [ "$(lftp -c "open -p $PORT 127.0.0.1; cls -1 d/" | sort | paste -sd'|')" = 'd/e/|d/x y.txt' ]
    lftp -c "open -p $PORT 127.0.0.1; cls -l --time-style=%Y%m%d d/" | grep -q '12345 20010203.*x y.txt'
    lftp -c "open -p $PORT 127.0.0.1; set ftp:use-mlsd no; cls -l --time-style=%Y%m%d d/" |
        grep -q '12345 20010203.*x y.txt'
    ! lftp -c "open -p $PORT 127.0.0.1; ls none" || fail 'lftp takes a refusal for a list'
    command -p python3 - "$PORT" <<'END'
import ftplib, sys
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(sys.argv[1]))
ftp.login()
facts = dict(ftp.mlsd("d", ["type", "size", "modify"]))
assert facts == {"e": {"type": "dir", "modify": facts["e"]["modify"]},
                 "x y.txt": {"type": "file", "size": "12345", "modify": "20010203040506"}}, facts
assert sorted(ftp.nlst("d")) == ["d/e", "d/x y.txt"]
assert ftp.nlst("none*") == []
ftp.quit()
END
}

@test "list: STAT with a path says what LIST says, as a reply" {
    mkdir "$ROOT/d"
    touch "$ROOT/d/file" "$ROOT/d/.stord.x" "$ROOT/d/"$'evil\r\n213 End'
    chmod 644 "$ROOT/d/"*
    talk <<'STEPS'
< 220
> STAT d/file
< 213 ^213-[^\n]*\n -rw-r--r-- .* file\n213 End$
> STAT -la d
< 212 ^212-(?=[\s\S]* file\n)(?=[\s\S]* evil\?\?213 End\n)[^\n]*\n [^\n]*\n [^\n]*\n212 End$
> STAT d/f*
< 212 \n [^\n]* file\n212
> STAT none
< 450|550
> STAT ..
< 450|550
STEPS
}
