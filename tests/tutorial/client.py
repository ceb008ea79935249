#!/usr/bin/env python3
"""An FTP client as the tutorial teaches it: the command has no line end, and
nobody waits for the 226.

usage: client.py HOST PORT FILE
"""

import os
import socket
import sys


def main():
    host, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with socket.create_connection((host, port)) as conn:
        print(conn.recv(1024).decode(), end="")
        conn.sendall(f"STOR {os.path.basename(path)}".encode())
        answer = conn.recv(1024).decode()
        print(answer, end="")
        if not answer.startswith("150"):
            sys.exit(1)
        with open(path, "rb") as file:
            while block := file.read(1024):
                conn.sendall(block)


if __name__ == "__main__":
    main()
