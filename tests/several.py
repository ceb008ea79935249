#!/usr/bin/env python3
"""Plays a dialogue between several clients and a handler each, at once.

usage: several.py FILE HANDLER [OPTION...]

The steps are those of dialogue.py, and
  [NAME] STEP     STEP in the session NAME, which begins with its first step; one without a name is
                  in the same session as the one before it
  signal NAME     the handler gets SIGNAME
  killed          the handler is killed by SIGKILL, and that is no failure
  stored N        wait until the handler has written N bytes of the file that it receives
  until CODE      the next replies are anything, up to one with CODE
  flood LINE      send LINE and CR LF over and over, and read nothing, until the handler takes no
                  more
  unread          wait until the handler cannot write any more to the data connection
  leave           close the control connection, without a word
  ended           the handler ends by itself, with status 0, though its connection may be open; soon
                  after a signal, if there was one
  take WORD REGEX the group in REGEX, as found in the last reply: {WORD} in later steps, of any
                  session
  run COMMAND     bash runs COMMAND, which must succeed
"""
import array
import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time

from dialogue import Failure, Player, make_given, read_dialogue, unescape

DEADLINE = 20
SOON = 5  # seconds that a handler may take to end after a signal
FULL = 0.5  # seconds without a byte that can be sent: then nobody reads at the other end


def wait_until(condition, what, seconds=DEADLINE, pause=0.01):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"waited in vain: {what}")
        time.sleep(pause)


class Session(Player):
    def __init__(self, command, root):
        super().__init__("tcp", "lines", command)
        self.root, self.status = os.path.realpath(root), None
        self.last, self.told = "", None

    def reply(self):
        lines = super().reply()
        self.last = "\n".join(lines)
        return lines

    def received(self):
        """How far the handler has come in the file that it writes; -1 where there is none."""
        folder = f"/proc/{self.process.pid}/fd"
        sizes = [-1]
        for name in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{name}").startswith(self.root + "/"):
                    sizes.append(self.written(name))
            except FileNotFoundError:
                pass  # it was closed meanwhile
        return max(sizes)

    def written(self, fd):
        with open(f"/proc/{self.process.pid}/fdinfo/{fd}", encoding="ascii") as file:
            facts = dict(line.split(":", 1) for line in file)
        is_written = int(facts["flags"], 8) & (os.O_WRONLY | os.O_RDWR)
        return int(facts["pos"]) if is_written else -1

    def has_ended(self):
        self.status = self.process.poll()
        return self.status is not None

    def killed(self):
        self.process.kill()
        self.process.wait()
        self.control.close()

    def end(self):
        if self.process.returncode != -signal.SIGKILL:
            super().end()

    def ended(self):
        left = self.told + SOON - time.monotonic() if self.told else DEADLINE
        wait_until(self.has_ended, "the handler goes on", left)
        if self.status != 0:
            raise Failure(f"its exit status is {self.status}")

    def until(self, code):
        while self.reply()[-1][:3] != code:
            pass

    def flood(self, line):
        self.control.setblocking(False)
        while select.select([], [self.control], [], FULL)[1]:
            try:
                self.control.send((line + b"\r\n") * 1000)
            except BlockingIOError:
                pass
        self.control.setblocking(True)

    def waiting_bytes(self):
        count = array.array("i", [0])
        fcntl.ioctl(self.data, termios.FIONREAD, count)
        return count[0]

    def unread(self):
        before = -1

        def stands():
            nonlocal before
            now, before = before, self.waiting_bytes()
            return now == before > 0 and self.sleeps()

        wait_until(stands, "the handler can still send", pause=0.05)

    def sleeps(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "S"

    def step(self, line, root):
        verb, _, rest = line.partition(" ")
        if verb == "signal":
            self.told = time.monotonic()
            self.process.send_signal(getattr(signal, "SIG" + rest))
        elif verb == "stored":
            wait_until(lambda: self.received() >= int(rest), f"{rest} bytes of an upload")
        elif verb == "until":
            self.until(rest)
        elif verb == "flood":
            self.flood(unescape(rest))
        elif verb == "leave":
            self.control.close()
        elif verb in ("unread", "ended", "killed"):
            getattr(self, verb)()
        else:
            super().step(line, root)


class Stage:
    def __init__(self, command, root):
        self.command, self.root = command, root
        self.sessions, self.now, self.words = {}, "a", {}

    def take(self, word, regex):
        reply = self.sessions[self.now].last
        match = re.search(regex, reply)
        if not match:
            raise Failure(f"not in the reply: {reply}")
        self.words["{" + word + "}"] = match[1]

    def step(self, line):
        for word, value in self.words.items():
            line = line.replace(word, value)
        named = re.match(r"\[(\w+)\] (.*)", line)
        if named:
            self.now, line = named[1], named[2]
        verb, _, rest = line.partition(" ")
        if verb == "take":
            self.take(*rest.split(" ", 1))
        elif verb == "run":
            subprocess.run(["bash", "-c", rest], check=True, stdout=sys.stderr)
        else:
            if self.now not in self.sessions:
                self.sessions[self.now] = Session(self.command, self.root)
            self.sessions[self.now].step(line, self.root)

    def end(self):
        for session in self.sessions.values():
            session.end()

    def kill(self):
        for session in self.sessions.values():
            if session.process.poll() is None:
                session.process.kill()
                session.process.wait()


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    path, command, root = sys.argv[1], sys.argv[2:], os.environ["ROOT"]
    _, given, steps = read_dialogue(path)
    for step in given:
        make_given(root, step)
    stage = Stage(command, root)
    where = None
    try:
        for where in steps:
            stage.step(where[1])
        where = None
        stage.end()
    except (Failure, OSError, subprocess.CalledProcessError) as failure:
        at = f"line {where[0]}: {where[1]}: " if where else ""
        print(f"{path}, {at}{failure}", file=sys.stderr)
        stage.kill()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
