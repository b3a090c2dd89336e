"""The optimiser keeps what a function does, and says exactly which registers are still read."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.explore import optimise as o
from engine.explore.bytecode import compile_program
from engine.explore.machine import ops
from engine.language.program import build
from engine.words import BINARY, UNARY
from tests.protocols import words as w

ADD, SUB, NOT = (ops.BINARY_FIRST + ops.ADD, ops.BINARY_FIRST + ops.SUB, ops.UNARY_FIRST + ops.NOT)

KINDS = ["move"] * 3 + ["add"] * 2 + ["store"] * 2 + ["sub", "not", "jump", "zero", "lt"]


class Constants:
    """Operands of constants, as the compiler hands them out."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def operand(self, value: int) -> int:
        if value not in self.values:
            self.values.append(value)
        return -1 - self.values.index(value)

    def value(self, operand: int) -> int:
        return self.values[-1 - operand]


def body_of(rows: list[list[int]], constants: Constants, count: int, params: int, returns: int) -> o.Body:
    padded = [[*row, *[0] * (8 - len(row))] for row in rows]
    return o.Body([*padded], count, params, returns, {}, constants.operand, constants.value)


def run(rows: list[list[int] | None], constants: Constants, args: list[int],
        returns: int) -> tuple[list[int], list[int]]:
    """The results, and what was stored, of local rows and stores."""
    registers = {**dict(enumerate(args))}
    stored: list[int] = []
    pc = 0

    def value(operand: int) -> int:
        return constants.value(operand) if operand < 0 else registers[operand]

    for _ in range(300):
        row = rows[pc]
        pc += 1
        if row is None:
            continue
        op, d, a, b = row[:4]
        if op == ops.RETURN:
            return [registers[i] for i in range(returns)], stored
        if op == ops.STORE:
            stored.append(value(b))
        elif op == ops.MOVE:
            registers[d] = value(a)
        elif op == ops.JUMP or (op == ops.JUMP_ZERO and value(a) == 0) or (op == ops.JUMP_NONZERO and value(a) != 0) \
                or (op == ops.JUMP_LT and value(a) < value(b)) or (op == ops.JUMP_LE and value(a) <= value(b)):
            pc = d
        elif op >= ops.BINARY_FIRST:
            registers[d] = BINARY[ops.BINARY_NAMES[op - ops.BINARY_FIRST]](value(a), value(b))
        elif op >= ops.UNARY_FIRST:
            registers[d] = UNARY[ops.UNARY_NAMES[op - ops.UNARY_FIRST]](value(a))
    return [], stored  # a loop without end: what it stored first is compared


@st.composite
def functions(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    """Two parameters, four variables that all have a value, twelve rows with jumps mostly forward, two results."""
    size = 12
    operand = st.integers(-3, 5)
    rows = [[ops.MOVE, r, draw(st.integers(-3, 1))] for r in range(2, 6)]
    for i in range(5, 5 + size):
        kind = draw(st.sampled_from(KINDS))
        d, a, b = draw(st.integers(0, 5)), draw(operand), draw(operand)
        target = draw(st.integers(i, 4 + size) if draw(st.integers(0, 4)) else st.integers(4, i))
        rows.append({"move": [ops.MOVE, d, a], "add": [ADD, d, a, b], "sub": [SUB, d, a, b], "not": [NOT, d, a],
                     "store": [ops.STORE, -1, a, b], "jump": [ops.JUMP, target], "zero": [ops.JUMP_ZERO, target, a],
                     "lt": [ops.JUMP_LT, target, a, b]}[kind])
    rows.append([ops.RETURN, -1])
    return rows, size


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(functions(), st.integers(0, 3), st.integers(0, 3))
def test_the_same_results_and_stores(function, x, y):
    rows, _ = function
    constants = Constants()
    for value in (0, 1, 7):
        constants.operand(value)
    body = body_of(rows, constants, 6, 2, 2)
    wanted = run([[*row, *[0] * 8][:8] for row in rows], constants, [x, y], 2)
    live = o.optimise(body)
    given = run(body.rows, constants, [x, y], 2)
    if wanted[0]:
        assert given == wanted
    shorter = min(len(given[1]), len(wanted[1]))
    assert given[1][:shorter] == wanted[1][:shorter]
    assert len(live) == sum(row is not None for row in body.rows) <= len(rows)


def test_a_load_and_a_store_in_a_loop_are_all_that_is_left():
    code = compile_program(build(w.scenario(w.increment), params={"increments": 5}))
    start = code.rows[code.entries[0]][1]
    kinds = [row[0] for row in code.rows[start:start + 7]]
    assert kinds == [ops.MOVE, ops.LOAD, ADD, ops.STORE, ADD, ops.JUMP_SLT, ops.RETURN]
    assert [code.live[start + i] for i in (1, 3)] == [0b01, 0b11]  # the turn; and the value to store


@pytest.mark.parametrize("dead", [True, False])
def test_a_value_that_nobody_reads_is_not_computed(dead):
    constants = Constants()
    one = constants.operand(1)
    rows = [[ADD, 1, 0, one], [ops.STORE, -1, one, one if dead else 1], [ops.RETURN, -1]]
    body = body_of(rows, constants, 2, 1, 0)
    live = o.optimise(body)
    assert len(live) == (2 if dead else 3)


@pytest.mark.parametrize("x", [0, 1])
def test_a_jump_to_a_dropped_row_is_a_jump_to_the_next(x):
    """Row 3 goes; the copy in row 4 may then not be computed by row 2, which the jump passes over."""
    constants = Constants()
    one = constants.operand(1)
    rows = [[ADD, 2, 1, 1], [ops.JUMP_ZERO, 3, 0], [ADD, 2, 1, one], [ops.MOVE, 4, 2], [ops.MOVE, 3, 2],
            [ops.JUMP_NONZERO, 7, 1], [ADD, 3, 1, 1], [ops.STORE, -1, one, 3], [ops.RETURN, -1]]
    body = body_of(rows, constants, 5, 2, 0)
    o.optimise(body)
    assert run(body.rows, constants, [x, 5], 0) == ([], [6 if x else 10])
