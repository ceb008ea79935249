# Logging in: USER and PASS, in every order; the credential helper; what is left in memory.
# bats file_tags=asan,slow
# shellcheck shell=bats
# shellcheck disable=SC2016,SC2034 # hashes have dollars; WRAP is for session.bash
bats_require_minimum_version 1.5.0
load session

setup() {
    setup_sandbox
    users "me:$(hash secret):/::" "you:$(hash other):/you::"
}
teardown() { teardown_sandbox; }

# A hash that takes minutes
ENDLESS='$6$rounds=999999999$salt$'$(printf '%086d' 0)

# login STEPS...: talk, with the users file
login() { talk "$@" --users "$T/users"; }

# ---------------------------------------------------------------------- replies

@test "login: nothing is served before it, everything after it" {
    login <<'STEPS'
< 220
> PWD
< 530 USER and PASS come first
> PASV
< 530
> MKD x
< 530
> STAT /
< 530
> ACCT x
< 530
> FEAT
< 211
> USER me
< 331
> MKD x
< 530
> PASS secret
< 230
> MKD x
< 257
> USER me
< 530 Already logged in
> PASS secret
< 230 Already
> PASS wrong
< 230 Already
> USER you
< 530 Already logged in
> ACCT x
< 202
> PWD
< 257 "/"
> REIN
< 421 Connect again
closed
STEPS
    logged 'Logged in: me from 127\.0\.0\.1:[0-9]+$'
    [ "$(grep -c 'Logged in' "$T/log")" = 1 ]
}

@test "login: an inline upload before it ends the session, and none of its bytes are commands" {
    login <<'STEPS'
< 220
> STOR x
< 530
>> USER me\r\nPASS secret\r\nMKD evil\r\n
eof
closed
nofile evil
STEPS
    not_logged 'Logged in'
}

@test "login: PASS before USER, names that are empty, and the last USER counts" {
    login <<'STEPS'
< 220
> PASS secret
< 503 USER comes before PASS
> USER
< 501
> USER you
< 331
> USER me
< 331
> PASS secret
< 230
> STOR mine
< 150
>> x
eof
< 226
closed
file mine x
nofile you
STEPS
}

@test "login: a user that is not there, a wrong password and a locked user are told the same" {
    users "me:$(hash secret):/::" "gone:!$(hash secret):/::" "never:*:/::" "elsewhere:$(hash secret):/::from=192.0.2.0/24" \
        "both:!$(hash secret):/::cert=CN=both" "card:!:/::cert=CN=card"
    for user in me nobody gone never elsewhere both card "$(printf '%065d' 0)"; do
        password=secret
        if [ "$user" = me ]; then password=wrong; fi
        at_once login <<STEPS
< 220
> USER $user
< 331 Now send PASS
> PASS $password
< 530 ^530 Login incorrect$
> PWD
< 530
STEPS
    done
    all_done
    logged 'Login failed from 127\.0\.0\.1:[0-9]+: user me$'
    logged 'Login failed from 127\.0\.0\.1:[0-9]+: user nobody$'
    not_logged 'Logged in'
    # The log alone says why, always with the peer
    local why='the password is wrong: user me|there is no such user: user (nobody|)|locked: user (gone|never|both)'
    why+='|may not log in from there: user elsewhere|there is no password, only a certificate: user card'
    [ "$(grep -cE "Login refused from 127\.0\.0\.1:[0-9]+: ($why)$" "$T/log")" = 8 ]
    [ "$(grep -cE 'Login failed from 127\.0\.0\.1:[0-9]+: user ' "$T/log")" = 8 ]
}

@test "login: the third wrong password ends the session, whatever the names and what stood between" {
    login <<'STEPS'
< 220
> USER me
< 331
> PASS wrong
< 530
> REIN
< 220
> USER you
< 331
> PASS secret
< 530
> NOOP
< 200
> USER me
< 331
> PASS
< 421 Too many wrong passwords
closed
STEPS
    [ "$(grep -c 'Login failed' "$T/log")" = 3 ]
    login <<'STEPS'
< 220
> USER me
< 331
> PASS wrong
< 530
> PASS Secret
< 530
> PASS secret
< 230
STEPS
}

@test "login: a wrong password is answered a second after it came, however long hashing took, and logged at once" {
    need strace
    local slow
    slow=$(perl -e 'print crypt("x", q($6$rounds=100000$salt$))')
    users "me:$slow:/::"
    (
        WRAP=(strace -f -qq -o "$T/trace" -s 200 -e 'trace=poll,write,sendto')
        export ASAN_OPTIONS=detect_leaks=0
        login <<'STEPS'
< 220
> USER me
< 331
> PASS wrong
< 530
STEPS
    )
    # the log line, a wait for the rest of a second that nothing cuts short, the reply
    grep -oE 'write\(2, ".*Login failed|poll\(.*, [1-9][0-9]{0,2}\) += 0 \(Timeout\)|sendto\(.*"530 Login incorrect' "$T/trace" |
        cut -c1-5 | paste -sd' ' | grep -x 'write poll( sendt'
}

# --------------------------------------------------------------------- pipelining

@test "login: everything may come in one packet, with a file behind it, or byte by byte" {
    for mode in packet bytes lines; do
        rm -f "$ROOT/file"
        login -m $mode <<'STEPS'
< 220
> USER me
> PASS secret
> TYPE I
> ALLO 24
> STOR file
>> PASS no command\r\nQUIT\r\n 
> NOOP
> QUIT
< 331
< 230
< 200
< 200
< 150
< 226
< 200
< 221
closed
STEPS
    done
    [ "$(head -c 24 "$ROOT/file" | tr -d '\r' | paste -sd'|')" = 'PASS no command|QUIT| ' ]
    login -m packet <<'STEPS'
< 220
> USER me
> PASS wrong
> PASS secret
> STOR to-the-end
>> bytes\r\nQUIT\r\n
eof
< 331
< 530
< 230
< 150
< 226
closed
file to-the-end bytes\r\nQUIT\r\n
STEPS
}

@test "login: USER and PASS during a transfer wait for its end" {
    login <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
> EPSV
< 229
> STOR file
connect
< 150
data one
> USER you
> PASS other
silence
data two
done
< 226
< 530
< 230 Already
file file onetwo
STEPS
}

@test "login: a PASS line of a mebibyte is too long, and no more than that" {
    cat >"$T/long.py" <<'PY'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
p = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
replies = ours.makefile("rb")
def say(data, code):
    ours.sendall(data)
    line = replies.readline()
    if not line.startswith(code):
        sys.exit(f"got {line}")
def peak():
    with open(f"/proc/{p.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
say(b"", b"220")
say(b"USER me\r\n", b"331")
before = peak()
say(b"PASS " + b"hunter2-" * 131072 + b"\r\n", b"500 Command line too long")
grown = peak() - before
if grown > 128:
    sys.exit(f"it grew by {grown} KiB")
say(b"PASS secret\r\n", b"230")
say(b"QUIT\r\n", b"221")
sys.exit(p.wait())
PY
    command -p python3 "$T/long.py" "$HANDLER" --root "$ROOT" --users "$T/users" --log-level debug 2>"$T/log"
    logged 'Received command: PASS \*\*\*$'
    not_logged 'hunter2|secret'
}

# ------------------------------------------------------------------------- cost

# hashed STEPS...: login; $HASHED has a line for each password that was hashed, what with
hashed() {
    local WRAP=(env "LD_PRELOAD=$TOP/build/tools/count_crypt.so" "COUNT_CRYPT=$HASHED" ASAN_OPTIONS=verify_asan_link_order=0)
    : >"$HASHED"
    login "$@"
}

# fail_as USER FILE: hashed, with a wrong password; HASHED is the file
fail_as() {
    local HASHED=$2
    hashed --log stderr <<STEPS
< 220
> USER $1
< 331
> PASS wrong
< 530
STEPS
}

@test "login: a user that is not there costs what a wrong password costs: one hash like the others" {
    # shellcheck disable=SC2016
    local strong='$6$rounds=1000$salt$'
    users "me:$(hash secret):/::" "gone:!:/::" "elsewhere:$(hash x):/::from=192.0.2.0/24" "secure:$(hash x):/::tls" \
        "over:$(hash x):/::until=2001-01-01"
    mkdir "$T/by" "$T/none"
    for user in me nobody gone elsewhere secure over "$(printf '%065d' 0)" $'\xff' '%s'; do
        at_once fail_as "$user" "$T/by/$user"
    done
    all_done
    for hashed in "$T/by"/*; do
        [ "$(cut -c1-20 "$hashed")" = "$strong" ] || fail "$hashed: $(cat "$hashed")"
    done
    # With nobody's hash to borrow, there is a strong one all the same
    users 'gone:!:/::'
    for user in nobody gone; do at_once fail_as "$user" "$T/none/$user"; done
    all_done
    for user in nobody gone; do
        [ "$(cut -c1-3 "$T/none/$user")" = '$y$' ]
        [ "$(wc -l <"$T/none/$user")" = 1 ]
    done
    # of several kinds, a name always gets the same
    # shellcheck disable=SC2016
    users "me:$(hash secret):/::" 'a:$2b$04$abcdefghijklmnopqrstuuVx1J1GmTHqj2iKDqE3s0qK0K6LYtGcK:/::' 'b:$y$j75$salt$'"$(printf '%043d' 0):/::"
    at_once fail_as nobody "$T/first"
    at_once fail_as nobody "$T/second"
    all_done
    diff "$T/first" "$T/second"
}

# ----------------------------------------------------------------------- helper

@test "login: the credential helper is gone after login, the third failure, and the end" {
    at_once login <<'STEPS'
< 220
helpers 1
> USER me
< 331
> PASS wrong
< 530
helpers 1
> PASS secret
< 230
helpers 0
> NOOP
< 200
STEPS
    at_once login <<'STEPS'
< 220
helpers 1
> USER me
< 331
> PASS 1
< 530
> PASS 2
< 530
> PASS 3
< 421
closed
STEPS
    all_done
    for end in eof vanish killed '> QUIT'; do
        login <<STEPS
< 220
helpers 1
$end
STEPS
    done
    talk --users "$T/users" --anonymous <<'STEPS'
< 220
helpers 1
> USER anonymous
< 331
> PASS me@
< 230
helpers 0
STEPS
    talk <<'STEPS'
< 220
helpers 0
STEPS
}

@test "login: the credential helper is gone after the login time-out, also in the middle of a long hash" {
    login --login-timeout 1 <<'STEPS'
< 220
helpers 1
< 421 Not logged in for 1 seconds
closed
STEPS
    users "me:$ENDLESS:/::"
    login --login-timeout 1 <<'STEPS'
< 220
helpers 1
> USER me
< 331
> PASS x
< 421
closed
STEPS
    logged 'No answer from the credential helper'
}

@test "login: REIN gives no more time to log in" {
    cat >"$T/rein.py" <<'PY'
import socket, subprocess, sys, time
ours, theirs = socket.socketpair()
p = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
ours.settimeout(20)
seen = b""
while b"421 Not logged in" not in seen:
    try:
        ours.sendall(b"REIN\r\n")
    except BrokenPipeError:
        pass
    piece = ours.recv(65536)
    if not piece:
        sys.exit("closed without 421")
    seen = seen[-100:] + piece
    time.sleep(0.05)
PY
    command -p python3 "$T/rein.py" "$HANDLER" --root "$ROOT" --users "$T/users" --login-timeout 1 2>"$T/log"
}

@test "login: whoever vanishes, or is stopped, during a long hash leaves no helper" {
    users "me:$ENDLESS:/::"
    for end in vanish killed; do
        login <<STEPS
< 220
helpers 1
> USER me
< 331
> PASS x
silence
helpers 1
$end
STEPS
    done
    login -o pair <<STEPS
< 220
helpers 1
> USER me
< 331
> PASS x
silence
STEPS
    # A client that has only ended its own half waits for the reply
    users "me:$(hash secret):/::"
    login -m packet <<'STEPS'
> USER me
> PASS secret
> PWD
eof
< 220
< 331
< 230
< 257
closed
STEPS
}

@test "login: a helper that is killed lets nobody in" {
    users "me:$ENDLESS:/::"
    cat >"$T/kill.py" <<'PY'
import os, signal, socket, subprocess, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import processes
ours, theirs = socket.socketpair()
p = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs)
theirs.close()
replies = ours.makefile("rb")
replies.readline()
helper, = processes.children(p.pid)
ours.sendall(b"USER me\r\nPASS x\r\n")
os.kill(helper, signal.SIGKILL)
print(replies.read().decode(), p.wait())
PY
    command -p python3 "$T/kill.py" "$TOP/tests" "$HANDLER" --root "$ROOT" --users "$T/users" 2>"$T/log" >"$T/out"
    cat "$T/out" "$T/log"
    tr -d '\r' <"$T/out" | cut -c1-4 | paste -sd'|' | grep -x '331 |421 | 0'
    logged 'No answer from the credential helper'
}

# ----------------------------------------------------------------------- memory

@test "login: neither hashes nor names of the users file are ever in the session's memory" {
    need_root 'reads the memory of processes'
    users "me:$(hash secret):/::" 'zebra-crossing:!:/pelican::' "you:$ENDLESS:/::"
    half=$(hash secret)
    half=${half:30}
    login <<STEPS
< 220
holds Welcome to the FTP server
lacks $half
> USER me
< 331
> PASS wrong
< 530
helper-holds $half
helper-holds zebra-crossing
lacks $half
lacks zebra-crossing
> PASS secret
< 230
helpers 0
lacks $half
lacks zebra-crossing
lacks pelican
STEPS
}

@test "login: no password stays in the session's memory" {
    need_root 'reads the memory of processes'
    # The sanitizers' library, unlike ours, is bound at its first calls, for which the loader saves vector registers.
    if grep -q __asan_init "$HANDLER"; then export LD_BIND_NOW=1; fi
    users "me:$(hash my-sesame-opens):/::"
    for mode in lines bytes; do
        login -m $mode --log-level debug <<'STEPS'
< 220
> USER me
< 331
>> PASS my-sesame
holds my-sesame
>> -opens\r\n
< 230
loses my-sesame
loses same-opens
> NOOP
< 200
loses my-sesame
STEPS
        login -m $mode <<'STEPS'
< 220
> USER me
< 331
> PASS another-mistake
< 530
loses other-mistake
> ACCT third-attempt
< 530
loses third-attempt
STEPS
    done
    # with commands in the same packet, and after a line that was too long
    login <<STEPS
< 220
>> USER me\\r\\nPASS my-sesame-opens\\r\\nPWD\\r\\nNOOP\\r\\n
< 331
< 230
< 257
< 200
loses sesame-opens
> PASS $(printf 'lost-cause%.0s' {1..2000})
< 500
loses lost-cause
STEPS
    not_logged 'sesame|another-mistake|third-attempt|lost-cause'
}
