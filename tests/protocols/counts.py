"""Programs whose number of Mazurkiewicz traces is known from the literature: what a partial order reduction must hit.

readers, lastzero: Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014.
"""

from __future__ import annotations

from engine import Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem

X = Word("x")
COUNT = Word("count")
ARRAY = Word("array", 32)
INCREMENTS = Param("increments", 1)
HOW = Param("how", 0, names={0: "plain", 1: "void", 2: "returning"})
SIZE = Param("size", 5)


@protocol
def store(mem: Mem) -> None:
    mem.write_once(X, 1)


@protocol
def load(mem: Mem) -> None:
    mem.read_once(X)


@protocol
def plus_one(mem: Mem, i: int) -> None:
    mem.write_once(ARRAY[i], mem.read_once(ARRAY[i - 1]) + 1)


@protocol
def last_zero(mem: Mem) -> None:
    i = SIZE
    while mem.read_once(ARRAY[i]) != 0:
        i -= 1


@protocol
def increments(mem: Mem) -> None:
    for _ in range(INCREMENTS):
        if HOW == 0:
            mem.write_once(COUNT, mem.read_once(COUNT) + 1)
        elif HOW == 1:
            mem.atomic64_inc(COUNT)
        else:
            mem.atomic64_inc_return(COUNT)


def _scenario(name: str, *roles: Role) -> Scenario:
    return Scenario(name, "", roles, (Variant("v"),), small=Geometry(2, 1, 2))


def readers(n: int) -> Scenario:
    """2^n: each reader is before or after the store."""
    return _scenario("readers", Role("W", store), *(Role(f"R{i}", load) for i in range(n)))


def lastzero(n: int) -> Scenario:
    """To be built with the parameter size = n."""
    return _scenario("lastzero", Role("R", last_zero), *(Role(f"W{i}", plus_one, (i,)) for i in range(1, n + 1)))


#: 4, 34, 328, 3334, 34904 for 1 to 5 plain increments each; 1 for void ones; C(2N, N) for returning ones.
COUNTER = _scenario("count", Role("A", increments), Role("B", increments))
