"""`pttorture run`: from arguments to jobs, results, reports and the exit code."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engine import __version__
from engine.errors import MachineError
from stress import journal as journals
from stress import machine, selection, verdict
from stress.console import Console
from stress.interrupts import EXIT_INTERRUPTED, Interrupted, deferred
from stress.job import Job
from stress.journal import Journal
from stress.options import refuse
from stress.report import json as json_report
from stress.report import junit, text
from stress.report.places import home
from stress.report.write import check_target, write
from stress.runner import Runner


@dataclass
class Run:
    """One run with its journal. `body` may leave with Interrupted at any point: the reports are written all the same.

    Attributes:
        extra: what is not a job (a drawn race, notes), written after the results.
        done: the jobs that ended, with their numbers in the journal and their results.
    """

    args: argparse.Namespace
    seed: int
    console: Console
    journal: Journal
    allow_missed: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    done: list[tuple[int, Job, dict[str, Any]]] = field(default_factory=list)

    def ended(self, job: Job, result: dict[str, Any]) -> None:
        """A job has ended: note its result and show it."""
        self.done.append((self.journal.number, job, result))
        self.show(result)

    def show(self, result: dict[str, Any]) -> None:
        """One result, as soon as it is there."""
        lines = text.result_lines(result, self.console)
        write_line = self.console.say if result["verdict"] == "as-expected" else self.console.result
        for line in lines:
            write_line(line)


def start(args: argparse.Namespace, command: str, seed: int) -> Run:
    """Check where reports go, open the journal and say what begins."""
    check_target("--json", args.json)
    check_target("--junit-xml", getattr(args, "junit_xml", None))
    stream = sys.stderr if args.json == "-" or getattr(args, "junit_xml", None) == "-" else sys.stdout
    console = Console(stream, quiet=getattr(args, "quiet", False))
    run = Run(args, seed, console, journals.new(), getattr(args, "allow_missed", False))
    run.journal.write("run", version=__version__, seed=seed, machine=machine.facts(), command=command)
    return run


def finish(run: Run, body: Callable[[Run], None]) -> int:
    """Do `body`, then derive every report from the journal; returns the exit code."""
    interrupted, failure = False, None
    try:
        body(run)
    except Interrupted:
        interrupted = True
    except MachineError as error:
        failure = error
    with deferred():
        return _report(run, interrupted, failure)


def _report(run: Run, interrupted: bool, failure: MachineError | None) -> int:
    results = journals.results(run.journal.path)
    code = EXIT_INTERRUPTED if interrupted else verdict.exit_code(results, allow_missed=run.allow_missed)
    if failure is not None:
        code = failure.exit_code
    try:
        run.journal.write("end", exit_code=code, interrupted=interrupted)
    except MachineError as error:  # its disk is full: the reports may lie on another
        failure = failure or error
        code = failure.exit_code
    run.journal.close()
    run.console.result(("interrupted: " if interrupted else "") + text.summary(results)
                       + f"; seed {run.seed}")
    (run.console.result if code else run.console.say)(f"journal {home(run.journal.path)}")
    head = {"version": __version__, "seed": run.seed, "machine": machine.facts(), "interrupted": interrupted,
            "exit_code": code, "journal": str(run.journal.path), **run.extra}
    for target, render in _targets(run):
        write(target, render(head, results), journal=run.journal.path)
    if failure is not None:
        raise failure
    return code


def _targets(run: Run) -> Iterator[tuple[str, Callable[..., str]]]:
    if run.args.json:
        yield run.args.json, json_report.render
    if getattr(run.args, "junit_xml", None):
        yield run.args.junit_xml, lambda head, results: junit.render(head, results, allow_missed=run.allow_missed)


@contextlib.contextmanager
def runner(run: Run) -> Iterator[Runner]:
    """The runner of a run."""
    with Runner(run.journal, run.console) as made:
        yield made


def run_command(args: argparse.Namespace) -> int:
    """The whole command."""
    seed = secrets.randbits(32) if args.seed is None else args.seed
    if not args.names:
        for option in ("threads", "processes", "executor", "lock"):
            refuse(getattr(args, option), f"--{option} has no effect on the main job; name a scenario")
        from stress.plan import main_job

        return finish(start(args, "run", seed), main_job)
    jobs = named(args, seed)
    return finish(start(args, "run", seed), lambda run: _all(run, jobs))


def named(args: argparse.Namespace, seed: int) -> list[Job]:
    """The jobs of the named variants, checked as far as that goes without running them."""
    chosen = [each for name in args.names for each in selection.choose(name)]
    jobs = selection.jobs(
        list({(each.source, each.title): each for each in chosen}.values()), executor=args.executor or "native",
        lock=args.lock or "", threads=args.threads or 0, processes=args.processes or 1,
        seconds=args.seconds or selection.DEFAULT_SECONDS, seed=seed, perturb=args.perturb or "",
    )
    from stress.job import program_of

    for job in jobs:
        program_of(job)  # wrong numbers of threads, protocols outside the language: said before anything starts
    return jobs


def _all(run: Run, jobs: list[Job]) -> None:
    with runner(run) as made:
        seconds = made.prepare(jobs)
        if seconds > 2:
            run.console.say(f"compiled in {seconds:.0f} s")
        for job in jobs:
            run.ended(job, made.run(job))
    if run.args.explain:
        from stress.explaining import explain

        explain(run)
