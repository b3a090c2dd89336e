"""`pttorture explore`: the search, and its verdict within its bound."""

from __future__ import annotations

import argparse
import shlex
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from engine import __version__
from engine.errors import UsageError
from engine.language.program import Program, build
from engine.text import count
from stress import machine, options, verdict
from stress.console import Console
from stress.drawing import draw
from stress.interrupts import EXIT_INTERRUPTED, Interrupted, deferred
from stress.replaying import saved
from stress.report import json as json_report
from stress.report.html import write_viewer
from stress.report.places import short
from stress.report.text import wrap
from stress.report.write import check_target, write
from stress.searching import SECONDS, minimised, smallest, waiting
from stress.selection import Chosen, choose, model_that_breaks

if TYPE_CHECKING:
    from engine.explore import Result


def explore(args: argparse.Namespace) -> int:
    """The whole command."""
    check_target("--json", args.json)
    check_target("--save", args.save)
    check_target("--html", args.html)
    _check(args)
    chosen = choose(args.name, first=True)[0]
    lock = args.lock or next(iter(chosen.variant.locks), "qrwlock")
    program = build(chosen.scenario, chosen.variant.name, threads=args.threads or 0, rounds=args.rounds or 0)
    console = Console(sys.stderr if "-" in (args.json, args.save, args.html) else sys.stdout)
    try:
        with waiting(console, f"{chosen.scenario.name}:{chosen.variant.name}"):
            found = _search(program, args, lock)
            result = _small(found) if args.strategy and not found.interrupted else found
    except Interrupted:
        with deferred():
            console.result("interrupted: no execution was completed")
            _write(args, [])
        return EXIT_INTERRUPTED
    with deferred():
        data = described(chosen, program, result, lock)
        data["minimised_from"] = _size(found) if found is not result else None
        for line in lines(data, every=args.all):
            console.result(line)
        needed = model_that_breaks(chosen.scenario, chosen.variant, lock)
        if result.schedule is None and needed not in ("", "sc", args.model):
            console.result(f"  expected to break under {needed}: add --model {needed}")
        if result.schedule is not None:
            if args.save:
                write(args.save, saved(result.schedule, chosen.source, args.save).to_json())
            drawn = draw(result.program or program, result.schedule, replay=_again(args, needed))
            console.result("\n" + drawn.rstrip("\n"))
            write_viewer(args.html, result.schedule, chosen.source, drawn)
        for target in filter(None, (args.save, args.html) if result.schedule is None else ()):
            console.result(f"no schedule written to {target}: nothing was found")
        _write(args, [data])
    return EXIT_INTERRUPTED if result.interrupted else verdict.exit_code([data])


#: What decides which violation is found, as options of the command.
_DECIDE: Final = ("strategy", "model", "lock", "rounds", "threads", "preemptions", "executions", "seconds", "seed",
                  "depth", "memory", "compact")


def _again(args: argparse.Namespace, model: str) -> str:
    """The command that replays what was found: from the file it was written to, or by the search that found it, under
    the model that `pttorture replay NAME` takes."""
    if args.save and args.save != "-":
        return f"pttorture replay {shlex.quote(args.save)}"
    given = {name: value for name in _DECIDE if (value := getattr(args, name)) is not None and value != "sc"}
    if given == ({"model": model} if model not in ("", "sc") else {}):
        return f"pttorture replay {shlex.quote(args.name)}"
    options = [f"--{name}" if value is True else f"--{name} {value}" for name, value in given.items()]
    words = ["pttorture explore", shlex.quote(args.name), *options, "--save race.json && pttorture replay race.json"]
    return " \\\n  ".join(textwrap.wrap(" ".join(words), 68, break_long_words=False, break_on_hyphens=False))


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
    for option in ("seed", "depth", "preemptions", "memory", "compact"):
        able = " or ".join(name for name, row in TABLE.items() if option in row.options)
        options.refuse(getattr(args, option) is not None and option not in takes,
                       f"--{option} has no effect without --strategy {able}")
    if args.strategy is None:
        options.refuse(args.all, "--all has no effect when the smallest violation is looked for; add --strategy dfs")
        options.refuse(args.executions, "--executions has no effect when the smallest violation is looked for; "
                                        "add --strategy dfs")
    options.refuse([args.json, args.save, args.html].count("-") > 1,
                   "only one of --json -, --save - and --html - can have standard output")


def _search(program: Program, args: argparse.Namespace, lock: str) -> Result:
    import engine.explore as search
    from engine.explore.strategies import find

    if args.strategy is None:
        most = {} if args.preemptions is None else {"preemptions": args.preemptions}
        return smallest(program, seconds=args.seconds or SECONDS, lock=lock, model=args.model, **most)
    seconds = args.seconds
    if not find(args.strategy).ends and seconds is None and args.executions is None:
        seconds = 10.0
    return search.explore(program, strategy=args.strategy, preemptions=args.preemptions, executions=args.executions,
                          seconds=seconds, seed=1 if args.seed is None else args.seed, depth=args.depth or 3, lock=lock,
                          model=args.model, stop_at_first=not args.all, memory=args.memory, compact=bool(args.compact))


def _small(found: Result) -> Result:
    """What was found is made small before it is shown, but for two things.

    The first violation that `dfs` comes to within its bound is what was asked for. Of a livelock one turn of its cycle
    is shown, and cut it is none.
    """
    livelock = found.violation is not None and found.violation.kind == "livelock"
    return found if livelock or found.bound["strategy"] == "dfs" else minimised(found)


def _size(found: Result) -> dict[str, int | None]:
    return {"steps": len(found.schedule.turns) if found.schedule else 0, "preemptions": found.preemptions}


def described(chosen: Chosen, program: Program, result: Result, lock: str) -> dict[str, Any]:
    """The result as plain data, with its verdict."""
    variant = chosen.variant
    expected = chosen.scenario.expected(variant, executor="explore", lock=lock, model=result.model)
    found = [] if result.violation is None else [result.violation.kind]
    said = verdict.judge(expected, found, rounds=result.executions, work={"all within the bound": result.complete},
                         needs=("all within the bound",))
    return {
        "scenario": chosen.scenario.name, "variant": variant.name, "race": variant.item or None, "kind": variant.kind,
        "strategy": result.bound.get("strategy", ""), "model": result.model, "lock": lock,
        "threads": len(program.threads), "bound": {**result.bound, "rounds": program.rounds,
                                                   **asdict(program.geometry)},
        "executions": result.executions, "redundant": result.redundant, "blocked": result.blocked,
        "steps": result.steps, "states": result.states, "bytes": result.bytes, "peak": result.peak,
        "complete": result.complete,
        "stopped": result.stopped,
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


def _seen(data: Mapping[str, Any]) -> str:
    """What the search has counted: a state is not left twice, so only those that end an execution count as one."""
    if not data["states"]:
        aside = f" (at most {count(data['peak'], 'event')} set aside)" if data["peak"] else ""
        again = f", {data['redundant']:,} redundant" if data["redundant"] else ""
        return count(data["executions"], "execution") + again + aside
    size = f" of {data['bytes'] / data['states']:.0f} bytes" if data["bytes"] else ""
    return count(data["states"], "state") + size


def _model(model: str) -> str:
    """The memory model, with what bounds it."""
    from engine.explore.machine.cells import BUFFER_MAX

    return model if model == "sc" else f"{model} with buffers of {BUFFER_MAX} stores"


def _drawn(strategy: str, bound: Mapping[str, Any]) -> str:
    """How a sampler drew."""
    given = [f"{name} {bound[name]}" for name in ("depth", "seed") if name in bound]
    return f"; {', '.join([strategy, *given])}" if given else ""


def lines(data: Mapping[str, Any], *, every: bool = False) -> list[str]:
    """The verdict with its bound: what was searched, and what that says. `every`: all violations were looked for."""
    bound = data["bound"]
    preemptions = bound.get("preemptions")
    limit = "any number of preemptions" if preemptions is None else f"at most {count(preemptions, 'preemption')}"
    within = (f"{_model(data['model'])}, {data['lock']}, {count(data['threads'], 'thread')}, "
              f"{count(bound['rounds'], 'round')}, {limit}")
    how = "all within the bound" if data["complete"] else "not all within the bound"
    if data["stopped"] and not data["violation"]:
        how = f"no violation found: {data['stopped']}"
    if data["violation"] and not data["complete"] and not every:
        how = "up to the first violation"
    if every:
        how += f", {data['found']:,} with a violation"
    if data["interrupted"]:
        how += "; interrupted"
    said = [f"{data['scenario']}:{data['variant']}: {data['outcome']} (expected {data['expected']})",
            *wrap(f"{_seen(data)}, {count(data['steps'], 'step')} "
                  f"in {data['seconds']:.1f} s, {how}", indent=2),
            f"  bound: {within},",
            f"         {bound['entries']} entries, {bound['levels']} levels{_drawn(data['strategy'], bound)}"]
    if data["violation"]:
        found = data["violation"]
        said += wrap(short(f"{found['kind']}: {found['message']} at {found['where']}, "
                           f"{count(found['preemptions'], 'preemption')}"), indent=2)
        if before := data.get("minimised_from"):
            said += wrap(f"minimised: {data['strategy']} found it with {count(before['steps'], 'step')} and "
                         f"{count(before['preemptions'], 'preemption')}", indent=2)
    return said
