"""The system calls of handlers, as strace writes them: for costs and growth."""
import collections
import re

# and the file it writes to
STRACE = ["strace", "-f", "-i", "-s", "0", "-o"]

CALL = re.compile(r"^(\d+) +\[([0-9a-f]+|\?+)\] (\w+)\(")
REST = re.compile(r"^(\d+) +\[[^]]*\] <\.\.\. \w+ resumed>")
WAIT = re.compile(r"\] (poll|ppoll|ppoll_time64|restart_syscall)\(|EAGAIN|TIOCOUTQ|FIONREAD")


def waits(pid):
    """Does the process wait, and not for whoever traces it?"""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def loader_of(pid):
    """Where the dynamic loader's code is, if there is one"""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        for line in file:
            if re.search(r"r-xp .*/ld[-.][^/]*$", line):
                return [int(word, 16) for word in line.split()[0].split("-")]
    return [0, 0]


def without_waits(found):
    """How many they are, but for those that only ask whether something is there, and those of the loader"""
    return found.total() - found["wait"] - found["loader"]


class Calls:
    """What strace writes to the file, from execve of the program on; without one, all of it"""

    def __init__(self, path, program=None):
        self.path, self.program = path, program
        self.begun, self.at = not program, 0
        self.loader = [0, 0]
        self.halves = {}

    def whole(self, line):
        """The line, with what came before if another process was between. None: it is half of one"""
        if " <unfinished ...>" in line:
            self.halves[line.split()[0]] = line
            return None
        rest = REST.match(line)
        return self.halves.pop(rest[1], "") + line if rest else line

    def kind(self, line):
        """What the line is: a call's name, "loader" or "wait"; or None"""
        match = CALL.match(line)
        if f'execve("' in line:
            self.begun = self.begun or f'execve("{self.program}"' in line
            return None
        if not match or not self.begun:
            return None
        if match[2].isalnum() and self.loader[0] <= int(match[2], 16) < self.loader[1]:
            return "loader"
        return "wait" if WAIT.search(line) else match[3]

    def take(self, pids=None):
        """Those since the last time, by name. pids: processes that run now"""
        if pids:
            self.loader = loader_of(pids[0])
        with open(self.path, encoding="ascii") as file:
            file.seek(self.at)
            lines, _, _ = file.read().rpartition("\n")
        self.at += len(lines) + 1
        whole = [line for line in map(self.whole, lines.split("\n")) if line]
        return collections.Counter(kind for kind in map(self.kind, whole) if kind)
