"""A disk with a volatile write cache, served to one guest by the NBD protocol.

Writes stay in memory until a flush brings all of them to the image. When the power is cut, any part
of the rest may have reached the medium.
https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
"""

import os
import struct
import threading

SECTOR = 512
FLUSH_SECONDS = 0.02  # what a flush takes; that is when a cut is of interest

# What of the protocol is used here; numbers of proto.md
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
OPTION_ABORT, OPTION_GO = 2, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, 0x80000001
HAS_FLAGS, SEND_FLUSH = 1, 4
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3


class Gone(Exception):
    """The guest has closed the connection, or was killed."""


class Disk:
    """lies: flushes are answered, and nothing is done for them."""

    def __init__(self, path, lies=False):
        self.image = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.image).st_size
        self.lies = lies
        self.writes = []  # not flushed yet, oldest first: (offset, data)
        self.cached = {}  # what the guest reads instead of the image: sector number -> bytes
        self.flushes = 0
        self.fading = threading.Event()  # set: no flush will be done or answered any more
        self.flushing = threading.Event()  # a flush waits for that

    def close(self):
        os.close(self.image)

    def read(self, offset, length):
        data = bytearray(os.pread(self.image, length, offset))
        for at in range(0, length, SECTOR):
            sector = self.cached.get((offset + at) // SECTOR)
            if sector is not None:
                data[at : at + SECTOR] = sector
        return data

    def write(self, offset, data):
        self.writes.append((offset, data))
        for at in range(0, len(data), SECTOR):
            self.cached[(offset + at) // SECTOR] = data[at : at + SECTOR]

    def flush(self):
        """Returns whether it was done."""
        if self.fading.wait(FLUSH_SECONDS):
            self.flushing.set()
            return False
        self.flushes += 1
        if not self.lies:
            for offset, data in self.writes:
                os.pwrite(self.image, data, offset)
            self.forget()
        return True

    def forget(self):
        self.writes.clear()
        self.cached.clear()

    def cut(self, random):
        """The power is gone: any of the unflushed writes, cut into pieces, reach the image, in the
        order they came. Says which in one line."""
        size = random.choice([512, 4096])
        # Those behind some moment never left the cache; of those before it, each has its chance.
        moment = random.choice([len(self.writes), random.randint(0, len(self.writes))])
        chance = random.choice([0, 0.1, 0.5, 0.9, 1])
        kept = pieces = 0
        for number, (offset, data) in enumerate(self.writes):
            for start, piece in split(offset, data, size):
                pieces += 1
                if number < moment and random.random() < chance:
                    os.pwrite(self.image, piece, start)
                    kept += 1
        text = f"{len(self.writes)} writes unflushed, {kept} of {pieces} pieces of {size} B kept"
        self.forget()
        self.fading.clear()
        self.flushing.clear()
        return text

    def serve(self, connection):
        """Until the guest is gone."""
        try:
            self.handshake(connection)
            while self.answer(connection):
                pass
        except (Gone, ConnectionError):
            pass
        finally:
            connection.close()

    def handshake(self, connection):
        connection.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", FIXED_NEWSTYLE | NO_ZEROES))
        receive(connection, 4)
        while True:
            _, option, length = struct.unpack(">8sII", receive(connection, 16))
            receive(connection, length)  # the name of the export: there is only one

            def reply(kind, data=b"", option=option):
                head = struct.pack(">QIII", 0x3E889045565A9, option, kind, len(data))
                connection.sendall(head + data)

            if option == OPTION_GO:
                flags = HAS_FLAGS | SEND_FLUSH
                reply(REPLY_INFO, struct.pack(">HQH", 0, self.size, flags))
                reply(REPLY_ACK)
                return
            if option == OPTION_ABORT:
                raise Gone
            reply(REPLY_UNSUPPORTED)

    def answer(self, connection):
        """One request. Requests are done one after the other, so a flush finds all that came first."""
        head = receive(connection, 28)
        _, _, command, handle, offset, length = struct.unpack(">IHHQQI", head)
        data = b""
        if command == READ:
            data = self.read(offset, length)
        elif command == WRITE:
            self.write(offset, receive(connection, length))
        elif command == FLUSH:
            if not self.flush():
                return True
        elif command == DISCONNECT:
            return False
        else:
            raise ValueError(f"NBD command {command} was never offered")
        connection.sendall(struct.pack(">IIQ", 0x67446698, 0, handle) + data)
        return True


def split(offset, data, size):
    """Pieces that end where size divides the address: (offset, piece)."""
    at = 0
    while at < len(data):
        end = min(len(data), at + size - (offset + at) % size)
        yield offset + at, data[at:end]
        at = end


def receive(connection, length):
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise Gone
        data += part
    return bytes(data)
