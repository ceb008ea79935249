# The FTP clients that people have: what each of them sends arrives whole, under
# the name that it gave.
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # each test has its own environment

bats_require_minimum_version 1.5.0
load helpers
load tls

SIZES=(0 1 1048576 67108864)

setup_file() {
    need curl lftp python3 busybox ncftpput wput kermit lua5.4 mono mcs
    local size
    for size in "${SIZES[@]}"; do random_file "$BATS_FILE_TMPDIR/$size" "$size"; done
}

setup() {
    setup_sandbox
    # No settings of whoever runs the tests, and none left behind
    export HOME=$T/home
    mkdir "$HOME"
    # 255 bytes are what file systems allow.
    NAMES=('with  two spaces' 'Übergrößenträger-日本.pdf' '-leading-dash' '100%25 #1 &co;[x]' "$(printf 'x%.0s' {1..255})")
}
teardown() { teardown_sandbox; }

# uploads_all_with PUT: where PUT FILE NAME uploads FILE as NAME
uploads_all_with() {
    local size name
    for size in "${SIZES[@]}"; do
        "$1" "$BATS_FILE_TMPDIR/$size" "file.$size" || fail "$1 failed for $size bytes" || return
        same "$BATS_FILE_TMPDIR/$size" "$ROOT/file.$size"
    done
    for name in "${NAMES[@]}"; do
        random_file "$T/sent" 4321
        "$1" "$T/sent" "$name" || fail "$1 failed for the name $name" || return
        same "$T/sent" "$ROOT/$name"
    done
    [ "$(find "$ROOT" -mindepth 1 ! -path "*/.stord.*" | wc -l)" = $((${#SIZES[@]} + ${#NAMES[@]})) ] ||
        fail "there is more than what was sent"
}

# url_of HOST NAME
url_of() {
    local LC_ALL=C i c path=
    for ((i = 0; i < ${#2}; i++)); do
        c=${2:i:1}
        case $c in
        [A-Za-z0-9._~-]) path+=$c ;;
        *) path+=$(printf '%%%02X' "'$c") ;;
        esac
    done
    printf 'ftp://%s:%s/%s\n' "$1" "$PORT" "$path"
}

put_with_curl() { curl -sS -T "$1" "$(url_of 127.0.0.1 "$2")"; }
put_with_curl_6() { curl -sS -g -T "$1" "$(url_of '[::1]' "$2")"; }
put_with_lftp() {
    local name=${2//\\/\\\\}
    lftp -c "open -u me,secret -p $PORT 127.0.0.1; put \"$1\" -o \"${name//\"/\\\"}\""
}
put_with_ftplib() {
    python3 - "$PORT" "$1" "$2" <<'PY'
import ftplib, sys
port, path, name = sys.argv[1:]
with ftplib.FTP() as ftp, open(path, "rb") as file:
    ftp.connect("127.0.0.1", int(port))
    ftp.login("me", "secret")
    ftp.storbinary("STOR " + name, file)
PY
}
put_with_busybox() { busybox ftpput -u me -p secret -P "$PORT" -- 127.0.0.1 "$2" "$1"; }
put_with_ncftp() { ncftpput -V -t 20 -u me -p secret -P "$PORT" -C 127.0.0.1 "$1" "$2"; }
put_with_wput() { wput --quiet --tries=1 --dont-continue "$1" "$(url_of me:secret@127.0.0.1 "$2")"; }

put_with_kermit() {
    printf '%s\n' "ftp open 127.0.0.1 $PORT /user:me /password:secret" 'if fail exit 1' \
        "ftp put /binary {$1} {$2}" 'if fail exit 2' 'ftp bye' 'exit 0' >"$T/put.ksc"
    kermit "$T/put.ksc" -Y </dev/null >"$T/out" 2>&1 || { cat "$T/out" >&2; return 1; }
}
put_with_luasocket() {
    cat >"$T/put.lua" <<'LUA'
local port, path, name = ...
assert(require("socket.ftp").put({
    host = "127.0.0.1", port = port, user = "me", password = "secret", type = "i", argument = name,
    source = require("ltn12").source.file(io.open(path, "rb"))
}))
LUA
    lua5.4 "$T/put.lua" "$PORT" "$1" "$2"
}
# by mono
put_with_net() {
    [ -e "$T/put.exe" ] || build_net || return
    mono "$T/put.exe" "$(url_of 127.0.0.1 "$2")" "$1" "${TLS:-}"
}

# build_net: a program that uploads by .NET's FtpWebRequest, as many of Windows do
build_net() {
    cat >"$T/put.cs" <<'CS'
using System;
using System.IO;
using System.Net;
class Put {
    static int Main(string[] words) {
        var request = (FtpWebRequest)WebRequest.Create(words[0]);
        request.Method = WebRequestMethods.Ftp.UploadFile;
        request.Credentials = new NetworkCredential("me", "secret");
        request.EnableSsl = words[2] == "tls";
        ServicePointManager.ServerCertificateValidationCallback = (a, b, c, d) => true;
        try {
            using (var to = request.GetRequestStream())
            using (var from = File.OpenRead(words[1]))
                from.CopyTo(to);
            using (var response = (FtpWebResponse)request.GetResponse())
                return response.StatusCode == FtpStatusCode.ClosingData ? 0 : 1;
        } catch (WebException error) {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}
CS
    mcs -out:"$T/put.exe" "$T/put.cs"
}

@test "curl" {
    serve
    uploads_all_with put_with_curl
}

@test "curl over IPv6" {
    serve6
    uploads_all_with put_with_curl_6
}

@test "curl, several files in one session" {
    serve
    local sent=() size
    for size in "${SIZES[@]}"; do
        sent+=(-T "$BATS_FILE_TMPDIR/$size" "ftp://127.0.0.1:$PORT/file.$size")
    done
    curl -sS "${sent[@]}"
    for size in "${SIZES[@]}"; do same "$BATS_FILE_TMPDIR/$size" "$ROOT/file.$size"; done
    [ "$(grep -c 'Accepted connection' "$T/serve.log")" = 1 ]
}

@test "curl, into folders that it makes on the way" {
    serve
    random_file "$T/sent" 1000
    curl -sS --ftp-create-dirs -T "$T/sent" "ftp://127.0.0.1:$PORT/2026/11%20Nov/scan.pdf"
    same "$T/sent" "$ROOT/2026/11 Nov/scan.pdf"
    # and once more, where they are
    curl -sS --ftp-create-dirs -T "$T/sent" "ftp://127.0.0.1:$PORT/2026/11%20Nov/other.pdf"
    same "$T/sent" "$ROOT/2026/11 Nov/other.pdf"
}

@test "lftp" {
    serve
    uploads_all_with put_with_lftp
}

@test "Python's ftplib" {
    serve
    uploads_all_with put_with_ftplib
}

@test "busybox ftpput" {
    serve
    uploads_all_with put_with_busybox
}

@test "ncftpput" {
    serve
    uploads_all_with put_with_ncftp
}

@test "wput" {
    serve
    uploads_all_with put_with_wput
}

@test "lftp, a folder by mirror -R -v, with the modes of the folders in it" {
    serve
    mkdir -p "$T/sent/a/b" "$T/sent/empty"
    random_file "$T/sent/a/b/file" 100000
    random_file "$T/sent/one" 1
    chmod 700 "$T/sent/a"
    chmod 600 "$T/sent/one"
    lftp -c "open -u me,secret -p $PORT 127.0.0.1; mirror -R -v $T/sent up"
    diff -r "$T/sent" "$ROOT/up"
    diff <(cd "$T/sent" && find . -mindepth 1 -printf '%P %m\n' | sort) \
        <(cd "$ROOT/up" && find . -mindepth 1 -printf '%P %m\n' | sort)
}

@test "C-Kermit" {
    serve
    NAMES=("${NAMES[@]/ #/ }") # which begins a comment there
    uploads_all_with put_with_kermit
}

@test "LuaSocket" {
    serve
    uploads_all_with put_with_luasocket
}

@test ".NET's FtpWebRequest" {
    serve
    uploads_all_with put_with_net
}

@test ".NET's FtpWebRequest with EnableSsl, which ends TLS without close_notify: nothing is stored unless that is allowed" {
    make_ca
    make_certificate server
    random_file "$T/sent" 1000000
    local TLS=tls name
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    run -1 put_with_net "$T/sent" by-net
    [[ "$output" == *426* ]]
    [ ! -e "$ROOT/by-net" ]
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key" --tls-lenient-close
    for name in by-net "${NAMES[@]}"; do
        put_with_net "$T/sent" "$name"
        same "$T/sent" "$ROOT/$name"
    done
}
