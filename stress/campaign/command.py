"""`pttorture campaign`: from arguments to a campaign, its last words and the exit code."""

from __future__ import annotations

import argparse
import hashlib
import secrets
import sys
from collections import deque
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.errors import MachineError, UsageError
from engine.text import count
from stress import options, verdict
from stress.campaign.cell import Cell
from stress.campaign.choosing import Chooser, Shard, Standing
from stress.campaign.config import Config, read
from stress.campaign.crew import Crew, LocalCrew, Task
from stress.campaign.health import Disk
from stress.campaign.loop import Campaign
from stress.campaign.matrix import cells
from stress.campaign.status import HEARTBEAT, Figures, Status, clock
from stress.console import Console
from stress.findings.baseline import Known
from stress.findings.files import keep, keep_missing
from stress.interrupts import EXIT_INTERRUPTED, Interrupted, deferred
from stress.machine import cpus, facts
from stress.report.places import home, short
from stress.store.store import Store
from stress.store.view import FindingRow, View, look

if TYPE_CHECKING:
    from stress.cluster.crew import Cluster


def campaign(args: argparse.Namespace) -> int:
    """The whole command."""
    folder = Path(args.out)
    known = Known.of(args.baseline, update=args.baseline_update, prune=args.baseline_prune)
    cluster = _cluster(args)
    console = Console(sys.stdout, quiet=args.quiet, every=HEARTBEAT)
    store, config = _resumed(args, folder) if args.resume else _begun(args, folder)
    with store:
        return _run(args, store, config, console, known, cluster)


def _cluster(args: argparse.Namespace) -> Cluster | None:
    """The cluster, if there is to be one; what is wrong with it is said before a folder is made."""
    options.refuse(args.cluster_tls and not args.cluster, "--cluster-tls has no effect without --cluster")
    options.refuse(args.cluster and args.members, "--members has no effect with --cluster, whose workers run rounds")
    if not args.cluster:
        return None
    from stress.cluster.scheduler import Scheduler

    return Scheduler(args.cluster, args.cluster_tls or "")


def _begun(args: argparse.Namespace, folder: Path) -> tuple[Store, Config]:
    """A new campaign."""
    config = read(args.config) if args.config else Config()
    names = tuple(args.names) or config.names
    cells(names, config)  # what is wrong with names is said before a folder is made
    seed = args.seed if args.seed is not None else config.seed if config.seed is not None else secrets.randbits(32)
    config = replace(config, seed=seed, names=_absolute(names), memory=args.memory or config.memory,
                     hours=args.hours if args.hours is not None else config.hours,
                     members=args.members or config.members)
    facts_too = {"files": _digests(config.names), **({"shard": args.shard} if args.shard else {})}
    return Store.create(folder, seed=seed, config={**config.as_dict(), **facts_too}, names=list(config.names)), config


def _digests(names: tuple[str, ...]) -> dict[str, str]:
    """The user's files and a digest of what is in each."""
    files = sorted({file for name in names if (file := _file(name))})
    return {file: hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files}


def _absolute(names: tuple[str, ...]) -> tuple[str, ...]:
    """FILE.py[:VARIANT] so that the campaign can go on from another folder."""
    return tuple(str(Path(name).absolute()) if _file(name) else name for name in names)


def _file(name: str) -> str:
    """The user's file in FILE.py or FILE.py:VARIANT, "" of another name."""
    path, colon, _ = name.partition(".py:")
    return path + ".py" if colon else name if name.endswith(".py") else ""


def _resumed(args: argparse.Namespace, folder: Path) -> tuple[Store, Config]:
    """One that goes on, with what it was begun with.

    Raises:
        UsageError: something else was given, too.
    """
    given = {"NAME": args.names, "--config": args.config, "--seed": args.seed is not None, "--shard": args.shard}
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} has no effect with --resume: the campaign in {folder} goes on with what it was "
                             "begun with")
    store = Store.open(folder)
    stored = dict(store.campaign["config"])
    stored.pop("shard", None)
    before = stored.pop("files", {})
    config = Config.from_dict(stored)
    changed = [file for file, digest in _digests(config.names).items() if before.get(file, digest) != digest]
    if changed:
        store.event("changed", f"{', '.join(home(Path(file)) for file in changed)} changed since the campaign began; "
                               "rounds that are done stay as they are")
    hours = config.hours if args.hours is None else args.hours
    if store.campaign["version"] != __version__:
        store.event("version", f"begun with pttorture {store.campaign['version']}, goes on with {__version__}")
    return store, replace(config, hours=hours, memory=args.memory or config.memory,
                          members=args.members or config.members)


def _run(args: argparse.Namespace, store: Store, config: Config, console: Console, known: Known,
         cluster: Cluster | None) -> int:
    found = cells(config.names, config)
    if args.resume:
        keep_missing(store.folder)
    with look(store.folder) as view:
        standings = standings_of(store, found)
        coverage = {(c.title, c.first, c.second) for c in view.coverage()}
        waiting = deque(_unexplained(view))
    shard = shard_of(store.campaign["config"].get("shard", ""))
    chooser = Chooser(standings, store.campaign["seed"], config.round_seconds, shard)
    figures = Figures(cells=len(found), seconds=config.hours * 3600, fresh=chooser.fresh, pairs=len(coverage))
    status = Status(console, figures)
    crew = _crew(store, config, cluster)
    made = Campaign(store, crew, chooser, status, Disk(store.folder, config.disk), coverage=coverage,
                    unexplained=waiting, known=known, explained=partial(_explained, store.folder))
    console.say(f"{count(len(found), 'cell')}, seed {store.campaign['seed']}, in {home(store.folder)}"
                + (f"; goes on after {count(sum(s.rounds for s in standings), 'round')}" if args.resume else ""))
    interrupted, failure = False, None
    try:
        made.run()
    except Interrupted:
        interrupted = True
    except MachineError as error:
        failure = error
    with deferred():
        return _last_words(store, made, known, interrupted, failure or made.failure)


def _explained(folder: Path, signature: str, _: dict[str, Any]) -> None:
    keep(folder, signature)


def _crew(store: Store, config: Config, cluster: Cluster | None) -> Crew:
    """Whoever runs the rounds: processes of this machine, or a cluster's workers."""
    if cluster is None:
        return LocalCrew(store.folder / "logs", config.crew, cpus(), _memory(config) // config.crew)
    from stress.cluster.crew import ClusterCrew

    return ClusterCrew(cluster, config.memory)


def standings_of(store: Store, found: list[Cell]) -> list[Standing]:
    """What each cell has had so far."""
    resumed, tallies = store.resumed(), store.tallies()
    standings = []
    for cell in found:
        standing = Standing(cell)
        if (at := resumed.get(cell.key)) is not None:
            tally = tallies[cell.key]
            standing.number, standing.again = at.next, tuple(at.lost)
            standing.rounds, standing.seconds, standing.over = tally.rounds + tally.lost, tally.seconds, tally.complete
            standing.news = float(tally.last_new and 0.8 ** (tally.rounds - tally.last_new))
        standings.append(standing)
    return standings


def _unexplained(view: View) -> list[Task]:
    """Findings that have no explanation yet."""
    rows = [row for row in view.findings() if row.explanation is None]
    return [Task(row.round.cell, None, row.violation, row.signature) for row in sorted(rows, key=lambda r: r.expected)]


def shard_of(text: str) -> Shard:
    """`i/n`, from 1; all of it without."""
    if not text:
        return Shard()
    index, _, number = text.partition("/")
    return Shard(int(index) - 1, int(number))


def _memory(config: Config) -> int:
    """Bytes for the whole crew: half of the machine's if nothing else is said."""
    return config.memory or int(facts()["memory"]) // 2


def _last_words(store: Store, made: Campaign, known: Known, interrupted: bool, failure: MachineError | None) -> int:
    """What the campaign has come to, and the exit code."""
    say = made.status.note
    try:
        store.event("end", "interrupted" if interrupted else str(failure or "the time is over"))
    except MachineError as error:
        failure = failure or error
    with look(store.folder) as view:
        findings = view.findings()
        done, = view.query("SELECT sum(state = 'done'), sum(state = 'lost') FROM rounds")
    news = [row for row in findings if not row.expected and row.signature not in known]
    f = made.figures
    say(("interrupted: " if interrupted else "") + f"{count(done[0] or 0, 'round')} of {count(f.cells, 'cell')}, "
        f"{f.rounds:,} of them in this run of {clock(f.elapsed)}; {done[1] or 0} lost; seed {store.campaign['seed']}")
    expected = sum(row.expected for row in findings)
    old = len(findings) - expected - len(news)
    say(f"{count(len(findings), 'finding')}: {expected} expected, {f'{old} known, ' if old else ''}{len(news)} not")
    for row in news:
        _say_finding(made.status, row)
    with look(store.folder) as view:
        for line in known.settled(view, whole=not interrupted and failure is None):
            say(line)
    say(f"report: pttorture report {home(store.folder)}")
    say(f"go on: pttorture campaign --out {home(store.folder)} --resume")
    if failure is not None:
        raise failure
    return _code(interrupted, bool(news), done[0] or 0, gave_up=made.gave_up)


def _code(interrupted: bool, news: bool, rounds: int, *, gave_up: int) -> int:
    if interrupted:
        return EXIT_INTERRUPTED
    if news:
        return verdict.EXIT_NOT_AS_EXPECTED
    if gave_up:
        return verdict.EXIT_FAULT
    return verdict.EXIT_AS_EXPECTED if rounds else verdict.EXIT_INCONCLUSIVE


def _say_finding(status: Status, row: FindingRow) -> None:
    explained = f"; {row.explanation['explained']}" if row.explanation else "; not explained yet"
    status.note(short(f"!! {row.title} [{row.signature}], {count(row.count, 'time')} in "
                      f"{count(row.rounds, 'round')}{explained}"))

