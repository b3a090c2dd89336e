"""What the samplers' distributions are, by enumeration: exact probabilities of every order, in fractions.

Written from the papers, not from the code under test. A program is a list of threads, a thread a list of (kind, word):
"l" loads, "s" stores; all steps are always enabled. An order is a tuple of thread numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import permutations, product

Step = tuple[str, str]
Threads = Sequence[Sequence[Step]]
Order = tuple[int, ...]
Chances = dict[Order, Fraction]


def additions(*texts: str) -> list[list[Step]]:
    """Each letter of a thread's text: load that word, store it plus 1."""
    return [[(kind, word) for word in text for kind in "ls"] for text in texts]


def lost(threads: Threads, order: Order) -> bool:
    """Whether a word ends up smaller than what was added to it."""
    values: dict[str, int] = defaultdict(int)
    loaded = [0] * len(threads)
    at = [0] * len(threads)
    for t in order:
        kind, word = threads[t][at[t]]
        at[t] += 1
        if kind == "l":
            loaded[t] = values[word]
        else:
            values[word] = loaded[t] + 1
    added = sum(kind == "s" for thread in threads for kind, _ in thread)
    return sum(values.values()) < added


def uniform(threads: Threads) -> Chances:
    """Every step by a thread drawn uniformly among those that have not finished."""
    chances: Chances = {(): Fraction(1)}
    for _ in range(sum(map(len, threads))):
        following: Chances = defaultdict(Fraction)
        for order, chance in chances.items():
            alive = _alive(threads, order)
            for t in alive:
                following[*order, t] += chance / len(alive)
        chances = following
    return chances


def pct(threads: Threads, depth: int) -> Chances:
    """Burckhardt et al.: random priorities above depth - 1; after the k_i-th step its thread has priority i."""
    steps = sum(map(len, threads))
    chances: Chances = defaultdict(Fraction)
    ranks = list(permutations(range(len(threads))))
    places = list(product(range(1, steps + 1), repeat=depth - 1))
    for rank, change in product(ranks, places):
        priority = [depth + r for r in rank]
        order: list[int] = []
        while alive := _alive(threads, order):
            t = max(alive, key=priority.__getitem__)
            order.append(t)
            for i, place in enumerate(change, 1):
                if place == len(order):
                    priority[t] = i
        chances[tuple(order)] += Fraction(1, len(ranks) * len(places))
    return chances


def pos(threads: Threads) -> Chances:
    """Yuan et al.: the event of highest priority; those that race with it draw anew.

    Priorities are continuous, so only their order counts: a new one is as likely in each gap between all that were
    drawn so far. A state keeps that order, lowest first; -1 is one that is not in use any more.
    """
    states: dict[tuple[Order, Order], Fraction] = {((), ()): Fraction(1)}
    for _ in range(sum(map(len, threads))):
        following: dict[tuple[Order, Order], Fraction] = defaultdict(Fraction)
        for (order, ranks), chance in states.items():
            alive = _alive(threads, order)
            drawn = {ranks: chance}
            for t in alive:
                drawn = _with(drawn, t)
            for full, part in drawn.items():
                chosen = max(alive, key=full.index)
                gone = {t for t in alive if t == chosen or _race(_next(threads, order, t),
                                                                   _next(threads, order, chosen))}
                kept = tuple(-1 if t in gone else t for t in full)
                following[(*order, chosen), kept] += part
        states = following
    chances: Chances = defaultdict(Fraction)
    for (order, _), chance in states.items():
        chances[order] += chance
    return chances


def _with(drawn: dict[Order, Fraction], t: int) -> dict[Order, Fraction]:
    """Thread `t` draws a priority if it has none."""
    out: dict[Order, Fraction] = defaultdict(Fraction)
    for ranks, chance in drawn.items():
        if t in ranks:
            out[ranks] += chance
            continue
        for i in range(len(ranks) + 1):
            out[*ranks[:i], t, *ranks[i:]] += chance / (len(ranks) + 1)
    return out


def _race(a: Step, b: Step) -> bool:
    return a[1] == b[1] and "s" in (a[0], b[0])


def surw(threads: Threads) -> Chances:
    """Zhao et al., the interesting events being the accesses to one word that two threads touch, drawn uniformly."""
    used = [{word for _, word in thread} for thread in threads]
    words = [word for word in set().union(*used) if sum(word in each for each in used) > 1]
    chances: Chances = defaultdict(Fraction)
    for word in words:
        for order, chance in _selectively(threads, word).items():
            chances[order] += chance / len(words)
    return chances


def _selectively(threads: Threads, word: str) -> Chances:
    def left(order: Order) -> list[int]:
        return [sum(w == word for _, w in thread[order.count(t):]) for t, thread in enumerate(threads)]

    def intended(order: Order) -> Iterable[tuple[int, Fraction]]:
        weights = left(order)
        total = sum(weights)
        return [(t, Fraction(n, total)) for t, n in enumerate(weights) if n] if total else [(-1, Fraction(1))]

    chances: Chances = defaultdict(Fraction)

    def walk(order: Order, meant: int, held: frozenset[int], chance: Fraction) -> None:
        alive = _alive(threads, order)
        if not alive:
            chances[order] += chance
            return
        free = [t for t in alive if t not in held]
        for t in free:
            part = chance / len(free)
            if _next(threads, order, t)[1] != word:
                walk((*order, t), meant, held, part)
            elif t != meant:
                walk(order, meant, held | {t}, part)
            else:
                for then, share in intended((*order, t)):
                    walk((*order, t), then, frozenset(), part * share)

    for first, share in intended(()):
        walk((), first, frozenset(), share)
    return chances


def _alive(threads: Threads, order: Sequence[int]) -> list[int]:
    return [t for t, thread in enumerate(threads) if order.count(t) < len(thread)]


def _next(threads: Threads, order: Sequence[int], t: int) -> Step:
    return threads[t][order.count(t)]
