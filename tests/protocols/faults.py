"""One small protocol for each thing that can go wrong, and its twin in which nothing does."""

from __future__ import annotations

from engine import Counter, Param, Role, RWLock, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.memory.page import page_of, refcount

SLOT = Word("slot")
FLAG = Word("flag", 2)
OUT = Word("out", 4)
LOCK = RWLock("lock", 2)
SPIN = SpinLock("spin")
FAULT = Param("fault", 0)
TURNS = Counter("turns")


@protocol
def put_page(mem: Mem, page: int) -> None:
    """Drop the allocation's reference and free."""
    if mem.atomic_dec_and_test(refcount(page)):
        mem.free_page(page)


@protocol
def publish(mem: Mem) -> None:
    mem.write_once(SLOT, mem.alloc_page(1))


@protocol
def publish_unreferenced(mem: Mem) -> None:
    publish(mem)
    mem.atomic_set(refcount(mem.read_once(SLOT)), 0)


@protocol
def reader(mem: Mem) -> None:
    """Reads through the slot; without the lock the page may be gone."""
    if not FAULT:
        mem.read_lock(LOCK)
    page = mem.read_once(SLOT)
    if page:
        mem.write_once(OUT, mem.read_once(page + 8))
    if not FAULT:
        mem.read_unlock(LOCK)


@protocol
def remover(mem: Mem) -> None:
    mem.write_lock(LOCK)
    page = mem.xchg(SLOT, 0)
    mem.write_unlock(LOCK)
    if FAULT == 2:
        mem.read_lock(LOCK[1])
        mem.read_unlock(LOCK[1])
    put_page(mem, page)


@protocol
def remover_and_new(mem: Mem) -> None:
    """Frees and allocates again: the same frame under "reuse"."""
    remover(mem)
    mem.alloc_page(2)


@protocol
def both_free(mem: Mem) -> None:
    page = mem.xchg(SLOT, 0) if not FAULT else mem.read_once(SLOT)
    if page:
        mem.free_page(page)


@protocol
def speculative(mem: Mem) -> None:
    """A getter on a page that may be free: legal on its `_refcount`."""
    page = mem.read_once(SLOT)
    if page:
        if FAULT:
            mem.atomic_inc(refcount(page))
        elif mem.page_ref_add_unless(refcount(page), 1, 0) and mem.page_ref_sub_and_test(refcount(page), 1):
            mem.free_page(page)


@protocol
def wild(mem: Mem) -> None:
    if FAULT == 0:
        mem.write_once(FLAG[1], 1)
    elif FAULT == 1:
        mem.write_once(0, 1)
    elif FAULT == 2:
        mem.write_once(FLAG + 16, 1)  # padding
    elif FAULT == 3:
        mem.read_once(FLAG + 4)
    elif FAULT == 4:
        mem.write_once(0 - 8, 1)
    elif FAULT == 5:
        mem.free_page(mem.read_once(SLOT) + 8)
    else:
        mem.free_page(0)


@protocol
def bad_page(mem: Mem) -> None:
    page = mem.read_once(SLOT)
    at = page_of(page)
    if FAULT == 1:
        mem.write_once32(at + 48, 0)
    elif FAULT == 2:
        mem.write_once(at + 24, 0xDEAD)
    elif FAULT == 3:
        mem.write_once(at + 56, 1)
    if FAULT != 4:
        mem.atomic_set(refcount(page), 0)
    mem.free_page(page)


@protocol
def lock_misuse(mem: Mem) -> None:
    if FAULT == 0:
        mem.read_lock(LOCK)
        mem.read_unlock(LOCK)
        mem.spin_lock(SPIN)
        mem.spin_unlock(SPIN)
    elif FAULT == 1:
        mem.read_unlock(LOCK)
    elif FAULT == 2:
        mem.read_lock(LOCK)
        mem.write_unlock(LOCK)
    elif FAULT == 3:
        mem.spin_unlock(SPIN)
    elif FAULT == 4:
        mem.write_lock(SPIN)
    elif FAULT == 5:
        mem.read_lock(SLOT)
    elif FAULT == 6:
        mem.try_upgrade(LOCK)
    elif FAULT == 8:
        mem.read_lock(LOCK)
        mem.read_once(SLOT)
    elif FAULT == 9:
        mem.spin_lock(SPIN)
    else:
        mem.downgrade(LOCK)


@protocol
def one_two(mem: Mem, first: int) -> None:
    """Two locks; with the fault in two orders."""
    a, b = LOCK[0], LOCK[1]
    if FAULT and first == 1:
        a, b = b, a
    mem.write_lock(a)
    mem.write_lock(b)
    mem.write_unlock(b)
    mem.write_unlock(a)


@protocol
def sleeper(mem: Mem) -> None:
    mem.spin_lock(SPIN)
    if FAULT:
        mem.might_sleep()
    mem.spin_unlock(SPIN)
    mem.might_sleep()


@protocol
def waiter(mem: Mem) -> None:
    """Spins until the flag is set."""
    while mem.read_once(FLAG) == 0:
        mem.cpu_relax()
    mem.count(TURNS)


@protocol
def setter(mem: Mem) -> None:
    if not FAULT:
        mem.write_once(FLAG, 1)
    mem.write_once(OUT, 1)


@protocol
def warner(mem: Mem) -> None:
    mem.warn_on(mem.read_once(FLAG) + FAULT != 0)


@protocol
def deep(mem: Mem, n: int) -> None:
    mem.read_once(FLAG)
    if n:
        deep(mem, n - 1)


@protocol
def dive(mem: Mem) -> None:
    deep(mem, 100 if FAULT else 10)


@protocol
def endless(mem: Mem) -> None:
    n = 0
    while FAULT or n < 10:
        n = n + 1
        if FAULT == 3:
            mem.choose(2)
        elif FAULT != 2:
            mem.write_once(OUT, n)


@protocol
def arrays(mem: Mem) -> None:
    a = array(4)  # noqa: F821
    for i in range(4):
        a[i] = i + 1
    mem.write_once(OUT, a[3 + FAULT])


@protocol
def chooser(mem: Mem) -> None:
    mem.write_once(OUT, mem.choose(3) + mem.choose(2) * 10)
    mem.check(mem.read_once(OUT) != FAULT, "check", "the unlucky value")


def scenario(*roles, setup=None, at_rest=None, small=None, **variant) -> Scenario:
    """A scenario of test protocols: (name, protocol, *args) each, or a protocol."""
    made = []
    for i, role in enumerate(roles):
        run, *args = role if isinstance(role, tuple) else (role,)
        made.append(Role(f"r{i}", run, tuple(args)))
    return Scenario("faults", "tests", tuple(made), (Variant("v", **variant),), setup=setup, at_rest=at_rest,
                    small=small or Geometry(4, 2, 8))
