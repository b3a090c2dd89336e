"""What the tests of the native executor share: one thread run alone, sessions driven until something is so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.language.program import Program
from engine.memory.arena import Arena
from engine.native import build
from engine.native import words as w
from engine.native.evidence import round_violation
from engine.native.prepare import new_arena
from engine.native.session import Session
from engine.native.source import ROLE
from engine.schedule import Violation

PATIENCE = 60.0  # seconds; a test that waits longer fails


class Alone:
    """A program's arena, whose roles are called one at a time."""

    def __init__(self, program: Program, folder: Path, *, checks: bool = True, lock: str = "qrwlock") -> None:
        self.program = program
        self.entry = build.prepare(program, checks=checks)
        self.tail = w.tail(program.layout)
        self.arena: Arena = new_arena(program, self.entry, self.tail, folder=folder, lock=lock,
                                      pool=program.variant.pool, seed=1, mode=w.MODE_RING)

    def run(self, thread: int = 0) -> Violation | None:
        """One call of a role; the violation that it ends in."""
        area = self.program.layout.thread(thread)
        self.arena.store(w.H_HALT, 0)
        self.arena.store(area + w.T_SITE, w.NO_SITE)
        self.entry(ROLE, self.arena.address, area, self.tail.ALONE)
        return round_violation(self.program, self.arena)

    def word(self, name: str, index: int = 0) -> int:
        return self.program.layout.words[name] + 8 * index

    def close(self) -> None:
        self.arena.close()
        self.arena.unlink()


@contextmanager
def running(session: Any, drive: Callable[[int], object] | None = None) -> Iterator[list[threading.Thread]]:
    """The threads of a session, each driven by a Python thread of this process: by `drive(number)`, or as they are."""
    threads = [threading.Thread(target=drive or session.drive, args=(i,)) for i in range(len(session.program.threads))]
    for thread in threads:
        thread.start()
    session.start()
    try:
        yield threads
    finally:
        session.stop()
        for thread in threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in threads)


@contextmanager
def driven(program: Program, folder: Path, *, of: Any = Session, **options: Any) -> Iterator[Any]:
    """A session, of that class, that is running; closed afterwards, if no thread uses its memory any more."""
    session = of.create(program, folder=folder, **options)
    threads: list[threading.Thread] = []
    try:
        with running(session) as threads:
            yield session
    finally:
        if not any(thread.is_alive() for thread in threads):
            session.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it never became so"
        time.sleep(0.002)
