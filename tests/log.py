#!/usr/bin/env python3
"""tests/log.py HANDLER FOLDER HOW: what strangers write stays data in the log.

HOW: text or json (on standard error), or syslog. Sessions give names and words that look like
something else; FOLDER/root gets the uploads. Every event must be one line, with nothing in it that
does anything to who reads it; JSON must be JSON, and name the file that is on the disk, byte for byte.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # which -I leaves out
import processes  # noqa: E402

HANDLER, FOLDER, HOW = sys.argv[1:4]
ROOT, USERS = FOLDER + "/root", FOLDER + "/users"

FORGED = b"x stord[1]: Login failed from 192.0.2.1:1: user y"
# What a file can be called. As bytes; 255 is doubled on the wire, as telnet wants it.
NAMES = [b"plain", b"caf\xc3\xa9", b"caf\xe9", b"\xff\xfe", b"cut \xe2\x82", b"overlong \xc0\xaf", b"surrogate \xed\xa0\x80",
         b"next line \x85", b"next line \xc2\x85", b"csi \x9b31m", b"csi \xc2\x9b31m", b"end \xe2\x80\xa8 of line",
         b"end \xe2\x80\xa9 of paragraph", b"right \xe2\x80\xae to left", b"mark \xe2\x80\x8f", b"isolate \xe2\x81\xa6",
         b"bom \xef\xbb\xbf", b'quote " quote', b"back\\slash", b"like an escape \\x41 \\u0041", b"<3>", b'","file":"shadow',
         b'"}', b'"}\xff{"', FORGED, b"%s%n%x", b"{}", b"emoji \xf0\x9f\x98\x80"]
# What else can stand in a line: no name has these
WORDS = NAMES + [b"bell \x07", b"escape \x1b[2J\x1b]0;title\x07", b"tab\there", b"back \x08\x08\x08", b"delete \x7f",
                 b"feed \x0b\x0c", b"shift \x0e\x0f", b"return \r\0" + FORGED, b"\r\0<3>" + FORGED]
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
MEMBERS = {"time": str, "level": str, "event": str, "pid": int, "session": str, "peer": str, "tls": str, "user": str,
           "user_hex": str, "file": str, "file_hex": str, "bytes": int, "seconds": float, "verdict": str, "reply": int,
           "message": str}


def check(condition, *what):
    if not condition:
        print(*what)
        sys.exit(1)


def on_wire(word):
    return word.replace(b"\xff", b"\xff\xff")


def as_received(word):
    return word.replace(b"\r\0", b"\r")


class Syslog:
    """The system's log, as datagrams come. Few are kept by the kernel, so they are taken at once."""

    def __init__(self):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(FOLDER + "/dev/log")
        os.chmod(FOLDER + "/dev/log", 0o666)
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            self.lines.append(self.socket.recv(65536))

    def take(self):
        """All that was sent before now."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mark:
            mark.sendto(b"mark", FOLDER + "/dev/log")
        assert processes.wait_for(lambda: b"mark" in self.lines)
        lines, self.lines = self.lines[:self.lines.index(b"mark")], []
        return lines


def send(wire, commands):
    try:
        wire.sendall(commands)
        wire.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the session has ended, and its replies tell why


def play(commands, *options):
    """The log's lines of a session."""
    ours, theirs = socket.socketpair()
    command = [HANDLER, "--root", ROOT, "--log-level=debug", "--log-format=json" if HOW != "text" else "--log-format=text",
               "--log=syslog" if HOW == "syslog" else "--log=stderr", *options]
    if HOW == "syslog":
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
                   'mount --bind "$0" /dev; exec "$@"', FOLDER + "/dev", *command]
    errors = tempfile.TemporaryFile()
    session = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=errors)
    theirs.close()
    threading.Thread(target=send, args=(ours, commands), daemon=True).start()
    replies = b""
    while piece := ours.recv(65536):
        replies += piece
    status = session.wait()
    errors.seek(0)
    log = errors.read()
    check(status == 0, "the session failed", status, replies, log)
    if HOW == "syslog":
        check(log == b"", "on standard error", log)
        return replies, syslog.take()
    check(log.endswith(b"\n"), "half a line", log)
    return replies, log[:-1].split(b"\n")


def text_of(line):
    """What a line says. It is harmless, whatever it is."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        check(False, "not UTF-8:", line)
    check(not UNSAFE.search(text), "this does something:", line)
    if HOW == "json":
        event = json.loads(text, object_pairs_hook=once)
        check_event(event)
        return event["message"]
    begins = re.match(r"<9[1-5]>\w{3} [ \d]\d \d\d:\d\d:\d\d stord\[\d+\]: " if HOW == "syslog" else r"stord\[\d+\]: ", text)
    check(begins, "no line of ours:", line)
    return text[begins.end():]


def once(pairs):
    check(len({name for name, _ in pairs}) == len(pairs), "a member is there twice:", pairs)
    return dict(pairs)


def check_event(event):
    for name, value in event.items():
        check(name in MEMBERS and type(value) is MEMBERS[name], "member", name, event)
    for name in "time", "level", "event", "pid", "session", "message":
        check(name in event, "lacks", name, event)
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["time"]), "time", event)
    check(event["level"] in ("error", "warning", "info", "debug"), "level", event)
    check(re.fullmatch(r"[0-9a-f]{16}", event["session"]), "session", event)
    check(re.fullmatch(r"[a-z-]+", event["event"]), "event", event)
    check(event["event"] in ("no-client",) or event.get("peer") == "a local socket", "peer", event)
    for name in "file", "user":
        if name + "_hex" in event:
            raw = bytes.fromhex(event[name + "_hex"])
            check(not is_utf8(raw) and event[name] == shown(raw), name + "_hex", event)


def is_utf8(raw):
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown(raw):
    """Bytes that are not UTF-8, as characters."""
    return raw.decode(errors="surrogateescape").encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") \
        .translate({0xdc00 + n: f"\\x{n:02x}" for n in range(128, 256)})


def exact(event, name):
    return bytes.fromhex(event[name + "_hex"]) if name + "_hex" in event else event[name].encode()


def unescaped(text):
    """The bytes that a line of text stands for."""
    return re.sub(rb"\\(\\|x([0-9a-f]{2}))", lambda m: bytes.fromhex(m[2].decode()) if m[2] else b"\\", text.encode())


def message_of(raw):
    """What the log makes of bytes, in its text."""
    text = raw.replace(b"\\", b"\\\\").decode(errors="surrogateescape")
    return "".join("\\x%02x" % (ord(c) - 0xdc00) if 0xdc80 <= ord(c) <= 0xdcff
                   else "".join("\\x%02x" % byte for byte in c.encode()) if UNSAFE.match(c) else c for c in text)


def find(lines, beginning, count):
    texts = [text for text in map(text_of, lines) if text.startswith(beginning)]
    check(len(texts) == count, len(texts), beginning, lines)
    return texts


def uploads():
    contents = {b"/" + name: b"%d" % n for n, name in enumerate(NAMES)}
    commands = b"".join(b"ALLO %d\r\nSTOR %s\r\n%s" % (len(text), on_wire(name), text) for name, text in contents.items())
    replies, lines = play(commands + b"QUIT\r\n")
    check(replies.count(b"\r\n226 ") == len(NAMES), replies)
    on_disk = {b"/" + name: open(os.path.join(ROOT.encode(), name), "rb").read()
               for name in os.listdir(ROOT.encode()) if not name.startswith(b".stord")}
    check(on_disk == contents, on_disk)
    # accepted; ALLO, STOR and what came of it, QUIT, closed
    warned = sum(b"Serving as root" in line for line in lines)
    check(len(lines) == 3 * len(NAMES) + 3 + warned, "one line an event", len(lines), lines)
    for name, text in zip(contents, find(lines, "File uploaded: ", len(NAMES))):
        check(text.startswith("File uploaded: " + message_of(name) + " ("), name, text)
        check(unescaped(text).startswith(b"File uploaded: " + name + b" ("), name, text)
    if HOW == "json":
        events = [json.loads(line) for line in lines]
        check(len({event["session"] for event in events}) == 1, "not one session")
        done = [event for event in events if event["event"] == "uploaded"]
        for event, (name, text) in zip(done, contents.items()):
            check(exact(event, "file") == os.path.realpath(ROOT).encode() + name, name, event)
            check(("file_hex" in event) == (not is_utf8(name)), name, event)
            check((event["bytes"], event["verdict"], event["reply"]) == (len(text), "size", 226), event)
            check(0 <= event["seconds"] < 60, event)


def words():
    hosts = b"".join(b"HOST %s\r\nCLNT %s\r\n%s\r\n" % (on_wire(word), on_wire(word), on_wire(b"XY" + word)) for word in WORDS)
    _, lines = play(hosts + b"QUIT\r\n")
    for beginning, prefix in ("Host asked for: ", b""), ("Client calls itself: ", b""), ("Received command: XY", b""):
        for word, text in zip(WORDS, find(lines, beginning, len(WORDS))):
            check(text == beginning + message_of(prefix + as_received(word)), word, text)
    # names that cannot be, in what refuses them
    bad = [word for word in WORDS if re.search(rb"[\x00-\x1f\x7f]", word)]
    replies, lines = play(b"".join(b"MKD %s\r\n" % on_wire(word) for word in bad) + b"QUIT\r\n")
    texts = [text for text in map(text_of, lines) if ": reply 550 to " in text]
    check(len(texts) == len(bad), replies, lines)
    for word, text in zip(bad, texts):
        check(text.endswith(": MKD " + message_of(as_received(word))), word, text)


def logins():
    """Three to a session; each costs a second."""
    users = [b"caf\xe9", b"return \r\0" + FORGED, b'"},{"user":"root \xe2\x80\xae']
    _, lines = play(b"".join(b"USER %s\r\nPASS wrong\r\n" % on_wire(user) for user in users), "--users", USERS)
    for user, text in zip(users, find(lines, "Login failed from ", 3)):
        check(text == "Login failed from a local socket: user " + message_of(as_received(user)), user, text)
    if HOW == "json":
        failed = [event for event in map(json.loads, lines) if event["event"] == "login-failed"]
        check([exact(event, "user") for event in failed] == [as_received(user) for user in users], failed)


syslog = Syslog() if HOW == "syslog" else None
uploads()
words()
logins()
