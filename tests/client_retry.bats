# The uploader does not give up, and never lies: retries, resuming, temporary names, verifying, times.
# shellcheck disable=SC2153,SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client

setup() {
    setup_sandbox
    random_file "$T/file" 1000
    random_file "$T/large" 6000000
}
teardown() { teardown_sandbox; }

@test "--retry: network trouble and 4yz are tried again, up to N times" {
    scripted <<'PYTHON'
def try_it(reply):
    hear("ALLO 1000", "STOR file")
    lines.read(1000)
    say("200 ok\r\n150 go\r\n" + reply)
greet_inline()
try_it("")
conn.close()
lines.close()
accept()
say("421 Too many\r\n")
conn.close()
accept()
say("220 Hello\r\n")
try_it("450 Busy\r\n")
accept()
say("220 Hello\r\n")
try_it("226 Done\r\n")
quit()
PYTHON
    upload --retry 3 "$T/file"
    [ "$status" = 0 ]
    [ "$(grep -c 'again in' <<<"$stderr")" = 3 ]
    [[ ${stderr_lines[0]} =~ again\ in\ (0\.[5-9]|1\.0)\ s ]]
    [[ ${stderr_lines[1]} =~ again\ in\ (1\.[0-9]|2\.0)\ s ]]
    [[ ${stderr_lines[2]} =~ again\ in\ ([23]\.[0-9]|4\.0)\ s ]]
    script_done
}

@test "--retry: a server that is not there yet is waited for" {
    free_port
    spawn_python -c 'import sys, time, os
time.sleep(1)
os.execv(sys.argv[1], sys.argv[1:])' "$(command -pv python3)" "$TOP/tests/tutorial/server.py" "$PORT" "$ROOT"
    upload --retry 10 "$T/file"
    [ "$status" = 0 ]
    stored "$T/file"
    [[ ${stderr_lines[0]} == "client: $T/file: $SERVER: cannot connect: Connection refused (again in "* ]]
}

@test "--retry: 5yz is never tried again, nor what was confirmed" {
    scripted <<'PYTHON'
greet_inline()
for name in "file", "other":
    hear("ALLO 1000", "STOR " + name)
    lines.read(1000)
say("200 ok\r\n150 go\r\n226 done\r\n200 ok\r\n150 go\r\n553 No\r\n")
ended()
PYTHON
    random_file "$T/other" 1000
    upload --retry 3 "$T/file" "$T/other"
    [ "$status" = 1 ]
    [ "$stderr" = "client: $T/other: $SERVER: 553 No" ]
    script_done
}

@test "--retry: after N tries the last reason is told, with 75" {
    scripted <<'PYTHON'
for i in range(2):
    accept()
    say("421 Come later\r\n")
    conn.close()
PYTHON
    upload --retry 1 "$T/file" "$T/large"
    [ "$status" = 75 ]
    [ "${stderr_lines[1]}" = "client: $T/file: $SERVER: 421 Come later" ]
    [ "${stderr_lines[2]}" = "client: 1 more file: not sent" ]
    script_done
}

@test "--retry: standard input that was read is not sent again" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR x")
say("150 Go\r\n")
receive(data)
say("451 Not now\r\n")
quit()
PYTHON
    run --separate-stderr timeout 60 "$CLIENT" --retry 5 -h 127.0.0.1 -p "$PORT" --name x - < <(cat "$T/file")
    printf '%s\n' "$status" "$output" "$stderr" >&2
    cat "$SCRIPT_LOG" >&2
    [ "$status" = 75 ]
    [ "$stderr" = "client: -: 127.0.0.1:$PORT: 451 Not now" ]
    script_done
}

# ------------------------------------------------------------------------------ resuming

# partly SCRIPT: an ordinary server that takes part of "large", breaks off, and then plays SCRIPT; BEFORE: what it
# says to SIZE before that; MEANWHILE: what happens between the two sessions
partly() {
    BEFORE=${BEFORE:-550 No such file} scripted <<PYTHON
def begin():
    accept()
    say("220 Hello\r\n")
    hear("USER anonymous")
    say("230 Fine\r\n")
    hear("TYPE I")
    say("200 Binary\r\n")
greet_ordinary()
hear("SIZE large")
say(os.environ["BEFORE"] + "\r\n")
whole = break_off("large", 2000000)
exec(os.environ.get("MEANWHILE", ""))
begin()
$1
PYTHON
}
SEND_REST='
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("REST 1999999")
say("350 Go on\r\n")
hear("STOR large")
say("150 Go\r\n")
store("large", whole[:1999999] + receive(data)[0])
say("226 Done\r\n")
quit()'
SEND_ALL='
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
store("large", receive(data)[0])
say("226 Done\r\n")
quit()'

@test "an upload that broke off is resumed by SIZE and REST" {
    partly 'hear("SIZE large")
say("213 1999999\r\n")'"$SEND_REST"
    upload --retry 1 "$T/large"
    [ "$status" = 0 ]
    script_done
    stored "$T/large"
}

@test "--retry: a 226 for less than all of the file is no reason to give up" {
    scripted <<'PYTHON'
greet_ordinary()
hear("SIZE large")
say("550 No\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR large")
say("150 Go\r\n")
got = data.accept()[0]
whole = b""
while len(whole) < 2000000:
    whole += got.recv(2000000 - len(whole))
got.close()
say("226 Fine\r\n")
hear("SIZE large")
say("213 2000000\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("REST 2000000")
say("350 Go on\r\n")
hear("STOR large")
say("150 Go\r\n")
store("large", whole + receive(data)[0])
say("226 Done\r\n")
quit()
PYTHON
    upload --retry 1 "$T/large"
    [ "$status" = 0 ]
    script_done
    stored "$T/large"
}

@test "where REST is refused, APPE resumes" {
    partly 'hear("SIZE large")
say("213 1999999\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("REST 1999999")
say("502 No\r\n")
hear("APPE large")
say("150 Go\r\n")
store("large", whole[:1999999] + receive(data)[0])
say("226 Done\r\n")
quit()'
    upload --retry 1 "$T/large"
    [ "$status" = 0 ]
    script_done
    stored "$T/large"
}

@test "what may not be the beginning of this file is not resumed: longer than what was sent" {
    partly 'hear("SIZE large")
say("213 9000000\r\n")'"$SEND_ALL"
    upload --retry 1 "$T/large"
    [ "$status" = 0 ]
    script_done
    stored "$T/large"
}

@test "what may not be the beginning of this file is not resumed: as long as what was there before" {
    BEFORE='213 1999999' partly 'hear("SIZE large")
say("213 1999999\r\n")'"$SEND_ALL"
    upload --retry 1 "$T/large"
    [ "$status" = 0 ]
    script_done
    stored "$T/large"
}

@test "what may not be the beginning of this file is not resumed: the source was changed between two tries" {
    MEANWHILE='with open(os.path.dirname(ROOT) + "/large", "r+b") as file: file.write(b"new")' partly 'hear("SIZE large")
say("213 1999999\r\n")'"$SEND_ALL"
    upload --retry 1 "$T/large"
    [ "$status" = 0 ]
    script_done
    stored "$T/large"
}

@test "with digests, only the beginning of this file is resumed" {
    head -c 1999999 "$T/large" | sha256sum | cut -d' ' -f1 >"$T/digest"
    local good reply
    for good in yes no; do
        reply=$(cat "$T/digest")
        [ "$good" = yes ] || reply=${reply//[0-4]/5}
        DIGEST=$reply GOOD=$good scripted <<PYTHON
def greet():
    accept()
    say("220 Hello\r\n")
def login():
    hear("USER anonymous")
    say("230 Fine\r\n")
    hear("TYPE I")
    say("200 Binary\r\n")
greet()
hear("FEAT")
say("211-Features:\r\n XSHA256\r\n211 End\r\n")
login()
hear("SIZE large")
say("550 No\r\n")
whole = break_off("large", 2000000)
greet()
login()
hear("SIZE large")
say("213 1999999\r\n")
hear("XSHA256 large")
say("250 " + os.environ["DIGEST"] + "\r\n")
if os.environ["GOOD"] == "yes":
    $(sed '1d; s/^/    /' <<<"$SEND_REST" | sed '1s/^    //')
else:
    $(sed '1d; s/^/    /' <<<"$SEND_ALL" | sed '1s/^    //')
PYTHON
        upload --retry 1 "$T/large"
        [ "$status" = 0 ]
        script_done
        stored "$T/large"
        rm "$ROOT/large"
    done
}

@test "an upload to our server that broke off is resumed, inline" {
    serve
    free_port
    local server=$PORT
    # a relay that cuts the first connection after 3 MB
    serve
    server=$PORT
    free_port
    spawn_python -c '
import socket, sys, threading
port, server = map(int, sys.argv[1:])
listener = socket.create_server(("127.0.0.1", port))
def relay(a, b, most):
    try:
        while most > 0 and (block := a.recv(min(65536, most))):
            b.sendall(block)
            most -= len(block)
    except OSError:
        pass
    for end in a, b:
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass
most = 3000000
while True:
    here = listener.accept()[0]
    there = socket.create_connection(("127.0.0.1", server))
    threading.Thread(target=relay, args=(here, there, most)).start()
    threading.Thread(target=relay, args=(there, here, 1 << 60)).start()
    most = 1 << 60' "$PORT" "$server"
    wait_port "$PORT"
    upload --retry 2 "$T/large"
    [ "$status" = 0 ]
    stored "$T/large"
    [[ $output == *$'\n213 2'* && $output == *$'\n350 '* ]]
}

# ------------------------------------------------------------------ temporary names

@test "--temp uploads under another name and renames, but not where uploads are transactions" {
    scripted <<'PYTHON'
for prefix in ".in.", "part-":
    greet_ordinary()
    hear("EPSV")
    data = passive("229 Extended (|||{port}|)\r\n")
    hear(f"STOR {prefix}file")
    say("150 Go\r\n")
    store("file", receive(data)[0])
    say("226 Done\r\n")
    hear(f"RNFR {prefix}file")
    say("350 Ready\r\n")
    hear("RNTO file")
    say("250 Done\r\n")
    quit()
PYTHON
    upload --temp "$T/file"
    [ "$status" = 0 ]
    stored "$T/file"
    upload --temp=part- "$T/file"
    [ "$status" = 0 ]
    script_done
    local server
    for server in pyftpd proftpd serve; do
        "$server"
        upload --temp "$T/file" "$T/large"
        [ "$status" = 0 ]
        stored "$T/file" "$T/large"
        [ "$(find "$ROOT" -name '.in.*')" = '' ]
        [ "$server" != serve ] || [[ $output != *$'\n350 '* ]]
        kill_spawned
        rm -rf "${ROOT:?}"/*
    done
}

@test "a rename that is refused is a failure, with the name that it has there" {
    scripted <<'PYTHON'
greet_ordinary()
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("STOR .in.file")
say("150 Go\r\n")
receive(data)
say("226 Done\r\n")
hear("RNFR .in.file")
say("350 Ready\r\n")
hear("RNTO file")
say("553 It is there\r\n")
quit()
PYTHON
    upload --temp --delete "$T/file"
    [ "$status" = 1 ]
    [ "$stderr" = "client: $T/file: $SERVER: uploaded as .in.file, not renamed: 553 It is there" ]
    [ -e "$T/file" ]
    script_done
}

# What scripted servers do again and again
AGAIN='
def again():
    accept()
    say("220 Hello\r\n")
    hear("USER anonymous")
    say("230 Fine\r\n")
    hear("TYPE I")
    say("200 Binary\r\n")
def take(name):
    hear("EPSV")
    data = passive("229 Extended (|||{port}|)\r\n")
    hear("STOR " + name)
    say("150 Go\r\n")
    store("file", receive(data)[0])
    say("226 Done\r\n")
def cut():
    conn.close()
    lines.close()
'

@test "--retry: what was confirmed is not sent again, only what is to be done after that" {
    scripted <<PYTHON
$AGAIN
greet_ordinary()
take(".in.file")
hear("RNFR .in.file")
cut()
again()
hear("RNFR .in.file")
say("350 Ready\r\n")
hear("RNTO file")
say("250 Done\r\n")
hear("SIZE file")
say("450 Busy\r\n")
hear("SIZE file")
say("213 1000\r\n")
quit()
PYTHON
    upload --retry 2 --temp --verify=size --delete "$T/file"
    [ "$status" = 0 ]
    script_done
    [ ! -e "$T/file" ]
}

@test "--retry: inline files that were confirmed are not sent again when verifying them breaks off" {
    scripted <<'PYTHON'
greet_inline()
for name in "file", "other":
    hear("ALLO 1000", "STOR " + name)
    lines.read(1000)
    say("200 ok\r\n150 go\r\n226 done\r\n")
hear("TYPE I")
conn.close()
lines.close()
accept()
say("220 Hello\r\n")
hear("TYPE I")
say("200 Fine\r\n")
for name in "other", "file":
    hear("SIZE " + name)
    say("213 1000\r\n")
quit()
PYTHON
    random_file "$T/other" 1000
    upload --retry 1 --verify=size "$T/file" "$T/other"
    [ "$status" = 0 ]
    script_done
}

@test "--retry: where the reply to RNTO was lost, and there is nothing to rename, the file is sent again" {
    scripted <<PYTHON
$AGAIN
greet_ordinary()
take(".in.file")
hear("RNFR .in.file")
say("350 Ready\r\n")
hear("RNTO file")
cut()
again()
hear("RNFR .in.file")
say("550 No such file\r\n")
take(".in.file")
hear("RNFR .in.file")
say("350 Ready\r\n")
hear("RNTO file")
say("250 Done\r\n")
quit()
PYTHON
    upload --retry 2 --temp "$T/file"
    [ "$status" = 0 ]
    script_done
}

# -------------------------------------------------------------------- verifying, times

@test "--verify=size and hash, by servers that give them" {
    proftpd
    upload --verify=size "$T/file" "$T/large"
    [ "$status" = 0 ]
    [[ $output == *$'\n213 6000000\n'* ]]
    upload --verify=hash "$T/file" "$T/large"
    [ "$status" = 0 ]
    grep -E "^213 SHA-512 0-[0-9]+ $(sha512sum "$T/file" | cut -d' ' -f1) " <<<"$output"
    serve
    upload --verify=size "$T/file" "$T/large"
    [ "$status" = 0 ]
    [[ $output == *$'\n213 6000000\n'* ]]
}

@test "--verify=hash: stord is told the digest beforehand, and stores nothing else" {
    local sum
    sum=$(sha256sum <"$T/file" | cut -d' ' -f1)
    serve --checksum sha256 --allow upload,replace,read
    upload --verify=hash "$T/file" "$T/large"
    [ "$status" = 0 ]
    [ "$(grep -c '^200 The next upload must have that SHA-256' <<<"$output")" = 2 ]
    [[ $output != *$'\n213 '* ]]
    cmp "$T/file" "$ROOT/file"
    cmp "$T/large" "$ROOT/large"
    upload --verify=hash --name piped - < <(cat "$T/file")
    [ "$status" = 66 ] # it cannot be read again, and is stored
    [[ $output == *"213 SHA-256 0-999 $sum piped"* ]]
    [[ $stderr == *"-: stored, not verified: "* ]]
    # what is changed on its way
    printf 'was here\n' >"$ROOT/lines"
    printf 'this is ZZZ\n' >"$T/lines"
    run --separate-stderr timeout 60 "$CLIENT" --verify=hash \
        -e "sed -u s/ZZZ/ZZY/ | '$HANDLER' --root '$ROOT' --checksum sha256 2>'$T/log'" -h there "$T/lines"
    [ "$status" = 77 ]
    [[ $stderr == *"550 Failed to upload file: it has another SHA-256 than declared"* ]]
    [ "$(cat "$ROOT/lines")" = 'was here' ]
}

@test "--verify=hash: the digest is declared over data connections, too, to whoever announces SITE SHA256" {
    DIGEST=$(sha256sum <"$T/file" | cut -d' ' -f1) scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n EPSV\r\n SITE SHA256\r\n211 End\r\n")
hear("USER anonymous")
say("331 Password?\r\n")
hear("PASS client@")
say("230 Fine\r\n")
hear("TYPE I")
say("200 Binary\r\n")
hear("EPSV")
data = passive("229 Extended (|||{port}|)\r\n")
hear("SITE SHA256 " + os.environ["DIGEST"])
say("200 Noted\r\n")
hear("STOR file")
say("150 Go\r\n")
store("file", receive(data)[0])
say("226 Done\r\n")
quit()
PYTHON
    upload --verify=hash "$T/file"
    [ "$status" = 0 ]
    script_done
    stored "$T/file"
}

@test "HASH, XSHA512, XSHA256, XSHA1 and XMD5 are used as they are offered, the best of them" {
    local feature name
    for feature in 'HASH SHA-1*;SHA-256;MD5' 'HASH MD5*' XMD5 XSHA1 XSHA XSHA256 XSHA512; do
        case $feature in
        *256*) name=sha256 ;; *512*) name=sha512 ;; *SHA*) name=sha1 ;; *) name=md5 ;;
        esac
        DIGEST=$("${name}sum" "$T/file" | cut -d' ' -f1) FEATURE=$feature scripted <<'PYTHON'
feature, digest = os.environ["FEATURE"], os.environ["DIGEST"]
accept()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n " + feature + "\r\n211 End\r\n")
hear("ALLO 1000", "STOR file")
lines.read(1000)
say("200 ok\r\n150 go\r\n226 done\r\n")
hear("TYPE I")
say("200 Binary\r\n")
if "256;" in feature:
    hear("OPTS HASH SHA-256")
    say("200 SHA-256\r\n")
hear(feature.split()[0] + " file")
say("213 X 0-999 " + digest.upper() + " file\r\n" if "HASH" in feature else "250 " + digest + "\r\n")
quit()
PYTHON
        upload --verify=hash "$T/file"
        [ "$status" = 0 ] || fail "$feature"
        script_done
    done
}

@test "a file that is another one at the server is not called stored, and stays here" {
    local how reply
    for how in size hash; do
        HOW=$how scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n XMD5\r\n211 End\r\n")
hear("ALLO 1000", "STOR file")
lines.read(1000)
say("200 ok\r\n150 go\r\n226 done\r\n")
hear("TYPE I")
say("200 Binary\r\n")
if os.environ["HOW"] == "size":
    hear("SIZE file")
    say("213 999\r\n")
else:
    hear("XMD5 file")
    say("250 0123456789abcdef0123456789abcdef\r\n")
quit()
PYTHON
        upload --delete "--verify=$how" "$T/file"
        [ "$status" = 75 ]
        [[ $stderr == *"the server has another "*" than was sent" ]]
        [ -e "$T/file" ]
        script_done
    done
    pyftpd
    upload --verify=hash "$T/file"
    [ "$status" = 1 ]
    [[ $stderr == *'stored, not verified: the server gives no digests' ]]
}

@test "many files are verified in batches, each of them" {
    serve
    local i files=()
    for ((i = 0; i < 300; i++)); do
        random_file "$T/f$i" $((i * 10))
        files+=("$T/f$i")
    done
    upload --verify=size --times "${files[@]}"
    [ "$status" = 0 ]
    stored "${files[@]}"
    [ "$(grep -c '^226 ' <<<"$output")" = 300 ]
    [ "$(grep -c '^213 [0-9]*$' <<<"$output")" = 300 ]
    [ "$(sessions)" = 1 ]
}

@test "--times gives files the time that they have here" {
    local server
    touch -d '2020-02-29 12:34:56 UTC' "$T/file"
    for server in serve pyftpd proftpd; do
        "$server"
        upload --times "$T/file"
        [ "$status" = 0 ] || fail "$server"
        [ "$(stat -c %Y "$ROOT/file")" = "$(stat -c %Y "$T/file")" ]
        kill_spawned
        rm -rf "${ROOT:?}"/* "$ROOT/.stord.unfinished"
    done
    vsftpd
    upload --times "$T/file"
    [ "$status" != 0 ]
    [[ $stderr == *'stored, its time not set: 5'* ]]
}
