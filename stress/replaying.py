"""`pttorture replay`: a schedule run again, by any executor."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from engine import __version__
from engine.errors import DivergedError, ProtocolError, PttortureError, UsageError
from engine.language.program import build
from engine.schedule import Schedule
from stress import verdict
from stress.drawing import draw
from stress.job import finder
from stress.searching import smallest
from stress.selection import choose

REPLAY: float = 120.0  # seconds for a replay in another process


def saved(schedule: Schedule, source: str) -> Schedule:
    """The schedule for a file: one of a user's scenario remembers where that is."""
    if not source:
        return schedule
    from dataclasses import replace

    return replace(schedule, bound={**schedule.bound, "source": source})


def replay(args: argparse.Namespace) -> int:
    """The whole command."""
    schedule, source = _schedule(args.name)
    try:
        program = schedule.program(finder(source))
        sys.stdout.write(draw(program, schedule, steps=args.steps) + "\n")
    except (UsageError, DivergedError) as error:
        raise _named(error, args.name, schedule) from error
    wanted = (schedule.violation or {}).get("kind")
    if args.executor == "explore":
        from engine.explore import replay as run

        execution = run(program, schedule)
        found, steps = execution.violation and execution.violation.kind, len(execution.steps)
    else:
        found, steps = _elsewhere(schedule, source, args.executor, args.processes)
    same = found == wanted
    sys.stdout.write(f"replayed on {args.executor}: {steps} steps, {found or 'clean'}"
                     + (", as recorded\n" if same else f"; recorded was: {wanted or 'clean'}\n"))
    return verdict.EXIT_AS_EXPECTED if same else verdict.EXIT_NOT_AS_EXPECTED


def _named(error: UsageError | DivergedError, name: str, schedule: Schedule) -> PttortureError:
    """The error with the file it is about, and with the version that wrote it if it was another."""
    if not name.endswith(".json") or isinstance(error, ProtocolError):
        return error
    by = f" (recorded by pttorture {schedule.engine}, this is {__version__})" if schedule.engine != __version__ else ""
    return type(error)(f"{name}: {error}{by}")


def _elsewhere(schedule: Schedule, source: str, executor: str, processes: bool) -> tuple[str | None, int]:
    """Replay in a child of a zygote: a schedule may end in a deadlock, and then the threads really hang."""
    from stress.nursery import Nursery

    with tempfile.TemporaryDirectory(prefix="pttorture-replay-") as folder:
        nursery = Nursery(Path(folder) / "zygote.log")
        try:
            answer = nursery.ask("replay", REPLAY, schedule=schedule.to_json(), executor=executor, source=source,
                                 processes=processes)
        finally:
            nursery.close()
    violation = answer["violation"]
    return (violation["kind"] if violation else None), len(answer["steps"])


def _schedule(name: str) -> tuple[Schedule, str]:
    """A schedule and the user's file it belongs to: read from a file, or the smallest one that breaks a race."""
    if name.endswith(".json"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{name}: cannot be read ({error})") from error
        try:
            schedule = Schedule.from_json(text)
        except UsageError as error:
            raise UsageError(f"{name}: {error}") from error
        return schedule, str(schedule.bound.get("source", ""))
    chosen = choose(name, first=True)[0]
    lock = next(iter(chosen.variant.locks), "qrwlock")
    found = smallest(build(chosen.scenario, chosen.variant.name), lock=lock)
    if found.schedule is None:
        raise UsageError(f"{chosen.title}: no execution breaks it within {found.bound}; there is nothing to replay")
    return saved(found.schedule, chosen.source), chosen.source
