#!/bin/bash
# Monitoring: stord(7)'s own lines, from the setting to what Prometheus, a text file of node-exporter and /health say.
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/lib.bash"
. "$TOP/tests/manual.bash"
. "$TOP/tests/recipes.bash"

PATH=$PATH:$TOP/build/peers/usr/bin
install_stord
start_stord

# ask PATH [ARG...]: over HTTP
ask() { curl -sS "${@:2}" "http://127.0.0.1:22002$1"; }

echo '== Sessions count, and curl is told.'
recipe env metrics >>/etc/stord/stord.env
recipe drop-in metrics | edit metrics stord@.service
show metrics | tee "$T/first"
grep -x 'ok' "$T/first"
curl_upload one 1000
curl_upload two 2000
all_sessions_gone
ask /metrics | tee "$T/told" | promtool check metrics
grep -x 'stord_upload_bytes_total{verdict="close"} 3000' "$T/told"
grep -x 'stord_sessions_total 2' "$T/told"
grep -x 'stord_sessions_open 0' "$T/told"
[ "$(stat -c '%U %a' /run/stord/metrics)" = 'stord 640' ]

echo '== A session that is killed is no longer open, and its sums stay.'
exec {wire}<>"/dev/tcp/127.0.0.1/$PORT"
printf 'ALLO 9\r\nSTOR cut\r\nhello' >&"$wire"
until [[ ${reply:-} == 150* ]]; do read -r -t 20 reply <&"$wire"; done
ask /metrics | grep -x 'stord_sessions_open 1'
systemctl kill --signal=KILL "$(systemctl list-units --plain --no-legend 'stord@*' | cut -d' ' -f1)"
exec {wire}>&-
wait_for no_sessions
ask /metrics >"$T/told"
grep -x 'stord_sessions_open 0' "$T/told"
grep -x 'stord_sessions_total 3' "$T/told"

echo '== Scrapes leave nothing in the journal, no unit, and cannot write.'
for _ in 1 2 3 4 5; do ask /health >/dev/null; done
wait_for no_scrapes
if journalctl -q -o cat -u 'stord-metrics@*' 2>/dev/null | grep .; then fail "that was logged"; fi
[ "$(ask /nothing -o /dev/null -w '%{http_code}')" = 404 ]
[ "$(ask /metrics -o /dev/null -w '%{http_code}' -X POST)" = 405 ]

echo '== The text file of node-exporter.'
mkdir -p /var/lib/prometheus/node-exporter
show textfile
# 3: it can be read, and has no help for what OpenMetrics calls otherwise
promtool check metrics </var/lib/prometheus/node-exporter/stord.prom >/dev/null 2>&1 || [ $? = 3 ]
grep -x 'stord_upload_bytes_total{verdict="close"} 3000' /var/lib/prometheus/node-exporter/stord.prom

echo '== Other addresses are not let in; a full disk is not healthy.'
ip address add 192.168.7.7/32 dev lo
must_fail curl -sS -m 3 --interface 192.168.7.7 http://127.0.0.1:22002/health
echo STORD_MIN_FREE=9999T >>/etc/stord/stord.env
[ "$(ask /health -o /dev/null -w '%{http_code}')" = 503 ]

echo '== Prometheus, with the lines of the manual, and its rules.'
sed -i '/MIN_FREE/d' /etc/stord/stord.env
{ echo 'global: { scrape_interval: 1s, evaluation_interval: 1s }'; recipe yaml prometheus; echo "rule_files: [ $T/rules.yml ]"; } >"$T/prometheus.yml"
recipe yaml rules >"$T/rules.yml"
promtool check config "$T/prometheus.yml"
spawn prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" --web.listen-address=127.0.0.1:9090
query() { curl -sS -G --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query 2>/dev/null | grep -E "\"value\":\[[0-9.]+,\"$2\"\]"; }
wait_for query 'sum(stord_uploads_total{verdict=~"close|size"})' 2
wait_for query 'stord_sessions_total' 3
all_sessions_gone

echo '== Sessions of stord-busy count in the same page.'
systemctl stop stord.socket
mkdir -p /etc/systemd/system/stord-busy.service.d
recipe drop-in metrics >/etc/systemd/system/stord-busy.service.d/metrics.conf
systemctl daemon-reload
systemctl start stord-busy
wait_port "$PORT"
curl_upload three 4000
wait_for eval 'ask /metrics | grep -x "stord_sessions_open 0"'
ask /metrics | grep -x 'stord_upload_bytes_total{verdict="close"} 7000'
