#!/usr/bin/env python3
"""Watches FOLDER as a consumer of uploads does: whatever gets a name there is read at once.

usage: hash-at-once.py FOLDER [KEPT]

Prints `watching`, then for each file that was linked, made or moved into FOLDER, the moment the
kernel tells: its SHA-256, a space, its name. Ends when a file called `end` comes. What was read is
put into the folder KEPT, as 1, 2, ...
"""
import ctypes
import hashlib
import os
import struct
import sys

IN_MOVED_TO, IN_CREATE, IN_ISDIR = 0x80, 0x100, 0x40000000
HEADER = struct.Struct("iIII")  # watch, mask, cookie, length of the name


def events(fd):
    while True:
        data = os.read(fd, 65536)
        while data:
            _, mask, _, length = HEADER.unpack_from(data)
            yield mask, data[HEADER.size:HEADER.size + length].rstrip(b"\0").decode()
            data = data[HEADER.size + length:]


def main():
    folder, kept, count = sys.argv[1], sys.argv[2:], 0
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    if libc.inotify_add_watch(fd, folder.encode(), IN_MOVED_TO | IN_CREATE) < 0:
        sys.exit(f"{folder}: {os.strerror(ctypes.get_errno())}")
    print("watching", flush=True)
    for mask, name in events(fd):
        if name == "end":
            return
        if not mask & IN_ISDIR:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            print(hashlib.sha256(data).hexdigest(), name, flush=True)
            count += 1
            for keep in kept:
                with open(os.path.join(keep, str(count)), "wb") as file:
                    file.write(data)


if __name__ == "__main__":
    main()
