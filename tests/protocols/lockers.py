"""Readers, writers, upgraders and downgraders of one lock, in every order that a search can find."""

from __future__ import annotations

from engine import Param, Role, RWLock, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Geometry, Mem

LOCK = RWLock("lock")
SPIN = SpinLock("spin")
INSIDE = Word("inside")
LEFT = Word("left")
RIGHT = Word("right")
ORDER = Word("order")
NESTED = Param("nested", 0)


@protocol
def write(mem: Mem) -> None:
    """Nobody else is inside."""
    mem.write_lock(LOCK)
    mem.check(mem.atomic64_inc_return(INSIDE) == 1, "check", "a writer is not alone")
    mem.atomic64_dec(INSIDE)
    mem.write_unlock(LOCK)


@protocol
def read(mem: Mem) -> None:
    """No writer is inside: what it changes in two steps is seen whole."""
    mem.read_lock(LOCK)
    left = mem.read_once(LEFT)
    if NESTED:
        mem.read_lock(LOCK)
        mem.read_unlock(LOCK)
    mem.check(mem.read_once(RIGHT) == left, "check", "a reader sees half of a change")
    mem.read_unlock(LOCK)


@protocol
def change(mem: Mem) -> None:
    mem.write_lock(LOCK)
    mem.write_once(LEFT, mem.read_once(LEFT) + 1)
    mem.write_once(RIGHT, mem.read_once(RIGHT) + 1)
    mem.write_unlock(LOCK)


@protocol
def try_write(mem: Mem) -> None:
    if mem.write_trylock(LOCK):
        mem.check(mem.atomic64_inc_return(INSIDE) == 1, "check", "a writer is not alone")
        mem.atomic64_dec(INSIDE)
        mem.write_unlock(LOCK)


@protocol
def try_read(mem: Mem) -> None:
    if mem.read_trylock(LOCK):
        mem.check(mem.read_once(INSIDE) == 0, "check", "a reader meets a writer")
        mem.read_unlock(LOCK)


@protocol
def upgrade(mem: Mem) -> None:
    mem.read_lock(LOCK)
    left = mem.read_once(LEFT)
    if mem.try_upgrade(LOCK):
        mem.check(mem.read_once(LEFT) == left, "check", "an upgrade has a gap")
        mem.write_once(LEFT, left + 1)
        mem.write_once(RIGHT, left + 1)
        mem.write_once(ORDER, 1)
        mem.write_unlock(LOCK)
    else:
        mem.read_unlock(LOCK)


@protocol
def downgrade(mem: Mem) -> None:
    mem.write_lock(LOCK)
    mem.write_once(LEFT, mem.read_once(LEFT) + 1)
    mem.write_once(RIGHT, mem.read_once(RIGHT) + 1)
    left = mem.read_once(LEFT)
    mem.downgrade(LOCK)
    mem.check(mem.read_once(LEFT) == left, "check", "a downgrade has a gap")
    mem.read_unlock(LOCK)


@protocol
def spin(mem: Mem) -> None:
    mem.spin_lock(SPIN)
    mem.check(mem.atomic64_inc_return(INSIDE) == 1, "check", "two hold a spinning lock")
    mem.atomic64_dec(INSIDE)
    mem.spin_unlock(SPIN)


@protocol
def poll(mem: Mem) -> None:
    """Polls a trylock: asleep until the lock changes hands."""
    while not mem.spin_trylock(SPIN):
        mem.cpu_relax()
    mem.check(mem.atomic64_inc_return(INSIDE) == 1, "check", "two hold a spinning lock")
    mem.atomic64_dec(INSIDE)
    mem.spin_unlock(SPIN)


@protocol
def late_reader(mem: Mem) -> None:
    """Reads after a writer has begun to wait: `order` tells who came first."""
    mem.read_lock(LOCK)
    mem.atomic64_cmpxchg(ORDER, 0, 1)
    mem.read_unlock(LOCK)


@protocol
def late_writer(mem: Mem) -> None:
    mem.write_lock(LOCK)
    mem.atomic64_cmpxchg(ORDER, 0, 2)
    mem.write_unlock(LOCK)


def scenario(*roles) -> Scenario:
    made = []
    for i, role in enumerate(roles):
        run, context = role if isinstance(role, tuple) else (role, "process")
        made.append(Role(f"r{i}", run, context=context))
    return Scenario("lockers", "tests", tuple(made), (Variant("v"),), small=Geometry(2, 1, 2))
