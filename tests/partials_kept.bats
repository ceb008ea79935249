# When what arrived of an interrupted upload is kept, and when not. What clients see of it: partials.bats.
# bats file_tags=asan
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load resume

setup() { setup_sandbox; }
teardown() {
    for mount in "$ROOT/mnt" "$ROOT"; do
        if mountpoint -q "$mount"; then umount "$mount"; fi
    done
    teardown_sandbox
}

# ------------------------------------------------------------------ kept

@test "partials: fewer bytes than ALLO announced are kept" {
    interrupted x 0123
    kept_after short
    talk <<'STEPS'
< 220
> ALLO 10
< 200
> STOR x
< 150
>> 01234
eof
< 426 ^426 Failed to upload file: fewer
closed
STEPS
    kept_after short
}

@test "partials: what arrived before a reset is kept" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data 01234
reset
< 426 ^426 Failed to upload file: .*reset
STEPS
    kept_after reset
}

@test "partials: what arrived before a stall is kept" {
    talk --stall-timeout 1 <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data 01234
< 426 ^426 Failed to upload file: no data
STEPS
    kept_after stalled
    talk --stall-timeout 1 <<'STEPS'
< 220
> ALLO 10
< 200
> STOR x
< 150
>> 01234
< 426 ^426 Failed to upload file: no data
closed
STEPS
    kept_after stalled
}

@test "partials: what a client sent that vanished is kept" {
    talk <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data 01234
leave
done
STEPS
    kept_after vanished
}

@test "partials: what arrived before ABOR is kept" {
    several <<'STEPS'
binary
> EPSV
< 229
> STOR x
< 150
connect
data 01234
stored 5
> ABOR
< 426 ^426 Failed to upload file: as you asked
< 226
STEPS
    kept_after aborted
}

@test "partials: what is kept is on disk" {
    traced '-e trace=write,fsync,fdatasync,sendto' interrupted x 01234
    # synced after its last byte, and before the client is told
    sed -nE '/write\([0-9]+, "01234~"/,/426 Failed/p' "$T/trace" | tee "$T/part"
    grep -qE '(fsync|fdatasync)\(.* = 0' "$T/part"
}

# ------------------------------------------------------------------ not kept

@test "partials: in TYPE A nothing is kept, for the bytes on disk are not those that were sent" {
    talk <<'STEPS'
< 220
> TYPE A
< 200
> EPSV
< 229
> STOR x
< 150
connect
data 01234
reset
< 426 reset
> TYPE I
< 200
> SIZE x
< 550
STEPS
    published_are
    nothing_unfinished
}

@test "partials: where no byte arrived nothing is kept" {
    talk <<'STEPS'
binary
> ALLO 10
< 200
store x < 426 fewer
> SIZE x
< 550
> EPSV
< 229
> STOR y
< 150
connect
reset
< 426 reset
> SIZE y
< 550
STEPS
    nothing_unfinished
}

@test "partials: where an older file could be taken for what came, the client sees an empty one" {
    local step
    # TYPE A, nothing came, too much came
    for step in 'TYPE A|data 01234' 'TYPE I|data ' 'TYPE I|put@ 3000000'; do
        printf 'an older one' >"$ROOT/x"
        talk --max-file-size 2M <<STEPS
< 220
> ${step%|*}
< 200
> EPSV
< 229
> STOR x
< 150
connect
${step#*|}
$(case $step in *put*) echo '< 552' ;; *) printf 'reset\n< 426' ;; esac)
> TYPE I
< 200
> SIZE x
< 213 ^213 0\$
file x an older one
append x new
file x new
STEPS
        nothing_unfinished
    done
}

@test "partials: a full disk, a limit or a fault keeps nothing, and the space comes back" {
    need_root mounts a tmpfs
    mount -t tmpfs -o size=8m,mode=777 tmpfs "$ROOT"
    free=$(df --output=avail "$ROOT" | tail -1)
    upload() { # OPTION...
        talk "$@" <<'STEPS'
binary
store@ x 10000000 < 552
> SIZE x
< 550
STEPS
        nothing_unfinished
        published_are
        find "$ROOT" -mindepth 1 -delete
        [ "$(df --output=avail "$ROOT" | tail -1)" = "$free" ]
    }
    upload
    upload --min-free 2M
    upload --max-file-size 2M
}

@test "partials: a fault of the disk keeps nothing" {
    traced '-e trace=fsync -e inject=fsync:error=EIO:when=1' talk <<'STEPS'
binary
store x 01234 < 550
> SIZE x
< 550
STEPS
    grep -q INJECTED "$T/trace"
    published_are
    nothing_unfinished
}

@test "partials: when what goes on does not fit, what was there before stays" {
    need_root mounts a tmpfs
    mount -t tmpfs -o size=4m,mode=777 tmpfs "$ROOT"
    printf old >"$ROOT/x"
    interrupted x 01234
    talk <<'STEPS'
binary
> SIZE x
< 213 ^213 5$
append@ x 5000000 < 552
file x old
> SIZE x
< 213 ^213 5$
append x 56789
file x 0123456789
STEPS
    published_are x
    nothing_unfinished
}

@test "partials: nothing is kept of APPE, and of REST, to a published file" {
    printf 'an older one' >"$ROOT/x"
    talk <<'STEPS'
binary
> ALLO 1000
< 200
append x 01234 < 426 fewer
> SIZE x
< 213 ^213 12$
> ALLO 1000
< 200
> REST 3
< 350
store x 01234 < 426 fewer
> SIZE x
< 213 ^213 12$
append x , longer
file x an older one, longer
STEPS
    nothing_unfinished
}

@test "partials: a handler that is killed while it goes on leaves the old file, and nothing to be seen" {
    printf old >"$ROOT/x"
    interrupted x 01234
    several <<'STEPS'
[a] binary
> SIZE x
< 213 ^213 5$
> EPSV
< 229
> APPE x
< 150
connect
data 56
stored 7
killed
[b] binary
> SIZE x
< 213 ^213 3$
fetch LIST =~ \A-[^\n]* 3 [^\n]* x\r\n\Z
store x new
file x new
STEPS
    published_are x
}

@test "partials: in a folder that is another mount nothing is kept, but the older file is hidden" {
    need_root mounts a tmpfs
    mkdir "$ROOT/mnt"
    mount -t tmpfs -o size=4m,mode=777 tmpfs "$ROOT/mnt"
    printf old >"$ROOT/mnt/x"
    interrupted mnt/x 01234
    talk <<'STEPS'
binary
> CWD mnt
< 250
append x er
file mnt/x older
STEPS
    interrupted mnt/x 01234
    talk <<'STEPS'
binary
> CWD mnt
< 250
> SIZE x
< 213 ^213 0$
> REST 3
< 350
> EPSV
< 229
> STOR x
< 554
file mnt/x older
store x new
file mnt/x new
store@ y 5000000 < 552
STEPS
    published_are mnt mnt/x
    nothing_unfinished
}

@test "partials: a reserved folder that is somebody else's, a link or a file is not used" {
    need_root makes a folder of somebody else
    mkdir "$T/elsewhere"
    for kind in theirs link file; do
        case $kind in
        theirs) install -D -o nobody -m 777 /dev/null "$ROOT/.stord.unfinished/theirs" && chown nobody "$ROOT/.stord.unfinished" ;;
        link) ln -s "$T/elsewhere" "$ROOT/.stord.unfinished" ;;
        file) echo mine >"$ROOT/.stord.unfinished" ;;
        esac
        printf old >"$ROOT/x"
        CODE=550 interrupted x 01234
        talk <<'STEPS'
binary
> SIZE x
< 213 ^213 3$
fetch LIST =~ \A-[^\n]* 3 [^\n]* x\r\n\Z
store x new
file x new
STEPS
        published_are x
        [ -z "$(find "$ROOT/.stord.unfinished" "$T/elsewhere" -mindepth 1 ! -name theirs)" ]
        rm -r "$ROOT/.stord.unfinished" "$ROOT/x"
    done
}
