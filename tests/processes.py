"""What tests ask about processes: their children, and what is in their memory."""
import re
import time

TIMEOUT = 20


def is_alive(pid):
    """A zombie is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    """The process ids of those that are alive."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split() if is_alive(child)]


def wait_for(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def holds(pid, needle):
    """Are these bytes anywhere in the memory of that process?"""
    read = 0
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last, mode, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
            first, last = int(first, 16), int(last, 16)
            if mode[0] != "r" or name in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                continue
            if last - first > 1 << 32:  # a sanitizer's terabytes, which say what bytes may be used
                continue
            tail = b""
            while first < last:
                memory.seek(first)
                try:
                    piece = memory.read(min(last - first, 1 << 20))
                except OSError:  # pages behind the end of a file
                    break
                if not piece:
                    break
                if needle in tail + piece:
                    return True
                tail, first, read = piece[-len(needle):], first + len(piece), read + len(piece)
    if read < 100000:
        raise OSError(f"only {read} bytes of the memory of {pid} could be read")
    return False
