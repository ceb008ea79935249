"""TLS for tests/faults and tests/torture: a certificate made on the spot, and a client's end that
can close one direction and look at what comes before OpenSSL does (ssl.SSLSocket can do neither)."""
import functools
import socket
import ssl
import struct
import subprocess

CERTIFICATE = None  # file: certificate and key
CONTEXT = None
HEADER = struct.Struct(">BBBH")  # of a record: type, version, length


class Odd(Exception):
    """Something came that does not belong there."""


def prepare(folder):
    """Makes a certificate there, and the context that trusts it. Once, before anything else."""
    global CERTIFICATE, CONTEXT
    certificate, key = folder + "/certificate", folder + "/key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, stderr=subprocess.DEVNULL)
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    CONTEXT.load_verify_locations(certificate)
    with open(key, encoding="ascii") as source, open(certificate, "a", encoding="ascii") as target:
        target.write(source.read())
    CERTIFICATE = certificate


@functools.cache
def fingerprint():
    text = subprocess.run(["openssl", "x509", "-in", CERTIFICATE, "-noout", "-fingerprint", "-sha256"],
                          check=True, stdout=subprocess.PIPE, encoding="ascii").stdout
    return text.strip().split("=")[1].replace(":", "").lower()


class Tls:
    """A client's end of TLS on a socket, which behaves as a socket as far as it is used here. The
    handshake comes with the first bytes at the latest. `beside`: the control connection, whose
    session a data connection resumes."""

    def __init__(self, sock, beside=None):
        self.sock, self.unread = sock, b""
        self.inp, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = CONTEXT.wrap_bio(self.inp, self.out, server_hostname="localhost",
                                    session=beside.tls.session if beside else None)

    def settimeout(self, seconds):
        self.sock.settimeout(seconds)

    def flush(self):
        if self.out.pending:
            self.sock.sendall(self.out.read())

    def receive(self):
        data = self.sock.recv(65536)
        self.look(data)
        self.inp.write(data) if data else self.inp.write_eof()

    def look(self, data):
        """Nothing but records comes."""
        self.unread += data
        while len(self.unread) >= HEADER.size:
            kind, major, _, length = HEADER.unpack_from(self.unread)
            if kind not in range(20, 24) or major != 3:
                raise Odd(f"clear text where TLS must be: {self.unread[:80]!r}")
            if len(self.unread) < HEADER.size + length:
                break
            self.unread = self.unread[HEADER.size + length:]

    def do(self, what, *arguments):
        while True:
            try:
                return what(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                self.receive()
            finally:
                self.flush()

    def shake_hands(self):
        self.do(self.tls.do_handshake)

    def sendall(self, data):
        while data:
            data = data[self.do(self.tls.write, data):]

    def recv(self, count):
        try:
            return self.do(self.tls.read, count)
        except ssl.SSLZeroReturnError:
            return b""

    def shutdown(self, _how):
        """Sends close_notify. What the other side sends can still be read."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # theirs has not come yet
        self.flush()

    def end(self):
        """close_notify both ways."""
        self.shutdown(socket.SHUT_WR)
        while self.recv(65536):
            pass

    def close(self):
        self.sock.close()
