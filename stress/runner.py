"""Runs a list of jobs: compile first (in parallel, not counted), then one job after the other, all of it journalled."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol

from engine.errors import MachineError
from engine.language.program import Program
from engine.session import Progress
from engine.text import count
from stress import folder
from stress.console import Console
from stress.interrupts import Interrupted, deferred
from stress.job import TRACE, Job, program_of, scenario_of, variant_of
from stress.machine import cpus
from stress.nursery import Nursery
from stress.results import described, result
from stress.supervisor import Supervisor
from stress.tally import Tally

PREPARE: Final = 300.0  # seconds for one compilation


class Notes(Protocol):
    """Where a runner notes what happens, at once; a `Journal` is one.

    `path`: a file in the folder where the zygotes' logs go.
    """

    path: Path

    def started(self, job: Mapping[str, Any]) -> int: ...
    def finding(self, number: int, finding: Mapping[str, Any]) -> None: ...
    def finished(self, number: int, result: Mapping[str, Any]) -> None: ...


class Runner:
    """Owns the run folder and the zygotes; a context manager that leaves neither behind.

    Args:
        zygotes: at most so many; they compile side by side.
    """

    def __init__(self, journal: Notes, console: Console, zygotes: int = 0) -> None:
        self.journal, self.console, self.zygotes = journal, console, zygotes or cpus()
        self._stack = ExitStack()
        self._nurseries: list[Nursery] = []
        self._of: dict[tuple[str, str, str], Nursery] = {}
        self._prepared: set[tuple[int, str]] = set()
        self._programs: dict[str, Program] = {}

    def __enter__(self) -> Runner:
        with deferred():
            self.folder = folder.new()
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        with deferred():
            self._stack.close()
        self.console.clear()

    def prepare(self, jobs: Sequence[Job]) -> float:
        """Compile, or load, all that the jobs run; returns the seconds it took.

        Raises:
            UsageError: a protocol is outside the language, or its executor is not there.
        """
        begin = time.monotonic()
        # The trace and the load come last in a plan and take longest to compile: begin with them.
        todo = list(reversed(self._unprepared(jobs)))
        self._breed(len({job.code for job in todo if job.code not in self._of}))
        waiting: dict[int, Job] = {}
        while todo or waiting:
            for index, nursery in enumerate(self._nurseries):
                if index not in waiting and (job := self._next(todo, nursery)) is not None:
                    waiting[index] = job
                    nursery.send("prepare", job=job)
                if index in waiting and nursery.answer(0.05 / len(self._nurseries)) is not None:
                    self._prepared.add((index, _compiled(waiting.pop(index))))
            names = sorted({job.scenario for job in waiting.values()})
            seconds = time.monotonic() - begin
            if seconds > 0.5:
                left = len(todo) + len(waiting)
                self.console.progress(f"compiling {', '.join(names)}: {left} to go, {seconds:.0f} s")
        self.console.clear()
        return time.monotonic() - begin

    def _next(self, todo: list[Job], nursery: Nursery) -> Job | None:
        """Take the first job out of `todo` that this zygote may prepare: its code is here already, or nowhere yet."""
        for at, job in enumerate(todo):
            if self._of.setdefault(job.code, nursery) is nursery:
                return todo.pop(at)
        return None

    def run(self, job: Job, *, supervise: Callable[..., Supervisor] | None = None,
            judged: Callable[..., dict[str, Any]] = result) -> dict[str, Any]:
        """One job; journalled before, during and after.

        Args:
            supervise: makes the supervisor from (nursery, folder, tell=, find=). judged: makes the result.

        Raises:
            Interrupted: after what was found has been written.
        """
        program = self.program(job)
        number = self.journal.started(described(job, program))
        tally = Tally()
        try:
            self.prepare([job])
            make = supervise or partial(Supervisor, job, program)
            supervisor = make(self._of[job.code], self.folder, tell=lambda t, p: self._tell(job, program, t, p),
                              find=lambda finding: self.journal.finding(number, finding))
            tally = supervisor.tally
            supervisor.run()
        except Interrupted:
            with deferred():
                self.journal.finished(number, judged(job, program, tally, interrupted=True))
            raise
        except MachineError as error:
            tally.faults.append({"what": str(error), "seconds": round(tally.seconds, 3), "last_steps": []})
            self._drop(job)
        done = judged(job, program, tally)
        self.journal.finished(number, done)
        return done

    def program(self, job: Job) -> Program:
        """The program of a job, built once in this process."""
        key = job.key
        if key not in self._programs:
            self._programs[key] = program_of(job)
        return self._programs[key]

    def _unprepared(self, jobs: Iterable[Job]) -> list[Job]:
        different = {_compiled(job): job for job in jobs}
        return [job for key, job in different.items()
                if job.code not in self._of or (self._nurseries.index(self._of[job.code]), key) not in self._prepared]

    def _breed(self, codes: int) -> None:
        """Start zygotes: as many as are allowed, no more than there are codes to place."""
        while len(self._nurseries) < min(self.zygotes, len(self._nurseries) + codes):
            with deferred():
                nursery = Nursery(self.journal.path.parent / f"zygote-{len(self._nurseries)}.log")
                self._stack.callback(nursery.close)
                self._nurseries.append(nursery)
            codes -= 1

    def _drop(self, job: Job) -> None:
        """If the job's zygote is lost, it and what it compiled are gone: the next job that needs one gets another."""
        nursery = self._of.get(job.code)
        if nursery is None or not nursery.lost:
            return
        index = self._nurseries.index(nursery)
        nursery.close()
        replacement = Nursery(nursery.log)
        self._stack.callback(replacement.close)
        self._nurseries[index] = replacement
        self._of = {code: replacement if kept is nursery else kept for code, kept in self._of.items()}
        self._prepared = {(i, key) for i, key in self._prepared if i != index}

    def _tell(self, job: Job, program: Program, tally: Tally, progress: Progress) -> None:
        rounds = tally.rounds + progress.rounds
        rate = progress.rounds / progress.seconds if progress.seconds else 0
        found = ", ".join(sorted({kind for kind, _ in tally.violations})) or "nothing found"
        self.console.progress(f"{job.title} {job.mode(len(program.threads))}: {tally.seconds:.1f} s, "
                              f"{count(rounds, 'round')}, {rate:.0f}/s, {found}")


def _compiled(job: Job) -> str:
    """Equal for jobs that need the same preparation: native variants share their code, with as many threads."""
    if job.executor != "native" or job.source.startswith(TRACE):
        return job.key
    scenario, variant = scenario_of(job), variant_of(job)
    return json.dumps([job.code, max(job.threads, len(scenario.roles_of(variant)))])


