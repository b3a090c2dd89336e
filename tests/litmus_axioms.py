"""The outcomes of a litmus test by brute force over the axioms of its memory model; shares nothing with the machine.

After Alglave, Maranget, Tautschnig, "Herding cats" (2014): an execution is a choice of the store that each load reads
(rf) and of an order of the stores to each word (co). It is allowed if

    po-loc | rf | co | fr     has no circle (each word behaves like memory), and
    ppo | fences | rfe | co | fr   has none (there is one order of everything that others can see),

where fr leads from a load to the stores behind the one it reads, and ppo is program order without what the model
relaxes: nothing (sc), store-load pairs (tso), store-load and store-store pairs (pso).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations, product
from typing import NamedTuple


class Event(NamedTuple):
    """`value` of a store, `register` of a load. Thread -1 made the initial stores."""

    thread: int
    index: int
    word: str
    value: int = 0
    register: str = ""

    @property
    def loads(self) -> bool:
        return bool(self.register)


Pairs = set[tuple[Event, Event]]

RELAXED = {"sc": (), "tso": ("wr",), "pso": ("wr", "ww")}


def outcomes(program: str, observed: str, model: str, order: str) -> set[str]:
    """What may be observed, one digit for each thing."""
    events = parse(program)
    before = {(a, b) for a in events for b in events if a.thread == b.thread and a.index < b.index}
    kept = {(a, b) for a, b in before if shape(a, b) not in RELAXED[model] or fenced(a, b, order)}
    same_word = {(a, b) for a, b in before if a.word == b.word}
    found = set()
    for read_from, coherence in candidates(events):
        from_reads = {(load, later) for store, load in read_from for earlier, later in coherence if earlier == store}
        external = {(store, load) for store, load in read_from if store.thread != load.thread}
        if acyclic(same_word | read_from | coherence | from_reads) and \
                acyclic(kept | external | coherence | from_reads):
            found.add("".join(str(value_of(name, read_from, coherence)) for name in observed.split()))
    return found


def parse(program: str) -> list[Event]:
    """"x=1 r0=y | ..." as events."""
    made = []
    for thread, text in enumerate(program.split("|")):
        for index, access in enumerate(text.split()):
            left, right = access.split("=")
            made.append(Event(thread, index, right, register=left) if right.isalpha()
                        else Event(thread, index, left, int(right)))
    return made


def shape(a: Event, b: Event) -> str:
    return "wr"[a.loads] + "wr"[b.loads]


def fenced(a: Event, b: Event, order: str) -> bool:
    """Whether what stands between two neighbours, or they themselves, keep them in order."""
    return {"": False, "mb": True, "wmb-rmb": shape(a, b) in ("ww", "rr"),
            "rel-acq": a.loads or not b.loads}[order]


def candidates(events: list[Event]) -> Iterator[tuple[Pairs, Pairs]]:
    """Every rf with every co. The initial store of a word comes first."""
    words = sorted({e.word for e in events})
    stores = {word: [e for e in events if e.word == word and not e.loads] for word in words}
    initial = {word: Event(-1, 0, word) for word in words}
    loads = [e for e in events if e.loads]
    for sources in product(*([initial[e.word], *stores[e.word]] for e in loads)):
        for orders in product(*(permutations(stores[word]) for word in words)):
            coherence = set()
            for word, after in zip(words, orders, strict=True):
                line = (initial[word], *after)
                coherence |= {(line[i], line[j]) for i in range(len(line)) for j in range(i + 1, len(line))}
            yield set(zip(sources, loads, strict=True)), coherence


def value_of(name: str, read_from: Pairs, coherence: Pairs) -> int:
    """What a register holds, or a word at the end."""
    for store, load in read_from:
        if load.register == name:
            return store.value
    last = {b for _, b in coherence if b.word == name} - {a for a, _ in coherence}
    return last.pop().value


def acyclic(pairs: Iterable[tuple[Event, Event]]) -> bool:
    """Takes away events that nothing leads to until none is left."""
    rest = set(pairs)
    while rest:
        later = {b for _, b in rest}
        fewer = {(a, b) for a, b in rest if a in later}
        if len(fewer) == len(rest):
            return False
        rest = fewer
    return True
