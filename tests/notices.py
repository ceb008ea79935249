#!/usr/bin/env python3
"""What the events in a root say.

usage: notices.py ROOT [FOLDER]

Prints, sorted by time, one line for each event in ROOT/.stord.events/FOLDER (new): EVENT PATH BYTES SIZE, as far as it
has them; and of an upload or rename "here" if the file has that name, inode and size now, else "gone". Fails if one is
no object of JSON on one line, or its id is not its name.
"""
import json
import os
import sys


def main(root, folder="new"):
    place = f"{root}/.stord.events/{folder}"
    for name in sorted(os.listdir(place), key=lambda name: name.rsplit("-", 2)[-2:]):
        with open(f"{place}/{name}", "rb") as file:
            text = file.read()
        assert text.endswith(b"}\n") and text.count(b"\n") == 1, text
        event = json.loads(text)
        assert name.endswith(event["id"] + ".json"), (name, event)
        path = bytes.fromhex(event["path_hex"]) if "path_hex" in event else event["path"].encode()
        words = [event["event"], event["path"], *(str(event[key]) for key in ("bytes", "size") if key in event)]
        if event["event"] in ("uploaded", "renamed"):
            st = os.lstat(root.encode() + path) if os.path.lexists(root.encode() + path) else None
            words.append("here" if st and (st.st_ino, st.st_size) == (event["inode"], event["size"]) else "gone")
        print(*words)


main(*sys.argv[1:])
