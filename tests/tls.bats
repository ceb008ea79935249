# TLS on the control connection: AUTH and what belongs to it, handshakes, inline uploads, endings.
# bats file_tags=asan
# shellcheck shell=bats
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }


# ------------------------------------------------------------------ verbs

@test "tls: AUTH TLS, TLS-C and SSL begin it; other words do not" {
    for word in TLS TLS-C SSL tls 'TLS  '; do
        secured <<STEPS
< 220
> AUTH $word
< 234
tls
tls-is full
> NOOP
< 200
> AUTH $word
< 534
> AUTH TLS-P
< 504
> QUIT
< 221
closed
STEPS
    done
    secured <<'STEPS'
< 220
> AUTH
< 501
> AUTH TLS-P
< 504
> AUTH GSSAPI
< 504
> AUTH TLSX
< 504
> AUTH TLS TLS
< 504
> NOOP
< 200
STEPS
}

@test "tls: over every kind of connection, in every way to cut the bytes" {
    for kind in $(kinds); do
        for mode in lines bytes segments; do
            secured -o "$kind" -m "$mode" <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> PBSZ 0
< 200
> ALLO 5
< 200
> STOR a
< 150
>> hello
< 226
> QUIT
< 221
closed
file a hello
STEPS
        done
    done
}

@test "tls: PBSZ and PROT want TLS and this order" {
    secured <<'STEPS'
< 220
> PBSZ 0
< 503
> PROT P
< 503
> PROT C
< 503
> PROT X
< 503
> CCC
< 533
> AUTH TLS
< 234
tls
> PBSZ
< 501
> PBSZ x
< 501
> PBSZ -1
< 501
> PBSZ 0
< 200 PBSZ=0
> PROT
< 501
> PROT S
< 536
> PROT e
< 536
> PROT X
< 504
> PROT PP
< 504
> PROT P
< 200
> PROT c
< 200
> PBSZ 65536
< 200 PBSZ=0
> PROT P
< 200
> PBSZ 99999999999999999999
< 200 PBSZ=0
> CCC
< 534
> CCC x
< 501
STEPS
}

@test "tls: PROT does without PBSZ, which says nothing under TLS" {
    secured <<'STEPS'
binary
> PROT P
< 503
> AUTH TLS
< 234
tls
> PROT X
< 504
> PROT S
< 536
> PROT P
< 200
private
store x hello
> PROT C
< 200
clear
store y hello
file x hello
file y hello
STEPS
}

@test "tls: PBSZ and PROT before and after the login" {
    users "me:$(hash secret):/::"
    for order in before after; do
        {
            printf '%s\n' '< 220' '> AUTH TLS' '< 234' tls
            if [ $order = before ]; then printf '%s\n' '> PBSZ 0' '< 200' '> PROT P' '< 200'; fi
            printf '%s\n' '> USER me' '< 331' '> PASS secret' '< 230'
            if [ $order = after ]; then printf '%s\n' '> PBSZ 0' '< 200' '> PROT P' '< 200'; fi
            printf '%s\n' '> TYPE I' '< 200' '> EPSV' '< 229' '> STOR x' '< 150' private \
                "put $order" '< 226' "file x $order"
        } | secured --users "$T/users"
    done
}

@test "tls: AUTH is refused once somebody has logged in, and not between USER and PASS" {
    users "me:$(hash secret):/::"
    secured --users "$T/users" --anonymous <<'STEPS'
< 220
> USER me
< 331
> PASS secret
< 230
> AUTH TLS
< 534
> AUTH X
< 504
> NOOP
< 200
STEPS
    secured --users "$T/users" --anonymous <<'STEPS'
< 220
> USER anonymous
< 331
> PASS x
< 230
> AUTH TLS
< 534
STEPS
    secured --users "$T/users" <<'STEPS'
< 220
> USER me
< 331
> AUTH TLS
< 234
tls
> PASS secret
< 503
> USER me
< 331
> PASS secret
< 230
STEPS
}

@test "tls: FEAT and HELP tell of it where it is served, and only there" {
    secured <<'STEPS'
< 220
> FEAT
< 211 \n AUTH TLS\n PBSZ\n PROT\n
> HELP
< 214 AUTH\s+PBSZ\s+PROT\s+CCC 
> HELP AUTH
< 214 Syntax: AUTH TLS
> HELP CCC
< 214 Syntax
> AUTH TLS
< 234
tls
> FEAT
< 211 \n AUTH TLS\n PBSZ\n PROT\n
STEPS
    secured --tls off <<'STEPS'
< 220
> FEAT
< 211 (?s)^(?!.*(AUTH|PBSZ|PROT)).*$
> HELP
< 214 AUTH\*\s+PBSZ\*\s+PROT\*\s+CCC\*
> HELP AUTH
< 214 not implemented
> AUTH TLS
< 502
> PBSZ 0
< 502
> PROT P
< 502
> CCC
< 502
STEPS
    talk <<'STEPS'
< 220
> FEAT
< 211 (?s)^(?!.*(AUTH|PBSZ|PROT)).*$
> AUTH TLS
< 502
STEPS
}

@test "tls: STAT tells what is protected" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls 1.2
> STAT
< 211 (?s)TLSv1\.2 .*in clear text
> PBSZ 0
< 200
> PROT P
< 200
> STAT
< 211 (?s)TLSv1\.2 .*protected
STEPS
}

@test "tls: no password stays in the session's memory" {
    need_root 'reads the memory of processes'
    users "me:$(hash my-sesame-opens):/::"
    for mode in lines bytes segments; do
        for version in 1.2 1.3; do
            secured -m $mode --users "$T/users" <<STEPS
< 220
> AUTH TLS
< 234
tls $version
> USER me
< 331
> PASS another-mistake
< 530
loses other-mistake
>> PASS my-sesame
holds my-sesame
>> -opens\\r\\n
< 230
loses my-sesame
loses same-opens
STEPS
        done
    done
}

# ------------------------------------------------------------------ state

# what_is_set: steps that set all that a session can have set, and what_is_not_set finds nothing of it
what_is_set() {
    cat <<'STEPS'
> TYPE I
< 200
> CWD sub
< 250
> EPSV
< 229
> ALLO 3
< 200
> RNFR f
< 350
> REST 3
< 350
STEPS
}

what_is_not_set() {
    cat <<'STEPS'
> PWD
< 257 "/"
> RNTO g
< 503
> STAT
< 211 (?s)ASCII
STEPS
}

# The data connection is forgotten, and neither a byte is left out nor a size announced.
one_byte() {
    cat <<'STEPS'
> TYPE I
< 200
> STOR x
< 425
store x 1
file x 1
STEPS
}

@test "tls: AUTH forgets what was said before it" {
    mkdir "$ROOT/sub"
    {
        printf '%s\n' 'given sub/f x' '< 220'
        what_is_set
        printf '%s\n' '> AUTH TLS' '< 234' tls
        what_is_not_set
        one_byte
    } | secured --allow upload,append,replace,list,mkdir,rename
    secured <<'STEPS'
< 220
> EPSV ALL
< 200
> AUTH TLS
< 234
tls
> PASV
< 227
STEPS
}

@test "tls: REIN goes back to clear text, forgets everything, and AUTH works again" {
    mkdir "$ROOT/sub"
    for version in 1.2 1.3; do
        {
            printf '%s\n' 'given sub/f x' '< 220' '> AUTH TLS' '< 234' "tls $version" \
                '> PBSZ 0' '< 200' '> PROT P' '< 200'
            what_is_set
            printf '%s\n' '> REIN' '< 220' untls '> CCC' '< 533' '> PROT P' '< 503'
            what_is_not_set
            printf '%s\n' '> AUTH TLS' '< 234' "tls $version" '> PROT C' '< 200' '> REIN' '< 220' untls
            one_byte
        } | secured --allow upload,append,replace,list,mkdir,rename
    done
}

@test "tls: AUTH in the same segment as the client's close_notify behind REIN" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> ALLO 5
< 200
> STOR x
< 150
>> hello
< 226
> REIN
< 220
notify-and AUTH TLS\r\n
< 234
tls
> NOOP
< 200
STEPS
}

@test "tls: a client that does not end TLS behind REIN is left" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> REIN
< 220
> NOOP
closed
STEPS
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> REIN
< 220
eof
closed
STEPS
}

@test "tls: REIN of somebody who has logged in ends the session" {
    users "me:$(hash secret):/::"
    secured --users "$T/users" <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> USER me
< 331
> PASS secret
< 230
> REIN
< 421
closed
STEPS
}

# ------------------------------------------------------------------ modes

@test "tls: require refuses a login, and uploads of local clients, in clear text" {
    users "me:$(hash secret):/::"
    for options in "" "--users $T/users" --anonymous "--users $T/users --anonymous"; do
        # shellcheck disable=SC2086 # words
        secured --tls require $options <<'STEPS'
< 220
> USER me
< 530 TLS
> USER anonymous
< 530 TLS
> PASS secret
< 530 TLS
> PWD
< 530 TLS
> TYPE I
< 530
> EPSV
< 530
> MKD d
< 530
> SIZE x
< 530
> FEAT
< 211
> REIN
< 220
> USER me
< 530 TLS
> STOR x
< 530 TLS
STEPS
        # shellcheck disable=SC2086
        secured --tls require $options <<'STEPS'
< 220
> STOR x
< 530 TLS
closed
STEPS
    done
    published_are
}

@test "tls: require wants data connections protected, whoever the client is" {
    users "me:$(hash secret):/::"
    for who in local me anonymous; do
        {
            printf '%s\n' '< 220' '> AUTH TLS' '< 234' tls
            if [ $who != local ]; then
                printf '%s\n' "> USER $who" '< 331' '> PASS secret' '< 230'
            fi
            cat <<'STEPS'
> TYPE I
< 200
> EPSV
< 229
> STOR x
< 521
> EPSV
< 229
> RETR x
< 521|550
> EPSV
< 229
> MLSD
< 521|550
> PBSZ 0
< 200
> PROT C
< 534
> EPSV
< 229
> STOR x
< 521
> APPE x
< 521
> STOU
< 521
> PROT P
< 200
> STOR x
< 425
> PROT C
< 534
> EPSV
< 229
> STOR x
< 150
private
put hello
< 226
file x hello
STEPS
        } | if [ $who = local ]; then secured --tls require; else
            secured --tls require --users "$T/users" --anonymous
        fi
        rm "$ROOT/x"
    done
}

@test "tls: require lets inline uploads pass, which are under TLS" {
    secured --tls require <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> ALLO 2
< 200
> STOR x
< 150
>> ab
< 226
> REIN
< 220
untls
> STOR y
< 530 TLS
closed
STEPS
    published_are x
}

@test "tls: implicit: the greeting comes inside TLS, and PROT is P" {
    for kind in tcp unix pipe; do
        secured -o "$kind" --tls implicit <<'STEPS'
silence
tls
< 220
> AUTH TLS
< 534
> TYPE I
< 200
> EPSV
< 229
> STOR x
< 150
private
put hello
< 226
> PBSZ 0
< 200
> PROT C
< 534
> PROT P
< 200
fetch NLST =~ ^x\r\n$
> REIN
< 421
closed
file x hello
STEPS
    done
}

@test "tls: implicit: no service in clear text" {
    secured --tls implicit --log-level debug <<'STEPS'
> USER me
> STOR x
tls-fails (?i)wrong.version|EOF|reset
STEPS
    logged 'TLS handshake failed: '
    not_logged 'Received command'
    published_are
}

# ------------------------------------------------------------------ handshakes

@test "tls: 1.2 and 1.3 are spoken, and told in the log" {
    for version in 1.2 1.3; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version
tls-is TLSv$version
> NOOP
< 200
STEPS
        logged "TLS: TLSv$version [A-Z0-9_-]+$"
    done
}

@test "tls: 1.0 and 1.1 are refused, whatever the system allows" {
    for version in 1.0 1.1; do
        OPENSSL_CONF=/dev/null secured <<STEPS
< 220
> AUTH TLS
< 234
tls-fails alert.protocol.version $version
closed
STEPS
    done
    logged 'TLS handshake failed: .*protocol'
}

@test "tls: no renegotiation" {
    need openssl
    serve --tls-cert "$T/server.crt" --tls-key "$T/server.key"
    mkfifo "$T/in"
    spawn openssl s_client -starttls ftp -tls1_2 -connect "127.0.0.1:$PORT" <>"$T/in"
    wait_for grep -q 'TLS: TLSv1.2' "$T/serve.log"
    wait_for grep -q 'Secure Renegotiation IS supported' "$SPAWN_LOG"
    echo R >"$T/in" # what s_client takes as an order
    wait_for grep -q 'no renegotiation' "$SPAWN_LOG"
    grep -q RENEGOTIATING "$SPAWN_LOG"
    wait_for grep -q 'Connection closed' "$T/serve.log"
    [ "$(grep -c 'TLS: TLSv1.2' "$T/serve.log")" = 1 ]
}

@test "tls: ALPN: ftp is taken, another protocol alone is refused (ALPACA)" {
    for offer in alpn=ftp alpn=http/1.1,ftp alpn=ftp,http/1.1 alpn=ft,ftp,ftpx; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $offer
tls-is ftp
> NOOP
< 200
STEPS
    done
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls
tls-is no-alpn
STEPS
    for offer in http/1.1 h2 ftpx ft FTP; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls-fails no.application.protocol alpn=$offer
closed
STEPS
    done
    secured --tls implicit <<'STEPS'
tls-fails no.application.protocol alpn=http/1.1
STEPS
}

@test "tls: a ClientHello byte by byte" {
    for version in 1.2 1.3; do
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls $version slowly
> NOOP
< 200
STEPS
    done
}

@test "tls: garbage instead of a handshake ends the session" {
    garbage=$(head -c 16384 /dev/urandom | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g')
    for begin in '' '\x16\x03\x01' '\x16\x03\x03\xff\xff' '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'; do
        : >"$T/log"
        secured --log-level debug <<STEPS
< 220
> AUTH TLS
< 234
>> $begin$garbage
tls-fails .
STEPS
        logged 'TLS handshake failed: '
        logged 'Connection closed'
    done
    secured --tls implicit <<STEPS
>> $garbage
tls-fails .
STEPS
}

@test "tls: commands that come in clear text behind AUTH are never run" {
    # in the same segment
    secured --log-level debug <<'STEPS'
< 220
>> AUTH TLS\r\nMKD one\r\nUSER me\r\nPA
< 234
tls
> NOOP
< 200
> PASS
< 230
> QUIT
< 221
closed
STEPS
    logged 'Dropped 20 bytes that came behind AUTH in clear text'
    # more than the server reads at once
    secured <<STEPS
< 220
>> AUTH TLS\\r\\n$(printf 'MKD two\\r\\n%.0s' {1..3000})
< 234
tls
> NOOP
< 200
STEPS
    logged 'Dropped 27000 bytes'
    # in a segment of their own, which can come before or after TLS begins
    secured --log-level debug <<'STEPS'
< 220
>> AUTH TLS\r\n
>> MKD three\r\n
< 234
tls-or-not
STEPS
    not_logged 'Received command: (MKD|USER)'
    published_are
}

@test "tls: a handshake that takes too long ends the session, and the helper" {
    users "me:$(hash secret):/::"
    secured --login-timeout 1 --users "$T/users" <<'STEPS'
< 220
helpers 1
> AUTH TLS
< 234
tls-part
closed
STEPS
    logged 'TLS handshake failed: it took too long'
    secured --login-timeout 1 --tls implicit --users "$T/users" <<'STEPS'
helpers 1
tls-part
closed
STEPS
    secured --login-timeout 1 <<'STEPS'
< 220
> AUTH TLS
< 234
closed
STEPS
}

@test "tls: a client that leaves in the middle of the handshake" {
    for end in eof vanish; do
        : >"$T/log"
        secured <<STEPS
< 220
> AUTH TLS
< 234
tls-part
$end
STEPS
        logged 'TLS handshake failed: (the client closed the connection|Connection reset)'
    done
}

@test "tls: SIGTERM in the middle of a handshake" {
    secured <<'STEPS'
< 220
> AUTH TLS
< 234
tls-part
silence
killed-by TERM
closed
STEPS
    logged 'TLS handshake failed: the service is shutting down'
}

@test "tls: the time to log in goes on over AUTH and REIN" {
    users "me:$(hash secret):/::"
    secured --login-timeout 2 --users "$T/users" <<'STEPS'
< 220
> AUTH TLS
< 234
tls
> REIN
< 220
untls
> AUTH TLS
< 234
tls
< 421 Not logged in
closed
STEPS
}

@test "tls: a record that comes byte by byte does not hold the session beyond the idle time-out" {
    secured --idle-timeout 1 <<'STEPS'
< 220
> AUTH TLS
< 234
tls
drip 421 Idle
closed
STEPS
}

@test "tls: a ClientHello without AUTH closes the session" {
    secured <<'STEPS'
< 220
tls-fails EOF
STEPS
    logged 'the client speaks TLS, not FTP'
}

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
