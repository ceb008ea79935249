#!/usr/bin/env python3
"""Many sessions for tests/metrics.bats, some of which are killed.

usage: metrics.py SESSIONS HANDLER [OPTION...]

Each is on a pair of sockets of its own, eight at a time, with the log that standard error is. What they do
comes from a table, in turn. Fails where a session says something else than the table expects.
"""
import concurrent.futures
import signal
import socket
import subprocess
import sys

# what is sent, and the reply code after which the session is killed, or 0: it ends by itself
KINDS = [
    (b"ALLO 5\r\nSTOR f%d\r\nhello" b"QUIT\r\n", 0),
    (b"STOR g%d\r\nhello world", 0),
    (b"ALLO 5\r\nSTOR h%d\r\nhelloALLO 3\r\nSTOR i\r\nabcNOOP\r\n", 200),
    (b"STOR none/x%d\r\n", 0),
    (b"", 220),
    (b"ALLO 100\r\nSTOR k%d\r\nhe", 150),
    (b"ALLO 100\r\nSTOR l%d\r\nhe", 0),
    (b"USER a\r\nMKD m%d\r\nDELE nothing\r\nRETR nothing\r\nQUIT\r\n", 0),
]


def replies(wire):
    """The codes of what comes, one after the other."""
    rest = b""
    while piece := wire.recv(4096):
        *lines, rest = (rest + piece).split(b"\r\n")
        yield from (int(line[:3]) for line in lines)


def session(number, command):
    text, killed_after = KINDS[number % len(KINDS)]
    ours, theirs = socket.socketpair()
    ours.settimeout(60)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs)
    theirs.close()
    ours.sendall(text % number if b"%d" in text else text)
    if not killed_after:
        ours.shutdown(socket.SHUT_WR)
    seen = []
    for code in replies(ours):
        seen.append(code)
        # NOOP's is the last 200 of its session
        if code == killed_after and (code != 200 or seen.count(226) == 2):
            process.send_signal(signal.SIGKILL)
            break
    ours.close()
    status = process.wait(60)
    if status != (-signal.SIGKILL if killed_after else 0):
        raise SystemExit(f"{text}: status {status} after {seen}")


def main():
    command = sys.argv[2:]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(session, i, command) for i in range(int(sys.argv[1]))]:
            done.result()


main()
