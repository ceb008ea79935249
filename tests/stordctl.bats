# stordctl, where there is no systemd: users, who is connected. (With it: tests/systemd/stordctl.sh)
# shellcheck shell=bats
# shellcheck disable=SC2154,SC2016,SC2153 # stderr comes from run; hashes have dollars; serve sets PORT
bats_require_minimum_version 1.5.0
load session

setup_file() { make -s -C "$TOP" install DESTDIR= PREFIX="$BATS_FILE_TMPDIR/i" SYSCONFDIR="$BATS_FILE_TMPDIR/etc" >&2; }
setup() {
    setup_sandbox
    I=$BATS_FILE_TMPDIR/i
    HANDLER=$I/libexec/stord/handler
}
teardown() { teardown_sandbox; }

ctl() { "$I/sbin/stordctl" "$@"; }
# ctl_user VERB...: in $T/users; the password is secret
ctl_user() { printf 'secret\n' | ctl --users="$T/users" user "$@"; }
# login_gets NAME PASSWORD CODE
login_gets() {
    talk --users "$T/users" <<STEPS
< 220
> USER $1
< 331
> PASS $2
< $3
STEPS
}
# unchanged CMD...: it fails with that status, says so, and leaves the file and its folder as they were
unchanged() {
    local status=$1 before
    shift
    before=$(cat "$T/users" && stat -c '%i %Y' "$T/users")
    run "-$status" --separate-stderr "$@"
    [ -n "$stderr" ]
    [ "$(cat "$T/users" && stat -c '%i %Y' "$T/users")" = "$before" ] || fail "the file has changed"
    [ -z "$(find "$T" -name '.users*')" ] || fail "something is left"
}
no_control() { run "-$1" --separate-stderr ctl "${@:2}"; }

# ------------------------------------------------------------------------------------------- users

@test "stordctl user add: who was added logs in, and nobody else; the file is for sessions alone" {
    ctl_user add acme home=/partners/acme rights=upload,list quota=10G from=127.0.0.0/8
    grep -E '^acme:\$y\$[^:]+:/partners/acme:upload,list:quota=10G,from=127\.0\.0\.0/8$' "$T/users"
    ctl_user add 'b c'
    grep -E '^b c:\$y\$[^:]+:/b c::$' "$T/users"
    login_gets acme secret 230
    login_gets 'b c' secret 230
    at_once login_gets acme wrong 530
    at_once login_gets b secret 530
    all_done
    [ "$(stat -c %a "$T/users")" = 600 ] || [ "$(stat -c '%a %U:%G' "$T/users")" = '640 root:stord' ]
}

@test "stordctl user: owner, mode, access control list and all other lines stay, and a link stays one" {
    need_root "changes owners"
    need setfacl
    users '# those of the first floor' "me:$(hash secret):/me:upload:tls" '' '# end'
    chown 1234:4321 "$T/users"
    chmod 640 "$T/users"
    setfacl -m u:65534:r "$T/users"
    mkdir "$T/elsewhere"
    mv "$T/users" "$T/elsewhere/users"
    ln -s elsewhere/users "$T/users"
    before=$(getfacl -cn "$T/elsewhere/users") text=$(cat "$T/users")
    inode=$(stat -c %i "$T/elsewhere/users")
    ctl_user add you
    [ "$(stat -c %u:%g "$T/elsewhere/users")" = 1234:4321 ]
    [ "$(getfacl -cn "$T/elsewhere/users")" = "$before" ]
    [ "$(stat -c %i "$T/elsewhere/users")" != "$inode" ] # another file, and never half of one
    [ -L "$T/users" ]
    [ "$(head -n 4 "$T/users")" = "$text" ]
    ctl_user del you
    [ "$(cat "$T/users")" = "$text" ]
    ctl_user lock me
    [ "$(sed -n '1p;3,$p' "$T/users")" = $'# those of the first floor\n\n# end' ]
}

@test "stordctl user: what would let nobody in, or mean something else, changes nothing" {
    users "me:$(hash secret):/me::" "10:$(hash secret):/ten::"
    unchanged 65 ctl_user add me
    [[ $stderr == *'there is a user me in '*' already'* ]]
    unchanged 65 ctl_user add you rights=writing
    [[ $stderr == *"$T/users:3: the rights are not a comma list"* ]]
    unchanged 65 ctl_user add you home=relative
    unchanged 65 ctl_user add you quota=10X
    unchanged 65 ctl_user add you from=1.2.3.4 from=1.2.3.5
    unchanged 65 ctl_user add you home=/a:b
    unchanged 65 ctl_user add you home=/a $'tls\nroot:!:/::'
    unchanged 65 ctl_user add $'you\nroot'
    for name in '' a:b '#you' "$(printf '%065d' 0)"; do unchanged 65 ctl_user add "$name"; done
    # A hash that cannot be made
    unchanged 65 ctl --users="$T/users" user add you < <(echo)
    unchanged 66 ctl --users="$T/users" user passwd me </dev/null
    for verb in passwd lock unlock del show; do unchanged 67 ctl_user $verb you; done
    mv "$T/users" "$T/kept"
    run -65 ctl_user add you rights=writing
    [ ! -e "$T/users" ]
    mv "$T/kept" "$T/users"
    # Names are compared, and not numbers or patterns
    for name in 1e1 010 '1.' m. ME 'me:'; do unchanged 67 ctl_user del "$name"; done
}

@test "stordctl user: a file that is wrong already is nobody's to change" {
    users "me:$(hash secret):/me::" 'you'
    for verb in passwd lock unlock del show; do
        unchanged 65 ctl_user $verb me
        [[ $stderr == *"$T/users:2: there are not five fields"* ]]
    done
    unchanged 65 ctl_user add him
    unchanged 65 ctl_user list
    unchanged 66 ctl --users="$T/none" user list
    # A last line without its end may be half of one
    printf 'me:%s:/me::' "$(hash secret)" >"$T/users"
    unchanged 65 ctl_user add you
}

@test "stordctl user: what is no plain file is not replaced" {
    mkfifo "$T/users"
    for words in 'add me' 'del me' list; do
        # shellcheck disable=SC2086 # words
        run -66 --separate-stderr ctl_user $words
        [[ $stderr == *"$T/users is no plain file"* ]]
    done
    [ -p "$T/users" ]
}

@test "stordctl user passwd, lock, unlock: one password counts, or none, and the one of before is back" {
    users "me:$(hash old):/me:upload:tls,cert=CN=me,O=a:b:" "box:!:/box::cert=CN=box"
    ctl_user passwd box
    grep -E '^box:\$y\$[^:]*:/box::cert=CN=box$' "$T/users"
    before=$(cat "$T/users")
    ctl_user lock me
    ctl_user lock box
    [ "$(ctl_user list | awk '{ print $1, $2 }')" = $'me locked\nbox locked' ]
    at_once login_gets box secret 530
    all_done
    run -0 --separate-stderr ctl_user lock me
    [[ $stderr == *already* ]]
    ctl_user unlock me
    ctl_user unlock box
    [ "$(cat "$T/users")" = "$before" ]
    login_gets box secret 230
    [ "$(ctl_user show me | sed -n 's/^options *//p')" = tls,cert=CN=me,O=a:b: ]
    [ "$(ctl_user list | awk '{ print $1, $2 }')" = $'me both\nbox both' ]
    # A locked one stays locked with another password
    ctl_user lock box
    printf 'new\n' | ctl --users="$T/users" user passwd box
    grep -E '^box:!\$y\$' "$T/users"
    ctl_user unlock box
    login_gets box new 230
    # Who logs in by a certificate alone has nothing else to be unlocked
    ctl_user add press cert=CN=press
    grep -x 'press:!:/press::cert=CN=press' "$T/users"
    unchanged 65 ctl_user unlock press
    ctl_user lock press
    grep -x 'press:!!:/press::cert=CN=press' "$T/users"
    ctl_user unlock press
    grep -x 'press:!:/press::cert=CN=press' "$T/users"
}

@test "stordctl user: twenty at once lose nothing, and whoever reads meanwhile finds a whole file" {
    users "me:$(hash secret):/me::"
    (while "$HANDLER" --users "$T/users" --list-users >/dev/null && [ ! -e "$T/stop" ]; do :; done && touch "$T/whole") 3>&- &
    reader=$!
    for number in {1..20}; do at_once ctl_user add "user$number"; done
    all_done
    touch "$T/stop"
    wait "$reader"
    [ -e "$T/whole" ]
    [ "$("$HANDLER" --users "$T/users" --list-users | cut -f3 | sort -V | paste -sd' ')" = "me $(printf 'user%s ' {1..20} | sed 's/ $//')" ]
    for number in {1..20}; do at_once ctl_user del "user$number"; done
    all_done
    [ "$(wc -l <"$T/users")" = 1 ]
}

@test "stordctl: what is asked for wrongly is 64 and tells what there is; whoever is not root is told" {
    for words in '' nothing user 'user add' 'user list x' 'user del' 'user del a b' 'check --soon' 'who x' kick 'kick a b' log open \
        'open a b c' 'doctor x' --other; do
        # shellcheck disable=SC2086 # words
        no_control 64 $words
        [[ $stderr == *'stordctl'* ]] || fail "$words: $stderr"
    done
    for port in 0 65536 ftp 21x -1; do no_control 64 open "$port"; done
    for address in host 1.2.3 '1.2.3.4;x' '[::1]'; do no_control 64 open 21 "$address"; done
    run -0 ctl --help
    [[ $output == *'user add NAME'* ]]
    [ "$(ctl --version)" = "stordctl (stord) $("$HANDLER" --version | sed 's/.* //')" ]
    if [ "$(id -u)" = 0 ]; then
        cp -r "$I" "$T/i" # where others may look
        sed -i "s|$I|$T/i|g" "$T/i/sbin/stordctl"
        for words in check who 'kick x' 'open 21' doctor; do
            # shellcheck disable=SC2086
            run -77 setpriv --reuid 65534 --regid 65534 --clear-groups "$T/i/sbin/stordctl" $words
        done
    fi
}

@test "stordctl: shells complete commands and users" {
    need zsh
    users "me:$(hash secret):/me::"
    complete_words() {
        PATH=$I/sbin:$PATH bash -c '. "$0"; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _stordctl; echo "${COMPREPLY[*]}"' \
            "$I/share/bash-completion/completions/stordctl" "$@"
    }
    [ "$(complete_words stordctl d)" = doctor ]
    [ "$(complete_words stordctl user l)" = 'lock list' ]
    # every command of the help, and no other
    [ "$(complete_words stordctl '' | tr ' ' '\n' | grep -v -- -- | sort)" = "$(ctl --help | sed -nE 's/^  ([a-z]+) .*/\1/p; s/^  (doctor|who).*/\1/p' | sort -u)" ]
    # every option that a line may have, which the reader tells of one that there is not
    ctl_user add x nothing 2>&1 | sed -n 's/.*option "nothing" wants //p' | sed 's/,* or / /; s/,//g' | tr ' ' '\n' | sort >"$T/options" || :
    [ -s "$T/options" ]
    [ "$(complete_words stordctl user add x '' | tr ' ' '\n' | grep -vxE 'home=|rights=' | sort)" = "$(cat "$T/options")" ]
    while IFS= read -r option; do
        grep -E "[ =]$option( |\$)" "$I/share/zsh/site-functions/_stordctl" >/dev/null || fail "zsh: $option"
    done <"$T/options"
    zsh -n "$I/share/zsh/site-functions/_stordctl"
}

# ------------------------------------------------------------------------------------ who is connected

@test "stordctl who, kick: sessions under any super-server, not their helpers; a kicked one is told" {
    need_root "looks at all processes"
    need ss ps
    users "me:$(hash secret):/me::"
    serve --users "$T/users"
    [ "$(ctl who | wc -l)" = 1 ]
    exec {one}<>"/dev/tcp/127.0.0.1/$PORT" {two}<>"/dev/tcp/127.0.0.1/$PORT"
    read -r _ <&"$one"
    read -r _ <&"$two"
    ctl who | tee "$T/who"
    [ "$(awk '$4 == "127.0.0.1"' "$T/who" | wc -l)" = 2 ]
    [ "$(wc -l <"$T/who")" = 3 ]
    pid=$(awk 'NR == 2 { print $1 }' "$T/who")
    run -67 ctl kick 192.0.2.7
    ctl kick "$pid"
    [ "$(ctl who | wc -l)" = 2 ]
    ctl kick 127.0.0.1
    [ "$(ctl who | wc -l)" = 1 ]
    grep '^421 ' <&"$one"
    grep '^421 ' <&"$two"
    run -67 ctl kick 127.0.0.1
}

@test "stordctl who, kick: a user is not taken for an address, nor what is uploaded for either" {
    need_root "looks at all processes"
    need ss ps
    local secret name command reply=''
    secret=$(hash secret)
    users "192.0.2.7:$secret:/::" "localhost:$secret:/::" "a 192.0.2.8 b:$secret:/::" "c:$secret:/::"
    serve --users "$T/users"
    # on NAME FILE: a session of that user, which uploads
    on() {
        exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
        for command in "USER $1" 'PASS secret' 'ALLO 5' "STOR $2"; do
            read -r _ <&"$wire"
            printf '%s\r\n' "$command" >&"$wire"
        done
        until [[ $reply == 150* ]]; do read -r reply <&"$wire"; done
        reply=''
    }
    on 192.0.2.7 '192.0.2.9 idle'
    on localhost x
    on 'a 192.0.2.8 b' y
    on c '127.0.0.1 STOR x'
    ctl who | tee "$T/who"
    [ "$(awk 'NR > 1 { $1 = $2 = ""; print }' "$T/who" | sort | sed 's/^ *//')" = \
        $'192.0.2.7 127.0.0.1 STOR 192.0.2.9 idle\na 192.0.2.8 b 127.0.0.1 STOR y\nc 127.0.0.1 STOR 127.0.0.1 STOR x\nlocalhost 127.0.0.1 STOR x' ]
    for name in 192.0.2.8 192.0.2.9 x idle; do run -67 ctl kick "$name"; done
    ctl kick 'a 192.0.2.8 b'
    [ "$(ctl who | wc -l)" = 4 ]
    ctl kick 127.0.0.1
    [ "$(ctl who | wc -l)" = 1 ]
}
