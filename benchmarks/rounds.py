"""How fast native rounds and primitives are: `python -m benchmarks.rounds [seconds]`.

Rounds: two threads, and three, increment one word by an atomic instruction, meet, are judged and reset. Primitives: one
thread repeats one of them a million times; with checks and recorder, with perturbations too, as plain instructions.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.driving import drive, overlap
from engine import Counter, Role, RWLock, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.language.program import build
from engine.memory.page import refcount
from engine.native.session import Session

WORD = Word("word")
LOCK = RWLock("lock")
DONE = Counter("done", operation=True)
REPEATS = 1_000_000


@protocol
def increment(mem: Mem) -> None:
    mem.atomic64_inc(WORD)
    mem.count(DONE)


@protocol
def locked(mem: Mem) -> None:
    mem.read_lock(LOCK)
    mem.atomic64_inc(WORD)
    mem.read_unlock(LOCK)
    mem.count(DONE)


@protocol
def loads(mem: Mem) -> None:
    for _ in range(1_000_000):
        mem.read_once(WORD)


@protocol
def stores(mem: Mem) -> None:
    for i in range(1_000_000):
        mem.write_once(WORD, i)


@protocol
def adds(mem: Mem) -> None:
    for _ in range(1_000_000):
        mem.atomic64_inc(WORD)


@protocol
def swaps(mem: Mem) -> None:
    for i in range(1_000_000):
        mem.cmpxchg(WORD, i, i + 1)


@protocol
def locks(mem: Mem) -> None:
    for _ in range(1_000_000):
        mem.read_lock(LOCK)
        mem.read_unlock(LOCK)


@protocol
def pages(mem: Mem) -> None:
    for _ in range(1_000_000):
        page = mem.alloc_page(1)
        mem.atomic_set(refcount(page), 0)
        mem.free_page(page)


def roles(run: object, count: int) -> Scenario:
    return Scenario(f"{count}", "", tuple(Role(f"R{i}", run) for i in range(count)), (Variant("v"),))


SINGLE = Scenario("single", "", tuple(Role(run.name, run) for run in (loads, stores, adds, swaps, locks, pages)),
                  (Variant("v"),), geometry=Geometry(512, 4, 16))


def rounds(scenario: Scenario, seconds: float, lock: str = "qrwlock") -> str:
    """Rounds a second and the part of them that overlapped."""
    progress = drive(build(scenario, folded=False), seconds, lock=lock)
    return f"{progress.rounds / progress.seconds:10,.0f} rounds/s, {overlap(progress)}"


def nanoseconds(checks: bool, perturb: str = "none") -> str:
    """Time of one turn of each single-thread loop. Checks come with the recorder."""
    from engine.native.source import ROLE

    program = build(SINGLE, geometry=SINGLE.geometry, folded=True)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        session = Session.create(program, folder=Path(folder), checks=checks, recorder=checks, perturb=perturb)
        for index, thread in enumerate(program.threads):
            begin = time.perf_counter()
            session.entry(ROLE, session.arena.address, program.layout.thread(index), session.tail.ALONE)
            parts.append(f"{thread.name} {(time.perf_counter() - begin) / REPEATS * 1e9:.1f}")
        session.close()
    return ", ".join(parts) + " ns"


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    for count in (2, 3):
        for lock in ("qrwlock", "pthread"):
            print(f"{count} roles, {lock:8}", rounds(roles(locked, count), seconds, lock))
        print(f"{count} roles, no lock ", rounds(roles(increment, count), seconds))
    print("checks, recorder:           ", nanoseconds(True))
    print("checks, recorder, perturbed:", nanoseconds(True, ""))
    print("plain:                      ", nanoseconds(False))


if __name__ == "__main__":
    main()
