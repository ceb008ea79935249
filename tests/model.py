#!/usr/bin/env python3
"""Plays random sequences of steps of several sessions that use one root at once, and compares what
clients are told, and what is on the disk, with a model.

usage: model.py [--seed S] [--sequences N] [--steps M] [--seconds T] [--failures N] [--replay FILE]
                [--lie KIND]

Three clients upload, go on, append, look, rename and delete under two names; they break uploads off,
vanish and are killed, as handlers are, and programs on the disk take files away and replace them. The
model (model_world.py) knows after each step what may be there and what may be shown:

%RULES%
Which sequences there are depends on the seed alone; `--seed random`, and --seconds without a seed,
choose one and say which. --seconds: as many sequences as fit into that time. A failure is cut down to
the steps that it takes (--failures: go on until so many are found) and printed as a dialogue in the
manner of several.py; --replay plays it again from a file that holds what was printed. --lie makes
every third acknowledgement, or every SIZE, a lie that the model has to find: changed, lost, stray, size.

The steps are in model_steps.py, what a sequence is in model_stage.py, a client and its handler in
model_session.py. Exit status: 0; 1 on a failure, or where too little of what is to be tested came to
pass; 2 for wrong arguments.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # which -I leaves out
from model_session import HANDLER  # noqa: E402
from model_shrink import shrink  # noqa: E402
from model_stage import Step, make_config, play_again, play_new  # noqa: E402
from model_world import RULES  # noqa: E402

SEED, SEQUENCES, STEPS = "1", 40, 60
JOBS = 4            # most of the time a sequence waits
SHRINK_SECONDS = 60
ENOUGH = 1500       # steps, after which all of these must have come to pass:
NEEDED = ("stored", "bursts", "appended", "resumed", "extended", "renamed", "deleted", "refused", "partials shown", "killed",
          "terminated", "left", "taken away", "replaced on the disk", "events") + (("not let in",) if os.geteuid() == 0 else ())


def rules():
    return "".join(f"  {number}  {rule}\n" for number, rule in RULES.items())


def has_append_option():
    shown = subprocess.run([HANDLER, "--help"], capture_output=True, text=True, check=True)
    return "--append" in shown.stdout


class Run:
    """All sequences of one run, some of them at once."""

    def __init__(self, arguments):
        self.arguments, self.lock, self.next = arguments, threading.Lock(), 0
        self.has_append_option = has_append_option()
        self.counts, self.failures, self.error = collections.Counter(), [], None
        self.deadline = time.monotonic() + arguments.seconds if arguments.seconds else None

    def take_number(self):
        """Of the next sequence; None when there are to be no more."""
        with self.lock:
            over = time.monotonic() > self.deadline if self.deadline else self.next >= self.arguments.sequences
            if over or self.error or len(self.failures) >= self.arguments.failures:
                return None
            self.next += 1
            return self.next

    def work(self):
        try:
            while number := self.take_number():
                self.play(f"{self.arguments.seed}.{number}")
        except BaseException as error:  # of the model itself
            self.error = error
            raise

    def play(self, seed):
        counts = collections.Counter(sequences=1)
        config = make_config(seed, self.has_append_option)
        outcome = play_new(seed, config, self.arguments.steps, counts, self.arguments.lie)
        with self.lock:
            self.counts += counts
            if outcome.failure and len(self.failures) < self.arguments.failures:
                self.failures.append((seed, config, outcome))

    def run(self):
        threads = [threading.Thread(target=self.work) for _ in range(JOBS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def missing(self):
        enough = self.counts["steps"] >= ENOUGH
        return [what for what in NEEDED if enough and not self.counts[what]]


def cut_down(seed, config, outcome, lie):
    """The outcome of the fewest steps that fail in the same way."""
    rule = outcome.failure.rule

    def fails(steps):
        again = play_again(steps, config, lie)
        return again if again.failure and again.failure.rule == rule else None

    smaller = shrink(outcome.steps, fails, SHRINK_SECONDS)
    if not smaller:
        print(f"sequence {seed}: the failure did not come again; this is the whole of it")
    return smaller or outcome


def report(seed, outcome):
    failure = outcome.failure
    print(f"sequence {seed} breaks rule {failure.rule}: {RULES[failure.rule]}\n")
    print("\n".join(outcome.trace))
    print(f"\n{failure.what}\n  expected: {failure.expected}\n  found:    {failure.found}\n")
    print("replay " + json.dumps([seed, [list(step) for step in outcome.steps]]) + "\n", flush=True)


def replay(arguments):
    with open(arguments.replay, encoding="utf-8") as file:
        lines = [line.partition(" ")[2] for line in file if line.startswith("replay ")]
    failed = False
    for seed, steps in map(json.loads, lines):
        config = make_config(seed, has_append_option())
        outcome = play_again([Step(*step) for step in steps], config, arguments.lie)
        failed = failed or bool(outcome.failure)
        if outcome.failure:
            report(seed, outcome)
    print(f"{len(lines)} sequences played again" + ("" if failed else ": nothing fails"))
    return int(failed or not lines)


def read_arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__.replace("%RULES%", rules()))
    parser.add_argument("--seed")
    parser.add_argument("--sequences", type=int, default=SEQUENCES)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--failures", type=int, default=1)
    parser.add_argument("--replay")
    parser.add_argument("--lie", choices=("changed", "lost", "stray", "size"))
    arguments = parser.parse_args()
    if arguments.seed == "random" or (arguments.seconds and not arguments.seed):
        arguments.seed = str(random.SystemRandom().randrange(1 << 32))
    arguments.seed = arguments.seed or SEED
    return arguments


def main():
    arguments = read_arguments()
    if arguments.replay:
        return replay(arguments)
    print(f"seed {arguments.seed}", flush=True)
    run = Run(arguments)
    run.run()
    if run.error:
        return 1
    for seed, config, outcome in run.failures:
        report(seed, cut_down(seed, config, outcome, arguments.lie))
    print(", ".join(f"{count} {what}" for what, count in sorted(run.counts.items())))
    missing = run.missing()
    if missing:
        print("this never came to pass: " + ", ".join(missing))
    return int(bool(run.failures or missing))


if __name__ == "__main__":
    sys.exit(main())
