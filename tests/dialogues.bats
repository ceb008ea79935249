# What clients and devices send, recorded: tests/dialogues/*.txt, one file each; those that are about TLS
# are in tests/dialogues/tls.
# bats file_tags=asan,slow
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # each test has its own environment
bats_require_minimum_version 1.5.0
load session
load tls

setup() {
    setup_sandbox
    umask 022
}
teardown() { teardown_sandbox; }

# play_dialogue MODE FILE [OPTION...]: one dialogue in an empty root, by $PLAYER. What is wrong goes to standard error.
play_dialogue() {
    local status=0
    find "$ROOT" -mindepth 1 -delete
    command -p python3 "$TOP/tests/${PLAYER:-dialogue.py}" --mode "$1" "$2" "$HANDLER" --root "$ROOT" \
        "${@:3}" 2>"$T/log" || status=$?
    if [ "$status" = 1 ]; then grep -v '^stord\[' "$T/log" | sed "s|^$TOP/||; s|^|($1) |" >&2; fi
    return "$status"
}

# play_all MODE [FOLDER [OPTION...]]: every dialogue, and says of each that fails where it does.
play_all() {
    local file status played=0 failed=()
    for file in "$TOP/tests/dialogues${2:+/$2}"/*.txt; do
        status=0
        play_dialogue "$1" "$file" "${@:3}" || status=$?
        case $status in
        0) played=$((played + 1)) ;;
        2) [ "$1" = packet ] || return 1 ;; # needs answers before it can go on
        *) failed+=("${file##*/}") ;;
        esac
    done
    [ ${#failed[@]} = 0 ] || fail "${#failed[@]} dialogues failed, $played did not: ${failed[*]}" || return
    [ "$played" -gt 0 ]
}

@test "dialogues: every client and device is answered as it needs it" {
    play_all lines
}

@test "dialogues: the same when every byte comes alone" {
    play_all bytes
}

@test "dialogues: the same when all of it comes in one piece" {
    play_all packet
}

@test "dialogues: over TLS as well, every client is answered as it needs it" {
    make_ca
    make_certificate server
    local -x PLAYER=tls.py
    for mode in lines bytes; do
        play_all "$mode" tls --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    done
}

@test "dialogues: each file says which client it is, and ends as that client does" {
    for file in "$TOP"/tests/dialogues/*.txt "$TOP"/tests/dialogues/tls/*.txt; do
        grep -v '^# options:' "$file" | head -n 1 | grep -qE '^# .{20}' || fail "${file##*/}: who is it?"
        grep -qxE 'closed|end' "$file" || fail "${file##*/}: does it end?"
    done
}

# fails MESSAGE <<STEPS: the dialogue fails, and that is said of it
fails() {
    run -1 talk --allow upload,append,list,read
    [[ $output = *", $1"* ]] || fail "it says: $output"
}

@test "dialogues: the words for a beginning, an upload and a download stand for their steps" {
    talk --allow upload,append,list,read --max-file-size 20 <<'STEPS'
binary
store x 1\r\n
file x 1\r\n
append x 2
file x 1\r\n2
store empty
file empty 
append@ y 9
file@ y 9
store@ z 30 < 552 larger
store two\x20words y
file two\x20words y
fetch RETR x =~ \A1\r\n2\Z
fetch NLST =~ (?m)^two words\r$
fetch LIST empty =~ ^-
binary
STEPS
}

@test "dialogues: such a word fails with the step that fails" {
    fails 'line 2: store x 1 < 552: < 552: got: 226 ' <<<$'binary\nstore x 1 < 552'
    fails 'line 2: store y 1 < 226 nice: < 226 nice: got: 226 ' <<<$'binary\nstore y 1 < 226 nice'
    fails 'line 2: store /: < 150: got: 553 ' <<<$'binary\nstore /'
    fails 'line 2: fetch RETR x =~ ^2$: get ^2$: data: ' <<<$'binary\nfetch RETR x =~ ^2$'
    fails 'line 2: fetch RETR z: < 150: got: 550 ' <<<$'binary\nfetch RETR z'
    STORD_MAX_FILE_SIZE=much fails 'line 1: binary: < 220: got: 421 ' <<<binary
}
