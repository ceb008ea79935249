"""fields.py local|users: sessions, and what the journal has of them."""
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EVENTS = dict(re.findall(r'\{"([a-z-]+)",\s*LOG_LEVEL_\w+,\s*"([0-9a-f]{32})"\}', open(TOP + "/src/log/event.c").read()))
NAMES = [b"plain", b"caf\xe9", b"\xff\xfe", b"end \xe2\x80\xa8 of line", b'quote " \\', b"<3>x", b"A=B"]


def talk(*steps, tls=False):
    """Plays that; returns the replies, of which each byte must be one."""
    wire = socket.create_connection(("127.0.0.1", 22000))
    replies = b""

    def reply():
        line = b""
        while not line.endswith(b"\n"):
            piece = wire.recv(1)
            if not piece:
                break
            line += piece
        assert re.fullmatch(rb"[1-5]\d\d [\x20-\x7e]*\r\n", line), line
        return line
    reply()
    if tls:
        wire.sendall(b"AUTH TLS\r\n")
        reply()
        context = ssl.create_default_context(cafile="/etc/stord/tls.crt")
        wire = context.wrap_socket(wire, server_hostname="localhost")
    wire.sendall(b"".join(steps))
    try:
        while piece := wire.recv(65536):
            replies += piece
    except (ssl.SSLEOFError, ConnectionResetError):
        pass
    assert re.fullmatch(rb"(?:[1-5]\d\d [\x20-\x7e]*\r\n)+", replies), replies
    return replies


def store(name, text, announced=None):
    return b"ALLO %d\r\nSTOR %s\r\n%s" % (announced or len(text), name.replace(b"\xff", b"\xff\xff"), text)


def field(event, name):
    """As bytes: journalctl tells those that are no text as numbers."""
    value = event[name]
    return bytes(value) if isinstance(value, list) else value.encode()


def sessions(count):
    """Events by session, once so many sessions have been closed since the last time."""
    end = time.monotonic() + 20
    while True:
        out = subprocess.run(["journalctl", "--quiet", "--no-pager", "--all", "-o", "json", "SYSLOG_IDENTIFIER=stord"],
                             capture_output=True, check=True).stdout
        events = [event for event in map(json.loads, out.splitlines()) if "STORD_EVENT" in event]
        if sum(event["STORD_EVENT"] == "closed" for event in events) >= count:
            break
        assert time.monotonic() < end, events
        time.sleep(0.05)
    found = {}
    for event in events:
        check(event)
        found.setdefault(event["STORD_SESSION"], []).append(event)
    return list(found.values())


def check(event):
    assert event["MESSAGE_ID"] == EVENTS[event["STORD_EVENT"]], event
    assert event["PRIORITY"] in "3467", event
    assert re.fullmatch("[0-9a-f]{16}", event["STORD_SESSION"]), event
    assert event["STORD_PEER"].startswith("127.0.0.1:"), event


def only(events, kind):
    found = [event for event in events if event["STORD_EVENT"] == kind]
    assert len(found) == 1, (kind, [event["STORD_EVENT"] for event in events])
    return found[0]


def is_upload(event, name, size, verdict, reply):
    assert field(event, "STORD_FILE") == b"/var/lib/stord/" + name, event
    assert (event["STORD_BYTES"], event["STORD_VERDICT"], event["STORD_REPLY"]) == (str(size), verdict, str(reply)), event
    assert re.fullmatch(r"\d+\.\d{6}", event["STORD_SECONDS"]), event


def local():
    for name in NAMES:
        talk(store(name, b"hello"), b"QUIT\r\n")
    wire = socket.create_connection(("127.0.0.1", 22000))
    wire.sendall(store(b"short", b"hello", 9))
    wire.shutdown(socket.SHUT_WR)
    while wire.recv(4096):
        pass
    talk(b"MKD no/such\r\n", b"QUIT\r\n")
    found = sessions(len(NAMES) + 2)
    by_file = {field(event, "STORD_FILE"): event for events in found for event in events if event["STORD_EVENT"] == "uploaded"}
    assert set(by_file) == {b"/var/lib/stord/" + name for name in NAMES}, by_file
    for path in by_file:
        assert open(path, "rb").read() == b"hello"
    for name in NAMES:
        is_upload(by_file[b"/var/lib/stord/" + name], name, 5, "size", 226)
    for events in found:
        kinds = [event["STORD_EVENT"] for event in events]
        assert kinds[0] == "accepted" and kinds[-1] == "closed", kinds
        assert events[-1]["STORD_BYTES"] == ("5" if "uploaded" in kinds else "0"), events[-1]
    failed = [event for events in found for event in events if event["STORD_EVENT"] == "upload-failed"]
    is_upload(only(failed, "upload-failed"), b"short", 5, "short", 426)
    refused = only([event for events in found for event in events], "refused")
    assert refused["STORD_REPLY"] == "550" and field(refused, "STORD_FILE") == b"/var/lib/stord/no/such", refused


def users():
    before = len([events for events in sessions(0) if events[-1]["STORD_EVENT"] == "closed"])
    talk(b"USER me\r\nPASS secret\r\n", store(b"by-me", b"hello"), b"QUIT\r\n", tls=True)
    talk(b"USER caf\xe9\r\nPASS wrong\r\nQUIT\r\n")
    good, bad = sessions(before + 2)[-2:]
    upload = only(good, "uploaded")
    is_upload(upload, b"by-me", 5, "size", 226)
    assert upload["STORD_USER"] == only(good, "logged-in")["STORD_USER"] == "me", good
    assert upload["STORD_TLS"].startswith("TLSv1."), upload
    assert "STORD_TLS" not in good[0] and "STORD_USER" not in good[0], good[0]
    failed = only(bad, "login-failed")
    assert field(failed, "STORD_USER") == b"caf\xe9" and failed["PRIORITY"] == "4", failed
    assert "STORD_TLS" not in failed


{"local": local, "users": users}[sys.argv[1]]()
