# What `journalctl -x' explains: units/stord.catalog. See tests/systemd/fields.sh, too.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load helpers

setup() { setup_sandbox; }
teardown() { teardown_sandbox; }

ids_of_events() { grep -oE '"[0-9a-f]{32}"' "$TOP/src/log/event.c" | tr -d '"'; }
ids_of_catalog() { sed -n 's/^-- //p' "$TOP/units/stord.catalog"; }

@test "catalog: every kind of event has one entry, and every entry is one's" {
    ids_of_events | sort >"$T/events"
    ids_of_catalog | sort >"$T/catalog"
    diff "$T/events" "$T/catalog"
    [ "$(wc -l <"$T/events")" -ge 45 ]
    [ -z "$(uniq -d "$T/events")" ]
}

@test "catalog: journalctl takes it without a complaint" {
    install -D -m 0644 "$TOP/units/stord.catalog" "$T/machine/usr/lib/systemd/catalog/stord.catalog"
    mkdir -p "$T/machine/var/lib/systemd/catalog"
    run -0 --separate-stderr journalctl --root="$T/machine" --update-catalog
    [ -z "$output$stderr" ]
    run -0 --separate-stderr journalctl --root="$T/machine" --list-catalog
    [ -z "$stderr" ]
    diff <(cut -d' ' -f1 <<<"$output" | sort) <(ids_of_catalog | sort)
    # stord: SUBJECT
    if grep -vE '^[0-9a-f]{32} stord: .+' <<<"$output"; then fail "by nobody, or of nothing"; fi
    run -0 --separate-stderr journalctl --root="$T/machine" --dump-catalog
    [ -z "$stderr" ]
    [ "$(grep -c '^Documentation: man:stord-handler(8)$' <<<"$output")" = "$(ids_of_events | wc -l)" ]
}

@test "catalog: entries are explained in lines that fit, with fields that there are" {
    command -p python3 -Ic '
import re, sys
known = {"STORD_" + n for n in "PEER USER FILE BYTES SECONDS VERDICT REPLY TLS SESSION".split()}
for entry in open(sys.argv[1]).read().split("\n-- ")[1:]:
    head, _, text = entry.partition("\n\n")
    lines = [line for line in text.splitlines() if line]
    assert 1 <= len(lines) <= 12 and all(len(line) < 78 for line in lines), entry
    assert set(re.findall("@([^@ ]*)@", entry)) <= known, entry
' "$TOP/units/stord.catalog"
}
