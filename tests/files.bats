# Names, folders and links: nothing outside the root (promise 4). Each test runs with openat2 and
# without it.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

walk_the_tree() {
    talk <<'STEPS'
< 220
> PWD
< 257 ^257 "/" 
> MKD a
< 257 ^257 "/a"
> MKD a/b
< 257 ^257 "/a/b"
> XMKD /a/b/c/
< 257 ^257 "/a/b/c"
> MKD a
< 550 exists
> MKD /
< 550
> MKD no/such
< 550
> CWD a/b
< 250
> XPWD
< 257 "/a/b"
> CDUP
< 250
> PWD
< 257 "/a"
> XCWD //a//b/./c/
< 250
> XCUP
< 250
> PWD
< 257 "/a/b"
> CWD
< 250
> PWD
< 257 "/"
> CDUP
< 250
> CWD ..
< 250
> CWD ../
< 250
> PWD
< 257 "/"
> CWD ../x
< 550
> CWD no
< 550
> MKD with "quotes"
< 257 "/with ""quotes"""
> CWD with "quotes"
< 250
> PWD
< 257 "/with ""quotes"""
STEPS
}

@test "files: PWD, CWD, CDUP, MKD and their X- forms" {
    both_ways walk_the_tree
}

store_in_folders() {
    mkdir -p "$ROOT/a/b"
    talk <<'STEPS'
< 220
> ALLO 1
< 200
> STOR a/b/c
< 150
>> 1
< 226
> CWD a
< 250
> ALLO 1
< 200
> STOR d
< 150
>> 2
< 226
> ALLO 1
< 200
> STOR ../e
< 150
>> 3
< 226
> ALLO 1
< 200
> STOR //a/./b//../f
< 150
>> 4
< 226
file a/b/c 1
file a/d 2
file e 3
file a/f 4
STEPS
}

@test "files: STOR into folders that exist, by relative and absolute names" {
    both_ways store_in_folders
}

odd_names() {
    local long
    long=$(printf 'n%.0s' $(seq 255))
    for name in ' lead and trail ' '-rf' 'ä€😀' '\xff\xfelatin' "$long" 'a*b?[c]' "quo'te\"s" '...' '~' '%s%n'; do
        talk <<STEPS
< 220
> ALLO 2
< 200
> STOR ${name//\\xff/\\xff\\xff}
< 150
>> ok
< 226
STEPS
        # shellcheck disable=SC2059 # the name has escapes
        [ "$(cat "$ROOT/$(printf -- "${name//%/%%}")")" = ok ]
    done
}

@test "files: odd names are stored as they are" {
    both_ways odd_names
}

# names_refused NAME...: STOR, MKD and CWD of each get 550 or 553 with a reason
names_refused() {
    local name
    for name; do
        talk <<STEPS
< 220
> EPSV
< 229
> MKD $name
< ... ^55[03] .+: .
> CWD $name
< ... ^55[03] .+: .
> STOR ${name//\\xff/\\xff\\xff}
< ... ^55[03] Failed to upload file: .
STEPS
    done
}

escapes() {
    mkdir -p "$T/outside" "$ROOT/in"
    echo secret >"$T/outside/file"
    ln -s "$T/outside" "$ROOT/out"
    ln -s "$T/outside/file" "$ROOT/link"
    ln -s ../.. "$ROOT/in/up"
    ln -s /proc/self/root "$ROOT/magic"
    ln -s loop "$ROOT/loop"
    names_refused ../x ../../etc/x in/../../x out/x in/up/x magic/tmp/x loop/x \
        ..//..//x /../x 'a\x01b' 'a\x7f' .stord.x in/.stord.x .stord./x
    for name in out link loop in in/ / . in/..; do
        talk <<STEPS
< 220
> EPSV
< 229
> STOR ${name//\\xff/\\xff\\xff}
< ... ^55[03] Failed to upload file: .
STEPS
    done
    [ "$(ls "$T/outside")" = file ]
    [ "$(cat "$T/outside/file")" = secret ]
    [ -L "$ROOT/link" ]
    root_holds in in/up link loop magic out
}

@test "files: no name and no planted link leads out of the root (promise 4)" {
    both_ways escapes
}

@test "files: a folder swapped for a link while a session is on does not lead out (promise 4)" {
    mkdir -p "$T/outside" "$ROOT/d"
    cat >"$T/race.py" <<'PY'
import os, socket, subprocess, sys, threading
root, command = sys.argv[1], sys.argv[2:]
ours, theirs = socket.socketpair()
p = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
theirs.close()
stop = False
def swap():
    while not stop:
        os.rename(root + "/d", root + "/real"); os.symlink(root + "/../outside", root + "/d")
        os.unlink(root + "/d"); os.rename(root + "/real", root + "/d")
t = threading.Thread(target=swap); t.start()
f = ours.makefile("rb"); f.readline()
stored = refused = 0
for i in range(400):
    ours.sendall(b"MKD d/x%d\r\n" % i)
    code = f.readline()[:3]
    stored += code == b"257"; refused += code == b"550"
stop = True; t.join(); f.close(); ours.close()
print(stored, refused)
sys.exit(p.wait() or stored + refused != 400)
PY
    command -p python3 "$T/race.py" "$ROOT" "$HANDLER" --root "$ROOT"
    [ -z "$(ls "$T/outside")" ]
    command -p python3 "$T/race.py" "$ROOT" "$DENY" ENOSYS openat2 -- "$HANDLER" --root "$ROOT"
    [ -z "$(ls "$T/outside")" ]
}

@test "files: the root: default is made, any other must be there" {
    cd "$T"
    printf 'STOR x\r\nhello' | "$HANDLER" 2>"$T/log"
    [ "$(cat ftpserver/x)" = hello ]
    printf 'STOR x\r\nagain' | "$HANDLER" 2>>"$T/log"
    [ "$(cat ftpserver/x)" = again ]
    run "$HANDLER" --root "$T/missing" </dev/null
    [ "$status" = 78 ]
    [[ "$output" == *"421 "* ]]
    [ ! -e "$T/missing" ]
    STORD_ROOT=$T/missing run "$HANDLER" </dev/null
    [ "$status" = 78 ]
    printf 'STOR y\r\nenv' | STORD_ROOT=$ROOT "$HANDLER" 2>>"$T/log"
    [ "$(cat "$ROOT/y")" = env ]
}
