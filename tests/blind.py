#!/usr/bin/env python3
"""Looks for differences between two roots, through the eyes of a client that may not see: one root
has files of other people and what they left unfinished, the other has only the same folders.

usage: blind.py [--seen] HANDLER [OPTION...]

Every verb is sent with every way to name such a file, and in all the sequences that clients build
of them; each reply and each listing must be the same in both roots, byte for byte, but for times,
inodes and what is chosen at random. Names of differences go to standard output, their number is the
exit status. --seen: the control: there must be differences in at least a third of the sequences, as
for clients who may see.
"""
import itertools
import os
import re
import shutil
import socket
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from dialogue import Failure, Player

FOREIGN = ("foreign", "dir/foreign", "/dir/sub/foreign")
NAMES = FOREIGN + ("./foreign", "foreign/", "foreign/x", "dir/../foreign", "dir/foreign/x/y", "f*", "dir/f*",
                   "-la foreign")
SPECIAL = ("link", "link/x", "pipe")  # nobody's uploads, but not to be seen either
CONTENT = b"what somebody else has sent, 41 bytes long"


def make_root(with_foreign):
    root = tempfile.mkdtemp(prefix="stord-blind.")
    os.makedirs(root + "/dir/sub")
    os.makedirs(root + "/.stord.unfinished", mode=0o700)
    if with_foreign:
        for name in FOREIGN:
            with open(os.path.join(root, name.lstrip("/")), "wb") as file:
                file.write(CONTENT)
        for owner in ("u.other", "a.192%2e0%2e2%2e1"):
            folder = f"{root}/.stord.unfinished/{owner}/foreign"
            os.makedirs(folder)
            with open(folder + "/.stord.partial-ffffffffffffffff-0000000000000001", "wb") as file:
                file.write(b"part")
        os.symlink("/etc", root + "/link")
        os.mkfifo(root + "/pipe")
    return root


class Session(Player):
    def __init__(self, command, root, has_foreign):
        super().__init__("tcp", "lines", command + ["--root", root])
        self.root, self.has_foreign = root, has_foreign
        self.said = []

    def note(self, text):
        text = re.sub(r"^213 \d{14}$", "213 TIME", text)
        text = re.sub(r"modify=\d+|unique=\w+|Modify=\d+", "FACT", text, flags=re.I)
        text = re.sub(r"\b[A-Z][a-z]{2} [ \d]\d +[\d:]{4,5}\b", "TIME", text)
        text = re.sub(r"-[0-9a-f]{8}\b", "-RANDOM", text)
        text = re.sub(r"\(\|\|\|\d+\|\)", "PORT", text)
        self.said.append(text)

    def answer(self):
        lines = self.reply()
        self.note("\n".join(lines))
        return lines[-1][:3]

    def command(self, line):
        self.said.append("> " + line)
        self.send(line.encode() + b"\r\n")
        return self.answer()

    def passive_port(self):
        self.send(b"EPSV\r\n")
        text = self.reply()[-1]
        return int(re.search(r"\|(\d+)\|", text).group(1))

    def plant(self, name):
        """Somebody else puts a file there: in the root that has such files."""
        path = os.path.join(self.root, name)
        if self.has_foreign and os.path.isdir(os.path.dirname(path)) and not os.path.isdir(path):
            with open(path, "wb") as file:
                file.write(CONTENT)

    def transfer(self, line, data=None, reset=False):
        """An upload of data, or what a listing holds."""
        connection = socket.create_connection(("127.0.0.1", self.passive_port()), 20)
        with connection:
            if self.command(line) == "150":
                if data is None:
                    while piece := connection.recv(65536):
                        self.note(piece.decode("utf-8", "backslashreplace"))
                else:
                    connection.sendall(data)
                    if reset:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
                self.answer()

    def play(self, steps):
        self.answer()
        self.command("USER anonymous")
        self.command("PASS x")
        self.command("TYPE I")
        for step in steps:
            verb = step.split(" ")[0]
            try:
                if verb in ("LIST", "NLST", "MLSD", "RETR"):
                    self.transfer(step)
                elif verb == "plant":
                    self.plant(step.split(" ")[1])
                elif verb == "reset":
                    self.transfer(step[len("reset "):], b"own d", reset=True)
                elif verb in ("STOR", "APPE", "STOU"):
                    self.transfer(step, b"own data")
                else:
                    self.command(step)
            except Failure as failure:
                self.said.append(str(failure))
        self.end()
        return self.said


LOOK = ["SIZE {}", "MDTM {}", "MLST {}", "MLSD {}", "LIST {}", "LIST -la {}", "LIST -a", "NLST {}", "STAT {}",
        "RETR {}", "DELE {}", "RMD {}", "RNFR {}", "MFMT 20200101000000 {}", "MDTM 20200101000000 {}", "SITE CHMOD 600 {}",
        "HASH {}", "XSHA256 {}", "SITE UTIME 20200101000000 {}", "SITE UTIME {} 20200101000000 20200101000000 20200101000000 UTC", "CWD {}"]
SEE = ["SIZE {}", "HASH {}", "MDTM {}", "MLST {}", "LIST {}", "LIST -la {}", "NLST {}", "STAT {}", "MLSD", "STAT ."]


def fill(steps, name):
    return [step.replace("{}", name) for step in steps]


def sequences(policy):
    for name in NAMES + SPECIAL:
        for step in LOOK:
            yield fill([step], name)
    for name in NAMES:
        for start in ("1", "41", "42", "1000"):
            yield fill(["REST " + start, "STOR {}"] + SEE, name)
        for size in ("1", "8", "41", "49", "1000"):
            yield fill(["ALLO " + size, "APPE {}"], name)
        yield fill(["APPE {}"] + SEE, name)
        yield fill(["reset APPE {}", "STOR other", "APPE {}"], name)
        yield fill(["STOU {}"] + SEE, name)
        yield ["STOU", "STOU"]
    # what others put into a folder of its own
    yield ["MKD made", "plant made/theirs"] + fill(SEE, "made") + ["MLSD made", "STAT made/theirs", "RNFR made"]
    yield ["MKD made", "plant made/theirs", "STAT /", "LIST", "LIST -la", "LIST -la made", "MLSD", "MLST made",
           "SIZE made/theirs", "DELE made/theirs"]
    # its own file, in whose place comes somebody else's
    yield ["STOR x", "DELE x", "plant x"] + fill(SEE, "x") + ["DELE x"]
    yield ["MKD x", "RMD x", "plant x"] + fill(SEE, "x") + ["CWD x"]
    if policy == "refuse":
        return
    for name in FOREIGN:
        # an interrupted upload: announced longer than it is
        yield fill(["ALLO 100", "STOR {}"] + SEE + ["REST 3", "STOR {}", "APPE {}"] + SEE, name)
        yield fill(["ALLO 100", "STOR {}", "DELE {}"] + SEE + ["STOR {}"] + SEE, name)
        yield fill(["STOR {}"] + SEE + ["STOR {}"] + SEE, name)
        yield fill(["reset APPE {}", "STOR {}"] + SEE, name)
        yield fill(["reset STOR {}", "STOR {}"] + SEE, name)
        yield fill(["STOR {}", "STOU {}"] + SEE, name)
        yield fill(["STOR {}", "DELE {}"] + SEE + ["STOR {}"] + SEE, name)
        yield fill(["STOR {}", "MFMT 20200101000000 {}", "SITE CHMOD 600 {}", "RNFR {}", "RNTO new"] + SEE, name)
        yield fill(["STOR tmp", "DELE {}", "RNFR tmp", "RNTO {}"] + SEE + ["DELE {}"] + SEE, name)
        yield fill(["STOR {}", "REST 4", "STOR {}"] + SEE, name)
        yield fill(["STOR {}", "ALLO 100", "STOR {}"] + SEE, name)


def play_both(command, steps):
    """What is said where there are other people's files, and where there are none."""
    said = []
    for with_foreign in (True, False):
        root = make_root(with_foreign)
        try:
            said.append(Session(command, root, with_foreign).play(steps))
        finally:
            shutil.rmtree(root)
    return said


def tell(steps, said):
    print("different:", "; ".join(steps))
    for with_it, without in itertools.zip_longest(*said, fillvalue="nothing"):
        if with_it != without:
            print("    with:   ", with_it, "\n    without:", without)


def main():
    arguments = sys.argv[1:]
    control = arguments[0] == "--seen"
    command = arguments[control:]
    policy = command[command.index("--on-conflict") + 1] if "--on-conflict" in command else "replace"
    if "--allow" in command and "replace" not in command[command.index("--allow") + 1] and policy == "replace":
        policy = "refuse"
    tried = different = 0
    with ThreadPoolExecutor(4) as pool:  # what they do most is to wait for a disk
        for steps, said in pool.map(lambda steps: (steps, play_both(command, steps)), sequences(policy)):
            tried += 1
            if said[0] != said[1]:
                different += 1
                if not control:
                    tell(steps, said)
    if control:
        print(tried, "sequences,", different, "different")
        return 0 if different * 3 > tried else 1
    print(tried, "sequences,", different, "different")
    return min(different, 100)


if __name__ == "__main__":
    sys.exit(main())
