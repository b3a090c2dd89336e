"""Optimal dynamic partial order reduction in the memory of a path: one execution of each Mazurkiewicz trace.

Parsimonious-optimal DPOR: Abdulla, Atig, Das, Jonsson, Sagonas, "Parsimonious Optimal Dynamic Partial Order Reduction",
CAV 2024. When an event has been explored, its races are reversed at once (`dpor_races`): the path is put aside, what
the reversal asks for is explored, and the path is taken up again (`dpor_jumps`). Nothing is kept of what was explored:
each trace has one path that leads to it, and a race is reversed only on that path. Going back takes steps back by the
undo log; a prefix never runs again.

Where the machine is more than that paper's model:

    flushers    under `tso` and `pso` a flush is an event of a process of its own; it stays behind the thread's stores
                before it and, under `pso` too, in order with the thread's other flushes
    choices     a value of `mem.choose` is an event of its own that touches nothing; all its values are taken in turn
    waiting     a thread may have to wait for a lock or in a spin loop, and one step may make another impossible: see
                `dpor_waiting`. A failed turn of a one-step spin loop is no event (`dpor_reverse.awaits`)
    commuting   where two steps that commute both make a third impossible, an execution may be a repetition; it is
                counted as redundant (`dpor_races.seen`)
    violations  a step that is a violation, itself or by a choice that belongs to it, changes nothing and ends its
                thread; the others go on, so that all that can happen beside it is seen. The schedule that is recorded
                ends at the violation. A deadlock, the check at rest and the limit on steps end the execution
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.load import Words
from engine.explore.machine import access as a
from engine.explore.machine import cells as c
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.memory import area_of
from engine.explore.machine.state import undo
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_jumps as jumps
from engine.explore.strategies import dpor_races as races
from engine.explore.strategies import dpor_waiting as waiting
from engine.explore.strategies.base import Strategy
from engine.explore.strategies.dpor_next import look
from engine.explore.strategies.dpor_steps import go, go_on, new_event, take_back
from engine.jit import entry, jit

_FIRST_ROWS: Final = 64
_FIRST_WORDS: Final = 1 << 12


@jit
def over(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any) -> None:
    """An execution is over: the state after its last event, as if a step came next that somebody waits for."""
    if X[d.X_END] >= 0:
        undo(S, U, X[d.X_END])
        X[x.X_DEPTH] = X[d.X_EVENTS]
        X[d.X_ROWS] = AT[X[x.X_DEPTH]] + 1
        X[d.X_END] = -1
    while X[d.X_WAITER] < C[c.C_THREADS]:
        status = S[area_of(C, X[d.X_WAITER]) + c.T_STATUS]
        if status == c.BLOCKED or status == c.READY:
            e = new_event(U, F, X, EV, AT, d.STEP, X[d.X_WAITER], 0, d.FREE)
            a.next_access(C, S, F, X[d.X_WAITER], EV, e + d.E_RECORD)
            X[d.X_RACE] = -1
            X[x.X_PHASE] = d.RACES
            return
        X[d.X_WAITER] += 1
    X[x.X_PHASE] = x.BACK


@jit
def leave_races(X: Any) -> None:
    """All races of an event are reversed."""
    if X[d.X_LISTED] >= 0:
        X[d.X_TOP] = X[d.X_LIST]
    X[x.X_PHASE] = x.BACK
    if X[d.X_WAITER] >= 0:
        X[d.X_WAITER] += 1
        X[x.X_PHASE] = d.OVER


@jit
def reverse_race(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any) -> Any:
    """The next race of the event that comes next at the last node, or never; false if K has no room."""
    j, r = X[x.X_DEPTH], X[d.X_RACE]
    if r < 0:
        X[d.X_RACE] = -1 + waiting.settle(C, S, U, F, X, EV, AT, Q, K, V, j)
        return X[d.X_RACE] == 0
    if r >= (X[d.X_LISTED] if X[d.X_LISTED] >= 0 else EV[d.event(F, AT, j) + d.E_RACES]):
        leave_races(X)
        return True
    if X[d.X_LISTED] >= 0:
        at, clock = d.reversal(F, X, r), F[d.F_SCRATCH]
        i, lo, mode = K[at], K[at + 1 + a.LO], K[at + 1 + a.MODE]
        d.copy(K, at + 1 + F[d.F_RECORD], Q, clock, F[d.F_PROCESSES])
    else:
        at, clock = d.record(F, AT, j), d.clock(F, AT, j)
        i, lo, mode = Q[d.race(F, AT, j, r)], EV[at + a.LO], EV[at + a.MODE]
    if races.wanted(F, EV, AT, Q, i, j, clock):
        if not jumps.room(U, F, X, EV, AT, i, j):
            return False
        given = races.given(F, EV, AT, Q, K, i, j, clock, X[d.X_TOP])
        jumps.jump(S, U, F, X, EV, AT, Q, K, i, j, lo, mode, given)
        return True
    X[d.X_RACE] += 1
    return True


@jit
def back(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, V: Any) -> Any:
    """Take the last event back: next its races, or the next value. True if that is a violation to tell of."""
    j = X[x.X_DEPTH] - 1
    e = d.event(F, AT, j)
    take_back(C, S, U, F, X, EV, AT, j)
    X[x.X_DEPTH] = j
    X[d.X_ROWS] = AT[j] + 1
    role = EV[e + d.E_ROLE]
    if role == d.GIVEN:
        return False
    if EV[e + d.E_KIND] == d.STEP:
        X[d.X_RACE], X[d.X_WAITER] = -1, -1
        X[x.X_PHASE] = d.RACES
    elif EV[e + d.E_VALUE] + 1 < EV[e + d.E_RACES]:
        return go(C, S, U, F, X, EV, AT, Q, V, d.VALUE, EV[e + d.E_PROCESS], EV[e + d.E_VALUE] + 1, d.OTHER)
    return False


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, _D: Any, X: Any, F: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any,
           budget: int) -> Any:
    """Go on for about `budget` events."""
    C, S, U, X, F = constant(C), words(S), words(U), words(X), constant(F)
    EV, AT, Q, K, V = words(EV), words(AT), words(Q), words(K), words(V)
    for _ in range(budget):
        ended = False
        if X[x.X_PHASE] == x.FRESH:
            if X[d.X_ROWS] + F[d.F_SPARE] > X[d.X_ROWS_MAX]:
                return x.FULL
            ended = look(C, S, U, F, X, EV, AT, Q, K, V)
        elif X[x.X_PHASE] == d.RACES:
            if not reverse_race(C, S, U, F, X, EV, AT, Q, K, V):
                return x.FULL
        elif X[x.X_PHASE] == d.FAILED:
            go_on(C, S, U, F, X, EV, AT)
        elif X[x.X_PHASE] == d.OVER:
            over(C, S, U, F, X, EV, AT)
        elif X[d.X_JUMP] >= 0 and X[x.X_DEPTH] == K[X[d.X_JUMP] + d.J_NODE]:
            jumps.come_back(S, U, X, AT, K)
        elif X[x.X_DEPTH] == 0:
            return x.COMPLETE
        elif X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
            return x.ENOUGH
        else:
            ended = back(C, S, U, F, X, EV, AT, Q, V)
        if ended:
            return x.FOUND if S[c.S_KIND] != 0 else x.ENDED
    return x.BUDGET


class OptimalReduction(Strategy):
    """One execution of each trace."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Words, ...]:
        """F, EV, AT, Q, K, V. Row 0 of Q is where a clock is worked out."""
        C, longest = self.machine.C, int(self.X[x.X_LONGEST])
        processes = int(C[c.C_PROCESSES])
        record, event, node = d.sizes(processes, bool(C[c.C_RELAXES]) or C[c.C_MODEL] != c.SC)
        spare = 2 * processes + 4  # rows for one event, failed turns and the node after them
        F, AT, X = a.tables(self.machine.code.rows), np.zeros(longest + spare, np.int64), self.X
        for cell, value in ((d.F_PROCESSES, processes), (d.F_RECORD, record), (d.F_EVENT_ROW, event),
                            (d.F_NODE_ROW, node), (d.F_SPARE, spare)):
            F[cell] = value
        rows = _FIRST_ROWS + spare
        EV, Q, K = np.zeros(rows * event, np.int64), np.zeros(rows * node, np.int64), np.zeros(_FIRST_WORDS, np.int64)
        AT[0], X[d.X_ROWS], X[d.X_ROWS_MAX], X[d.X_TOP_MAX], X[d.X_JUMP] = 1, 2, rows, len(K), -1
        Q[node + processes:node + 2 * processes] = -1  # nobody has a last event
        return F, EV, AT, Q, K, np.zeros(longest + spare, np.int64)

    @property
    def bytes(self) -> int:
        """Of the events put aside, when they were most."""
        F = self.arrays[0]
        return 8 * self.count(x.X_PEAK) * int(F[d.F_EVENT_ROW] + F[d.F_NODE_ROW])

    def grow(self) -> bool:
        """Twice the rows, or twice the words for jumps, whichever is short."""
        F, EV, AT, Q, K, V = self.arrays
        X = self.X
        if X[d.X_ROWS] + F[d.F_SPARE] > X[d.X_ROWS_MAX]:
            EV, Q = twice(EV), twice(Q)
            X[d.X_ROWS_MAX] *= 2
        else:
            K = twice(K)
            X[d.X_TOP_MAX] *= 2
        if 8 * (len(EV) + len(Q) + len(K)) > self.options.memory << 20:
            self.stopped = f"the limit of {self.options.memory:,} MB was reached"
            return False
        self.arrays = F, EV, AT, Q, K, V
        return True

    def picks(self) -> list[int]:
        """The choices of the present execution; a violation that was told before is not a part of it."""
        F, EV, AT = self.arrays[:3]
        rows = EV.reshape(-1, int(F[d.F_EVENT_ROW]))[AT[:self.depth]]
        return [int(row[d.E_VALUE if row[d.E_KIND] == d.VALUE else d.E_PROCESS])
                for row in rows if not row[d.E_FAILED]]


def twice(array: Words) -> Words:
    """The same words, and as many more."""
    larger = np.zeros(2 * len(array), np.int64)
    larger[:len(array)] = array
    return larger
