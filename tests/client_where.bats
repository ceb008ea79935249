# Where the uploader puts files: folders, names, trees, lists; and what it refuses before anything is sent.
# bats file_tags=asan
# shellcheck disable=SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client

setup() {
    setup_sandbox
    random_file "$T/report.pdf" 1000
    random_file "$T/photo.jpg" 2000
}
teardown() { teardown_sandbox; }

# to PATH ARG...: sends the arguments to ftp://127.0.0.1:$PORT/PATH
to() {
    local path=$1
    shift
    SERVER=127.0.0.1:$PORT
    run --separate-stderr timeout 120 "$CLIENT" "$@" "ftp://127.0.0.1:$PORT/$path"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

# nothing_sent: the last upload was wrong usage, and nobody was asked
nothing_sent() {
    [ "$status" = 64 ]
    [ "$(find "$ROOT" -mindepth 1 ! -name .stord.unfinished)" = '' ]
}

# no_server: sets PORT to one on which nobody listens
no_server() { free_port; }

# each_kind COMMAND...: with a server of ours, and with an ordinary one
each_kind() {
    local server
    for server in serve pyftpd; do
        "$server"
        "$@"
        kill_spawned
        rm -rf "${ROOT:?}"/* "$ROOT/.stord.unfinished"
    done
}

# ---------------------------------------------------------------------------- folders

into_folder() {
    mkdir -p "$ROOT/a b/c"
    to 'a%20b/c/' "$T/report.pdf" "$T/photo.jpg"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/a b/c/report.pdf"
    same "$T/photo.jpg" "$ROOT/a b/c/photo.jpg"
    upload --dir 'a b' "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/a b/report.pdf"
    upload --dir '/a b/c/' --name other "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/a b/c/other"
    to '%2Fa%20b/absolute' "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/a b/absolute"
}
@test "a URL's path and --dir are the folder, from the login's on or from the root" { each_kind into_folder; }

into_new_folder() {
    to 'x/y/z/' "$T/report.pdf"
    [ "$status" = 77 ]
    [[ $stderr == "client: $T/report.pdf: $SERVER: folder x/y/z/: 550 "* ]]
    [ ! -e "$ROOT/x" ]
    to 'x/y/z/' --mkdir "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/x/y/z/report.pdf"
    upload --mkdir --dir x/y/other "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/x/y/other/report.pdf"
}
@test "--mkdir makes what is missing of a folder, and without it a missing folder is said" { each_kind into_new_folder; }

@test "a folder that somebody else makes at the same time is not a failure" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
refuse("CWD a/", "CWD a", reply="550 No such folder\r\n")
hear("MKD a")
say("521 It is there\r\n")
hear("CWD a")
say("250 There\r\n")
hear("ALLO 1000", "STOR report.pdf")
say("200 ok\r\n150 go\r\n")
store("report.pdf", lines.read(1000))
say("226 done\r\n")
quit()
PYTHON
    to a/ --mkdir "$T/report.pdf"
    [ "$status" = 0 ]
    script_done
}

# ------------------------------------------------------------------------------ names

under_name() {
    to new.pdf "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/new.pdf"
    upload --name 'by name' "$T/report.pdf"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/by name"
    to piped - <"$T/photo.jpg"
    [ "$status" = 0 ]
    same "$T/photo.jpg" "$ROOT/piped"
    run --separate-stderr "$CLIENT" - "ftp://127.0.0.1:$PORT/from%20pipe" < <(cat "$T/photo.jpg")
    [ "$status" = 0 ]
    same "$T/photo.jpg" "$ROOT/from pipe"
}
@test "a URL's last part and --name are the name for one file, and for standard input" { each_kind under_name; }

@test "two sources of one target are refused, and nothing is sent" {
    no_server
    mkdir "$T/s1" "$T/s2"
    cp "$T/report.pdf" "$T/s1"
    cp "$T/photo.jpg" "$T/s2/report.pdf"
    upload "$T/s1/report.pdf" "$T/s2/report.pdf"
    nothing_sent
    [ "$stderr" = "client: $T/s1/report.pdf and $T/s2/report.pdf: both would become report.pdf" ]
    # also by trees and lists
    mkdir "$T/s1/sub" "$T/s3" "$T/s3/sub"
    touch "$T/s1/sub/x" "$T/s3/sub/x"
    upload -r "$T/s1/sub" "$T/s3/sub"
    nothing_sent
    [[ $stderr == *"both would become sub/x"* ]]
    printf '%s\n' "$T/s1/report.pdf" "$T/s2/report.pdf" >"$T/list"
    upload --files-from "$T/list"
    nothing_sent
}

@test "what is named twice is sent once" {
    serve --on-conflict=rename
    cp "$T/report.pdf" "$T/copy"
    printf '%s\n' "$T/report.pdf" "$T/report.pdf" >"$T/list"
    mkdir "$T/tree"
    cp "$T/report.pdf" "$T/tree/x"
    upload --delete -r "$T/report.pdf" "$T/tree" "$T/tree/" --files-from "$T/list"
    [ "$status" = 0 ]
    [ "$(cd "$ROOT" && find . -type f -not -path './.stord.*' | sort)" = $'./report.pdf\n./tree/x' ]
    same "$T/copy" "$ROOT/report.pdf"
}

@test "a temporary name that is another file's is refused, and nothing is sent" {
    no_server
    touch "$T/.in.report.pdf" "$T/new-report.pdf"
    upload --temp "$T/.in.report.pdf" "$T/report.pdf"
    nothing_sent
    [ "$stderr" = "client: $T/report.pdf: its temporary name .in.report.pdf is another file's: choose another --temp" ]
    upload --temp=new- "$T/new-report.pdf" "$T/report.pdf"
    nothing_sent
    upload --temp= "$T/report.pdf"
    nothing_sent
    upload --temp=$'x\r\nDELE ' "$T/report.pdf"
    nothing_sent
}

@test "a file and a folder of one name are refused" {
    no_server
    mkdir -p "$T/one/x" "$T/two"
    touch "$T/two/x"
    upload -r "$T/one/x" "$T/two/x"
    nothing_sent
}

@test "one name for several files, and input without a name, are wrong usage" {
    no_server
    to name "$T/report.pdf" "$T/photo.jpg"
    nothing_sent
    upload --name x "$T/report.pdf" "$T/photo.jpg"
    nothing_sent
    upload - </dev/null
    nothing_sent
    [[ $stderr == *'standard input needs a name'* ]]
    upload --name a/b "$T/report.pdf"
    nothing_sent
    to x/ --name y --dir z "$T/report.pdf"
    nothing_sent
    to x/y --name z "$T/report.pdf"
    nothing_sent
    upload --files-from - --name x - </dev/null
    nothing_sent
}

@test "names with CR or LF are refused before anything is sent, wherever they stand" {
    no_server
    local name=$'a\nDELE b'
    mkdir "$T/tree"
    touch "$T/$name" "$T/tree/$name" "$T/"$'a\rb'
    upload "$T/report.pdf" "$T/$name"
    nothing_sent
    upload "$T/"$'a\rb'
    nothing_sent
    upload -r "$T/tree"
    nothing_sent
    upload --dir "$name" "$T/report.pdf"
    nothing_sent
    upload --name "$name" "$T/report.pdf"
    nothing_sent
    to 'a%0Ab' "$T/report.pdf"
    nothing_sent
    to 'a%00b' "$T/report.pdf"
    nothing_sent
    printf '%s\0' "$T/$name" >"$T/list"
    upload --files-from "$T/list"
    nothing_sent
}

# make_names FIRST: files with names of all bytes from that one on, except slash
make_names() {
    mkdir "$T/names"
    command -p python3 -ISc '
import os, sys
folder, first = sys.argv[1].encode(), int(sys.argv[2])
good = [byte for byte in range(first, 256) if byte not in b"/\r\n"]
names = {b"%ca", b"b%c.x", b"c%c", b"%c%c"}
for byte in good:
    for name in names:
        name = name.replace(b"%c", bytes([byte]))
        if name not in (b"..",):
            with open(folder + b"/" + name, "wb") as file: file.write(name)
for part in good[:128], good[128:]:
    with open(folder + b"/" + bytes(part), "wb") as file: file.write(bytes(part))' "$T/names" "$1"
}

@test "names of every byte that our server stores arrive as they are" {
    serve
    make_names 32
    find "$T/names" -name $'*\x7f*' -delete # a control character
    upload -q --dir / -r "$T/names"
    [ "$status" = 0 ]
    diff -r "$T/names" "$ROOT/names"
}

@test "names of every byte but NUL, slash, CR and LF are sent as they are, with telnet's 255 doubled" {
    scripted <<'PYTHON'
greet_inline()
hear("MKD names")
say("257 made\r\n")
count = len(os.listdir(os.path.dirname(ROOT).encode() + b"/names"))
for i in range(count):
    line = lines.readline()
    assert line.startswith(b"ALLO "), line
    size = int(line[5:])
    line = lines.readline()
    assert line.startswith(b"STOR names/") and line.endswith(b"\r\n"), line
    name = line[11:-2].replace(b"\xff\xff", b"\xff")
    assert lines.read(size) == name, name # each file has its name in it
    conn.sendall(b"200 ok\r\n150 go\r\n226 done\r\n")
quit()
PYTHON
    make_names 1
    upload -q -r "$T/names"
    [ "$status" = 0 ]
    script_done
    # and so are folders that are not the sources', and what is asked about files
    scripted <<'PYTHON'
def hear_bytes(wanted):
    line = lines.readline()
    assert line == wanted + b"\r\n", line
greet_ordinary()
hear_bytes(b"CWD \xff\xff")
say("250 Fine\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear_bytes(b"STOR .in.n\xff\xff")
say("150 Go\r\n")
receive(data)
say("226 Done\r\n")
hear_bytes(b"RNFR .in.n\xff\xff")
say("350 Fine\r\n")
hear_bytes(b"RNTO n\xff\xff")
say("250 Fine\r\n")
hear_bytes(b"SIZE n\xff\xff")
say("213 1000\r\n")
date = lines.readline()
assert date.startswith(b"MFMT ") and date.endswith(b" n\xff\xff\r\n"), date
say("213 Fine\r\n")
quit()
PYTHON
    upload --dir $'\xff' --name $'n\xff' --temp --verify=size --times "$T/report.pdf"
    [ "$status" = 0 ]
    script_done
}

@test "a server that stores under another name is quoted" {
    serve --on-conflict=rename
    upload "$T/report.pdf"
    [[ $output != *'there as'* ]]
    run --separate-stderr "$CLIENT" -h 127.0.0.1 -p "$PORT" "$T/report.pdf"
    [ "$status" = 0 ]
    local other
    other=$(cd "$ROOT" && echo report-*.pdf)
    [[ $output == "$T/report.pdf -> 127.0.0.1:$PORT/report.pdf (there as $other), 1000 bytes, "* ]]
    run --separate-stderr "$CLIENT" --json -h 127.0.0.1 -p "$PORT" "$T/report.pdf"
    [[ $output == *'"name": "report-'* ]]
    # that one is asked about, not the one which had the name
    head -c 500 "$T/report.pdf" >"$T/half"
    touch -d '2020-02-29 12:34:56 UTC' "$T/half"
    upload --verify=size --times --retry 1 --name report.pdf "$T/half"
    [ "$status" = 0 ]
    [ "$(find "$ROOT" -name 'report-*.pdf' -size -501c -newermt '2020-02-29 12:34:55 UTC' -not -newermt '2020-02-29 12:34:57 UTC' | wc -l)" = 1 ]
    [ "$(stat -c %s "$ROOT/report.pdf")" = 1000 ]
    [ "$(find "$ROOT" -name 'report*.pdf' | wc -l)" = 4 ]
}

# ------------------------------------------------------------------------------ trees

make_tree() {
    mkdir -p "$T/tree/a/b" "$T/tree/empty" "$T/tree/with space"
    random_file "$T/tree/one" 1
    random_file "$T/tree/a/two" 100000
    random_file "$T/tree/a/b/three" 0
    random_file "$T/tree/.hidden" 10
    random_file "$T/tree/with space/Grüße" 10
}

whole_tree() {
    upload -r "$T/tree" "$T/report.pdf"
    [ "$status" = 0 ]
    diff -r "$T/tree" "$ROOT/tree"
    same "$T/report.pdf" "$ROOT/report.pdf"
    # and once more, where all of it is
    random_file "$T/tree/one" 2
    upload -r "$T/tree"
    [ "$status" = 0 ]
    diff -r "$T/tree" "$ROOT/tree"
    # only what is in it
    (cd "$T/tree" && upload -r --mkdir --dir here . && [ "$status" = 0 ])
    diff -r "$T/tree" "$ROOT/here"
}
@test "-r sends folders as trees, empty ones too, to the same folders" {
    make_tree
    each_kind whole_tree
}

@test "a folder without -r is a source that cannot be sent" {
    no_server
    mkdir "$T/tree"
    upload "$T/tree"
    [ "$status" = 66 ]
    [ "${stderr_lines[0]}" = "client: $T/tree: Is a directory (-r sends folders)" ]
}

@test "what is not a plain file in a tree is named and skipped, and links are followed with -L only" {
    serve
    make_tree
    ln -s ../report.pdf "$T/tree/link"
    ln -s a "$T/tree/to-a"
    ln -s nowhere "$T/tree/broken"
    mkfifo "$T/tree/fifo"
    upload -r "$T/tree"
    [ "$status" = 0 ]
    [ "$(grep -c skipped <<<"$stderr")" = 4 ]
    [[ $stderr == *"client: $T/tree/link: skipped: a symbolic link"* ]]
    [[ $stderr == *"client: $T/tree/fifo: skipped: not a plain file"* ]]
    [ ! -e "$ROOT/tree/link" ] && [ ! -e "$ROOT/tree/fifo" ] && [ ! -e "$ROOT/tree/to-a" ]
    rm "$T/tree/broken"
    upload -r -L "$T/tree"
    [ "$status" = 0 ]
    same "$T/report.pdf" "$ROOT/tree/link"
    same "$T/tree/a/two" "$ROOT/tree/to-a/two"
}

@test "a circle of links ends, and is told" {
    serve
    make_tree
    ln -s .. "$T/tree/a/up"
    upload -r -L "$T/tree"
    [ "$status" = 66 ]
    [[ $stderr == *"client: $T/tree/a/up: Too many levels of symbolic links"* ]]
    same "$T/tree/a/two" "$ROOT/tree/a/two"
}

@test "a file in a tree that has become a link meanwhile is not followed" {
    scripted <<'PYTHON'
greet_inline()
folder = os.path.dirname(ROOT) + "/tree"
hear("MKD tree")
os.unlink(folder + "/b")
os.symlink("/etc/passwd", folder + "/b")
say("257 made\r\n")
hear("ALLO 1", "STOR tree/a")
say("200 ok\r\n150 go\r\n")
lines.read(1)
say("226 done\r\n")
quit()
PYTHON
    mkdir "$T/tree"
    printf a >"$T/tree/a"
    printf b >"$T/tree/b"
    upload -r "$T/tree"
    [ "$status" = 66 ]
    [[ $stderr == "client: $T/tree/b: Too many levels of symbolic links" ]]
    script_done
}

# ------------------------------------------------------------------------------ lists

@test "--files-from reads names from a file or standard input, by lines or by NUL" {
    serve
    cd "$T"
    touch $'a\\nb' 'c d'
    printf '%s\n' report.pdf 'c d' >list
    upload --files-from list
    [ "$status" = 0 ]
    stored report.pdf 'c d'
    [ ! -e "$ROOT/photo.jpg" ]
    printf '%s\0' photo.jpg $'a\\nb' >list
    run "$CLIENT" -q -h 127.0.0.1 -p "$PORT" --files-from - <list
    [ "$status" = 0 ]
    stored photo.jpg $'a\\nb'
    : >list
    upload --files-from list
    [ "$status" = 0 ]
    upload --files-from missing
    [ "$status" = 66 ]
    printf '%s\n' missing report.pdf >list
    rm "$ROOT/report.pdf"
    upload --files-from list
    [ "$status" = 66 ]
    stored report.pdf
}
