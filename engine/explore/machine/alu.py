"""The operators of `engine.words` on int64: the same bits, computed without leaving 64 bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import ops
from engine.jit import jit

SIGN = np.int64(-(1 << 63))
LOW32 = np.int64(0xFFFFFFFF)
ONE = np.int64(1)


@jit
def below(a: Any, b: Any) -> Any:
    """Unsigned a < b."""
    return (a ^ SIGN) < (b ^ SIGN)


@jit
def logical_right(a: Any, b: Any) -> Any:
    if b < 0 or b > 63:
        return np.int64(0)
    if b == 0:
        return a
    return (a >> b) & ((ONE << (64 - b)) - ONE)


@jit
def divide(a: Any, b: Any) -> Any:
    """Unsigned; by 0 it is 0."""
    if b == 0:
        return np.int64(0)
    if b < 0:  # at least 2**63: the quotient is 0 or 1
        return np.int64(0) if below(a, b) else ONE
    if a >= 0:
        return a // b
    half = logical_right(a, ONE) // b << ONE
    return half if below(a - half * b, b) else half + ONE


@jit
def sign_extend(a: Any) -> Any:
    low = a & LOW32
    return low - (ONE << 32) if low & np.int64(0x80000000) else low


@jit
def unary(op: Any, a: Any) -> Any:
    if op == ops.NEG:
        return -a
    if op == ops.INV:
        return ~a
    if op == ops.NOT:
        return np.int64(a == 0)
    if op == ops.BOOL:
        return np.int64(a != 0)
    if op == ops.SEXT32:
        return sign_extend(a)
    return a & LOW32


@jit
def compare(op: Any, a: Any, b: Any) -> Any:
    if op == ops.EQ:
        return np.int64(a == b)
    if op == ops.NE:
        return np.int64(a != b)
    if op == ops.LT:
        return np.int64(below(a, b))
    if op == ops.LE:
        return np.int64(not below(b, a))
    if op == ops.GT:
        return np.int64(below(b, a))
    if op == ops.GE:
        return np.int64(not below(a, b))
    if op == ops.SLT:
        return np.int64(a < b)
    return np.int64(a <= b)


@jit
def binary(op: Any, a: Any, b: Any) -> Any:
    if op == ops.ADD:
        return a + b
    if op == ops.SUB:
        return a - b
    if op == ops.AND:
        return a & b
    if op == ops.OR:
        return a | b
    if op == ops.XOR:
        return a ^ b
    if op == ops.MUL:
        return a * b
    if op == ops.SHL:
        return np.int64(0) if b < 0 or b > 63 else a << b
    if op == ops.SHR:
        return logical_right(a, b)
    if op == ops.SAR:
        return a >> (np.int64(63) if b < 0 or b > 63 else b)
    if op == ops.DIV:
        return divide(a, b)
    if op == ops.MOD:
        return a - divide(a, b) * b
    if op == ops.MIN:
        return a if below(a, b) else b
    if op == ops.MAX:
        return b if below(a, b) else a
    return compare(op, a, b)


@jit
def carries(op: Any) -> Any:
    """Whether the result of a binary operator points where its operands point; a comparison does not."""
    return op < ops.EQ or op > ops.SLE
