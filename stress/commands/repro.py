"""Write a script or a test that reproduces a race, or say where the ready one is.

The schedule comes from a FILE.json that `explore --save` wrote, or is the
smallest that breaks a race such as S1-a or a FILE.py of yours. The script
needs nothing but pttorture: it replays the schedule on the search's machine
and on native threads, prints the picture and exits 1 while the race is there,
0 when it is not. The test fails while it is there. Each named race has a ready
script; without options its place is shown, without a NAME those of all.

A finding of a campaign is named by its signature, or the beginning of it:
DIR/SIGNATURE or --campaign DIR SIGNATURE. Without options its smallest
schedule is replayed.
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", nargs="?", metavar="RACE|FILE.json|FILE.py|DIR/FINDING",
        help="what to reproduce; nothing: list the ready scripts, or the findings")
    add("--campaign", metavar="DIR", help="the campaign whose FINDING is meant")
    add("--script", metavar="FILE.py", help="write a stand-alone script")
    add("--pytest", metavar="FILE.py", help="write a test")


def run(args: argparse.Namespace) -> int:
    options.refuse((args.script or args.pytest) and not args.name,
                   "--script and --pytest need a RACE or a FILE or a finding")
    from stress.reproducing import repro

    return repro(args)
