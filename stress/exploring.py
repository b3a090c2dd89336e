"""`pttorture explore` and `pttorture replay`: the search, its verdict within its bound, and a schedule run again."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.errors import DivergedError, ProtocolError, PttortureError, UsageError
from engine.language.program import Program, build
from engine.schedule import Schedule
from stress import machine, options, verdict
from stress.console import Console
from stress.drawing import draw
from stress.interrupts import EXIT_INTERRUPTED, Interrupted, deferred
from stress.job import finder
from stress.report import json as json_report
from stress.report.places import short
from stress.report.text import wrap
from stress.report.write import check_target, write
from stress.searching import waiting
from stress.selection import Chosen, choose

if TYPE_CHECKING:
    from engine.explore import Result

REPLAY: float = 120.0  # seconds for a replay in another process


def explore(args: argparse.Namespace) -> int:
    """The whole command."""
    check_target("--json", args.json)
    check_target("--save", args.save)
    _check(args)
    chosen = choose(args.name, first=True)[0]
    lock = args.lock or next(iter(chosen.variant.locks), "qrwlock")
    program = build(chosen.scenario, chosen.variant.name, threads=args.threads or 0, rounds=args.rounds or 0)
    console = Console(sys.stderr if "-" in (args.json, args.save) else sys.stdout)
    try:
        with waiting(console, f"{chosen.scenario.name}:{chosen.variant.name}"):
            result = _search(program, args, lock)
    except Interrupted:
        with deferred():
            console.result("interrupted: no execution was completed")
            _write(args, [])
        return EXIT_INTERRUPTED
    with deferred():
        data = described(chosen, program, result, lock)
        for line in _lines(data, every=args.all):
            console.result(line)
        if result.schedule is not None:
            console.result("\n" + draw(program, result.schedule))
            if args.save:
                write(args.save, saved(result.schedule, chosen.source).to_json())
                console.result(f"schedule written to {args.save}; run it again with: pttorture replay {args.save}"
                               if args.save != "-" else "schedule written to standard output")
        elif args.save:
            console.result(f"no schedule written to {args.save}: nothing was found")
        _write(args, [data])
    return EXIT_INTERRUPTED if result.interrupted else verdict.exit_code([data])


def _write(args: argparse.Namespace, results: list[dict[str, Any]]) -> None:
    if args.json:
        write(args.json, json_report.render({"version": __version__, "machine": machine.facts()}, results))


def _check(args: argparse.Namespace) -> None:
    """Options that would have no effect.

    Raises:
        UsageError: one of them was given.
    """
    from engine.explore.strategies import STRATEGIES, TABLE

    if args.strategy is not None and args.strategy not in STRATEGIES:
        raise UsageError(f"--strategy: unknown strategy {args.strategy!r}{options.close(args.strategy, STRATEGIES)}")
    takes = TABLE[args.strategy].options if args.strategy else {"preemptions"}
    for option in ("seed", "preemptions"):
        able = " or ".join(name for name, row in TABLE.items() if option in row.options)
        options.refuse(getattr(args, option) is not None and option not in takes,
                       f"--{option} has no effect without --strategy {able}")
    if args.strategy is None:
        options.refuse(args.all, "--all has no effect when the smallest violation is looked for; add --strategy dfs")
        options.refuse(args.executions, "--executions has no effect when the smallest violation is looked for; "
                                        "add --strategy dfs")
    options.refuse(args.json == args.save == "-", "--json - and --save - cannot both have standard output")
    options.refuse(args.model != "sc", f"--model {args.model} is not there yet; there is: sc")


def _search(program: Program, args: argparse.Namespace, lock: str) -> Result:
    import engine.explore as search
    from engine.explore.strategies import find

    if args.strategy is None:
        most = {} if args.preemptions is None else {"preemptions": args.preemptions}
        return search.smallest(program, seconds=args.seconds or 60.0, lock=lock, model=args.model, **most)
    seconds = args.seconds
    if not find(args.strategy).ends and seconds is None and args.executions is None:
        seconds = 10.0
    return search.explore(program, strategy=args.strategy, preemptions=args.preemptions, executions=args.executions,
                          seconds=seconds, seed=1 if args.seed is None else args.seed, lock=lock, model=args.model,
                          stop_at_first=not args.all)


def described(chosen: Chosen, program: Program, result: Result, lock: str) -> dict[str, Any]:
    """The result as plain data, with its verdict."""
    variant = chosen.variant
    context = "interrupt" if any(t.context == "interrupt" for t in program.threads) else "process"
    expected = variant.expected(lock=lock, model=result.model, executor="explore", context=context)
    found = [] if result.violation is None else [result.violation.kind]
    said = verdict.judge(expected, found, rounds=result.executions, work={"all within the bound": result.complete},
                         needs=("all within the bound",))
    return {
        "scenario": chosen.scenario.name, "variant": variant.name, "race": variant.item or None, "kind": variant.kind,
        "strategy": result.bound.get("strategy", ""), "model": result.model, "lock": lock,
        "threads": len(program.threads), "bound": {**result.bound, "rounds": program.rounds,
                                                   **asdict(program.geometry)},
        "executions": result.executions, "redundant": result.redundant, "blocked": result.blocked,
        "steps": result.steps, "states": result.states, "complete": result.complete,
        "interrupted": result.interrupted, "found": result.found,
        "seconds": round(result.seconds, 3), "work": dict(result.counters),
        "executions_per_second": round(result.executions / result.seconds) if result.seconds else 0,
        "violation": _violation(result), "expected": expected, "outcome": said.outcome, "verdict": said.verdict,
        "why": said.why,
    }


def _violation(result: Result) -> dict[str, Any] | None:
    if result.violation is None:
        return None
    schedule = result.schedule.to_json() if result.schedule else ""
    return {**asdict(result.violation), "schedule": schedule, "preemptions": result.preemptions}


def _lines(data: Mapping[str, Any], *, every: bool = False) -> list[str]:
    """The verdict with its bound: what was searched, and what that says. `every`: all violations were looked for."""
    bound = data["bound"]
    preemptions = bound.get("preemptions")
    limit = "any number of preemptions" if preemptions is None else f"at most {preemptions} preemptions"
    within = f"{data['model']}, {data['lock']}, {data['threads']} threads, {bound['rounds']} rounds, {limit}"
    how = "all within the bound" if data["complete"] else "not all within the bound"
    if data["violation"] and not data["complete"] and not every:
        how = "up to the first violation"
    if every:
        how += f", {data['found']:,} with a violation"
    if data["interrupted"]:
        how += "; interrupted"
    lines = [f"{data['scenario']}:{data['variant']}: {data['outcome']} (expected {data['expected']})",
             *wrap(f"{data['executions']:,} executions, {data['steps']:,} steps in {data['seconds']:.1f} s, {how}",
                   indent=2),
             f"  bound: {within},", f"         {bound['entries']} entries, {bound['levels']} levels"]
    if data["violation"]:
        found = data["violation"]
        lines += wrap(short(f"{found['kind']}: {found['message']} at {found['where']}, "
                            f"{found['preemptions']} preemptions"), indent=2)
    return lines


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
    from engine.explore import smallest

    chosen = choose(name, first=True)[0]
    lock = next(iter(chosen.variant.locks), "qrwlock")
    found = smallest(build(chosen.scenario, chosen.variant.name), lock=lock)
    if found.schedule is None:
        raise UsageError(f"{chosen.title}: no execution breaks it within {found.bound}; there is nothing to replay")
    return saved(found.schedule, chosen.source), chosen.source
