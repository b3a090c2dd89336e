"""How a generated file performs each primitive: the code of `_p_<name>(B, me, site, operands...)` for every row.

CHECKED calls the library: hook, checks, recorder and all. PLAIN is the instruction itself, for benchmarks: what a C
compiler makes of the same protocol; locks and the allocator are calls there too, as they are in C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import llvmlite.ir as ll

from engine.memory.layout import PRIVATE_WORDS
from engine.native import words as w
from engine.native.intrinsics import I1, I8, I32, I64, ORDERS, Body, _declare
from engine.violations import BY_NAME
from engine.vocabulary import PRIMITIVES, Primitive

READER = 0x200  # one reader in qrwlock's word; below it the writer's byte and the waiting bit
S_SILENT = w.S_DONE  # of a load: recorders see 0
LOCAL_CALLS = {"choose": 1, "running": 0, "cpu_relax": 0, "might_sleep": 0}
FENCES = {"smp_mb": "seq_cst", "smp_rmb": "acquire", "smp_wmb": "release"}


def call(builder: Any, symbol: str, values: Sequence[Any]) -> Any:
    """A call of a library function."""
    return builder.call(_declare(builder, symbol, ll.FunctionType(I64, [I64] * len(values))), values)


def flags(row: Primitive) -> int:
    """What distinguishes rows that share a library function."""
    bits = w.S_SPECULATIVE if row.speculative else 0
    bits |= S_SILENT if row.access == "load" and not row.result else 0
    if row.access == "rmw":
        bits |= {"new": w.S_NEW, "zero": w.S_ZERO, "done": w.S_DONE, "": w.S_NEW}.get(row.returns, 0)
    if row.access == "lock":
        bits |= w.S_RELEASE if "unlock" in row.name or row.name == "downgrade" else w.S_GRANT
    return bits | (w.S_ORDERED if row.order not in ("", "relaxed") else 0)


def symbol(row: Primitive) -> str:
    """The library function of a row."""
    if row.access in ("load", "store"):
        return f"ptt_{row.access}{row.width}"
    return f"ptt_{row.op}{row.width}" if row.access == "rmw" else f"ptt_{row.name}"


def operands(row: Primitive) -> int:
    """How many words its function takes beside B, me and the site."""
    return sum(operand not in ("text", "kind", "counter") for operand in row.operands) + len(row.fixed)


def _library(row: Primitive) -> Body:
    name, bits = symbol(row), flags(row)

    def body(builder: Any, values: Sequence[Any]) -> Any:
        site = builder.or_(values[2], I64(bits)) if bits else values[2]
        return call(builder, name, [*values[:2], site, *values[3:]])

    return body


# --- local rows, the same in both kinds of file ---


def _fence(name: str) -> Body:
    def body(builder: Any, _values: Sequence[Any]) -> Any:
        builder.fence(FENCES[name])
        return I64(0)

    return body


def _warn_on(builder: Any, values: Sequence[Any]) -> Any:
    with builder.if_then(builder.icmp_unsigned("!=", values[3], I64(0)), likely=False):
        call(builder, "ptt_warn_on", values)
    return I64(0)


def _check(builder: Any, values: Sequence[Any]) -> Any:
    with builder.if_then(builder.icmp_unsigned("==", values[3], I64(0)), likely=False):
        call(builder, "ptt_check", [*values[:3], values[4]])
    return I64(0)


def _word(builder: Any, base: Any, offset: Any) -> Any:
    return builder.inttoptr(builder.add(base, offset), I64.as_pointer())


def _count(builder: Any, values: Sequence[Any]) -> Any:
    """Only this thread writes the word: a load and a store."""
    index = builder.add(values[1], builder.mul(values[3], I64(8)))
    place = _word(builder, values[0], builder.add(index, I64(w.T_COUNTERS)))
    value = builder.add(builder.load_atomic(place, "monotonic", 8), I64(1))
    builder.store_atomic(value, place, "monotonic", 8)
    return I64(0)


def _operation(builder: Any, values: Sequence[Any]) -> Any:
    _count(builder, values)
    return call(builder, "ptt_operation", values[:3])


LOCAL: dict[str, Body] = {
    **{name: _fence(name) for name in FENCES},
    **{name: _library(PRIMITIVES[name]) for name in LOCAL_CALLS},
    "warn_on": _warn_on,
    "check": _check,
    "count": _count,
}

CHECKED: dict[str, Body] = {row.name: _library(row) for row in PRIMITIVES.values() if row.name not in LOCAL} | LOCAL


# --- plain rows ---


def _pointer(builder: Any, values: Sequence[Any], width: int) -> Any:
    return builder.inttoptr(builder.add(values[0], values[3]), ll.IntType(width * 8).as_pointer())


def _narrow(builder: Any, value: Any, width: int) -> Any:
    return value if width == 8 else builder.trunc(value, I32)


def wide(builder: Any, value: Any) -> Any:
    """Zero-extended to a word."""
    return value if value.type == I64 else builder.zext(value, I64)


def _new(builder: Any, op: str, old: Any, value: Any) -> Any:
    return value if op == "xchg" else getattr(builder, {"and": "and_", "or": "or_"}.get(op, op))(old, value)


def _add_unless(builder: Any, pointer: Any, operands: Sequence[Any], order: str, width: int) -> tuple[Any, Any]:
    """A load, then cmpxchg until it holds. Returns (old, whether it was changed)."""
    add, unless = operands
    first = builder.load_atomic(pointer, "monotonic", width)
    entry, loop = builder.block, builder.append_basic_block("try")
    swap, done = builder.append_basic_block("swap"), builder.append_basic_block("done")
    builder.branch(loop)
    builder.position_at_end(loop)
    old = builder.phi(first.type)
    old.add_incoming(first, entry)
    builder.cbranch(builder.icmp_unsigned("==", old, unless), done, swap)
    builder.position_at_end(swap)
    pair = builder.cmpxchg(pointer, old, builder.add(old, add), order, "monotonic")
    old.add_incoming(builder.extract_value(pair, 0), swap)
    builder.cbranch(builder.extract_value(pair, 1), done, loop)
    builder.position_at_end(done)
    changed = builder.phi(I1)
    changed.add_incoming(I1(0), loop)
    changed.add_incoming(I1(1), swap)
    return old, changed


def exchanged(builder: Any, row: Primitive, pointer: Any, given: Sequence[Any]) -> tuple[Any, Any, Any]:
    """The instruction of a read-modify-write: (old, new, whether the word was changed), in its own width."""
    order, values = ORDERS[row.order], [_narrow(builder, v, row.width) for v in given]
    if row.op == "add_unless":
        old, changed = _add_unless(builder, pointer, values, order, row.width)
        return old, builder.add(old, values[0]), changed
    if row.op == "cmpxchg":
        failure = "monotonic" if order == "release" else order
        pair = builder.cmpxchg(pointer, *values, order, failure)
        return builder.extract_value(pair, 0), values[1], builder.extract_value(pair, 1)
    old = builder.atomic_rmw(row.op, pointer, values[0], order)
    return old, _new(builder, row.op, old, values[0]), I1(1)


def returned(builder: Any, returns: str, old: Any, new: Any, changed: Any) -> Any:
    """The value of a read-modify-write."""
    if returns == "done":
        return builder.zext(changed, I64)
    if returns == "old":
        return wide(builder, old)
    if returns == "zero":
        return builder.zext(builder.and_(builder.icmp_unsigned("==", new, new.type(0)), changed), I64)
    return wide(builder, builder.select(changed, new, old))


def _plain_rmw(row: Primitive) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> Any:
        done = exchanged(builder, row, _pointer(builder, values, row.width), values[4:])
        return returned(builder, row.returns or "old", *done)

    return body


def _plain(row: Primitive) -> Body:
    if row.access == "load":
        return lambda b, v: wide(b, b.load_atomic(_pointer(b, v, row.width), ORDERS[row.order], row.width))
    if row.access == "store":

        def body(builder: Any, values: Sequence[Any]) -> Any:
            value = _narrow(builder, values[4], row.width)
            builder.store_atomic(value, _pointer(builder, values, row.width), ORDERS[row.order], row.width)
            return values[4]

        return body
    if row.access == "member":  # a statement about the program, no instruction of it
        return lambda _b, _v: I64(0)
    return _plain_rmw(row) if row.access == "rmw" else CHECKED[row.name]


PLAIN: dict[str, Body] = {name: _plain(PRIMITIVES[name]) if name not in LOCAL else LOCAL[name] for name in CHECKED}

# `count` of an operation, which the recorder stamps.
CHECKED["operation"] = _operation
PLAIN["operation"] = LOCAL["count"]


def _queued(builder: Any, values: Sequence[Any]) -> Any:
    """Whether the session's RW locks are qrwlocks."""
    rule = builder.load_atomic(_word(builder, values[0], I64(w.H_RULE)), "monotonic", 8)
    return builder.icmp_unsigned("==", rule, I64(w.RULE_QRWLOCK))


def _bare_read_lock(builder: Any, values: Sequence[Any]) -> Any:
    """queued_read_lock(): the fast way here, the slow one in the library, as the kernel has it."""
    with builder.if_else(_queued(builder, values), likely=True) as (queued, other):
        with queued:
            old = builder.atomic_rmw("add", _pointer(builder, values, 4), I32(READER), "acquire")
            busy = builder.icmp_unsigned("!=", builder.and_(old, I32(READER - 1)), I32(0))
            with builder.if_then(busy, likely=False):
                call(builder, "ptt_plain_read_slow", values)
        with other:
            call(builder, "ptt_read_lock", values)
    return I64(0)


def _bare_read_unlock(builder: Any, values: Sequence[Any]) -> Any:
    with builder.if_else(_queued(builder, values), likely=True) as (queued, other):
        with queued:
            builder.atomic_rmw("sub", _pointer(builder, values, 4), I32(READER), "release")
        with other:
            call(builder, "ptt_read_unlock", values)
    return I64(0)


#: Plain code of a program that never turns a read hold into another one: then nobody asks who holds what.
BARE: dict[str, Body] = PLAIN | {
    "read_lock": _bare_read_lock,
    "read_unlock": _bare_read_unlock,
}


# --- what a generated file needs besides ---


def _load_word(offset: int) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> Any:
        scaled = builder.add(builder.mul(values[2], I64(8)), I64(offset))
        return builder.load_atomic(_word(builder, builder.add(values[0], values[1]), scaled), "monotonic", 8)

    return body


def _param(builder: Any, values: Sequence[Any]) -> Any:
    params = builder.load_atomic(_word(builder, values[0], I64(w.H_PARAMS)), "monotonic", 8)
    place = builder.add(params, builder.mul(values[2], I64(8)))
    return builder.load_atomic(_word(builder, values[0], place), "monotonic", 8)


def _go(builder: Any, values: Sequence[Any]) -> Any:
    halt = builder.load_atomic(_word(builder, values[0], I64(w.H_HALT)), "monotonic", 8)
    return builder.zext(builder.icmp_unsigned("==", halt, I64(0)), I64)


def _element(builder: Any, values: Sequence[Any]) -> Any:
    """Where an element lies; outside the array or the private memory the library says where instead."""
    _, me, handle, index = values[:4]
    at = builder.add(builder.and_(handle, I64(0xFFFFFFFF)), index)
    inside = builder.icmp_unsigned("<", index, builder.lshr(handle, I64(32)))
    inside = builder.and_(inside, builder.icmp_unsigned("<", at, I64(PRIVATE_WORDS)))
    place = builder.add(builder.add(values[0], me), builder.add(builder.mul(at, I64(8)), I64(w.T_PRIVATE_WORDS)))
    start = builder.block
    with builder.if_then(builder.not_(inside), likely=False):
        elsewhere = call(builder, "ptt_array_bad", [values[0], me, index])
        bad = builder.block
    merged = builder.phi(I64)
    merged.add_incoming(place, start)
    merged.add_incoming(elsewhere, bad)
    return builder.inttoptr(merged, I64.as_pointer())


def _array_new(builder: Any, values: Sequence[Any]) -> Any:
    """A handle of zeroed words on the thread's private stack; where it is full the library says so."""
    base = builder.add(values[0], values[1])
    place, size = _word(builder, base, I64(w.T_PRIVATE)), values[2]
    top = builder.load(place)
    end = builder.add(top, size)
    with builder.if_else(builder.icmp_unsigned("<=", end, I64(PRIVATE_WORDS)), likely=True) as (room, full):
        with room:
            builder.store(end, place)
            words = builder.add(base, builder.add(I64(w.T_PRIVATE_WORDS), builder.mul(top, I64(8))))
            _zero(builder, builder.inttoptr(words, I8.as_pointer()), builder.mul(size, I64(8)))
            handle, made = builder.or_(top, builder.shl(size, I64(32))), builder.block
        with full:
            refused, failed = call(builder, "ptt_array_new", values), builder.block
    merged = builder.phi(I64)
    merged.add_incoming(handle, made)
    merged.add_incoming(refused, failed)
    return merged


def _zero(builder: Any, pointer: Any, size: Any) -> None:
    kind = ll.FunctionType(ll.VoidType(), [pointer.type, I8, I64, I1])
    memset = builder.module.declare_intrinsic("llvm.memset", [pointer.type, I64], kind)
    builder.call(memset, [pointer, I8(0), size, I1(0)])


def _array_set(builder: Any, values: Sequence[Any]) -> Any:
    builder.store(values[4], _element(builder, values))
    return I64(0)


def _mark(builder: Any, values: Sequence[Any]) -> Any:
    return builder.load(_word(builder, builder.add(values[0], values[1]), I64(w.T_PRIVATE)))


def _release(builder: Any, values: Sequence[Any]) -> Any:
    builder.store(values[2], _word(builder, builder.add(values[0], values[1]), I64(w.T_PRIVATE)))
    return I64(0)


def _deep(builder: Any, values: Sequence[Any]) -> Any:
    """A call of a recursive protocol begins; 1 if it is one too deep, or the stack is too far down."""
    base = builder.add(values[0], values[1])
    with builder.goto_entry_block():
        here = builder.ptrtoint(builder.alloca(I64), I64)
    place = _word(builder, base, I64(w.T_DEPTH))
    depth = builder.add(builder.load(place), I64(1))
    builder.store(depth, place)
    high = builder.icmp_unsigned(">=", here, builder.load(_word(builder, base, I64(w.T_STACK))))
    fine = builder.and_(high, builder.icmp_unsigned("<=", depth, I64(w.MAX_DEPTH)))
    with builder.if_then(builder.not_(fine), likely=False):
        call(builder, "ptt_too_deep", values)
    return builder.zext(builder.not_(fine), I64)


def _leave(builder: Any, values: Sequence[Any]) -> Any:
    """A call of a recursive protocol ends."""
    place = _word(builder, builder.add(values[0], values[1]), I64(w.T_DEPTH))
    builder.store(builder.sub(builder.load(place), I64(1)), place)
    return I64(0)


def _direct(name: str) -> Body:
    return lambda b, v: call(b, f"ptt_{name}", v)


SUPPORT: dict[str, Body] = {
    "_param": _param,
    "_go": _go,
    "_arg": _load_word(w.T_ARGS),
    "_role": _load_word(w.T_ROLE),
    "_rounds": _load_word(w.T_ROUND),
    "_array_new": _array_new,
    "_array_get": lambda b, v: b.load(_element(b, v)),
    "_array_set": _array_set,
    "_deep": _deep,
    "_leave": _leave,
    "_array_mark": _mark,
    "_array_release": _release,
    **{f"_{name}": _direct(name) for name in ("round_begin", "round_end", "round_finish", "session_start",
                    "gate_enter", "gate_round", "gate_leave")},
}

KIND_CODES = {name: kind.code for name, kind in BY_NAME.items()}
