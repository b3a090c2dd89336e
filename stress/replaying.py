"""`pttorture replay`: a schedule run again, by any executor."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine import __version__
from engine.errors import DivergedError, ProtocolError, PttortureError, UsageError
from engine.language.program import Program, build
from engine.schedule import Schedule, Violation
from engine.text import count
from stress import verdict
from stress.console import Console
from stress.drawing import draw
from stress.findings.lookup import finding, is_finding, schedule_of
from stress.job import finder
from stress.report.html import write_viewer
from stress.report.places import short
from stress.report.text import wrap
from stress.report.write import check_target
from stress.searching import patience, smallest, waiting
from stress.selection import choose, model_that_breaks

if TYPE_CHECKING:
    from engine.explore import Result

REPLAY: float = 300.0  # seconds for a replay in another process


def replay(args: argparse.Namespace) -> int:
    """The whole command."""
    check_target("--html", args.html)
    schedule, source = read(args.name)
    try:
        return shown(schedule, source, args.executor, processes=args.processes, steps=args.steps, html=args.html)
    except (UsageError, DivergedError) as error:
        raise _named(error, args.name, schedule) from error


def shown(schedule: Schedule, source: str, executor: str = "explore", *, processes: bool = False,
          steps: bool = False, html: str | None = None) -> int:
    """Draw a schedule, replay it and say how that ended; returns the exit code.

    `html`: the file for the page in which one steps through it; on standard output it takes the place of the text.

    Raises:
        DivergedError: the program does not follow it. UsageError: the scenario is gone, or the executor cannot.
    """
    program = schedule.program(finder(source))
    schedule = schedule.fitted(program)
    drawn = draw(program, schedule, steps=steps)
    out = sys.stderr if html == "-" else sys.stdout
    out.write(drawn + "\n")
    write_viewer(html, schedule, source, drawn)
    violation, taken = run(program, schedule, source, executor, processes=processes)
    same = schedule.ends_like(violation) or unseen(schedule, violation, executor)
    out.write("\n".join(wrap(short(said(schedule, violation, taken, executor)), indent=0)) + "\n")
    return verdict.EXIT_AS_EXPECTED if same else verdict.EXIT_NOT_AS_EXPECTED


def said(schedule: Schedule, violation: Violation | None, steps: int, executor: str) -> str:
    """What a replay did, beside what was recorded if that was something else."""
    recorded = schedule.violation or {}
    found = _ending(violation.kind, violation.where) if violation else "clean"
    was = _ending(recorded["kind"], recorded.get("where", "")) if recorded else "clean"
    tail = ", as recorded" if schedule.ends_like(violation) else f"; recorded was: {was}"
    if unseen(schedule, violation, executor):
        tail = f": all steps as recorded; that they end in a {was} is for the search to see"
    return f"replayed on {executor}: {count(steps, 'step')}, {found}{tail}"


def unseen(schedule: Schedule, violation: Violation | None, executor: str) -> bool:
    """Whether the schedule ends in what only the search can see, and real threads have followed it to its end."""
    from engine.python.replay import BLIND

    return violation is None and executor != "explore" and (schedule.violation or {}).get("kind") in BLIND


def _ending(kind: str, where: str) -> str:
    return f"{kind} at {where}" if where else kind


def run(program: Program, schedule: Schedule, source: str, executor: str, *,
        processes: bool = False) -> tuple[Violation | None, int]:
    """Replay on an executor: how it ended, and how many steps it took, those of the check at rest included.

    Raises:
        DivergedError: the program does not follow the schedule. UsageError: the executor cannot replay it.
    """
    if executor != "explore":
        return _in_a_child(schedule, source, executor, processes)
    from engine.explore import replay as replayed

    execution = replayed(program, schedule)
    return execution.violation, len(execution.steps)


def _in_a_child(schedule: Schedule, source: str, executor: str, processes: bool) -> tuple[Violation | None, int]:
    """In a child of a zygote: a schedule may end in a deadlock, and then the threads really hang."""
    from stress.nursery import Nursery

    with tempfile.TemporaryDirectory(prefix="pttorture-replay-") as folder:
        nursery = Nursery(Path(folder) / "zygote.log")
        try:
            with patience(f"replaying on {executor}: compiling (once, about half a minute)"):
                answer = nursery.ask("replay", REPLAY, schedule=schedule.to_json(), executor=executor, source=source,
                                     processes=processes)
        finally:
            nursery.close()
    violation = answer["violation"]
    return (Violation(**violation) if violation else None), len(answer["steps"])


def _named(error: UsageError | DivergedError, name: str, schedule: Schedule) -> PttortureError:
    """The error with the file it is about, and with the version that wrote it if it was another."""
    if not name.endswith(".json") or isinstance(error, ProtocolError):
        return error
    by = f" (recorded by pttorture {schedule.engine}, this is {__version__})" if schedule.engine != __version__ else ""
    return type(error)(f"{name}: {error}{by}")


def read(name: str) -> tuple[Schedule, str]:
    """A schedule and the user's file it belongs to: of a file or a finding, or the smallest one that breaks a race.

    Raises:
        UsageError: no such file or race, no schedule in it, or nothing breaks.
    """
    if name.endswith(".json"):
        return _read_file(name)
    if Path(name).is_file() and not name.endswith(".py"):
        raise UsageError(f"{name}: not a schedule; `explore --save FILE.json` writes one, its name ends in .json")
    if is_finding(name):
        return parsed(schedule_of(finding(name)[0]), name, Path())
    chosen = choose(name, first=True)[0]
    lock = next(iter(chosen.variant.locks), "qrwlock")
    with waiting(Console(sys.stderr), chosen.title):
        found = smallest(build(chosen.scenario, chosen.variant.name), lock=lock,
                         model=model_that_breaks(chosen.scenario, chosen.variant, lock) or "sc")
    if found.schedule is None:
        raise UsageError(f"{chosen.title}: {_nothing(found)}; there is nothing to replay")
    return saved(found.schedule, chosen.source, ""), chosen.source


def _nothing(found: Result) -> str:
    """Why there is no schedule: what was searched."""
    bound = found.bound.get("preemptions")
    within = "any number of preemptions" if bound is None else f"at most {count(bound, 'preemption')}"
    how = "no execution" if found.complete else f"none of {count(found.executions, 'execution')}"
    return f"{how} with {within} breaks it"


def _read_file(name: str) -> tuple[Schedule, str]:
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return parsed(text, name, Path(name).parent)


def parsed(text: str, name: str, folder: Path) -> tuple[Schedule, str]:
    """A schedule, and the user's file it belongs to ("" for ours), which it names relative to `folder`.

    Raises:
        UsageError: no schedule; names `name`.
    """
    try:
        schedule = Schedule.from_json(text)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error
    source = str(schedule.bound.get("source", ""))
    return schedule, str((folder.resolve() / source).resolve()) if source else ""


def saved(schedule: Schedule, source: str, target: str) -> Schedule:
    """The schedule for a file `target`: one of a user's scenario remembers where that is, and what was in it.

    Relative to the file where both lie below the working directory, so that a repository can be moved.
    """
    if not source:
        return schedule
    digest = {"digest": digest_of(source), **schedule.bound}["digest"]  # that of when it was recorded
    folder, here = Path(target).resolve().parent, Path.cwd()
    if target not in ("", "-") and folder.is_relative_to(here) and Path(source).is_relative_to(here):
        source = os.path.relpath(source, folder)
    return replace(schedule, bound={**schedule.bound, "source": source, "digest": digest})


def digest_of(source: str) -> str:
    """What says whether a file has changed; "" of one that cannot be read."""
    try:
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    except OSError:
        return ""


def edited(schedule: Schedule, source: str) -> bool:
    """Whether the user's file has other contents than when the schedule was recorded."""
    return bool(source) and schedule.bound.get("digest", "") not in ("", digest_of(source))
