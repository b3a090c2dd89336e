"""The meaning of every row of the vocabulary, as Python functions of (cpu, site, operands...).

What a row does to memory comes straight from the table: `RMW_OPS` and `RMW_RETURNS`. Each step is one critical section
of the bus, so that a read-modify-write is atomic and a check belongs to the access it guards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from engine.memory.layout import PRIVATE_WORDS
from engine.python.checks import access_check, frame_number
from engine.python.cpu import MAX_DEPTH, MAX_TURNS, Cpu, World
from engine.python.locks import READ, WRITE, LockTable
from engine.python.message import pack_local
from engine.python.pool import alloc_page, free_page
from engine.python.unions import member_meaning
from engine.vocabulary import PRIMITIVES, RMW_OPS, RMW_RETURNS, Primitive
from engine.words import MASK, MASK32

Meaning = Callable[..., Any]


def namespace(world: World, locks: LockTable) -> dict[str, Meaning]:
    """All that the program's compiled protocols refer to: `_p_<primitive>`, private arrays, the depth of calls."""
    meanings = {**_pages(world), **_lock_meanings(world, locks), **_local(world)}
    used = {site.primitive for site in world.program.sites}
    for name, row in PRIMITIVES.items():
        if name in used and name not in meanings:
            meanings[name] = _MEANING_OF[row.access](row, world)
    return {**{f"_p_{name}": meaning for name, meaning in meanings.items()}, **_private(world)}


def _view(row: Primitive, world: World) -> tuple[memoryview, int, int]:
    """(words, shift from an address to an index, mask) for accesses of the row's width."""
    return (world.words, 3, MASK) if row.width == 8 else (world.halves, 2, MASK32)


def _load(row: Primitive, world: World) -> Meaning:
    view, shift, _ = _view(row, world)
    bus, check, has_value = world.bus, access_check(world, row), row.result

    def load(cpu: Cpu, site: int, address: int) -> int:
        cpu.arrive(site)
        with bus:
            check(cpu, site, address)
            value = view[address >> shift] if has_value else 0
            cpu.record(site, address, value)
        return value

    return load


def _store(row: Primitive, world: World) -> Meaning:
    view, shift, mask = _view(row, world)
    bus, check, dirty = world.bus, access_check(world, row), world.dirty

    def store(cpu: Cpu, site: int, address: int, value: int) -> None:
        cpu.arrive(site)
        with bus:
            check(cpu, site, address)
            view[address >> shift] = value & mask
            dirty.add(address >> 12)
            cpu.record(site, address, value & mask)

    return store


def _rmw(row: Primitive, world: World) -> Meaning:
    view, shift, mask = _view(row, world)
    bus, check, dirty = world.bus, access_check(world, row), world.dirty
    op, returns = RMW_OPS[row.op], RMW_RETURNS[row.returns or "new"]

    def rmw(cpu: Cpu, site: int, address: int, *operands: int) -> int:
        cpu.arrive(site)
        with bus:
            check(cpu, site, address)
            old = view[address >> shift]
            new = op(old, *(operand & mask for operand in operands))
            if new is not None:
                new &= mask
                view[address >> shift] = new
                dirty.add(address >> 12)
            value = returns(old, new)
            cpu.record(site, address, value)
        return value

    return rmw


_MEANING_OF: Final[dict[str, Callable[[Primitive, World], Meaning]]] = {
    "load": _load, "store": _store, "rmw": _rmw, "member": member_meaning,
}


def _pages(world: World) -> dict[str, Meaning]:
    layout, bus = world.layout, world.bus
    check = access_check(world, PRIMITIVES["fill_page"])

    def alloc(cpu: Cpu, site: int, owner: int) -> int:
        cpu.arrive(site)
        with bus:
            frame = alloc_page(world, cpu, site, owner)
            cpu.record(site, 0, frame)
        return frame

    def free(cpu: Cpu, site: int, frame: int) -> None:
        cpu.arrive(site)
        with bus:
            free_page(world, cpu, site, frame)
            cpu.record(site, frame, 0)

    def fill(cpu: Cpu, site: int, frame: int, first: int, stride: int) -> None:
        cpu.arrive(site)
        cpu.intent = first
        with bus:
            frame_number(world, cpu, site, frame)
            check(cpu, site, frame)
            for i in range(layout.geometry.entries):
                world.store(frame + i * 8, (first + i * stride) & MASK)
            cpu.record(site, frame, first)

    return {"alloc_page": alloc, "free_page": free, "fill_page": fill}


def _lock_meanings(world: World, table: LockTable) -> dict[str, Meaning]:
    bus = world.bus

    def take(kind: str, mode: str) -> Meaning:
        def acquire(cpu: Cpu, site: int, address: int) -> None:
            cpu.arrive(site)
            lock = table.find(cpu, site, address, kind)
            cpu.locks.acquire(cpu, lock, mode, site)
            with bus:
                cpu.record(site, address, 0)
        return acquire

    def attempt(kind: str, mode: str) -> Meaning:
        def try_acquire(cpu: Cpu, site: int, address: int) -> int:
            cpu.arrive(site)
            lock = table.find(cpu, site, address, kind)
            taken = int(cpu.locks.try_acquire(cpu, lock, mode))
            with bus:
                cpu.record(site, address, taken)
            return taken
        return try_acquire

    def drop(kind: str, mode: str) -> Meaning:
        def release(cpu: Cpu, site: int, address: int) -> None:
            cpu.arrive(site)
            lock = table.held(cpu, site, address, kind, mode)
            with bus:  # before the release: afterwards the next holder's step may come first
                cpu.record(site, address, 0)
            cpu.locks.release(cpu, lock, mode)
        return release

    def upgrade(cpu: Cpu, site: int, address: int) -> int:
        cpu.arrive(site)
        done = int(cpu.locks.upgrade(cpu, table.held(cpu, site, address, "rw", READ)))
        with bus:
            cpu.record(site, address, done)
        return done

    def downgrade(cpu: Cpu, site: int, address: int) -> None:
        cpu.arrive(site)
        cpu.locks.downgrade(cpu, table.held(cpu, site, address, "rw", WRITE), site)

    return {
        "read_lock": take("rw", READ), "write_lock": take("rw", WRITE), "spin_lock": take("spin", WRITE),
        "read_unlock": drop("rw", READ), "write_unlock": drop("rw", WRITE), "spin_unlock": drop("spin", WRITE),
        "read_trylock": attempt("rw", READ), "write_trylock": attempt("rw", WRITE),
        "spin_trylock": attempt("spin", WRITE), "try_upgrade": upgrade, "downgrade": downgrade,
    }


def _local(world: World) -> dict[str, Meaning]:
    """What is no step."""
    sites = world.program.sites

    def barrier(cpu: Cpu, site: int) -> None:
        """Nothing: the bus is sequentially consistent."""

    def relax(cpu: Cpu, site: int) -> None:
        cpu.relax(site)

    def choose(cpu: Cpu, _site: int, count: int) -> int:
        return cpu.choose(count if 0 < count < 1 << 31 else 1)

    def might_sleep(cpu: Cpu, site: int) -> None:
        if cpu.holds:
            raise cpu.fail("sleep-in-atomic", site, next(iter(cpu.holds))[0])

    def warn_on(cpu: Cpu, site: int, value: int) -> None:
        if value:
            raise cpu.fail("warning", site)

    def check(cpu: Cpu, site: int, value: int) -> None:
        if not value:
            raise cpu.fail(sites[site].kind, site)

    def running(cpu: Cpu, _site: int) -> int:
        return cpu.running()

    def count(cpu: Cpu, _site: int, counter: str) -> None:
        cpu.counted(counter)

    return {
        "smp_mb": barrier, "smp_rmb": barrier, "smp_wmb": barrier, "cpu_relax": relax, "choose": choose,
        "might_sleep": might_sleep, "warn_on": warn_on, "check": check, "running": running, "count": count,
    }


def local_place(world: World, frames: int) -> int:
    """A place between two steps: that many Python frames up is a compiled protocol."""
    frame = sys._getframe(frames)
    return pack_local(world.program, frame.f_code.co_name[2:], frame.f_lineno)


def _private(world: World) -> dict[str, Meaning]:
    """Private arrays: a stack of words; a handle is the first word's index | size << 32."""

    def mark(cpu: Cpu) -> int:
        return cpu.top

    def release(cpu: Cpu, top: int) -> None:
        cpu.top = top

    def new(cpu: Cpu, size: int) -> int:
        first = cpu.top
        if first + size > PRIVATE_WORDS:
            raise cpu.fail("stack-overflow", -1, 0, local_place(world, 2))
        cpu.private[first:first + size] = [0] * size
        cpu.top = first + size
        return first | size << 32

    def place(cpu: Cpu, array: int, index: int) -> int:
        at = (array & MASK32) + index
        if index >= array >> 32 or at >= PRIVATE_WORDS:
            raise cpu.fail("wild-access", -1, index, local_place(world, 3))
        return at

    def get(cpu: Cpu, array: int, index: int) -> int:
        return cpu.private[place(cpu, array, index)]

    def put(cpu: Cpu, array: int, index: int, value: int) -> None:
        cpu.private[place(cpu, array, index)] = value

    def enter(cpu: Cpu) -> None:
        cpu.depth += 1
        if cpu.depth > MAX_DEPTH:
            raise cpu.fail("stack-overflow", -1, 0, local_place(world, 3))

    def leave(cpu: Cpu) -> None:
        cpu.depth -= 1

    def turn(cpu: Cpu) -> bool:
        cpu.turns += 1
        if cpu.turns > MAX_TURNS:
            raise cpu.fail("step-limit", -1, 0, local_place(world, 2))
        return True

    return {"_array_mark": mark, "_array_release": release, "_array_new": new, "_array_get": get, "_array_set": put,
            "_enter": enter, "_leave": leave, "_turn": turn}
