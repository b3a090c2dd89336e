"""Runs one job: an arena, workers that share it, a watch over them, and new ones where they fail.

The harness process reads words of the arena and never runs a protocol. A worker that dies, hangs or is stopped costs
one round: what it leaves is noted with its last steps, all workers of that arena are killed, the arena is thrown away,
and the job goes on in a new one until its time is over.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from engine.errors import PttortureError
from engine.language.program import Program
from engine.memory.arena import start_time
from engine.session import Progress
from stress import faces
from stress.coverage import Sampler
from stress.evidence import rows
from stress.faces import Session
from stress.job import Job
from stress.nursery import Nursery
from stress.tally import Tally
from stress.watch import Watch

POLL: Final = 0.05  # seconds between two looks
GRACE: Final = 3.0  # seconds for workers to leave after STOP that wait for each other
LATE: Final = 20.0  # seconds for all others
SETUP: Final = 30.0  # seconds for a set-up
MOST_HANGS: Final = 3  # a protocol that hangs every round would only be killed all day
MOST_FAULTS: Final = 5

Tell = Callable[[Tally, Progress], None]
Find = Callable[[dict[str, Any]], None]


class Supervisor:
    """One job on one nursery.

    Args:
        folder: where arenas lie. tell: called at every look. find: called with every new violation and every fault.
        limit: seconds without progress before a round is stuck. most_hangs: rounds that hang before the job ends.
        enough: the job ends when a violation of this kind has been seen.
    """

    def __init__(self, job: Job, program: Program, nursery: Nursery, folder: Path, *, tell: Tell = lambda *_: None,
                 find: Find = lambda _: None, limit: float = 0.0, most_hangs: int = MOST_HANGS,
                 enough: str = "") -> None:
        self.job, self.program, self.nursery, self.folder = job, program, nursery, folder
        self.tell, self.find, self.most_hangs = tell, find, most_hangs
        self.limit, self.enough = limit, enough
        self.tally = Tally()
        self.sampler = Sampler(program, self.tally.coverage)
        self.executor = faces.executor(job.executor)
        self.done = False
        self.began = 0.0  # seconds of the tally when the running arena started

    def run(self) -> Tally:
        """Until the job's seconds are over; `tally` is right at any moment, also after an interruption.

        Raises:
            PttortureError: no arena, or no worker, can be had at all.
        """
        while self.tally.seconds < self.job.seconds and not self.done:
            if self._seen() or self.tally.hangs >= self.most_hangs or len(self.tally.faults) >= MOST_FAULTS:
                break
            self._one_arena()
        return self.tally

    def ready(self, session: Session) -> None:
        """Called with every new arena before a worker has it; for jobs that put their input there."""

    def over(self, session: Session, progress: Progress) -> bool:  # noqa: ARG002
        """Whether the job is done before its time. Called at every look."""
        return self._seen()

    def _seen(self) -> bool:
        return bool(self.enough) and any(kind == self.enough for kind, _ in self.tally.violations)

    def _one_arena(self) -> None:
        attempt = self.tally.hangs + len(self.tally.faults)
        job = replace(self.job, seed=self.job.seed + attempt)
        me = os.getpid()
        answer = self.nursery.ask("create", SETUP, job=job, folder=str(self.folder), owner=(me, start_time(me)))
        path = Path(answer["arena"])
        try:
            session: Session = self.executor.Session.attach(path, self.program)
            try:
                self._workers(session, path)
            finally:
                session.close()
        finally:
            path.unlink(missing_ok=True)

    def _workers(self, session: Session, path: Path) -> None:
        pids: dict[int, list[int]] = {}
        try:
            self.ready(session)
            groups = spread(len(self.program.threads), self.job.processes)
            self.began = self.tally.seconds
            for number, threads in enumerate(groups, 1):
                answer = self.nursery.ask("fork", SETUP, job=self.job, arena=str(path), threads=threads,
                                          start=number == len(groups))
                pids[answer["pid"]] = threads
            self._watch(session, pids)
        finally:
            # Also on an interruption: what was found is in the arena, and the workers must be gone before it is.
            self._end(session, list(pids))

    def _watch(self, session: Session, pids: dict[int, list[int]]) -> None:
        begin = last = time.monotonic()
        watch = Watch(begin, self.limit) if self.limit else Watch(begin)
        while self.tally.seconds < self.job.seconds:
            with contextlib.suppress(TimeoutError):
                self.nursery.listen(POLL)
            now = time.monotonic()
            self.tally.seconds, last = self.tally.seconds + now - last, now
            progress = session.progress()
            self._take(progress)
            self.sampler.look(session)
            self.tell(self.tally, progress)
            if self.over(session, progress):
                self.done = True
                return self._wind_down(session, pids)
            if any(pid in self.nursery.exits for pid in pids):
                return self._ended(session, pids)
            stuck = watch.look(now, progress, session.threads(), pids)
            if stuck:
                return self._stuck(session, stuck, now - begin)
        return self._wind_down(session, pids)

    def _wind_down(self, session: Session, pids: dict[int, list[int]]) -> None:
        """The time is over: ask the threads to stop, and look at those that cannot.

        They have longer where the machine does not give them a processor: that is no deadlock.
        """
        session.stop()
        begin = time.monotonic()
        watch = Watch(begin)
        while not all(pid in self.nursery.exits for pid in pids):
            now = time.monotonic()
            said = watch.look(now, session.progress(), session.threads(), pids)
            if now - begin > (GRACE if said else LATE):
                self._stuck(session, said if said in ("deadlock", "stopped") else "hang", now - begin)
                return
            self.nursery.listen(POLL)
        if any(self.nursery.exits[pid] for pid in pids):
            self._ended(session, pids)

    def _take(self, progress: Progress) -> None:
        for violation in self.tally.take(progress, self.program, self.began):
            self.find(violation)

    def _ended(self, session: Session, pids: dict[int, list[int]]) -> None:
        """A worker ended that should not have."""
        # The one that died by a signal is the culprit; others may have left because of it.
        ended = sorted((pid for pid in pids if pid in self.nursery.exits), key=lambda p: not self.nursery.exits[p])
        how = self.nursery.exits[ended[0]] or "left before its time"
        said = self.nursery.last_words() if how.startswith("exit code") else ""
        roles = ", ".join(self.program.threads[t].name for t in pids[ended[0]])
        self._fault(session, f"a worker ({roles}) ended: {how}" + (f": {said}" if said else ""))

    def _stuck(self, session: Session, how: str, seconds: float) -> None:
        self.tally.hangs += 1
        if how in ("stopped", "hang"):
            what = "a worker was stopped by a signal" if how == "stopped" else "the workers hang outside the protocol"
            self._fault(session, what)
            return
        waits = list(session.who_waits())
        states = [t for t in session.threads() if t.state in ("running", "waiting")]
        site = -1 if not states else states[0].spins if states[0].spins >= 0 else states[0].site
        where = self.program.sites[site].where if 0 <= site < len(self.program.sites) else ""
        places = "; ".join(waits) or "no thread finishes"
        message = places if how == "deadlock" else f"no round ended within {seconds:.0f} s: {places}"
        violation = {"kind": how, "message": message, "where": where, "count": 1,
                     "seconds": round(self.tally.seconds, 3), "thread": "", "round": session.progress().rounds,
                     "evidence": [{"text": line} for line in waits] + self._last_steps(session)}
        if self.tally.stated(violation):
            self.find(violation)

    def _fault(self, session: Session, what: str) -> None:
        fault = {"what": what, "seconds": round(self.tally.seconds, 3), "last_steps": self._last_steps(session)}
        self.tally.faults.append(fault)
        self.find(fault)

    def _last_steps(self, session: Session) -> list[dict[str, Any]]:
        """What the flight recorder holds; a torn arena may hold nonsense, which must not end the run."""
        try:
            recorded: Sequence[Any] = session.last_steps()
            return rows(recorded, self.program)
        except (AttributeError, ValueError, IndexError, PttortureError):
            return []

    def _end(self, session: Session, pids: list[int]) -> None:
        session.stop()
        try:
            if alive := [pid for pid in pids if pid not in self.nursery.exits]:
                self.nursery.kill(alive)
        finally:
            # Without its zygote no worker can be ended from here, but what they did until now is in the arena.
            progress = session.progress()
            self._take(progress)
            self.sampler.look(session, last=True)
            self.tally.close(progress)


def spread(threads: int, processes: int) -> list[list[int]]:
    """Thread numbers for each process: round robin, no process without a thread."""
    return [list(range(first, threads, processes)) for first in range(min(processes, threads))]
