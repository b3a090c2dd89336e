"""Fair cycles: one turn of a component that has one, and the same turn recognised when a schedule is run again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from engine.explore.load import Machine
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.strategies import cells as x
from engine.explore.strategies import states_cells as s
from engine.explore.strategies.states_store import Store
from engine.explore.strategies.states_table import name_of, open_slot, refresh
from engine.jit import entry
from engine.violations import BY_NAME

_FULL: Final = -2


@entry(*SOURCES)
def identify(C: Any, S: Any, U: Any, X: Any, P: Any, Q: Any, O: Any, H: Any, V: Any, G: Any,  # noqa: E741
             N: Any, W: Any) -> Any:
    """The number of the machine's state among the open ones, -1 if it is not open, -2 if there is no room."""
    C, P = constant(C), constant(P)
    S, U, X, Q, O, H = words(S), words(U), words(X), words(Q), words(O), words(H)  # noqa: E741
    V, G, N, W = words(V), words(G), words(N), words(W)
    if refresh(C, S, U, X, P, Q, O, H, W, np.int64(-1)) < 0:
        return np.int64(_FULL)
    name, _ = name_of(X, P, G, V, W)
    if name == 0:
        return np.int64(_FULL)
    slot = open_slot(X, N, name)
    return N[2 * slot + 1] if N[2 * slot] == name else np.int64(-1)


def _identify(machine: Machine, store: Store) -> int:
    while True:
        P, Q, O, H, V, G, N, _, W, _ = store.arrays  # noqa: E741
        number = int(identify(machine.C, machine.S, machine.U, store.X, P, Q, O, H, V, G, N, W))
        if number != _FULL:
            return number
        if not store.grow():
            raise MemoryError


def options(machine: Machine) -> list[tuple[int, int]]:
    """What can happen now: (choice, the thread whose choice it is)."""
    t = machine.chooser()
    return [(v, t) for v in range(machine.choices(t))] if t >= 0 else [(t, t) for t in machine.enabled()]


def take(machine: Machine, pick: int) -> None:
    """Carry out one choice."""
    t = machine.chooser()
    if t >= 0:
        machine.choose(t, pick)
    else:
        machine.step(pick)


def bits(threads: Sequence[int]) -> int:
    return sum(1 << t for t in threads)


@dataclass
class _Edge:
    pick: int
    thread: int
    to: int


@dataclass
class _Component:
    """The strongly connected component of a state, as a graph."""

    edges: dict[int, list[_Edge]] = field(default_factory=dict)
    disabled: dict[int, int] = field(default_factory=dict)  # threads as bits

    def nearest(self, start: int, wanted: int, home: int) -> list[_Edge]:
        """The shortest way on which a wanted thread steps or is disabled at the end; with none wanted, the way home."""
        came: dict[int, tuple[int, _Edge]] = {}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for edge in self.edges[here]:
                hit = (1 << edge.thread | self.disabled[edge.to]) & wanted if wanted else edge.to == home
                if hit:
                    way = [edge]
                    while here != start:
                        here, before = came[here]
                        way.insert(0, before)
                    return way
                if edge.to not in came and edge.to != start:
                    came[edge.to] = here, edge
                    queue.append(edge.to)
        return []

    def turn(self, home: int, threads: int) -> list[_Edge]:
        """From `home` through all that makes a cycle fair, and back."""
        way: list[_Edge] = []
        here, wanted = home, (1 << threads) - 1 & ~self.disabled[home]
        while wanted:
            more = self.nearest(here, wanted, home)
            assert more, "the component is not fair"
            way += more
            for edge in more:
                wanted &= ~(1 << edge.thread | self.disabled[edge.to])
            here = way[-1].to
        return way + (self.nearest(here, 0, home) if here != home or not way else [])


def fair_cycle(machine: Machine, store: Store, stem: list[int]) -> tuple[list[int], list[int]]:
    """The way to a fair cycle and one turn of it, as choices; `stem` leads to the first state of its component.

    Between them nobody is choosing: a schedule gives choices with the step before them.
    """
    component, ways = _Component(), {}
    home = _arrive(machine, store, stem)
    ways[home] = list(stem)
    queue = deque([home])
    while queue:
        here = queue.popleft()
        _arrive(machine, store, ways[here])
        able, mark = options(machine), machine.mark
        everybody = (1 << machine.processes) - 1
        component.disabled[here] = 0 if machine.chooser() >= 0 else everybody & ~bits([t for _, t in able])
        component.edges[here] = []
        for pick, thread in able:
            take(machine, pick)
            to = -1 if machine.failed else _identify(machine, store)
            machine.undo(mark)
            if to < home:
                continue
            component.edges[here].append(_Edge(pick, thread, to))
            if to not in ways:
                ways[to] = [*ways[here], pick]
                queue.append(to)
    picks = [edge.pick for edge in component.turn(home, machine.processes)]
    _arrive(machine, store, stem)
    first = 0
    while machine.chooser() >= 0:
        take(machine, picks[first])
        first += 1
    return stem + picks[:first], picks[first:] + picks[:first]


def _arrive(machine: Machine, store: Store, picks: Sequence[int]) -> int:
    """Put the machine where these choices lead; the number of that state."""
    machine.reset()
    for pick in picks:
        take(machine, pick)
    return _identify(machine, store)


def blame_cycle(machine: Machine, picks: Sequence[int]) -> None:
    """If an execution of these choices ends with a fair cycle, it ends in a livelock."""
    cycle = cycle_of(machine, picks)
    if cycle is not None:
        machine.blame(BY_NAME["livelock"].code, cycle.thread, cycle.row, cycle.steps)


@dataclass(frozen=True)
class Cycle:
    """A fair cycle at the end of an execution. `start`: choices before it. `row`, `thread`: its first step by place."""

    start: int
    steps: int
    row: int
    thread: int


def cycle_of(machine: Machine, picks: Sequence[int]) -> Cycle | None:
    """The fair cycle with which an execution of some choices ends, if it does. The machine is left at its end."""
    store = Store(machine, np.zeros(x.X_SIZE, np.int64), depth=0, compact=False, megabytes=1 << 20)
    vector = slice(int(store.P[s.P_VECTOR]), int(store.P[s.P_VECTOR]) + machine.alone + 1)
    states: list[bytes] = []
    fair: list[int] = []  # before each choice: the threads that are disabled or make it, as bits
    steps: list[tuple[int, int] | None] = []  # (row, thread), None for the choice of a value
    machine.reset()
    for pick in [*picks, None]:
        _identify(machine, store)
        states.append(store.W[vector].tobytes())
        if pick is None:
            break
        choosing, able = machine.chooser(), options(machine)
        steps.append((machine.next_row(pick), machine.thread_of(pick)[0]) if choosing < 0 else None)
        disabled = 0 if choosing >= 0 else (1 << machine.processes) - 1 & ~bits([t for _, t in able])
        fair.append(disabled | 1 << (choosing if choosing >= 0 else pick))
        take(machine, pick)
    start = states.index(states[-1])
    around = [step for step in steps[start:] if step is not None]
    covered = 0
    for mask in fair[start:]:
        covered |= mask
    if not around or covered != (1 << machine.processes) - 1:
        return None
    return Cycle(start, len(around), *min(around))

