# In which order commands are answered, and what of a command is for the next one alone.
# shellcheck shell=bats
load session

setup() { setup_sandbox; }
teardown() {
    kill_spawned
    teardown_sandbox
}

ALL=upload,append,replace,list,read,mkdir,rename,delete

# ------------------------------------------------------------------- during a transfer

# during COMMAND REPLY: it comes while an upload is under way, and is answered behind the 226
during() {
    talk --allow="$ALL" <<STEPS
binary
> EPSV
< 229
> STOR sent
< 150
connect
data hello
> $1
silence
done
< 226
< $2
file sent hello
STEPS
}

@test "order: STAT with a path, right behind the data, is answered behind 226, and shows the file (RFC 959 4.1.3)" {
    mkdir "$ROOT/d"
    during 'STAT .' '212 sent\n'
    during 'STAT sent' '213 5 .* sent\n'
    during 'STAT -l' '212 sent\n'
    during 'STAT -la d' 212
    during 'stat  .' '21[23]|550'
    during 'STAT none' 550
}

@test "order: what is refused during an upload is refused behind 226, so that nobody takes it for the upload's reply" {
    during 'ABOR now' 501
    during 'NO SUCH' 500
}

@test "order: STAT alone, NOOP and ABOR are answered at once, whatever blanks are behind them" {
    local blanks
    for blanks in '' ' ' '   '; do
        talk <<STEPS
binary
> EPSV
< 229
> STOR sent
< 150
connect
data hello
> STAT$blanks
< 211 under way
> NOOP$blanks
< 200
> NOOP are you there
< 200
> ABOR$blanks
< 426
< 226
nofile sent
> STAT$blanks
< 211
STEPS
    done
}

# ------------------------------------------------------------------- for the next transfer

# What says how a transfer is done, what asks about the server, and what asks about one file
KEEP=('TYPE I' 'TYPE X' 'MODE S' 'MODE Z' 'STRU F' 'PASV' 'EPSV' 'NOOP' 'NOOP x' 'STAT' 'STAT ' 'FEAT' 'HELP' 'HELP ALLO'
    'SYST' 'OPTS UTF8 ON' 'OPTS MLST size;' 'CLNT me' 'CSID Name=me;' 'LANG' 'SIZE f' 'MDTM f' 'MLST f'
    'SIZE none' 'PRET STOR f' 'LPSV')
# What has nothing to do with one, whatever comes of it
END=('PWD' 'XPWD' 'MKD d' 'MKD' 'CWD /' 'CWD none' 'CDUP' 'DELE none' 'RMD none' 'RNFR f' 'RNTO g' 'STAT /' 'STAT f'
    'MFMT 20240101000000 f' 'SITE HELP' 'SITE CHMOD 644 f' 'USER me' 'PASS x' 'ACCT x' 'ABOR' 'STOR' 'RETR none' 'NLST' 'LIST /'
    'MLSD none')

# between COMMAND...: a dialogue's steps, any reply will do
between() {
    local command
    for command in "$@"; do printf '> %s\n< [2345]..\n' "$command"; done
}

# rest_across STATE COMMAND...: REST 3, these, and a STOR of "new" over "older one" make a file of STATE
rest_across() {
    local made=$1
    shift
    printf 'older one' >"$ROOT/f"
    talk --allow="$ALL" <<STEPS
binary
> REST 3
< 350
$(between "$@")
> EPSV
< 229
> STOR f
< 150
put new
< 226
file f $made
STEPS
    rm -rf "$ROOT/d"
}

@test "order: REST is for the transfer that comes next: what has nothing to do with it ends it (RFC 3659 5.3)" {
    local command
    for command in "${END[@]}"; do
        rest_across new "$command" || fail "behind: $command"
    done
    rest_across new PWD 'MKD d'
    rest_across new NOOP PWD NOOP
}

@test "order: what belongs to a transfer, or asks, stands between REST and STOR as clients have it" {
    local command
    for command in "${KEEP[@]}"; do
        rest_across oldnew "$command" || fail "behind: $command"
    done
    rest_across oldnew "${KEEP[@]}"
    rest_across oldnew 'ALLO 3'
}

@test "order: a transfer uses REST up, also one that was refused" {
    printf 'older one' >"$ROOT/f"
    talk --allow="$ALL" <<'STEPS'
binary
> REST 99
< 350
> EPSV
< 229
> STOR f
< 554
> EPSV
< 229
> RETR f
< 150
get ^older one$
< 226
> REST 3
< 350
> SIZE f
< 213 9
> EPSV
< 229
> RETR f
< 150
get ^er one$
< 226
> REST 3
< 350
> PWD
< 257
> EPSV
< 229
> RETR f
< 150
get ^older one$
< 226
STEPS
}

# announces STATE COMMAND...: ALLO 100, these, and a STOR of 5 bytes: stored, or taken for less than was announced
announces() {
    local reply=$1
    shift
    talk --allow="$ALL" <<STEPS
binary
> EPSV
< 229
> MLSD
< 150
get
< 226
> ALLO 100
< 200
$(between "$@")
> EPSV
< 229
> STOR a
< 150
put hello
< $reply
STEPS
    rm -rf "$ROOT/d" "$ROOT/a" "$ROOT/.stord.unfinished"
}

@test "order: ALLO is for the upload that comes next: what has nothing to do with it ends it" {
    local command
    echo x >"$ROOT/f"
    for command in "${END[@]}"; do
        announces 226 "$command" || fail "behind: $command"
    done
    talk --allow="$ALL" <<'STEPS'
binary
> EPSV
< 229
> ALLO 100
< 200
> NLST
< 150
get ^f\r\n$
< 226
> EPSV
< 229
> STOR a
< 150
put hello
< 226
file a hello
STEPS
}

@test "order: what belongs to a transfer, or asks, stands between ALLO and STOR as clients have it" {
    local command
    echo x >"$ROOT/f"
    for command in "${KEEP[@]}" 'REST 0'; do
        announces 426 "$command" || fail "behind: $command"
    done
}

@test "order: ALLO before the first data connection is ended by what came between, too" {
    talk --allow="$ALL" <<'STEPS'
binary
> ALLO 100
< 200
> NLST
< 425
> EPSV
< 229
> STOR a
< 150
put hello
< 226
file a hello
> ALLO 5
< 200
> ALLO five
< 501
> EPSV
< 229
> STOR b
< 150
put any number of them
< 226
STEPS
}

@test "order: inline, ALLO tells where the data end whatever came between; one that could not be read ends the session" {
    printf 'older one' >"$ROOT/f"
    talk --allow="$ALL" <<'STEPS'
< 220
> ALLO 5
< 200
> MKD d
< 257
> PWD
< 257
> STOR a
< 150
>> helloQUIT\r\n
< 226
< 221
closed
file a hello
STEPS
    talk --allow="$ALL" <<'STEPS'
< 220
> ALLO x
< 501
> PWD
< 257
> STOR a
< 501
closed
file a hello
STEPS
    talk --allow="$ALL" <<'STEPS'
< 220
> REST 3
< 350
> PWD
< 257
> ALLO 3
< 200
> STOR f
< 150
>> new
< 226
file f new
STEPS
}
