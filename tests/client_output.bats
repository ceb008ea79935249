# What the uploader tells: lines, JSON, progress, exit statuses, completions.
# shellcheck disable=SC2030,SC2031,SC2154 # what run and client.bash set

bats_require_minimum_version 1.5.0
load client

setup() {
    setup_sandbox
    random_file "$T/file" 1000
    random_file "$T/other" 2000
}
teardown() { teardown_sandbox; }

# plainly ARG...: our client, without -v
plainly() {
    SERVER=127.0.0.1:$PORT
    run --separate-stderr timeout 120 "$CLIENT" -h 127.0.0.1 -p "$PORT" "$@"
    printf '%s\n' "exit $status" "$output" "$stderr" >&2
}

@test "each file is a line, and with -q nothing is" {
    serve
    plainly "$T/file" "$T/other"
    [ "$status" = 0 ]
    [ "${#lines[@]}" = 2 ]
    [[ ${lines[0]} =~ ^"$T/file -> $SERVER/file, 1000 bytes, "[0-9.]+' s'$ ]]
    [[ ${lines[1]} =~ ^"$T/other -> $SERVER/other, 2000 bytes, "[0-9.]+' s'$ ]]
    [ "$stderr" = '' ]
    plainly -q "$T/file"
    [ "$status" = 0 ]
    [ "$output$stderr" = '' ]
}

@test "--json prints an object for each file, also for those that failed" {
    serve
    mkdir "$ROOT/other"
    printf x >"$T/"$'q"uo te\xff'
    plainly --json "$T/file" "$T/other" "$T/"$'q"uo te\xff' --dir /
    [ "$status" = 1 ]
    printf '%s\n' "$output" | command -p python3 -ISc '
import json, sys
folder, server = sys.argv[1:]
rows = {row["source"]: row for row in map(json.loads, sys.stdin)}
assert len(rows) == 3, rows
good, bad = rows[folder + "/file"], rows[folder + "/other"]
assert good["target"] == f"ftp://{server}/file" and good["bytes"] == 1000 and good["status"] == 0, good
assert good["reply"].startswith("226 ") and good["tries"] == 1 and 0 <= good["seconds"] < 60, good
assert bad["status"] == 1 and bad["error"].startswith("553 ") and bad["reply"].startswith("553 "), bad
odd = rows[folder + "/q\"uo te\\xff"]
assert odd["status"] == 0, odd' "$T" "$SERVER"
}

@test "of what has no size, the bytes that were sent are told, and can be verified" {
    local server
    for server in serve pyftpd tutorial_server; do
        "$server"
        plainly --json --name piped - < <(cat "$T/other")
        [ "$status" = 0 ]
        [[ $output == *'"bytes": 2000,'* ]] || fail "$server"
        kill_spawned
    done
    serve
    plainly --verify=size --name piped - < <(cat "$T/other")
    [ "$status" = 0 ]
    [[ $output == "- -> $SERVER/piped, 2000 bytes, "* ]]
    tutorial_server # its sessions end with the file
    plainly --verify=size --name piped - < <(cat "$T/other")
    [ "$status" = 1 ]
    [[ $stderr == "client: -: $SERVER: SIZE: 500 "* ]]
}

@test "--json prints an object for a source that cannot be sent, too" {
    serve
    mkdir "$T/folder"
    plainly --json "$T/missing" "$T/folder" "$T/file"
    [ "$status" = 66 ]
    [ "${stderr_lines[0]}" = "client: $T/missing: No such file or directory" ]
    printf '%s\n' "$output" | command -p python3 -ISc '
import json, sys
rows = {row["source"].rsplit("/", 1)[1]: row for row in map(json.loads, sys.stdin)}
assert len(rows) == 3 and rows["file"]["status"] == 0, rows
assert rows["missing"]["status"] == 66 and rows["missing"]["error"] == "No such file or directory", rows
assert rows["folder"]["status"] == 66 and rows["folder"]["tries"] == 0, rows'
    # and nobody is asked for that
    kill_spawned
    plainly "$T/missing"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/missing: No such file or directory" ]
}

@test "what is told and cannot be written is a failure, but not the file's" {
    serve
    local how
    for how in --json -v --progress=none; do
        run --separate-stderr bash -c '"$@" >/dev/full' _ "$CLIENT" -h 127.0.0.1 -p "$PORT" "$how" --delete "$T/file"
        [ "$status" = 1 ]
        [ "$stderr" = 'client: standard output: not all could be written' ]
        [ ! -e "$T/file" ]
        mv "$ROOT/file" "$T/file"
    done
}

@test "a digest that was verified is in the object" {
    proftpd
    plainly --json --verify=hash "$T/file"
    [ "$status" = 0 ]
    [[ $output == *"\"digest\": \"SHA512:$(sha512sum "$T/file" | cut -d' ' -f1)\""* ]]
}

# at_terminal ARG...: our client with a terminal as its standard error; what it wrote there is $T/terminal
at_terminal() {
    run command -p python3 -ISc '
import os, pty, sys
terminal, end = pty.openpty()
pid = os.fork()
if pid == 0:
    os.dup2(end, 2)
    os.execv(sys.argv[2], sys.argv[2:])
os.close(end)
with open(sys.argv[1], "wb") as file:
    try:
        while block := os.read(terminal, 65536):
            file.write(block)
    except OSError:
        pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' "$T/terminal" "$CLIENT" "$@"
}

@test "on a terminal there is a progress bar: file n of m, bytes, rate, time left" {
    serve
    truncate -s 4M "$T/large"
    at_terminal -h 127.0.0.1 -p "$PORT" --limit-rate 4M "$T/file" "$T/large"
    [ "$status" = 0 ]
    [ "$(grep -c -- '->' <<<"$output")" = 2 ]
    tr '\r' '\n' <"$T/terminal" | grep -aE '^[12]/2 [0-9]+%, [0-9.]+ [kM]?B, [0-9.]+ [kM]?B/s, [0-9]+:[0-9]{2} left, large'
    at_terminal -h 127.0.0.1 -p "$PORT" --limit-rate 4M --progress=none "$T/large"
    [ ! -s "$T/terminal" ]
    at_terminal -h 127.0.0.1 -p "$PORT" --limit-rate 4M -q "$T/large"
    cat "$T/terminal"
    [ ! -s "$T/terminal" ]
}

@test "without a terminal there is no progress, unless it is asked for" {
    serve
    truncate -s 2M "$T/large"
    plainly --limit-rate 4M "$T/large"
    [ "$stderr" = '' ]
    plainly --progress=bar --limit-rate 4M "$T/large"
    [[ $stderr == *'1/1 '*'MB/s'*large* ]]
    truncate -s 6M "$T/large"
    plainly --progress=plain --limit-rate 1M "$T/large"
    grep -E '^1/1 [0-9]+%, ' <<<"$stderr"
    [[ $stderr != *$'\r'* ]]
    run -64 "$CLIENT" --progress=loud "$T/file"
}

# ends_with STATUS REPLY...: each of these final replies makes that exit status
ends_with() {
    local wanted=$1 reply
    shift
    for reply; do
        REPLY=$reply scripted <<'PYTHON'
greet_inline()
hear("ALLO 1000", "STOR file")
lines.read(1000)
say("200 ok\r\n150 go\r\n" + os.environ["REPLY"] + "\r\n")
if os.environ["REPLY"].startswith("530"): # it tries a login
    accept()
    say("220 Hello\r\n")
    hear("USER anonymous")
    say("230 Fine\r\n")
    hear("ALLO 1000", "STOR file")
    lines.read(1000)
    say("200 ok\r\n150 go\r\n" + os.environ["REPLY"] + "\r\n")
PYTHON
        plainly "$T/file"
        [ "$status" = "$wanted" ] || fail "$reply: $status"
        [ "$stderr" = "client: $T/file: $SERVER: $reply" ]
    done
}

@test "exit statuses of replies: no room, temporary, rights, the rest" {
    ends_with 73 '552 Quota' '452 Disk full'
    ends_with 75 '451 Not now' '426 Cut' '450 Busy' '421 Leaving'
    ends_with 77 '530 Who?' '532 Account' '550 No right'
    ends_with 1 '553 That name' '554 No' '500 What?'
    ends_with 76 '331 What?' '200 Fine'
}

@test "exit statuses without a reply: usage, source, host, reachable, protocol" {
    free_port
    plainly "$T/missing"
    [ "$status" = 66 ]
    [ "$stderr" = "client: $T/missing: No such file or directory" ]
    plainly "$T/file"
    [ "$status" = 69 ]
    [ "$stderr" = "client: $T/file: $SERVER: cannot connect: Connection refused" ]
    run --separate-stderr "$CLIENT" -h no-such-host.invalid "$T/file"
    [ "$status" = 68 ]
    [[ $stderr == "client: $T/file: no-such-host.invalid:22000: "* ]]
    run -64 --separate-stderr "$CLIENT" --verify=luck "$T/file"
    run -64 --separate-stderr "$CLIENT" --limit-rate=none "$T/file"
    run -64 --separate-stderr "$CLIENT" -p no-such-service "$T/file"
    run -64 --separate-stderr "$CLIENT" -h 127.0.0.1:21 "$T/file"
    run -64 --separate-stderr "$CLIENT" --bind nowhere "$T/file"
    run -64 --separate-stderr "$CLIENT" -4 -6 "$T/file"
    run -64 --separate-stderr "$CLIENT" --delete --move-to "$T" "$T/file"
    scripted <<'PYTHON'
accept()
say("SSH-2.0-OpenSSH_9.2\r\n")
PYTHON
    plainly "$T/file"
    [ "$status" = 76 ]
}

@test "the exit status is that of the first file that failed" {
    serve
    mkdir "$ROOT/other"
    plainly "$T/missing" "$T/other" "$T/file"
    [ "$status" = 66 ]
    stored "$T/file"
    plainly "$T/other" "$T/file"
    [ "$status" = 1 ]
}

@test "bash completes options, words, files and folders" {
    "$CLIENT" --help=bash >"$T/completion"
    # complete WORD...: what bash would offer for the last of these words
    complete_words() {
        bash -c '
            compopt() { :; }
            source "$0"
            COMP_WORDS=(stor "$@") COMP_CWORD=$#
            _stor
            printf "%s\n" "${COMPREPLY[@]}"' "$T/completion" "$@"
    }
    [ "$(complete_words --ver)" = $'--verify\n--verbose\n--version' ]
    [ "$(complete_words --verify '')" = $'size\nhash' ]
    [ "$(complete_words --verify = h)" = hash ]
    [ "$(complete_words --progress p)" = plain ]
    mkdir "$T/folder"
    [ "$(complete_words --move-to "$T/f")" = "$T/folder" ]
    [ "$(complete_words --cacert "$T/fi")" = "$T/file" ]
    [ "$(complete_words "$T/fi")" = "$T/file" ]
    # every option
    "$CLIENT" --help | grep -oE -- '^  (-., )?--[a-z0-9-]+' | grep -oE -- '--.*' | sort -u >"$T/options"
    complete_words -- | sort -u | comm -13 - "$T/options" >"$T/missing"
    [ ! -s "$T/missing" ]
}

@test "zsh understands its completion, which has every option" {
    need zsh
    "$CLIENT" --help=zsh >"$T/_stor"
    zsh -n "$T/_stor"
    "$CLIENT" --help | grep -oE '^  (-., )?--[a-z0-9-]+' | grep -oE -- '--.*' | while read -r option; do
        grep -qE -- "'$option(=-)?\[" "$T/_stor" || fail "not there: $option"
    done
    # _arguments takes it: as it would be asked for words
    cat >"$T/try.zsh" <<'END'
_arguments() { print -rl -- "$@"; }
source "$1"
END
    [ "$(zsh -f "$T/try.zsh" "$T/_stor" | wc -l)" -gt 30 ]
}
