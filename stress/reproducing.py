"""`pttorture repro`: scripts and tests that reproduce a race or a finding."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UsageError
from engine.text import count
from stress import scripts
from stress.findings.files import FOLDER, named
from stress.findings.lookup import finding, is_finding, schedule_of
from stress.replaying import parsed, read, saved, shown
from stress.report.places import short
from stress.report.text import wrap
from stress.report.write import check_target, write
from stress.selection import choose
from stress.store.view import FindingRow, look

if TYPE_CHECKING:
    from engine.schedule import Schedule


def repro(args: argparse.Namespace) -> int:
    """The whole command."""
    if args.campaign is not None and not args.name:
        return _findings(args.campaign)
    if not args.name:
        return _list()
    for option, target in (("--script", args.script), ("--pytest", args.pytest)):
        _check(option, target)
    of_campaign = args.campaign is not None or is_finding(args.name)
    if not (args.script or args.pytest):
        return _replayed(*finding(args.name, args.campaign)) if of_campaign else _where(args.name)
    if of_campaign:
        found, _ = finding(args.name, args.campaign)
        (schedule, source), race = _schedule(found), named(found)
    else:
        (schedule, source), race = read(args.name), _race(args.name)
    _write(args.script, scripts.script, schedule, source, race, "python3")
    _write(args.pytest, scripts.pytest, schedule, source, race, "pytest")
    return 0


def _write(target: str | None, render: Callable[[Schedule, str], str], schedule: Schedule, source: str, race: str,
           run: str) -> None:
    if target:
        write(target, render(saved(schedule, source, target), race))
        sys.stdout.write(f"written: {target}; run it with: {run} {shlex.quote(target)}\n")


def _check(option: str, target: str | None) -> None:
    """Only a file that was written here is replaced: a mistyped name must not cost anybody's protocol.

    Raises:
        UsageError: it cannot be written, or is somebody's own.
    """
    if target is None:
        return
    check_target(option, target)
    if target != "-" and not target.endswith(".py"):
        raise UsageError(f"{option} {target}: a Python file; its name ends in .py")
    path = Path(target)
    if path.is_file() and path.stat().st_size and scripts.MARK not in path.read_text(errors="replace"):
        raise UsageError(f"{option} {target}: exists and was not written by pttorture repro; name another file")


def _race(name: str) -> str:
    """The catalogue's name of what a NAME means, "" if it has none."""
    return "" if name.endswith(".json") else choose(name, first=True)[0].variant.item


def _where(name: str) -> int:
    """Where the ready script of a race is.

    Raises:
        UsageError: there is none.
    """
    found = None if name.endswith(".json") else choose(name, first=True)[0]
    path = scripts.ready(found.scenario, found.variant) if found and not found.source else None
    if path is None or not path.is_file():
        raise UsageError(f"{name}: no ready script; write one with --script FILE.py or --pytest FILE.py")
    sys.stdout.write(f"{path}\nrun it with: python3 {shlex.quote(short(str(path)))}\n")
    return 0


def _schedule(found: FindingRow) -> tuple[Schedule, str]:
    """The smallest schedule of a finding, and the user's file it belongs to."""
    return parsed(schedule_of(found), f"finding {found.signature}", Path())


def _replayed(found: FindingRow, campaign: Path) -> int:
    """Replay the smallest schedule of a finding; the exit code is that of `replay`."""
    schedule, source = _schedule(found)
    _say(f"{found.title} [{found.signature}], {count(found.count, 'time')} in {count(found.rounds, 'round')}; "
         f"{_explained(found)}")
    sys.stdout.write("\n")
    code = shown(schedule, source)
    script = campaign / FOLDER / found.signature / "repro.py"
    if script.is_file():
        _say(f"on native threads too: python3 {shlex.quote(short(str(script)))}")
    return code


def _findings(campaign: str) -> int:
    """A line for each finding of a campaign."""
    with look(campaign) as view:
        found = view.findings()
    for each in found:
        news = "" if each.expected else "not expected: "
        _say(f"{each.signature}  {news}{each.title}; {_explained(each)}")
    if not found:
        _say("nothing has been found yet")
    return 0


def _explained(found: FindingRow) -> str:
    return str((found.explanation or {}).get("explained", "not explained yet"))


def _say(text: str) -> None:
    sys.stdout.write("\n".join(wrap(short(text), indent=0)) + "\n")


def _list() -> int:
    sys.stdout.write(f"ready scripts in {scripts.FOLDER}:\n")
    for scenario, variant in scripts.broken():
        sys.stdout.write(f"  {variant.item:<17} {scripts.ready(scenario, variant).name}\n")
    return 0
