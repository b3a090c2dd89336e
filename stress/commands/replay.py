"""Run one schedule again, step by step, and draw it.

The schedule comes from a FILE.json that `explore --save` wrote, or is the
smallest that breaks a race such as S1-a. Every executor must do the same
steps and end in the same violation.
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="RACE|FILE.json", help="what to replay")
    add("--executor", type=options.one_of("executor", ("explore", "python", "native")), default="explore", metavar="E",
        help="explore (default), python or native")
    add("--processes", action="store_true", help="native: one process a thread")
    add("--steps", action="store_true", help="show where each step is in the source")
    add("--html", metavar="FILE", help="write a page in which one steps through it; - for standard output")


def run(args: argparse.Namespace) -> int:
    options.refuse(args.processes and args.executor != "native",
                   f"--processes has no effect with --executor {args.executor}; use --executor native")
    from stress.replaying import replay

    return replay(args)
