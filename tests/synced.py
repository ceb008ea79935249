#!/usr/bin/env python3
"""Was each upload on the disk before its 226?

usage: synced.py TRACE NAME...

TRACE is what strace has written (-f) of a session that stored files of these names, in this order. Before
the n-th 226 is written, the n-th file must have been synced under its reserved name, then have got its
name, and then its folder must have been synced. Prints how many files were synced, how often folders, and
with how many writes the replies 226 were sent.
"""
import re
import sys

SYNC = re.compile(r"fsync\((\d+)\) += 0")
TOGETHER = re.compile(r"aio_lio_opcode=IOCB_CMD_FSYNC, aio_fildes=(\d+)")
LINK = re.compile(r'linkat\((\d+), "", \d+, "(\.stord\.[0-9a-f]+)", AT_EMPTY_PATH\) += 0')
OPENED = re.compile(r'openat\(\d+, "(\.stord\.[0-9a-f]+)", [^)]*O_CREAT[^)]*\) += (\d+)')
NAME = re.compile(r'renameat2?\(\d+, "(\.stord\.[0-9a-f]+)", (\d+), "([^"]+)"(, \w+)?\) += 0')
REPLY = re.compile(r'(?:write|sendto)\(\d+, "(\d{3} .*)"')


def main(trace, *names):
    temps, synced, named, settled = {}, set(), {}, set()
    said = {"files": 0, "folders": 0, "writes": 0}
    done, waiting = 0, []
    for line in open(trace, encoding="utf-8", errors="replace"):
        if match := LINK.search(line):
            temps[match[1]] = match[2]
        elif match := OPENED.search(line):
            temps[match[2]] = match[1]
        elif "io_submit(" in line:
            waiting = TOGETHER.findall(line)
            said["files"] += len(waiting)
        elif "io_getevents(" in line:
            assert line.rstrip().endswith(f"= {len(waiting)}"), line
            synced |= {temps[fd] for fd in waiting}
        elif match := NAME.search(line):
            assert match[1] in synced, f"named before it was synced: {line}"
            named[match[3]] = match[2]
        elif match := SYNC.search(line):
            folder = [name for name in named if named[name] == match[1] and name not in settled]
            said["folders" if folder else "files"] += 1
            settled |= set(folder)
            if not folder:
                synced.add(temps[match[1]])
        elif (match := REPLY.search(line)) and (count := len(re.findall(r"(?:^|\\r\\n)226 ", match[1]))):
            done += count
            said["writes"] += 1
            for name in names[:done]:
                assert name in settled, f"226 before {name} was stored: {line}"
    assert done == len(names), f"{done} replies 226"
    print(*(f"{word} {count}" for word, count in said.items()))


main(*sys.argv[1:])
