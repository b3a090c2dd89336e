"""Arithmetic on words that no compiler folds: every operator of the language, and counters that threads share."""

from __future__ import annotations

from engine import Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem

A = Word("a")
B = Word("b")
R = Word("r", 40)
COUNT = Word("count")
A_VALUE = Param("a_value", 0)
B_VALUE = Param("b_value", 0)
INCREMENTS = Param("increments", 1)

#: The operators in the order in which `operators` stores their results.
BINARY = ("add", "sub", "mul", "div", "mod", "and", "or", "xor", "shl", "shr", "sar", "eq", "ne", "lt", "le", "gt",
          "ge", "slt", "sle", "min", "max")
UNARY = ("neg", "inv", "not", "bool", "sext32", "u32")


@protocol
def operands(mem: Mem) -> None:
    mem.write_once(A, A_VALUE)
    mem.write_once(B, B_VALUE)


@protocol
def operators(mem: Mem) -> None:
    a = mem.read_once(A)
    b = mem.read_once(B)
    mem.write_once(R[0], a + b)
    mem.write_once(R[1], a - b)
    mem.write_once(R[2], a * b)
    mem.write_once(R[3], a // b)
    mem.write_once(R[4], a % b)
    mem.write_once(R[5], a & b)
    mem.write_once(R[6], a | b)
    mem.write_once(R[7], a ^ b)
    mem.write_once(R[8], a << b)
    mem.write_once(R[9], a >> b)
    mem.write_once(R[10], sar(a, b))  # noqa: F821
    mem.write_once(R[11], a == b)
    mem.write_once(R[12], a != b)
    mem.write_once(R[13], a < b)
    mem.write_once(R[14], a <= b)
    mem.write_once(R[15], a > b)
    mem.write_once(R[16], a >= b)
    mem.write_once(R[17], slt(a, b))  # noqa: F821
    mem.write_once(R[18], sle(a, b))  # noqa: F821
    mem.write_once(R[19], min(a, b))
    mem.write_once(R[20], max(a, b))
    mem.write_once(R[21], -a)
    mem.write_once(R[22], ~a)
    mem.write_once(R[23], not a)
    mem.write_once(R[24], bool(a))
    mem.write_once(R[25], sext32(a))  # noqa: F821
    mem.write_once(R[26], u32(a))  # noqa: F821


@protocol
def branches(mem: Mem) -> None:
    """The same comparisons where they decide a jump."""
    a = mem.read_once(A)
    b = mem.read_once(B)
    if a == b:
        mem.write_once(R[11], 1)
    if a != b:
        mem.write_once(R[12], 1)
    if a < b:
        mem.write_once(R[13], 1)
    if a <= b:
        mem.write_once(R[14], 1)
    if a > b:
        mem.write_once(R[15], 1)
    if a >= b:
        mem.write_once(R[16], 1)
    if slt(a, b):  # noqa: F821
        mem.write_once(R[17], 1)
    if not slt(b, a):  # noqa: F821
        mem.write_once(R[18], 1)
    if not a:
        mem.write_once(R[23], 1)
    if a:
        mem.write_once(R[24], 1)


@protocol
def increment(mem: Mem) -> None:
    for _ in range(INCREMENTS):
        mem.write_once(COUNT, mem.read_once(COUNT) + 1)


@protocol
def swap(a: int, b: int) -> tuple[int, int]:
    return b, a


@protocol
def quotient(a: int, b: int) -> tuple[int, int]:
    """Two results and a loop: not expanded where it is called."""
    n = 0
    while a >= b:
        a = a - b
        n = n + 1
    return n, a


@protocol
def spread(mem: Mem, a: int) -> tuple[int, int, int]:
    """More results than parameters, after an expression that has used many temporaries."""
    mem.write_once(R[39], (a + 1) * (a + 2) ^ (a + 3))
    mem.cmpxchg(R[a + 34], a + 1, a + 2)  # leaves the temporaries in an order that a careless return would mix up
    return a + 1, a + 2, a + 3


@protocol
def fib(mem: Mem, n: int) -> int:
    """Recursive, with locals that must survive the calls."""
    if n < 2:
        return n
    left = fib(mem, n - 1)
    right = fib(mem, n - 2)
    return left + right


@protocol
def calls(mem: Mem) -> None:
    x, y = swap(1, 2)
    x, y = swap(y, x)
    mem.write_once(R[0], x * 10 + y)
    mem.write_once(R[1], fib(mem, 12))
    x, y = quotient(x * 10, y + 2)
    mem.write_once(R[3], x * 10 + y)
    x, y, z = spread(mem, 4)
    mem.write_once(R[4], x * 100 + y * 10 + z)
    total = 0
    for i in range(10, 0, -3):
        if i == 4:
            continue
        total = total + i
    mem.write_once(R[2], total)


def scenario(*roles) -> Scenario:
    made = tuple(Role(f"r{i}", run) for i, run in enumerate(roles))
    return Scenario("words", "tests", made, (Variant("v"),), setup=operands, small=Geometry(4, 1, 2))
