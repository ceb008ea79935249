#!/usr/bin/env python3
"""What a process can do where a session runs, to standard output: a line "attempt: what came of it" each."""
import ctypes
import errno
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    """The system call of that number, for x86-64 and what is newer than 424, everywhere"""
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def write(folder):
    path = f"{folder}/.stord-probe"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    os.unlink(path)


def write_and_leave(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def set_uid_bit(folder):
    path = f"{folder}/.stord-probe"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    try:
        os.chmod(path, 0o4700)
    finally:
        os.unlink(path)


def writable_code():
    libc.mmap.restype = ctypes.c_long
    if libc.mmap(0, ctypes.c_long(4096), 7, 0x22, -1, ctypes.c_long(0)) == -1:
        raise OSError(ctypes.get_errno(), "")


def see_network():
    with open("/proc/self/net/dev", encoding="ascii") as interfaces:
        if "probe0:" not in interfaces.read():
            raise OSError(errno.ENODEV, "")


def change_kernel_settings():
    """Any of those that ProtectKernelTunables= would protect; EACCES when none can be changed."""
    for top in ("/proc", "/sys"):
        for folder, folders, files in os.walk(top):
            if folder == "/proc":
                folders[:] = [name for name in folders if not name.isdigit()]
            if any(takes_bytes(os.path.join(folder, name)) for name in files):
                return
    raise OSError(errno.EACCES, "")


def takes_bytes(setting):
    try:
        wire = os.open(setting, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.write(wire, b"1") > 0
    except OSError:
        return False
    finally:
        os.close(wire)


root = os.environ["STORD_ROOT"]
ATTEMPTS = [
    ("list /home", lambda: os.listdir("/home")),
    ("list /root", lambda: os.listdir("/root")),
    ("see process 1", lambda: os.stat("/proc/1")),
    ("write to the root", lambda: write(root)),
    ("write to a folder of its own", lambda: write("/srv/own")),
    ("write to /dev/shm", lambda: write("/dev/shm")),
    ("leave a file in /tmp", lambda: write_and_leave("/tmp/left-by-probe")),
    ("change a setting of the kernel", change_kernel_settings),
    ("set a setuid bit", lambda: set_uid_bit(root)),
    ("openat2", lambda: call(437, -100, b".", b"\0" * 24, 24)),
    ("landlock", lambda: call(444, None, 0, 1)),
    ("boot id", lambda: open("/proc/sys/kernel/random/boot_id", encoding="ascii").close()),
    ("mount", lambda: call(165, b"none", b"/mnt", b"tmpfs", 0, None)),
    ("ptrace", lambda: call(101, 0, 0, 0, 0)),
    ("bpf", lambda: call(321, 0, None, 0)),
    ("io_uring", lambda: call(425, 1, None)),
    ("fchown", lambda: os.fchown(1, -1, -1)),
    ("new namespace", lambda: call(272, 0x10000000)),
    ("writable code", writable_code),
    ("AF_INET", lambda: socket.socket(socket.AF_INET).close()),
    ("AF_UNIX", lambda: socket.socket(socket.AF_UNIX).close()),
    ("AF_NETLINK", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
    ("AF_PACKET", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
    ("see the network", see_network),
]

for name, attempt in ATTEMPTS:
    try:
        attempt()
        outcome = "done"
    except OSError as error:
        outcome = errno.errorcode.get(error.errno, str(error.errno))
    print(f"{name}: {outcome}", flush=True)
with open("/proc/self/status", encoding="ascii") as status:
    sys.stdout.writelines(line for line in status if line.startswith(("NoNewPrivs", "CapBnd", "CapEff")))
