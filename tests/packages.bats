# The Debian packages: how they are built, and what becomes of a machine that has them.
# bats file_tags=slow
# shellcheck shell=bats

load helpers
load fail2ban

setup_file() {
    need dpkg-buildpackage lintian dh make
    make -s -C "$TOP" deb
}
setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

PACKAGES=$TOP/build/deb
# field PACKAGE NAME: of what control says
field() { dpkg-deb -f "$PACKAGES/$1"_*.deb "$2"; }

@test "make deb builds two packages, of which lintian thinks well, and not again what it has built" {
    cat "$PACKAGES/lintian"
    [ ! -s "$PACKAGES/lintian" ]
    before=$(stat -c '%Y %i' "$PACKAGES"/*.deb)
    make -s -C "$TOP" deb | sort >"$T/said"
    [ "$(stat -c '%Y %i' "$PACKAGES"/*.deb)" = "$before" ]
    printf '%s\n' "$PACKAGES"/stord{,-client}_*.deb | sort | diff - "$T/said"
}

@test "an ordinary user builds the same packages, byte for byte, in another folder and without git" {
    mkdir "$T/copy"
    (cd "$TOP" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T -) | tar -x -C "$T/copy"
    # What was built by others, and would not work
    mkdir -p "$T/copy/build/obj" "$T/copy/debian/tmp/usr" "$T/copy/ftpserver"
    touch "$T/copy"/{handler,client,stord-tls.so,build/obj/handler.o,debian/tmp/usr/bad,ftpserver/upload}
    user=()
    if [ "$(id -u)" = 0 ]; then
        chown -R nobody: "$T/copy"
        user=(setpriv --reuid nobody --regid nogroup --clear-groups)
    fi
    (umask 077 && "${user[@]}" "$T/copy/scripts/deb")
    for package in stord stord-client; do
        cmp "$PACKAGES/$package"_*.deb "$T/copy/build/deb/$package"_*.deb
    done
}

@test "the packages need what they load, and find their files" {
    field stord Depends
    for library in libc6 libcrypt1 'libssl3(t64)?' libsystemd0; do
        field stord Depends | grep -wE "$library"
    done
    field stord-client Depends | grep -wE 'libssl3(t64)?'
    if field stord-client Depends | grep -w -e libcrypt1 -e libsystemd0; then fail "not the client's"; fi
    [ "$(field stord Version)" = "$("$HANDLER" --version | sed 's/.* //')" ]

    mkdir "$T/stord" "$T/client"
    dpkg-deb -x "$PACKAGES"/stord_*.deb "$T/stord"
    dpkg-deb -x "$PACKAGES"/stord-client_*.deb "$T/client"
    find "$T/stord" -name '*.gz' -exec gunzip {} +
    if grep -rF /usr/local/ "$T/stord"; then fail "is not there"; fi
    units=$(find "$T/stord" -path '*lib/systemd/system')
    grep -rhoE '/usr/(libexec|share)/[a-z./_-]*[a-z]' "$units" "$T/stord/etc" | sort -u | tee "$T/named"
    [ -s "$T/named" ]
    while read -r path; do [ -e "$T/stord$path" ] || fail "$path is not there"; done <"$T/named"
    (cd "$T/client" && find . -path ./usr/share/doc -prune -o ! -type d -print) | sort >"$T/has"
    # where units belong differs between Debian 12 and 13
    units=${units#"$T/stord/"}
    printf './%s\n' "$units/stor-outbox@.path" "$units/stor-outbox@.service" usr/bin/stor \
        usr/share/bash-completion/completions/stor usr/share/man/man1/stor.1.gz \
        usr/share/zsh/vendor-completions/_stor | sort >"$T/should have"
    diff "$T/should have" "$T/has"
}

@test "what would serve beside the socket, or ban somebody, waits for the administrator" {
    dpkg-deb -x "$PACKAGES"/stord_*.deb "$T/stord"
    sort "$T/stord/etc/xinetd.d/stord" | grep disable | tee "$T/disable"
    [ "$(tr -d ' \t' <"$T/disable" | sort -u)" = disable=yes ]
    grep '^enabled' "$T/stord/etc/fail2ban/jail.d/stord.conf" | diff - <(echo 'enabled = false')
    # The rest is as it was.
    [ "$(diff "$TOP/contrib/fail2ban/jail.d/stord.conf" "$T/stord/etc/fail2ban/jail.d/stord.conf" | grep -c '^>')" = 1 ]
    cmp "$TOP/contrib/fail2ban/filter.d/stord.conf" "$T/stord/etc/fail2ban/filter.d/stord.conf"
    dpkg-deb --info "$PACKAGES"/stord_*.deb conffiles | sort | diff - <(printf '%s\n' \
        /etc/fail2ban/{filter,jail}.d/stord.conf /etc/xinetd.d/stord)
}

@test "README's file enables the jail of the package" {
    fail2ban_setup
    dpkg-deb -x "$PACKAGES"/stord_*.deb "$T/stord"
    cp -r "$T/stord/etc/fail2ban/." "$T/fail2ban/"
    jail() { fail2ban_run fail2ban-client -c "$T/fail2ban" -d | grep -F "['start', 'stord']"; }
    if jail; then fail "nobody enabled it"; fi
    sed -n 's/^    \(\[stord\]\|enabled = true\)$/\1/p' "$TOP/README.md" >"$T/fail2ban/jail.d/stord.local"
    jail
}

@test "packages are installed, upgraded in the middle of uploads, removed and purged, and no upload is lost" {
    need_root "boots a systemd in namespaces of its own"
    need curl man tcpsvd
    "$TOP/tests/with-systemd" --timeout 240 "$TOP/tests/systemd/package.sh"
}
