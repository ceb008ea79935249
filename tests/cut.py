#!/usr/bin/env python3
"""Runs an FTP client through a proxy that cuts its upload in the middle.

usage: cut.py --to PORT --at BYTES --how both|data|kill CLIENT [ARG...]

{PORT} in the arguments becomes the proxy's port on 127.0.0.1; the server's is --to. When just
BYTES have been relayed from the client over a data connection,
  both  that connection and the control connection end by a reset
  data  the data connection alone does; the client hears what the server says to that, and may go
        on in the same session
  kill  the client is killed (SIGKILL), and its connections end as such a client's do: by a plain
        end, the control connection first
Of the replies, only the ports in 227 and 229 are changed. The status is 0 when the upload was cut,
1 when the client ended before it, and 2 when it did not end after it.
"""
import argparse
import os
import re
import selectors
import socket
import subprocess
import sys
import time

DEADLINE = 60  # seconds that a client may take, and wait after the cut
RESET = b"\1\0\0\0\0\0\0\0"  # struct linger


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()


class Proxy:
    """One thread: a socket that is closed while another thread reads from it stays open."""

    def __init__(self, server, left, how):
        self.server, self.left, self.how = server, left, how
        self.selector = selectors.DefaultSelector()
        self.control, self.data, self.listeners = [], [], []
        self.is_cut = False
        self.port = self.listen(lambda sock: self.accept(sock, self.server, is_data=False))

    def listen(self, accepted):
        listener = socket.create_server(("127.0.0.1", 0))
        self.listeners.append(listener)
        self.selector.register(listener, selectors.EVENT_READ, lambda: accepted(listener))
        return listener.getsockname()[1]

    def accept(self, listener, port, is_data):
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port), DEADLINE)
        (self.data if is_data else self.control).extend((client, server))
        upward = self.relay_data if is_data else self.relay
        downward = self.relay if is_data else self.relay_replies
        lines = [b""]
        self.selector.register(client, selectors.EVENT_READ, lambda: upward(client, server))
        self.selector.register(server, selectors.EVENT_READ, lambda: downward(server, client, lines))

    def relay(self, source, target, _lines=None, limit=1 << 16):
        """Relays what there is. Returns how much: 0 at the end."""
        try:
            piece = source.recv(limit)
            target.sendall(piece)
        except OSError:
            piece = b""
        if not piece:
            self.end(source, target)
        return len(piece)

    def end(self, source, target):
        self.selector.unregister(source)
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has ended already

    def relay_data(self, client, server):
        self.left -= self.relay(client, server, limit=min(1 << 16, self.left))
        if self.left == 0:
            self.is_cut = True

    def relay_replies(self, server, client, lines):
        try:
            piece = server.recv(1 << 16)
        except OSError:
            piece = b""
        if not piece:
            self.end(server, client)
            return
        *whole, lines[0] = (lines[0] + piece).split(b"\n")
        try:
            client.sendall(b"".join(self.rewrite(line) + b"\n" for line in whole))
        except OSError:
            pass  # it has gone; the server will hear of it by the other direction

    def listen_for_data(self, port):
        return self.listen(lambda sock: self.accept(sock, port, is_data=True))

    def rewrite(self, line):
        extended = re.fullmatch(rb"229 (.*)\(\|\|\|(\d+)\|\)(.*)", line, re.DOTALL)
        if extended:
            port = self.listen_for_data(int(extended[2]))
            return b"229 %s(|||%d|)%s" % (extended[1], port, extended[3])
        passive = re.fullmatch(rb"227 (.*)\((.*),(\d+),(\d+)\)(.*)", line, re.DOTALL)
        if passive:
            port = self.listen_for_data(int(passive[3]) * 256 + int(passive[4]))
            return b"227 %s(%s,%d,%d)%s" % (
                passive[1], passive[2], port // 256, port % 256, passive[5])
        return line

    def run(self, seconds, ended):
        """Relays until `ended` says so. False: it took too long."""
        deadline = time.monotonic() + seconds
        while not ended():
            if time.monotonic() > deadline:
                return False
            for key, _ in self.selector.select(1):
                if not (self.is_cut and self.left == 0):
                    key.data()
        return True

    def cut(self, client):
        """Cuts once, and lets nobody connect to the control port again."""
        self.left = sys.maxsize
        lost = self.control + self.data if self.how != "data" else self.data
        for sock in self.listeners + lost:
            try:
                self.selector.unregister(sock)
            except KeyError:
                pass  # it has ended already
        for listener in self.listeners:
            listener.close()
        if self.how == "kill":
            client.kill()
            client.wait()
        for sock in lost:
            sock.close() if self.how == "kill" else reset(sock)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--at", type=int, required=True)
    parser.add_argument("--how", choices=["both", "data", "kill"], required=True)
    parser.add_argument("client", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    proxy = Proxy(arguments.to, arguments.at, arguments.how)
    command = [word.replace("{PORT}", str(proxy.port)) for word in arguments.client]
    client = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    proxy.selector.register(os.pidfd_open(client.pid), selectors.EVENT_READ, lambda: None)
    try:
        proxy.run(DEADLINE, lambda: proxy.is_cut or client.poll() is not None)
        if not proxy.is_cut:
            print(f"not cut, {proxy.left} bytes before it; status {client.poll()}", file=sys.stderr)
            return 1
        proxy.cut(client)
        if not proxy.run(DEADLINE, lambda: client.poll() is not None):
            print("the client does not end", file=sys.stderr)
            return 2
        return 0
    finally:
        if client.poll() is None:
            client.kill()
            client.wait()


if __name__ == "__main__":
    sys.exit(main())
