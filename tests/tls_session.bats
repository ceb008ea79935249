# Sessions under TLS: commands, inline uploads, endings.
# bats file_tags=asan
# shellcheck shell=bats
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }

# ------------------------------------------------------------------ commands

@test "tls: several commands in one record, and a record in many segments" {
    for mode in lines segments; do
        secured -m "$mode" <<'STEPS'
< 220
> AUTH TLS
< 234
tls
whole NOOP\r\nMKD a\r\nALLO 5\r\nSTOR x\r\nhelloNOOP\r\nPW
< 200
< 257
< 200
< 150
< 226
< 200
whole D\r\nQUIT\r\nMKD b\r\n
< 257
< 221
closed
file x hello
STEPS
        published_are a x
        rm -r "$ROOT"/{a,x}
    done
}

@test "tls: a record with more commands than the session reads at once" {
    # what of it OpenSSL has, poll does not tell of
    {
        printf '%s\n' '< 220' '> AUTH TLS' '< 234' tls
        printf 'whole %s\n' "$(printf 'NOOP\\r\\n%.0s' {1..2700})"
        printf '< 200\n%.0s' {1..2700}
        printf '%s\n' '> PBSZ 0' '< 200' '> PROT P' '< 200' private '> EPSV' '< 229' '> STOR x' '< 150'
        printf '%s\n' connect 'data hello' # and in the middle of an upload
        printf 'whole %s\n' "$(printf 'NOOP\\r\\n%.0s' {1..2700})"
        printf '< 200\n%.0s' {1..2700}
        printf '%s\n' 'done' '< 226' 'file x hello'
    } | secured
}

@test "tls: a command without line end" {
    secured --unterminated-wait 50 <<'STEPS'
< 220
> AUTH TLS
< 234
tls
whole STOR x
< 150
whole \r\ndata
notify
< 226
closed
file x \r\ndata
STEPS
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
whole QUIT
notify
< 221
closed
STEPS
    secured --log-level debug <<'STEPS'
< 220
> AUTH TLS
< 234
tls
whole MKD x
notify
closed
STEPS
    not_logged 'Received command: MKD'
}

@test "tls: fresh keys in the middle" {
    need openssl
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key" --log-level debug
    mkfifo "$T/in"
    spawn openssl s_client -starttls ftp -tls1_3 -crlf -connect "127.0.0.1:$PORT" <>"$T/in"
    wait_for grep -q 'TLS: TLSv1.3' "$T/serve.log"
    wait_for grep -q 'Verify return code' "$SPAWN_LOG"
    echo K >"$T/in" # new keys in both directions
    wait_for grep -q KEYUPDATE "$SPAWN_LOG"
    echo SYST >"$T/in"
    wait_for grep -q '^215 ' "$SPAWN_LOG"
}

@test "tls: a line that is too long" {
    secured <<STEPS
< 220
> AUTH TLS
< 234
tls
> $(printf 'x%.0s' {1..20000})
< 500
> NOOP
< 200
STEPS
}

# ------------------------------------------------------------------ inline uploads

@test "tls: inline uploads with ALLO, several in one session and one handshake" {
    for version in 1.2 1.3; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> ALLO 5
< 200
> STOR a
< 150
>> hello
< 226
> ALLO 5000001
< 200
> STOR b
< 150
>>@ 5000001
< 226
> ALLO 0
< 200
> STOR c
< 150
< 226
> ALLO 1
< 200
> STOR d
< 150
>> x
< 226
> NOOP
< 200
> QUIT
< 221
closed
file a hello
file@ b 5000001
file c 
file d x
STEPS
        [ "$(grep -c "TLS: TLSv$version" "$T/log")" = 1 ]
    done
}

@test "tls: inline uploads that come without waiting for replies are stored, and answered in order" {
    for version in 1.2 1.3; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version
>> ALLO 5\r\nSTOR a\r\nhelloALLO 1\r\nSTOR b\r\nbALLO 0\r\nSTOR c\r\nALLO 3\r\nSTOR a\r\nnewSIZE a\r\nALLO 2\r\nSTOR d\r\nd
stored-inline 4
< 550 TYPE A
< 200
< 150
>> d
< 226
> QUIT
< 221
closed
file a new
file b b
file c 
file d dd
STEPS
    done
}

@test "tls: inline uploads without ALLO end with close_notify, and the 226 comes" {
    for version in 1.2 1.3; do
        for kind in tcp unix pipe; do
            secured -o "$kind" <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> STOR a
< 150
>>@ 3000000
notify
< 226
closed
file@ a 3000000
STEPS
            secured -o "$kind" <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> STOR empty
< 150
notify
< 226
closed
file empty 
STEPS
            rm "$ROOT"/*
        done
    done
    logged 'File uploaded: /a \(3000000 bytes, .*, close\)'
}

@test "tls: an inline upload that is cut without close_notify is not published (promise 3)" {
    for version in 1.2 1.3; do
        : >"$T/log"
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> STOR a
< 150
>>@ 300000
eof
lost-or 426 TLS ended without close_notify
nofile a
STEPS
        logged 'Upload failed: /a \(300000 bytes, .*, tls-truncated\)'
        published_are
        one_unfinished 299999
        find "$ROOT" -mindepth 1 -delete
    done
    # with ALLO too
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> ALLO 100
< 200
> STOR b
< 150
>> some
eof
lost-or 426
nofile b
STEPS
    logged 'Upload failed: /b \(4 bytes, .*, tls-truncated\)'
}

@test "tls: an inline upload that is cut in the middle of a record is not published" {
    secured --tls-lenient-close <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> STOR a
< 150
>> whole
part not whole
eof
lost-or 426
nofile a
STEPS
    published_are
}

@test "tls: --tls-lenient-close takes an end without close_notify" {
    for version in 1.2 1.3; do
        secured --tls-lenient-close <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> STOR a
< 150
>>@ 300000
eof
lost-or 226
end
file@ a 300000
STEPS
    done
    secured --tls-lenient-close <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> ALLO 100
< 200
> STOR b
< 150
>> some
eof
lost-or 426
nofile b
STEPS
}

@test "tls: fewer bytes than ALLO said, with close_notify" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> ALLO 100
< 200
> STOR a
< 150
>> some
notify
< 426 fewer bytes
closed
nofile a
STEPS
    logged 'Upload failed: /a \(4 bytes, .*, short\)'
}

@test "tls: an inline upload whose client stops in the middle of a record stalls" {
    secured --stall-timeout 1 <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> STOR a
< 150
>> some
part more
< 426 no data came
closed
nofile a
STEPS
    logged 'Upload failed: /a \(4 bytes, .*, stalled\)'
}

@test "tls: SIGTERM in the middle of an inline upload" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> STOR a
< 150
>> some
silence
part more
killed-by TERM
< 421
closed
nofile a
STEPS
    logged 'Upload failed: /a \(4 bytes, .*, stopped\)'
    one_unfinished 3
}

# ------------------------------------------------------------------ endings

@test "tls: the session ends with close_notify behind its last reply" {
    for version in 1.2 1.3; do
        for kind in tcp unix pipe; do
            secured -o "$kind" <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> QUIT
< 221
closed
STEPS
            secured -o "$kind" <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> NOOP
< 200
killed-by TERM
< 421
closed
STEPS
            secured -o "$kind" <<STEPS
< 220
> AUTH TLS
< 234
tls $version
notify
closed
STEPS
        done
    done
}

@test "tls: a client that leaves, in each way, ends the session" {
    for end in eof vanish 'part NOOP\r\n'; do
        : >"$T/log"
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls
> NOOP
< 200
$end
STEPS
        logged 'Connection closed'
    done
}

@test "tls: a command in clear text in the middle of TLS ends the session" {
    secured --log-level debug <<'STEPS'
< 220
> AUTH TLS
< 234
tls
below MKD x\r\n
lost-or .
STEPS
    not_logged 'Received command: MKD'
    published_are
}
