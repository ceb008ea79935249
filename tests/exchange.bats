# Whole exchanges with the clients that people have: up, down, mirrored, listed, renamed, removed.
# shellcheck shell=bats
load session

ALL=upload,append,replace,list,read,mkdir,rename,delete

setup() {
    setup_sandbox
    export HOME=$T/home # no settings of whoever runs the tests
    mkdir -p "$HOME" "$T/tree/sub/deep" "$T/back"
    random_file "$T/file" 300000
    random_file "$T/tree/one" 1000
    random_file "$T/tree/sub/two words" 70000
    : >"$T/tree/sub/deep/empty"
}
teardown() { teardown_sandbox; }

same_tree() { diff -r -x .stord.unfinished "$1" "$2" >&2 || fail "$1 and $2 differ"; }

@test "exchange: curl uploads, lists, downloads, resumes a download, renames, deletes; active too" {
    serve --allow "$ALL"
    url=ftp://127.0.0.1:$PORT
    curl -sS -T "{$T/file,$T/tree/one}" "$url/"
    same "$T/tree/one" "$ROOT/one"
    curl -sS "$url/file" -o "$T/back/file"
    same "$T/file" "$T/back/file"
    head -c 1234 "$T/file" >"$T/back/part"
    curl -sS -C - "$url/file" -o "$T/back/part"
    same "$T/file" "$T/back/part"
    [ "$(curl -sS -l "$url/" | tr -d '\r' | sort | paste -sd' ')" = "file one" ]
    curl -sS "$url/" | grep -qE '^-rw.* 300000 .* file'
    curl -sS -P - -T "$T/file" "$url/active"
    same "$T/file" "$ROOT/active"
    curl -sS -P - --disable-eprt "$url/active" -o "$T/back/active"
    same "$T/file" "$T/back/active"
    curl -sS -a -T "$T/tree/one" "$url/active"
    cat "$T/file" "$T/tree/one" | cmp - "$ROOT/active"
    head -c 5000 "$T/file" >"$ROOT/resumed"
    curl -sS -C - -T "$T/file" "$url/resumed"
    same "$T/file" "$ROOT/resumed"
    curl -sS -Q 'RNFR active' -Q 'RNTO moved' -Q 'DELE one' "$url/" -o /dev/null
    curl -sS --ftp-create-dirs -T "$T/file" "$url/a/b/c/file"
    same "$T/file" "$ROOT/a/b/c/file"
    curl -sS -I "$url/file" | grep -q 'Content-Length: 300000'
    root_holds a a/b a/b/c a/b/c/file file moved resumed
    # what is missing is told by curl's own codes
    run curl -sS "$url/none" -o /dev/null
    [ "$status" = 78 ]
}

@test "exchange: lftp puts, mputs, mirrors both ways, gets and regets" {
    serve --allow "$ALL"
    lftp -c "set net:max-retries 1; open -u me,x -p $PORT 127.0.0.1
        mkdir up; cd up; put $T/file; mput $T/tree/o*; cd /
        mirror -R $T/tree mirrored; mirror mirrored $T/back/mirror; get up/file -o $T/back/file
        mv up/one up/uno; rm up/uno"
    same "$T/file" "$ROOT/up/file"
    same "$T/file" "$T/back/file"
    same_tree "$T/tree" "$ROOT/mirrored"
    same_tree "$T/tree" "$T/back/mirror"
    # times are kept by MFMT
    [ "$(stat -c %Y "$T/tree/one")" = "$(stat -c %Y "$ROOT/mirrored/one")" ]
    [ "$(ls "$ROOT/up")" = file ]
    head -c 100000 "$T/file" >"$T/back/part"
    lftp -c "set net:max-retries 1; open -u me,x -p $PORT 127.0.0.1; reget up/file -o $T/back/part"
    same "$T/file" "$T/back/part"
    head -c 100000 "$T/file" >"$ROOT/part"
    lftp -c "set net:max-retries 1; open -u me,x -p $PORT 127.0.0.1; reput $T/file -o part"
    same "$T/file" "$ROOT/part"
}

@test "exchange: ncftp puts and gets trees" {
    serve --allow "$ALL"
    ncftpput -V -u me -p x -P "$PORT" -R -m 127.0.0.1 / "$T/tree"
    same_tree "$T/tree" "$ROOT/tree"
    ncftpget -V -u me -p x -P "$PORT" -R 127.0.0.1 "$T/back" /tree
    same_tree "$T/tree" "$T/back/tree"
    [ "$(ncftpls -u me -p x -P "$PORT" ftp://127.0.0.1/ | tr -d '/*')" = tree ]
}

@test "exchange: tnftp puts, lists and gets" {
    serve --allow "$ALL"
    tnftp -n -V 127.0.0.1 "$PORT" <<EOF >"$T/out" 2>&1
user me x
put $T/file up
mkdir d
rename up d/up
cd d
ls
size up
get up $T/back/file
delete up
quit
EOF
    same "$T/file" "$T/back/file" || { cat "$T/out"; false; }
    grep -q '300000' "$T/out"
    root_holds d
}

@test "exchange: inetutils ftp, active by default, in ASCII by default" {
    serve --allow "$ALL"
    printf 'a\nb\n' >"$T/text"
    inetutils-ftp -n -v -A 127.0.0.1 "$PORT" <<EOF >"$T/out" 2>&1 || :
user me x
ascii
put $T/text text
binary
put $T/file up
dir
get up $T/back/file
append $T/text up
quit
EOF
    same "$T/text" "$ROOT/text" || { cat "$T/out"; false; }
    same "$T/file" "$T/back/file"
    cat "$T/file" "$T/text" | cmp - "$ROOT/up"
    grep -qE '^-rw.* 300000 .* up' "$T/out"
}

@test "exchange: wput uploads a tree" {
    serve --allow "$ALL"
    (cd "$T/tree" && wput -q -nc one "sub/two words" sub/deep/empty "ftp://me:x@127.0.0.1:$PORT/")
    same_tree "$T/tree" "$ROOT"
}

@test "exchange: rclone copies, syncs, checks and purges" {
    serve --allow "$ALL"
    password=$(rclone obscure x)
    remote=":ftp,host=127.0.0.1,port=$PORT,user=me,pass='$password':"
    rclone copy "$T/tree" "${remote}copied" --retries 1
    same_tree "$T/tree" "$ROOT/copied"
    rclone check "$T/tree" "${remote}copied" --download --retries 1
    random_file "$T/tree/one" 2000
    rm "$T/tree/sub/two words"
    rclone sync "$T/tree" "${remote}copied" --retries 1
    same_tree "$T/tree" "$ROOT/copied"
    rclone copy "${remote}copied" "$T/back" --retries 1
    same_tree "$T/tree" "$T/back"
    rclone purge "${remote}copied" --retries 1
    root_holds
}

@test "exchange: Perl's Net::FTP, active by default: put, put_unique, append, get, ls, rename" {
    serve --allow "$ALL"
    cat >"$T/net.pl" <<'PERL'
use strict; use Net::FTP;
my ($port, $file, $back) = @ARGV;
my $ftp = Net::FTP->new("127.0.0.1", Port => $port) or die $@;
sub ok { $_[0] or die "$_[1]: " . $ftp->message }
ok $ftp->login("me", "x"), "login";
ok $ftp->binary, "binary";
$ftp->alloc(300000); ok $ftp->code == 200, "allo";
ok $ftp->put($file, "up"), "put";
ok $ftp->put_unique($file, "up"), "put_unique";
my $unique = $ftp->unique_name; ok $unique && $unique ne "up", "unique_name";
ok $ftp->size($unique) == 300000, "size of $unique";
ok $ftp->append($file, "up"), "append";
ok $ftp->size("up") == 600000, "size";
ok $ftp->mdtm("up") > time - 1000, "mdtm";
ok $ftp->rename($unique, "other"), "rename";
ok $ftp->mkdir("a/b/c", 1), "mkdir";
ok $ftp->rmdir("a", 1), "rmdir";
ok join(" ", sort $ftp->ls) eq "other up", "ls: " . join(" ", $ftp->ls);
ok scalar($ftp->dir) >= 2, "dir";
ok $ftp->get("other", $back), "get";
ok $ftp->site("help"), "site";
ok $ftp->quit, "quit";
PERL
    perl "$T/net.pl" "$PORT" "$T/file" "$T/back/file"
    same "$T/file" "$T/back/file"
    # and passive
    # shellcheck disable=SC2016
    sed -i 's/Port => \$port/Port => $port, Passive => 1/' "$T/net.pl"
    rm -r "${ROOT:?}"/*
    perl "$T/net.pl" "$PORT" "$T/file" "$T/back/passive"
    same "$T/file" "$T/back/passive"
}

@test "exchange: PHP's ftp_ functions and its ftp:// streams" {
    serve --allow "$ALL"
    cat >"$T/ftp.php" <<'PHP'
<?php
[$me, $port, $file, $back] = $argv;
function ok($what, $name) { if (!$what) { fwrite(STDERR, "failed: $name\n"); exit(1); } }
foreach ([false, true] as $passive) {
    $ftp = ftp_connect("127.0.0.1", (int)$port);
    ok(ftp_login($ftp, "me", "x"), "login");
    ok(ftp_pasv($ftp, $passive), "pasv");
    ok(ftp_put($ftp, "up", $file, FTP_BINARY), "put");
    ok(ftp_get($ftp, $back, "up", FTP_BINARY), "get");
    ok(ftp_size($ftp, "up") == 300000, "size");
    ok(ftp_nlist($ftp, ".") !== false && in_array("./up", ftp_nlist($ftp, ".")) || in_array("up", ftp_nlist($ftp, ".")), "nlist");
    ok(count(ftp_mlsd($ftp, ".")) == 1, "mlsd");
    ok(ftp_rename($ftp, "up", "x") && ftp_delete($ftp, "x"), "rename, delete");
    ok(ftp_alloc($ftp, 10), "alloc");
    ftp_close($ftp);
}
ok(file_put_contents("ftp://me:x@127.0.0.1:$port/stream", "hello") == 5, "stream");
ok(file_get_contents("ftp://me:x@127.0.0.1:$port/stream") === "hello", "read stream");
PHP
    php "$T/ftp.php" "$PORT" "$T/file" "$T/back/file"
    same "$T/file" "$T/back/file"
    [ "$(cat "$ROOT/stream")" = hello ]
}

@test "exchange: lftp mirror -R exits 0, and the modes of folders are those that it has" {
    chmod 750 "$T/tree/sub"
    chmod 711 "$T/tree/sub/deep"
    serve
    lftp -c "set net:max-retries 1; open -u me,x -p $PORT 127.0.0.1; mirror -v -R $T/tree up"
    same_tree "$T/tree" "$ROOT/up"
    [ "$(stat -c %a "$ROOT/up/sub" "$ROOT/up/sub/deep" | paste -sd' ')" = '750 711' ]
    # and once more, into the root
    lftp -c "set net:max-retries 1; open -u me,x -p $PORT 127.0.0.1; mirror -v -R $T/tree /up; mirror -v -R $T/tree /"
    same_tree "$T/tree/sub" "$ROOT/sub"
}

@test "exchange: Node's basic-ftp" {
    serve --allow "$ALL"
    cat >"$T/node.js" <<'JS'
const ftp = require("basic-ftp");
const [port, file, tree, back] = process.argv.slice(2);
(async () => {
    const client = new ftp.Client();
    await client.access({ host: "127.0.0.1", port: Number(port), user: "me", password: "x" });
    await client.uploadFrom(file, "up");
    await client.appendFrom(file, "up");
    if (await client.size("up") !== 600000) throw new Error("size");
    await client.remove("up");
    await client.uploadFromDir(tree, "tree");
    await client.downloadToDir(back, "tree");
    await client.ensureDir("/a/b");
    await client.cd("/");
    await client.rename("tree", "a/tree");
    const names = (await client.list("a")).map(i => i.name).sort().join(" ");
    if (names !== "b tree") throw new Error(names);
    await client.removeDir("a");
    await client.uploadFrom(file, "last");
    client.close(); // without QUIT
})().catch(error => { console.error(error); process.exit(1); });
JS
    NODE_PATH=$TOP/build/npm/node_modules node "$T/node.js" "$PORT" "$T/file" "$T/tree" "$T/back"
    same_tree "$T/tree" "$T/back"
    same "$T/file" "$ROOT/last"
    root_holds last
}

@test "exchange: Node's jsftp lists what it has just put" {
    serve --allow "$ALL"
    cat >"$T/node.js" <<'JS'
const Ftp = require("jsftp");
const [port, file] = process.argv.slice(2), bytes = require("fs").readFileSync(file);
const ftp = new Ftp({ host: "127.0.0.1", port: Number(port), user: "me", pass: "x" });
const must = error => { if (error) { console.error(error); process.exit(1); } };
ftp.on("error", must);
(function put(number) {
    if (number > 5) return ftp.raw("quit", () => process.exit());
    ftp.put(bytes, "up" + number, error => {
        must(error);
        ftp.ls(".", (error, found) => { // STAT, as soon as it has closed the data connection
            must(error);
            if (found.length !== number) must("listed: " + found.map(f => f.name));
            put(number + 1);
        });
    });
})(1);
JS
    NODE_PATH=$TOP/build/npm/node_modules node "$T/node.js" "$PORT" "$T/file"
    same "$T/file" "$ROOT/up5"
    root_holds up1 up2 up3 up4 up5
}

@test "exchange: busybox ftpput and ftpget" {
    serve --allow "$ALL"
    busybox ftpput -u me -p x -P "$PORT" 127.0.0.1 up "$T/file"
    same "$T/file" "$ROOT/up"
    busybox ftpget -u me -p x -P "$PORT" 127.0.0.1 "$T/back/file" up
    same "$T/file" "$T/back/file"
    head -c 1000 "$T/file" >"$T/back/part"
    busybox ftpget -c -u me -p x -P "$PORT" 127.0.0.1 "$T/back/part" up
    same "$T/file" "$T/back/part"
}

@test "exchange: aria2 gets small files and large ones, and need not wait for a reply that it has already" {
    serve --allow "$ALL"
    cp -r "$T/tree" "$T/file" "$ROOT"
    random_file "$ROOT/large" 20000000
    printf '%s\n' "ftp://me:x@127.0.0.1:$PORT/"{file,large,tree/one} >"$T/list"
    local way
    for way in '-j 1' '-j 3' '-x 4 -k 1M'; do
        rm -rf "$T/back"
        # shellcheck disable=SC2086 # several words
        timeout 60 aria2c -q --timeout=600 $way -d "$T/back" -i "$T/list"
        same "$T/file" "$T/back/file"
        same "$ROOT/large" "$T/back/large"
        same "$T/tree/one" "$T/back/one"
    done
}

@test "exchange: Python's ftplib: storbinary, storlines, rest, retr, mlsd, nlst, rename" {
    serve --allow "$ALL"
    cat >"$T/exchange.py" <<'PY'
import ftplib, io, sys
port, path = int(sys.argv[1]), sys.argv[2]
data = open(path, "rb").read()
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", port)
ftp.login("me", "x")
ftp.storbinary("STOR up", io.BytesIO(data))
ftp.storbinary("STOR up", io.BytesIO(data[1000:]), rest=1000)
got = io.BytesIO()
ftp.retrbinary("RETR up", got.write)
assert got.getvalue() == data
got = io.BytesIO()
ftp.retrbinary("RETR up", got.write, rest=1000)
assert got.getvalue() == data[1000:]
ftp.storlines("STOR text", io.BytesIO(b"a\nb\r\nc"))
lines = []
ftp.retrlines("RETR text", lines.append)
assert lines == ["a", "b", "c"], lines
assert sorted(ftp.nlst()) == ["text", "up"]
assert {n: f["type"] for n, f in ftp.mlsd(facts=["type", "size"])} == {"text": "file", "up": "file"}
ftp.voidcmd("TYPE I")
assert ftp.size("up") == len(data)
assert ftp.mkd("d") == "/d" and ftp.pwd() == "/"
ftp.rename("text", "d/text")
ftp.delete("d/text")
ftp.rmd("d")
try:
    ftp.cwd("none")
    sys.exit("cwd none")
except ftplib.error_perm as error:
    assert str(error).startswith("550")
ftp.set_pasv(False)
ftp.storbinary("STOR active", io.BytesIO(data))
ftp.quit()
PY
    command -p python3 "$T/exchange.py" "$PORT" "$T/file"
    same "$T/file" "$ROOT/active"
    root_holds active up
}
