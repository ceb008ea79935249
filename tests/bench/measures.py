"""What tests/bench/run measures: THE table MEASURES, and what a turn of each does.

A turn is a function of a running server and the sizes. It has the server store files, looks that they are there
and whole, and returns the figures of its columns. It raises Odd where the server did not do what it said.
"""
import os
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

from servers import TOOLS, Odd

MIB = 1 << 20
SMALL = 4096  # bytes of a file of tests/tools/uploads.c
LIMIT = 180  # seconds that a client may take


@dataclass(frozen=True)
class Sizes:
    """How much is done in a turn"""
    files: int
    sessions: int
    greetings: int
    idle: int
    bulk: int  # MiB
    tls_bulk: int  # MiB
    tls_sessions: int
    rounds: int


SIZES = {
    "full": Sizes(files=3000, sessions=1000, greetings=100, idle=500, bulk=1024, tls_bulk=512, tls_sessions=100, rounds=7),
    "quick": Sizes(files=500, sessions=200, greetings=20, idle=100, bulk=256, tls_bulk=128, tls_sessions=30, rounds=3),
    "tiny": Sizes(files=20, sessions=20, greetings=3, idle=5, bulk=16, tls_bulk=16, tls_sessions=8, rounds=1),
}


# -- clients

def uploads(server, *words, who="anonymous"):
    """Runs tests/tools/uploads. Returns the number that it prints."""
    command = [TOOLS + "uploads", str(server.port), *map(str, words)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False,
                              env={"UPLOADS_USER": who})
    except subprocess.TimeoutExpired as late:
        raise Odd(f"it took longer than {LIMIT} seconds") from late
    if done.returncode != 0:
        raise Odd("; ".join(filter(None, [done.stderr.strip(), server.last_words()])))
    return float(done.stdout)


class Secure:
    """A session under TLS: explicit, with PROT P. What the client costs does not count."""

    def __init__(self, port):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.wire = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.wire.makefile("rb")
        self.expect(b"220")
        self.ask(b"AUTH TLS", b"234")
        self.wire = self.context.wrap_socket(self.wire)
        self.lines = self.wire.makefile("rb")
        if self.ask(b"USER anonymous", b"331", b"230").startswith(b"331"):
            self.ask(b"PASS secret", b"230")
        for line in b"CWD in", b"TYPE I", b"PBSZ 0", b"PROT P":
            self.ask(line, b"200", b"250")

    def expect(self, *codes):
        line = self.lines.readline()
        code = line[:3]
        while line[3:4] == b"-" or (line and line[:3] != code):
            line = self.lines.readline()
        if code not in codes:
            raise Odd(f"{codes} was expected, and this came: {line}")
        return line

    def ask(self, line, *codes):
        self.wire.sendall(line + b"\r\n")
        return self.expect(*codes)

    def store(self, name, size):
        """Returns the seconds from STOR to 226."""
        piece = os.urandom(min(size, MIB))
        port = int(self.ask(b"EPSV", b"229").split(b"|")[3])
        with socket.create_connection(("127.0.0.1", port), LIMIT) as plain:
            begin = time.perf_counter()
            self.ask(b"STOR " + name.encode(), b"150", b"125")
            data = self.context.wrap_socket(plain, session=self.wire.session)
            for _ in range(size // len(piece)):
                data.sendall(piece)
            try:
                data = data.unwrap()
            except OSError:
                pass  # not all answer its end
            data.close()
        self.expect(b"226")
        return time.perf_counter() - begin

    def quit(self):
        self.ask(b"QUIT", b"221")
        self.wire.close()


# -- whether it is there

def contents(number):
    """What tests/tools/uploads.c puts into the file of that number"""
    mark = b"x%d" % number
    return (mark * SMALL)[:SMALL]


def take(server, name):
    """What was stored by that name; it is gone then."""
    path = f"{server.store}/{name}"
    try:
        with open(path, "rb") as file:
            stored = file.read()
        os.unlink(path)
    except FileNotFoundError as error:
        raise Odd(f"it lost {name}, for which it had answered 226") from error
    return stored


def take_all(server, count):
    for number in range(count):
        if take(server, f"f{number}") != contents(number):
            raise Odd(f"it stored something else as f{number}")


def take_large(server, name, size):
    """Seconds until its fsync returned"""
    path = f"{server.store}/{name}"
    begin = time.perf_counter()
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError as error:
        raise Odd(f"it lost {name}, for which it had answered 226") from error
    os.fsync(fd)
    took = time.perf_counter() - begin
    stored = os.fstat(fd).st_size
    os.close(fd)
    os.unlink(path)
    if stored != size:
        raise Odd(f"it stored {stored} bytes of {size}")
    return took


# -- turns

def files(way, share=1):
    def turn(server, sizes):
        count = max(1, sizes.files // share)
        took = uploads(server, "files", count, way)
        take_all(server, count)
        return [count / took]
    return turn


def sessions(at_once, way, share=1, who="anonymous"):
    def turn(server, sizes):
        count = max(1, sizes.sessions // share)
        before = server.cpu()
        took = uploads(server, "sessions", count, min(at_once, count), way, who=who)
        cost = server.cpu() - before
        take_all(server, count)
        return [count / took, cost * 1000 / count]
    return turn


def one_by_one(who="anonymous"):
    """Milliseconds of a session and of processor time"""
    def turn(server, sizes):
        rate, cost = sessions(1, "epsv", share=2, who=who)(server, sizes)
        return [1000 / rate, cost]
    return turn


def greetings(server, sizes):
    return [uploads(server, "greetings", sizes.greetings) * 1000]


def idle(server, sizes):
    before = server.private_dirty()
    command = [TOOLS + "uploads", str(server.port), "idle", str(sizes.idle)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        there = client.stdout.readline()
        after = server.private_dirty() if there else before
        _, errors = client.communicate(b"\n")
    if not there:
        raise Odd(errors.decode().strip())
    return [(after - before) / sizes.idle]


def bulk(server, sizes):
    before = server.cpu()
    took = uploads(server, "bulk", sizes.bulk)
    synced = take_large(server, "f0", sizes.bulk * MIB)
    cost = server.cpu() - before
    return [sizes.bulk / took, sizes.bulk / (took + synced), cost * 1024 / sizes.bulk]


def bulk_in_memory(server, sizes):
    stored, _, cost = bulk(server, sizes)
    return [stored, cost]


def tls(do):
    """A turn whose client may fail as those in Python do"""
    def turn(server, sizes):
        try:
            return do(server, sizes)
        except OSError as error:
            raise Odd("; ".join(filter(None, [str(error), server.last_words()]))) from error
    return turn


def tls_bulk(server, sizes):
    size = sizes.tls_bulk * MIB
    before = server.cpu()
    session = Secure(server.port)
    took = session.store("f0", size)
    session.quit()
    cost = server.cpu() - before
    take_large(server, "f0", size)
    return [sizes.tls_bulk / took, cost * 1024 / sizes.tls_bulk]


def tls_sessions(server, sizes):
    before = server.cpu()
    for number in range(sizes.tls_sessions):
        session = Secure(server.port)
        session.store(f"f{number}", SMALL)
        session.quit()
    cost = server.cpu() - before
    for number in range(sizes.tls_sessions):
        if len(take(server, f"f{number}")) != SMALL:
            raise Odd(f"it stored a part of f{number}")
    return [cost * 1000 / sizes.tls_sessions]


# -- the table

@dataclass(frozen=True)
class Column:
    name: str
    more: bool = False  # is better
    digits: int = 2
    short: str = ""  # what it is called in the table of the README; without it, it is not there


@dataclass(frozen=True)
class Measure:
    """A table of the report. Ratios are to the first server, which is floor where it can do it."""
    name: str
    title: str
    columns: tuple
    servers: tuple
    turn: Callable
    disk: bool = False
    tls: bool = False
    large: str = ""  # the size that has to fit into the folder


def rate(short=""):
    return (Column("files/s", more=True, digits=0, short=short),)


SESSIONS = (Column("sessions/s", more=True, digits=0, short="sessions/s, 16 at once: login, 4 KiB, QUIT"),
            Column("CPU ms of one", short="processor time of one, ms"))
SPEED = Column("MiB/s", more=True, digits=0)
CPU = Column("CPU s/GiB")
PEERS = ("vsftpd", "pure-ftpd", "proftpd", "busybox")
ALL = ("floor", "stord", *PEERS)
WITH_TLS = ("stord", "vsftpd", "vsftpd (as shipped)", "pure-ftpd", "proftpd")

MEASURES = [
    Measure("small", "4 KiB files in one session, EPSV each", rate("4 KiB files/s in one session"),
            ("floor", "stord", "stord (no sync)", *PEERS), files("epsv")),
    Measure("small-allo", "4 KiB files in one session, EPSV and ALLO each", rate("the same, announced by ALLO"), ALL,
            files("allo")),
    Measure("small-inline", "4 KiB files in one session, on the control connection with ALLO, pipelined", rate(),
            ("floor", "stord", "stord (no sync)"), files("inline")),
    Measure("small-disk", "4 KiB files in one session to a disk, EPSV each", rate("4 KiB files/s to a disk"),
            ("floor", "stord", "stord (no sync)", *PEERS), files("epsv", share=5), disk=True),
    Measure("small-disk-inline", "4 KiB files in one session to a disk, on the control connection with ALLO, pipelined",
            rate(), ("floor", "stord", "stord (no sync)"), files("inline", share=5), disk=True),
    Measure("sessions", "Sessions, 16 at once: connect, login, 4 KiB by EPSV, QUIT", SESSIONS,
            ("floor", "stord", "stord (tcpsvd)", "stord (xinetd)", "vsftpd", "vsftpd (as shipped)", "vsftpd (spawned)",
             "pure-ftpd", "proftpd", "busybox"), sessions(16, "epsv")),
    Measure("sessions-inline", "Sessions, 16 at once: connect, login, 4 KiB on the control connection, QUIT",
            (Column("sessions/s", more=True, digits=0), Column("CPU ms of one")), ("floor", "stord"), sessions(16, "inline")),
    Measure("connect", "Connect to 220, one after the other, median",
            (Column("ms", short="connect to 220, ms"),),
            ("floor", "stord", "vsftpd", "vsftpd (as shipped)", "vsftpd (spawned)", "pure-ftpd", "proftpd", "busybox"),
            greetings),
    Measure("idle", "Memory of an idle session that has logged in",
            (Column("private dirty KiB", digits=0, short="memory of an idle session, KiB"),),
            ("floor", "stord", "vsftpd", "vsftpd (as shipped)", "vsftpd (spawned)", "pure-ftpd", "proftpd", "busybox"),
            idle),
    Measure("bulk-memory", "One large upload to tmpfs",
            (Column("MiB/s", more=True, digits=0, short="one large upload to memory, MiB/s"), CPU), ALL, bulk_in_memory, large="bulk"),
    Measure("bulk-disk", "One large upload to a disk",
            (SPEED, Column("MiB/s until an fsync", more=True, digits=0, short="the same to a disk, until it is there, MiB/s"),
             Column("CPU s/GiB", short="its processor time, s/GiB")),
            ("floor", "stord", "stord (no sync)", *PEERS), bulk, disk=True, large="bulk"),
    Measure("tls-bulk", "One large upload to tmpfs under TLS",
            (SPEED, Column("CPU s/GiB", short="under TLS, processor time, s/GiB")), WITH_TLS, tls(tls_bulk), tls=True,
            large="tls_bulk"),
    Measure("tls-sessions", "Sessions under TLS: full handshake, PROT P, 4 KiB",
            (Column("CPU ms of one", short="a session under TLS, processor time, ms"),),
            (*WITH_TLS, "vsftpd (spawned)"), tls(tls_sessions), tls=True),
    Measure("certificate", "A session in clear text, where the server has a certificate",
            (Column("ms of one"), Column("CPU ms of one")), ("stord", "stord (certificate)"), one_by_one()),
    Measure("users", "A session that logs in by a users file", (Column("ms of one"), Column("CPU ms of one")),
            ("stord", "stord (10 users)", "stord (10000 users)"), one_by_one("client")),
]
