#!/usr/bin/env python3
"""Asks handlers with one set-up after the other for what they refuse, and looks whether their logs say so.

usage: refusals.py TABLE HANDLER [OPTION...]

Each row of TABLE is a session: commands; the codes of their replies; and options. What must be in the log is told by
codes.py, in unlogged. FOLDER in a row is $FOLDER.
"""
import os
import re
import signal
import sys

from codes import Failure, Session, fill_root, refusals, show, unlogged
from dialogue import unescape


def play(line, command):
    commands, want, options = re.split(r" {2,}", line.replace("FOLDER", os.environ["FOLDER"]))
    is_stranger = "--users" in options or "--anonymous" in options or "--tls" in options or "--local" in options
    session = Session("stranger" if is_stranger else "login", command + options.split())
    commands, answers = commands.split("; "), []
    for one in commands:
        session.player.send(unescape(one) + b"\r\n")
        # Without a data connection the end of input is the file's; who never connects waits
        answers.append((one.split(" ")[0], session.answer(one.split(" ")[0], commands[0] != "EPSV")))
    got = show(answers, session.is_over())
    session.end()
    if got != want:
        yield f"{got}, not {want}"
    if not refusals(answers):
        yield "nothing was refused"
    yield from unlogged(answers, commands, session.events(), not is_stranger)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    bad = 0
    with open(sys.argv[1], encoding="utf-8") as table:
        for line in table:
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            fill_root(os.environ["ROOT"])
            try:
                faults = list(play(line, sys.argv[2:]))
            except (Failure, OSError) as failure:
                faults = [str(failure)]
            print(line)
            for fault in faults:
                print(f"{line}: {fault}", file=sys.stderr)
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
