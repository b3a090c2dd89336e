"""What a reproduction script calls: one schedule, replayed by the search's machine and on real threads.

    main(SCHEDULE, __file__)          a script: prints the picture, exits 1 while it breaks
    assert_holds(SCHEDULE, __file__)  a test: fails, with the picture, while it breaks

A fix mostly changes the steps, and then the schedule cannot be followed any more. That alone shows nothing, so the
smallest violation is looked for again: found, it still breaks; none within the bound, it does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import DivergedError, InternalError, UsageError
from engine.text import count
from stress import cache, verdict
from stress.cli import Parser, answered
from stress.console import Console
from stress.drawing import draw
from stress.job import finder
from stress.replaying import parsed, run, said, unseen
from stress.report.places import short
from stress.report.text import wrap
from stress.searching import smallest, waiting

if TYPE_CHECKING:
    from engine.language.program import Program
    from engine.schedule import Schedule

EXIT_CODES: Final = """\
exit codes:
  0    it does not break any more: the schedule ends well, or it cannot be
       followed and a search that was complete within its bound finds nothing
  1    it breaks
  2    wrong use: an option, or the scenario is not there any more
  3    an executor or the machine failed, or two executors differ
  4    inconclusive: the schedule cannot be followed, and the search that was
       made instead did not end
  130  interrupted
"""
SECONDS: Final = 60.0  # for the search where the schedule cannot be followed


@dataclass(frozen=True)
class Outcome:
    """What became of a schedule. `breaks`: None if that is not known. `text`: what to show."""

    breaks: bool | None
    text: str
    schedule: Schedule
    followed: bool = True


def main(schedule: str, file: str, argv: Sequence[str] | None = None) -> int:
    """The whole script. `schedule`: the text of a schedule file; `file`: of the script, `__file__`.

    Returns:
        The exit code.
    """
    return answered(lambda: _in_cache(schedule, file, argv))


def _in_cache(text: str, file: str, argv: Sequence[str] | None) -> int:
    with cache.writable():
        return _main(text, file, argv)


def _main(text: str, file: str, argv: Sequence[str] | None) -> int:
    parser = Parser(
        description="Replay one schedule on the search's machine, then on real threads through the gate.",
        epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executor", choices=("explore", "python", "native"), action="append",
                        help="where to replay it; may be repeated (default: explore and native)")
    parser.add_argument("--steps", action="store_true", help="show where each step is in the source")
    args = parser.parse_args(argv)
    schedule, source = parsed(text, file, Path(file).parent)
    program = schedule.program(finder(source))
    found = outcome(program, schedule.fitted(program), steps=args.steps)
    sys.stdout.write(found.text + "\n")
    if found.breaks and found.followed:
        for executor in args.executor or ("explore", _threads()):
            sys.stdout.write(_replayed(program, found.schedule, source, executor))
    return {True: 1, False: 0, None: verdict.EXIT_INCONCLUSIVE}[found.breaks]


def assert_holds(schedule: str, file: str) -> None:
    """Fail while the schedule breaks its scenario, or while it is not known whether it does.

    Raises:
        AssertionError: with the picture.
        UsageError: the scenario is not there any more.
    """
    __tracebackhide__ = True  # pytest shows the test, not this
    given, source = parsed(schedule, file, Path(file).parent)
    program = given.program(finder(source))
    found = outcome(program, given.fitted(program))
    if found.breaks is not False:
        ended = found.schedule.violation or {}
        what = f"breaks: {ended.get('kind')} at {ended.get('where')}" if found.breaks else "is not known to hold"
        raise AssertionError(f"{program.name} {what}\n{found.text}")


def outcome(program: Program, schedule: Schedule, *, steps: bool = False) -> Outcome:
    """Whether the schedule, or where it cannot be followed another one, breaks its program. By the search's machine."""
    from engine.explore import replay

    try:
        picture = draw(program, schedule, steps=steps)
        violation = replay(program, schedule).violation
    except DivergedError as error:
        return _searched(program, schedule, str(error))
    if violation is None:
        said_well = f"The schedule ends well: {program.name} does not break on it any more."
        return Outcome(False, f"{picture}\n{said_well}", schedule)
    if not schedule.ends_like(violation):
        picture += "\n" + said(schedule, violation, len(schedule.turns), "explore")
    return Outcome(True, picture, schedule)


def _searched(program: Program, schedule: Schedule, why: str) -> Outcome:
    """The schedule cannot be followed: is there another?"""
    head = "\n".join(wrap(short(f"The schedule cannot be followed: {why}"), indent=0))
    with waiting(Console(sys.stderr), program.name):
        result = smallest(program, seconds=SECONDS, lock=schedule.lock, pool=schedule.pool, model=schedule.model)
    if result.schedule is not None:
        picture = draw(result.program or program, result.schedule)
        return Outcome(True, f"{head}\nAnother one breaks it:\n\n{picture}", result.schedule, False)
    bound = result.bound.get("preemptions")
    within = "any number of preemptions" if bound is None else f"at most {count(bound, 'preemption')}"
    ends = f"{count(result.executions, 'execution')} with {within}"
    if result.complete:
        return Outcome(False, f"{head}\nNone of all {ends} breaks {program.name}.", schedule, False)
    return Outcome(None, f"{head}\nNone of {ends} breaks {program.name}, but these are not all.", schedule, False)


def _threads() -> str:
    """The executor with real threads: native, or Python's where that cannot run."""
    from engine.jit import HAVE_NUMBA

    return "native" if HAVE_NUMBA else "python"


def _replayed(program: Program, schedule: Schedule, source: str, executor: str) -> str:
    """One line on one executor.

    Raises:
        InternalError: it did not end as on the search's machine.
    """
    try:
        violation, steps = run(program, schedule, source, executor)
    except UsageError as error:  # it cannot force this memory model
        return "\n".join(wrap(f"not replayed on {executor}: {error}", indent=0)) + "\n"
    line = "\n".join(wrap(short(said(schedule, violation, steps, executor)), indent=0)) + "\n"
    if not (schedule.ends_like(violation) or unseen(schedule, violation, executor)):
        raise InternalError(f"{line.strip()}; two executors differ, this is a bug of pttorture")
    return line
