"""A second meaning of the protocol language: the source itself, run by Python with 64-bit words for integers.

No parser, no intermediate form, no executor: only the reference operators and the vocabulary's table. One thread, no
locks, no pages. What it says about order of evaluation, short circuits and loops is Python's own word.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from engine import words
from engine.vocabulary import PRIMITIVES, RMW_OPS, RMW_RETURNS


class Wild(Exception):
    """An array index out of bounds."""


class U64:
    """A word. Python's `and`, `or`, `if`, chained comparisons and evaluation order do the rest."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: int) -> None:
        self.value = int(value) & words.MASK

    def __bool__(self) -> bool:
        return self.value != 0

    def __neg__(self) -> U64:
        return U64(words.UNARY["neg"](self.value))

    def __invert__(self) -> U64:
        return U64(words.UNARY["inv"](self.value))

    def __pos__(self) -> U64:
        return self


def _operator(op: str) -> Callable[[U64, U64], U64]:
    return lambda a, b: U64(words.BINARY[op](a.value, b.value))


for _name, _op in {"add": "add", "sub": "sub", "mul": "mul", "floordiv": "div", "mod": "mod", "and": "and", "or": "or",
                   "xor": "xor", "lshift": "shl", "rshift": "shr", "eq": "eq", "ne": "ne", "lt": "lt", "le": "le",
                   "gt": "gt", "ge": "ge"}.items():
    setattr(U64, f"__{_name}__", _operator(_op))


class Array:
    def __init__(self, size: U64) -> None:
        self.words = [U64(0)] * size.value

    def __getitem__(self, index: U64) -> U64:
        if index.value >= len(self.words):
            raise Wild
        return self.words[index.value]

    def __setitem__(self, index: U64, value: U64) -> None:
        self[index]
        self.words[index.value] = value


class Place(U64):
    """A declared word."""

    def __getitem__(self, index: U64) -> U64:
        return U64(self.value + index.value * 8)


class Mem:
    """Loads, stores and read-modify-writes on a dictionary of bytes; notes every step."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self.steps: list[tuple[str, int, int]] = []

    def __getattr__(self, name: str) -> Callable[..., U64]:
        row = PRIMITIVES[name]

        def primitive(*operands: U64) -> U64:
            address, *values = [o.value for o in operands] + list(row.fixed)
            mask = (1 << row.width * 8) - 1
            old = new = sum(self.bytes.get(address + i, 0) << 8 * i for i in range(row.width))
            value: int = old
            if row.access == "store":
                new = value = values[0] & mask
            elif row.access == "rmw":
                result = RMW_OPS[row.op](old, *(v & mask for v in values))
                result = None if result is None else result & mask
                new = old if result is None else result
                value = RMW_RETURNS[row.returns](old, result) if row.returns else new
            for i in range(row.width):
                self.bytes[address + i] = new >> 8 * i & 255
            self.steps.append((name, address, value))
            return U64(value)

        return primitive

    def final(self) -> dict[int, int]:
        """The words that are not 0, by address."""
        found: dict[int, int] = {}
        for address, byte in self.bytes.items():
            found[address & ~7] = found.get(address & ~7, 0) | byte << 8 * (address & 7)
        return {address: word for address, word in found.items() if word}


class _Words(ast.NodeTransformer):
    """Integer literals and `not` become words."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _call("U64", node) if isinstance(node.value, int) else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return _call("U64", node) if isinstance(node.op, ast.Not) else node


def _call(name: str, argument: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [argument], []), argument)


def _range(*bounds: U64) -> Iterator[U64]:
    return (U64(i) for i in range(*(words.signed(b.value) for b in bounds)))


def _two(op: str) -> Callable[[U64, U64], U64]:
    return lambda a, b: U64(words.BINARY[op](a.value, b.value))


def functions(text: str, places: dict[str, int], constants: dict[str, int]) -> dict[str, Any]:
    """The functions of a protocol file, ready to run: f(mem, ...)."""
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in tree.body:
        assert isinstance(node, ast.FunctionDef)
        node.decorator_list, node.returns = [], None
        for argument in node.args.args:
            argument.annotation = None
    namespace: dict[str, Any] = {
        "U64": U64, "array": Array, "range": _range, "int": lambda x: x, "bool": lambda x: U64(bool(x)),
        "sext32": lambda x: U64(words.sext32(x.value)), "u32": lambda x: U64(x.value & words.MASK32),
        **{op: _two(op) for op in ("min", "max", "slt", "sle", "sar")},
        **{name: Place(address) for name, address in places.items()},
        **{name: U64(value) for name, value in constants.items()},
    }
    exec(compile(ast.fix_missing_locations(_Words().visit(tree)), "<oracle>", "exec"), namespace)
    return namespace
