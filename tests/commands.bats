# Command lines and the verbs that touch no file.
# bats file_tags=asan
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

@test "commands: verbs are case-insensitive, lines end in CR LF or LF, in one piece or byte by byte" {
    for mode in lines bytes packet; do
        for kind in tcp unix pipe; do
            talk -m "$mode" -o "$kind" <<'STEPS'
< 220
> NOOP
< 200
>> noop\n
< 200
> nOoP
< 200
> SYST
< 215 ^215 UNIX Type: L8$
> USER someone
< 331
> PASS secret
< 230
> ACCT x
< 202
> OPTS UTF8 ON
< 200
> opts utf-8 on
< 200
> OPTS NONSENSE
< 501
> QUIT
< 221
closed
STEPS
        done
    done
}

@test "commands: what is unknown gets 500, what is not implemented 502, both from the table" {
    for mode in lines bytes packet; do
        talk -m "$mode" <<'STEPS'
< 220
> XYZZY
< 500 ^500 Unknown command$
> STORE x
< 500 ^500 Unknown command$
> SMNT /x
< 502
> NOOPNOOP
< 500
>> \xe2\x82\xac\r\n
< 500
> NOOP
< 200
STEPS
    done
}

@test "commands: telnet sequences are taken out and options refused" {
    talk -m bytes <<'STEPS'
< 220
>> NO\xff\xf1OP\r\n
< 200
>> \xff\xf4\xff\xf2NOOP\r\n
< 200
>> MKD a\xff\xffb\r\n
< 257
>> \xff\xfa\x01\x02\xff\xf0NOOP\r\n
< 200
STEPS
    [ -d "$ROOT/$(printf 'a\xffb')" ]
    printf 'NOOP\r\n\377\375\001\377\373\003NOOP\r\n' | "$HANDLER" --root "$ROOT" 2>"$T/log" >"$T/out"
    grep -qaF "$(printf '\377\374\001\377\376\003')" "$T/out"
}

@test "commands: over-long lines, NUL bytes and empty lines get a clear reply and do no harm" {
    long=$(printf 'x%.0s' $(seq 9000))
    for mode in lines packet; do
        talk -m "$mode" <<STEPS
< 220
>> \\r\\n
< 500 Empty
>> \\n
< 500 Empty
> MKD $long
< 500 too long
>> $long$long$long\\r\\nNOOP\\r\\n
< 500 too long
< 200
>> NO\\0OP\\r\\n
< 500 NUL
>> MKD a\\0b\\r\\n
< 500 NUL
> NOOP
< 200
STEPS
    done
    root_holds
    # a line of 4096 bytes is read
    long=$(printf 'x%.0s' $(seq 4091))
    talk <<STEPS
< 220
> NOOP $long
< 200
STEPS
}

@test "commands: QUIT ends the session, whatever stands behind it" {
    local end
    for end in 'QUIT' 'QUIT ' 'QUIT bye' 'quit  good  bye'; do
        talk <<STEPS
< 220
> QUITX
< 500
> $end
< 221
closed
STEPS
    done
}

@test "commands: CRs before the line end, NULs between lines and needless blanks mean nothing" {
    for mode in lines bytes packet; do
        talk -m "$mode" --allow upload,replace,list <<'STEPS'
< 220
>> \0\0TYPE I\r\r\n
< 200
>> \0PWD\r\r\r\n
< 257 "/"
>> \0TYPE   L   8 \r\n
< 200
> ALLO   5  R  7
< 200 5 bytes
> ALLO 0
< 200
> MODE  S
< 200
> STRU  F
< 200
> REST   0
< 350
> OPTS   UTF8   ON
< 200
> OPTS  MLST  type;size;
< 200 type;size;
> HELP   STOR
< 214 STOR
> LANG  EN
< 200
> HOST  here
< 220
> SITE   UMASK   022
< 200
> SITE  CHMOD   644 no
< 550 no such file
> SITE UTIME   20240101000000 no
< 550 no such file
> MFMT   20240101000000 no
< 550 no such file
> PORT   127,0,0,1,200,1
< 200
> EPRT   |1|127.0.0.1|51201|
< 200
> EPSV   1
< 229
> PWD  
< 257
>> NOOP\r\0\r\n
< 200
>> \0QUIT\r\r\n
< 221
closed
STEPS
    done
    talk <<'STEPS'
< 220
>> \0\0\0
eof
closed
STEPS
    not_logged 'has no end'
    # an upload behind such a line has just its own bytes
    talk <<'STEPS'
< 220
>> STOR x\r\r\n
< 150
>> \0\r\n
eof
< 226
closed
file x \0\r\n
STEPS
}

@test "commands: blanks at either end of a name belong to it" {
    talk --allow upload,replace,list,mkdir,rename <<'STEPS'
< 220
> MKD   a 
< 257 "/  a "
> CWD   a 
< 250
> CWD /a
< 550
> MFMT 20240101000000  a
< 550
STEPS
    root_holds '  a '
}

@test "commands: missing and surplus arguments are 501" {
    talk <<'STEPS'
< 220
> USER
< 501
> USER 
< 501
> TYPE
< 501
> MKD
< 501
> ALLO
< 501
> PWD x
< 501
> PASV x
< 501
> NOOP x
< 200
> CWD
< 250
STEPS
}

@test "commands: TYPE, MODE, STRU and ALLO take what RFC 959 has and say what they cannot" {
    talk <<'STEPS'
< 220
> TYPE A
< 200
> TYPE a n
< 200
> TYPE I
< 200
> TYPE L 8
< 200
> TYPE E
< 504
> TYPE A T
< 504
> TYPE A C
< 504
> TYPE L 36
< 504
> TYPE X
< 501
> MODE S
< 200
> MODE B
< 504
> MODE C
< 504
> MODE X
< 501
> STRU F
< 200
> STRU R
< 504
> STRU P
< 504
> STRU Q
< 501
> ALLO 0
< 200
> ALLO 12 R 80
< 200
> ALLO -1
< 501
> ALLO 5x
< 501
> ALLO 99999999999999999999999
< 501
> ALLO 5 R
< 501
STEPS
}

@test "commands: blanks at the end are no harm where the argument is no name" {
    talk <<'STEPS'
< 220
> TYPE I 
< 200 binary
> PASV  
< 227
> EPSV 1  
< 229
> ALLO 5 
< 200
> NOOP  
< 200
> MKD  blanks at the end 
< 257
STEPS
    [ -d "$ROOT/ blanks at the end " ]
}

@test "commands: FEAT does not list what the session may not do" {
    talk --allow '' <<'STEPS'
< 220
> FEAT
< 211 (?s)^((?!SIZE|MDTM|MLST|MFMT).)*$
STEPS
    # with its own uploads it may do all that
    talk --allow upload <<'STEPS'
< 220
> FEAT
< 211 (?s)MLST.*SIZE.*MDTM.*MFMT
STEPS
}

@test "commands: HELP and FEAT are printed from the verb table" {
    talk <<'STEPS'
< 220
> HELP
< 214 (?s)^214-.*USER.*MKD.*STOR.*SMNT\*
> HELP STOR
< 214 STOR file
> HELP stor
< 214 STOR file
> HELP SMNT
< 214 not implemented
> HELP XYZZY
< 501
> FEAT
< 211 (?s)^211-Features:\n.* UTF8\n.* EPSV\n.*\n211 End$
STEPS
    # every verb that HELP names without a star is one that is not 500 or 502
    printf 'HELP\r\n' | "$HANDLER" --root "$ROOT" 2>/dev/null |
        tr -d '\r' | sed -n 's/^ //p' | tr -s ' ' '\n' | grep -v '^$' >"$T/verbs"
    [ "$(wc -l <"$T/verbs")" -gt 40 ]
    while read -r verb; do
        printf '%s\r\n' "${verb%\*}" | "$HANDLER" --root "$ROOT" >"$T/out" 2>/dev/null
        case $verb in
        *\*) grep -q '^502' "$T/out" || fail "$verb: $(cat "$T/out")" ;;
        *) ! grep -qE '^50[02]' "$T/out" || fail "$verb: $(cat "$T/out")" ;;
        esac
    done <"$T/verbs"
}

@test "commands: a client that stays silent gets 421 and a reason" {
    talk --idle-timeout 1 <<'STEPS'
< 220
> NOOP
< 200
< 421 Idle
closed
STEPS
    logged 'Idle for 1 seconds'
}

@test "commands: what is pipelined behind QUIT does not lose its reply" {
    talk <<'STEPS'
< 220
>> QUIT\r\nNOOP\r\nNOOP\r\n
< 221
eof
closed
STEPS
}

@test "commands: PASS never reaches the log, all others do at debug level" {
    talk --log-level debug <<'STEPS'
< 220
> USER someone
< 331
> pass hush-hush
< 230
> XYZZY \x1b[31m evil
< 500
STEPS
    logged 'Received command: USER someone'
    logged 'Received command: PASS \*\*\*'
    logged 'Received command: XYZZY \\x1b\[31m evil'
    printf 'PASS\tsecret1\r\nPASSsecret2\r\n pass secret3\r\nACCT\tsecret4\r\n' |
        "$HANDLER" --root "$ROOT" --log-level debug >/dev/null 2>>"$T/log"
    not_logged 'hush|secret'
    talk <<'STEPS'
< 220
> USER someone
< 331
STEPS
    [ "$(grep -c 'Received command: USER' "$T/log")" = 1 ]
}
