"""One sequence of model.py: the root, the sessions that use it, and the steps, one after the other."""
import collections
import os
import random
import re
import shutil
import tempfile
import time

from model_session import Session
from model_steps import ROWS, TABLE, end, look_size
from model_world import (EVERYTHING, HASH, NAMES, PASSWORD, QUOTA, Config, Failure, File, Inconclusive, Stream,
                         World, brief)

LETTERS = ("a", "b", "c")
TOUCH = 0.3    # seconds: then an open upload gets more bytes, where --stall-timeout=1
OLD_FILES = 8  # that programs have written before the sequence begins
LEFT_BY_A_KILL = 2  # files that a killed handler may leave: the new one, and a second name of the old one
UPLOADED = re.compile(rb"p?[abc]\d+\.\d")

# A step of a sequence: a row of the table, whose step it is, and what its choices begin from
Step = collections.namedtuple("Step", "number row letter name seed")


class Stage:
    def __init__(self, config, counts, lie=None):
        self.config, self.counts = config, counts
        self.world, self.trace, self.tag = World(config), [], ""
        self.lie_kind, self.lies = lie, 0
        self.folder = tempfile.mkdtemp(prefix="stord-model.")
        self.root = self.folder + "/root"
        self.aside = self.folder + "/aside"
        os.mkdir(self.root)
        os.mkdir(self.aside)
        self.log = open(self.folder + "/log", "wb")
        self.away, self.old = [], []
        self.make_old_files()
        self.make_gate()
        self.sessions, self.begun = {}, collections.Counter()
        self.left_by_bursts = 0  # files that killed handlers may have left

    def count(self, what):
        self.counts[what] += 1

    # ------------------------------------------------------------- sessions

    def options(self, *more):
        options = self.config.options() + list(more)
        if self.config.gate:
            options += ["--gate", self.gate]
        if self.config.quota:
            users = self.folder + "/users"
            with open(users, "w", encoding="ascii") as file:
                file.write(f"u:{HASH}:/::quota={QUOTA}\n")
            options += ["--users", users]
        return options

    def start(self, letter):
        self.begun[letter] += 1
        session = Session(f"{letter}{self.begun[letter]}", self.root, self.options(), self.trace, self.log)
        self.sessions[letter] = session
        self.login(session)

    def login(self, session):
        session.login("u" if self.config.quota else "a", PASSWORD)

    def replace(self, session):
        """It has ended: a new one takes its place."""
        session.close()
        self.start(session.label[0])

    def settle(self, upload):
        """A handler was killed while it may have been adding to a file, in place. What there is of that
        is taken back by the next session that shows the file: one that may see, in any case."""
        if upload.verb == "STOR" or self.config.copies:
            return
        session = Session("z", self.root, self.options("--allow", EVERYTHING), self.trace, self.log)
        self.sessions["z"] = session
        self.login(session)
        for name in sorted(name for name in os.listdir(self.root) if not name.startswith(".stord.")):
            session.ask("SIZE " + name)
        session.quit()
        session.close()
        del self.sessions["z"]

    # ------------------------------------------------------------- the gate

    def make_gate(self):
        """It publishes, but where its next answer lies ready."""
        self.gate, self.answer = self.folder + "/gate", self.folder + "/answer"
        with open(self.gate, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n[ -e {self.answer} ] || exit 0\nread -r status <{self.answer}\n"
                       f"rm {self.answer}\nexit \"$status\"\n")
        os.chmod(self.gate, 0o755)

    def let_gate_say(self, status):
        with open(self.answer, "w", encoding="ascii") as file:
            file.write(f"{status}\n")

    def gate_has_said(self):
        """Was it asked? Else the answer is taken away."""
        if not os.path.exists(self.answer):
            return True
        os.remove(self.answer)
        return False

    # ------------------------------------------------------------- the disk

    def believed(self):
        return {name: file.data for name, file in self.world.files.items()}

    def disk(self):
        """What a program finds in the root: name -> bytes"""
        found = {}
        for entry in os.scandir(self.root):
            if entry.name.startswith(".stord."):
                continue
            if not entry.is_file(follow_symlinks=False):
                raise Failure(1, "something else than a file is in the root", "files", entry.name)
            with open(entry.path, "rb") as file:
                found[entry.name] = file.read()
        return found

    def check(self, why):
        self.world.check(self.disk(), why)

    def make_old_files(self):
        for number in range(OLD_FILES):
            data = Stream(f"pa{number}").cut(0, 7 * number + 5)
            self.old.append((self.write_aside(f"old{number}", data), data))

    def write_aside(self, name, data):
        path = f"{self.aside}/{name}"
        with open(path, "wb") as file:
            file.write(data)
        return path

    def rename_in(self, path, name, age):
        """A program gives the file its name, with the time of change that it had where it came from."""
        then = time.time() - age
        os.utime(path, (then, then))
        os.rename(path, f"{self.root}/{name}")

    def put_new(self, name, data, age):
        self.trace.append(f"run: a program writes {brief(data)} aside, {age} seconds old, and renames it to {name}")
        self.rename_in(self.write_aside(f"new{self.tag}", data), name, age)
        self.world.files[name] = File(data, self.world.tick())

    def put_old(self, name, age):
        path, data = self.old.pop()
        self.trace.append(f"run: a program renames {brief(data)}, written long ago, {age} seconds old, to {name}")
        self.rename_in(path, name, age)
        self.world.files[name] = File(data, self.world.tick())

    def put_back(self, name, number, age):
        path, file, place = self.away.pop(number)
        what = f"{brief(file.data)}, which it took away, {age} seconds old,"
        self.trace.append(f"run: a program renames {what} to {name}")
        self.rename_in(path, name, age)
        own = file.own and place == name
        self.world.files[name] = File(file.data, self.world.tick(), own, file.known_as)

    def take(self, name):
        path = f"{self.aside}/taken{self.tag}"
        self.trace.append(f"run: a program takes {name} away")
        os.rename(f"{self.root}/{name}", path)
        self.away.append((path, self.world.files.pop(name), name))
        self.world.tick()

    # ------------------------------------------------------------- lies: what makes the model fail

    def lie(self):
        """Behind an acknowledgement: a server that lies."""
        self.lies += 1
        files = sorted(name for name in self.disk() if name in NAMES)
        if self.lies % 3 or not files:
            return
        path = f"{self.root}/{files[0]}"
        if self.lie_kind == "lost":
            os.unlink(path)
        elif self.lie_kind == "changed":
            with open(path, "ab") as file:
                file.write(b"?")
        elif self.lie_kind == "stray":
            self.put_stray()

    def put_stray(self):
        with open(self.root + "/half", "wb") as file:
            file.write(b"?")

    def lies_about_size(self):
        return int(self.lie_kind == "size")

    # ------------------------------------------------------------- steps

    def choose(self, rng, number):
        """A step that is possible now; those that more sessions and names could do are no likelier."""
        able = [(row, who) for row in TABLE if (who := self.able(row))]
        row, who = rng.choices(able, [row.weight for row, _ in able])[0]
        liked = [pair for pair in who if row.likes and row.likes(self, pair[1])]
        letter, name = rng.choice(liked if liked and rng.random() < 0.8 else who)
        return Step(number, row.name, letter, name, rng.getrandbits(32))

    def able(self, row):
        letters = LETTERS if row.of != "disk" else ("-",)
        names = NAMES if row.of != "session" else ("-",)
        return [(letter, name) for letter in letters for name in names
                if row.when(self, self.sessions.get(letter), name)]

    def run_step(self, step):
        row, session = ROWS[step.row], self.sessions.get(step.letter)
        if not row.when(self, session, step.name):
            return
        self.count("steps")
        self.tag = f"{step.letter if session else 'a'}{step.number}"
        self.trace.append(f"# step {step.number}: {step.row}")
        self.touch_others(None)
        row.action(self, session, step.name, random.Random(step.seed))
        self.check("this step was none that changes it")
        self.world.check_quota()
        self.check_count()

    def touch_others(self, session):
        """Open uploads that are not to stall do not."""
        for other in self.sessions.values():
            upload = other.upload
            if self.config.stalls and other is not session and upload and upload.touched < time.monotonic() - TOUCH:
                other.send(2)

    def begin(self):
        self.trace.append("# options: " + " ".join(self.options()))
        for letter in LETTERS:
            self.start(letter)

    def finish(self):
        """All uploads end, all sessions quit."""
        self.tag = "a9999"
        self.trace.append("# all end")
        for session in self.sessions.values():
            if session.upload:
                end(self, session)
                self.check("this step was none that changes it")
        for name in NAMES:
            look_size(self, self.sessions["a"], name)
        for session in self.sessions.values():
            session.quit()
        self.check("sessions have ended")
        self.check_left()
        self.check_events()

    def check_events(self):
        """Each upload has one; where a handler was killed it may have one that the model does not know of."""
        if not self.config.events:
            return
        new, pending = (os.listdir(f"{self.root}/.stord.events/{folder}") for folder in ("new", "pending"))
        least = self.world.acknowledgements
        if pending or not least <= len(new) <= least + self.kills():
            raise Failure(1, "events are missing, or there are too many", f"{least} of uploads",
                          f"{len(new)}, and {len(pending)} pending")
        self.counts["events"] += len(new)

    # ------------------------------------------------------------- the reserved folder

    def check_left(self):
        killed = 0
        for path in self.left():
            with open(path, "rb") as file:
                data = file.read()
            name = os.path.basename(path)
            if name.startswith(".stord.partial"):
                self.check_left_partial(path, data)
            elif re.fullmatch(r"\.stord\.[0-9a-f]{16}", name):
                killed += bool(data)
            elif UPLOADED.search(data):
                raise Failure(7, "bytes of an upload are left", "none but in an interrupted upload", self.short(path))
        most = self.kills() * LEFT_BY_A_KILL + self.left_by_bursts
        if killed > most:
            raise Failure(7, "files in flight are left", f"{most} at most", f"{killed}")

    def check_left_partial(self, path, data):
        if data not in self.world.kept:
            raise Failure(7, "this is no interrupted upload", "what came, without its last byte",
                          f"{self.short(path)}: {brief(data)}")

    def short(self, path):
        return os.path.relpath(path, self.root)

    def left(self):
        for folder, _, names in os.walk(self.root + "/.stord.unfinished"):
            yield from (os.path.join(folder, name) for name in names)

    def trace_of(self, session):
        return [line for line in self.trace if line.startswith(f"[{session.label}] ")]

    def kills(self):
        return sum(line.endswith(("] killed", "] signal KILL")) for line in self.trace)

    def check_count(self):
        """What a clean count says is at least what there is, in bytes and in names."""
        path = self.root + "/.stord.unfinished/.stord.usage/.stord.count"
        if not self.config.quota or not os.path.exists(path):
            return
        with open(path, "rb") as file:
            fields = file.readline().split()
        if len(fields) != 6 or fields[1] != b"clean":
            return
        sizes = [len(file.data) for file in self.world.files.values()]
        sizes += [os.path.getsize(left) for left in self.left() if "/.stord.partial-" in left]
        if int(fields[2]) < sum(sizes) or int(fields[5]) < len(sizes):
            raise Failure(1, "the count tells less than there is", f"{sum(sizes)} bytes in {len(sizes)} files",
                          f"{int(fields[2])} bytes in {int(fields[5])} files")

    # ------------------------------------------------------------- its end

    def close(self):
        for session in self.sessions.values():
            session.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        self.log.flush()
        with open(self.folder + "/log", encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def has_stalled(self):
        return self.config.stalls and any(s.upload and s.has_reply() for s in self.sessions.values())


class Outcome:
    """Of a sequence: its steps, what was said, and what is wrong with it, if anything."""

    def __init__(self, steps, trace, failure):
        self.steps, self.trace, self.failure = steps, trace, failure


def play(config, counts, choose_step, lie=None):
    """Runs a sequence, for which choose_step(stage) gives each step, or None at its end."""
    stage, steps, failure = Stage(config, counts, lie), [], None
    try:
        stage.begin()
        while step := choose_step(stage):
            steps.append(step)
            stage.run_step(step)
        stage.finish()
    except Inconclusive:
        stage.count("inconclusive")
    except Failure as error:
        failure = None if stage.has_stalled() else error
    except OSError as error:
        failure = Failure(6, f"a connection failed: {error!r}")
    finally:
        stage.close()
    return Outcome(steps, stage.trace, failure)


def make_config(seed, has_append_option):
    return Config(random.Random(f"options {seed}"), has_append_option)


def play_new(seed, config, count, counts, lie=None):
    """A sequence of `count` steps that the seed alone decides."""
    rng, numbers = random.Random(f"steps {seed}"), iter(range(1, count + 1))

    def choose_step(stage):
        number = next(numbers, None)
        return stage.choose(rng, number) if number else None

    return play(config, counts, choose_step, lie)


def play_again(steps, config, lie=None):
    """The same steps; those that are not possible are left out."""
    left = iter(steps)
    return play(config, collections.Counter(), lambda _stage: next(left, None), lie)
