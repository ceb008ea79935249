"""The servers that tests/bench/run compares, and how they are started, watched and ended.

Each row of SERVERS is a server in one set-up, which is started anew for each turn. Its sessions are those of an
unprivileged user, and store into a folder of their own. Transfers are logged to a file by all that can.
"""
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANDLER = os.path.abspath(os.environ.get("HANDLER", TOP + "/handler"))
TOOLS = TOP + "/build/tools/"
USER, GROUP = "daemon", "daemon"  # whom sessions run as: vsftpd wants one with a home
PATIENCE = 20  # seconds that a server may take to begin, or sessions to end
TICK = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36

VSFTPD = """listen={listen}
listen_address=127.0.0.1
listen_port={place.port}
background=NO
max_clients=0
max_per_ip=0
anonymous_enable=YES
local_enable=NO
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_root={place.root}
ftp_username={user}
secure_chroot_dir={place.empty}
xferlog_enable=YES
vsftpd_log_file={place.folder}/transfers
one_process_model={one_process}
"""
VSFTPD_TLS = """ssl_enable=YES
allow_anon_ssl=YES
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file={place.certificate}
rsa_private_key_file={place.key}
"""
PROFTPD = """ServerType standalone
ServerName bench
DefaultServer on
DefaultAddress 127.0.0.1
Port {place.port}
UseIPv6 off
UseReverseDNS off
User {user}
Group {group}
MaxInstances none
RequireValidShell off
AuthOrder mod_auth_unix.c
WtmpLog off
SystemLog none
DelayEngine off
TransferLog {place.folder}/transfers
PidFile {place.folder}/proftpd.pid
ScoreboardFile {place.folder}/scoreboard
ModulePath {modules}
{tls}
<Anonymous {place.root}>
  User {user}
  Group {group}
  UserAlias anonymous {user}
  AllowOverwrite on
</Anonymous>
"""
PROFTPD_TLS = """LoadModule mod_tls.c
TLSEngine on
TLSProtocol TLSv1.2 TLSv1.3
TLSOptions NoSessionReuseRequired
TLSRSACertificateFile {place.certificate}
TLSRSACertificateKeyFile {place.key}
"""
XINETD = """defaults
{{
    instances = UNLIMITED
    per_source = UNLIMITED
    cps = 1000000 1
}}
service bench
{{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    wait = no
    user = {user}
    group = {group}
    bind = 127.0.0.1
    port = {place.port}
    server = {command[0]}
    server_args = {arguments}
}}
"""


class Odd(Exception):
    """Why there is no figure"""


class Place:
    """Where one server has its files in one turn."""

    def __init__(self, folder, root, tls):
        self.folder, self.root, self.tls = folder, root, tls
        self.store = root + "/in"  # where clients store
        self.empty = folder + "/empty"
        self.certificate, self.key, self.pair = folder + "/../tls.crt", folder + "/../tls.key", folder + "/../tls.pem"
        os.mkdir(folder)
        os.mkdir(self.empty)
        for path in root, self.store:
            os.mkdir(path)
            shutil.chown(path, USER, GROUP)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def remove(self):
        shutil.rmtree(self.folder)
        shutil.rmtree(self.root)


# -- what there is

def peer(name):
    path = os.path.abspath(os.environ.get("PEERS", TOP + "/build/peers")) + "/usr/sbin/" + name
    return path if os.access(path, os.X_OK) else None


def busybox():
    """One with ftpd, which BUSYBOX may name"""
    path = shutil.which(os.path.abspath(os.environ["BUSYBOX"]) if "BUSYBOX" in os.environ else "busybox")
    if not path:
        return None
    asked = subprocess.run([path, "ftpd", "--help"], capture_output=True, check=False)
    return path if asked.returncode != 127 else None


# name: what finds it, and what is said where it is missing
PROGRAMS = {
    "floor": (lambda: TOOLS + "floor", ""),
    "stord": (lambda: HANDLER, ""),
    "vsftpd": (lambda: peer("vsftpd"), "tests/peers unpacks it"),
    "pure-ftpd": (lambda: peer("pure-ftpd"), "tests/peers unpacks it"),
    "proftpd": (lambda: peer("proftpd"), "tests/peers unpacks it"),
    "busybox": (busybox, "one with ftpd, which Debian's has not; BUSYBOX=/path/to/busybox names it"),
    "tcpsvd": (lambda: shutil.which("tcpsvd"), "Debian's package ipsvd"),
    "xinetd": (lambda: peer("xinetd"), "tests/peers unpacks it"),
}


def program(name):
    return PROGRAMS[name][0]()


# -- the servers

def as_user(*command):
    return [shutil.which("setpriv"), "--reuid", USER, "--regid", GROUP, "--clear-groups", *command]


def spawned(place, command):
    return as_user(TOOLS + "spawner", str(place.port), *command)


def by_tcpsvd(place, command):
    return as_user(program("tcpsvd"), "-c", "4096", "-b", "4096", "-l", "local", "127.0.0.1", str(place.port), *command)


def by_xinetd(place, command):
    conf = XINETD.format(user=USER, group=GROUP, place=place, command=command, arguments=" ".join(command[1:]))
    return [program("xinetd"), "-dontfork", "-f", place.write("xinetd.conf", conf),
            "-pidfile", place.folder + "/xinetd.pid", "-filelog", place.folder + "/xinetd.log"]


def floor(place):
    return spawned(place, [program("floor"), place.root])


def certificate(place):
    return ["--tls-cert", place.certificate, "--tls-key", place.key]


def stord(*options, start=spawned, more=lambda place: []):
    def command(place):
        tls = certificate(place) if place.tls else []
        return start(place, [HANDLER, "--root", place.root, *options, *tls, *more(place)])
    return command


def users_file(count):
    """Of that many lines, all with the same cheap hash. The last of them is who logs in."""
    def options(place):
        line = ["perl", "-e", "print crypt(q(secret), q($6$rounds=1000$salt$))"]
        hashed = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout
        names = [f"user{number:05}" for number in range(count - 1)] + ["client"]
        lines = (f"{name}:{hashed}:/::quota=1G,from=127.0.0.0/8+::1\n" for name in names)
        return ["--users", place.write("users", "".join(lines))]
    return options


def vsftpd(place, one_process=True, standalone=True):
    """It refuses to be in a root that its user could write to."""
    shutil.chown(place.root, "root", "root")
    text = (VSFTPD + VSFTPD_TLS * place.tls).format(
        place=place, user=USER, one_process="YES" if one_process else "NO", listen="YES" if standalone else "NO")
    return [program("vsftpd"), place.write("vsftpd.conf", text)]


def vsftpd_spawned(place):
    return [TOOLS + "spawner", str(place.port), *vsftpd(place, standalone=False)]


def pure_ftpd(place):
    """Its anonymous users are the user ftp, whom passwd has: here one of ours."""
    with open("/etc/passwd", encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("ftp:")]
    who = pwd.getpwnam(USER)
    lines.append(f"ftp:x:{who.pw_uid}:{who.pw_gid}::{place.root}:/bin/false\n")
    passwd = place.write("passwd", "".join(lines))
    tls = ["-Y", "1", "-2", place.pair] if place.tls else []
    served = [program("pure-ftpd"), "-S", f"127.0.0.1,{place.port}", "-e", "-M", "-H", "-c", "4096", "-C", "4096",
              "-f", "none", "-O", f"clf:{place.folder}/transfers", "-g", place.folder + "/pure-ftpd.pid", *tls]
    return [shutil.which("unshare"), "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', passwd, *served]


def proftpd(place):
    modules = os.path.dirname(program("proftpd")) + "/../lib/proftpd"
    tls = (PROFTPD_TLS.replace("RSA", "EC") if place.tls else "").format(place=place)
    text = PROFTPD.format(place=place, user=USER, group=GROUP, modules=modules, tls=tls)
    return [program("proftpd"), "-n", "-q", "-c", place.write("proftpd.conf", text)]


def busybox_ftpd(place):
    return spawned(place, [program("busybox"), "ftpd", "-A", "-w", place.root])


@dataclass(frozen=True)
class Server:
    """A row of SERVERS: its name begins with the program's."""
    name: str
    command: Callable
    needs: str = ""  # a program in addition
    what: str = ""  # for the report

    @property
    def program(self):
        return self.name.split(" (")[0]

    @property
    def is_peer(self):
        return self.program not in ("floor", "stord")

    def missing(self):
        """The programs it would need"""
        return [name for name in (self.program, self.needs) if name and not program(name)]


SERVERS = {server.name: server for server in [
    Server("floor", floor, what="tests/tools/floor.c: the protocol's system calls alone, one static process a session"),
    Server("stord", stord(), what="started by tests/tools/spawner.c, which does vfork and exec and nothing else, as floor and "
                                  "busybox are"),
    Server("stord (no sync)", stord("--no-sync"), what="226 does not wait for the disk"),
    Server("stord (tcpsvd)", stord(start=by_tcpsvd), "tcpsvd", "started by ipsvd's tcpsvd"),
    Server("stord (xinetd)", stord(start=by_xinetd), "xinetd", "started by xinetd"),
    Server("stord (certificate)", stord(more=certificate), what="could do TLS, and is not asked to"),
    Server("stord (10 users)", stord(more=users_file(10)), what="users file with 10 lines"),
    Server("stord (10000 users)", stord(more=users_file(10000)), what="users file with 10,000 lines"),
    Server("vsftpd", vsftpd, what="standalone, one_process_model=YES: its fastest"),
    Server("vsftpd (as shipped)", lambda place: vsftpd(place, one_process=False), what="standalone, with its processes"),
    Server("vsftpd (spawned)", vsftpd_spawned, what="one_process_model=YES, started as stord is"),
    Server("pure-ftpd", pure_ftpd, what="standalone"),
    Server("proftpd", proftpd, what="standalone"),
    Server("busybox", busybox_ftpd, what="ftpd, started as stord is"),
]}


# -- one that runs

def processes():
    """{pid: fields of its stat from the state on}"""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    found[int(name)] = file.read().rsplit(")", 1)[1].split()
            except OSError:
                pass  # it has ended
    return found


def become_subreaper():
    """What a server leaves behind becomes ours, not init's, and stays a zombie: its time is not lost."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Running:
    """A server that listens. A context, at whose end it and all of its processes have gone."""

    def __init__(self, server, place):
        self.server, self.place = server, place
        self.port, self.store = place.port, place.store
        self.log = place.folder + "/log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(server.command(place), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=os.setpgrp, cwd="/",
                                            env={"PATH": os.environ["PATH"], "LANG": "C"})
        try:
            self.wait(self.listens, "listens")
        except BaseException:
            self.end()
            raise
        self.quiet = len(self.tree())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        while tree := self.tree():
            for pid in tree:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.001)
        self.process.wait()
        for pid in self.tree(alive=False):
            os.waitpid(pid, 0)

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return " ".join(log.read()[-300:].split())

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                raise Odd(f"ended with status {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > end:
                raise Odd(f"waited in vain until it {what}: {self.last_words()}")
            time.sleep(0.002)

    def listens(self):
        with open("/proc/net/tcp", encoding="ascii") as file:
            return any(f":{self.port:04X} 00000000:0000 0A" in line for line in file)

    def tree(self, alive=True):
        """Its processes, as processes() has them: what descends from us, and has another process group than ours, which
        clients have. (Not another session: the kernel may share the processors among these, whatever is in them.)
        alive: without those that only wait to be reaped"""
        all_of_them, tree = processes(), {}
        for pid, fields in all_of_them.items():
            parent = pid
            while parent in all_of_them and parent != os.getpid():
                parent = int(all_of_them[parent][1])
            if parent == os.getpid() and int(fields[2]) != os.getpgrp() and not (alive and fields[0] in "ZX"):
                tree[pid] = fields
        return tree

    def settle(self):
        """Waits until all sessions have ended."""
        self.wait(lambda: len(self.tree()) <= self.quiet, "has ended its sessions")

    def cpu(self):
        """Processor seconds of all its processes, also those that have ended"""
        self.settle()
        return sum(int(ticks) for fields in self.tree(alive=False).values() for ticks in fields[11:15]) / TICK

    def private_dirty(self):
        """KiB of memory that only one process each has, and has written to"""
        total = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    total += sum(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))
            except (FileNotFoundError, ProcessLookupError):
                pass  # a helper that has ended
        return total
