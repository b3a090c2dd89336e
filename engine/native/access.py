"""Loads, stores and read-modify-writes: one exported function for each operation and width.

What distinguishes the rows that share a function (order, which value is returned, speculative) travels in the high half
of the site operand, see S_ in `engine.native.words`.
"""

from __future__ import annotations

from engine.native.address import checked
from engine.native.intrinsics import ATOMIC, X86
from engine.native.jit import export_as, native
from engine.native.operators import OPERATORS
from engine.native.step import after, before
from engine.native.words import S_DONE, S_NEW, S_ORDERED, S_ZERO

TSO = X86  # every atomic instruction of x86 has the strongest order there is; plain loads and stores have one form
MASKS = {4: (1 << 32) - 1, 8: (1 << 64) - 1}
is_zero = OPERATORS["_not"]


@native
def outcome(site: int, old: int, new: int, changed: int) -> int:
    """The value of a read-modify-write, as its row returns it; a void one shows the new value to recorders."""
    if site & S_NEW != 0:
        return new
    if site & S_ZERO != 0:
        return is_zero(new) & changed
    if site & S_DONE != 0:
        return changed
    return old


def _load(width: int) -> None:
    relaxed, acquire = (ATOMIC["load", width, order] for order in ("relaxed", "acquire"))

    def load(B: int, me: int, site: int, address: int) -> int:
        mode = before(B, me, site)
        place = checked(B, me, mode, site, address, width)
        if TSO or site & S_ORDERED != 0:
            value = acquire(place)
        else:
            value = relaxed(place)
        after(B, me, mode, site, address, value if site & S_DONE == 0 else 0)
        return value

    export_as(f"load{width}", load)


def _store(width: int) -> None:
    relaxed, release, mask = ATOMIC["store", width, "relaxed"], ATOMIC["store", width, "release"], MASKS[width]

    def store(B: int, me: int, site: int, address: int, value: int) -> int:
        mode = before(B, me, site)
        place = checked(B, me, mode, site, address, width)
        if TSO or site & S_ORDERED != 0:
            release(place, value)
        else:
            relaxed(place, value)
        after(B, me, mode, site, address, value & mask)
        return value

    export_as(f"store{width}", store)


def _rmw(op: str, width: int) -> None:
    relaxed, full, mask = ATOMIC[op, width, "relaxed"], ATOMIC[op, width, "full"], MASKS[width]
    operate = OPERATORS["_max" if op == "xchg" else f"_{op}"]
    exchange = op == "xchg"

    def rmw(B: int, me: int, site: int, address: int, value: int) -> int:
        mode = before(B, me, site)
        place = checked(B, me, mode, site, address, width)
        if TSO or site & S_ORDERED != 0:
            old = full(place, value)
        else:
            old = relaxed(place, value)
        if exchange:
            new = value & mask
        else:
            new = operate(old, value) & mask
        result = outcome(site, old, new, 1)
        after(B, me, mode, site, address, result)
        return result

    export_as(f"{op}{width}", rmw)


def _cmpxchg(width: int) -> None:
    relaxed, full, mask = ATOMIC["cmpxchg", width, "relaxed"], ATOMIC["cmpxchg", width, "full"], MASKS[width]

    def cmpxchg(B: int, me: int, site: int, address: int, expected: int, value: int) -> int:
        mode = before(B, me, site)
        place = checked(B, me, mode, site, address, width)
        if TSO or site & S_ORDERED != 0:
            old = full(place, expected, value)
        else:
            old = relaxed(place, expected, value)
        if old == expected & mask:
            result = outcome(site, old, value & mask, 1)
        else:
            result = outcome(site, old, old, 0)
        after(B, me, mode, site, address, result)
        return result

    export_as(f"cmpxchg{width}", cmpxchg)


def _add_unless(width: int) -> None:
    load, cmpxchg, mask = ATOMIC["load", width, "relaxed"], ATOMIC["cmpxchg", width, "full"], MASKS[width]

    def add_unless(B: int, me: int, site: int, address: int, value: int, unless: int) -> int:
        mode = before(B, me, site)
        place = checked(B, me, mode, site, address, width)
        seen = load(place)
        old = seen + 1
        while old != seen and seen != unless & mask:
            old = seen
            seen = cmpxchg(place, old, (old + value) & mask)
        if seen == unless & mask:
            result = outcome(site, seen, seen, 0)
        else:
            result = outcome(site, seen, (seen + value) & mask, 1)
        after(B, me, mode, site, address, result)
        return result

    export_as(f"add_unless{width}", add_unless)


for _width in (4, 8):
    _load(_width)
    _store(_width)
    for _op in ("add", "sub", "and", "or", "xor", "xchg"):
        _rmw(_op, _width)
    _cmpxchg(_width)
    _add_unless(_width)
