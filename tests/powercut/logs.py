"""What logs hold to which the guest appends records: each acknowledged record once and whole, in order;
one that was only tried once and whole, or not at all; and nothing else.

A record is a line: its number (ROUND.UPLOADER.COUNT), its length in bytes, and filler. It is known by
its checksum, and no two are alike.
"""

import hashlib
import re

HEAD = re.compile(rb"\d+\.\d+\.\d+ (\d+) ")
NOTHING = hashlib.md5().hexdigest()


class Record:
    """asked, answered: when it was tried, and acknowledged, as counts of the lines that said so"""

    def __init__(self, asked, way):
        self.asked, self.way = asked, way
        self.answered = None
        self.refused = False


class Log:
    """Of what was checked before, its length and its checksum; of what came since, the records."""

    def __init__(self, name):
        self.name = name
        self.length, self.sum = 0, NOTHING
        self.records = {}  # by checksum
        self.lines = 0

    def tried(self, checksum, way):
        self.lines += 1
        self.records[checksum] = Record(self.lines, way)

    def acknowledged(self, checksum):
        self.lines += 1
        self.records[checksum].answered = self.lines

    def refused(self, checksum):
        self.records[checksum].refused = True

    def check(self, content, told):
        """content: of the file, None where there is none; told: its length as the server said it.
        Returns what is wrong; from then on that is taken for granted."""
        wrong = self.check_content(content or b"")
        if content is not None and told != str(len(content)):
            wrong.append(f"SHOWN: {self.name} has {len(content)} bytes, the server says {told}")
        self.length, self.sum = len(content or b""), checksum_of(content or b"")
        self.records.clear()
        return wrong

    def check_content(self, content):
        wrong, seen, latest = [], set(), 0
        if checksum_of(content[: self.length]) != self.sum:
            wrong.append(f"LOST: {self.name} has {len(content)} bytes, and not the {self.length} that were "
                         "there before")
        for start, end, checksum in self.pieces(content):
            record = self.records.get(checksum)
            what = f"{self.name} at {start}: {show(content[start:end])}"
            if not record:
                wrong.append(f"TORN: {what}, which nobody appended")
                continue
            if checksum in seen:
                wrong.append(f"TWICE: {what}")
            elif record.refused:
                wrong.append(f"UNKNOWN: {what}, which was refused")
            elif record.answered and record.answered < latest:
                wrong.append(f"ORDER: {what} stands behind a later one")
            seen.add(checksum)
            latest = max(latest, record.asked)
        for checksum, record in self.records.items():
            if record.answered and checksum not in seen:
                wrong.append(f"LOST: {self.name}: a record is missing that was acknowledged ({record.way})")
        return wrong

    def pieces(self, content):
        """What came since, in pieces: (start, end, checksum). Records, and what lies between them."""
        at = start = self.length
        while at < len(content):
            head = HEAD.match(content, at)
            end = at + int(head[1]) if head else at
            checksum = checksum_of(content[at:end])
            if checksum in self.records:
                if start < at:
                    yield start, at, None
                yield at, end, checksum
                at = start = end
                continue
            head = HEAD.search(content, at + 1)
            at = head.start() if head else len(content)
        if start < len(content):
            yield start, len(content), None


def checksum_of(data):
    return hashlib.md5(data).hexdigest()


def show(piece):
    zeros = f", {piece.count(0)} of them zeros" if piece.count(0) else ""
    return f"{len(piece)} bytes{zeros} ({piece[:24]!r})"
