"""Sessions that upload, for tests/faults: a client that bears whatever becomes of the server, and
the scenarios that it plays. A new scenario is a function and a line in SCENARIOS."""
import os
import re
import select
import socket
import struct
import time
from dataclasses import dataclass, field

from secure import Odd, Tls

OLD = b"the old file\n" * 300
NEW = bytes((i * 7 + i // 256) % 251 for i in range(20000))
BIG = NEW * 480  # more than one write-back (8 MiB)
HALF = len(NEW) // 2
TEXT = b"one\ntwo\n\nthree" * 50


class Refused(Exception):
    """A reply 4xx or 5xx."""


class Dead(Exception):
    """The connection ended without the reply that was due."""


class Late(Exception):
    """Nothing came for too long: somebody hangs."""


class Upload:
    """One file that the client tries to store. `name`: as the server told it, else as it was asked
    for; `whole`: all of it is sent; `stored`: 226 was seen."""

    def __init__(self, asked, new, whole=True):
        self.asked, self.name, self.new, self.whole, self.stored = asked, asked, new, whole, False


class Pipes:
    """Two pipes that behave as a socket as far as it is used here."""

    def __init__(self):
        (self.their_in, self.out), (self.inp, self.their_out) = os.pipe(), os.pipe()
        self.timeout = None

    def settimeout(self, seconds):
        self.timeout = seconds

    def sendall(self, data):
        while data:
            if self.out < 0:
                raise BrokenPipeError
            if not select.select([], [self.out], [], self.timeout)[1]:
                raise TimeoutError
            data = data[os.write(self.out, data[:4096]):]

    def recv(self, count):
        if not select.select([self.inp], [], [], self.timeout)[0]:
            raise TimeoutError
        return os.read(self.inp, count)

    def shutdown(self, _how):
        if self.out >= 0:
            os.close(self.out)
        self.out = -1

    def close(self):
        self.shutdown(None)
        os.close(self.inp)


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ours, listener.accept()[0]


def by_reset(sock):
    """Its end will be a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Client:
    """The client's end. `ends`: the handler's standard input and output, to be closed by close_ends.
    `kept`: bytes of a partial of x that is there."""

    def __init__(self, over, seconds, kept=0):
        self.deadline, self.kept = time.monotonic() + seconds, kept
        self.buffer, self.data, self.theirs = b"", None, None
        self.uploads, self.folders, self.deleted = [], {}, {}
        self.greeted = self.gone = False
        if over == "pipe":
            self.control = Pipes()
            self.ends = (self.control.their_in, self.control.their_out)
        else:
            self.control, self.theirs = tcp_pair() if over == "tcp" else socket.socketpair()
            self.ends = (self.theirs.fileno(), self.theirs.fileno())

    def close_ends(self):
        if self.theirs:
            self.theirs.close()
        else:
            for fd in self.ends:
                os.close(fd)

    def close(self):
        if not self.gone:
            self.control.close()
        if self.data:
            self.data.close()

    def left(self, sock):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Late
        sock.settimeout(left)
        return sock

    # -- what is sent: where it cannot be, the reply that is due tells

    def send(self, data, sock=None):
        try:
            self.left(sock or self.control).sendall(data)
        except TimeoutError:
            raise Late from None
        except OSError:
            pass

    def say(self, line):
        self.send(line.encode() + b"\r\n")

    def end(self, sock=None):
        try:
            (sock or self.control).shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def secure(self):
        """From here on all is under TLS."""
        self.ask("AUTH TLS", 234)
        self.control = Tls(self.control)
        try:
            self.left(self.control).shake_hands()
        except TimeoutError:
            raise Late from None
        except OSError:
            raise Dead from None
        self.ask("PBSZ 0", 200)
        self.ask("PROT P", 200)

    def go(self):
        """Leaves without a word."""
        self.control.close()
        self.gone = True

    # -- what comes

    def fill(self):
        try:
            data = self.left(self.control).recv(65536)
        except TimeoutError:
            raise Late from None
        except OSError:
            data = b""
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise Dead
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode()

    def reply(self):
        text = line = self.line()
        if not re.match(r"[1-5]\d\d[ -]", line):
            raise Odd(f"not a reply: {line!r}")
        while text[3] == "-" and not line.startswith(text[:3] + " "):
            line = self.line()
            text += "\n" + line
        return int(text[:3]), text

    def expect(self, wanted):
        code, text = self.reply()
        if code >= 400:
            raise Refused(text)
        if code != wanted:
            raise Odd(f"{wanted} was due: {text!r}")
        return text

    def ask(self, line, wanted):
        self.say(line)
        return self.expect(wanted)

    def leave(self):
        """Ends the session in good order and waits for the server to do so, too."""
        if self.gone:
            return
        self.say("QUIT")
        self.end()
        while self.fill():
            pass

    # -- uploads

    def store(self, name, new, whole=True):
        upload = Upload(name, new, whole)
        self.uploads.append(upload)
        return upload

    def stored(self, upload):
        text = self.expect(226)
        upload.stored = True
        return text

    def refused(self):
        """The upload has been cut off: 226 must not come."""
        raise Odd(f"half a file was acknowledged: {self.expect(226)!r}")

    def greet(self):
        self.expect(220)
        self.greeted = True

    def open_data(self):
        port = int(re.search(r"\(\|\|\|(\d+)\|\)", self.ask("EPSV", 229)).group(1))
        self.data = socket.socket()
        try:
            self.left(self.data).connect(("127.0.0.1", port))
        except OSError:
            pass  # the reply to STOR tells

    def is_called(self, listener):
        """The server connects to the listener; or, where it does not, says so."""
        if self.buffer:
            return False
        return listener in select.select([self.left(listener), self.control], [], [], 60)[0]

    def secure_data(self):
        """Behind 150; where it does not come to be, the reply that is due tells."""
        self.data = Tls(self.data, self.control)

    def close_data(self):
        try:
            if isinstance(self.data, Tls):
                self.left(self.data).end()
        except TimeoutError:
            raise Late from None
        except OSError:
            pass
        self.data.close()
        self.data = None

    def put(self, line, name, new, data=None):
        """One upload over EPSV: the command, the bytes, 226."""
        self.open_data()
        upload = self.store(name, new)
        self.ask(line, 150)
        if isinstance(self.control, Tls):
            self.secure_data()
        self.send(new if data is None else data, self.data)
        self.close_data()
        self.stored(upload)

    def put_inline(self, line, name, new, data=None):
        """One upload with ALLO, all in one piece."""
        data = new if data is None else data
        upload = self.store(name, new)
        self.send(f"ALLO {len(data)}\r\n{line}\r\n".encode() + data)
        self.expect(200)
        self.expect(150)
        self.stored(upload)

    def put_as_told(self, line, new):
        """One upload over EPSV whose name the server chooses."""
        self.open_data()
        upload = self.store(line.split()[1], new)
        upload.name = None
        upload.name = told_name(self.ask(line, 150))
        self.send(new, self.data)
        self.close_data()
        upload.name = told_name(self.stored(upload))


def told_name(text):
    match = re.search(r"FILE: (\S+)$", text)
    if not match:
        raise Odd(f"no name was told: {text!r}")
    return match.group(1)


# ---------------------------------------------------------------- scenarios

def inline(client):
    client.put_inline("STOR x", "x", NEW)


def inline_to_end(client):
    upload = client.store("x", NEW)
    client.ask("STOR x", 150)
    for at in range(0, len(NEW), HALF):
        client.send(NEW[at:at + HALF])
    client.end()
    client.stored(upload)


def inline_three(client):
    for name in "xyz":
        client.put_inline("STOR " + name, name, name.encode() + NEW)


def pipelined(client):
    """All in one piece: no reply is waited for. Each upload has its own."""
    news = [(name, name.encode() + NEW[:4000]) for name in "xyzuvw"]
    uploads, refusal = [client.store(*new) for new in news], None
    client.send(b"".join(b"ALLO %d\r\nSTOR %s\r\n" % (len(new), name.encode()) + new for name, new in news))
    for upload in uploads:
        client.expect(200)
        client.expect(150)
        try:
            client.stored(upload)
        except Refused as one:
            refusal = one
    if refusal:
        raise refusal


def epsv(client):
    client.ask("TYPE I", 200)
    client.put("STOR x", "x", NEW)


def epsv_big(client):
    client.ask("TYPE I", 200)
    client.ask(f"ALLO {len(BIG)}", 200)
    client.put("STOR x", "x", BIG)


def epsv_ascii(client):
    client.ask("TYPE A", 200)
    client.put("STOR x", "x", TEXT, TEXT.replace(b"\n", b"\r\n"))


def append(client):
    client.ask("TYPE I", 200)
    client.put("APPE x", "x", OLD + NEW, NEW)


def append_inline(client):
    client.put_inline("APPE x", "x", OLD + NEW, NEW)


def append_new(client):
    client.put_inline("APPE x", "x", NEW, NEW)


def restart(client):
    client.ask("TYPE I", 200)
    client.ask("REST 1000", 350)
    client.put("STOR x", "x", OLD[:1000] + NEW, NEW)


def unique(client):
    client.ask("TYPE I", 200)
    client.put_as_told("STOU x", NEW)


def renamed(client):
    client.ask("TYPE I", 200)
    client.put_as_told("STOR x", NEW)


def folder(client):
    client.folders["d"] = False
    client.ask("MKD d", 257)
    client.folders["d"] = True
    client.put_inline("STOR d/x", "d/x", NEW)


def active(client):
    client.ask("TYPE I", 200)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client.ask("EPRT |1|127.0.0.1|%d|" % listener.getsockname()[1], 200)
        upload = client.store("x", NEW)
        client.ask("STOR x", 150)
        if client.is_called(listener):
            client.data = listener.accept()[0]
            client.send(NEW, client.data)
            client.close_data()
        client.stored(upload)


# Under TLS.

def tls_inline(client):
    client.secure()
    client.put_inline("STOR x", "x", NEW)


def pipelined_tls(client):
    client.secure()
    pipelined(client)


def tls_to_end(client):
    client.secure()
    inline_to_end(client)


def tls_epsv(client):
    client.secure()
    epsv(client)


# Interrupted: never 226; what arrived may be kept aside, to be gone on with.

def short(client):
    client.store("x", NEW, whole=False)
    client.send(b"ALLO %d\r\nSTOR x\r\n" % len(NEW) + NEW[:HALF])
    client.end()
    client.expect(200)
    client.expect(150)
    client.refused()


def reset_inline(client):
    client.store("x", NEW, whole=False)
    client.send(b"ALLO %d\r\nSTOR x\r\n" % len(NEW) + NEW[:HALF])
    client.expect(200)
    client.expect(150)
    by_reset(client.control)
    client.go()
    raise Dead


def reset_data(client):
    client.ask("TYPE I", 200)
    client.open_data()
    client.store("x", NEW, whole=False)
    client.ask("STOR x", 150)
    client.send(NEW[:HALF], client.data)
    by_reset(client.data)
    client.close_data()
    client.refused()


def vanish(client, sent=HALF):
    client.ask("TYPE I", 200)
    client.open_data()
    client.store("x", NEW, whole=False)
    client.ask("STOR x", 150)
    client.send(NEW[:sent], client.data)
    client.go()
    client.close_data()
    raise Dead


def vanish_at_last(client):
    """All has been sent; but the server cannot know that."""
    vanish(client, len(NEW))


def tls_cut(client):
    """A data connection that ends in good order, but without close_notify."""
    client.secure()
    client.ask("TYPE I", 200)
    client.open_data()
    client.store("x", NEW, whole=False)
    client.ask("STOR x", 150)
    client.secure_data()
    client.send(NEW, client.data)
    client.data = client.data.sock
    client.close_data()
    client.refused()


def tls_cut_inline(client):
    client.secure()
    client.store("x", NEW, whole=False)
    client.ask("STOR x", 150)
    client.send(NEW)
    client.end(client.control.sock)
    client.refused()


def size_of(client, name):
    """What SIZE tells; None where there is nothing."""
    client.ask("TYPE I", 200)
    client.say("SIZE " + name)
    try:
        return int(client.expect(213)[4:])
    except Refused as refusal:
        if not str(refusal).startswith("550"):
            raise
        return None


# With a partial of x, client.kept bytes of NEW, that an earlier session left.

def go_on(client):
    kept = size_of(client, "x") or 0
    if kept >= len(NEW):
        raise Odd(f"there are said to be {kept} bytes")
    client.ask(f"REST {kept}", 350)
    client.put("STOR x", "x", NEW, NEW[kept:])


def go_on_inline(client):
    client.ask(f"REST {HALF // 2}", 350)
    client.put_inline("STOR x", "x", NEW, NEW[HALF // 2:])


def go_on_append(client):
    kept = size_of(client, "x") or 0
    client.put("APPE x" if kept else "STOR x", "x", NEW, NEW[kept:])


def go_on_short(client):
    client.ask(f"REST {client.kept}", 350)
    client.store("x", NEW, whole=False)
    rest = NEW[client.kept:]
    client.send(b"ALLO %d\r\nSTOR x\r\n" % len(rest) + rest[:-1000])
    client.end()
    client.expect(200)
    client.expect(150)
    client.refused()


def delete(client):
    client.deleted["x"] = False
    client.ask("DELE x", 250)
    client.deleted["x"] = True


# ------------------------------------------------- before and after the trouble

make_partial = short


def upload_again(upload, published):
    """A session that uploads the same once more; what is kept of it is gone on with. `published`:
    bytes of the file that has the name, or None."""
    def play(client):
        size = size_of(client, upload.name)
        kept = 0 if size in (None, published) else size
        if kept:
            client.ask(f"REST {kept}", 350)
        client.put("STOR " + upload.name, upload.name, upload.new, upload.new[kept:])
    return play


@dataclass(eq=False)
class Scenario:
    name: str
    play: object                                 # what the client does
    before: dict = field(default_factory=dict)   # files that are there
    over: str = "tcp"                            # the control connection: tcp, pair or pipe
    options: tuple = ()                          # of the handler
    wrap: tuple = ()                             # a program of build/tools before it, with arguments
    ends: str = "done"                           # how it ends when nothing fails: done, refused, dead
    partial: bool = False                        # an interrupted upload goes before
    can_undo: bool = True                        # the file system lets an old name be given back


X = {"x": OLD}
DENY = ("deny", "ENOSYS", "openat2", "--")
PLAIN, LINKS = ("plainfs",), ("plainfs", "links")
DELETE = ("--allow=upload,append,replace,list,delete",)
TLS = ("--tls=require", "--tls-cert={certificate}")
RECORDS = ("--xferlog={folder}/xferlog", "--transcript={folder}")
EVENTS = ("--events=uploaded",)
POLICY = ("--file-mode=0604", "--dir-mode=0705", "--group=1")

SCENARIOS = [
    Scenario("inline-new", inline),
    Scenario("inline-replace", inline, X, over="pair"),
    Scenario("inline-to-end", inline_to_end, over="pair"),
    Scenario("inline-pipe", inline_to_end, X, over="pipe"),
    Scenario("inline-three", inline_three, {"y": OLD}),
    Scenario("pipelined", pipelined, {"y": OLD}),
    Scenario("pipelined-pipe", pipelined, {"v": OLD, "w": OLD}, over="pipe"),
    Scenario("epsv-new", epsv),
    Scenario("epsv-replace", epsv, X),
    Scenario("epsv-big", epsv_big, X),
    Scenario("epsv-ascii", epsv_ascii, X),
    Scenario("active", active, X),
    Scenario("append", append, X),
    Scenario("append-inline", append_inline, X, over="pair"),
    Scenario("append-copy", append, X, options=("--append=copy",)),
    Scenario("append-new", append_new, over="pair"),
    Scenario("restart", restart, X),
    Scenario("unique", unique, X),
    Scenario("folder", folder),
    Scenario("short", short, X, ends="refused"),
    Scenario("reset-inline", reset_inline, X, ends="dead"),
    Scenario("reset-data", reset_data, ends="refused"),
    Scenario("vanish", vanish, X, ends="dead"),
    Scenario("vanish-at-last", vanish_at_last, ends="dead"),
    Scenario("walk-folder", folder, wrap=DENY),
    Scenario("plain-new", inline, wrap=PLAIN, can_undo=False),
    Scenario("plain-replace", epsv, X, wrap=PLAIN, can_undo=False),
    Scenario("plain-pipelined", pipelined, {"x": OLD, "z": OLD}, wrap=PLAIN, can_undo=False),
    Scenario("plain-append", append, X, wrap=PLAIN, can_undo=False),
    Scenario("plain-reset", reset_data, X, wrap=PLAIN, ends="refused", can_undo=False),
    Scenario("links-replace", epsv, X, wrap=LINKS),
    Scenario("links-append", append, X, wrap=LINKS),
    Scenario("plain-append-copy", append, X, wrap=PLAIN, can_undo=False, options=("--append=copy",)),
    Scenario("links-append-copy", append, X, wrap=LINKS, options=("--append=copy",)),
    Scenario("conflict-rename", renamed, X, options=("--on-conflict=rename",)),
    Scenario("policy", folder, options=POLICY),
    Scenario("policy-replace", epsv, X, options=POLICY),
    Scenario("limits", epsv, X, options=("--max-file-size=1G", "--min-free=1K")),
    Scenario("no-sync", epsv, X, options=("--no-sync",)),
    Scenario("records-inline", inline, X, over="pair", options=RECORDS),
    Scenario("records-epsv", epsv, X, options=RECORDS),
    Scenario("records-reset", reset_data, X, options=RECORDS, ends="refused"),
    Scenario("events", epsv, options=EVENTS),
    Scenario("events-replace", inline, X, over="pair", options=EVENTS),
    Scenario("events-pipelined", pipelined, {"y": OLD}, options=EVENTS),
    Scenario("events-pipelined-pipe", pipelined, over="pipe", options=EVENTS),
    Scenario("events-append", append, X, options=EVENTS),
    Scenario("events-append-copy", append, X, options=(*EVENTS, "--append=copy")),
    Scenario("events-restart", restart, X, options=EVENTS),
    Scenario("events-rename", renamed, X, options=(*EVENTS, "--on-conflict=rename")),
    Scenario("events-plain", inline, X, wrap=PLAIN, can_undo=False, options=EVENTS),
    Scenario("events-short", short, X, options=EVENTS, ends="refused"),
    Scenario("go-on", go_on, partial=True),
    Scenario("go-on-over-old", go_on, X, partial=True),
    Scenario("go-on-over-long", go_on_inline, {"x": 10 * OLD}, partial=True),
    Scenario("go-on-inline", go_on_inline, X, over="pair", partial=True),
    Scenario("go-on-append", go_on_append, X, partial=True),
    Scenario("go-on-short", go_on_short, ends="refused", partial=True),
    Scenario("partial-anew", epsv, partial=True),
    Scenario("partial-delete", delete, options=DELETE, partial=True),
    Scenario("partial-delete-both", delete, X, options=DELETE, partial=True),
    Scenario("plain-go-on", go_on, X, wrap=PLAIN, partial=True, can_undo=False),
    Scenario("tls-inline", tls_inline, options=TLS),
    Scenario("tls-pipelined", pipelined_tls, {"u": OLD}, options=TLS),
    Scenario("tls-to-end", tls_to_end, X, over="pair", options=TLS),
    Scenario("tls-epsv-replace", tls_epsv, X, options=TLS),
    Scenario("tls-cut", tls_cut, X, options=TLS, ends="refused"),
    Scenario("tls-cut-inline", tls_cut_inline, X, options=TLS, ends="dead"),
]
