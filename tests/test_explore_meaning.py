"""The machine computes what `engine.words` and the vocabulary say, bit for bit."""

from __future__ import annotations

import importlib.util
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import words as reference
from engine.explore import explore
from engine.explore.load import Machine
from engine.language.program import build
from engine.vocabulary import PRIMITIVES, RMW_OPS, RMW_RETURNS
from tests.protocols import words as w

EDGES = (0, 1, 2, 31, 63, 64, 65, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63,
         (1 << 64) - 2, (1 << 64) - 1)


def run(scenario, **params) -> dict[int, int]:
    """The words `r[i]` after the only execution."""
    program = build(scenario, params=params)
    machine = Machine(program)
    while machine.enabled():
        machine.step(machine.enabled()[0])
    assert not machine.failed
    memory, first = machine.memory(), program.layout.words["r"]
    return {i: memory.get(first + 8 * i, 0) for i in range(40)}


def check(a: int, b: int) -> None:
    got = run(w.scenario(w.operators), a_value=a, b_value=b)
    for i, op in enumerate(w.BINARY):
        assert got[i] == reference.BINARY[op](a, b), (op, a, b)
    for i, op in enumerate(w.UNARY, len(w.BINARY)):
        assert got[i] == reference.UNARY[op](a), (op, a)
    jumps = run(w.scenario(w.branches), a_value=a, b_value=b)
    for i in (*range(11, 19), 23, 24):
        assert jumps[i] == got[i], (i, a, b)


@pytest.mark.parametrize("a", EDGES)
def test_operators_at_the_edges(a):
    for b in EDGES:
        check(a, b)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, reference.MASK), st.integers(0, reference.MASK))
def test_operators(a, b):
    check(a, b)


def test_calls_loops_and_recursion():
    got = run(w.scenario(w.calls))
    assert [got[i] for i in range(5)] == [21, 144, 10 + 7 + 1, 62, 567]


@pytest.fixture(scope="module")
def rmw_scenarios(tmp_path_factory):
    """A file with one protocol for each read-modify-write row of the vocabulary."""
    rows = [row for row in PRIMITIVES.values() if row.access == "rmw"]
    text = ["from engine import protocol, Word, Param, Role, Scenario, Variant",
            "X, R = Word('x', 2), Word('r', 40)", "OLD, V, W = Param('old'), Param('v'), Param('w')"]
    for row in rows:
        args = ["X", "V", "W"][:len(row.operands)]
        call = f"mem.{row.name}({', '.join(args)})"
        text += ["@protocol", f"def p_{row.name}(mem):", "    mem.write_once(X, OLD)",
                 f"    mem.write_once(R[1], {call})" if row.result else f"    {call}",
                 "    mem.write_once(R[0], mem.read_once(X))"]
    text.append("def setup(mem):\n    mem.read_once(X + (OLD + V + W) * 0)\nsetup = protocol(setup)")
    file = tmp_path_factory.mktemp("rmw") / "rmw_rows.py"
    file.write_text("\n".join(text) + "\n")
    spec = importlib.util.spec_from_file_location("rmw_rows", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {row.name: module.Scenario("rmw", "", (module.Role("r", getattr(module, f"p_{row.name}")),),
                                      (module.Variant("v"),), setup=module.setup) for row in rows}


@pytest.mark.parametrize("row", [row for row in PRIMITIVES.values() if row.access == "rmw"], ids=lambda row: row.name)
def test_read_modify_writes(row, rmw_scenarios):
    mask = (1 << 8 * row.width) - 1
    values = (0, 1, 5, mask, 1 << 31, reference.MASK)
    for old, v, other in itertools.product(values, values, (1, 0, mask)):
        got = run(rmw_scenarios[row.name], old=old, v=v, w=other)
        before = old & mask
        operands = [x & mask for x in ((v, other)[:len(row.operands) - 1] + row.fixed)]
        new = RMW_OPS[row.op](before, *operands)
        new = None if new is None else new & mask
        high = old & ~mask & reference.MASK
        assert got[0] == high | (before if new is None else new), (row.name, old, v, other)
        if row.result:
            assert got[1] == RMW_RETURNS[row.returns](before, new), (row.name, old, v, other)


def test_counters_count_work():
    from tests.protocols.counter import SCENARIO

    result = explore(build(SCENARIO, "atomic", rounds=3), strategy="random", executions=7)
    assert result.violation is not None  # the scenario's check is for one round
    assert result.counters == {"increments": 6}
