#!/usr/bin/env python3
"""Plays a dialogue against a handler and compares its replies with what is written there.

usage: dialogue.py [--mode lines|bytes|packet] [--over tcp|tcp6|mapped|unix|pipe|pair]
                   FILE HANDLER [OPTION...]

A dialogue is one step a line; \\r \\n \\t \\0 \\\\ and \\xNN stand for bytes:
  # text            a comment
  # options: WORDS  more options of the handler
  given NAME BYTES  before the session, the root has a file NAME, and the folders it is in
  > LINE            send LINE and CR LF
  >> BYTES          send BYTES as they are
  >>@ N             send N bytes of a fixed pattern
  < CODE [REGEX]    the next reply has CODE (a pattern: 50[24] 550|521 ...), and REGEX is found
                    in its text; what begins with "# " is a comment
  put [BYTES]       connect to where the last 227 or 229 said, send BYTES, close
  put@ N            the same with N bytes of the pattern
  listen            listen for an active data connection; {PORT} and {EPRT} stand for its
                    address in later lines
  connect           connect to where the last 227 or 229 said, and keep it open
  connect-from ADDR the same from another address of this machine
  data BYTES        send BYTES over the open data connection
  data@ N           the same with N bytes of the pattern
  reset             close the open data connection by a reset
  done              close the open data connection
  other             what follows is about another data connection; the next `other` goes back
  get [REGEX]       read the data connection to its end (connecting if need be); REGEX must match
  urgent BYTES      send BYTES as urgent data
  silence           wait until nothing came for a while: no reply is expected here
  eof               send nothing more (half-close)
  closed            the server closes the connection; nothing more comes
  file NAME BYTES   the root has a file NAME with just these BYTES
  file@ NAME N      the same with N bytes of the pattern
  nofile NAME       there is nothing called NAME
  mtime NAME TIME   NAME was last changed at TIME (seconds since 1970)
  mode NAME OCTAL   NAME has these permissions
  vanish            reset the control connection
  leave             close the control connection, without a word
  killed            the handler is killed by SIGKILL, and that is no failure
  exits N           its exit status is to be N
  helpers N         the handler has so many children, at last; when the session is over they must
                    be gone
  holds BYTES       BYTES are in the handler's memory
  lacks BYTES       they are not
  loses BYTES       they are not, at last: it is still at work once it has replied
  helper-holds BYTES  they are in the memory of its child
  helper-lacks BYTES  they are not

Words that stand for several of these steps, for dialogues that are about something else:
  binary            < 220 (unless a reply was expected before), > TYPE I, < 200
  store NAME BYTES  > EPSV, < 229, > STOR NAME, < 150, put BYTES, < 226
  store NAME BYTES < CODE [REGEX]
                    the same, but that reply comes in the end
  append ...        as store, with APPE
  store@ NAME N ..., append@ NAME N ...
                    the same with N bytes of the pattern
  fetch COMMAND [=~ REGEX]
                    > EPSV, < 229, > COMMAND (as in `fetch LIST d`), < 150, get REGEX, < 226
  stored-inline N   the replies to N inline uploads with ALLO, one after the other: < 200, < 150, < 226
In such a NAME \\x20 stands for a blank.

The handler's exit status must be 0 where nothing else is said. Modes: `lines` waits for each reply before it sends on;
`bytes` does so, sending byte by byte; `packet` sends all commands in one piece where a dialogue
has no step that needs an answer first.
"""
import argparse
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # which -I leaves out
import processes  # noqa: E402

TIMEOUT = processes.TIMEOUT
FILE_STEPS = ("file", "file@", "nofile", "mtime", "mode")
MEMORY_STEPS = ("holds", "lacks", "loses", "helper-holds", "helper-lacks")
GREETING, BINARY = ["< 220"], ["> TYPE I", "< 200"]
STORED_INLINE = ["< 200", "< 150", "< 226"]
TRANSFERS = {"store": ("STOR", "put"), "store@": ("STOR", "put@"),
             "append": ("APPE", "put"), "append@": ("APPE", "put@"), "fetch": ("", "get")}


class Failure(Exception):
    pass


def pattern(count):
    block = bytes((i * 7 + i // 256) % 256 for i in range(65536))
    return (block * (count // len(block) + 1))[:count]


def unescape(text):
    names = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}

    def one(match):
        word = match.group(1).decode()
        return bytes([int(word[1:], 16)]) if word[0] == "x" else names[word]

    raw = text.encode("utf-8", "surrogateescape")
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt0\\])", one, raw)


def spelt_out(verb, rest):
    """The steps that one of TRANSFERS stands for."""
    command, move = TRANSFERS[verb]
    if verb == "fetch":
        (command, _, content), reply = rest.partition(" =~ "), "226"
    else:
        name, _, rest = rest.partition(" ")
        command += " " + name
        content, reply = re.fullmatch(r"(.*?)(?:(?:^| )< (.+))?", rest).groups("226")
    return ["> EPSV", "< 229", "> " + command, "< 150", f"{move} {content}", "< " + reply]


def tcp_pair(family, address):
    listener = socket.socket(family, socket.SOCK_STREAM)
    if address == "::":
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind((address, 0))
    listener.listen(1)
    port = listener.getsockname()[1]
    ours = socket.create_connection(("127.0.0.1" if address == "::" else address, port), TIMEOUT)
    theirs, _ = listener.accept()
    listener.close()
    return ours, theirs


def unix_pair():
    with tempfile.TemporaryDirectory() as folder:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(folder + "/s")
        listener.listen(1)
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.connect(folder + "/s")
        theirs, _ = listener.accept()
        listener.close()
        return ours, theirs


class Pipes:
    """Two pipes that behave as a socket as far as it is used here."""

    def __init__(self):
        (self.their_in, self.out), (self.inp, self.their_out) = os.pipe(), os.pipe()

    def fileno(self):
        return self.inp

    def sendall(self, data):
        while data:
            data = data[os.write(self.out, data):]

    def recv(self, count):
        return os.read(self.inp, count)

    def shutdown(self, _how):
        os.close(self.out)
        self.out = -1

    def close(self):
        for fd in (self.out, self.inp):
            if fd >= 0:
                os.close(fd)


class Player:
    modes = ("lines", "bytes", "packet")

    def __init__(self, over, mode, command):
        self.mode, self.buffer, self.data, self.listener = mode, b"", None, None
        self.passive, self.words, self.aside = None, {}, None
        self.helpers, self.expected, self.greeted = [], 0, False
        if over == "pipe":
            self.control = Pipes()
            stdin, stdout = self.control.their_in, self.control.their_out
            theirs = None
        else:
            makers = {
                "tcp": lambda: tcp_pair(socket.AF_INET, "127.0.0.1"),
                "tcp6": lambda: tcp_pair(socket.AF_INET6, "::1"),
                "mapped": lambda: tcp_pair(socket.AF_INET6, "::"),
                "unix": unix_pair,
                "pair": socket.socketpair,
            }
            self.control, theirs = makers[over]()
            stdin = stdout = theirs.fileno()
        self.inet = over in ("tcp", "tcp6", "mapped")
        self.process = subprocess.Popen(command, stdin=stdin, stdout=stdout)
        if theirs:
            theirs.close()
        else:
            os.close(stdin)
            os.close(stdout)
        if self.inet:
            self.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        step = 1 if self.mode == "bytes" and len(data) < 10000 else len(data) or 1
        try:
            for at in range(0, len(data), step):
                self.control.sendall(data[at:at + step])
        except (BrokenPipeError, ConnectionResetError):
            pass  # the reply that is expected next tells

    def fill(self, timeout=TIMEOUT):
        ready, _, _ = select.select([self.control], [], [], timeout)
        if not ready:
            return None
        try:
            data = self.control.recv(65536)
        except ConnectionResetError:
            raise Failure("the connection was reset") from None
        self.buffer += data
        return data

    def line(self):
        while b"\n" not in self.buffer:
            if self.fill() in (None, b""):
                raise Failure("no reply came" + (f", but {self.buffer}" if self.buffer else ""))
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise Failure(f"a reply line without CR: {line}")
        line = re.sub(rb"^(\xff[\xfb-\xfe].)+", b"", line, flags=re.DOTALL)  # refused telnet options
        return line[:-1].decode("utf-8", "backslashreplace")

    def reply(self):
        lines, self.greeted = [self.line()], True
        if not re.match(r"[1-5][0-9][0-9][ -]", lines[0]):
            raise Failure(f"not a reply: {lines[0]}")
        if lines[0][3] == "-":
            while not lines[-1].startswith(lines[0][:3] + " "):
                lines.append(self.line())
        return lines

    def expect(self, code, regex):
        regex = "" if regex.startswith("# ") else regex
        lines = self.reply()
        text = "\n".join(lines)
        if not re.fullmatch(code, lines[-1][:3]) or (regex and not re.search(regex, text)):
            raise Failure(f"got: {text}")
        code = lines[-1][:3]
        match = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", text)
        if code == "227" and match:
            n = [int(x) for x in match.groups()]
            self.forget_listener()
            self.passive = (".".join(map(str, n[:4])), n[4] * 256 + n[5])
        match = re.search(r"\(\|\|\|(\d+)\|\)", text)
        if code == "229" and match:
            host = self.control.getpeername()[0] if self.inet else "127.0.0.1"
            self.forget_listener()
            self.passive = (host, int(match.group(1)))

    def connect(self, source=None):
        if self.data:
            return
        if self.listener:
            self.listener.settimeout(TIMEOUT)
            self.data, _ = self.listener.accept()
            return
        where = (source, 0) if source else None
        self.data = socket.create_connection(self.passive, TIMEOUT, source_address=where)

    def other(self):
        self.data, self.aside = self.aside, self.data

    def done(self):
        self.data.close()
        self.data = None
        self.forget_listener()

    def forget_listener(self):
        if self.listener:
            self.listener.close()
            self.listener = None

    def put(self, data):
        self.connect()
        try:
            self.data.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.done()

    def get(self, regex):
        self.connect()
        data = b""
        while True:
            piece = self.data.recv(65536)
            if not piece:
                break
            data += piece
        self.done()
        text = data.decode("utf-8", "backslashreplace")
        if regex and not re.search(regex, text):
            raise Failure(f"data: {text!r}")

    def listen(self):
        self.forget_listener()
        host, family = self.control.getsockname()[0], self.control.family
        if host.startswith("::ffff:"):
            host, family = host[7:], socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.bind((host, 0))
        self.listener.listen(1)
        port = self.listener.getsockname()[1]
        kind = 2 if family == socket.AF_INET6 else 1
        self.words["{EPRT}"] = f"|{kind}|{host}|{port}|"
        self.words["{PORT}"] = f"{host.replace('.', ',')},{port // 256},{port % 256}"

    def reset(self):
        self.data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.done()

    def closed(self):
        data = self.fill()
        if self.buffer or data is None:
            raise Failure(f"not closed: {self.buffer}")
        self.buffer = b""

    def silence(self):
        if self.fill(0.4) is not None or self.buffer:
            raise Failure(f"not silent: {self.buffer or 'closed'}")

    def vanish(self):
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.control.close()

    def killed(self):
        self.process.kill()
        self.expected = -signal.SIGKILL

    def expect_helpers(self, count):
        pid = self.process.pid
        if not processes.wait_for(lambda: len(processes.children(pid)) == count):
            raise Failure(f"there are {len(processes.children(pid))}")
        self.helpers += processes.children(pid)

    def check_memory(self, verb, needle):
        pid = self.process.pid
        if verb.startswith("helper-"):
            pid, = processes.children(pid)
        if verb.endswith("lacks"):
            good = not processes.holds(pid, needle)
        elif verb == "loses":
            good = processes.wait_for(lambda: not processes.holds(pid, needle))
        else:  # which may have to read it first
            good = processes.wait_for(lambda: processes.holds(pid, needle))
        if not good:
            raise Failure("it does not")

    def check_file(self, verb, path, content):
        if verb == "nofile":
            if os.path.lexists(path):
                raise Failure("there is one")
        elif verb == "mtime":
            if int(os.stat(path).st_mtime) != int(content):
                raise Failure(f"it is {os.stat(path).st_mtime}")
        elif verb == "mode":
            if os.stat(path).st_mode & 0o7777 != int(content, 8):
                raise Failure(f"it is {os.stat(path).st_mode:o}")
        else:
            want = pattern(int(content)) if verb == "file@" else unescape(content)
            with open(path, "rb") as file:
                got = file.read()
            if got != want:
                raise Failure(f"it holds {len(got)} bytes: {got[:200]!r}")

    def play(self, steps, root):
        """Steps that one word stands for. What is wrong is said of the step itself."""
        for step in steps:
            try:
                self.step(step, root)
            except (Failure, OSError) as failure:
                raise Failure(f"{step}: {failure}") from None

    def step(self, line, root):
        for word, value in self.words.items():
            line = line.replace(word, value)
        verb, _, rest = line.partition(" ")
        first, _, others = rest.partition(" ")
        plain = {
            ">": lambda: self.send(unescape(rest) + b"\r\n"),
            ">>": lambda: self.send(unescape(rest)),
            ">>@": lambda: self.send(pattern(int(rest))),
            "<": lambda: self.expect(first, others),
            "put": lambda: self.put(unescape(rest)),
            "put@": lambda: self.put(pattern(int(rest))),
            "listen": self.listen,
            "connect": self.connect,
            "connect-from": lambda: self.connect(rest),
            "data": lambda: self.data.sendall(unescape(rest)),
            "data@": lambda: self.data.sendall(pattern(int(rest))),
            "reset": self.reset,
            "done": self.done,
            "other": self.other,
            "get": lambda: self.get(rest),
            "urgent": lambda: self.control.send(unescape(rest), socket.MSG_OOB),
            "silence": self.silence,
            "eof": lambda: self.control.shutdown(socket.SHUT_WR),
            "closed": self.closed,
            "vanish": self.vanish,
            "leave": self.control.close,
            "killed": self.killed,
            "exits": lambda: setattr(self, "expected", int(rest)),
            "helpers": lambda: self.expect_helpers(int(rest)),
            "binary": lambda: self.play(BINARY if self.greeted else GREETING + BINARY, root),
            "stored-inline": lambda: self.play(STORED_INLINE * int(rest), root),
        }
        if verb in plain:
            plain[verb]()
        elif verb in TRANSFERS:
            self.play(spelt_out(verb, rest), root)
        elif verb in FILE_STEPS:
            self.check_file(verb, os.path.join(root.encode(), unescape(first)), others)
        elif verb in MEMORY_STEPS:
            self.check_memory(verb, unescape(rest))
        else:
            raise Failure("no such step")

    def end(self):
        for _ in range(2):
            if self.data:
                self.done()
            self.other()
        self.control.close()
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("the handler does not end") from None
        if status != self.expected:
            raise Failure(f"the handler's exit status is {status}")
        if not processes.wait_for(lambda: not any(map(processes.is_alive, self.helpers))):
            raise Failure("a helper is left")


def in_packet(steps):
    """All that is sent first, in one piece, then all that is checked; None where a step between
    needs an answer first."""
    fitting = (">", "<", "eof", "closed") + FILE_STEPS
    if any(not s.startswith(fitting) for _, s in steps):
        return None
    if any(s.startswith(">>@") for _, s in steps):
        return None
    sent = b"".join(unescape(s[2:]) + b"\r\n" if s.startswith("> ") else
                    unescape(s[3:]) if s.startswith(">> ") else b"" for _, s in steps)
    return sent, [(n, s) for n, s in steps if not s.startswith(">")]


def read_dialogue(path):
    """The options for the handler, the steps that come before the session, and the others, each
    with its line number."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        steps = [(n, s.rstrip("\n")) for n, s in enumerate(file, 1) if s.strip()]
    options = [word for _, s in steps if s.startswith("# options:") for word in s.split()[2:]]
    given = [s for _, s in steps if s.startswith("given ")]
    return options, given, [(n, s) for n, s in steps if not s.startswith(("#", "given "))]


def make_given(root, step):
    _, name, content = (step + " ").split(" ", 2)
    path = os.path.join(root.encode(), unescape(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(unescape(content[:-1]))


def main(make_player=Player):
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=make_player.modes, default="lines")
    parser.add_argument("--over", choices=["tcp", "tcp6", "mapped", "unix", "pipe", "pair"],
                        default="tcp")
    parser.add_argument("file")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    options, given, steps = read_dialogue(arguments.file)
    if arguments.mode == "packet" and in_packet(steps) is None:
        print("this dialogue cannot be sent in one piece", file=sys.stderr)
        return 2
    root = os.environ.get("ROOT", ".")
    for step in given:
        make_given(root, step)
    player = make_player(arguments.over, arguments.mode, arguments.command + options)
    where = None
    try:
        if arguments.mode == "packet":
            sent, steps = in_packet(steps)
            player.send(sent)
        for where in steps:
            player.step(where[1], root)
        where = None
        player.end()
    except (Failure, OSError) as failure:
        at = f"line {where[0]}: {where[1]}: " if where else ""
        print(f"{arguments.file}, {at}{failure}", file=sys.stderr)
        player.process.kill()
        player.process.wait()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
