# The container image: built by `make image`'s script and run by podman, as root and as somebody else, as people would:
# read-only, without capabilities, with published ports. In a network of its own, so that ports are free.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load session
load tls
load manual

setup_file() {
    need_root 'makes users and networks'
    need podman crun tcpsvd newuidmap
}

setup() {
    setup_sandbox
    unset STORD_USER
    INBOX=$T/root
    mkdir -p "$T/home/run"
    # Somebody who may run containers without being root
    (grep -v '^keeper:' /etc/passwd; echo "keeper:x:54321:54321::$T/home:/bin/sh") >"$T/passwd"
    (grep -v '^keeper:' /etc/group; echo 'keeper:x:54321:') >"$T/group"
    echo 'keeper:200000:65536' >"$T/subids"
    chown -R 54321:54321 "$T/home"
    # In a container, what belongs to this machine and cannot be lowered is not asked for
    PODMAN=(podman --storage-driver vfs --cgroup-manager cgroupfs)
    PORT=2121
    LIMITS=(--cgroups=disabled --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)
    # shellcheck disable=SC2016 # sh's
    spawn unshare --mount --net --pid --fork --kill-child --mount-proc sh -ec '
        for file in passwd group; do mount --bind "$0/$file" "/etc/$file"; done
        for file in subuid subgid; do touch "/etc/$file"; mount --bind "$0/subids" "/etc/$file"; done
        # crun wants one version of cgroups, and not both
        umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
        ip link set lo up
        ip address add 192.0.2.1/32 dev lo
        touch "$0/up"
        exec sleep infinity' "$T"
    wait_for test -e "$T/up"
    NAMESPACE=$(cat "/proc/$SPAWN_PID/task/$SPAWN_PID/children")
    as_root
}

teardown() {
    # addresses that containers have are kept on this machine
    podman rm --force --all --time 0 >/dev/null 2>&1 || :
    teardown_sandbox
}

# there COMMAND...: in that network
there() { nsenter --target "${NAMESPACE% }" --mount --net --pid -- "$@"; }

# as_root, as_keeper: whose containers they are from now on
as_root() {
    WHO=(env)
    PODMAN=("${PODMAN[@]:0:5}" --root "$T/storage" --runroot "$T/running")
}
as_keeper() {
    WHO=(setpriv --reuid 54321 --regid 54321 --init-groups env "HOME=$T/home" "XDG_RUNTIME_DIR=$T/home/run")
    PODMAN=("${PODMAN[@]:0:5}" --root "$T/home/storage" --runroot "$T/home/run/containers")
}

# podman WORD...: by whose containers they are; from a folder that anybody may enter. Containers have all settings of
# the environment.
podman() {
    local word=$1 more=() name
    shift
    if [ "$word" = run ]; then
        more=("${LIMITS[@]}")
        for name in $(compgen -e STORD_); do more+=(--env "$name"); done
    fi
    there env -C "$T" "${WHO[@]}" "${PODMAN[@]}" "$word" "${more[@]}" "$@"
}

# make_image: makes it
make_image() {
    (cd "$TOP" && TOOL=true scripts/image) || return
    cp -r "$TOP/build/image" "$TOP/Containerfile" "$T/"
    chown -R 54321 "$T/image"
    podman build --isolation chroot -f "$T/Containerfile" -t stord "$T/image"
}

# start OPTION...: a container named inbox
start() {
    STORD_REQUIRE_CONFINEMENT=yes podman run --detach --name inbox --read-only --cap-drop=all \
        --security-opt=no-new-privileges "$@" stord
}

# curl_upload FILE NAME CURL_OPTION...: to $PORT of $HOST, once somebody listens there
curl_upload() {
    local file=$1 name=$2
    shift 2
    there curl --disable -sS --max-time 60 --retry 100 --retry-connrefused --retry-delay 0 --retry-max-time 60 \
        -T "$file" "$@" "ftp://${HOST:-127.0.0.1}:$PORT/$name"
}

@test "the image is small, has one user, and all settings can be given in the environment" {
    make_image
    [ "$(podman image inspect --format '{{.User}}' stord)" = 65532:65532 ]
    size=$(podman image inspect --format '{{.Size}}' stord)
    echo "# $size bytes"
    [ "$size" -lt 12000000 ]
    podman run --rm --network=none --read-only --cap-drop=all --env STORD_ALLOW=upload \
        --entrypoint '["/bin/handler", "--check"]' stord >"$T/out"
    cat "$T/out"
    grep -q '^Checked as .*(uid 65532)' "$T/out"
    # The user, and which settings count, can be said
    podman run --rm --network=none --user 1234:567 --env STORD_ROOT=/nowhere \
        --entrypoint '["/bin/handler", "--check"]' stord >"$T/out" 2>&1 || [ $? = 78 ]
    cat "$T/out"
    grep -q '(uid 1234)' "$T/out"
    grep -q '/nowhere' "$T/out"
}

@test "a container of root's, read-only and without capabilities, stores into a volume with whole confinement" {
    make_image
    start --network=host --volume "$INBOX:/in"
    random_file "$T/file" 300000
    for way in --ftp-pasv --disable-epsv '--ftp-port 127.0.0.1'; do
        # shellcheck disable=SC2086 # words
        curl_upload "$T/file" sent $way
        same "$T/file" "$INBOX/sent"
        [ "$(stat -c '%u %g' "$INBOX/sent")" = '65532 65532' ]
        rm "$INBOX/sent"
    done
    there "$CLIENT" -h 127.0.0.1 -p 2121 "$T/file"
    same "$T/file" "$INBOX/file"
    # Whoever does not come from this machine is a stranger
    HOST=192.0.2.1 run -67 curl_upload "$T/file" sent
    podman logs inbox >"$T/log" 2>&1
    logged 'File uploaded: /sent '
    not_logged 'not whole'
    # It ends when it is told to, and not by being killed after ten seconds
    podman stop --time 60 inbox
    [ "$(podman inspect --format '{{.State.ExitCode}}' inbox)" != 137 ]
}

# container_play PAGE NAME: those commands of the manual, with folders of ours
container_play() {
    example "$1" sh "$2" | sed -e "s|/srv/inbox|$INBOX|; s|-v /etc/stord:|-v $T/settings:|" >"$T/play"
    grep -qF "$INBOX:/in" "$T/play"
    grep -qF "$T/settings:" "$T/play"
    # shellcheck disable=SC1091
    . "$T/play"
}

@test "with published ports clients log in; those of this machine count as the bridge's address" {
    make_image
    make_ca
    SAN=IP:192.0.2.1 make_certificate tls
    hash=$(echo secret | podman run --rm --interactive --network=none --entrypoint '["/bin/handler", "--hash"]' stord)
    mkdir -m 755 "$T/settings"
    printf '%s\n' "me:$hash:/me:upload,list:" >"$T/settings/users"
    cp "$T/tls.crt" "$T/tls.key" "$T/settings"
    chmod 644 "$T/settings"/*
    export STORD_TLS_CERT=/etc/stord/tls.crt STORD_TLS_KEY=/etc/stord/tls.key
    container_play stord.7 container
    random_file "$T/file" 300000
    PORT=21
    HOST=192.0.2.1 curl_upload "$T/file" epsv --ssl-reqd --cacert "$T/ca.crt" -u me:secret
    HOST=192.0.2.1 curl_upload "$T/file" pasv --disable-epsv --no-ftp-skip-pasv-ip -u me:secret
    curl_upload "$T/file" relayed -u me:secret
    for name in epsv pasv relayed; do same "$T/file" "$INBOX/me/$name"; done
    run -67 curl_upload "$T/file" stranger
    podman logs stord >"$T/log" 2>&1
    logged 'Logged in: me from 192\.0\.2\.1:'
    logged 'File uploaded: /me/relayed .* from 10\.88\.0\.1:'
    not_logged 'not whole'
}

@test "so does a container of somebody else's, without root" {
    as_keeper
    make_image
    install -d -o 54321 -g 54321 "$T/home/inbox"
    start --network=host --volume "$T/home/inbox:/in:U"
    random_file "$T/file" 300000
    curl_upload "$T/file" sent
    same "$T/file" "$T/home/inbox/sent"
    [ "$(stat -c %u "$T/home/inbox/sent")" = 265531 ] # the image's user, as this machine sees it
    podman logs inbox >"$T/log" 2>&1
    not_logged 'not whole'
    podman stop --time 60 inbox
}
