"""Threads whose stores other threads may see late, for tests of the memory models. What is observed is stored in R."""

from __future__ import annotations

from engine import Param, Role, RWLock, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.memory.page import refcount

X = Word("x")
Y = Word("y")
Z = Word("z")
R = Word("r", 4)
MANY = Word("many", 40)
PAGE = Word("page")
LOCK = RWLock("lock")
SPIN = SpinLock("spin")
HOW = Param("how", 0)
STORES = Param("stores", 40)


@protocol
def start(mem: Mem) -> None:
    mem.write_once(X, 0)
    mem.write_once(PAGE, mem.alloc_page(1))


@protocol
def message(mem: Mem) -> None:
    """x, then y and z, with nothing (0), a barrier (1) or a release (2) between."""
    mem.write_once(X, 1)
    if HOW == 1:
        mem.smp_wmb()
    if HOW == 2:
        mem.smp_store_release(Y, 1)
    else:
        mem.write_once(Y, 1)
    mem.write_once(Z, 1)


@protocol
def reads_x_last(mem: Mem) -> None:
    r = mem.read_once(Z)
    mem.smp_rmb()
    r = r * 10 + mem.read_once(Y)
    mem.smp_rmb()
    r = r * 10 + mem.read_once(X)
    mem.write_once(R[0], r)


@protocol
def forwards(mem: Mem) -> None:
    """A thread sees its own stores, whatever their width."""
    mem.write_once(X, (1 << 40) + 7)
    a = mem.read_once32(X)
    b = mem.read_once32(X + 4)
    mem.write_once32(X + 4, 3)
    c = mem.read_once32(X + 4)
    d = mem.read_once(X)  # not all of it is in one store: waits for the flush
    mem.write_once(R[0], a + b * 16 + (c << 20) + (d << 32))


@protocol
def disturbs(mem: Mem) -> None:
    mem.write_once32(X, 9)


@protocol
def fills(mem: Mem) -> None:
    page = mem.read_once(PAGE)
    mem.fill_page(page, 5, 2)
    mem.write_once(page + 8, 1)
    mem.write_once(R[0], mem.read_once(page) * 100 + mem.read_once(page + 8) * 10 + mem.read_once32(page + 16))


@protocol
def stores_and_ends(mem: Mem) -> None:
    mem.write_once(X, 1)


@protocol
def looks(mem: Mem) -> None:
    mem.write_once(R[0], mem.read_once(X) + 1)


@protocol
def everything_is_flushed(mem: Mem) -> None:
    mem.check(mem.read_once(X) == 1, "check", "a store is lost")


@protocol
def fenced(mem: Mem) -> None:
    mem.write_once(X, 1)
    mem.smp_mb()
    mem.write_once(R[0], mem.read_once(Y) + 1)


@protocol
def unlocks_and_looks(mem: Mem) -> None:
    """An unlock is a store too: the load behind it may come before both."""
    if HOW == 0:
        mem.write_lock(LOCK)
    else:
        mem.spin_lock(SPIN)
    mem.write_once(X, 1)
    if HOW == 0:
        mem.write_unlock(LOCK)
    else:
        mem.spin_unlock(SPIN)
    mem.write_once(R[1], mem.read_once(Y) + 1)


@protocol
def fenced_other(mem: Mem) -> None:
    mem.write_once(Y, 1)
    mem.smp_mb()
    mem.write_once(R[0], mem.read_once(X) + 1)


@protocol
def adds_locked(mem: Mem) -> None:
    if HOW == 0:
        mem.write_lock(LOCK)
    else:
        mem.spin_lock(SPIN)
    mem.write_once(X, mem.read_once(X) + 1)
    if HOW == 0:
        mem.write_unlock(LOCK)
    else:
        mem.spin_unlock(SPIN)


@protocol
def unlocks_twice(mem: Mem) -> None:
    mem.spin_lock(SPIN)
    mem.spin_unlock(SPIN)
    mem.spin_unlock(SPIN)


@protocol
def adds_atomically(mem: Mem) -> None:
    mem.write_once(R[0], 1)
    mem.atomic64_inc(X)
    mem.write_once(R[1], mem.read_once(Y) + 1)


@protocol
def uses_page(mem: Mem) -> None:
    """Says so, and uses the page unless it is being freed: right only if the first store is seen before the load."""
    mem.write_once(X, 1)
    if HOW == 1:
        mem.smp_mb()
    if mem.read_once(Y) == 0:
        mem.write_once(mem.read_once(PAGE) + 8, 1)


@protocol
def frees_page(mem: Mem) -> None:
    mem.write_once(Y, 1)
    mem.smp_mb()
    if mem.read_once(X) == 0:
        page = mem.read_once(PAGE)
        mem.atomic_set(refcount(page), 0)
        mem.free_page(page)


@protocol
def stores_many(mem: Mem) -> None:
    for i in range(STORES):
        mem.write_once(MANY[i], i + 1)


@protocol
def waits_for_x(mem: Mem) -> None:
    while mem.read_once(X) == 0:
        mem.cpu_relax()
    mem.write_once(R[0], 1)


@protocol
def waits_for_its_own(mem: Mem) -> None:
    mem.write_once(X, 5)
    while mem.read_once(X) == 5:
        mem.cpu_relax()
    mem.write_once(R[0], 1)


@protocol
def waits_while_it_stores(mem: Mem) -> None:
    """A loop whose store changes nothing makes no progress."""
    while mem.read_once(X) == 0:
        mem.write_once(Y, 1)
        mem.cpu_relax()


def scenario(*roles, at_rest=None) -> Scenario:  # type: ignore[no-untyped-def]
    made = tuple(Role(f"r{i}", run) for i, run in enumerate(roles))
    return Scenario("buffers", "tests", made, (Variant("v"),), setup=start, at_rest=at_rest, small=Geometry(4, 1, 3))
