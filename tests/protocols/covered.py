"""Accesses that follow each other across threads, or do not: what interleaving coverage counts."""

from __future__ import annotations

from engine import Role, RWLock, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.memory.page import refcount

X = Word("x")
Y = Word("y")
SLOT = Word("slot")
LOCK = RWLock("lock")


@protocol
def writes_twice(mem: Mem) -> None:
    mem.write_once(X, 1)
    mem.write_once(X, 2)


@protocol
def reads(mem: Mem) -> None:
    mem.read_once(X)


@protocol
def reads_another(mem: Mem) -> None:
    mem.read_once(Y)


@protocol
def reads_twice(mem: Mem) -> None:
    mem.read_once(X)
    mem.read_once(X)


@protocol
def low_half(mem: Mem) -> None:
    mem.write_once32(X, 1)


@protocol
def high_half(mem: Mem) -> None:
    mem.write_once32(X + 4, 1)


@protocol
def adds(mem: Mem) -> None:
    mem.atomic64_inc(X)


@protocol
def takes_back(mem: Mem) -> None:
    mem.atomic64_sub(X, 1)


@protocol
def counts_down(mem: Mem) -> None:
    mem.atomic_dec_and_test(X)


@protocol
def returns_less(mem: Mem) -> None:
    mem.atomic_dec_return(X)


@protocol
def compares(mem: Mem) -> None:
    mem.cmpxchg(X, 7, 8)


@protocol
def read_locked(mem: Mem) -> None:
    mem.read_lock(LOCK)
    mem.read_once(X)
    mem.read_unlock(LOCK)


@protocol
def write_locked(mem: Mem) -> None:
    mem.write_lock(LOCK)
    mem.write_once(X, 1)
    mem.write_once(X, 2)
    mem.write_unlock(LOCK)


@protocol
def uses_page(mem: Mem) -> None:
    """Pages of two lives: what the second finds there the allocator has written."""
    page = mem.alloc_page(1)
    if page:
        mem.write_once(page, 1)
        mem.read_once(page)
        mem.atomic_set(refcount(page), 0)
        mem.free_page(page)


def scenario(*roles) -> Scenario:  # type: ignore[no-untyped-def]
    made = tuple(Role(f"{run.name}{i}", run) for i, run in enumerate(roles))
    return Scenario("covered", "tests", made, (Variant("v", pool="reuse"),), small=Geometry(4, 1, 2))
