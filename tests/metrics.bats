# Metrics: what sessions count in --metrics-file, and how it is told: --metrics, also over HTTP, and to Prometheus.
# shellcheck shell=bats
# shellcheck disable=SC2154,SC2034,SC2030,SC2031,SC2016 # stderr comes from run, HASH is for quota.bash; one test has other METRICS; Markdown
bats_require_minimum_version 1.5.0
load quota
load tls
load filesystems

setup() {
    setup_sandbox
    METRICS=$T/metrics
    PATH=$PATH:$TOP/build/peers/usr/bin
    HASH=$(perl -e 'print crypt("secret", q($6$rounds=1000$stord$))')
}
teardown() {
    take_away
    teardown_sandbox
}

# metrics [OPTION...]: as they are printed
metrics() { "$HANDLER" --metrics --metrics-file "$METRICS" --root "$ROOT" "$@"; }

# figure SAMPLE NUMBER: that sample has that figure
figure() {
    local got
    got=$(metrics | sed -n "s/^${1//[\[\]]/.} //p")
    [ "$got" = "$2" ] || fail "$1: $got"
}

# one_warning TEXT: the log has one line about the metrics, and that
one_warning() {
    [ "$(grep -c 'metrics' "$T/log")" = 1 ] || { cat "$T/log" >&2; fail "not one line"; }
    logged "Continuing without the metrics $METRICS: $1\$"
}

# stores_one: an upload is stored whatever the metrics are
stores_one() {
    : >"$T/log"
    talk --metrics-file "$METRICS" <<'STEPS'
binary
store hello world
STEPS
    [ -f "$ROOT/hello" ]
    rm "$ROOT/hello"
}

# is_asked_for LINE...: the reply to these lines over HTTP goes to $T/reply
is_asked_for() {
    local wire
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    printf '%b' "$@" >&"$wire"
    timeout 20 cat <&"$wire" >"$T/reply"
    exec {wire}>&-
}

# answered CODE [LINE...]: so, with these lines
answered() {
    local line
    head -n 1 "$T/reply" | grep -q "^HTTP/1.0 $1 " || { cat "$T/reply" >&2; fail "not $1"; }
    for line in "${@:2}"; do tr -d '\r' <"$T/reply" | grep -qxF -- "$line" || { cat "$T/reply" >&2; fail "no line $line"; }; done
}

# ---------------------------------------------------------------- what is counted

@test "metrics: sums equal the log's after 1000 sessions of which some were killed" {
    command -p python3 "$TOP/tests/metrics.py" 1000 "$HANDLER" --root "$ROOT" --metrics-file "$METRICS" --user root \
        --log stderr --log-format json --log-level debug 2>"$T/json"
    metrics >"$T/told"
    command -p python3 -Ic '
import collections, json, re, sys
told = {}
for line in open(sys.argv[2]):
    if line[0] != "#":
        name, figure = line.rsplit(" ", 1)
        told[name] = float(figure)
events, verdicts, moved = collections.Counter(), collections.Counter(), collections.Counter()
for line in open(sys.argv[1]):
    event = json.loads(line)
    kind = event["event"]
    events[kind] += 1
    if kind in ("uploaded", "upload-failed"):
        verdicts[event["verdict"]] += 1
        moved[event["verdict"]] += event["bytes"]
assert len(events) >= 7 and events["accepted"] == 1000 and events["uploaded"] > 400, events
def compare(name, label, sums):
    got = {re.search(label + "=\"(.*)\"", k)[1]: v for k, v in told.items() if k.startswith(name + "{") and v}
    assert got == dict(sums), (name, got, sums)
compare("stord_events_total", "event", events)
compare("stord_uploads_total", "verdict", verdicts)
compare("stord_upload_bytes_total", "verdict", moved)
assert told["stord_sessions_total"] == 1000 and told["stord_sessions_open"] == 0, told
' "$T/json" "$T/told"
}

@test "metrics: whatever the log level is, and what the credential helper finds" {
    user me /me from=192.0.2.0/24
    printf '< 220\n> USER me\n< 331\n> PASS secret\n< 530\n' |
        talk --users "$T/users" --metrics-file "$METRICS" --log-level error
    printf '< 220\n> USER me\n< 331\n> PASS wrong\n< 530\n' |
        talk --users "$T/users" --metrics-file "$METRICS" --log-level error
    [ ! -s "$T/log" ]
    figure 'stord_logins_total{result="failed"}' 2
    figure stord_sessions_total 2
}

@test "metrics: a session that cannot begin counts, too" {
    make_ca
    make_certificate server
    make_certificate other
    talk --metrics-file "$METRICS" --tls-cert "$T/server.crt" --tls-key "$T/other.key" <<<'< 421' || :
    figure 'stord_events_total{event="cannot-start"}' 1
    figure stord_sessions_total 1
}

@test "metrics: sessions that run, as long as they do, also if they are killed" {
    local wire wires=()
    serve --metrics-file "$METRICS"
    for _ in 1 2 3 4 5; do
        exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
        read -r -t 20 <&"$wire"
        wires+=("$wire")
    done
    figure stord_sessions_open 5
    pkill -KILL -o -P "$SERVE_PID"
    wait_for figure stord_sessions_open 4
    for wire in "${wires[@]:1:2}"; do exec {wire}>&-; done
    wait_for figure stord_sessions_open 2
}

@test "metrics: how full the disk is, and homes with a quota" {
    user 'a"b\c' /home quota=1000
    user 'd' /elsewhere quota=2000
    binary_as 'a"b\x5cc' <<'STEPS'
> PASV
< 227
> STOR f
< 150
put@ 300
< 226
STEPS
    metrics --users "$T/users" --min-free 5G >"$T/told"
    grep -qxF 'stord_quota_bytes{user="a\"b\\c",home="/home"} 1000' "$T/told"
    grep -qxF 'stord_quota_used_bytes{user="a\"b\\c",home="/home"} 300' "$T/told"
    grep -qxF 'stord_quota_bytes{user="d",home="/elsewhere"} 2000' "$T/told"
    if grep 'used.*user="d"' "$T/told"; then fail "nobody has counted that"; fi
    grep -qx 'stord_disk_reserve_bytes 5368709120' "$T/told"
    [ "$(sed -n 's/^stord_disk_size_bytes //p' "$T/told")" = $(($(stat -f -c '%b * %S' "$ROOT"))) ]
}

# ---------------------------------------------------------------- files that are no use

@test "metrics: a file that cannot be used is one warning, and no upload is lost (promise 1)" {
    echo small >"$METRICS"
    stores_one
    one_warning 'the file is too small'
    [ "$(cat "$METRICS")" = small ]
    head -c 4096 /dev/zero | tr '\0' x >"$METRICS"
    stores_one
    one_warning 'no metrics, or of another version'
    [ "$(tr -d x <"$METRICS" | wc -c)" = 0 ]
    rm "$METRICS"
    mkdir "$METRICS"
    stores_one
    one_warning 'Is a directory'
    METRICS=$T/nowhere/metrics
    "$HANDLER" --check --root "$ROOT" --metrics-file "$METRICS" | grep -F "warning: metrics: nothing is counted: $METRICS: No such"
    stores_one
    one_warning 'No such file or directory'
    METRICS=/dev/null
    stores_one
    one_warning 'not a plain file'
    run -78 --separate-stderr metrics
    [ "$stderr" = 'handler: metrics file /dev/null: not a plain file' ]
    run -78 --separate-stderr "$HANDLER" --metrics
    [ "$stderr" = 'handler: --metrics wants --metrics-file' ]
}

@test "metrics: nor where it may not be written, or the disk is full or read-only" {
    mount_ext4 "$T/disk" 2M 2>/dev/null || { mkdir "$T/disk" && mount_ext4 "$T/disk" 2M; }
    METRICS=$T/disk/metrics
    dd if=/dev/zero of="$T/disk/rest" bs=1k status=none || :
    stores_one
    one_warning 'No space left on device'
    rm -f "$T/disk/rest" "$METRICS"
    stores_one
    figure stord_sessions_total 1
    chmod 600 "$METRICS"
    chmod 755 "$T"
    chmod 777 "$ROOT"
    : >"$T/log"
    as_nobody --metrics-file "$METRICS" <<'STEPS'
binary
store hello world
STEPS
    one_warning 'Permission denied'
    rm "$ROOT/hello"
    mount -o remount,ro "$T/disk"
    stores_one
    one_warning 'Read-only file system'
    figure stord_sessions_total 1
}

@test "metrics: a file that is emptied beneath a session loses no upload (promise 1)" {
    several --metrics-file "$METRICS" --log-level debug <<STEPS
[one] < 220
> TYPE I
< 200
> PASV
< 227
> STOR a
< 150
connect
data hello
stored 5
run : >"$METRICS"
data world
done
< 226
> QUIT
< 221
STEPS
    [ "$(cat "$ROOT/a")" = helloworld ]
    stores_one
    not_logged metrics
    figure stord_sessions_total 1
}

# ---------------------------------------------------------------- how it is told

@test "metrics: the text is OpenMetrics as its own parser has it, and all verdicts of the manual are there" {
    user me /home quota=1000
    stores_one
    metrics --users "$T/users" >"$T/told"
    command -p python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = {family.name: family for family in parse(open(sys.argv[1]).read())}
assert families["stord_uploads"].type == "counter" and families["stord_build_info"].type == "gauge", families
assert families["stord_sessions_open"].type == "gauge"
print("\n".join(sorted(sample.labels["verdict"] for sample in families["stord_uploads"].samples)))
' "$T/told" >"$T/verdicts"
    sed -n '/^## Verdicts/,/^## The gate/s/^| `\([a-z-]*\)` .*/\1/p' "$TOP/doc/design.md" | LC_ALL=C sort | diff "$T/verdicts" -
    # whatever the handler can say of an upload is one of them
    grep -hoE '\{"[a-z-]+", (NULL|")' "$TOP"/src/verbs/receive.c | grep -oE '[a-z-]{3,}' | sort -u | grep -vxFf "$T/verdicts" && fail "not told"
    [ "$(wc -l <"$T/verdicts")" -gt 16 ]
}

@test "metrics: HTTP answers /metrics and /health, in the format that is asked for" {
    "$TOP/tests/peers"
    stores_one
    serve --metrics --metrics-file "$METRICS"
    is_asked_for 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
    answered 200 'Content-Type: text/plain; version=0.0.4; charset=utf-8' 'stord_sessions_total 1' 'Connection: close'
    [ "$(sed '1,/^\r$/d' "$T/reply" | wc -c)" = "$(tr -d '\r' <"$T/reply" | sed -n 's/^Content-Length: //p')" ]
    sed '1,/^\r$/d' "$T/reply" | promtool check metrics
    if grep EOF "$T/reply"; then fail "that is OpenMetrics"; fi
    is_asked_for 'GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n'
    answered 200 'Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8' '# TYPE stord_uploads counter' '# EOF'
    is_asked_for 'GET /health HTTP/1.0\r\n\r\n'
    answered 200 ok
    is_asked_for 'GET / HTTP/1.0\r\n\r\n'
    answered 404
    is_asked_for 'POST /metrics HTTP/1.0\r\n\r\n'
    answered 405 'Allow: GET'
    is_asked_for 'USER anonymous\r\n\r\n'
    answered 400
    is_asked_for "$(head -c 20000 /dev/zero | tr '\0' 'a')"'\r\n\r\n'
    answered 400
    # scrapes are not sessions
    figure stord_sessions_total 1
    if grep -F 'stord[' "$T/serve.log"; then fail "that was logged"; fi
}

@test "metrics: /health says what is wrong" {
    stores_one
    serve --metrics --metrics-file "$METRICS" --min-free 1000T
    is_asked_for 'GET /health HTTP/1.0\r\n\r\n'
    answered 503 'the disk is full'
    kill_spawned
    echo broken >"$T/users"
    serve --metrics --metrics-file "$METRICS" --users "$T/users"
    is_asked_for 'GET /health HTTP/1.0\r\n\r\n'
    answered 503 'the users file is broken'
    is_asked_for 'GET /metrics HTTP/1.0\r\n\r\n'
    answered 200
    kill_spawned
    echo broken >"$METRICS"
    serve --metrics --metrics-file "$METRICS"
    is_asked_for 'GET /metrics HTTP/1.0\r\n\r\n'
    answered 503 'no metrics: see the log'
    is_asked_for 'GET /health HTTP/1.0\r\n\r\n'
    answered 503 'no metrics'
    kill_spawned
    STORD_NONSENSE=1 serve --metrics
    is_asked_for 'GET /health HTTP/1.0\r\n\r\n'
    answered 503 'wrong settings: see the log'
}

@test "metrics: what answers is confined before it reads, and ends by itself (promise 6)" {
    need_root becomes somebody else
    stores_one
    chmod 644 "$METRICS"
    chmod 755 "$T"
    serve --metrics --metrics-file "$METRICS" --user nobody
    local wire pid
    exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'GET /met' >&"$wire"
    wait_for pgrep -P "$SERVE_PID"
    pid=$(pgrep -P "$SERVE_PID")
    confined() { grep -q '^Seccomp:.2$' "/proc/$pid/status"; }
    wait_for confined
    grep -q '^NoNewPrivs:.1$' "/proc/$pid/status"
    grep -q "^Uid:.$(id -u nobody).$(id -u nobody)" "/proc/$pid/status"
    printf 'rics HTTP/1.0\r\n\r\n' >&"$wire"
    timeout 20 cat <&"$wire" >"$T/reply"
    answered 200 'stord_sessions_total 1'
    exec {wire}>&-
    # one that says nothing is answered and let go
    is_asked_for ''
    answered 400
    wait_for all_gone "$pid"
}

@test "metrics: Debian's Prometheus reads them" {
    "$TOP/tests/peers"
    local scraped=$PORT
    stores_one
    stores_one
    serve --metrics --metrics-file "$METRICS"
    scraped=$PORT
    cat >"$T/prometheus.yml" <<YML
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: stord
    static_configs: [{ targets: ["127.0.0.1:$scraped"] }]
YML
    promtool check config "$T/prometheus.yml"
    free_port
    spawn_to "$T/prometheus.log" prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" \
        --web.listen-address="127.0.0.1:$PORT"
    # scraped_is QUERY FIGURE
    scraped_is() {
        curl -sS -G --data-urlencode "query=$1" "http://127.0.0.1:$PORT/api/v1/query" 2>/dev/null |
            grep -qE "\"value\":\[[0-9.]+,\"$2\"\]"
    }
    wait_for scraped_is up 1 || { cat "$T/prometheus.log" >&2; return 1; }
    wait_for scraped_is 'sum(stord_uploads_total)' 2
    scraped_is 'stord_upload_bytes_total{verdict="close"}' 10
    wait_for scraped_is 'count(stord_events_total)' "$("$HANDLER" --metrics --metrics-file "$METRICS" | grep -c '^stord_events_total')"
}
