#!/usr/bin/env python3
"""An FTP server as the tutorial teaches it: no login, no data connection.

usage: server.py PORT DIR

One client at a time, one recv() for one command. STOR reads the file from the
same connection up to the end of input. With port 0 the system picks one.
"""

import os
import socket
import sys


def reply(conn, text):
    conn.sendall(text.encode() + b"\r\n")


def receive_file(conn, path):
    with open(path, "wb") as file:
        while block := conn.recv(1024):
            file.write(block)


def serve(conn, folder):
    """One session: up to QUIT, an upload, or the end of input."""
    reply(conn, "220 Welcome to the FTP server")
    while data := conn.recv(1024):
        command = data.decode().strip()
        if command == "QUIT":
            reply(conn, "221 Goodbye")
            return
        if command.startswith("STOR "):
            reply(conn, "150 File status okay; about to open data connection")
            name = os.path.basename(command[5:])
            receive_file(conn, os.path.join(folder, name))
            reply(conn, "226 File uploaded successfully")
            return
        reply(conn, "500 Unknown command")


def main():
    port, folder = int(sys.argv[1]), sys.argv[2]
    with socket.create_server(("127.0.0.1", port)) as server:  # sets SO_REUSEADDR
        port = server.getsockname()[1]
        print(f"ready\nlistening on 127.0.0.1:{port}", file=sys.stderr, flush=True)
        while True:
            conn, _ = server.accept()
            with conn:
                try:
                    serve(conn, folder)
                except OSError as error:
                    print(error, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
