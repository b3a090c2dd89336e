"""`pttorture merge`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.text import count
from stress.interrupts import Interrupted, deferred
from stress.store.merging import Merged
from stress.store.merging import merge as merged


def merge(args: argparse.Namespace) -> int:
    """The whole command."""
    into = Path(args.into)
    done = None
    try:
        with deferred():
            done = merged([Path(folder) for folder in args.folders], into)
            sys.stdout.write("\n".join(_lines(done, len(args.folders), into)) + "\n")
    except Interrupted:
        if done is None:
            sys.stderr.write(f"interrupted: nothing was merged into {into}\n")
        raise
    return 0


def _lines(done: Merged, folders: int, into: Path) -> list[str]:
    what = f"{count(done.rounds, 'round')} and {count(done.findings, 'finding')} from {count(folders, 'folder')}"
    lines = [f"{into}: {what}"]
    if done.twice:
        lines.append(f"  {count(done.twice, 'round')} in more than one folder, counted once")
    if done.lost:
        lines.append(f"  {count(done.lost, 'round')} without a result, {done.running} of them still running")
    return lines
