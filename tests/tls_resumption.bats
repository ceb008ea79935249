# Resumption: whose data connection under TLS it is.
# bats file_tags=asan
# shellcheck shell=bats
# shellcheck disable=SC2030,SC2031 # each test has its own environment
# shellcheck disable=SC2034 # WRAP is for session.bash
load resume
load tls

setup_file() { make_certificates; }
setup() { setup_tls; }
teardown() { teardown_sandbox; }

# uploads_resume WORD...: a session of that kind has three uploads, each of which resumes
uploads_resume() {
    with_begun "$@" -- --tls-require-reuse --log-level debug <<'STEPS'
> EPSV
< 229
> STOR a
< 150
connect
data-is resumed
data one
done
< 226
> EPSV
< 229
> STOR b
< 150
connect
data-is resumed
done
< 226
> EPSV
< 229
> NLST
< 150
connect
data-is resumed
get ^[ab]\r\n[ab]\r\n$
< 226
STEPS
    [ "$(grep -c 'Data connection: .*, resumed' "$T/log")" = 3 ]
    not_logged 'not resume'
    rm "$ROOT"/{a,b}
    : >"$T/log"
}

@test "tls data: sessions of the control connection are resumed, by tickets and by ids" {
    uploads_resume 1.3
    uploads_resume 1.2
    uploads_resume 1.2 no-tickets
}

@test "tls data: after REIN and AUTH, too" {
    for words in 1.3 1.2 '1.2 no-tickets'; do
        secured --tls-require-reuse <<STEPS
< 220
> AUTH TLS
< 234
tls $words
> REIN
< 220
untls
> AUTH TLS
< 234
tls $words
> PBSZ 0
< 200
> PROT P
< 200
private
> EPSV
< 229
> STOR x
< 150
connect
data-is resumed
done
< 226
> REIN
< 220
untls
> AUTH TLS
< 234
tls $words again
tls-is resumed
> PBSZ 0
< 200
> PROT P
< 200
> EPSV
< 229
> STOR x
< 150
connect
data-is resumed
done
< 226
STEPS
    done
}

@test "tls data: a fresh ticket comes over the control connection behind each data connection" {
    with_begun 1.3 -- <<'STEPS'
tls-is ticket
store a one
tls-is new-ticket
store b two
tls-is new-ticket
> NOOP
< 200
tls-is ticket
STEPS
}

@test "tls data: a client that does not resume is served, and told of once" {
    with_begun -- <<'STEPS'
private fresh
> EPSV
< 229
> STOR a
< 150
connect
data-is full
done
< 226
> EPSV
< 229
> STOR b
< 150
connect
data-is full
done
< 226
STEPS
    [ "$(grep -c 'The client did not resume the TLS session on a data connection' "$T/log")" = 1 ]
}

@test "tls data: --tls-require-reuse refuses who does not resume" {
    for words in 1.3 1.2 '1.2 no-tickets'; do
        # shellcheck disable=SC2086
        with_begun $words -- --tls-require-reuse <<'STEPS'
private fresh
> EPSV
< 229
> STOR a
< 150
connect
lost
< 425 resumed
> EPSV
< 229
> NLST
< 150
connect
lost
< 425 resumed
> NOOP
< 200
nofile a
STEPS
        published_are
        nothing_unfinished
    done
    logged 'No data connection for /a: TLS: the session of the control connection must be resumed'
}

# thief_fails WORD...: what a full handshake on a data connection leaves is good for nothing
thief_fails() {
    with_begun "$@" -- <<STEPS
private $* fresh
> EPSV
< 229
> STOR a
< 150
connect
data-is full
data one
done
< 226
private $* stolen
> EPSV
< 229
> STOR b
< 150
connect
data-is full
data two
done
< 226
> REIN
< 220
untls
> AUTH TLS
< 234
tls $* stolen
tls-is full
STEPS
    rm "$ROOT"/*
    # nor where reuse is required: whoever has come in first must not come in later
    with_begun "$@" -- --tls-require-reuse <<STEPS
private $* fresh
> EPSV
< 229
> STOR a
< 150
connect
lost
< 425
private $* stolen
> EPSV
< 229
> STOR b
< 150
connect
data-is full
lost
< 425
nofile b
STEPS
}

@test "tls data: nobody gets anything on a data port that can be resumed" {
    thief_fails 1.3
    thief_fails 1.2
    thief_fails 1.2 no-tickets
}

@test "tls data: no tickets are given on data connections" {
    for version in 1.3 1.2; do
        with_begun $version -- <<STEPS
private $version fresh
> EPSV
< 229
> STOR a
< 150
connect
data one
data-notify
data-is full no-ticket
done
< 226
> EPSV
< 229
> NLST
< 150
connect
read@ 3
data-is full no-ticket
done
< 226
STEPS
    done
}
