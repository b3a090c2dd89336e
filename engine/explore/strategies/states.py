"""Depth first through the states instead of the executions: a state that was seen before is not left a second time.

The path is a list of choices, as in `dfs`. What is new is a name for every state (see `states_table`), by which it is
known again, and Tarjan's algorithm (1972) along the way: when all that a strongly connected component reaches has been
seen, its states are complete. A component with a fair cycle is a livelock. A cycle is fair if no thread that could step
in every state of it never steps in it (weak fairness, as SPIN's -f); a component has one exactly if each thread is
disabled in one of its states or steps inside of it, because one turn can pass through all of it. Every cycle is
without progress: no round ends in it, for the rounds left are part of the state. A thread that waits for another one's
next step by reading again and again is therefore none, but two that give way to each other for ever are.

What a step of a thread does depends only on what the thread knows and on memory, if nobody sleeps in cpu_relax. So the
numbers of both before and after are remembered in M, which forgets where two fall on one slot. The machine is used only
where M does not know: it then carries out the choices of the path that it has not seen yet. X_AT says how many it has.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.load import Words
from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.state import undo
from engine.explore.strategies import cells as x
from engine.explore.strategies import states_cells as s
from engine.explore.strategies.base import Strategy
from engine.explore.strategies.dfs import next_of
from engine.explore.strategies.states_livelock import blame_cycle, fair_cycle
from engine.explore.strategies.states_store import Store
from engine.explore.strategies.states_table import close_from, name_of, open_slot, open_state, refresh, scatter
from engine.jit import entry, jit

_ABILITY: Final = 64  # in M: not a step of the thread, but whether it can take one, or how many values it chooses from
_KEY: Final = 28  # bits of each number in a key of M


@jit
def carry_out(C: Any, S: Any, U: Any, D: Any, X: Any, node: Any) -> None:
    """The machine takes the choice of a node."""
    D[node + x.N_MARK] = U[c.U_TOP]
    if D[node + x.N_KIND] == x.VALUE:
        m.choose(C, S, U, D[node + s.N_BY], D[node + x.N_CHOSEN])
    else:
        m.step(C, S, U, D[node + x.N_CHOSEN])
    X[s.X_AT] += 1


@jit
def catch_up(C: Any, S: Any, U: Any, D: Any, X: Any, depth: Any) -> None:
    """The machine carries out the path's first `depth` choices, as far as it has not."""
    while X[s.X_AT] < depth:
        carry_out(C, S, U, D, X, X[s.X_AT] * x.NODE)


@jit
def thread_of(C: Any, p: Any) -> Any:
    """The thread that a process is, or whose flusher it is."""
    return p if p < C[c.C_THREADS] else bf.owner(C, p)


@jit
def key_of(P: Any, W: Any, what: Any, t: Any) -> Any:
    """Process `what` in the state in W: with what its thread `t` knows, and memory."""
    vector = P[s.P_VECTOR]
    return (what << 2 * _KEY) | W[vector + t] << _KEY | W[vector + P[s.P_THREADS]]


@jit
def recall(X: Any, M: Any, key: Any) -> Any:
    """What was remembered for a key, 0 for nothing."""
    slot = scatter(key) & X[s.X_MEMO]
    return M[2 * slot + 1] if M[2 * slot] == key else np.int64(0)


@jit
def remember(X: Any, M: Any, key: Any, what: Any) -> None:
    slot = scatter(key) & X[s.X_MEMO]
    M[2 * slot] = key
    M[2 * slot + 1] = what


@jit
def load_vector(P: Any, W: Any, depth: Any) -> None:
    """The state of a node of the path becomes the one in W."""
    n = P[s.P_THREADS] + 1
    for k in range(n):
        W[P[s.P_VECTOR] + k] = W[P[s.P_PATH] + depth * n + k]


@jit
def advance_state(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, Q: Any, O: Any, H: Any, W: Any,  # noqa: E741
                  M: Any) -> Any:
    """Compute the state behind the last choice of the path into W. False if there is no room."""
    depth = X[x.X_DEPTH]
    if depth == 0:
        return refresh(C, S, U, X, P, Q, O, H, W, np.int64(-1)) >= 0
    node, vector, threads = (depth - 1) * x.NODE, P[s.P_VECTOR], P[s.P_THREADS]
    load_vector(P, W, depth - 1)
    t = thread_of(C, D[node + s.N_BY])
    key = np.int64(0)
    if X[s.X_MEMO] >= 0 and D[node + x.N_KIND] == x.THREAD and depth <= C[c.C_LIMIT]:
        key = key_of(P, W, D[node + s.N_BY], t)
        known = recall(X, M, key)
        if known != 0:
            W[vector + t] = known >> 32
            W[vector + threads] = known & 0xFFFFFFFF
            return True
    catch_up(C, S, U, D, X, depth)
    if S[c.S_KIND] != 0:
        return True
    n = refresh(C, S, U, X, P, Q, O, H, W, D[node + x.N_MARK])
    if key != 0 and 0 <= n < threads + P[s.P_CHUNKS]:
        remember(X, M, key, W[vector + t] << 32 | W[vector + threads])
    return n >= 0


@jit
def ability(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, W: Any, M: Any, t: Any, choosing: Any) -> Any:
    """Whether a thread can step, bit 0, and its flushers, the bits above. Of a choosing one: the number of values."""
    key = key_of(P, W, t | _ABILITY, t)
    known = recall(X, M, key) if X[s.X_MEMO] >= 0 else np.int64(0)
    if known == 0:
        catch_up(C, S, U, D, X, X[x.X_DEPTH])
        if choosing:
            known = 1 + m.choices(C, S, t)
        else:
            mask, flushers = m.enabled(C, S), C[c.C_FLUSHERS]
            flushes = mask >> (C[c.C_THREADS] + t * flushers) & ((np.int64(1) << flushers) - 1)
            known = 1 + (mask >> t & 1 | flushes << 1)
        if X[s.X_MEMO] >= 0:
            remember(X, M, key, known)
    return known - 1


@jit
def look(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, Q: Any, O: Any, W: Any, M: Any) -> tuple[Any, Any, Any]:  # noqa: E741
    """In the state in W: the processes that can take a step, the thread that chooses or -1, and among how many."""
    mask, chooser, values = np.int64(0), np.int64(-1), np.int64(0)
    threads, sc = P[s.P_THREADS], C[c.C_MODEL] == c.SC
    for t in range(threads):
        status = Q[O[W[P[s.P_VECTOR] + t]] + 1] & 15
        if status == c.CHOOSING:
            if chooser < 0:
                chooser = np.int64(t)
                values = ability(C, S, U, D, X, P, W, M, t, True)
        elif status == c.READY and sc:
            mask |= np.int64(1) << t
        elif status == c.BLOCKED or not sc:
            able = ability(C, S, U, D, X, P, W, M, t, False)
            mask |= (able & 1) << t | (able >> 1) << (threads + t * C[c.C_FLUSHERS])
    return mask, chooser, values


@jit
def push(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, Q: Any, O: Any, W: Any, M: Any, number: Any) -> Any:  # noqa: E741
    """The new state in W becomes the end of the path, if something can happen in it: true then."""
    mask, chooser, values = look(C, S, U, D, X, P, Q, O, W, M)
    if mask == 0 and chooser < 0:
        return False
    depth, n = X[x.X_DEPTH], P[s.P_THREADS] + 1
    node = depth * x.NODE
    if chooser >= 0:
        D[node + x.N_KIND], D[node + x.N_CHOSEN], D[node + x.N_LEFT], D[node + s.N_BY] = x.VALUE, 0, values, chooser
        D[node + s.N_FAIR] = 0  # nobody is disabled: the others only come after the choice
    else:
        first = next_of(C, mask, thread_of(C, D[node - x.NODE + s.N_BY]) if depth > 0 else np.int64(-1))
        D[node + x.N_KIND], D[node + x.N_CHOSEN], D[node + s.N_BY] = x.THREAD, first, first
        D[node + x.N_LEFT] = mask & ~(np.int64(1) << first)
        D[node + s.N_FAIR] = ~mask & ((np.int64(1) << C[c.C_PROCESSES]) - 1)
    D[node + s.N_NUMBER], D[node + s.N_LOW] = number, number
    for k in range(n):
        W[P[s.P_PATH] + depth * n + k] = W[P[s.P_VECTOR] + k]
    X[x.X_DEPTH] = depth + 1
    X[x.X_STEPS] += 1
    return True


@jit
def seen(D: Any, X: Any, N: Any, name: Any) -> None:
    """The last choice leads to a state seen before: if that is open, both are in one component."""
    slot = open_slot(X, N, name)
    if N[2 * slot] == name:
        top = (X[x.X_DEPTH] - 1) * x.NODE
        D[top + s.N_LOW] = min(D[top + s.N_LOW], N[2 * slot + 1])
        D[top + s.N_FAIR] |= np.int64(1) << D[top + s.N_BY]


@jit
def forward(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, Q: Any, O: Any, H: Any, V: Any, G: Any,  # noqa: E741
            N: Any, T: Any, W: Any, M: Any) -> Any:
    """Carry out the last choice and see where it leads. BUDGET, or why the slice ends."""
    if X[s.X_OPEN] == X[s.X_OPEN_END]:
        X[s.X_NEED] = s.OPEN
        return x.FULL
    if not advance_state(C, S, U, D, X, P, Q, O, H, W, M):
        return x.FULL
    if S[c.S_KIND] == 0:
        name, new = name_of(X, P, G, V, W)
        if name == 0:
            return x.FULL
        X[x.X_PHASE] = x.BACK
        if not new:
            seen(D, X, N, name)
            return x.BUDGET
        number = X[x.X_STATES] - 1
        if push(C, S, U, D, X, P, Q, O, W, M, number):
            open_state(X, N, T, name, number)
            X[x.X_PHASE] = x.FRESH
            return x.BUDGET
        catch_up(C, S, U, D, X, X[x.X_DEPTH])
        m.finish(C, S, U)
    X[x.X_PHASE] = x.BACK
    X[x.X_EXECUTIONS] += 1
    if S[c.S_KIND] != 0:
        return x.FOUND
    return x.ENDED if X[x.X_EACH] != 0 else x.BUDGET


@jit
def back(C: Any, S: Any, U: Any, D: Any, X: Any, N: Any, T: Any) -> Any:
    """Take the last choice back and make the next one, or leave the state. True: its component has a fair cycle."""
    top = X[x.X_DEPTH] - 1
    node = top * x.NODE
    if X[s.X_AT] > top:
        undo(S, U, D[node + x.N_MARK])
        X[s.X_AT] = top
    chosen, left = D[node + x.N_CHOSEN], D[node + x.N_LEFT]
    more = chosen + 1 < left if D[node + x.N_KIND] == x.VALUE else left != 0
    if more:
        X[x.X_PHASE] = x.FRESH
        X[x.X_STEPS] += 1
        if D[node + x.N_KIND] == x.VALUE:
            D[node + x.N_CHOSEN] = chosen + 1
            return False
        first = next_of(C, left, thread_of(C, D[node + s.N_BY]))
        D[node + x.N_CHOSEN], D[node + s.N_BY], D[node + x.N_LEFT] = first, first, left & ~(np.int64(1) << first)
        return False
    return leave(C, D, X, N, T, top, node)


@jit
def leave(C: Any, D: Any, X: Any, N: Any, T: Any, top: Any, node: Any) -> Any:
    """All choices in the last state of the path have been made."""
    low, fair = D[node + s.N_LOW], D[node + s.N_FAIR]
    if low == D[node + s.N_NUMBER]:
        if fair == (np.int64(1) << C[c.C_PROCESSES]) - 1:
            D[node + s.N_FAIR] = 0  # told once
            return True
        close_from(X, N, T, low)
    elif top > 0:
        parent = node - x.NODE
        D[parent + s.N_LOW] = min(D[parent + s.N_LOW], low)
        D[parent + s.N_FAIR] |= fair | np.int64(1) << D[parent + s.N_BY]
    X[x.X_DEPTH] = top
    return False


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, Q: Any, O: Any, H: Any, V: Any, G: Any,  # noqa: E741
           N: Any, T: Any, W: Any, M: Any, budget: int) -> Any:
    """Go on for about `budget` transitions."""
    C, P = constant(C), constant(P)
    S, U, D, X, Q, O, H = words(S), words(U), words(D), words(X), words(Q), words(O), words(H)  # noqa: E741
    V, G, N, T, W, M = words(V), words(G), words(N), words(T), words(W), words(M)
    X[s.X_LIVELOCK] = 0
    for _ in range(budget):
        if X[x.X_PHASE] == x.FRESH:
            end = forward(C, S, U, D, X, P, Q, O, H, V, G, N, T, W, M)
            if end != x.BUDGET:
                return end
        elif X[x.X_DEPTH] == 0:
            return x.COMPLETE
        elif X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
            return x.ENOUGH
        elif back(C, S, U, D, X, N, T):
            X[x.X_EXECUTIONS] += 1
            X[s.X_LIVELOCK] = 1
            return x.FOUND
    return x.BUDGET


class States(Strategy):
    """All reachable states."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Any, ...]:
        self.store = Store(self.machine, self.X, depth=int(self.X[x.X_LONGEST]), compact=self.options.compact,
                           megabytes=self.options.memory)
        self.shown: tuple[Words, Words, list[int]] | None = None  # while a livelock is shown: S, U, its choices
        return self.store.arrays

    def grow(self) -> bool:
        if not self.store.grow():
            self.stopped = f"the limit of {self.options.memory:,} MB was reached"
            return False
        self.arrays = self.store.arrays
        return True

    def run(self, budget: int) -> int:
        m = self.machine
        if self.shown is not None:
            state, log, _ = self.shown
            m.S[:], m.U[:len(log)] = state, log
            self.shown = None
        end = super().run(budget)
        if end == x.FOUND and self.X[s.X_LIVELOCK]:
            self._show()
        if end == x.COMPLETE and self.options.compact:
            self.stopped = "a state counts as seen if 64 bits of its hash are"
            return x.LIMIT
        return end

    def _show(self) -> None:
        """Lead the machine once round the cycle, so that it is where the execution ends."""
        m = self.machine
        state, log = m.S.copy(), m.U[:m.mark].copy()
        stem, cycle = fair_cycle(m, self.store, super().picks()[:-1])
        self.shown = state, log, stem + cycle
        blame_cycle(m, stem + cycle)

    def picks(self) -> list[int]:
        return super().picks() if self.shown is None else self.shown[2]

    @property
    def bytes(self) -> int:
        return self.store.bytes
