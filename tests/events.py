#!/usr/bin/env python3
"""Tells what an upload did to the file system, from a trace, as words on one line.

usage: events.py TRACE FOLDER NAME

TRACE is the output of `strace -f -y` (see `traced` in filesystems.bash), NAME the file that was
uploaded into FOLDER. Calls that failed are left out. The words, in the order of the calls:
  unnamed           a file without a name was opened (O_TMPFILE)
  reserved          a file with a reserved name was made
  resumed           a file with a reserved name was opened for writing
  extended          the target was opened for adding to it
  remembered        how long it was before is remembered
  sync-remembered   and that was synced
  OPENED            the target was opened for writing, which must never be
  mode=N group=N    the file got that mode, that group
  copy              bytes of an older file were copied into it
  write             bytes were written to it (once for any number of calls)
  cut               it was cut to a length
  sync              the file was synced
  close             the descriptor that it was written by was closed
  link              the file was linked to its name
  link-reserved     it was linked to a reserved name
  back-up           the old file got a reserved name, too
  exchange          the file and the old one changed names
  noreplace         it was renamed to its name, where nobody had that
  rename            it was renamed to its name, whoever had that
  kept              it was renamed to the name of a partial
  taken             a partial got another reserved name
  unlink-reserved   a file with a reserved name was removed
  UNLINKED          another file was removed, which must never be
  sync-folder       FOLDER was synced
  sync-other        another folder was synced
  sync-all          a whole file system was synced
  150 226 ...       that reply was sent (by descriptor 4, DESCRIPTOR_OUT in src/base/descriptors.h)
"""
import re
import sys

TURN = ".stord.turn"  # the file in which sessions take turns: it has nothing to do with the upload
ENTRY = re.compile(r'"[0-9a-f]+-[0-9a-f]+-[bn][0-9a-f]+-')  # what is remembered of an addition
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
DESCRIPTOR = re.compile(r"^(\d+)(?:<([^>]*)>)?")


class Upload:
    def __init__(self, folder, name):
        self.folder, self.name, self.files, self.words = folder, name, set(), []

    def opened(self, args, result):
        path = (re.findall(r'"([^"]*)"', args) or [""])[0].rsplit("/", 1)[-1]
        if "O_TMPFILE" in args:
            word = "unnamed"
        elif not re.search(r"O_WRONLY|O_RDWR|O_TRUNC", args):
            return None
        elif path == self.name and "O_APPEND" in args:
            word = "extended"
        elif not path.startswith(".stord."):
            return "OPENED" if path == self.name else None
        elif path == TURN:
            return None
        else:
            word = "reserved" if "O_EXCL" in args else "resumed"
        self.files.add(result)
        return word

    def named(self, call, args):
        names = [n.rsplit("/", 1)[-1] for n in re.findall(r'"([^"]*)"', args)]
        old, new = names[0], names[-1]
        if ENTRY.search(args):
            return "remembered" if "-p" in new else None
        if new.startswith(".stord.partial-"):
            return "kept"
        if old.startswith(".stord.partial-"):
            return "taken"
        if call.startswith("link"):
            if new == self.name:
                return "link"
            return "back-up" if old == self.name else "link-reserved"
        if new != self.name:
            return None
        flags = {"RENAME_EXCHANGE": "exchange", "RENAME_NOREPLACE": "noreplace"}
        return next((word for flag, word in flags.items() if flag in args), "rename")

    @staticmethod
    def unlinked(args):
        if "AT_REMOVEDIR" in args or TURN in args or ENTRY.search(args):
            return None
        return "unlink-reserved" if re.search(r'"(.*/)?\.stord\.[^"/]*"', args) else "UNLINKED"

    def on_descriptor(self, call, args, result):
        match = DESCRIPTOR.match(args)
        fd, path = (int(match[1]), match[2]) if match else (-1, None)
        if call in ("fsync", "fdatasync"):
            if fd in self.files:
                return "sync"
            if path and path.endswith("/.stord.additions"):
                return "sync-remembered"
            return "sync-folder" if path == self.folder else "sync-other"
        if call == "copy_file_range":
            return "copy" if int(re.findall(r"(\d+)<", args)[1]) in self.files else None
        if fd == 4 and call in ("write", "sendto"):
            match = re.search(r'"(\d\d\d) ', args)
            return match and match[1]
        if fd not in self.files:
            return None
        if call == "close":
            self.files.discard(fd)
            return "close"
        elif call == "ftruncate":
            return "cut"
        elif call.startswith("dup") or "F_DUPFD" in args:
            self.files.add(result)
        elif call == "fchmod":
            return "mode=" + args.rsplit(", ", 1)[-1]
        elif call == "fchown":
            return "group=" + args.rsplit(", ", 1)[-1]
        elif call in ("write", "pwrite64", "writev"):
            return "write"
        return None

    def read(self, line):
        match = CALL.match(line)
        if not match or int(match[3]) < 0:
            return
        call, args, result = match[1], match[2], int(match[3])
        if call.startswith("open"):
            word = self.opened(args, result)
        elif call.startswith(("link", "rename")):
            word = self.named(call, args)
        elif call.startswith("unlink"):
            word = self.unlinked(args)
        elif call in ("sync", "syncfs"):
            word = "sync-all"
        else:
            word = self.on_descriptor(call, args, result)
        if word and not (word == "write" and self.words[-1:] == ["write"]):
            self.words.append(word)


def main():
    trace, folder, name = sys.argv[1:]
    upload = Upload(folder, name)
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            upload.read(line)
    print(" ".join(upload.words))


if __name__ == "__main__":
    main()
