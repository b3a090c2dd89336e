"""Search all pairs of a scenario and show the outcomes as one table.

Pairs are variants called ROW+COLUMN. `placement` is such a scenario: the count
of a table's entries in each word of its descriptor (rows), beside each other
user of that word (columns).
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", nargs="?", default="placement", help="a scenario with variants ROW+COLUMN")
    add("--seconds", type=options.seconds, default=20.0, metavar="S", help="for each pair, at most (20)")
    add("--json", metavar="FILE", help="write the outcomes to FILE, - for standard output")


def run(args: argparse.Namespace) -> int:
    from stress.matrix import matrix

    return matrix(args)
