# Quotas: what a home may hold, and that it is never exceeded. How that is counted: quota_count.bats.
# bats file_tags=asan,slow
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load quota

setup() { setup_quota; }
teardown() { teardown_sandbox; }

# sized NAME BYTES: the home has such a file
sized() {
    [ "$(stat -c %s "$ROOT/home/$1")" = "$2" ] || fail "$1: $(stat -c %s "$ROOT/home/$1") bytes"
}

# Nothing is left of interrupted uploads.
nothing_kept() { ! find "$ROOT/.stord.unfinished" -type f ! -name .stord.count ! -name .stord.turn | grep . >&2; }

# ---------------------------------------------------------------- what fits

@test "quota: what fits exactly is stored, one byte more is 552" {
    stores 226 a 60
    stores 552 b 41
    stores 226 b 40
    home_holds 100
    binary_as me <<'STEPS'
> PASV
< 227
> STOR c
< 552 ^552 Failed to upload file: the quota of 100 bytes is used up$
STEPS
    logged 'the quota of 100 bytes is used up: /home holds 100 bytes'
    logged 'Upload failed: /home/b \(41 bytes, [0-9.]+ s, quota\)'
    published_are home home/a home/b
}

@test "quota: what ALLO announces is refused before 150, and a full home before anything" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 101
< 200
> STOR a
< 552 ^552 Failed to upload file: 101 bytes do not fit into the quota of 100$
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 100
< 226
> PASV
< 227
> STOR b
< 552 quota
> PASV
< 227
> STOU
< 552 quota
> PASV
< 227
> ALLO 18446744073709551615
< 200
> STOR b
< 552
STEPS
    home_holds 100
    published_are home home/a
}

@test "quota: inline uploads, too" {
    binary_as me <<'STEPS'
> ALLO 100
< 200
> STOR a
>>@ 100
< 150
< 226
> ALLO 1
< 200
> STOR b
>> x
< 552 quota
closed
STEPS
    home_holds 100
}

@test "quota: a client that does not announce its size hears 552 behind its data" {
    serve --users "$T/users"
    random_file "$T/large" 3000000
    run -70 curl -sS --max-time 20 -u me:secret -T "$T/large" "ftp://127.0.0.1:$PORT/large"
    random_file "$T/fits" 100
    curl -sS --max-time 20 -u me:secret -T "$T/fits" "ftp://127.0.0.1:$PORT/fits"
    published_are home home/fits
    home_holds 100
}

@test "quota: the smaller of the quota and the size limit counts, and the reply says which" {
    user small /home quota=100,max-file=50
    binary_as small <<'STEPS'
> PASV
< 227
> STOR x
< 150
put@ 51
< 552 larger than the 50 bytes
> PASV
< 227
> STOR a
< 150
put@ 50
< 226
> PASV
< 227
> STOR b
< 150
put@ 50
< 226
> PASV
< 227
> STOR a
< 150
put@ 51
< 552 larger than the 50 bytes
> PASV
< 227
> STOR c
< 552 quota of 100 bytes
STEPS
    home_holds 100
}

@test "quota: a file that is replaced makes room for the new one, one that is kept does not" {
    stores 226 a 60
    stores 226 a 100
    home_holds 100
    stores 552 a 101
    home_holds 100
    sized a 100
    stores 226 a 30
    home_holds 30
    user careful /home quota=100,on-conflict=rename
    binary_as careful <<'STEPS'
> PASV
< 227
> ALLO 71
< 200
> STOR a
< 552
> PASV
< 227
> STOR a
< 150
put@ 70
< 226
STEPS
    home_holds 100
}

@test "quota: DELE and RNTO over a file free what they take away" {
    binary_as me <<'STEPS'
> PASV
< 227
> STOR a
< 150
put@ 60
< 226
> PASV
< 227
> STOR b
< 150
put@ 40
< 226
> DELE a
< 250
> DELE a
< 550
> PASV
< 227
> STOR c
< 150
put@ 60
< 226
> RNFR c
< 350
> RNTO b
< 250
STEPS
    home_holds 60
    recounts 1
}

# ---------------------------------------------------------------- folders and empty files

# NAMES: so many files and folders does a quota of 100 bytes leave room for
NAMES=256

# named N: so many files and folders are in the home, and that is what the count says
named() {
    local flag names
    read -r flag names < <(cut -b 38-42,90-110 "$COUNT")
    [ "$flag $((10#$names))" = "clean $1" ] || fail "the count: $(cat "$COUNT")"
    names=$(find "$ROOT/home" -mindepth 1 -name '.stord.*' -prune -o -mindepth 1 \( -type f -o -type d \) -print | wc -l)
    [ "$names" = "$1" ] || fail "the home holds $names files and folders"
}

@test "quota: folders and empty files count, and what is removed makes room" {
    mkdir -p "$ROOT/home/there"
    (cd "$ROOT/home/there" && seq $((NAMES - 3)) | xargs touch)
    binary_as me <<'STEPS'
> MKD a
< 257
> PASV
< 227
> STOR a/empty
< 150
put
< 226
> MKD a/b
< 552 ^552 Failed to make directory: the quota of 100 bytes is used up by 256 files and folders$
> MKD a
< 550 exists already
> PASV
< 227
> STOR b
< 552 ^552 Failed to upload file: the quota of 100 bytes is used up by 256 files and folders$
> PASV
< 227
> STOU
< 552
> PASV
< 227
> STOR a/empty
< 150
put not empty any more
< 226
> PASV
< 227
> APPE a/empty
< 150
put , and longer
< 226
> RNFR a
< 350
> RNTO c
< 250
> MKD a
< 552
> DELE c/empty
< 250
> MKD c/d
< 257
> MKD c/e
< 552
> RMD c/d
< 250
> RMD c
< 250
> RNFR there/1
< 350
> RNTO there/2
< 250
> MKD a
< 257
> MKD a/b
< 257
> PASV
< 227
> STOR b
< 150
put
< 226
> MKD d
< 552
STEPS
    logged 'the quota of 100 bytes leaves room for 256 files and folders: /home holds 256: reply 552'
    named "$NAMES"
}

@test "quota: a larger one leaves room for more files and folders" {
    sed -i 's/quota=100$/quota=40K/' "$T/users"
    mkdir -p "$ROOT/home/there"
    (cd "$ROOT/home/there" && seq $((NAMES + 10 - 3)) | xargs touch)
    binary_as me <<'STEPS'
> MKD a
< 257
> MKD b
< 257
> MKD c
< 552
STEPS
    named $((NAMES + 10))
}

@test "quota: a home that is full of bytes takes no folder either, and tells of one that is there" {
    stores 226 a 100
    mkdir "$ROOT/home/there"
    binary_as me <<'STEPS'
> MKD b
< 552 ^552 Failed to make directory: the quota of 100 bytes is used up$
> MKD there
< 550 exists already
> XMKD b
< 552
STEPS
    [ ! -e "$ROOT/home/b" ]
}

@test "quota: a count of an older version, which knew no folders, is made anew" {
    stores 226 a 10
    mkdir "$ROOT/home/there"
    sed -Ei '1s/ [0-9]{19}$//' "$COUNT"
    stores 226 b 10
    home_holds 20
    named 3
    recounts 2
}

@test "quota: of folders that are gone nothing stays in the reserved folder" {
    binary_as me <<'STEPS'
> MKD a
< 257
> MKD a/b
< 257
> PASV
< 227
> ALLO 10
< 200
> STOR a/b/x
< 150
put@ 5
< 426
> RMD a/b
< 550
> DELE a/b/x
< 250
> RMD a/b
< 250
> RMD a
< 250
STEPS
    [ -z "$(find "$ROOT/.stord.unfinished/u.me" -mindepth 1)" ] || fail "$(find "$ROOT/.stord.unfinished")"
    named 0
}

# ---------------------------------------------------------------- APPE, REST, interrupted uploads

@test "quota: what APPE and REST keep counts before the data" {
    stores 226 a 60
    put_there other 40
    rm -f "$COUNT"
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 1
< 200
> APPE a
< 552 quota
> PASV
< 227
> APPE a
< 150
put x
< 552 quota
> REST 59
< 350
> PASV
< 227
> STOR a
< 150
put x
< 226
> PASV
< 227
> ALLO 2
< 200
> REST 59
< 350
> PASV
< 227
> STOR a
< 552 quota
STEPS
    home_holds 100
}

@test "quota: an interrupted upload counts, going on with it does not count it twice, DELE frees it" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 61
< 426
> PASV
< 227
> ALLO 41
< 200
> STOR b
< 552 quota
> REST 60
< 350
> PASV
< 227
> ALLO 41
< 200
> STOR a
< 552 quota
> SIZE a
< 213 ^213 60$
> REST 60
< 350
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 21
< 426
STEPS
    used clean 80
    binary_as me <<'STEPS'
> DELE a
< 250
> PASV
< 227
> ALLO 100
< 200
> STOR b
< 150
put@ 100
< 226
STEPS
    home_holds 100
    nothing_kept
}

@test "quota: an upload in place of an interrupted one needs the difference" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 71
< 426
> PASV
< 227
> STOR a
< 150
put@ 100
< 226
STEPS
    home_holds 100
}

@test "quota: what is left of an interrupted upload must fit, too" {
    several --users "$T/users" <<STEPS
[a] < 220
> USER me
< 331
> PASS secret
< 230
binary
> PASV
< 227
> ALLO 100
< 200
> STOR x
< 150
connect
data $(printf 'x%.0s' {1..60})
stored 60
[b] < 220
> USER me
< 331
> PASS secret
< 230
binary
> PASV
< 227
> STOR y
< 150
put@ 80
< 226
[a] done
< 426 announced by ALLO$
STEPS
    logged 'What arrived of /x is not kept: the quota is used up'
    home_holds 80
    nothing_kept
}

@test "quota: what is left of an interrupted upload survives a home that others have filled" {
    binary_as me <<'STEPS'
> PASV
< 227
> ALLO 100
< 200
> STOR a
< 150
put@ 61
< 426
STEPS
    put_there other 95
    rm "$COUNT"
    binary_as me <<'STEPS'
> REST 60
< 350
> PASV
< 227
> STOR a
< 552 quota
> SIZE a
< 213 ^213 60$
STEPS
    used clean 155
}

@test "quota: in a write-only box a client's own files count under whatever name they have" {
    printf 'box:%s:/home:upload:quota=100,on-conflict=rename\n' "$HASH" >>"$T/users"
    put_there a 10
    put_there b 10
    binary_as box <<'STEPS'
> PASV
< 227
> STOR a
< 150
put@ 40
< 226
> RNFR a
< 350
> RNTO b
< 250
> PASV
< 227
> ALLO 41
< 200
> STOR c
< 552
> DELE b
< 250
> PASV
< 227
> ALLO 80
< 200
> STOR c
< 150
put@ 80
< 226
STEPS
    home_holds 100
}

@test "quota: who must not see a file does not learn its size from what fits" {
    printf 'box:%s:/home:upload,replace:quota=100\n' "$HASH" >>"$T/users"
    put_there a 60
    binary_as box <<'STEPS'
> PASV
< 227
> ALLO 41
< 200
> STOR a
< 552
> PASV
< 227
> ALLO 40
< 200
> STOR a
< 150
put@ 40
< 226
STEPS
    home_holds 40
}
