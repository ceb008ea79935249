# What the tests of checksums share, on top of resume: `load checksum`.
# shellcheck shell=bash
load resume

ALL_KINDS=sha256,sha1,md5,crc32
# shellcheck disable=SC2034 # for the tests
READERS=upload,append,replace,list,read,mkdir,rename,delete

# summed [OPTION...] <<STEPS: talk, with all digests; the log is JSON
summed() { talk --log stderr --log-format json --checksum "$ALL_KINDS" "$@"; }

# truthful N: there were N uploads that are whole; of each file the last one's event has all digests, and they are
# those of the file
truthful() {
    command -p python3 -ISc '
import hashlib, json, sys, zlib
log, wanted = sys.argv[1], int(sys.argv[2])
last, count = {}, 0
for line in open(log):
    row = json.loads(line) if line.startswith("{") else {}
    if row.get("event") == "uploaded":
        last[row["file"]], count = row, count + 1
assert count == wanted, f"{count} uploads"
for name, row in last.items():
    data = open(name, "rb").read()
    true = {kind: hashlib.new(kind, data).hexdigest() for kind in ("sha256", "sha1", "md5")}
    true["crc32"] = "%08x" % zlib.crc32(data)
    told = {kind: row.get(kind) for kind in true}
    assert told == true, (name, len(data), told, true)
' "$T/log" "$1"
}

# untold N: the same, and the last one has none
untold() {
    command -p python3 -ISc '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
rows = [row for row in rows if row["event"] == "uploaded"]
assert len(rows) == int(sys.argv[2]), rows
assert not {"sha256", "sha1", "md5", "crc32"} & rows[-1].keys(), rows[-1]
' "$T/log" "$1"
}

# sum_of BYTES: its SHA-256
sum_of() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
