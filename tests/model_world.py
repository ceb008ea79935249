"""What model.py believes: the files under their names, the interrupted uploads, and what clients may be told.

Nothing here speaks to a server. Whoever does tells what was done and what came of it, and asks what
may have come of it. Wherever the server is free, the model holds all that is possible:

  files     what has a name in the root. Known for sure, for the disk is read after every step
  partials  interrupted uploads of each name. Each may be there or gone; of several, the last one
            that was kept for sure has taken the place of those before it
"""
import os
import re

NAMES = ("x", "y")
EVERYTHING = "upload,append,replace,list,mkdir,read,rename,delete"
BLIND = ("upload,append,replace", "upload,append", "upload,replace", "upload")
QUOTA = 300
PASSWORD = "secret"
HASH = "$6$rounds=1000$stord$gbfPjub9DRGFTf17Qvy8P/LycGQSlqrw6jNoefI61obBXGNxgKSD7KBo5Wq4/l/daYK2yQMh/qu01AZLEkpSX/"

RULES = {
    1: "what was acknowledged last is there, whole, and nothing else",
    2: "a client is shown what is on the disk, or an interrupted upload that is newer than that",
    3: "APPE goes on with an interrupted upload only where the client was shown that very one",
    4: "nobody goes on with another upload than the one that was shown",
    5: "after a broken upload a shorter file is refused once at most",
    6: "every session ends by itself, and no reply is missing",
    7: "what is left in the reserved folder are interrupted uploads, and left-overs of killed handlers",
}


class Failure(Exception):
    """A rule is broken."""

    def __init__(self, rule, what, expected="", found=""):
        super().__init__(what)
        self.rule, self.what, self.expected, self.found = rule, what, expected, found


class Inconclusive(Exception):
    """This machine was too slow for what the sequence wants to find out."""


class Stream:
    """Bytes without an end that tell whose they are and where in it: a17.0-a17.1-a17.2-... Whatever
    a client means to send is the beginning of one."""

    def __init__(self, tag, end="-"):
        self.tag, self.end, self.bytes, self.count = tag, end, b"", 0

    def cut(self, begin, end):
        pieces, length = [self.bytes], len(self.bytes)
        while length < end:
            pieces.append(f"{self.tag}.{self.count}{self.end}".encode())
            length += len(pieces[-1])
            self.count += 1
        self.bytes = b"".join(pieces)
        return self.bytes[begin:end]


def brief(data):
    """As a dialogue has it."""
    shown = data if len(data) <= 120 else data[:60] + b" ... " + data[-55:]
    text = shown.decode("ascii", "backslashreplace").replace("\n", "\\n")
    return f'"{text}" ({len(data)} bytes)'


class Config:
    """What the sessions of one sequence are started with."""

    def __init__(self, rng, has_append_option):
        self.allow = EVERYTHING if rng.random() < 0.65 else rng.choice(BLIND)
        self.conflict = rng.choice(("replace", "replace", "replace", "refuse", "rename"))
        self.keeps = rng.random() > 0.12
        self.quota = rng.random() < 0.15
        self.stalls = rng.random() < 0.08
        self.no_sync = rng.random() < 0.5
        self.copies = has_append_option and rng.random() < 0.3
        self.events = rng.random() < 0.3
        self.gate = rng.random() < 0.3 and os.geteuid() == 0  # its program must not be ours to change

    def options(self):
        given = ["--allow", self.allow, "--on-conflict", self.conflict]
        for word, is_given in (("--resume-hours=0", not self.keeps), ("--stall-timeout=1", self.stalls),
                               ("--no-sync", self.no_sync), ("--append=copy", self.copies),
                               ("--events=uploaded", self.events)):
            given += [word] * is_given
        return given

    @property
    def sees(self):
        return "list" in self.allow

    @property
    def appends(self):
        return "append" in self.allow

    @property
    def policy(self):
        """What becomes of a name that is taken."""
        may = self.conflict != "replace" or "replace" in self.allow
        return self.conflict if may else "refuse"


class File:
    """What has a name on the disk.

    own       a client uploaded it,
    known_as  and finds it by these names
    id        stays the same when the file is renamed, and becomes another one with its bytes
    """

    def __init__(self, data, published, own=False, known_as=(), identity=None):
        self.data, self.published, self.own, self.known_as = data, published, own, set(known_as)
        self.id = identity or object()


class Partial:
    """What may be kept of an interrupted upload. Its client goes on with the stream behind `stop`.

    began  when the upload began
    base   the id of the file that had the name then
    """

    def __init__(self, data, stream, stop, began=0, base=None):
        self.data, self.stream, self.stop, self.began, self.base = data, stream, stop, began, base


class View:
    """What a client may see under a name."""

    def __init__(self, kind, data=b"", partial=None):
        self.kind, self.data, self.partial = kind, data, partial

    def __str__(self):
        if self.kind == "nothing":
            return "nothing"
        return ("the file " if self.kind == "file" else "an interrupted upload of which is kept ") + brief(self.data)


NOTHING = View("nothing")


def describe(views):
    return " | ".join(map(str, views))


class Upload:
    """One that was begun, and what its client believed then.

    shown  what the client was shown last under that name: views, of which one is right
    plan   the view that it wants to go on from, or None
    seen   the time when it saw that
    total  how many bytes it announced, or None
    """

    def __init__(self, verb, name, stream, at=0, plan=None, rest=0, total=None):
        self.verb, self.name, self.stream, self.at = verb, name, stream, at
        self.plan, self.rest, self.total = plan, rest, total
        self.sent, self.began, self.shown, self.data, self.touched = 0, 0, [], None, 0
        self.seen = self.base = None

    def payload(self):
        return self.stream.cut(self.at, self.at + self.sent)

    def goes_on(self):
        """The interrupted upload that it is to end, or None."""
        return self.plan.partial if self.plan else None

    def shown_partials(self):
        return [view.partial for view in self.shown if view.partial]

    def is_fresh(self):
        """A STOR from the first byte on."""
        return self.verb == "STOR" and self.rest == 0 and not self.goes_on()

    def all_came(self):
        """As many bytes as were announced: an end need not come then."""
        return self.total is not None and self.sent == self.total


class Result:
    """What a step may have made of the disk. name: None for a new one beside `wish`."""

    def __init__(self, rule, name, data, wish, own=True, known_as=()):
        self.rule, self.name, self.data, self.wish = rule, name, data, wish
        self.own, self.known_as = own, known_as

    def __str__(self):
        return f"{self.name or self.wish + '-...'} = {brief(self.data)}"


def is_other_name(name, wish):
    return re.fullmatch(re.escape(wish) + "(-[0-9a-f]{8})+", name) is not None


class World:
    def __init__(self, config):
        self.config, self.clock = config, 0
        self.files, self.partials = {}, {name: [] for name in NAMES}
        self.came = {}  # when a session last published under a name, be that there still or not
        self.acknowledgements = 0
        self.kept = {b""}  # all that any interrupted upload may ever have left

    def tick(self):
        self.clock += 1
        return self.clock

    # ------------------------------------------------------------- what clients see

    def is_newest(self, name, partial):
        """Did it begin after a session last published under the name, and after what has the name now was
        published? Or did that have the name then, too, and was only moved away and back by a program?"""
        file = self.files.get(name)
        if partial.began < self.came.get(name, 0):
            return False
        return not file or partial.began > file.published or partial.base is file.id

    def may_show(self, name, partial):
        return not self.config.sees or self.is_newest(name, partial)

    def own(self, name):
        """What clients have sent under that name, wherever it is: name on the disk -> file"""
        return {n: f for n, f in self.files.items() if f.own and name in f.known_as}

    def views(self, name):
        partials = self.partials.get(name, [])
        shown = [View("partial", p.data, p) for p in partials if self.may_show(name, p)]
        if not self.config.sees:
            return [NOTHING] + [View("file", f.data) for f in self.own(name).values()] + shown
        file = self.files.get(name)
        return [View("file", file.data) if file else NOTHING] + shown

    # ------------------------------------------------------------- what uploads come to

    def placed(self, rule, upload, data):
        """Where a whole new file may be put."""
        name, results = upload.name, []
        if name not in self.files or self.config.policy == "replace":
            results.append(Result(rule, name, data, name, known_as=(name,)))
        if self.config.policy == "rename":
            results.append(Result(rule, None, data, name, known_as=(name,)))
        return results

    def extended(self, upload):
        """What a plain APPE adds to."""
        name, payload = upload.name, upload.payload()
        targets = dict(self.own(name)) if not self.config.sees else {}
        if name in self.files:
            targets[name] = self.files[name]
        results = [Result(3, n, f.data + payload, name, f.own, f.known_as) for n, f in targets.items()]
        if name not in self.files:
            results.append(Result(3, name, payload, name, known_as=(name,)))
        if self.config.policy == "rename":
            results.append(Result(3, None, payload, name, known_as=(name,)))
        return results

    def results(self, upload):
        """What the disk may hold when the upload is acknowledged now."""
        payload = upload.payload()
        if upload.goes_on():
            return self.placed(4, upload, upload.goes_on().data + payload)
        if upload.verb == "STOR":
            return self.placed(4 if upload.rest else 1, upload, (upload.plan.data if upload.rest else b"") + payload)
        results = self.extended(upload) if self.config.appends else []
        for partial in upload.shown_partials():
            results += self.placed(3, upload, partial.data + payload)
        return results

    def match(self, results, disk):
        """The result that the disk shows, and the name that it has there; or None."""
        new = [name for name in disk if name not in self.files]
        for result in results:
            names = [result.name] if result.name else [n for n in new if is_other_name(n, result.wish)]
            for name in names:
                if disk == {n: f.data for n, f in self.files.items()} | {name: result.data}:
                    return result, name
        return None

    def acknowledge(self, upload, disk, evicts=True):
        """The upload was acknowledged, and this is what the disk holds."""
        results = self.results(upload)
        match = self.match(results, disk)
        if not match:
            rule = results[0].rule if results else 3
            raise Failure(rule, f"{upload.verb} {upload.name} was acknowledged",
                          " | ".join(map(str, results)) or "a refusal", self.changes(disk))
        self.acknowledgements += 1
        result, name = match
        self.publish(name, result)
        self.note_came(upload.name, name)
        added = upload.verb == "APPE" and not upload.goes_on()
        if evicts and not added:
            self.partials[upload.name] = []
        return name

    def note_came(self, asked, name):
        """Who may not see takes what came under another name for the one that it asked for."""
        for came in {name} if self.config.sees else {asked, name}:
            self.came[came] = self.tick()

    def publish(self, name, result):
        old, now = self.files.get(name), self.tick()
        if result.rule == 3 and old and old.data == result.data:
            return  # nothing was added
        self.files[name] = File(result.data, now, result.own, result.known_as)

    # ------------------------------------------------------------- what is kept

    def begin(self, upload, shown):
        """The server has answered 150. What it goes on with is in flight from now on; but a STOR that goes
        on with an empty one says no REST, and leaves it where it is."""
        upload.began, upload.shown = self.tick(), shown
        file = self.files.get(upload.name)
        upload.base = file and file.id
        if upload.goes_on() and (upload.verb != "STOR" or upload.rest):
            self.partials[upload.name] = [
                p for p in self.partials[upload.name] if p is not upload.goes_on()]

    def left(self, upload):
        """All that may be kept of an upload that ends now without being acknowledged."""
        if upload.goes_on():
            bases = [upload.goes_on()]
        elif upload.verb == "STOR":
            bases = [] if upload.rest else [Partial(b"", upload.stream, upload.at)]
        else:
            bases = list(upload.shown_partials())
            bases += [Partial(b"", upload.stream, upload.at)] * (not upload.base)
        return [self.left_of(upload, base) for base in bases]

    @staticmethod
    def left_of(upload, base):
        if upload.sent == 0:
            return Partial(base.data, base.stream, base.stop, upload.began, upload.base)
        stop = upload.at + upload.sent - 1
        return Partial(base.data + upload.payload()[:-1], upload.stream, stop, upload.began, upload.base)

    def interrupt(self, upload, surely):
        """surely: nothing but the rules keeps the server from keeping it."""
        if not self.config.keeps:
            return
        left = self.left(upload)
        keepable = upload.is_fresh() or upload.goes_on()
        surely = surely and upload.sent > 1 and not self.config.quota and keepable
        if surely and self.is_newest(upload.name, left[0]):
            self.partials[upload.name] = []
        hides = [Partial(b"", upload.stream, 0, upload.began, upload.base)] if keepable else []
        self.add_partials(upload.name, left + hides)
        if not surely:
            self.give_back(upload)

    def contest(self, upload):
        """It has ended, and what came may be somebody else's: nothing of it is kept."""
        if not self.config.keeps:
            return
        self.add_partials(upload.name, [Partial(b"", upload.stream, 0, upload.began, upload.base)])
        self.give_back(upload)

    def turn_away(self, upload):
        """The gate has refused it: nothing of it is kept, nor what it went on with, unless that is empty and
        was left where it was."""
        base = upload.goes_on()
        if base and base.data and not (upload.verb == "STOR" and not upload.rest):
            self.partials[upload.name] = [p for p in self.partials[upload.name] if p is not base]

    def give_back(self, upload):
        """What the upload went on with may be there again, as it was, or without its last byte once more."""
        base = upload.goes_on()
        if base:
            self.add_partials(upload.name, [
                Partial(base.data, base.stream, base.stop, upload.began, upload.base),
                Partial(base.data[:-1], base.stream, max(0, base.stop - 1), upload.began, upload.base)])

    def add_partials(self, name, partials):
        self.partials[name] += partials
        self.kept.update(partial.data for partial in partials)

    # ------------------------------------------------------------- renaming and deleting

    def sources(self, name):
        """What RNTO may move and DELE delete: name on the disk -> file"""
        if not self.config.sees:
            return self.own(name)
        return {name: self.files[name]} if name in self.files else {}

    def acknowledge_rename(self, old, new, disk):
        before, expected = {n: f.data for n, f in self.files.items()}, []
        for source, file in self.sources(old).items():
            rest = {n: d for n, d in before.items() if n != source}
            places = [new] if new not in self.files or self.config.policy == "replace" else []
            if self.config.policy == "rename":
                places += [n for n in disk if n not in before and is_other_name(n, new)]
            for place in places:
                expected.append(f"{place} = {brief(file.data)}, without {source}")
                if disk == rest | {place: file.data}:
                    del self.files[source]
                    self.files[place] = File(file.data, self.tick(), file.own, (new,), file.id)
                    self.note_came(new, place)
                    return
        raise Failure(1, f"RNTO {new} was acknowledged", " | ".join(expected) or "a refusal", self.changes(disk))

    def acknowledge_delete(self, name, disk, seen):
        """seen: the views of which the client was shown one just now, or None."""
        before = {n: f.data for n, f in self.files.items()}
        kinds = {view.kind for view in seen or self.views(name) + [View("file")]}
        if "file" in kinds:
            for source in self.sources(name):
                if disk == {n: d for n, d in before.items() if n != source}:
                    del self.files[source]
                    return
        if "partial" in kinds and disk == before:
            self.partials[name] = []
            return
        raise Failure(1, f"DELE {name} was acknowledged, and is to delete what the client sees",
                      f"without {' or '.join(sorted(kinds - {'nothing'}))}, which the client sees", self.changes(disk))

    # ------------------------------------------------------------- the disk

    def changes(self, disk):
        before = {n: f.data for n, f in self.files.items()}
        if disk == before:
            return "nothing has changed on the disk: " + self.listed(before)
        return f"{self.listed(disk)}; before: {self.listed(before)}"

    @staticmethod
    def listed(disk):
        return ", ".join(f"{n} = {brief(d)}" for n, d in sorted(disk.items())) or "an empty root"

    def check(self, disk, why):
        if disk != {n: f.data for n, f in self.files.items()}:
            raise Failure(1, f"the disk has changed, though {why}",
                          self.listed({n: f.data for n, f in self.files.items()}), self.listed(disk))

    def check_quota(self):
        used = sum(len(file.data) for file in self.files.values())
        if self.config.quota and used > QUOTA:
            raise Failure(1, "the quota is exceeded", f"{QUOTA} bytes at most", f"{used} bytes")
