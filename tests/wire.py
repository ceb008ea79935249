#!/usr/bin/env python3
"""tests/wire.py PORT FOLDER KIND [N]: sessions that go wrong in every way, seen by their client.

Who listens on PORT runs FOLDER/bin/serve for each connection, and that what FOLDER/case says. Every
byte that comes must be a reply, and the complaint be in the log: FOLDER/syslog, or, where KIND is
`own', FOLDER/log, which is standard error of whoever listens; there a library's complaints are, too.
N: only every Nth of the cases is played.
"""
import json
import os
import re
import shlex
import socket
import sys
import time

PORT, FOLDER, KIND = int(sys.argv[1]), sys.argv[2], sys.argv[3]
STEP = int([*sys.argv, "1"][4])
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATIENCE = 10  # seconds

# RFC 959 section 4.2: one line, or NNN- and lines until NNN and a space
REPLIES = re.compile(rb"(?:([1-5]\d\d) [\x20-\x7e]*\r\n"
                     rb"|([1-5]\d\d)-[\x20-\x7e]*\r\n(?:(?!\2 )[\x20-\x7e]*\r\n)*\2 [\x20-\x7e]*\r\n)")

UPLOAD = b"ALLO 5\r\nSTOR one\r\nhelloQUIT\r\n"
LOGIN = b"USER me\r\nPASS secret\r\n" + UPLOAD
HELP = b"FEAT\r\nHELP\r\nSTAT\r\nSITE HELP\r\nQUIT\r\n"
REFUSED, STORED, DIED = "421", "220 200 150 226 221", "220 200 150"
LIBRARY = "complaint of a library"


def case(what, codes, said, sent=UPLOAD, library=False, arguments=(), server="bin", **environment):
    """library: what is said is said by a library, on standard output or error."""
    return what, codes, said, sent, library, list(arguments), server, environment


def settings():
    """What an operator does wrong."""
    root, own = FOLDER + "/root", FOLDER + "/"
    tls = ["--tls-cert", own + "tls.crt", "--tls-key", own + "tls.key"]
    users = ["--users", own + "users"]
    for option in "--bogus", "--log-format=xml", "--log=nowhere", "stray", "--root":
        yield case(option, REFUSED, "Cannot start: ", arguments=[option])
    for mode in "--help", "--version", "--check", "--hash", "--recount":
        yield case(mode, REFUSED, "Cannot start: ", arguments=["--root", root, mode])
        yield case(mode + " and more", REFUSED, "Cannot start: ", arguments=[mode, "--bogus"])
    yield case("unknown variable", REFUSED, "unknown variable STORD_BOGUS", STORD_BOGUS="1")
    yield case("bad variable", REFUSED, "STORD_LOG_LEVEL wants", STORD_LOG_LEVEL="much")
    yield case("no root", REFUSED, "No such file", arguments=["--root", own + "none"])
    yield case("root is a file", REFUSED, "Not a directory", arguments=["--root", own + "users"])
    yield case("unreadable root", REFUSED, "Permission denied",
               arguments=["--root", own + "locked", "--user", "nobody"])
    yield case("unknown user", REFUSED, "there is no user", arguments=["--user", "no-such"])
    yield case("no users file", "220 331 421", "No such file", LOGIN, arguments=["--users", own + "none"])
    yield case("broken users file", "220 331 421", "five fields", LOGIN, arguments=["--users", own + "garbage"])
    yield case("no certificate", REFUSED, "No such file", arguments=["--tls-cert", own + "none"])
    yield case("broken certificate", REFUSED, "TLS: ", arguments=["--tls-cert", own + "garbage"])
    yield case("broken openssl.cnf", "(421|220 200 150 226 221)", "stord", arguments=tls + ["--root", root],
               OPENSSL_CONF=own + "openssl.cnf")
    for server in "garbage-modules", "no-modules":
        yield case("TLS, " + server, REFUSED, "stord-tls.so", arguments=tls, server=server)
        yield case("login, " + server, "220 331 421", "stord-password.so", LOGIN, arguments=users, server=server)
        yield case("journal, " + server, STORED, "Logging without the journal", arguments=["--log=journal"], server=server)
    yield case("debug and all help", "220( 211| 214| 200)* 221", "Received command: HELP", HELP,
               arguments=["--log-level=debug"])


def libraries():
    """What others' code does in our process."""
    users = ["--users", FOLDER + "/users"]
    goes_on = "write-1", "write-2", "printf", "puts", "fprintf"
    dies = {"perror": "", "assert": "Assertion", "abort": LIBRARY, "exit": LIBRARY, "smashing": "stack smashing",
            "overflow": "buffer overflow", "free": "free(): invalid"}
    for way in goes_on:
        yield case(way, STORED, LIBRARY, library=True, COMPLAIN=way, COMPLAIN_IN="fsync")
        yield case(way + " in getgrnam", STORED, LIBRARY, library=True, arguments=["--group", "daemon"],
                   COMPLAIN=way, COMPLAIN_IN="getgrnam")
    for way in goes_on:
        yield case(way + " in the helper", "220 331 230 200 150 226 221", LIBRARY, LOGIN, library=True,
                   arguments=users, COMPLAIN=way, COMPLAIN_IN="crypt_rn")
    for way, said in dies.items():
        yield case(way, DIED, said, library=True, COMPLAIN=way, COMPLAIN_IN="fsync")
        yield case(way + " in the helper", "220 331 421", said, LOGIN, library=True, arguments=users,
                   COMPLAIN=way, COMPLAIN_IN="crypt_rn")
    for way in "assert", "abort", "smashing", "free":
        yield case(way + " in getgrnam", "", dies[way], library=True, arguments=["--group", "daemon"],
                   COMPLAIN=way, COMPLAIN_IN="getgrnam")
    yield case("forbidden call", DIED, "", COMPLAIN="forbidden-call", COMPLAIN_IN="fsync")
    yield case("forbidden call in the helper", "220 331 421", "", LOGIN, arguments=users, COMPLAIN="forbidden-call",
               COMPLAIN_IN="crypt_rn")


def logs():
    """Wherever the log goes."""
    for target in "auto", "stderr", "syslog", "journal":
        for form in "text", "json":
            how = ["--log", target, "--log-format", form, "--log-level", "debug"]
            yield case(f"{target}, {form}", STORED, "File uploaded: /one", arguments=how)
            yield case(f"{target}, {form}, refused", REFUSED, "Cannot start: root ",
                       arguments=how + ["--root", FOLDER + "/none"])
            yield case(f"{target}, {form}, printf", STORED, LIBRARY, library=True, arguments=how,
                       COMPLAIN="printf", COMPLAIN_IN="fsync")


def prepare(arguments, server, environment):
    """Writes what the next session is run with."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    if "COMPLAIN" in environment:
        lines.append("export LD_PRELOAD=" + shlex.quote(TOP + "/build/tools/complain.so"))
    lines += ["set -- " + " ".join(map(shlex.quote, arguments)),
              f"SERVER={shlex.quote(FOLDER)}/{server}/handler"]
    with open(FOLDER + "/case.new", "w") as file:
        file.write("\n".join(lines) + "\n")
    os.rename(FOLDER + "/case.new", FOLDER + "/case")


def connect():
    end = time.monotonic() + PATIENCE
    while True:  # netcat listens once
        try:
            return socket.create_connection(("127.0.0.1", PORT))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def talk(sent):
    """Everything that comes while that is sent. Who refuses may reset the connection meanwhile."""
    got = b""
    with connect() as wire:
        wire.settimeout(PATIENCE)
        try:
            wire.sendall(sent)
            wire.shutdown(socket.SHUT_WR)
        except (ConnectionError, OSError):
            pass  # what was received before is there nevertheless
        try:
            while piece := wire.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
    return got


def wrong_with(got, codes):
    """What is wrong with a stream of replies, or None."""
    at, found = 0, []
    while at < len(got):
        reply = REPLIES.match(got, at)
        if not reply:
            return f"no reply: {got[at:]!r}"
        found.append((reply[1] or reply[2]).decode())
        at = reply.end()
    if LIBRARY.encode() in got or b"stord[" in got:
        return f"it is in a reply: {got!r}"
    return None if re.fullmatch(codes, " ".join(found)) else f"{' '.join(found)} instead of {codes}: {got!r}"


def log_of(arguments):
    to_syslog = KIND != "own" or "syslog" in arguments
    return FOLDER + ("/syslog" if to_syslog else "/log")


def logged(path, start, said):
    """Waits until that is in the log behind the first bytes."""
    end = time.monotonic() + PATIENCE
    while True:
        with open(path, "rb") as file:
            file.seek(start)
            text = file.read()
        if said.encode() in text:
            return text
        if time.monotonic() > end:
            print(f"# {text!r}")
            return None
        time.sleep(0.01)


def is_json(text, said):
    """Does the log's line with that hold it in JSON?"""
    return any("message" in json.loads(line) for line in text.splitlines()
               if said.encode() in line and line.startswith(b"{"))


def play(what, codes, said, sent, library, arguments, server, environment):
    arguments = ([] if "--root" in arguments else ["--root", FOLDER + "/root"]) + arguments
    log = log_of([] if library else arguments)
    start = os.path.getsize(log)
    prepare(arguments, server, environment)
    wrong = wrong_with(talk(sent), codes)
    if wrong:
        return wrong
    expected = KIND == "own" or not library
    text = logged(log, start, said) if expected else b""
    if text is None:
        return f"not in the log: {said}"
    by_json = "json" in arguments and log.endswith("/log") and not library
    return "no JSON" if by_json and not is_json(text, said) else None


def main():
    failures = 0
    cases = [*settings(), *libraries(), *logs()][::STEP]
    for one in cases:
        wrong = play(*one)
        if wrong:
            failures += 1
            print(f"{one[0]}: {wrong}", flush=True)
        if failures >= 10:  # more tells no more
            break
    print(f"{len(cases)} cases, {failures} wrong")
    sys.exit(failures > 0)


main()
