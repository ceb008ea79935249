"""A client of model.py, and the handler that serves it."""
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

from dialogue import TIMEOUT, tcp_pair
from model_world import Failure, brief

HANDLER = os.environ.get("HANDLER", os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/handler")
RESET = struct.pack("ii", 1, 0)
# What may stand between REST or ALLO and the transfer that they are for; all else ends them
KEEPS = {"TYPE", "EPSV", "PASV", "REST", "ALLO", "NOOP", "FEAT", "SIZE", "MLST"}


def environment():
    names = ("STORD_", "LISTEN_", "JOURNAL_", "INVOCATION_")
    return {k: v for k, v in os.environ.items() if not k.startswith(names)}


def command(root, options):
    user = ["--user", "root"] if os.geteuid() == 0 else []
    return [HANDLER, "--root", root, *user, "--log=stderr", *options]


def unread(sock):
    """Does something lie at the server's end of this data connection that it has not read?"""
    try:
        ours, theirs = sock.getsockname()[1], sock.getpeername()[1]
    except OSError:  # the server has ended the connection
        return False
    ends = re.compile(rf"\s*\d+: \w+:{theirs:04X} \w+:{ours:04X} \w+ \w+:(\w+) ")
    with open("/proc/net/tcp", encoding="ascii") as table:
        found = [match for match in map(ends.match, table) if match]
    return any(int(match[1], 16) for match in found)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()


def finish(sock):
    """Ends a connection at once, even while another thread starts a handler that, up to its exec, has
    this descriptor, too."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the server has ended it
    sock.close()


class Session:
    """shown    name -> views, of which the client was shown one last
    plans    name -> (how, view): what it wants to go on from
    lost     name -> how many bytes had come of uploads that were broken in this session
    announced  was REST or ALLO sent for the next transfer?
    """

    def __init__(self, label, root, options, trace, log):
        self.label, self.trace, self.buffer, self.is_quiet = label, trace, b"", False
        self.shown, self.plans, self.lost = {}, {}, {}
        self.upload = self.renaming = None
        self.announced = False
        self.control, theirs = tcp_pair(socket.AF_INET, "127.0.0.1")
        self.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with theirs:
            self.process = subprocess.Popen(command(root, options), stdin=theirs, stdout=theirs,
                                            stderr=log, env=environment())

    def login(self, user, password):
        self.note("begins, logs in and sends TYPE I")
        self.is_quiet = True
        self.expect("220")
        self.ask("USER " + user, "331")
        self.ask("PASS " + password, "230")
        self.ask("TYPE I", "200")
        self.is_quiet = False

    def note(self, line):
        if not self.is_quiet:
            self.trace.append(f"[{self.label}] {line}")

    # ------------------------------------------------------------- the control connection

    def say(self, line):
        self.note("> " + line)
        verb = line.split()[0]
        self.announced = verb in KEEPS and (self.announced or verb in ("REST", "ALLO"))
        try:
            self.control.sendall(line.encode() + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the reply that is expected next tells

    def line(self):
        deadline = time.monotonic() + TIMEOUT
        while b"\n" not in self.buffer:
            if not select.select([self.control], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failure(6, f"session {self.label} hangs", "a reply", "none")
            try:
                piece = self.control.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return None
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("ascii", "backslashreplace").rstrip("\r")

    def reply_or_end(self):
        """The next reply, its lines in one text; None where the connection has ended."""
        lines = [self.line()]
        while lines[-1] is not None and lines[0][3:4] == "-" and not lines[-1].startswith(lines[0][:3] + " "):
            lines.append(self.line())
        if lines[-1] is None:
            return None
        if not re.match("[1-5][0-9][0-9] ", lines[-1]):
            raise Failure(6, "what came is no reply", "a reply", lines[-1])
        for line in lines:
            self.note("< " + line)
        return "\n".join(lines)

    def reply(self):
        text = self.reply_or_end()
        if text is None:
            raise Failure(6, f"session {self.label} has ended", "a reply", "the end of the control connection")
        return int(text[:3]), text

    def expect(self, code):
        got, text = self.reply()
        if not re.fullmatch(code, str(got)):
            raise Failure(6, "the reply", code, text)
        return text

    def ask(self, line, code=None):
        self.say(line)
        return self.expect(code) if code else self.reply()

    def replies_to_end(self):
        """The codes of all that still comes."""
        codes = []
        while (text := self.reply_or_end()) is not None:
            codes.append(int(text[:3]))
        return codes

    def has_reply(self):
        return bool(self.buffer or select.select([self.control], [], [], 0)[0])

    # ------------------------------------------------------------- inline

    def burst(self, uploads):
        """Sends them all without waiting for a reply."""
        data = b""
        for upload in uploads:
            upload.sent = upload.total
            self.note(f"> ALLO {upload.total}")
            self.note(f"> STOR {upload.name}")
            self.note(">> " + brief(upload.payload()))
            data += b"ALLO %d\r\nSTOR %s\r\n" % (upload.total, upload.name.encode()) + upload.payload()
        try:
            self.control.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a refused upload has ended the session

    # ------------------------------------------------------------- data connections

    def passive(self, rng):
        if rng.random() < 0.8:
            port = int(re.search(r"\(\|\|\|(\d+)\|\)", self.ask("EPSV", "229"))[1])
        else:
            numbers = re.search(r"\((?:\d+,){4}(\d+),(\d+)\)", self.ask("PASV", "227"))
            port = int(numbers[1]) * 256 + int(numbers[2])
        self.note("connect")
        return socket.create_connection(("127.0.0.1", port), TIMEOUT)

    def rival(self, where):
        """Somebody else with our address comes to the port as well, and sends first."""
        self.note("another connection sends evil bytes")
        with socket.create_connection(where, TIMEOUT) as stranger:
            stranger.sendall(b"evil bytes")

    def send(self, count):
        """The next bytes of the upload."""
        upload = self.upload
        data = upload.stream.cut(upload.at + upload.sent, upload.at + upload.sent + count)
        if not data:
            return
        self.note("data " + brief(data))
        try:
            upload.data.sendall(data)
        except OSError:
            pass  # the upload was refused meanwhile: its reply tells
        upload.sent += count
        upload.touched = time.monotonic()

    def drain(self):
        """Waits until the handler has read all that was sent."""
        deadline = time.monotonic() + TIMEOUT
        while unread(self.upload.data):
            if time.monotonic() > deadline:
                raise Failure(6, f"session {self.label} hangs", "the data are read", "they are not")
            time.sleep(0.001)

    def done(self):
        self.note("done")
        finish(self.upload.data)

    def reset(self):
        self.note("reset")
        reset(self.upload.data)

    def read(self, data):
        with data:
            pieces = []
            try:
                while piece := data.recv(65536):
                    pieces.append(piece)
            except socket.timeout:
                raise Failure(6, f"session {self.label} hangs", "the end of the data", "none") from None
            except ConnectionResetError:
                pieces.append(b" (reset)")
        self.note("get " + brief(b"".join(pieces)))
        return b"".join(pieces)

    # ------------------------------------------------------------- its end

    def signal(self, name):
        self.note("killed" if name == "KILL" else "signal " + name)
        self.process.send_signal(getattr(signal, "SIG" + name))

    def leave(self):
        self.note("leave")
        finish(self.control)

    def wait(self, status=0):
        """The handler ends by itself, or was killed."""
        try:
            got = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Failure(6, f"the handler of session {self.label} does not end", "its end", "it runs") from None
        if got != status:
            raise Failure(6, f"the handler of session {self.label} has ended", f"exit status {status}", str(got))

    def quit(self):
        self.ask("QUIT", "221")
        more = self.replies_to_end()
        if more:
            raise Failure(6, "replies behind that to QUIT", "none", str(more))
        self.wait()

    def close(self):
        self.control.close()
        if self.upload and self.upload.data:
            self.upload.data.close()

    def kill(self):
        """When the sequence is over, whatever came of it."""
        self.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
