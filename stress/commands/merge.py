"""Make one campaign out of the folders of its shards.

Each machine runs `campaign --shard 1/3`, `2/3`, ... with the same seed, names
and configuration, in a folder of its own. Merged they are what one machine
would have found: each round is counted once, also where two folders have it;
findings, coverage and reports follow from the rounds. The folders stay as they
are, and may be of campaigns that still run.
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folders", nargs="+", metavar="DIR", help="the folder of a campaign")
    add("--into", metavar="DIR", required=True, help="the folder to make, without a campaign in it")


def run(args: argparse.Namespace) -> int:
    from stress.store.command import merge

    return merge(args)
