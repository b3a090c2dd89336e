"""`pttorture report`: the page of a campaign's folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stress.report.html import page, sections
from stress.report.html.data import gather
from stress.report.write import check_target, write
from stress.searching import patience
from stress.store.view import look


def report(args: argparse.Namespace) -> int:
    """The whole command."""
    folder = Path(args.folder)
    target = args.out or str(folder / "report.html")
    with look(folder) as view:
        check_target("--out", target)
        campaign = gather(view)
    with patience("replaying the findings, step by step"):
        text = page.campaign_page(campaign, folder, args.films)
    write(target, text)
    if target != "-":
        sys.stdout.write(f"written: {target} ({sections.sized(len(text.encode()))})\n")
    return 0
