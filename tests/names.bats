# Names and passwords in encodings of old, and byte 255 in them.
# shellcheck shell=bats
load session

setup() {
    setup_sandbox
    export HOME=$T/home LC_ALL=C.UTF-8
    mkdir "$HOME"
}
teardown() { teardown_sandbox; }

# as_clients_of ENCODING TEXT: its bytes there, as a dialogue has them
as_clients_of() { iconv -f UTF-8 -t "$1" <<<"$2" | tr -d '\n' | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g'; }

# raw NAME: what is in the root is called so, in bytes of printf
raw() {
    # shellcheck disable=SC2059 # the name has escapes
    [ -e "$ROOT/$(printf "$1")" ] || fail "not there: $1; but $(ls -b "$ROOT")"
}

ALL=upload,append,replace,list,mkdir,read,rename,delete

# -------------------------------------------------------------------- byte 255

@test "names: in CP1251 and Latin-1 they are stored as they are sent, byte 255 and all" {
    local name bytes mode first
    for name in яма.txt пояснение.txt последняя.txt яш яъ яы яэ яю я 'я '; do
        bytes=$(as_clients_of CP1251 "$name")
        for mode in lines bytes; do
            # Whoever has sent one 255 alone doubles none.
            first='MKD \xff'
            case $name in *яя*) ;; *) first='MKD plain' ;; esac
            talk -m "$mode" --allow "$ALL" <<STEPS
< 220
> TYPE I
< 200
> $first
< 257
> MKD folder$bytes
< 257
> CWD folder$bytes
< 250 /folder
> EPSV
< 229
> STOR $bytes
< 150
put hello
< 226
> SIZE $bytes
< 213 5
> RNFR $bytes
< 350
> RNTO /$bytes
< 250
> CWD /
< 250
> RMD folder$bytes
< 250
> MLST $bytes
< 250
> DELE no$bytes
< 550
STEPS
            raw "$bytes"
            [ "$(find "$ROOT" -mindepth 1 ! -path '*/.stord.unfinished*' | wc -l)" = 2 ]
            rm -r "${ROOT:?}"/*
        done
    done
}

@test "names: byte 255 before any other byte belongs to the name, in whatever verb" {
    local byte name
    for byte in $(seq 128 254) 32 65 127; do
        name=$(printf 'a\\xff\\x%02x' "$byte")
        [ "$byte" = 127 ] && continue
        talk -m packet <<STEPS
< 220
> MKD $name
< 257
> CWD $name
< 250
> PWD
< 257
> NOOP
< 200
STEPS
        raw "$name"
    done
}

@test "names: a doubled 255 stays one, as telnet has it, and replies double it" {
    talk <<'STEPS'
< 220
> MKD a\xff\xffb
< 257 ^257 "/a\\xff\\xffb"
> MKD \xff\xff\xff\xff
< 257
> USER me\xff\xff
< 331
> CWD a\xff\xffb
< 250
STEPS
    root_holds "$(printf 'a\xffb')" "$(printf '\xff\xff')"
}

@test "names: lftp doubles byte 255 and curl does not: both store the name that was meant" {
    need lftp curl
    serve
    echo one >"$T/one"
    curl -sS -T "$T/one" "ftp://127.0.0.1:$PORT/%FF%EC%E0.txt"
    raw '\xff\xec\xe0.txt'
    lftp -c "set ftp:use-feat no; set ftp:charset ISO-8859-1; open -u a,b -p $PORT 127.0.0.1; put $T/one -o ÿÿú.txt"
    raw '\xff\xff\xfa.txt'
    [ "$(find "$ROOT" -type f -name '*.txt' | wc -l)" = 2 ]
}

@test "names: one that ends with 255 keeps it where the line has no end" {
    talk --unterminated-wait 50 <<'STEPS'
< 220
>> STOR x\xff
< 150
>> hello
eof
< 226
closed
STEPS
    raw 'x\xff'
    printf 'STOR y\xff\r\nhello' | "$HANDLER" --root "$ROOT" >"$T/out" 2>"$T/log"
    grep -q '^226' "$T/out"
    raw 'y\xff'
    root_holds "$(printf 'x\xff')" "$(printf 'y\xff')"
}

@test "names: no command is lost behind IAC SB, nor behind any other beginning of telnet" {
    local telnet
    for telnet in '\xff\xfa\x18' '\xff\xfa' '\xff\xfa\xff\xff\xff' '\xff\xfb' '\xff\xfd' '\xff'; do
        for mode in lines bytes packet; do
            talk -m "$mode" <<STEPS
< 220
>> $telnet\\r\\n
< 500
> NOOP
< 200
>> \\xff\\xf4\\xff\\xf2ABOR\\r\\n
< 226
STEPS
        done
        talk <<STEPS
< 220
>> STOR ${telnet/x18/x28}x\\n
< 150
>> hello
eof
< 226
closed
STEPS
        raw "${telnet/x18/x28}x"
    done
}

@test "names: passwords with byte 255 fit, sent alone or doubled" {
    local password sent
    for password in 'змея' 'яшма' 'яр' 'Юля'; do
        sent=$(as_clients_of CP1251 "$password")
        users "me:$(hash "$(printf '%b' "$sent")"):/::" "$(printf 'k\xff'):$(hash x):/::"
        for sent in "$sent" "${sent//\\xff/\\xff\\xff}"; do
            talk -m bytes --users "$T/users" <<STEPS
< 220
> USER me
< 331
> PASS $sent
< 230
STEPS
        done
    done
    for sent in '\xff' '\xff\xff'; do
        talk --users "$T/users" <<STEPS
< 220
> USER k$sent
< 331
> PASS x
< 230
STEPS
    done
}
