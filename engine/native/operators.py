"""The operators of the protocol language as LLVM instructions; `engine.words` says what each means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine.native.intrinsics import I32, I64, define

Body = Callable[[Any, Sequence[Any]], Any]


def _plain(method: str) -> Body:
    return lambda b, v: getattr(b, method)(v[0], v[1])


def _compare(sign: str, relation: str) -> Body:
    return lambda b, v: b.zext(getattr(b, f"icmp_{sign}")(relation, v[0], v[1]), I64)


def _shift(method: str) -> Body:
    """64 places and more give 0; LLVM leaves them undefined and x86 masks the count."""

    def body(b: Any, v: Sequence[Any]) -> Any:
        small = b.icmp_unsigned("<", v[1], I64(64))
        return b.select(small, getattr(b, method)(v[0], b.select(small, v[1], I64(0))), I64(0))

    return body


def _sar(b: Any, v: Sequence[Any]) -> Any:
    return b.ashr(v[0], b.select(b.icmp_unsigned("<", v[1], I64(63)), v[1], I64(63)))


def _divide(method: str, by_zero: Callable[[Any], Any]) -> Body:
    def body(b: Any, v: Sequence[Any]) -> Any:
        zero = b.icmp_unsigned("==", v[1], I64(0))
        return b.select(zero, by_zero(v), getattr(b, method)(v[0], b.select(zero, I64(1), v[1])))

    return body


def _pick(relation: str) -> Body:
    return lambda b, v: b.select(b.icmp_unsigned(relation, v[0], v[1]), v[0], v[1])


BINARY: dict[str, Body] = {
    "add": _plain("add"), "sub": _plain("sub"), "mul": _plain("mul"),
    "div": _divide("udiv", lambda _v: I64(0)), "mod": _divide("urem", lambda v: v[0]),
    "and": _plain("and_"), "or": _plain("or_"), "xor": _plain("xor"),
    "shl": _shift("shl"), "shr": _shift("lshr"), "sar": _sar,
    "eq": _compare("unsigned", "=="), "ne": _compare("unsigned", "!="),
    "lt": _compare("unsigned", "<"), "le": _compare("unsigned", "<="),
    "gt": _compare("unsigned", ">"), "ge": _compare("unsigned", ">="),
    "slt": _compare("signed", "<"), "sle": _compare("signed", "<="),
    "min": _pick("<"), "max": _pick(">"),
}

UNARY: dict[str, Body] = {
    "neg": lambda b, v: b.sub(I64(0), v[0]),
    "inv": lambda b, v: b.xor(v[0], I64(-1)),
    "not": lambda b, v: b.zext(b.icmp_unsigned("==", v[0], I64(0)), I64),
    "bool": lambda b, v: b.zext(b.icmp_unsigned("!=", v[0], I64(0)), I64),
    "sext32": lambda b, v: b.sext(b.trunc(v[0], I32), I64),
    "u32": lambda b, v: b.zext(b.trunc(v[0], I32), I64),
}

#: `_add` ... as a generated file calls them.
OPERATORS: dict[str, Callable[..., int]] = {
    **{f"_{name}": define(f"_{name}", 2, body) for name, body in BINARY.items()},
    **{f"_{name}": define(f"_{name}", 1, body) for name, body in UNARY.items()},
}
