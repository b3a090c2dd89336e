"""Write a campaign's page: one HTML file with everything in it.

What ran, what was found, and for each finding a viewer in which one steps
through the race. It can be written at any time, while the campaign runs too.
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="DIR", help="the folder of a campaign")
    add("--out", metavar="FILE.html", help="the page (DIR/report.html); - for standard output")
    add("--films", type=options.integer(0, 10_000), default=100, metavar="N",
        help="findings that get a viewer, at most (100); the others have their text pictures")
    add("--open", type=options.one_of("way to open it", ("never",)), default="never", metavar="never",
        help="the page is never opened by itself; for scripts that want to be sure")


def run(args: argparse.Namespace) -> int:
    from stress.report.html.writing import report

    return report(args)
