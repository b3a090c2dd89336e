"""The fast way of a checked step, as code of the program itself: no call where all is in order.

A step takes it while its recorder's next row comes before T_NEXT (so nothing perturbs it, there is no gate, steps are
recorded) and the round is not void; while its address is aligned and in a live frame or a declared word; a lock while
it is a free qrwlock. Nothing has been done when one of these is found false: then the library does the whole step. The
layout's offsets are constants here, which is why a program's text has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ll

from engine.memory.layout import Layout
from engine.memory.shadow import LIVE, STATE_MASK
from engine.native import words as w
from engine.native.intrinsics import I32, I64, ORDERS, X86, Body, _ticks
from engine.native.primitives import CHECKED, READER, call, exchanged, flags, operands, returned, symbol, wide
from engine.native.words import HOLDS
from engine.vocabulary import PRIMITIVES, Primitive

_RELAXED = "monotonic"
#: What a step does where all is in order: (builder, address in this process, operands) -> (result, what is recorded).
Act = Callable[[Any, Any, Sequence[Any]], tuple[Any, Any]]


@dataclass(frozen=True)
class Places:
    """Offsets of a layout, as a generated file states them."""

    words: int
    descriptors: int
    frames: int
    end: int
    states: int
    locks: int
    n_frames: int
    shift: int  # of a frame's size
    ring: int  # rows

    @classmethod
    def of(cls, layout: Layout) -> Places:
        return cls(layout.GLOBALS, layout.DESCRIPTORS, layout.FRAMES, layout.END, layout.STATES, layout.LOCKS,
                   layout.geometry.frames, layout.frame_bytes.bit_length() - 1, layout.ring)


class Checked:
    """The primitives of a checked program on one layout: CHECKED, with a fast way where there is one."""

    def __init__(self, *places: int) -> None:
        self.places = Places(*places)

    def __getitem__(self, name: str) -> Body:
        row = PRIMITIVES.get(name)
        if row is not None and row.access in ("load", "store", "rmw"):
            return _shared(name, 3 + operands(row), _access(row, self.places))
        if name in LOCK_EVENTS and X86:
            return _shared(name, 4, LOCK_EVENTS[name](PRIMITIVES[name], self.places))
        return CHECKED[name]


class _Step:
    """The code of one step under construction: values by name, and what leads to the long way."""

    def __init__(self, builder: Any, values: Sequence[Any], places: Places) -> None:
        self.b, self.values, self.places = builder, values, places
        self.base, self.me, self.site = values[:3]
        self.p = builder.add(self.base, self.me)
        self.slow = builder.append_basic_block("slow")

    def at(self, base: Any, offset: int | Any, width: int = 8) -> Any:
        """A pointer to base + offset."""
        where = self.b.add(base, I64(offset) if isinstance(offset, int) else offset)
        return self.b.inttoptr(where, ll.IntType(width * 8).as_pointer())

    def load(self, base: Any, offset: int | Any) -> Any:
        return self.b.load_atomic(self.at(base, offset), _RELAXED, 8)

    def store(self, base: Any, offset: int | Any, value: Any) -> None:
        self.b.store_atomic(I64(value) if isinstance(value, int) else value, self.at(base, offset), _RELAXED, 8)

    def unless(self, condition: Any, name: str = "") -> None:
        """Go on where `condition` holds, the long way where not."""
        on = self.b.append_basic_block(name or "on")
        branch = self.b.cbranch(condition, on, self.slow)
        branch.set_weights([1 << 20, 1])
        self.b.position_at_end(on)

    def is_(self, a: Any, relation: str, value: int | Any) -> Any:
        return self.b.icmp_unsigned(relation, a, I64(value) if isinstance(value, int) else value)

    def ready(self) -> None:
        """The thread's next row, if nothing but the step itself is to be done."""
        self.row_number = self.load(self.p, w.T_SEQUENCE)
        self.unless(self.is_(self.row_number, "<", self.load(self.p, w.T_NEXT)))
        self.unless(self.is_(self.load(self.base, w.H_HALT), "==", 0))

    def begin(self) -> None:
        self.number = self.b.and_(self.site, I64(w.S_SITE))
        self.store(self.p, w.T_SITE, self.number)

    def ring(self, number: Any) -> Any:
        """Address of the ring's row of that number."""
        offset = self.b.shl(self.b.and_(number, I64(self.places.ring - 1)), I64(w.ROW.bit_length() - 1))
        return self.b.add(self.p, offset)

    def record(self, address: Any, value: Any, stamped: bool = False) -> None:
        row = self.ring(self.row_number)
        mark = w.WRITTEN | (w.STAMPED if stamped else 0)
        self.store(row, w.T_RING + w.R_SITE, self.b.or_(self.number, I64(mark)))
        self.store(row, w.T_RING + w.R_ADDRESS, address)
        self.store(row, w.T_RING + w.R_VALUE, value)
        self.store(self.p, w.T_SEQUENCE, self.b.add(self.row_number, I64(1)))

    def end(self, result: Any, long_way: str, bits: int = 0) -> Any:
        """Both ways meet; the result of the step."""
        fast, done = self.b.block, self.b.append_basic_block("done")
        self.b.branch(done)
        self.b.position_at_end(self.slow)
        site = self.b.or_(self.site, I64(bits))
        other = call(self.b, long_way, [self.base, self.me, site, *self.values[3:]])
        slow = self.b.block
        self.b.branch(done)
        self.b.position_at_end(done)
        merged = self.b.phi(I64)
        merged.add_incoming(result, fast)
        merged.add_incoming(other, slow)
        return merged


def _shared(name: str, arity: int, body: Body) -> Body:
    """The body as a function of its module, which all uses share; LLVM decides where it is worth a copy."""

    def emit(builder: Any, values: Sequence[Any]) -> Any:
        module = builder.module
        function = module.globals.get(f"step_{name}")
        if function is None:
            function = ll.Function(module, ll.FunctionType(I64, [I64] * arity), f"step_{name}")
            function.linkage = "internal"
            function.attributes.add("nounwind")
            inner = ll.IRBuilder(function.append_basic_block("entry"))
            inner.ret(body(inner, function.args))
        return builder.call(function, values)

    return emit


# --- accesses ---


def _inside(step: _Step, first: int, end: int, width: int) -> tuple[Any, Any]:
    """(offset from `first` in units of `width`, whether the address lies in [first, end) and is aligned).

    Rotated, so that one comparison says both: `first` and `end` are aligned themselves.
    """
    bits = width.bit_length() - 1
    offset = step.b.sub(step.values[3], I64(first))
    units = step.b.or_(step.b.lshr(offset, I64(bits)), step.b.shl(offset, I64(64 - bits)))
    return units, step.is_(units, "<", (end - first) >> bits)


def _live(step: _Step, width: int) -> None:
    """Go on where the address is in a declared word, or in the contents or descriptor of a live frame."""
    b, places = step.b, step.places
    bits = width.bit_length() - 1
    frame, elsewhere, page, words = (b.append_basic_block(n) for n in ("frame", "elsewhere", "page", "words"))
    state, on = b.append_basic_block("state"), b.append_basic_block("live")
    units, inside = _inside(step, places.frames, places.end, width)
    b.cbranch(inside, frame, elsewhere)
    b.position_at_end(frame)
    of_frame = b.lshr(units, I64(places.shift - bits))
    b.branch(state)
    b.position_at_end(elsewhere)
    units, inside = _inside(step, places.descriptors, places.descriptors + places.n_frames * 64, width)
    b.cbranch(inside, page, words)
    b.position_at_end(page)
    of_page = b.lshr(units, I64(6 - bits))
    b.branch(state)
    b.position_at_end(words)
    b.cbranch(_inside(step, places.words, places.descriptors, width)[1], on, step.slow).set_weights([1 << 20, 1])
    b.position_at_end(state)
    pfn = b.phi(I64)
    pfn.add_incoming(of_frame, frame)
    pfn.add_incoming(of_page, page)
    word = b.load_atomic(step.at(step.base, b.add(b.shl(pfn, I64(3)), I64(places.states))), "acquire", 8)
    is_live = step.is_(b.and_(word, I64(STATE_MASK)), "==", LIVE)
    b.cbranch(is_live, on, step.slow).set_weights([1 << 20, 1])
    b.position_at_end(on)


def _access(row: Primitive, places: Places) -> Body:
    act = {"load": _load, "store": _store, "rmw": _rmw}[row.access](row)

    def body(builder: Any, values: Sequence[Any]) -> Any:
        step = _Step(builder, values, places)
        step.ready()
        _live(step, row.width)
        step.begin()
        result, shown = act(builder, step.at(step.base, values[3], row.width), values[4:])
        step.record(values[3], shown)
        return step.end(result, symbol(row), flags(row))

    return body


def _load(row: Primitive) -> Act:
    def act(builder: Any, pointer: Any, _operands: Sequence[Any]) -> tuple[Any, Any]:
        value = wide(builder, builder.load_atomic(pointer, ORDERS[row.order], row.width))
        return value, value if row.result else I64(0)

    return act


def _store(row: Primitive) -> Act:
    def act(builder: Any, pointer: Any, given: Sequence[Any]) -> tuple[Any, Any]:
        value = given[0] if row.width == 8 else builder.trunc(given[0], I32)
        builder.store_atomic(value, pointer, ORDERS[row.order], row.width)
        return given[0], wide(builder, value)

    return act


def _rmw(row: Primitive) -> Act:
    def act(builder: Any, pointer: Any, given: Sequence[Any]) -> tuple[Any, Any]:
        result = returned(builder, row.returns or "new", *exchanged(builder, row, pointer, given))
        return result, result

    return act


# --- lock events of a qrwlock that nobody else holds, wants or keeps ---

_HELD = w.T_WAIT + w.W_HOLDS


def _queued(step: _Step, lock: Any) -> None:
    """Go on where this is an RW lock, and those are qrwlocks."""
    places, b = step.places, step.b
    offset = b.sub(lock, I64(places.locks))
    bits = 7  # of LOCK_BYTES
    units = b.or_(b.lshr(offset, I64(bits)), b.shl(offset, I64(64 - bits)))
    step.unless(step.is_(units, "<", (places.states - places.locks) >> bits))
    step.unless(step.is_(step.load(step.base, b.add(lock, I64(w.L_KIND))), "==", w.LOCK_KINDS["rw"]))
    step.unless(step.is_(step.load(step.base, w.H_RULE), "==", w.RULE_QRWLOCK))


def _stamp(step: _Step) -> Any:
    """The time << 1, as a row has it."""
    return step.b.and_(_ticks(step.b, ()), I64(~1))


def _read_lock(row: Primitive, places: Places) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> Any:
        step, lock = _Step(builder, values, places), values[3]
        step.ready()
        _queued(step, lock)
        step.unless(step.is_(step.load(step.p, _HELD), "==", 0))
        step.begin()
        old = builder.atomic_rmw("add", step.at(step.base, lock, 4), I32(READER), "acquire")
        busy = builder.icmp_unsigned("!=", builder.and_(old, I32(READER - 1)), I32(0))
        with builder.if_else(busy, likely=False) as (contended, free):
            with contended:
                call(builder, "ptt_read_lock_slow", [*values[:2], builder.or_(step.site, I64(flags(row))), lock])
            with free:
                step.store(step.p, _HELD + 8, 1)
                step.store(step.p, _HELD, lock)
                step.record(lock, _stamp(step), stamped=True)
        return step.end(I64(0), symbol(row), flags(row))

    return body


def _read_unlock(row: Primitive, places: Places) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> Any:
        step, lock = _Step(builder, values, places), values[3]
        step.ready()
        step.unless(step.is_(step.load(step.p, _HELD), "==", lock))
        step.unless(step.is_(step.load(step.base, w.H_RULE), "==", w.RULE_QRWLOCK))
        step.unless(step.is_(step.load(step.p, _HELD + 8), "==", 1))
        step.unless(step.is_(step.load(step.p, _HELD + 16), "==", 0))
        step.begin()
        time = _stamp(step)
        step.store(step.p, _HELD, 0)
        builder.atomic_rmw("sub", step.at(step.base, lock, 4), I32(READER), "release")
        step.record(lock, time, stamped=True)
        return step.end(I64(0), symbol(row), flags(row))

    return body


LOCK_EVENTS: dict[str, Any] = {"read_lock": _read_lock, "read_unlock": _read_unlock}

assert HOLDS > 1  # the second slot is looked at
