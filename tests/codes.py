#!/usr/bin/env python3
"""Asks a handler everything that is in codes.txt and prints the table with what it answered.
What it refuses must be in its log, too: see unlogged.

usage: codes.py TABLE RFC-CODES HANDLER [OPTION...]

Each cell is a session of its own. What is not as the table says is marked, and is said again on
standard error; so is a code that rfc-codes.txt does not have for the verb. Both make the exit
status 1. With --observe first, only what was answered is printed, to begin a new table from.
"""
import collections
import json
import os
import re
import shutil
import signal
import sys
import tempfile

from dialogue import Failure, Player, unescape

STATES = ["stranger", "login", "no-rights", "passive", "restart", "transfer"]
RIGHTS = "upload,append,replace,list,read,mkdir,rename,delete"
MEANWHILE = ("ABOR", "NOOP", "STAT")  # only to begin a new table
UPLOADS = ("STOR", "APPE", "STOU")
LOGGING = ["--log", "stderr", "--log-format", "json"]
FILES = {"file": b"0123456789", "folder/inner": b"inner"}


def fill_root(root):
    for entry in os.scandir(root):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    os.mkdir(os.path.join(root, "empty"))
    for name, content in FILES.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


class Session:
    """One session, brought into one of the states."""

    def __init__(self, state, command):
        self.state, self.prepared = state, False
        rights = "" if state == "no-rights" else RIGHTS
        # A super-server that says so relays somebody who is not on this machine
        os.environ.pop("SOCAT_PEERADDR", None)
        if state == "stranger":
            os.environ["SOCAT_PEERADDR"] = "192.0.2.7"
        self.log = tempfile.TemporaryFile("w+", errors="surrogateescape")
        stderr = os.dup(2)
        os.dup2(self.log.fileno(), 2)
        try:
            self.player = Player("pair" if state == "stranger" else "tcp", "lines",
                                 command[:1] + ["--allow", rights] + command[1:] + LOGGING)
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        os.environ.pop("SOCAT_PEERADDR", None)
        self.player.expect("220", "")
        if state in ("passive", "restart", "transfer"):
            self.ask("TYPE I", "200")
            self.ask("PASV", "227")
            self.prepared = True
        if state == "restart":
            self.ask("REST 5", "350")
        if state == "transfer":
            self.ask("STOR being-sent", "150")
            self.player.connect()
            self.player.data.sendall(b"half")

    def ask(self, line, code):
        self.player.send(line.encode() + b"\r\n")
        self.player.expect(code, "")

    def code(self):
        """The code of the next reply, or None at the end of the session."""
        if b"\n" not in self.player.buffer and self.player.fill() == b"":
            return None
        return self.player.reply()[-1][:3]

    def transfer(self, verb):
        """Does the client's part of a transfer that was begun by 150."""
        if not self.prepared:
            self.player.control.shutdown(1)  # inline: the end of input ends the file
        elif verb in UPLOADS:
            self.player.put(b"hello")
        else:
            self.player.get("")

    def answer(self, verb, awaits_end):
        """The codes up to and with the final one, for one command."""
        codes = []
        while not codes or codes[-1][0] == "1":
            codes.append(self.code())
            if codes[-1] is None:
                return []
            if codes[-1][0] == "1" and awaits_end:
                self.transfer(verb)
        return codes

    def is_over(self):
        try:
            self.player.send(b"NOOP\r\n")
            return self.code() is None
        except (Failure, OSError):
            return True

    def end(self):
        if self.player.data:
            self.player.done()
        self.player.control.close()
        if self.player.process.wait(20) != 0:
            raise Failure("the exit status is not 0")

    def events(self):
        self.log.seek(0)
        return [json.loads(line) for line in self.log]


def refusals(answers):
    """(verb, code) of all that was refused."""
    return [(verb, code) for verb, codes in answers for code in codes if code and code[0] in "45"]


def unlogged(answers, lines, events, is_in):
    """What of the refusals is not in the log as it should be: each has an event of its own with the reply's code, and
    with the file if one was meant; an upload that was not stored has exactly one with a verdict, of a kind that can be
    asked for. is_in: the client is logged in; of others the log has no files and no uploads."""
    said = collections.Counter(code for _, code in refusals(answers))
    logged = collections.Counter(str(e["reply"]) for e in events if e.get("reply", 0) >= 400)
    for code in said:
        # The event with the verdict of an upload may be followed by one with the reason
        if logged[code] < said[code]:
            yield f"{said[code]} times {code}, but {logged[code]} times in the log"
    uploads = [code for verb, code in refusals(answers) if verb in UPLOADS and is_in]
    failed = [e for e in events if e["event"] in ("upload-failed", "upload-refused")]
    if len(uploads) != len(failed) or not all(e.get("verdict") and "reply" in e for e in failed):
        yield f"{len(uploads)} uploads failed, but {len(failed)} in the log"
    if any(e["event"] not in ("upload-failed", "upload-refused") and e.get("verdict") for e in events
           if e.get("reply", 0) >= 400 and e["event"] != "send-failed"):
        yield "a verdict that would be counted twice"
    for line, (verb, codes) in zip(lines if is_in else [], answers):
        name = line.split(" ")[-1]
        if is_meant(verb, line) and codes[-1] and codes[-1][0] in "45" and codes[-1] != "501" and not any(
                e.get("file", "").endswith("/" + name) or e.get("file", "").endswith(" " + name)
                for e in events if str(e.get("reply")) == codes[-1]):
            yield f"{name} is not in the log"


def is_meant(verb, line):
    """Does the command end with the name of a file that there can be?"""
    takes = "STOR STOU APPE RETR CWD XCWD MKD XMKD RMD XRMD DELE RNFR RNTO LIST NLST MLSD MLST SIZE MDTM MFMT SITE STAT HASH"
    words = line.split(" ")
    return (verb in takes.split() and len(words) > 1 + (verb in ("MFMT", "SITE")) and
            not re.search(r"\.\.|\.stord|\\x|^SITE [XUH](?!TIME)|^SITE [A-Z]*$|(^| )(-[a-z]*|/)$", line))


def observe(state, commands, waits, command, root):
    """[(verb, codes)...] of the commands, sent one behind the other, and whether the session was
    over then. waits: during a transfer, the commands are answered when it is over."""
    fill_root(root)
    session = Session(state, command)
    verbs = [c.split(" ")[0].upper() for c in commands]
    answers = []
    try:
        if state == "transfer":
            session.player.send(b"".join(unescape(c) + b"\r\n" for c in commands))
            if waits:
                session.player.done()
            first = session.answer(verbs[0], True)
            aborted = first == ["426"]
            if not waits and not aborted:
                session.player.done()
            answers = [("STOR" if waits or aborted else verbs[0], first)]
            answers += [(v, session.answer(v, True))
                        for v in (verbs if waits or aborted else verbs[1:] + ["STOR"])]
            lines = ["STOR"] + commands if waits or aborted else commands + ["STOR"]
        else:
            lines = commands
            for line, verb in zip(commands, verbs):
                session.player.send(unescape(line) + b"\r\n")
                answers.append((verb, session.answer(verb, True)))
        over = session.is_over()
        session.end()
    finally:
        if session.player.process.poll() is None:
            session.player.process.kill()
            session.player.process.wait()
    faults = list(unlogged(answers, lines, session.events(), state != "stranger"))
    return [a for a in answers if a[1]], over, faults


def show(answers, over):
    return "+".join(c for _, codes in answers for c in codes) + ("." if over else "")


def read_allowed(path):
    allowed = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split("#")[0].split()
            if words:
                allowed.setdefault(words[0], set()).update(words[1:])
    return allowed


def read_table(path):
    """Lines to be printed as they are, and rows (commands, [expected...])."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            cells = re.split(r" {2,}", line)
            if not line.strip() or line.startswith("#"):
                yield line, None
            else:
                yield cells[0], cells[1:]


def main():
    observing = sys.argv[1] == "--observe"
    table, rfc_codes, *command = sys.argv[1 + observing:]
    root = os.environ["ROOT"]
    allowed = read_allowed(rfc_codes)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    complaints = []
    row = "{:<36}" + "{:<14}" * (len(STATES) - 1) + "{}"
    for text, expected in read_table(table):
        if expected is None:
            print(text)
            continue
        if not observing and len(expected) != len(STATES):
            complaints.append(f"{text}: {len(expected)} cells, not {len(STATES)}")
            continue
        commands = ["" if c == "(empty)" else c for c in text.split("; ")]
        cells = []
        for at, state in enumerate(STATES):
            want = expected[at] if at < len(expected) else ""
            # Answered at once, if the first code is not the end of the transfer
            waits = commands[0] not in MEANWHILE if observing else want.startswith("226")
            try:
                answers, over, faults = observe(state, commands, waits, command, root)
                complaints += [f"{text}, {state}: {fault}" for fault in faults]
            except (Failure, OSError) as failure:
                answers, over = [], False
                complaints.append(f"{text}, {state}: {failure}")
            got = show(answers, over)
            if not observing and got != want:
                complaints.append(f"{text}, {state}: {got}, not {want}")
                got += "!"
            cells.append(got)
            for verb, codes in answers:
                for code in codes:
                    if code not in allowed.get(verb, allowed["*"]) | allowed["*"]:
                        complaints.append(f"{text}, {state}: {code} is no reply to {verb}")
        print(row.format(text, *cells).rstrip(), flush=True)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
