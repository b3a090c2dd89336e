"""Happens-before classes counted the plain way: every execution, its clocks from all pairs of its events.

Two searches of a machine from Python. `Raw` knows nothing of events: every step of every thread, as `dfs` does.
`Classes` takes what `dpor` calls events and puts each maximal execution into its class; it shares the relation "these
two depend" with `dpor`, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.explore import strategies
from engine.explore.load import Machine
from engine.explore.machine import access as a
from engine.explore.machine import cells as c
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.dependence import depend
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_reverse as reverse
from engine.explore.strategies.base import Options
from engine.jit import entry


class TooManyError(Exception):
    """More executions than asked for."""


@entry(*SOURCES, Path(__file__))
def probe(C: Any, S: Any, U: Any, F: Any, A: Any, what: int, i: int, j: int) -> Any:
    """0: the threads whose next step is an event. 1: the record of thread i's next step, at A[j]. 2: A[i] and A[j]
    depend. 3: A[j] has read what thread i watches. 4: end thread i."""
    C, S, U, F, A = constant(C), words(S), words(U), constant(F), words(A)
    if what == 0:
        mask = np.int64(0)
        for p in range(C[c.C_PROCESSES]):
            if reverse.possible(C, S, U, F, p):
                mask |= np.int64(1) << p
        return mask
    if what == 1:
        a.next_access(C, S, F, i, A, j)
    elif what == 2:
        return np.int64(depend(F, A, i, A, j))
    elif what == 3:
        a.add_watched(C, S, i, A, j)
    else:
        reverse.end_thread(C, S, U, i)
    return np.int64(0)


def violation(machine: Machine) -> tuple[int, ...]:
    """What a violation is: kind, place, thread, detail."""
    return tuple(int(machine.S[i]) for i in (c.S_KIND, c.S_PC, c.S_THREAD, c.S_DETAIL))


def final(machine: Machine) -> bytes:
    return machine.S[machine.C[c.C_MEMORY]:machine.C[c.C_REGS]].tobytes()


class Raw:
    """Every execution. `violations`, `finals`: what they end in. `states`: remember states, and enter each once."""

    def __init__(self, machine: Machine, most: int) -> None:
        self.m, self.most, self.executions = machine, most, 0
        self.violations: set[tuple[int, ...]] = set()
        self.finals: set[bytes] = set()
        machine.reset()
        self._go()
        machine.reset()

    def _end(self) -> None:
        self.executions += 1
        if self.executions > self.most:
            raise TooManyError
        if not self.m.failed:
            self.m.finish()
        if self.m.failed:
            self.violations.add(violation(self.m))
        else:
            self.finals.add(final(self.m))

    def _go(self) -> None:
        m = self.m
        t = m.chooser()
        enabled = [] if m.failed or t >= 0 else m.enabled()
        if m.failed or (t < 0 and not enabled):
            self._end()
            return
        for v in range(m.choices(t)) if t >= 0 else enabled:
            mark = m.mark
            if t >= 0:
                m.choose(t, v)
            else:
                m.step(v)
            self._go()
            m.undo(mark)


class Classes:
    """The classes of all maximal executions, with what each ends in."""

    def __init__(self, machine: Machine, most: int) -> None:
        self.m, self.most, self.executions = machine, most, 0
        self.F = a.tables(machine.code.rows)
        self.size = a.SIZE_RELAXING if machine.C[c.C_RELAXES] or machine.model != "sc" else a.SIZE
        self.A = np.zeros(self.size * 4000, np.int64)
        self.n = int(machine.C[c.C_PROCESSES])
        self.threads = range(len(machine.program.threads))
        self.dead = 0  # flushers whose flush was a violation
        self.events: list[tuple[int, int, tuple[int, ...]]] = []  # thread, value, clock
        self.marks: list[tuple[int, int, int]] = []  # undo mark before it, thread, value
        self.last: list[tuple[int, ...]] = [(0,) * self.n] * self.n  # what each thread knows
        self.failed = self.over = False
        self.classes: dict[frozenset[Any], Any] = {}
        machine.reset()
        self._go()
        machine.reset()

    def _probe(self, what: int, i: int = 0, j: int = 0) -> int:
        m = self.m
        return int(probe(m.C, m.S, m.U, self.F, self.A, what, i, j))

    def _end(self) -> None:
        m = self.m
        self.executions += 1
        if self.executions > self.most:
            raise TooManyError
        mark = m.mark
        if not self.failed:
            while not m.failed and m.enabled():
                m.step(m.enabled()[0])
            if not m.failed:
                m.finish()
        outcome = violation(m) if m.failed else final(m)
        m.undo(mark)
        known = self.classes.setdefault(frozenset(self.events), outcome)
        assert known == outcome, "one class, two outcomes"

    def _branches(self) -> Iterator[tuple[int, int]]:
        t = self.m.chooser()
        if t >= 0:
            yield from ((t, v) for v in range(self.m.choices(t)))
        else:
            mask = self._probe(0) & ~self.dead
            yield from ((t, -1) for t in range(self.n) if mask >> t & 1)

    def _go(self) -> None:
        branches = [] if self.over else list(self._branches())
        if not branches:
            self._end()
        for t, value in branches:
            mark, last, failed, dead = self.m.mark, list(self.last), self.failed, self.dead
            self.marks.append((mark, t, value))
            state, log = self.m.S.copy(), self.m.U[:mark].copy()
            self._take(t, value)
            self._go()
            self.m.S[:], self.m.U[:mark] = state, log
            self.marks.pop()
            self.events.pop()
            self.last, self.failed, self.dead, self.over = last, failed, dead, False

    def _fail(self) -> None:
        """The step is a violation, or the one that the choice belongs to: it changes nothing and ends its thread."""
        self.failed = True
        for mark, t, value in reversed(self.marks):
            if value < 0:
                self.m.undo(mark)
                if t in self.threads:
                    self._probe(4, t)
                else:
                    self.dead |= 1 << t
                return
        self.over = True

    def _take(self, t: int, value: int) -> None:
        m, at = self.m, self.size * len(self.events)
        asleep = [q for q in self.threads if m.area(q, c.T_STATUS) == c.ASLEEP]
        watched = {q: m.area(q, c.T_WATCHED) for q in asleep}
        if value >= 0:
            self.A[at:at + self.size] = 0
            m.choose(t, value)
        else:
            self._probe(1, t, at)
            m.step(t)
        woken = [q for q in asleep if m.area(q, c.T_STATUS) != c.ASLEEP]
        for q in woken:
            cell = int(m.C[c.C_AREA]) + q * c.T_SIZE + c.T_WATCHED
            m.S[cell], now = watched[q], int(m.S[cell])
            self._probe(3, q, at)
            m.S[cell] = now
        if m.failed:
            self._fail()
        clock = list(self.last[t])
        for k, (_, _, other) in enumerate(self.events):
            if self._probe(2, self.size * k, at):
                clock = list(map(max, clock, other))
        clock[t] = self.last[t][t] + 1
        self.events.append((t, value, tuple(clock)))
        self.last[t] = tuple(clock)
        for q in woken:
            self.last[q] = tuple(map(max, self.last[q], clock))


class Reduced:
    """What `dpor` sees of a machine."""

    def __init__(self, machine: Machine, most: int = 1 << 60) -> None:
        self.violations: set[tuple[int, ...]] = set()
        self.finals: set[bytes] = set()
        search = strategies.load("dpor")(machine, Options())
        search.X[x.X_EACH] = 1
        end = x.BUDGET
        while end != x.COMPLETE:
            end = search.run(1000)
            if end == x.FOUND:
                self.violations.add(violation(machine))
            elif end == x.ENDED:
                self.finals.add(final(machine))
            if search.count(x.X_EXECUTIONS) > most:
                raise TooManyError
        self.executions = search.count(x.X_EXECUTIONS)
        self.blocked = search.count(x.X_BLOCKED)
        self.redundant = search.count(x.X_REDUNDANT)
        self.diverged = search.count(x.X_DIVERGED)
        self.peak = search.count(x.X_PEAK)
        machine.reset()
