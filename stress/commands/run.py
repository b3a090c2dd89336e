"""Stress variants on real threads and processes; without a NAME: the main job.

A NAME is a scenario (all its variants), SCENARIO:VARIANT, a race such as
S1-a, or a FILE.py of yours, FILE.py:VARIANT. Each variant runs for --seconds.
The main job takes at most 90 seconds on two cores, compilation not counted:
every variant on native threads and on native processes, those with a lock
upgrade on Python threads too, a real IOMMU trace, and one race drawn.
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="what to run; nothing: the main job")
    add("--seconds", type=options.seconds, metavar="S", help="how long each variant runs (default 5); 90s, 10m, 8h")
    add("--threads", type=options.integer(1, options.MAX_THREADS), metavar="T",
        help="threads of all processes together (default: one for each role)")
    add("--processes", type=options.integer(1, options.MAX_THREADS), metavar="P",
        help="worker processes that the threads are spread over (default 1)")
    add("--executor", type=options.one_of("executor", options.EXECUTORS), metavar="E",
        help="native (default) or python")
    add("--lock", type=options.one_of("lock", options.ALL_LOCKS), metavar="NAME",
        help="native: qrwlock, pthread, pthread-writer; python: fair, read, write")
    add("--seed", type=options.integer(0, 2**64 - 1), metavar="N", help="of all random choices (default: a new one)")
    add("--perturb", type=options.perturb, metavar="SPEC",
        help="none, yield:P or delay:P:NS, with probability P before each step (default: native yield:0.05, "
             "python yield:0.2; with none the speed is the executor's own)")
    add("--allow-missed", action="store_true", help="a missed violation is no reason for exit code 4")
    add("--explain", action="store_true",
        help="search for the smallest interleaving of each violation, draw it and attach it to the results")
    add("--json", metavar="FILE", help="write all results; - for standard output (human text then goes to stderr)")
    add("--junit-xml", metavar="FILE", help="write all results as JUnit XML")
    add("--quiet", action="store_true", help="only what is not as expected, and the last line")


def run(args: argparse.Namespace) -> int:
    from stress.running import run_command

    return run_command(args)
