# TLS on the control connection: AUTH and what belongs to it, and --tls. Handshakes: tls_handshakes.bats; what comes
# behind them: tls_session.bats.
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
