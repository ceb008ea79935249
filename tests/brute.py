#!/usr/bin/env python3
"""Tries wrong passwords, three a connection, over so many connections at once that the server must
refuse some of them.

usage: brute.py PORT ATTEMPTS LIMIT

LIMIT is how many connections the server takes at once. First that many are held open, and one more
must be closed without a word. Prints what became of the rest.
"""
import itertools
import socket
import sys
import threading
import time

port, attempts, limit = map(int, sys.argv[1:])
sessions = itertools.count()
count = {"wrong": 0, "refused": 0, "in": 0}
lock = threading.Lock()


def connect():
    """A session that has greeted us, or None where there is no room for one."""
    connection = socket.create_connection(("127.0.0.1", port), 60)
    replies = connection.makefile("rb")
    try:
        if replies.readline().startswith(b"220"):
            return connection, replies
    except ConnectionResetError:
        pass
    connection.close()
    return None


def note(what):
    with lock:
        count[what] += 1


def attack(connection, replies, number):
    for attempt in range(3):
        user = (b"me", b"nobody", b"root")[(number + attempt) % 3]
        connection.sendall(b"USER %s\r\nPASS secret%d\r\n" % (user, number * 3 + attempt))
        replies.readline()
        reply = replies.readline()
        note("wrong" if reply.startswith((b"530", b"421")) else "in")
    if not reply.startswith(b"421") or replies.readline():
        note("in")
    connection.close()


def work():
    while (number := next(sessions)) * 3 < attempts:
        while not (session := connect()):
            note("refused")
            time.sleep(0.1)
        attack(*session, number)


held = [connect() for _ in range(limit)]
if None in held or connect():
    sys.exit(f"there is not room for {limit} connections, or for more")
for connection, replies in held:
    connection.close()
    replies.close()
threads = [threading.Thread(target=work) for _ in range(limit + 10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"wrong {count['wrong']}, refused {'more than once' if count['refused'] > 1 else 'hardly'}, "
      f"in {count['in']}")
