"""The meaning of every operator of the protocol language: 64 bits, unsigned, wrapping.

This is the reference that all executors are tested against. Arguments and results are Python ints in [0, 2**64).
Nothing here is left to a host's typing: NumPy and Numba turn `uint64 | int64` into int64, and a PTE with bit 63 set
would then be negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MASK: Final = (1 << 64) - 1
MASK32: Final = (1 << 32) - 1
SIGN: Final = 1 << 63


def signed(value: int) -> int:
    """The two's complement reading of a word."""
    return value - (1 << 64) if value & SIGN else value


def shl(a: int, b: int) -> int:
    """Logical shift left; 64 places and more give 0, as in Python (and unlike x86, which masks the count)."""
    return (a << b) & MASK if b < 64 else 0


def shr(a: int, b: int) -> int:
    """Logical shift right; 64 places and more give 0."""
    return a >> b if b < 64 else 0


def sar(a: int, b: int) -> int:
    """Arithmetic shift right; 64 places and more leave the sign."""
    return (signed(a) >> min(b, 63)) & MASK


def sext32(a: int) -> int:
    """The low 32 bits, sign-extended: what a C `s32` becomes when it is widened."""
    a &= MASK32
    return (a | (MASK ^ MASK32)) if a & 0x80000000 else a


def div(a: int, b: int) -> int:
    """Unsigned division. By 0 it gives 0: total, because a racy read may well produce the 0 (as on Arm)."""
    return a // b if b else 0


def mod(a: int, b: int) -> int:
    """Unsigned remainder. By 0 it gives `a`, so that a == div(a, b) * b + mod(a, b) always holds."""
    return a % b if b else a


#: Two operands. The names are the operators' names in the IR.
BINARY: Final[dict[str, Callable[[int, int], int]]] = {
    "add": lambda a, b: (a + b) & MASK,
    "sub": lambda a, b: (a - b) & MASK,
    "mul": lambda a, b: (a * b) & MASK,
    "div": div,
    "mod": mod,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": shl,
    "shr": shr,
    "sar": sar,
    "eq": lambda a, b: int(a == b),
    "ne": lambda a, b: int(a != b),
    "lt": lambda a, b: int(a < b),
    "le": lambda a, b: int(a <= b),
    "gt": lambda a, b: int(a > b),
    "ge": lambda a, b: int(a >= b),
    "slt": lambda a, b: int(signed(a) < signed(b)),
    "sle": lambda a, b: int(signed(a) <= signed(b)),
    "min": min,
    "max": max,
}

#: One operand.
UNARY: Final[dict[str, Callable[[int], int]]] = {
    "neg": lambda a: -a & MASK,
    "inv": lambda a: ~a & MASK,
    "not": lambda a: int(a == 0),
    "bool": lambda a: int(a != 0),
    "sext32": sext32,
    "u32": lambda a: a & MASK32,
}
