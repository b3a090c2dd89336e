"""`pttorture trace`: load captures, replay each, compare, report."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import Any, Final, cast

from engine.errors import UsageError
from engine.language.program import Program
from engine.text import count
from scenarios.models.formats import FORMATS
from stress.job import Job
from stress.options import close
from stress.report.places import short
from stress.report.text import wrap
from stress.results import result
from stress.runner import Runner
from stress.running import Run, finish, runner, start
from stress.tally import Tally
from stress.trace import load, shipped
from stress.trace.live import Prepared, TraceSupervisor, prepare
from stress.trace.reference import Policy

LIMIT: Final = 600.0  # seconds for one replay


def trace(args: argparse.Namespace) -> int:
    """The whole command."""
    form = FORMATS[args.format]
    traces = [load(find(name), leaves=form.leaves) for name in args.files]
    prepared = [prepare(each, args.threads, cast(Policy, args.policy), form=form) for each in traces]

    def body(run: Run) -> None:
        with runner(run) as made:
            for each in prepared:
                run.show(replay(run, made, each, seconds=args.seconds or 0.0, threads=args.threads))

    return finish(start(args, "trace", secrets.randbits(32)), body)


def find(name: str) -> Path:
    """A file, or a capture that comes with the package, by its name.

    Raises:
        UsageError: neither.
    """
    ours = shipped()
    if not name:
        raise UsageError("an empty name of a trace; name a file or a capture that comes with pttorture")
    path = Path(name)
    if path.exists() or (name not in ours and ("/" in name or "." in name)):
        return path
    if name in ours:
        return ours[name]
    raise UsageError(f"no trace {name!r}{close(name, list(ours))}")


def replay(run: Run, made: Runner, prepared: Prepared, *, seconds: float = 0.0, threads: int = 0,
           **options: Any) -> dict[str, Any]:
    """Replay one trace, with its result in the journal. `threads`: as many were asked for; fewer are said."""
    for line in prepared.trace.diagnostics:
        for part in wrap(short(line)):
            run.console.say(part)
    if prepared.plan.streams < threads:
        run.console.say(f"{Path(prepared.trace.path).name}: has the streams of {count(prepared.plan.streams, 'CPU')}; "
                        f"{prepared.plan.streams} of {threads} threads replay it")
    job = prepared.job(seconds=LIMIT + seconds, seed=run.seed, **options)
    about = {"trace": Path(prepared.trace.path).name, "policy": prepared.policy,
             "format": prepared.form.name,
             "plan": prepared.plan.summary()}
    supervisors: list[TraceSupervisor] = []

    def supervise(*args: Any, **kwargs: Any) -> TraceSupervisor:
        supervisors.append(TraceSupervisor(prepared, job, *args, loop_seconds=seconds, **kwargs))
        return supervisors[-1]

    def judged(of: Job, program: Program, tally: Tally, **more: Any) -> dict[str, Any]:
        return _result(of, program, tally, supervisors[-1] if supervisors else None, about, **more)

    return made.run(job, supervise=supervise, judged=judged)


def _result(job: Job, program: Program, tally: Tally, supervisor: TraceSupervisor | None, about: dict[str, Any],
            **more: Any) -> dict[str, Any]:
    """The result of a replay: a difference from the model is a violation, and no comparison is no evidence."""
    compared = supervisor is not None and supervisor.compared
    for line in supervisor.wrong if supervisor else ():
        tally.violations[line, ""] = {"kind": "check", "message": line, "where": "", "count": 1,
                                      "seconds": round(tally.seconds, 3), "evidence": []}
    tally.rounds = tally.work.get("loops", 0) if compared else 0
    if supervisor is not None and supervisor.replaying:
        tally.seconds = supervisor.replaying
        # what the trace asked for; walks and lookups of the bystanders are in `work`
        tally.operations = supervisor.prepared.plan.operations * tally.rounds
    done = result(job, program, tally, **more)
    return {**done, **about, "variant": f"{about['trace'].removesuffix('.gz').removesuffix('.trace')}-{job.variant}"}
