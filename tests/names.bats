# Names and passwords in encodings of old, byte 255 in them, and --names-from.
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
store $bytes hello
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

# ------------------------------------------------------------------ --names-from

@test "names from: names of another encoding are stored in UTF-8, by every verb" {
    local encoding name bytes
    for encoding in CP1252:größe€ CP1251:пояснение KOI8-R:яма CP932:表示 GB18030:größe CP1258:Đệ ISO-8859-15:œ; do
        name=${encoding#*:} encoding=${encoding%:*}
        bytes=$(as_clients_of "$encoding" "$name")
        for mode in lines bytes; do
            talk -m "$mode" --names-from "$encoding" --allow "$ALL" --require-confinement <<STEPS
< 220
> TYPE I
< 200
> MKD $bytes
< 257
> CWD /$bytes
< 250
store ./$bytes.1 hello
> SIZE /$bytes/$bytes.1
< 213 5
> MDTM $bytes.1
< 213
> MFMT 20240101000000 $bytes.1
< 213
> SITE CHMOD 600 $bytes.1
< 200
> MLST $bytes.1
< 250
> STAT $bytes.1
< 213
> RNFR $bytes.1
< 350
> RNTO $bytes.2
< 250
append $bytes.2 !
fetch RETR $bytes.2 =~ \\Ahello!\\Z
> DELE $bytes.1
< 550
file $name/$name.2 hello!
> DELE $bytes.2
< 250
> CDUP
< 250
> RMD $bytes
< 250
STEPS
            root_holds
        done
    done
}

@test "names from: a client is shown names as it writes them, everybody else in UTF-8" {
    mkdir "$ROOT/größe"
    touch "$ROOT/größe/ä" "$ROOT/größe/日本" "$ROOT/größe/Ã¼" "$ROOT/größe/plain"
    talk --names-from CP1252 --allow "$ALL" <<'STEPS'
< 220
> CWD gr\xc3\xb6\xc3\x9fe
< 250 größe$
> CWD /
< 250
> CWD gr\xf6\xdfe
< 250 /gr\\xf6\\xdfe$
> PWD
< 257 ^257 "/gr\\xf6\\xdfe"
> MLST \xe4
< 250 (?m) /gr\\xf6\\xdfe/\\xe4$
> STAT \xe4
< 213 (?m) \\xe4$
fetch NLST =~ (?ms)\A(?=.*^\\xe4\r$)(?=.*^日本\r$)(?=.*^Ã¼\r$)(?=.*^plain\r$)
fetch NLST /gr\xf6\xdfe =~ (?m)^/gr\\xf6\\xdfe/\\xe4\r$
fetch MLSD =~ (?m)^type=file;.* \\xe4\r$
fetch LIST =~ (?m)^-rw.* \\xe4\r$
> SIZE gr\xc3\xb6
< 550
> PWD
< 257 "/größe"
fetch NLST =~ (?m)^ä\r$
STEPS
}

@test "names from: each part of a path may be in either, and what is shown can be sent back" {
    mkdir -p "$ROOT/ü/ä"
    talk --names-from ISO-8859-1 --allow "$ALL" <<'STEPS'
binary
> CWD /\xc3\xbc/\xe4
< 250
> MKD \xc3\x83\xc2\xbc
< 257
> CWD /\xfc/\xe4/
< 250
fetch NLST =~ \AÃ¼\r\n\Z
STEPS
    [ -d "$ROOT/ü/ä/Ã¼" ]
}

@test "names from: what is not UTF-8 and cannot be read either is refused with a reason, and is logged" {
    talk --names-from CP1252 --allow "$ALL" <<'STEPS'
< 220
> EPSV
< 229
> STOR caf\x81
< 553 the name is not UTF-8, nor
> NLST caf\x81
< 550 the name is not UTF-8, nor
> RNFR caf\x8d
< 550
> MKD \x81/x
< 550
> NOOP \x81
< 200
> USER \x81
< 331
> PASS \x81
< 230
STEPS
    logged 'STOR: the name is not UTF-8, .*: reply 553 to 127.0.0.1:[0-9]+: STOR caf\\x81$'
    # a long one is longer in UTF-8
    name=$(printf '\\xfe%.0s' {1..128})
    talk --names-from CP1251 <<STEPS
< 220
> MKD $name
< 550 too long
> MKD ${name#????}
< 257
STEPS
    [ -d "$ROOT/$(printf 'ю%.0s' {1..127})" ]
    # twelve times as long where letters are put together of several
    talk --names-from TSCII <<STEPS
< 220
> MKD $(printf '\\x82%.0s' {1..21})
< 257
STEPS
    [ -d "$ROOT/$(printf 'ஸ்ரீ%.0s' {1..21})" ]
    # the bytes behind it are no commands
    talk --names-from CP1252 <<'STEPS'
< 220
>> STOR caf\x81\r\nQUIT\r\n
< 553
closed
STEPS
}

@test "names from: refuse takes UTF-8 alone" {
    talk --names-from refuse --allow "$ALL" <<'STEPS'
< 220
> EPSV
< 229
> STOR caf\xe9
< 553 the name is not UTF-8
> STOU caf\xe9
< 553
> APPE caf\xe9
< 553
> MKD caf\xe9
< 550
> CWD caf\xe9
< 550
> SIZE \xff\xff
< 550
> MKD caf\xc3\xa9
< 257
> RNFR caf\xc3\xa9
< 350
> RNTO \xe9
< 553
store caf\xc3\xa9.txt x
STEPS
    root_holds café café.txt
}

@test "names from: raw, as it is without the option, stores bytes" {
    for option in --names-from=raw --no-sync; do
        talk "$option" <<'STEPS'
< 220
> MKD caf\xe9
< 257 caf\\xe9
STEPS
        raw 'caf\xe9'
        rmdir "$ROOT"/caf*
    done
}

@test "names from: what was interrupted in one encoding is gone on with in the other" {
    talk --names-from CP1252 --allow "$ALL" <<'STEPS'
binary
> EPSV
< 229
> STOR gr\xf6\xdfe
< 150
connect
data hello
reset
< 426
> SIZE gr\xc3\xb6\xc3\x9fe
< 213 4
> REST 4
< 350
store gr\xf6\xdfe o!
STEPS
    root_holds größe
    [ "$(cat "$ROOT/größe")" = 'hello!' ]
}

@test "names from: in the drop box, what was uploaded in one encoding is its own in both" {
    talk --names-from CP1252 --allow upload <<'STEPS'
binary
store \xe4 hello
> SIZE \xc3\xa4
< 213 5
> SIZE \xe4
< 213 5
fetch NLST =~ \A\\xe4\r\n\Z
> RNFR \xe4
< 350
> RNTO \xc3\xb6
< 250
STEPS
    root_holds ö
}

@test "names from: an encoding that is none, or has no ASCII in it, is told at the start and by --check" {
    for encoding in KLINGON UTF-16 UTF-7 EBCDIC-US CP1252//IGNORE ASCII//TRANSLIT; do
        code=0
        printf 'QUIT\r\n' | "$HANDLER" --root "$ROOT" --names-from "$encoding" >"$T/out" 2>"$T/log" || code=$?
        [ "$code" = 78 ]
        grep -q '^421 ' "$T/out"
        logged "Cannot start: --names-from: $encoding is not an encoding that iconv -l lists"
        code=0
        "$HANDLER" --root "$ROOT" --names-from "$encoding" --check >"$T/out" || code=$?
        [ "$code" = 78 ]
        grep -qF "error: names-from: $encoding is not an encoding" "$T/out"
    done
    "$HANDLER" --root "$ROOT" --names-from CP1251 --check >"$T/out"
    grep -q '0 errors' "$T/out"
}
