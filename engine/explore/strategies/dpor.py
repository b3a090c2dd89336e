"""Optimal dynamic partial order reduction: one execution of each Mazurkiewicz trace, none twice, none given up.

Optimal-DPOR with wakeup trees: Abdulla, Aronis, Jonsson, Sagonas, "Source Sets: A Foundation for Optimal Dynamic
Partial Order Reduction", JACM 64(4), 2017, algorithm 2. Whenever an execution is over, its races are reversed
(`dpor_races`) and what that asks for is kept in wakeup trees (`dpor_tree`) at the nodes of the path. Going back takes
steps back by the undo log; a prefix never runs again.

Where the machine is more than that paper's model:

    flushers    under `tso` and `pso` a flush is an event of a process of its own; it stays behind the thread's stores
                before it and, under `pso` too, in order with the thread's other flushes
    choices     a value of `mem.choose` is an event of its own that touches nothing and races with the other values
    waiting     a thread may have to wait for a lock or in a spin loop, and one step may make another impossible: see
                `dpor_reverse.settle_waiting`. A failed turn of a one-step spin loop is no event (`dpor_reverse.awaits`)
    violations  a step that is a violation, itself or by a choice that belongs to it, changes nothing and ends its
                thread; the others go on, so that all that can happen beside it is seen. The schedule that is recorded
                ends at the violation. A deadlock, the check at rest and the limit on steps end the execution
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.load import Words
from engine.explore.machine import access as a
from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.local import STEP_LIMIT
from engine.explore.machine.memory import area_of
from engine.explore.machine.state import undo
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_clocks as clocks
from engine.explore.strategies import dpor_races as races
from engine.explore.strategies import dpor_reverse as reverse
from engine.explore.strategies import dpor_tree as trees
from engine.explore.strategies.base import Strategy
from engine.jit import entry, jit

NOBODY: Final = -1
ASLEEP: Final = -2
_FIRST_ROWS: Final = 1 << 12


@jit
def lowest(mask: Any) -> Any:
    """The number of the lowest bit of a mask that is not 0."""
    n = np.int64(0)
    while not mask >> n & 1:
        n += 1
    return n


@jit
def note_waking(C: Any, S: Any, EV: Any, V: Any, at: Any, slept: Any) -> Any:
    """The threads of `slept` that the last event has woken, as bits. It has read all that they watched."""
    mask = np.int64(0)
    for t in range(C[c.C_THREADS]):
        area = area_of(C, t)
        if slept >> t & 1 and S[area + c.T_STATUS] != c.ASLEEP:
            mask |= np.int64(1) << t
            now = S[area + c.T_WATCHED]
            S[area + c.T_WATCHED] = V[t]  # the entries are still there
            a.add_watched(C, S, t, EV, at)
            S[area + c.T_WATCHED] = now
    return mask


@jit
def asleep(C: Any, S: Any, V: Any) -> Any:
    """The threads asleep, as bits; in V the lengths of their watch lists."""
    mask = np.int64(0)
    if S[c.S_ASLEEP] != 0:
        for t in range(C[c.C_THREADS]):
            area = area_of(C, t)
            if S[area + c.T_STATUS] == c.ASLEEP:
                mask |= np.int64(1) << t
                V[t] = S[area + c.T_WATCHED]
    return mask


@jit
def step_of(F: Any, EV: Any, j: Any) -> Any:
    """The step that event j is, or to which it belongs as a choice; -1 for a choice before all steps."""
    while j >= 0 and EV[d.event(F, j) + d.E_KIND] == d.VALUE:
        j -= 1
    return j


@jit
def fail(S: Any, F: Any, X: Any, EV: Any) -> None:
    """The last event is a violation."""
    e = d.event(F, X[x.X_DEPTH] - 1)
    X[x.X_EXECUTIONS] += 1 - X[d.X_COUNTED]
    X[d.X_COUNTED] = 1
    X[x.X_PHASE] = d.FAILED
    if (S[c.S_KIND] == STEP_LIMIT and S[c.S_DETAIL] == c.LIMIT_STEPS) or step_of(F, EV, X[x.X_DEPTH] - 1) < 0:
        X[d.X_EVENTS] = X[x.X_DEPTH]
        X[d.X_END] = EV[e + d.E_MARK]
        X[d.X_WAITING] = 0
        X[d.X_COUNTED] = 0
        X[x.X_PHASE] = d.ANALYSE


@jit
def new_event(U: Any, F: Any, X: Any, EV: Any, kind: Any, p: Any, value: Any) -> Any:
    """The row of the next event."""
    e = d.event(F, X[x.X_DEPTH])
    EV[e + d.E_PROCESS] = p
    EV[e + d.E_KIND] = kind
    EV[e + d.E_VALUE] = value
    EV[e + d.E_MARK] = U[c.U_TOP]
    EV[e + d.E_FAILED] = 0
    return e


@jit
def new_node(C: Any, F: Any, X: Any, EV: Any, Q: Any, woken: Any, below: Any) -> None:
    """The event at the end of the path has happened: its clock, its races, the node after it."""
    j = X[x.X_DEPTH]
    clocks.add(F, EV, Q, j)
    clocks.next_node(F, EV, Q, j, C[c.C_RELAXES] != 0)
    n = d.event(F, j + 1)
    EV[n + d.E_TREE] = below
    EV[n + d.E_DONE] = 0
    for t in range(C[c.C_THREADS]):
        if woken >> t & 1:
            Q[d.woken(F, j + 1) + t] = j + 1
    X[x.X_DEPTH] = j + 1


@jit
def go(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, Q: Any, V: Any, kind: Any, p: Any, value: Any,
       below: Any) -> Any:
    """Take an event. True if it is a violation. `below`: the wakeup tree that goes on after it."""
    at = new_event(U, F, X, EV, kind, p, value) + d.E_RECORD
    slept = asleep(C, S, V)
    if kind == d.VALUE:
        a.clear(EV, at)
        m.choose(C, S, U, p, value)
    else:
        a.next_access(C, S, F, p, EV, at)
        X[x.X_STEPS] += 1
        m.step(C, S, U, p)
    woken = np.int64(0)
    if slept != 0:
        woken = note_waking(C, S, EV, V, at, slept)
    new_node(C, F, X, EV, Q, woken, below)
    if S[c.S_KIND] == 0:
        return False
    fail(S, F, X, EV)
    return True


@jit
def go_on(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any) -> None:
    """The others go on after a violation that was told, as if its step, with its choices, had changed nothing."""
    last = X[x.X_DEPTH] - 1
    first = step_of(F, EV, last)
    undo(S, U, EV[d.event(F, first) + d.E_MARK])
    p = EV[d.event(F, first) + d.E_PROCESS]
    if p < C[c.C_THREADS]:
        reverse.end_thread(C, S, U, p)
    else:
        X[d.X_DEAD] |= np.int64(1) << p
    for j in range(first, last + 1):
        EV[d.event(F, j) + d.E_FAILED] = 1
        X[d.X_FAILURES] += 1
    X[x.X_PHASE] = x.FRESH


@jit
def take_back(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, j: Any) -> None:
    """Back to the state before event j. Was it a choice that failed, then the step that it belongs to is done again."""
    e = d.event(F, j)
    if EV[e + d.E_FAILED] == 0 or EV[e + d.E_KIND] != d.VALUE:
        undo(S, U, EV[e + d.E_MARK])
        X[d.X_FAILURES] -= EV[e + d.E_FAILED]
        X[d.X_DEAD] &= ~(EV[e + d.E_FAILED] << EV[e + d.E_PROCESS])
        return
    first = step_of(F, EV, j)
    undo(S, U, EV[d.event(F, first) + d.E_MARK])
    for k in range(first, j + 1):
        EV[d.event(F, k) + d.E_FAILED] = 0
        X[d.X_FAILURES] -= 1
        if k < j:
            reverse.again(C, S, U, F, EV, k)


@jit
def finish(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any) -> Any:
    """Nobody goes on: a deadlock, or the check at rest. True if that is something to stop at."""
    X[d.X_EVENTS] = X[x.X_DEPTH]
    X[d.X_END] = U[c.U_TOP]
    X[d.X_WAITING] = 1
    X[x.X_PHASE] = d.ANALYSE
    if X[d.X_FAILURES] == 0:
        mask = m.enabled(C, S)
        while mask != 0 and S[c.S_KIND] == 0:
            new_event(U, F, X, EV, d.SPIN, lowest(mask), 0)
            X[x.X_DEPTH] += 1
            m.step(C, S, U, lowest(mask))
            mask = m.enabled(C, S)
        if S[c.S_KIND] == 0:
            m.finish(C, S, U)
    X[x.X_EXECUTIONS] += 1 - X[d.X_COUNTED]
    X[d.X_COUNTED] = 0
    return S[c.S_KIND] != 0 or (X[x.X_EACH] != 0 and X[d.X_FAILURES] == 0)


@jit
def pick(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any) -> Any:
    """Without guidance: the process of the last event if it can go on (schedules are unsurprising), or another.

    ASLEEP: only such can go on as sleep at the node. NOBODY can.
    """
    j, dead = X[x.X_DEPTH], X[d.X_DEAD]
    sleep = EV[d.event(F, j) + d.E_SLEEP]
    if j > 0:
        p = EV[d.event(F, j - 1) + d.E_PROCESS]
        if not (dead | sleep) >> p & 1 and reverse.possible(C, S, U, F, p):
            return p
    answer = np.int64(NOBODY)
    for t in range(C[c.C_THREADS]):
        status = S[area_of(C, t) + c.T_STATUS]
        if (status == c.READY or status == c.BLOCKED) and reverse.possible(C, S, U, F, t):
            if not sleep >> t & 1:
                return t
            answer = np.int64(ASLEEP)
    if C[c.C_MODEL] != c.SC:
        flushes = bf.flushers(C, S) & ~dead
        if flushes & ~sleep != 0:
            return lowest(flushes & ~sleep)
        if flushes != 0:
            answer = np.int64(ASLEEP)
    return answer


@jit
def guided(F: Any, X: Any, EV: Any, W: Any, e: Any) -> Any:
    """Take the first branch of the wakeup tree of node row e: thread, value, what goes on below it, place and mode."""
    w = EV[e + d.E_TREE]
    row = d.tree(F, w)
    EV[e + d.E_TREE] = W[row + d.W_NEXT]
    trees.give_back(F, X, W, w)
    at = row + d.W_RECORD
    return W[row + d.W_PROCESS], W[row + d.W_VALUE], W[row + d.W_CHILD], W[at + a.LO], W[at + a.MODE]


@jit
def has_branch(F: Any, EV: Any, W: Any, e: Any, t: Any) -> Any:
    """Whether the wakeup tree of node row e begins with the choice of thread t, or, for no thread, with anything."""
    row = d.tree(F, EV[e + d.E_TREE])
    return EV[e + d.E_TREE] != 0 and (t < 0 or (W[row + d.W_KIND] == d.VALUE and W[row + d.W_PROCESS] == t))


@jit
def look(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any) -> Any:
    """A node: follow its wakeup tree, or take any event, or end the execution. True if that is something to stop at."""
    e = d.event(F, X[x.X_DEPTH])
    p = m.chooser(C, S)
    kind, value, below, lo, mode = d.VALUE if p >= 0 else d.STEP, np.int64(0), np.int64(0), np.int64(-1), np.int64(0)
    if p >= 0:
        EV[e + d.E_RACES] = m.choices(C, S, p)
    if has_branch(F, EV, W, e, p):
        p, value, below, lo, mode = guided(F, X, EV, W, e)
        if kind == d.STEP and not reverse.possible(C, S, U, F, p):
            X[x.X_DIVERGED] += 1
            return False
    elif p >= 0:
        below = EV[e + d.E_TREE]  # others go on first: it touches nothing
        EV[e + d.E_TREE] = 0
    else:
        p = pick(C, S, U, F, X, EV)
        if p == NOBODY:
            return finish(C, S, U, F, X, EV)
        if p == ASLEEP:
            X[x.X_BLOCKED] += 1
            X[x.X_PHASE] = x.BACK
            return False
    failed = go(C, S, U, F, X, EV, Q, V, kind, p, value, below)
    if lo >= 0 and (EV[e + d.E_RECORD + a.LO] != lo or EV[e + d.E_RECORD + a.MODE] != mode):
        X[x.X_DIVERGED] += 1
    return failed


@jit
def leave(F: Any, X: Any, EV: Any, Q: Any, W: Any, j: Any) -> None:
    """All that begins with event j is explored: its process sleeps at node j from now on, or its value is done."""
    e = d.event(F, j)
    if EV[e + d.E_KIND] == d.VALUE:
        w = trees.take(F, X, W)
        W[d.tree(F, w) + d.W_VALUE] = EV[e + d.E_VALUE]
        W[d.tree(F, w) + d.W_NEXT] = EV[e + d.E_DONE]
        EV[e + d.E_DONE] = w
        return
    p = EV[e + d.E_PROCESS]
    EV[e + d.E_SLEEP] |= np.int64(1) << p
    Q[d.asleep(F, j) + p] = d.bed(F, j, p)
    d.copy(EV, e + d.E_RECORD, Q, d.bed(F, j, p), F[d.F_RECORD])


@jit
def forget_values(F: Any, X: Any, EV: Any, W: Any, e: Any) -> None:
    while EV[e + d.E_DONE] != 0:
        w = EV[e + d.E_DONE]
        EV[e + d.E_DONE] = W[d.tree(F, w) + d.W_NEXT]
        trees.give_back(F, X, W, w)


@jit
def back(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, Q: Any, W: Any) -> None:
    """Take the last event back; go on from there if its node's wakeup tree has another branch."""
    j = X[x.X_DEPTH] - 1
    e = d.event(F, j)
    take_back(C, S, U, F, X, EV, j)
    X[x.X_DEPTH] = j
    if EV[e + d.E_KIND] == d.SPIN:
        return
    leave(F, X, EV, Q, W, j)
    if EV[e + d.E_TREE] != 0:
        X[d.X_NEW] = j
        X[x.X_PHASE] = x.FRESH
    else:
        forget_values(F, X, EV, W, e)


@jit
def reverse_races(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any) -> Any:
    """The analysis of an execution; false if W is full."""
    undo(S, U, X[d.X_END])
    X[x.X_DEPTH] = X[d.X_EVENTS]
    if not races.analyse(C, S, U, F, X, EV, Q, W, V):
        return False
    X[d.X_EVENT], X[d.X_RACE] = 0, 0
    X[x.X_PHASE] = x.BACK
    return True


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, _D: Any, X: Any, F: Any, EV: Any, Q: Any, W: Any, V: Any, budget: int) -> Any:
    """Go on for about `budget` events."""
    C, S, U, X, F = constant(C), words(S), words(U), words(X), constant(F)
    EV, Q, W, V = words(EV), words(Q), words(W), words(V)
    for _ in range(budget):
        ended = False
        if X[x.X_PHASE] == x.FRESH:
            ended = look(C, S, U, F, X, EV, Q, W, V)
        elif X[x.X_PHASE] == d.FAILED:
            go_on(C, S, U, F, X, EV)
        elif X[x.X_PHASE] == d.ANALYSE:
            if not reverse_races(C, S, U, F, X, EV, Q, W, V):
                return x.FULL
        elif X[x.X_DEPTH] == 0:
            return x.COMPLETE
        elif X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
            return x.ENOUGH
        elif X[d.X_LEFT] == 0:
            return x.FULL
        else:
            back(C, S, U, F, X, EV, Q, W)
        if ended:
            return x.FOUND if S[c.S_KIND] != 0 else x.ENDED
    return x.BUDGET


class OptimalReduction(Strategy):
    """One execution of each trace."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Words, ...]:
        """F, EV, Q, W, V."""
        machine = self.machine
        C, longest = machine.C, int(self.X[x.X_LONGEST])
        processes = int(C[c.C_PROCESSES])
        record, event, node, tree = d.sizes(processes, bool(C[c.C_RELAXES]) or C[c.C_MODEL] != c.SC)
        rows = longest + 2 * processes + 4
        F = a.tables(machine.code.rows)
        for cell, value in ((d.F_PROCESSES, processes), (d.F_RECORD, record), (d.F_EVENT_ROW, event),
                            (d.F_NODE_ROW, node), (d.F_TREE_ROW, tree), (d.F_SCRATCH, rows - 1), (d.F_ALIVE, rows)):
            F[cell] = value
        EV, Q = np.zeros(rows * event, np.int64), np.zeros(rows * node, np.int64)
        Q[processes:2 * processes] = -1  # nobody has a last event
        self.arrays = F, EV, Q, np.zeros(tree, np.int64), np.zeros(3 * rows, np.int64)
        self.grow()
        return self.arrays

    @property
    def bytes(self) -> int:
        """Of the events set aside, when they were most."""
        return 8 * self.count(x.X_PEAK) * int(self.arrays[0][d.F_TREE_ROW])

    def grow(self) -> bool:
        """Twice the rows for wakeup trees, and enough for an execution as long as the last one."""
        F, EV, Q, W, V = self.arrays
        X, row = self.X, int(F[d.F_TREE_ROW])
        used = len(W) // row
        more = max(_FIRST_ROWS, used, 2 * (int(X[d.X_EVENTS]) + 1) * int(F[d.F_PROCESSES]))
        if used and 8 * (used + more) * row > self.options.memory << 20:
            self.stopped = f"the limit of {self.options.memory:,} MB was reached"
            return False
        larger = np.zeros((used + more, row), np.int64)
        larger[:used] = W.reshape(used, row)
        larger[used:, d.W_NEXT] = [*range(used + 1, used + more), X[d.X_FREE]]
        X[d.X_FREE] = used
        X[d.X_LEFT] += more
        self.arrays = F, EV, Q, larger.reshape(-1), V
        return True

    def picks(self) -> list[int]:
        """The choices of the present execution; a violation that was told before is not a part of it."""
        F, EV = self.arrays[:2]
        rows = EV[:self.depth * int(F[d.F_EVENT_ROW])].reshape(self.depth, -1)
        return [int(row[d.E_VALUE if row[d.E_KIND] == d.VALUE else d.E_PROCESS])
                for row in rows if not row[d.E_FAILED]]
