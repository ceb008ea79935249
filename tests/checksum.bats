# Checksums: what the log, HASH and its older kin tell of a file is true, and told only to who may know it; a digest that
# was declared is the file's, or nothing is stored (promises 1, 2 and 5).
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load checksum
load tls

setup_file() { make_certificates; }
setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

HELLO=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824

# ---------------------------------------------------------------- the digests of what is stored

# many: inline uploads in a pipeline, of lengths around the borders of blocks and buffers
many() {
    local n
    for n in 0 1 3 55 56 57 63 64 65 127 128 16383 16384 16385 65536 1048575 1048576 1048577 5000001; do
        random_file "$T/bytes" "$n"
        printf 'ALLO %s\r\nSTOR n%s\r\n' "$n" "$n"
        cat "$T/bytes"
    done
    for n in 0 1 16385 5000001; do printf 'HASH n%s\r\n' "$n"; done
}

@test "checksum: from no byte to some MB, in a pipeline, each upload has its own" {
    local n
    many >"$T/input"
    "$HANDLER" --root "$ROOT" --checksum "$ALL_KINDS" --log stderr --log-format json <"$T/input" >"$T/replies" 2>"$T/log"
    truthful 19
    for n in 0 1 16385 5000001; do
        grep -qx "213 SHA-256 0-$((n ? n - 1 : 0)) $(sha256sum <"$ROOT/n$n" | cut -d' ' -f1) n$n"$'\r' "$T/replies"
    done
}

# ways NAME: how an upload of the pattern can come, as steps; a `|` is between two lines
ways() {
    sed "s/NAME/$1/" <<'WAYS'
> EPSV|< 229|> STOR NAME|< 150|put@ 300000|< 226
> PASV|< 227|> STOR NAME|< 150|put@ 300000|< 226
> ALLO 300000|< 200|> EPSV|< 229|> STOR NAME|< 150|put@ 300000|< 226
> ALLO 300000|< 200|> STOR NAME|>>@ 300000|< 150|< 226
> EPSV|< 229|> STOU NAME|< 150|put@ 300000|< 226
> EPSV|< 229|> APPE NAME|< 150|put@ 300000|< 226
> TYPE A|< 200|> EPSV|< 229|> STOR NAME|< 150|put a\r\nb\nc\r\r\nd\r|< 226|> TYPE I|< 200
> TYPE A|< 200|> EPSV|< 229|> STOR NAME|< 150|put@ 300000|< 226|> TYPE I|< 200
WAYS
}

@test "checksum: in every way in which an upload can come, over nothing and over a file" {
    local way
    while read -r way; do
        summed <<<"binary
${way//|/$'\n'}" || fail "$way" || return
        summed <<<"binary
${way//|/$'\n'}" || fail "$way" || return
        truthful 2 || fail "$way" || return
        rm -rf "$ROOT" "$T/log"
        mkdir "$ROOT"
    done < <(ways x)
}

@test "checksum: under TLS" {
    setup_tls
    with_begun -- --checksum "$ALL_KINDS" --log stderr --log-format json <<'STEPS'
store@ x 300000
store y hello
> HASH y
< 213 SHA-256 0-4 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 y
STEPS
    truthful 2
}

@test "checksum: what continues or adds to a file has the digest of all of it, if that may be read" {
    summed <<'STEPS'
given x 0123456789
given y 0123456789
binary
append x abc
append y defg
append x hij
> REST 4
< 350
store y xyz
append new first
append new second
> HASH new
< 213 SHA-256 0-10 .* new$
STEPS
    truthful 6
    [ "$(cat "$ROOT/x" "$ROOT/y")" = 0123456789abchij0123xyz ]
    rm "$T/log"
    summed --append copy <<'STEPS'
binary
append x more
STEPS
    truthful 1
    rm "$T/log"
    interrupted z 0123456789
    rm "$T/log"
    summed <<'STEPS'
binary
> SIZE z
< 213 10
> REST 10
< 350
store z rest
STEPS
    truthful 1
    rm "$T/log"
    interrupted z2 0123456789
    rm "$T/log"
    summed <<'STEPS'
binary
> SIZE z2
< 213 10
append z2 rest
STEPS
    truthful 1
}

@test "checksum: none is told of what continues a file that may not be read, or is longer than --hash-max" {
    need_root "sessions give up rights"
    interrupted z 0123456789 --allow upload
    rm "$T/log"
    summed --allow upload <<'STEPS'
binary
> SIZE z
< 213 10
append z rest
> HASH z
< 550 no read right
STEPS
    untold 1
    rm "$T/log"
    summed --hash-max 9 --allow "$READERS" <<'STEPS'
given x 0123456789
binary
append x abc
> HASH x
< 556
STEPS
    untold 1
    rm "$T/log"
    summed --hash-max 10 --allow "$READERS" <<'STEPS'
given x 0123456789
binary
append x abc
> HASH x
< 213
STEPS
    truthful 1
}

@test "checksum: of a file that others add to meanwhile none is told, or the true one" {
    several --log stderr --log-format json --checksum "$ALL_KINDS" <<'STEPS'
[1] < 220
> TYPE I
< 200
append x one
> EPSV
< 229
> APPE x
< 150
connect
[2] < 220
> TYPE I
< 200
append x two
[1] data three
done
< 226
> HASH x
< 550 no read right
STEPS
    [ "$(cat "$ROOT/x")" = onetwothree ]
    untold 3
}

@test "checksum: a session that adds to a file again does not read it again" {
    need strace
    truncate -s 3M "$ROOT/x"
    traced '-e trace=pread64' summed <<'STEPS'
binary
append x one
append x two
append x three
STEPS
    truthful 3
    # what is added is read once more, when it is; and x by the first one
    [ "$(awk -F'= ' '/pread64/ { n += $NF } END { print n }' "$T/trace")" -lt 3200000 ]
}

# ---------------------------------------------------------------- HASH and its kin

@test "checksum: HASH tells the digest that OPTS HASH has chosen, until REIN" {
    summed <<'STEPS'
binary
store x hello
> HASH x
< 213 ^213 SHA-256 0-4 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 x$
> OPTS HASH
< 200 ^200 SHA-256$
> opts hash sha-1
< 200 ^200 SHA-1$
> hash x
< 213 ^213 SHA-1 0-4 aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d x$
> OPTS HASH MD5
< 200 ^200 MD5$
> HASH x
< 213 ^213 MD5 0-4 5d41402abc4b2a76b9719d911017c592 x$
> OPTS HASH CRC32
< 200
> HASH x
< 213 ^213 CRC32 0-4 3610a686 x$
> OPTS HASH SHA-512
< 501
> OPTS HASH
< 200 ^200 CRC32$
> FEAT
< 211 HASH SHA-256;SHA-1;MD5;CRC32\*
> REIN
< 220
> OPTS HASH
< 200 ^200 SHA-256$
> HASH x
< 550 no read right
STEPS
}

@test "checksum: XSHA256, XSHA1, XMD5 and XCRC have one each, with or without quotes, of whole files" {
    summed <<'STEPS'
binary
store x hello
> XSHA256 x
< 250 ^250 2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824$
> XSHA1 x
< 250 ^250 AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D$
> XMD5 "x"
< 250 ^250 5D41402ABC4B2A76B9719D911017C592$
> XCRC "x"
< 250 ^250 3610A686$
> XCRC "x" 0 3
< 501 whole
STEPS
}

@test "checksum: only what is asked for is made and served; the first of the list's strength is chosen" {
    talk --checksum crc32,sha1 <<'STEPS'
binary
store x hello
> FEAT
< 211 (?s)HASH SHA-1\*;CRC32\r?\n(?!.*SITE SHA256).*XSHA1\r?\n XCRC
> HASH x
< 213 SHA-1
> XMD5 x
< 502
> OPTS HASH MD5
< 501
> SITE SHA256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
< 501 not known
STEPS
}

@test "checksum: without --checksum there is nothing of all that" {
    talk <<'STEPS'
binary
store x hello
> FEAT
< 211 (?s)^(?!.*(HASH|XSHA|XMD5|XCRC|SHA256))
> HASH x
< 502
> XCRC x
< 502
> OPTS HASH
< 501
> SITE SHA256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
< 501
> SITE HELP
< 214 (?s)^(?!.*SHA256)
STEPS
    need strace
    traced '-e trace=openat,read,pread64' talk <<'STEPS'
binary
store x hello
STEPS
    ! grep -E 'digest|nettle|libz' "$T/trace" || fail "loaded"
}

@test "checksum: what has none is refused: nothing there, a folder, an interrupted upload" {
    interrupted part 5
    summed --allow "$READERS" <<'STEPS'
given folder/x hello
binary
> HASH nothing
< 550
> HASH folder
< 550
> HASH part
< 550
> HASH ../x
< 550
> HASH .stord.x
< 550
> HASH
< 501
STEPS
}

# ---------------------------------------------------------------- who may know it

@test "checksum: without the right to read, only of what the session has uploaded, whatever it is called now" {
    summed --allow upload,list,rename,delete <<'STEPS'
given theirs hello
given replaced hello
binary
> HASH theirs
< 550 no read right
> HASH nothing
< 550 no read right
store x hello
> RNFR x
< 350
> RNTO y
< 250
> MFMT 20200202020202 y
< 213
> SITE CHMOD 600 y
< 200
> HASH y
< 213 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 y$
> HASH x
< 550 no read right
> DELE y
< 250
> HASH y
< 550 no read right
STEPS
    summed --allow upload <<'STEPS'
given y hello
binary
> HASH y
< 550 no read right
STEPS
}

@test "checksum: a file that a program has changed since is not told as it was" {
    several --checksum sha256 --allow upload <<STEPS
< 220
> TYPE I
< 200
store x hello
> HASH x
< 213
run printf j >$ROOT/x
> HASH x
< 550
store y hello
run printf jello >$ROOT/y.new && touch -r $ROOT/y $ROOT/y.new && mv $ROOT/y.new $ROOT/y
> HASH y
< 550
STEPS
    several --checksum sha256 --allow "$READERS" <<STEPS
< 220
> TYPE I
< 200
store x hello
run printf jello >$ROOT/x
> HASH x
< 213 $(sum_of jello)
STEPS
}

@test "checksum: --hash-max is for files that are read, and not for the session's own uploads" {
    summed --hash-max 5 --allow "$READERS" <<'STEPS'
given five hello
given six hello!
binary
> HASH five
< 213
> HASH six
< 556 larger than the 5 bytes
> XMD5 six
< 556
store mine hello,\x20world
> HASH mine
< 213 0-11
STEPS
    summed --hash-max none --allow "$READERS" <<'STEPS'
binary
> HASH six
< 213
STEPS
}

# ---------------------------------------------------------------- while a file is read

# endless: a file that cannot be read to its end while a test waits
endless() { truncate -s 100T "$ROOT/x" 2>/dev/null || truncate -s 10T "$ROOT/x"; }

@test "checksum: ABOR ends HASH: 426, then 226, and the session goes on" {
    endless
    talk --checksum sha256 --hash-max none --allow "$READERS" <<'STEPS'
binary
> HASH x
> STAT
< 211 A transfer is under way
> ABOR
< 426 as you asked
< 226
> NOOP
< 200
STEPS
}

@test "checksum: a stop ends HASH, and so does a client that leaves" {
    endless
    several --checksum sha256 --hash-max none --allow "$READERS" <<'STEPS'
< 220
> HASH x
> STAT
< 211
signal TERM
< 421 shutting down
closed
ended
STEPS
    talk --checksum sha256 --hash-max none --allow "$READERS" <<'STEPS'
< 220
> HASH x
> STAT
< 211
vanish
STEPS
}

@test "checksum: a client that has closed its side only is told it, however long the file is" {
    truncate -s 20M "$ROOT/x"
    talk --checksum sha256 --allow "$READERS" <<STEPS
binary
> HASH x
> QUIT
eof
< 213 $(sha256sum <"$ROOT/x" | cut -d' ' -f1) x
< 221
STEPS
}

# ---------------------------------------------------------------- a digest that is declared

# declared REPLY SHA256: uploads hello in every way, with that digest declared; x must be replied to so
declared() {
    local way
    while read -r way; do
        rm -rf "$ROOT"
        mkdir "$ROOT"
        talk --checksum sha256 <<<"given x old
binary
> SITE SHA256 $2
< 200
${way//|/$'\n'}
< $1" || fail "$way" || return
        nothing_unfinished || fail "$way" || return
        "${@:3}" || fail "$way" || return
    done <<'WAYS'
> EPSV|< 229|> STOR x|< 150|put hello
> PWD|< 257|> CWD /|< 250|> PASV|< 227|> STOR x|< 150|put hello
> ALLO 5|< 200|> EPSV|< 229|> STOR x|< 150|put hello
> ALLO 5|< 200|> STOR x|>> hello|< 150
> STOR x|>> hello|eof|< 150
> TYPE A|< 200|> EPSV|< 229|> STOR x|< 150|put hello
WAYS
}

holds() { [ "$(cat "$ROOT/x")" = "$1" ] || fail "holds $(cat "$ROOT/x")"; }

@test "checksum: a declared digest that the upload has changes nothing" {
    declared 226 "$HELLO" holds hello
    declared 226 "${HELLO^^}" holds hello
}

@test "checksum: a declared digest that it has not: 550, nothing is stored, nothing kept, the old file is there" {
    declared '550 another SHA-256' "${HELLO/2/3}" holds old
    logged 'Upload failed: /x \(5 bytes, [0-9.]+ s, digest\)'
}

@test "checksum: SITE SHA256 keeps REST and ALLO, and is for one upload" {
    talk --checksum sha256 <<STEPS
given x hexxx
binary
> REST 2
< 350
> SITE SHA256 $HELLO
< 200
store x llo
> ALLO 6
< 200
> SITE SHA256 $HELLO
< 200
store y hello < 426 fewer
store y other
> SITE SHA256 $HELLO
< 200
> SITE SHA256 $(sum_of jello)
< 200
store z jello
file x hello
file y other
file z jello
STEPS
}

@test "checksum: a bad SITE SHA256 is refused, and declares nothing" {
    local bad
    for bad in '' "${HELLO%?}" "${HELLO}0" "${HELLO/2/g}" "$HELLO $HELLO" "0x${HELLO:2}" "-${HELLO:1}" \
        "$HELLO$HELLO$HELLO$HELLO$HELLO"; do
        talk --checksum sha256 <<STEPS || fail "$bad" || return
binary
> SITE SHA256 ${HELLO/2/3}
< 200
> SITE SHA256 $bad
< 501
store x hello
STEPS
    done
}

@test "checksum: what was declared of an upload that is resumed is compared with all of it; nothing is kept if it differs" {
    interrupted z 0123456789
    talk --checksum sha256 <<STEPS
binary
> SIZE z
< 213 10
> SITE SHA256 $(sum_of rest)
< 200
> REST 10
< 350
store z rest < 550 another SHA-256
> SIZE z
< 550
nofile z
STEPS
    nothing_unfinished
    interrupted z 0123456789
    talk --checksum sha256 <<STEPS
binary
> SIZE z
< 213 10
> SITE SHA256 $(sum_of 0123456789rest)
< 200
> REST 10
< 350
store z rest
file z 0123456789rest
STEPS
}

@test "checksum: what cannot be compared is refused before a byte: an addition, or what may not be read" {
    need_root "sessions give up rights"
    talk --checksum sha256 <<STEPS
given x old
binary
> SITE SHA256 $HELLO
< 200
> EPSV
< 229
> APPE x
< 550 beforehand
append x more
file x oldmore
STEPS
    interrupted z 0123456789 --allow upload
    talk --checksum sha256 --allow upload <<STEPS
binary
> SIZE z
< 213 10
> SITE SHA256 $HELLO
< 200
> REST 10
< 350
> EPSV
< 229
> STOR z
< 550 beforehand
> SIZE z
< 213 10
STEPS
    one_unfinished 10
}

@test "checksum: in a pipeline a wrong one is only its own upload's fault" {
    {
        printf 'SITE SHA256 %s\r\nALLO 5\r\nSTOR a\r\nhello' "$HELLO"
        printf 'SITE SHA256 %s\r\nALLO 5\r\nSTOR b\r\nhallo' "$HELLO"
        printf 'SITE SHA256 %s\r\nALLO 5\r\nSTOR c\r\nhello' "$HELLO"
        printf 'ALLO 5\r\nSTOR d\r\nhallo'
    } >"$T/input"
    "$HANDLER" --root "$ROOT" --checksum sha256 <"$T/input" >"$T/replies" 2>"$T/log"
    [ "$(grep -cE '^(226|550)' "$T/replies")" = 4 ]
    [ "$(sed -nE 's/^(226|550) .*/\1/p' "$T/replies" | paste -sd' ')" = '226 550 226 226' ]
    root_holds a c d
}

@test "checksum: uploads with a digest are synced and published together, too" {
    need strace
    local i
    for i in 1 2 3 4 5 6 7 8; do
        printf 'SITE SHA256 %s\r\nALLO 5\r\nSTOR f%s\r\nhello' "$HELLO" "$i"
    done >"$T/input"
    local -x ASAN_OPTIONS=detect_leaks=0
    strace -f -e trace=fsync -o "$T/trace" "$HANDLER" --root "$ROOT" --checksum sha256 <"$T/input" >"$T/replies" 2>"$T/log"
    [ "$(grep -c '^226' "$T/replies")" = 8 ]
    # one folder: eight files have not eight syncs of it
    [ "$(grep -c fsync "$T/trace")" -lt 12 ] || fail "$(cat "$T/trace")"
}

# ---------------------------------------------------------------- the set-up

@test "checksum: without its module nobody is served with --checksum, and --check says so" {
    mkdir "$T/bin"
    cp "$HANDLER" "$T/bin/handler"
    run -78 --separate-stderr "$T/bin/handler" --root "$ROOT" --checksum sha256 </dev/null
    [[ $output == "421 "* ]]
    [[ ${stderr:?} == *"Cannot start: checksums: "*stord-digest.so* ]]
    run -78 "$T/bin/handler" --check --root "$ROOT" --checksum sha256
    [[ $output == *"modules: nobody is served: checksums: "*stord-digest.so* ]]
    run "$T/bin/handler" --check --root "$ROOT"
    [[ $output != *checksums* ]]
    run -64 --separate-stderr "$HANDLER" --root "$ROOT" --checksum sha257 </dev/null
    [[ $stderr == *"wants a comma list of sha256, sha1, md5, crc32, or none"* ]]
}

@test "checksum: the gate's program gets it, but not of an addition" {
    load gate
    setup_gate
    gate_does "printenv STORD_SHA256 >>'$T/sum' || echo none >>'$T/sum'"
    through --checksum sha256,md5 <<'STEPS'
binary
store x hello
append x more
STEPS
    through <<'STEPS'
binary
store y hello
STEPS
    [ "$(paste -sd' ' "$T/sum")" = "$HELLO none none" ]
}

@test "checksum: lftp asks for one by quote" {
    need lftp
    printf hello >"$T/file"
    serve --checksum sha256
    lftp -c "open -p $PORT 127.0.0.1; put $T/file -o x; quote HASH x" >"$T/told"
    grep -q "213 SHA-256 0-4 $HELLO x" "$T/told"
}
