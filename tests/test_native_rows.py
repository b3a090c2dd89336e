"""Every operator and every row of the vocabulary, compiled, against their plain definitions."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from engine.declare import Geometry
from engine.errors import UsageError
from engine.language.program import build
from engine.native import primitives, require
from engine.vocabulary import PRIMITIVES, RMW_OPS, RMW_RETURNS, Primitive
from engine.words import BINARY, MASK, UNARY
from tests.native_help import Alone

ROWS = [row for row in PRIMITIVES.values() if row.access in ("load", "store", "rmw")]
INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "//", "mod": "%", "and": "&", "or": "|", "xor": "^", "shl": "<<",
         "shr": ">>", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
PREFIX = {"neg": "-", "inv": "~", "not": "not "}
EDGES = (0, 1, 2, 3, 31, 32, 63, 64, 65, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, 1 << 63, MASK, MASK - 1)


def text() -> str:
    lines = ["from engine import Role, Scenario, Variant, Word, protocol", "from engine.declare import Mem",
             f"V = Word('V', 3)\nO = Word('O', {len(BINARY) + len(UNARY)})",
             f"M = Word('M', {len(ROWS)})\nR = Word('R', {len(ROWS)})",
             "@protocol\ndef operators(mem: Mem) -> None:",
             "    a = mem.read_once(V[0])", "    b = mem.read_once(V[1])"]
    for i, op in enumerate([*BINARY, *UNARY]):
        value = f"a {INFIX[op]} b" if op in INFIX else f"{PREFIX[op]}a" if op in PREFIX else (
            f"{op}(a, b)" if op in BINARY else f"{op}(a)")
        lines.append(f"    mem.write_once(O[{i}], {value})")
    lines += ["@protocol\ndef rows(mem: Mem) -> None:", "    v = mem.read_once(V[0])", "    u = mem.read_once(V[1])"]
    for i, row in enumerate(ROWS):
        call = f"mem.{row.name}({', '.join([f'M[{i}]', 'v', 'u'][:len(row.operands)])})"
        lines.append(f"    mem.write_once(R[{i}], {call})" if row.result else f"    {call}")
    lines.append("SCENARIO = Scenario('rows', '', (Role('O', operators), Role('R', rows)), (Variant('v'),))")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    path = tmp_path_factory.mktemp("rows") / "native_rows.py"
    path.write_text(text())
    spec = importlib.util.spec_from_file_location("native_rows", path)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules["native_rows"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    yield made
    del sys.modules["native_rows"]


@pytest.fixture(params=[True, False], ids=["checked", "plain"])
def alone(request: pytest.FixtureRequest, module: ModuleType, tmp_path: Path) -> Iterator[Alone]:
    made = Alone(build(module.SCENARIO, geometry=Geometry(2, 1, 2)), tmp_path, checks=request.param)
    yield made
    made.close()


def expected(row: Primitive, old: int, v: int, u: int) -> tuple[int, int | None]:
    """(the 64-bit word afterwards, the result)."""
    mask = (1 << row.width * 8) - 1
    rest, old = old & ~mask, old & mask
    if row.access == "load":
        return rest | old, old if row.result else None
    if row.access == "store":
        return rest | (v & mask), None
    operands = [x & mask for x in [v, u][: len(row.operands) - 1] + list(row.fixed)]
    new = RMW_OPS[row.op](old, *operands)
    new = None if new is None else new & mask
    result = RMW_RETURNS[row.returns](old, new) if row.returns else None
    return rest | (old if new is None else new), result


def pairs() -> list[tuple[int, int]]:
    rng = random.Random(7)
    return [(a, b) for a in EDGES for b in EDGES] + [(rng.getrandbits(64), rng.getrandbits(64)) for _ in range(64)]


def test_every_operator_means_what_the_reference_says(alone: Alone) -> None:
    for a, b in pairs():
        alone.arena.store(alone.word("V"), a)
        alone.arena.store(alone.word("V", 1), b)
        assert alone.run(0) is None
        wanted = [*(op(a, b) for op in BINARY.values()), *(op(a) for op in UNARY.values())]
        found = [alone.arena.load(alone.word("O", i)) for i in range(len(wanted))]
        assert dict(zip([*BINARY, *UNARY], found, strict=True)) == dict(zip([*BINARY, *UNARY], wanted, strict=True))


def test_every_access_means_what_the_table_says(alone: Alone) -> None:
    rng = random.Random(3)
    olds = [*EDGES, 0x1234567800000000, 0x12345678FFFFFFFF, 0x1234567800000001]
    for v, u in [(1, 0), (0, 1), (MASK, MASK), *rng.sample(pairs(), 20)]:
        for old in [*olds, v, u]:
            alone.arena.store(alone.word("V"), v)
            alone.arena.store(alone.word("V", 1), u)
            for i in range(len(ROWS)):
                alone.arena.store(alone.word("M", i), old)
            assert alone.run(1) is None
            for i, row in enumerate(ROWS):
                word, result = expected(row, old, v, u)
                assert (row.name, alone.arena.load(alone.word("M", i))) == (row.name, word)
                if result is not None:
                    assert (row.name, alone.arena.load(alone.word("R", i))) == (row.name, result)


def test_every_row_has_a_meaning_in_both_kinds_of_code() -> None:
    counted = {"operation"}  # what `count` of an operation becomes
    assert set(primitives.CHECKED) == set(PRIMITIVES) | counted == set(primitives.PLAIN)


def test_without_numba_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.native.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="the native executor needs numba; install it, or use --executor python"):
        require()
