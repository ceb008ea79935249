# How the uploader logs in: users, passwords from everywhere but the command line, accounts, refusals.
# shellcheck disable=SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client

setup() {
    setup_sandbox
    random_file "$T/file" 1000
    random_file "$T/other" 1000
    export HOME=$T/home
    mkdir "$HOME"
    unset STOR_PASSWORD
}
teardown() { teardown_sandbox; }

# asks_for USER PASSWORD...: a scripted server that wants them, and then gets the file
asks_for() {
    WANTED=$(printf '%s\n' "$@") scripted <<'PYTHON'
wanted = os.environ["WANTED"].split("\n")
accept()
say("220 Hello\r\n")
hear("FEAT")
say("211-Features:\r\n INLINE ALLO\r\n211 End\r\n")
hear("USER " + wanted[0])
say("331 Password?\r\n")
hear("PASS " + wanted[1])
if len(wanted) > 2:
    say("332 Account?\r\n")
    hear("ACCT " + wanted[2])
say("230 Fine\r\n")
hear("ALLO 1000", "STOR file")
say("200 ok\r\n150 go\r\n")
store("file", lines.read(1000))
say("226 done\r\n")
quit()
PYTHON
}

logged_in() {
    [ "$status" = 0 ]
    script_done
    [[ $output$stderr != *secret* ]]
}

@test "the user of the URL, with the password of the environment" {
    asks_for 'me@work' secret
    STOR_PASSWORD=secret run --separate-stderr "$CLIENT" -v "$T/file" "ftp://me%40work@127.0.0.1:$PORT/"
    logged_in
}

@test "--password-file has the password in its first line" {
    asks_for me 'my secret'
    printf 'my secret\r\nmore\n' >"$T/password"
    STOR_PASSWORD=other upload -u me --password-file "$T/password" "$T/file"
    logged_in
    upload -u me --password-file "$T/missing" "$T/file"
    [ "$status" = 66 ]
}

@test "~/.netrc has user, password and account of a host" {
    asks_for me secret books
    cat >"$HOME/.netrc" <<'END'
machine ftp.example.org login other password wrong
machine 127.0.0.1
    login me
    password secret
    account books
END
    chmod 600 "$HOME/.netrc"
    upload "$T/file"
    logged_in
    # -u chooses the entry
    asks_for you secret
    echo 'machine 127.0.0.1 login you password secret' >>"$HOME/.netrc"
    upload -u you "$T/file"
    logged_in
}

@test "a ~/.netrc that others may read is refused, if it has a password for that host" {
    free_port
    echo 'machine 127.0.0.1 login me password secret' >"$HOME/.netrc"
    chmod 644 "$HOME/.netrc"
    upload "$T/file"
    [ "$status" = 77 ]
    [[ $stderr == 'client: ~/.netrc: others may read it'* ]]
    serve
    run "$CLIENT" -q -h localhost -p "$PORT" "$T/file"
    [ "$status" = 0 ]
    # it is not needed
    asks_for me secret
    STOR_PASSWORD=secret upload -u me "$T/file"
    logged_in
}

@test "the password is asked for at the terminal, without echo" {
    asks_for me secret
    cat >"$T/type.py" <<'PYTHON'
import os, pty, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b": " not in seen:
    seen += os.read(terminal, 1024)
assert not termios.tcgetattr(terminal)[3] & termios.ECHO
os.write(terminal, b"secret\n")
try:
    while block := os.read(terminal, 1024):
        seen += block
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
    run --separate-stderr command -p python3 -ISc "$(cat "$T/type.py")" "$CLIENT" -v -h 127.0.0.1 -p "$PORT" -u me "$T/file"
    [[ $output == *"Password of me at 127.0.0.1:$PORT: "* ]]
    logged_in
}

@test "without a password there is a message, not a prompt into nowhere" {
    scripted <<'PYTHON'
greet_inline()
hear("USER me")
say("331 Password?\r\n")
PYTHON
    run --separate-stderr setsid -w "$CLIENT" -h 127.0.0.1 -p "$PORT" -u me "$T/file" </dev/null
    [ "$status" = 77 ]
    [[ $stderr == "client: $T/file: 127.0.0.1:$PORT: the server wants a password: "* ]]
}

@test "a password on the command line is refused, and not printed" {
    run --separate-stderr "$CLIENT" "$T/file" ftp://me:secret@127.0.0.1/
    [ "$status" = 64 ]
    [[ $output$stderr != *secret* ]]
    [[ $stderr == *'a password does not belong there'* ]]
}

@test "a refused login ends the session with that reply, be it anonymous or not" {
    scripted <<'PYTHON'
accept()
say("220 Hello\r\n")
hear("FEAT")
say("500 What?\r\n")
hear("USER anonymous")
say("530 No guests\r\n")
ended()
accept()
say("220 Hello\r\n")
hear("FEAT")
say("500 What?\r\n")
hear("USER me")
say("331 Password?\r\n")
hear("PASS wrong")
say("530 Not you\r\n")
ended()
PYTHON
    upload "$T/file"
    [ "$status" = 77 ]
    [ "$stderr" = "client: $T/file: $SERVER: login as anonymous: 530 No guests" ]
    STOR_PASSWORD=wrong upload -u me "$T/file" "$T/other"
    [ "$status" = 77 ]
    [ "${stderr_lines[0]}" = "client: $T/file: $SERVER: 530 Not you" ]
    [ "${stderr_lines[1]}" = "client: 1 more file: not sent" ]
    script_done
}

@test "a server that wants an account and gets none is told as such" {
    scripted <<'PYTHON'
greet_inline()
hear("USER me")
say("332 Account?\r\n")
ended()
PYTHON
    run --separate-stderr setsid -w "$CLIENT" -h 127.0.0.1 -p "$PORT" -u me "$T/file" </dev/null
    [ "$status" = 77 ]
    [[ $stderr == *'the server wants an account'* ]]
    script_done
    asks_for me secret books
    STOR_PASSWORD=secret STOR_ACCOUNT=books upload -u me "$T/file"
    logged_in
}

@test "two users, of the URL and of -u, are wrong usage" {
    run -64 --separate-stderr "$CLIENT" -u you "$T/file" ftp://me@127.0.0.1/
}

@test "an account that is wanted only when a file is to be stored is given then, once a session" {
    local code
    for code in 332 532; do
        CODE=$code scripted <<'PYTHON'
def offer():
    hear("EPSV")
    return passive("229 Extended (|||{port}|)\r\n")
def refuse_store(name):
    offer()
    hear("STOR " + name)
    say(os.environ["CODE"] + " Need account for storing files\r\n")
greet_ordinary()
refuse_store("file")
hear("ACCT books")
say("230 Fine\r\n")
for name in "file", "other":
    data = offer()
    hear("STOR " + name)
    say("150 Go\r\n")
    store(name, receive(data)[0])
    say("226 Done\r\n")
quit()
# it helps nothing, or is refused, or there is none
greet_ordinary()
refuse_store("file")
hear("ACCT books")
say("202 Superfluous\r\n")
refuse_store("file")
quit()
greet_ordinary()
refuse_store("file")
hear("ACCT books")
say("530 No such account\r\n")
quit()
greet_ordinary()
refuse_store("file")
quit()
PYTHON
        STOR_ACCOUNT=books upload "$T/file" "$T/other"
        [ "$status" = 0 ]
        stored "$T/file" "$T/other"
        STOR_ACCOUNT=books upload --retry 1 "$T/file"
        [ "$status" = 77 ]
        [ "$stderr" = "client: $T/file: $SERVER: $code Need account for storing files" ]
        STOR_ACCOUNT=books upload "$T/file"
        [ "$status" = 77 ]
        [ "$stderr" = "client: $T/file: $SERVER: ACCT: 530 No such account" ]
        run --separate-stderr setsid -w "$CLIENT" -h 127.0.0.1 -p "$PORT" "$T/file" </dev/null
        [ "$status" = 77 ]
        [[ $stderr == *'the server wants an account'* ]]
        script_done
    done
}

@test "what is sent is one command, whatever ~/.netrc has; byte 255 is doubled in passwords, too" {
    printf 'machine 127.0.0.1 login me password "se\xffcret" machine 127.0.0.1 login you password "a\r\nDELE x"' >"$HOME/.netrc"
    chmod 600 "$HOME/.netrc"
    scripted <<'PYTHON'
greet_inline()
hear("USER me")
say("331 Password?\r\n")
line = lines.readline()
assert line == b"PASS se\xff\xffcret\r\n", line
say("230 Fine\r\n")
hear("ALLO 1000", "STOR file")
store("file", lines.read(1000))
say("200 ok\r\n150 go\r\n226 done\r\n")
quit()
greet_inline()
hear("USER you")
say("331 Password?\r\n")
ended()
PYTHON
    upload -u me "$T/file"
    [ "$status" = 0 ]
    upload -u you "$T/file"
    [ "$status" = 1 ]
    [[ $stderr == *'has a line break' ]]
    script_done
}

@test "our server that wants a login gets one as anonymous; that which refuses it is asked once, not for each file" {
    printf 'me:%s:/home/me:upload,mkdir,list:\n' "$(printf 'secret\n' | "$HANDLER" --hash)" >"$T/users"
    serve --users "$T/users" --anonymous
    mkdir "$T/tree"
    cp "$T/file" "$T/tree/in"
    upload -r --mkdir --dir new "$T/tree" "$T/file"
    [ "$status" = 0 ]
    [ "$(sessions)" = 2 ]
    same "$T/file" "$ROOT/new/tree/in"
    upload "$T/file" "$T/other"
    [ "$status" = 0 ]
    [ "$(sessions)" = 2 ]
    stored "$T/file" "$T/other"
    upload --name piped - < <(cat "$T/file")
    [ "$status" = 0 ]
    same "$T/file" "$ROOT/piped"
    unset STOR_PASSWORD
    upload -u anonymous --name named "$T/file"
    [ "$status" = 0 ]
    same "$T/file" "$ROOT/named"
    serve --users "$T/users"
    upload --retry 3 "$T/file" "$T/other"
    [ "$status" = 77 ]
    [ "$(sessions)" = 2 ]
    [ "${stderr_lines[0]}" = "client: $T/file: $SERVER: login as anonymous: 530 Login incorrect" ]
    [ "${stderr_lines[1]}" = "client: 1 more file: not sent" ]
}
