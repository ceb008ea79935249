#!/usr/bin/env python3
"""uploader.py NUMBER FOLDER: uploads to stord.socket until FOLDER/enough is there. Lists in
FOLDER/acknowledged.NUMBER what got its 226.

uploader.py FILE...: says which of these are not what was sent under their names."""
import os
import socket
import sys


def content_of(name):
    return f"{name}\n".encode() * 400000


def upload(name):
    """Whether it was acknowledged"""
    content, heard = content_of(name), b""
    try:
        with socket.create_connection(("127.0.0.1", 22000), 20) as wire:
            wire.sendall(f"ALLO {len(content)}\r\nSTOR {name}\r\n".encode() + content + b"QUIT\r\n")
            while piece := wire.recv(4096):
                heard += piece
    except OSError:
        pass  # stopped
    return b"\r\n226 " in heard


if sys.argv[1].isdigit():
    number, folder = sys.argv[1:]
    attempt = 0
    with open(f"{folder}/acknowledged.{number}", "w", encoding="ascii") as acknowledged:
        while not os.path.exists(folder + "/enough"):
            attempt += 1
            if upload(f"{number}.{attempt}"):
                print(f"{number}.{attempt}", file=acknowledged, flush=True)
else:
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            if file.read() != content_of(os.path.basename(path)):
                print(path, "is not what was sent")
