"""What the samplers' distributions are, by enumeration: exact probabilities of every order, in fractions.

Written from the papers, not from the code under test. A `System` says which processes can take a step after an order of
steps, and what their next events are about; a sampler is a function from a system to the chance of each full order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from typing import Protocol

#: Numbers of processes.
Order = tuple[int, ...]
Chances = dict[Order, Fraction]
#: "l" loads, "s" stores, "" touches nothing that others see; and the word.
Event = tuple[str, str]


class System(Protocol):
    """Some processes. `length`: the steps of every full order."""

    processes: int
    length: int

    def enabled(self, order: Order) -> list[int]: ...

    def event(self, order: Order, process: int) -> Event: ...

    def events(self, process: int) -> list[Event]:
        """All events of a process, in any order of steps."""

    def broken(self, order: Order) -> bool: ...


@dataclass(frozen=True)
class Additions:
    """Each letter of a thread's text: load that word, store it plus 1. Broken if a word is too small at the end."""

    texts: tuple[str, ...]

    @property
    def processes(self) -> int:
        return len(self.texts)

    @property
    def length(self) -> int:
        return 2 * sum(map(len, self.texts))

    def enabled(self, order: Order) -> list[int]:
        return [t for t in range(self.processes) if order.count(t) < len(self.events(t))]

    def event(self, order: Order, process: int) -> Event:
        return self.events(process)[order.count(process)]

    def events(self, process: int) -> list[Event]:
        return [(kind, word) for word in self.texts[process] for kind in "ls"]

    def broken(self, order: Order) -> bool:
        values: dict[str, int] = defaultdict(int)
        loaded = [0] * self.processes
        for i, t in enumerate(order):
            kind, word = self.event(order[:i], t)
            if kind == "l":
                loaded[t] = values[word]
            else:
                values[word] = loaded[t] + 1
        return sum(values.values()) < sum(map(len, self.texts))


class StoreBuffering:
    """SB under TSO: x := 1; r0 := y and y := 1; r1 := x; processes 2 and 3 flush. Broken if both load 0.

    Each thread then stores what it has seen (a word of its own), which is flushed too.
    """

    processes, length = 4, 10

    def enabled(self, order: Order) -> list[int]:
        stored = [(order.count(t) > 0) + (order.count(t) > 2) for t in (0, 1)]
        threads = [t for t in (0, 1) if order.count(t) < 3]
        return threads + [2 + t for t in (0, 1) if order.count(2 + t) < stored[t]]

    def event(self, order: Order, process: int) -> Event:
        return self.events(process)[order.count(process)]

    def events(self, process: int) -> list[Event]:
        mine, other = ("x", "y") if process % 2 == 0 else ("y", "x")
        return [("s", mine), ("s", "r" + mine)] if process > 1 else [("", ""), ("l", other), ("", "")]

    def broken(self, order: Order) -> bool:
        def loads(t: int) -> int:
            return [i for i, p in enumerate(order) if p == t][1]

        return all(loads(t) < order.index(3 - t) for t in (0, 1))


def uniform(system: System) -> Chances:
    """Every step by a process drawn uniformly among the enabled ones."""
    chances: Chances = {(): Fraction(1)}
    for _ in range(system.length):
        following: Chances = defaultdict(Fraction)
        for order, chance in chances.items():
            enabled = system.enabled(order)
            for p in enabled:
                following[*order, p] += chance / len(enabled)
        chances = following
    return chances


def pct(system: System, depth: int) -> Chances:
    """Burckhardt et al.: random priorities above depth - 1; after the k_i-th step its process has priority i."""
    chances: Chances = defaultdict(Fraction)
    ranks = list(permutations(range(system.processes)))
    places = list(product(range(1, system.length + 1), repeat=depth - 1))
    for rank, change in product(ranks, places):
        priority = [depth + r for r in rank]
        order: Order = ()
        while enabled := system.enabled(order):
            p = max(enabled, key=priority.__getitem__)
            order = (*order, p)
            for i, place in enumerate(change, 1):
                if place == len(order):
                    priority[p] = i
        chances[order] += Fraction(1, len(ranks) * len(places))
    return chances


def pos(system: System) -> Chances:
    """Yuan et al.: the event of highest priority; those that race with it draw anew.

    Priorities are continuous, so only their order counts: a new one is as likely in each gap between all that were
    drawn so far. A state keeps that order, lowest first; -1 is one that is not in use any more. Those below every one
    in use, and how many lie between two, still count.
    """
    states: dict[tuple[Order, Order], Fraction] = {((), ()): Fraction(1)}
    for _ in range(system.length):
        following: dict[tuple[Order, Order], Fraction] = defaultdict(Fraction)
        for (order, ranks), chance in states.items():
            enabled = system.enabled(order)
            drawn = {ranks: chance}
            for p in enabled:
                drawn = _with(drawn, p)
            for full, part in drawn.items():
                chosen = max(enabled, key=full.index)
                gone = {p for p in enabled if p == chosen or _race(system.event(order, p),
                                                                   system.event(order, chosen))}
                kept = tuple(-1 if p in gone else p for p in full)
                following[(*order, chosen), kept] += part
        states = following
    chances: Chances = defaultdict(Fraction)
    for (order, _), chance in states.items():
        chances[order] += chance
    return chances


def _with(drawn: dict[Order, Fraction], p: int) -> dict[Order, Fraction]:
    """Process `p` draws a priority if it has none."""
    out: dict[Order, Fraction] = defaultdict(Fraction)
    for ranks, chance in drawn.items():
        if p in ranks:
            out[ranks] += chance
            continue
        for i in range(len(ranks) + 1):
            out[*ranks[:i], p, *ranks[i:]] += chance / (len(ranks) + 1)
    return out


def _race(a: Event, b: Event) -> bool:
    return a[1] == b[1] and "s" in (a[0], b[0])


def surw(system: System) -> Chances:
    """Zhao et al., the interesting events being the accesses to one word that two processes touch, drawn uniformly."""
    used = [{word for _, word in system.events(p) if word} for p in range(system.processes)]
    words = [word for word in set().union(*used) if sum(word in each for each in used) > 1]
    chances: Chances = defaultdict(Fraction)
    for word in words:
        for order, chance in _selectively(system, word).items():
            chances[order] += chance / len(words)
    return chances


def _selectively(system: System, word: str) -> Chances:
    def intended(order: Order) -> Iterable[tuple[int, Fraction]]:
        weights = [sum(w == word for _, w in system.events(p)[order.count(p):]) for p in range(system.processes)]
        total = sum(weights)
        return [(p, Fraction(n, total)) for p, n in enumerate(weights) if n] if total else [(-1, Fraction(1))]

    chances: Chances = defaultdict(Fraction)

    def walk(order: Order, meant: int, held: frozenset[int], chance: Fraction) -> None:
        enabled = system.enabled(order)
        if not enabled:
            chances[order] += chance
            return
        free = [p for p in enabled if p not in held]
        if not free:  # the intended one cannot come yet: another one is meant
            weights = [sum(w == word for _, w in system.events(p)[order.count(p):]) for p in enabled]
            for p, weight in zip(enabled, weights, strict=True):
                walk(order, p, frozenset(), chance * weight / sum(weights))
            return
        for p in free:
            part = chance / len(free)
            if system.event(order, p)[1] != word:
                walk((*order, p), meant, held, part)
            elif p != meant:
                walk(order, meant, held | {p}, part)
            else:
                for then, share in intended((*order, p)):
                    walk((*order, p), then, frozenset(), part * share)

    for first, share in intended(()):
        walk((), first, frozenset(), share)
    return chances
