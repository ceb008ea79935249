"""Figures as Markdown, and as a plot by gnuplot. See tests/bench/run."""
import datetime
import os
import re
import resource
import statistics
import subprocess
import time

from servers import HANDLER, PROGRAMS, SERVERS, TOP, program

HOW_TO_READ = """A figure is a median of rounds, here {rounds}, in which the servers take turns; the lowest and the highest stand behind it.
"x vsftpd" is the figure divided by vsftpd's of the same round, in the median: ratios are steadier than figures. Where more is
better, above 1 is ahead of vsftpd; where less is better, below 1. Client and server share the processors, over 127.0.0.1.
Processor time is that of all processes of the server, with what starts them; memory is what one more session takes. Sessions
run as an unprivileged user, and transfers are logged to a file by all that can. Each file was found whole after its 226, or
there is no figure. **stord's 226 waits for the disk, and no peer's does.**"""


def said_by(*command):
    """What a program says of its version"""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, text=True, errors="replace")
    except OSError as error:
        return str(error)
    return (done.stdout.strip().splitlines() or [""])[0].strip()


def field(path, name):
    with open(path, encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if re.match(rf"{name}\s*:", line)), "unknown")


def machine(folders):
    """Lines about it"""
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20)
    system = said_by("sed", "-n", "s/^PRETTY_NAME=//p", "/etc/os-release").strip('"')
    lines = [f"{datetime.date.today()}, {os.cpu_count()} processors ({field('/proc/cpuinfo', 'model name')}), "
             f"{memory:.0f} GiB, Linux {os.uname().release}, {system}"]
    for what, folder in folders.items():
        kind = file_system(folder)
        lines.append(f"{what}: {kind}" + ", which is none" * (what == "disk" and kind == "tmpfs"))
    return lines


class Others:
    """What other programs, and the kernel for all, take of the processors meanwhile: a quiet machine has next to none"""

    def __init__(self):
        self.begin, self.taken = time.monotonic(), self.take()

    @staticmethod
    def take():
        """Processor seconds until now"""
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(word) for word in file.readline().split()[1:]]
        idle = ticks[3] + ticks[4]
        ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return (sum(ticks[:8]) - idle) / os.sysconf("SC_CLK_TCK") - ours

    def line(self):
        taken = max(0, self.take() - self.taken) / (time.monotonic() - self.begin)
        busy = ": **too much, these figures are not to be quoted**" if taken > 0.1 * os.cpu_count() else ""
        return f"other programs took {taken:.2f} of the {os.cpu_count()} processors meanwhile{busy}"


def file_system(folder):
    return said_by("findmnt", "-n", "-o", "FSTYPE", "-T", folder)


VERSIONS = {
    "vsftpd": lambda path: said_by("sh", "-c", '"$0" -v 0>&1', path),  # on its standard input
    "pure-ftpd": lambda path: said_by(path, "--help"),
    "proftpd": lambda path: said_by(path, "-v"),
    "busybox": lambda path: said_by(path, "--help"),
    "tcpsvd": lambda _: "tcpsvd of ipsvd " + said_by("dpkg-query", "-W", "-f", "${Version}", "ipsvd"),
    "xinetd": lambda path: said_by(path, "-version"),
}


def versions():
    commit = said_by("git", "-C", TOP, "describe", "--always", "--dirty")
    lines = [f"{said_by(HANDLER, '--version')}, commit {commit}; {said_by('openssl', 'version')}"]
    for name, ask in VERSIONS.items():
        if program(name):
            said = ask(program(name))
            lines.append(said if name in said.lower() else f"{name} {said}")
    return lines


def missing(servers):
    """Lines: the programs that would be compared, and are not here"""
    names = sorted({name for server in servers for name in server.missing()})
    return [f"missing: {name} ({PROGRAMS[name][1]})" for name in names]


# -- tables

def number(value, digits):
    return f"{value:,.{digits}f}"


def ratio(ours, theirs):
    """Median of the ratios within rounds; none to what was too short to be counted"""
    return number(statistics.median(a / b for a, b in zip(ours, theirs)), 2) if all(theirs) else ""


def best_peer(measure, figures, index):
    """The peer with the best median in that column; None: there is none"""
    medians = {name: statistics.median(row[index] for row in figures[name])
               for name in figures if SERVERS[name].is_peer}
    choose = max if measure.columns[index].more else min
    return choose(medians, key=medians.get) if medians else None


def cells(measure, figures, name):
    """What its row has behind the name"""
    row = []
    for index, column in enumerate(measure.columns):
        values = [figure[index] for figure in figures[name]]
        low, high = number(min(values), column.digits), number(max(values), column.digits)
        row.append(f"{number(statistics.median(values), column.digits)} ({low}-{high})")
        first, best = measure.servers[0], best_peer(measure, figures, index)
        for other in [first] + [best] * bool(best):
            row.append(ratio(values, [figure[index] for figure in figures[other]]) if other in figures else "")
    return row


def heads(measure, figures):
    row = []
    for index, column in enumerate(measure.columns):
        row.append(f"{column.name}, {'more' if column.more else 'less'} is better")
        best = best_peer(measure, figures, index)
        row += [f"x {measure.servers[0]}"] + [f"x {best}, the best peer"] * bool(best)
    return row


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows = [[cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
            for row in rows]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return ["| " + " | ".join(row) + " |" for row in [rows[0], rule, *rows[1:]]]


def table(measure, results):
    """Lines. A server without figures has a reason instead."""
    figures = {name: rows for name, rows in results.figures[measure.name].items() if rows}
    odd = results.odd[measure.name]
    rows = [[measure.name, *heads(measure, figures)]]
    for name in measure.servers:
        if name in odd or name in figures:
            rows.append([name, *(cells(measure, figures, name) if name in figures else
                                 ["no figure"] + [""] * (len(rows[0]) - 2))])
    lines = [f"### {measure.title}", "", *aligned(rows)]
    notes = [f"{name}: no figure, because {reason}" for name, reason in odd.items()] + results.notes[measure.name]
    return lines + [line for note in notes for line in ("", note)] + [""]


SHORT = ("stord", "floor", "vsftpd", "pure-ftpd", "proftpd", "busybox")


def summary(results):
    """Lines: the medians of the columns that have a short name; for the README, too"""
    names = [name for name in SHORT if any(results.figures[measure.name].get(name) for measure in results.measures)]
    rows = [["", *names]]
    for measure in results.measures:
        for index, column in enumerate(measure.columns):
            if column.short:
                found = [results.figures[measure.name].get(name) for name in names]
                rows.append([column.short] + [number(statistics.median(row[index] for row in rows), column.digits)
                                              if rows else "-" for rows in found])
    return aligned(rows) if len(rows) > 1 else []


def markdown(results):
    used = {name for measure in results.measures for name in measure.servers if results.figures[measure.name].get(name)}
    lines = ["# How fast it is, and others are", "", "`make bench` wrote this page.", "", *summary(results), "",
             HOW_TO_READ.format(rounds=results.rounds), ""]
    lines += [f"- {line}" for line in results.machine + versions() + missing(SERVERS.values())]
    lines += ["", *(f"- **{name}**: {SERVERS[name].what}" for name in SERVERS if name in used)]
    lines += ["", "Under systemd, `make bench-units` measures: see \"A busy site\" in [README.md](../README.md).", "",
              "![the same as bars](bench.svg)", ""]
    for measure in results.measures:
        lines += table(measure, results)
    return "\n".join(lines)


MARK = "<!-- make bench writes this table -->\n"


def put_summary(path, results):
    """Into the file that has the mark, in place of the table behind it"""
    with open(path, encoding="utf-8") as file:
        before, old = file.read().split(MARK)
    after = old.split("\n\n", 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + MARK + "\n".join(summary(results)) + "\n\n" + after)


# -- the plot

COLOURS = {"floor": "0x999999", "stord": "0x1f77b4"}
PEER_COLOUR = "0xe8a33d"
ACROSS = 3


def panel(measure, results):
    """gnuplot's commands for the bars of its first column"""
    column = measure.columns[0]
    bars = [(name, statistics.median(row[0] for row in results.figures[measure.name][name]))
            for name in measure.servers if results.figures[measure.name].get(name)]
    if not bars:
        return []
    data = [f'{at} {value} {COLOURS.get(SERVERS[name].program, PEER_COLOUR)} "{number(value, column.digits)}"'
            for at, (name, value) in enumerate(bars)]
    ticks = ", ".join(f'"{name}" {at}' for at, (name, _) in enumerate(bars))
    title = f"{measure.name}: {column.name}, {'more' if column.more else 'less'} is better"
    highest = max(value for _, value in bars) or 1
    return ["$data << END", *data, "END", f'set title "{title}"', f"set ytics ({ticks})",
            f"set yrange [{len(bars) - 0.5}:-0.5]", f"set xrange [0:{highest * 1.25}]",
            "plot $data using ($2/2):1:($2/2):(0.38):3 with boxxyerror lc rgb variable, "
            "'' using 2:1:4 with labels left offset 0.5,0 font ',9'"]


def plot(results, path):
    panels = [lines for lines in (panel(measure, results) for measure in results.measures) if lines]
    down = (len(panels) + ACROSS - 1) // ACROSS
    script = [f"set terminal svg size 1400,{down * 250} dynamic background 'white' font 'sans-serif,10'",
              f"set output '{path}'", "set style fill solid", "unset key", "set border 1", "unset xtics",
              "set ytics nomirror scale 0", "set title font ',11'",
              f"set multiplot layout {down},{ACROSS} margins 0.11,0.98,0.03,0.95 spacing 0.13,0.07"]
    for lines in panels:
        script += lines
    script += ["unset multiplot", ""]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)
