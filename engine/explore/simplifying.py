"""A shorter execution that breaks alike, by changing a long one: for schedules that no bounded search reaches.

The execution is taken as *segments*, runs of steps of one process. Leaving some out, or moving one next to another of
its process, and running what results, often breaks alike with fewer preemptions; what was left out runs at the end. The
moves are those of Tinertia (Jalbert, Sen: "A trace simplification technique for effective debugging of concurrent
programs", FSE 2010), the order in which they are left out is that of delta debugging (Zeller, Hildebrandt, TSE 2002).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.record import Recorder, Recording
from engine.schedule import Violation
from engine.violations import BY_CODE

#: A process, a thread or a flusher of one, and how many steps it takes.
Segment = tuple[int, int]


@dataclass(frozen=True)
class Target:
    """What must not change: the kind of a violation and its place."""

    kind: str
    where: str

    @classmethod
    def of(cls, violation: Violation) -> Target:
        return cls(violation.kind, violation.where)

    def hit(self, machine: Machine) -> bool:
        """Whether the machine's present execution has ended so."""
        kind = int(machine.S[c.S_KIND])
        return kind != 0 and self == Target(BY_CODE[kind].name, machine.code.where(int(machine.S[c.S_PC])))


def size(recording: Recording) -> tuple[int, int, int]:
    """What is to become smaller: preemptions, then the threads that take part, then steps."""
    return recording.preemptions, len(taking_part(recording)), len(recording.turns)


def taking_part(recording: Recording) -> set[int]:
    return {turn.thread for turn in recording.turns}


def simplify(machine: Machine, recording: Recording, target: Target, until: float) -> Recording:
    """The smallest execution that simple changes lead to, at the latest at `until` (`time.perf_counter`)."""
    best, improved = recording, True
    while improved and time.perf_counter() < until:
        improved = False
        for candidate in _changed(segments(machine, best)):
            if time.perf_counter() >= until:
                break
            tried = run_loosely(machine, candidate, best.choices)
            if target.hit(machine) and size(tried) < size(best):
                best, improved = tried, True
                break
    return best


def segments(machine: Machine, recording: Recording) -> list[Segment]:
    """The runs of steps of one process."""
    out: list[Segment] = []
    for turn in recording.turns:
        process = machine.process_of(turn.thread, turn.flush)
        if out and out[-1][0] == process:
            out[-1] = (process, out[-1][1] + 1)
        else:
            out.append((process, 1))
    return out


def _changed(parts: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Large changes first: leave half of the segments out, a quarter, ...; then move single ones."""
    chunk = len(parts) // 2
    while chunk >= 1:
        for i in range(0, len(parts), chunk):
            yield [*parts[:i], *parts[i + chunk:]]
        chunk //= 2
    yield from _moved(parts, _later)
    yield from _moved(parts, _earlier)


def _moved(parts: Sequence[Segment], beside: Callable[[Sequence[Segment], int], int | None]) -> Iterator[list[Segment]]:
    for i in range(len(parts)):
        j = beside(parts, i)
        if j is not None:
            rest = [*parts[:i], *parts[i + 1:]]
            yield [*rest[:j], parts[i], *rest[j:]]


def _later(parts: Sequence[Segment], i: int) -> int | None:
    """Where segment `i` comes just before the next one of its process, itself taken out."""
    return next((j - 1 for j in range(i + 1, len(parts)) if parts[j][0] == parts[i][0]), None)


def _earlier(parts: Sequence[Segment], i: int) -> int | None:
    """Where it comes just behind the one before."""
    return next((j + 1 for j in range(i - 1, -1, -1) if parts[j][0] == parts[i][0]), None)


def run_loosely(machine: Machine, parts: Sequence[Segment], choices: Sequence[Sequence[int]]) -> Recording:
    """Run segments as far as their processes can go, then everything else without a preemption, flushes late.

    Choices of values are as given, then 0.
    """
    recorder = Recorder(machine)
    values = [iter(row) for row in choices]

    def ready() -> list[int]:
        while not machine.failed and (t := machine.chooser()) >= 0:
            value = next(values[t], 0)
            recorder.choose(t, value if value < machine.choices(t) else 0)
        return [] if machine.failed else machine.enabled()

    for process, count in parts:
        for _ in range(count):
            if process not in ready():
                break
            recorder.step(process)
    while enabled := ready():
        recorder.step(recorder.last if recorder.last in enabled else enabled[0])
    return recorder.finish()
