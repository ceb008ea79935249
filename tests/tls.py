#!/usr/bin/env python3
"""Plays a dialogue with TLS against a handler: dialogue.py, and these steps more.

  tls [WORD...]     make a handshake on the control connection
  tls-fails REGEX [WORD...]  try to, and fail so (no blanks in REGEX; EOF: the server only closes)
  tls-part [WORD...]  send the first half of a ClientHello
  untls             send close_notify, wait for the server's, and go on in clear text
  notify            send close_notify, and go on reading
  notify-and BYTES  the same with BYTES in clear text in the same segment, and go on in clear text
  tls-or-not        try a handshake; either it works or the server closes
  below BYTES       send BYTES below TLS
  drip CODE REGEX   send one byte of a record after the other, until that reply comes
  lost-or CODE REGEX  either that reply comes, or the end
  tls-is WORD...    what is true of the control connection, see below
  whole BYTES       send BYTES as one record, whatever the mode
  part BYTES        send BYTES as one record, without its last byte,
  rest              which this sends
  private [WORD...] data connections are made with TLS from now on
  clear             ... without
  raw BYTES         send BYTES on the data connection below TLS
  data-part BYTES   send BYTES as one record, without its last byte, on the data connection
  data-notify       send close_notify on the data connection
  settle            wait until the server's kernel has what was sent on the data connection
  data-eof          send no more on the data connection (half-close), without close_notify
  data-fails REGEX  make the data connection; its handshake fails so
  read@ N           read N bytes of the data connection
  get@ N            read all of the data connection: N bytes of the pattern
  data-is WORD...   what is true of the data connection
  drop              close the data connection without close_notify
  lost              the server closes the data connection, without close_notify
  killed-by SIGNAL  the handler gets that signal
  end               wait for its end
  alone             the handler has no children
  maps REGEX        what the handler has mapped, of which files
  maps-not REGEX

Under TLS `closed` wants close_notify before the end, and `done` and `put` send it and wait for the
server's. Mode `segments` sends each byte of TLS by itself; `bytes` makes a record of each byte.

WORDs for handshakes: 1.0 1.1 1.2 1.3 (this version alone), cert=NAME ($T/NAME.crt and .key),
alpn=NAME,..., no-tickets (session ids only), slowly (byte by byte); on data connections resume (the
session of the control connection; the default), fresh (no session), stolen (the session of the last
data connection). `tls stolen` tries that one on the control connection, `tls again` the control
connection's last one.
WORDs for what is true: TLSv1.2 TLSv1.3 resumed full ticket no-ticket new-ticket ftp no-alpn.
"""
import fcntl
import os
import re
import select
import signal
import socket
import ssl
import struct
import sys
import termios
import time
import warnings

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dialogue  # noqa: E402
import processes  # noqa: E402
from dialogue import TIMEOUT, Failure, pattern, unescape  # noqa: E402

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
SESSIONS = ("resume", "fresh", "stolen", "again", "slowly")


class Lost(Failure):
    """The connection ended below TLS."""


def make_context(words):
    folder = os.environ["T"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(f"{folder}/ca.crt")
    for word in words:
        name, _, value = word.partition("=")
        if word in VERSIONS:
            if word < "1.2":  # so that it is not the client that refuses
                context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = VERSIONS[word]
        elif name == "cert":
            context.load_cert_chain(f"{folder}/{value}.crt", f"{folder}/{value}.key")
        elif name == "alpn":
            context.set_alpn_protocols(value.split(","))
        elif word == "no-tickets":
            context.options |= ssl.OP_NO_TICKET
        else:
            raise Failure(f"no such word: {word}")
    return context


class Tls:
    """TLS over something that has sendall, recv, shutdown, close and fileno."""

    def __init__(self, plain, context, session=None):
        self.plain, self.trickles, self.late = plain, False, b""
        self.inp, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inp, self.out, server_hostname="localhost",
                                    session=session)

    def fileno(self):
        return self.plain.fileno()

    def flush(self, leave_out=0):
        data = self.out.read()
        if self.late:  # which must go first
            self.late, data = self.late + data, b""
        elif leave_out:
            data, self.late = data[:-leave_out], data[-leave_out:]
        step = 1 if self.trickles else len(data) or 1
        for at in range(0, len(data), step):
            self.plain.sendall(data[at:at + step])

    def take(self, timeout=TIMEOUT):
        """Waits for bytes of TLS. False when none come in time."""
        if not select.select([self.plain], [], [], timeout)[0]:
            return False
        try:
            data = self.plain.recv(65536)
        except ConnectionResetError:
            raise Lost("reset") from None
        if not data:
            raise Lost("EOF, without close_notify")
        self.inp.write(data)
        return True

    def run(self, function, *arguments, timeout=TIMEOUT):
        """Calls it until it has what it wants. None when that does not come in time."""
        end = time.monotonic() + timeout
        while True:
            try:
                result = function(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                if not self.take(max(0, end - time.monotonic())):
                    return None
            except ssl.SSLError:
                self.flush()  # an alert
                raise

    def send_late(self):
        late, self.late = self.late, b""
        self.plain.sendall(late)

    def handshake(self):
        self.run(self.tls.do_handshake)
        if not self.tls.version():
            raise Failure("the handshake does not end")

    def sendall(self, data, leave_out=0):
        for at in range(0, len(data), 16384):
            self.tls.write(data[at:at + 16384])
        self.flush(leave_out)

    def recv(self, count, timeout=TIMEOUT):
        """Bytes, b"" after close_notify, or None."""
        try:
            return self.run(self.tls.read, count, timeout=timeout)
        except ssl.SSLZeroReturnError:
            return b""

    def notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def end(self):
        """close_notify both ways."""
        self.run(self.tls.unwrap)

    def shutdown(self, how):
        self.plain.shutdown(how)

    def close(self):
        self.plain.close()

    def setsockopt(self, *arguments):
        self.plain.setsockopt(*arguments)

    def getpeername(self):
        return self.plain.getpeername()

    def getsockname(self):
        return self.plain.getsockname()

    @property
    def family(self):
        return self.plain.family


class Player(dialogue.Player):
    modes = ("lines", "bytes", "segments")

    def __init__(self, over, mode, command):
        super().__init__(over, mode, command)
        self.contexts, self.private = {}, None
        self.control_words, self.seen, self.stolen, self.last = [], None, None, None

    # ------------------------------------------------------------------ the control connection

    def context(self, words):
        key = tuple(sorted(word for word in words if word not in SESSIONS))
        if key not in self.contexts:
            self.contexts[key] = make_context(key)
        return self.contexts[key]

    def begin(self, words):
        session = self.last if "again" in words else self.stolen if "stolen" in words else None
        self.control_words = words
        tls = Tls(self.control, self.context(words), session)
        tls.trickles = self.mode == "segments" or "slowly" in words
        return tls

    def tls(self, words):
        if self.buffer:
            raise Failure(f"before the handshake: {self.buffer}")
        tls = self.begin(words)
        tls.handshake()
        self.control = tls

    def tls_fails(self, words):
        tls = self.begin(words[1:])
        try:
            tls.handshake()
            got = f"it did not fail: {tls.recv(100)}"
        except (Failure, ssl.SSLError, OSError) as failure:
            got = str(failure)
        if not re.search(words[0], got):
            raise Failure(f"got: {got}")

    def tls_part(self, words):
        tls = self.begin(words)
        try:
            tls.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.control.sendall(tls.out.read()[:100])

    def untls(self):
        self.last = self.control.tls.session
        self.control.end()
        self.buffer += self.control.inp.read()
        self.control = self.control.plain

    def notify_and(self, data):
        try:
            self.control.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.control.plain.sendall(self.control.out.read() + data)
        self.control.end()
        self.buffer += self.control.inp.read()
        self.control = self.control.plain

    def tls_or_not(self):
        try:
            self.tls([])
        except (Lost, ssl.SSLError, OSError):
            pass

    def drip(self, code, regex):
        self.control.tls.write(b"NOOP\r\n" * 1000)
        record = self.control.out.read()
        for at in range(len(record)):
            self.control.plain.sendall(record[at:at + 1])
            if self.fill(0.05):
                self.expect(code, regex)
                return
        raise Failure("it takes all of the record")

    def lost_or(self, code, regex):
        try:
            self.expect(code, regex)
        except (Lost, ssl.SSLError, ConnectionResetError):
            pass

    def fill(self, timeout=TIMEOUT):
        if not isinstance(self.control, Tls):
            return super().fill(timeout)
        data = self.control.recv(65536, timeout)
        self.buffer += data or b""
        return data

    def closed(self):
        super().closed()
        if isinstance(self.control, Tls):
            self.control = self.control.plain
            super().closed()

    # --------------------------------------------------------------------- data connections

    def session(self):
        if "stolen" in self.private:
            return self.stolen
        if "fresh" in self.private or not isinstance(self.control, Tls):
            return None
        same = self.context(self.private) is self.context(self.control_words)
        return self.control.tls.session if same else None

    def connect(self, source=None):
        fresh = not self.data
        super().connect(source)
        if fresh and self.private is not None:
            tls = Tls(self.data, self.context(self.private), self.session())
            tls.trickles = "slowly" in self.private
            tls.handshake()
            self.data = tls

    def data_fails(self, regex):
        try:
            self.connect()
            got = f"it did not fail: {self.data.recv(100)}"
        except (Failure, ssl.SSLError, OSError) as failure:
            got = str(failure)
        if not re.search(regex, got):
            raise Failure(f"got: {got}")
        self.close_data()

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.data.recv(count - len(data))
            if not piece:
                raise Failure(f"only {len(data)} bytes came")
            data += piece
        return data

    def get_pattern(self, count):
        self.connect()
        if self.read(count) != pattern(count):
            raise Failure("other bytes came")
        self.get("^$")

    def close_data(self):
        if isinstance(self.data, Tls):
            self.stolen = self.data.tls.session
        super().done()

    def done(self):
        if isinstance(self.data, Tls):
            self.data.end()
        self.close_data()

    def reset(self):
        self.data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_data()

    def settle(self):
        def left():
            return struct.unpack("i", fcntl.ioctl(self.data, termios.TIOCOUTQ, bytes(4)))[0]
        if not processes.wait_for(lambda: left() == 0):
            raise Failure(f"{left()} bytes are left")

    def lost(self):
        try:
            got = self.data.recv(100)
        except (Lost, ssl.SSLError, ConnectionResetError):  # without or with an alert
            got = b""
        if got != b"":
            raise Failure(f"not lost: {got}")
        self.close_data()

    # ----------------------------------------------------------------------- what is true

    def check(self, tls, words):
        one, session = tls.tls, tls.tls.session
        ticket = bool(session and session.has_ticket)
        truths = {one.version(), "resumed" if one.session_reused else "full",
                  "ticket" if ticket else "no-ticket",
                  one.selected_alpn_protocol() or "no-alpn"}
        if ticket and session.id != self.seen:
            truths.add("new-ticket")
        self.seen = session.id if ticket else self.seen
        missing = [word for word in words if word not in truths]
        if missing:
            raise Failure(f"it is {sorted(truths)}")

    def check_maps(self, regex, wanted):
        with open(f"/proc/{self.process.pid}/maps", encoding="utf-8") as maps:
            if bool(re.search(regex, maps.read())) != wanted:
                raise Failure("it is otherwise")

    def finish(self):
        self.process.wait(TIMEOUT)

    def alone(self):
        if not processes.wait_for(lambda: not processes.children(self.process.pid)):
            raise Failure("it has children")

    def step(self, line, root):
        verb, _, rest = line.partition(" ")
        words = rest.split()
        plain = {
            "tls": lambda: self.tls(words),
            "tls-fails": lambda: self.tls_fails(words),
            "tls-part": lambda: self.tls_part(words),
            "untls": self.untls,
            "notify": lambda: self.control.notify(),
            "notify-and": lambda: self.notify_and(unescape(rest)),
            "tls-or-not": self.tls_or_not,
            "below": lambda: self.control.plain.sendall(unescape(rest)),
            "drip": lambda: self.drip(words[0], words[1]),
            "lost-or": lambda: self.lost_or(words[0], rest[len(words[0]) + 1:]),
            "end": self.finish,
            "tls-is": lambda: self.check(self.control, words),
            "whole": lambda: self.control.sendall(unescape(rest)),
            "part": lambda: self.control.sendall(unescape(rest), 1),
            "rest": lambda: self.control.send_late(),
            "data-fails": lambda: self.data_fails(words[0]),
            "read@": lambda: self.read(int(rest)),
            "get@": lambda: self.get_pattern(int(rest)),
            "private": lambda: setattr(self, "private", words or self.control_words),
            "clear": lambda: setattr(self, "private", None),
            "raw": lambda: getattr(self.data, "plain", self.data).sendall(unescape(rest)),
            "data-part": lambda: self.data.sendall(unescape(rest), 1),
            "data-notify": lambda: self.data.notify(),
            "settle": self.settle,
            "data-eof": lambda: self.data.shutdown(socket.SHUT_WR),
            "data-is": lambda: self.check(self.data, words),
            "drop": self.close_data,
            "lost": self.lost,
            "killed-by": lambda: self.process.send_signal(getattr(signal, "SIG" + rest)),
            "alone": self.alone,
            "maps": lambda: self.check_maps(rest, True),
            "maps-not": lambda: self.check_maps(rest, False),
        }
        if verb in plain:
            plain[verb]()
        else:
            super().step(line, root)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # old versions of TLS are offered so that they are refused
    sys.exit(dialogue.main(Player))
