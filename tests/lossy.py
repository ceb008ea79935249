"""A network between two hosts that delays and loses packets: for kernels that have no netem. Needs root and
/dev/net/tun.

Both hosts are network namespaces of this process. Each has a tun device, and what one sends a process of ours hands to
the other: later, in order, and not all of it. It ends when the network is closed, or this process dies.
"""
import collections
import contextlib
import ctypes
import fcntl
import os
import random
import select
import signal
import struct
import subprocess
import time

SERVER, CLIENT = "192.0.2.1", "192.0.2.2"  # RFC 5737
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
QUEUE = 1000  # packets on their way in one direction; more are lost, as at any router
LARGEST = 2048
libc = ctypes.CDLL(None, use_errno=True)


def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "a namespace of the network")


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def become(namespace):
    call(libc.setns(namespace, CLONE_NEWNET))


def host(address):
    """A new namespace, and the descriptor of its device's packets."""
    call(libc.unshare(CLONE_NEWNET))
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
    for words in ("link set lo up", f"addr add {address}/24 dev wire", "link set wire up"):
        subprocess.run(["ip", *words.split()], check=True)
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC), device


class Direction:
    """What is on its way from one device to the other."""

    def __init__(self, source, target):
        self.source, self.target, self.queue = source, target, collections.deque()

    def take(self, delay, jitter, loss):
        with contextlib.suppress(BlockingIOError):
            while packet := os.read(self.source, LARGEST):
                if random.random() < loss or len(self.queue) >= QUEUE:
                    continue
                due = time.monotonic() + delay + random.uniform(-jitter, jitter)
                last = self.queue[-1][0] if self.queue else 0
                self.queue.append((max(due, last), packet))

    def deliver(self, now):
        while self.queue and self.queue[0][0] <= now:
            with contextlib.suppress(BlockingIOError, OSError):  # its own queue is full, or it is down
                os.write(self.target, self.queue.popleft()[1])


def relay(devices, delay, jitter, loss):
    ways = [Direction(*devices), Direction(*reversed(devices))]
    while True:
        now = time.monotonic()
        for way in ways:
            way.deliver(now)
        left = min((way.queue[0][0] - now for way in ways if way.queue), default=None)
        select.select(devices, [], [], left)
        for way in ways:
            way.take(delay, jitter, loss)


@contextlib.contextmanager
def network(delay, jitter, loss):
    """Seconds in one direction, how much more or less, and the share that is lost. Yields the namespaces of server and
    client, for become()."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    hosts = []
    try:
        for address in (SERVER, CLIENT):
            hosts.append(host(address))
            become(here)
        between = os.fork()
        if between == 0:
            die_with_parent()
            relay([device for _, device in hosts], delay, jitter, loss)
        try:
            yield [namespace for namespace, _ in hosts]
        finally:
            os.kill(between, signal.SIGKILL)
            os.waitpid(between, 0)
    finally:
        become(here)
        for fd in (here, *sum(hosts, ())):
            os.close(fd)
