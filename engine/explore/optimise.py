"""Fewer rows and fewer registers for one function's code; which registers each row still needs.

The textbook passes, over rows as `bytecode` makes them: constants folded, copies propagated inside a block, what nobody
reads dropped, jumps to jumps shortened, a loop's test moved to its end, registers shared by values that are never alive
together (with a copy's two ends in one register where that is possible). Steps stay as they are, and in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.explore.machine import ops
from engine.words import BINARY, UNARY

Row = list[int]

_OP, _D, _A = 0, 1, 2
_WORD: Final = (1 << 64) - 1
_SOURCES: Final = {
    ops.LOAD: 1, ops.STORE: 2, ops.ALLOC: 1, ops.FREE: 1, ops.FILL: 3, ops.LOCK: 1, ops.MEMBER: 1, ops.MOVE: 1,
    ops.JUMP_ZERO: 1, ops.JUMP_NONZERO: 1, ops.ARRAY_GET: 2, ops.ARRAY_SET: 3, ops.CHOOSE: 1, ops.WARN: 1, ops.CHECK: 1,
    **dict.fromkeys(range(ops.JUMP_EQ, ops.JUMP_SLE + 1), 2),
    **dict.fromkeys(range(ops.UNARY_FIRST, ops.UNARY_FIRST + len(ops.UNARY_NAMES)), 1),
    **dict.fromkeys(range(ops.BINARY_FIRST, ops.BINARY_FIRST + len(ops.BINARY_NAMES)), 2),
}
_JUMPS: Final = range(ops.JUMP, ops.JUMP_SLE + 1)
_PURE: Final = frozenset((ops.MOVE, *range(ops.UNARY_FIRST, ops.BINARY_FIRST + len(ops.BINARY_NAMES))))
_DEFINES: Final = _PURE | {ops.LOAD, ops.RMW, ops.ALLOC, ops.LOCK, ops.ARRAY_NEW, ops.ARRAY_GET, ops.CHOOSE}
_TAKEN_IF: Final = {ops.JUMP_EQ: "eq", ops.JUMP_NE: "ne", ops.JUMP_LT: "lt", ops.JUMP_LE: "le", ops.JUMP_SLT: "slt",
                    ops.JUMP_SLE: "sle"}
#: The opposite of a jump, and whether its operands change places.
_OPPOSITE: Final = {
    ops.JUMP_ZERO: (ops.JUMP_NONZERO, False), ops.JUMP_NONZERO: (ops.JUMP_ZERO, False),
    ops.JUMP_EQ: (ops.JUMP_NE, False), ops.JUMP_NE: (ops.JUMP_EQ, False), ops.JUMP_LT: (ops.JUMP_LE, True),
    ops.JUMP_LE: (ops.JUMP_LT, True), ops.JUMP_SLT: (ops.JUMP_SLE, True), ops.JUMP_SLE: (ops.JUMP_SLT, True),
}


@dataclass
class Body:
    """The rows of one function. Jump targets are indices into `rows`; a row that was dropped is None.

    `fixed`: the first registers, which hold parameters at the start and results at the end. `count`: registers of its
    own; those from `count` up are its callees'. `calls`: row -> parameters of the function it calls.
    """

    rows: list[Row | None]
    count: int
    params: int
    returns: int
    calls: dict[int, int]
    constant: Callable[[int], int]  # value -> operand
    value: Callable[[int], int]  # operand -> value

    @property
    def fixed(self) -> int:
        return max(self.params, self.returns)

    def kept(self) -> Iterator[tuple[int, Row]]:
        return ((i, row) for i, row in enumerate(self.rows) if row is not None)

    def following(self, i: int) -> int:
        """The first row that was kept from `i` on."""
        while i < len(self.rows) and self.rows[i] is None:
            i += 1
        return i


def optimise(body: Body) -> list[int]:
    """Improve a function in place; for each row that is kept, in order, the registers alive before it, as bits."""
    for _ in range(3):
        _shorten_jumps(body)
        _propagate(body)
        _drop_dead(body)
    _share_registers(body)
    _shorten_jumps(body)
    live = liveness(body)
    return [live[i] for i, _ in body.kept()]


def sources(row: Row) -> int:
    """How many of the columns from 2 on are operands."""
    if row[_OP] == ops.RMW:
        return 3 if row[6] & 15 in (ops.R_CMPXCHG, ops.R_ADD_UNLESS) else 2
    return _SOURCES.get(row[_OP], 0)


def defines(row: Row) -> int:
    """The register a row writes, -1 for none."""
    return row[_D] if row[_OP] in _DEFINES else -1


def _ends(row: Row) -> bool:
    """Whether control never goes on to the next row."""
    return row[_OP] in (ops.JUMP, ops.RETURN, ops.END)


def _targets(body: Body) -> set[int]:
    return {body.following(row[_D]) for _, row in body.kept() if row[_OP] in _JUMPS}


def liveness(body: Body) -> list[int]:
    """The registers alive before each row, as bits."""
    rows, live = body.rows, [0] * (len(body.rows) + 1)
    own = (1 << body.count) - 1
    results = (1 << body.returns) - 1
    changed = True
    while changed:
        changed = False
        for i in range(len(rows) - 1, -1, -1):
            row = rows[i]
            if row is None:
                alive = live[i + 1]
            else:
                alive = 0 if _ends(row) else live[i + 1]
                alive |= live[row[_D]] if row[_OP] in _JUMPS else 0
                alive |= results if row[_OP] == ops.RETURN else 0
                if row[_OP] == ops.CALL:
                    alive = alive & own | (1 << body.calls[i]) - 1 << body.count
                if (d := defines(row)) >= 0:
                    alive &= ~(1 << d)
                for operand in row[_A:_A + sources(row)]:
                    alive |= 1 << operand if operand >= 0 else 0
            if alive != live[i]:
                live[i], changed = alive, True
    return live


def _propagate(body: Body) -> None:
    """Read a copy's source instead of the copy, and compute what is constant."""
    starts = _targets(body)
    copies: dict[int, int] = {}
    for i, row in body.kept():
        if i in starts:
            copies.clear()
        for column in range(_A, _A + sources(row)):
            row[column] = copies.get(row[column], row[column])
        _fold(body, i, row)
        d = defines(row)
        if d >= 0 or row[_OP] == ops.CALL:
            gone = range(body.count, 1 << 30) if row[_OP] == ops.CALL else (d,)
            copies = {x: y for x, y in copies.items() if x not in gone and y not in gone}
        if row[_OP] == ops.MOVE and row[_A] != d and row[_A] < body.count:
            copies[d] = row[_A]
        if _ends(row):
            copies.clear()


def _fold(body: Body, i: int, row: Row) -> None:
    op = row[_OP]
    values = [body.value(operand) & _WORD for operand in row[_A:_A + sources(row)] if operand < 0]
    if not values or len(values) < sources(row):
        return
    if ops.BINARY_FIRST <= op < ops.BINARY_FIRST + len(ops.BINARY_NAMES):
        row[_OP], row[_A] = ops.MOVE, body.constant(BINARY[ops.BINARY_NAMES[op - ops.BINARY_FIRST]](*values))
    elif ops.UNARY_FIRST <= op < ops.UNARY_FIRST + len(ops.UNARY_NAMES):
        row[_OP], row[_A] = ops.MOVE, body.constant(UNARY[ops.UNARY_NAMES[op - ops.UNARY_FIRST]](*values))
    elif op in (ops.JUMP_ZERO, ops.JUMP_NONZERO) or op in _TAKEN_IF:
        taken = BINARY[_TAKEN_IF[op]](*values) if op in _TAKEN_IF else (values[0] != 0) == (op == ops.JUMP_NONZERO)
        if taken:
            row[_OP] = ops.JUMP
        else:
            body.rows[i] = None


def _drop_dead(body: Body) -> None:
    """Drop rows that nothing reaches and results that nobody reads; compute into a copy's target at once."""
    reached = _reached(body)
    for i, _ in body.kept():
        if i not in reached:
            body.rows[i] = None
    live, starts = liveness(body), _targets(body)
    before = -1  # the row that came before on every path, -1 for none
    for i, row in body.kept():
        before = -1 if i in starts else before
        d = defines(row)
        if (d >= 0 and not live[i + 1] >> d & 1) or (row[_OP] == ops.MOVE and row[_A] == d):
            if row[_OP] in _PURE:
                body.rows[i] = None
                continue
            row[_D] = -1
        earlier = body.rows[before] if before >= 0 else None
        if earlier is not None and row[_OP] == ops.MOVE and 0 <= row[_A] == defines(earlier) and row[_A] != d \
                and not live[i + 1] >> row[_A] & 1:
            earlier[_D], body.rows[i] = d, None
            continue
        before = i


def _reached(body: Body) -> set[int]:
    seen: set[int] = set()
    todo = [body.following(0)]
    while todo:
        i = todo.pop()
        if i in seen or i >= len(body.rows):
            continue
        seen.add(i)
        row = body.rows[i]
        assert row is not None
        if row[_OP] in _JUMPS:
            todo.append(body.following(row[_D]))
        if not _ends(row):
            todo.append(body.following(i + 1))
    return seen


def _shorten_jumps(body: Body) -> None:
    for i, row in body.kept():
        if row[_OP] not in _JUMPS:
            continue
        row[_D] = _destination(body, row[_D])
        after = body.following(i + 1)
        if row[_D] == after:
            body.rows[i] = None
        elif row[_OP] == ops.JUMP:
            _test_at_the_end(body, row, after)


def _destination(body: Body, i: int) -> int:
    """Where a jump to row `i` ends after all."""
    i = body.following(i)
    seen = {i}
    while i < len(body.rows) and (row := body.rows[i]) is not None and row[_OP] == ops.JUMP:
        i = body.following(row[_D])
        if i in seen:
            break
        seen.add(i)
    return i


def _test_at_the_end(body: Body, row: Row, after: int) -> None:
    """A jump back to a test that leaves to the row behind the jump: test here, stay by jumping behind the test."""
    test = body.rows[row[_D]]
    if test is None or test[_OP] not in _OPPOSITE or _destination(body, test[_D]) != after:
        return
    op, swap = _OPPOSITE[test[_OP]]
    a, b = (test[3], test[2]) if swap else (test[2], test[3])
    row[:4] = [op, body.following(row[_D] + 1), a, b]


# --- registers ---


def _share_registers(body: Body) -> None:
    """Give values that are never alive together one register; the parameters' and results' keep their numbers."""
    live, own = liveness(body), (1 << body.count) - 1
    conflicts = [0] * body.count
    for i, row in body.kept():
        d = defines(row)
        if 0 <= d < body.count:
            beside = live[i + 1] & own
            if row[_OP] == ops.MOVE and row[_A] >= 0:
                beside &= ~(1 << row[_A])  # both ends of a copy hold the same
            conflicts[d] |= beside & ~(1 << d)
    for d, beside in enumerate(conflicts):
        for other in _bits(beside):
            conflicts[other] |= 1 << d
    names = _colours(body, conflicts)
    count = max((names[r] + 1 for r in names), default=0)
    count = max(count, body.fixed)
    for _, row in body.kept():
        columns = [*range(_A, _A + sources(row)), *([_D] if defines(row) >= 0 else [])]
        for column in columns:
            if row[column] >= body.count:
                row[column] += count - body.count
            elif row[column] >= 0:
                row[column] = names[row[column]]
        if row[_OP] == ops.CALL:
            row[5] = count
    body.count = count
    for i, row in body.kept():
        if row[_OP] == ops.MOVE and row[_A] == row[_D]:
            body.rows[i] = None


def _colours(body: Body, conflicts: Sequence[int]) -> dict[int, int]:
    """Register -> its new number."""
    wishes: dict[int, list[int]] = {}
    used = set()
    for _, row in body.kept():
        used |= {r for r in (*row[_A:_A + sources(row)], defines(row)) if 0 <= r < body.count}
        if row[_OP] == ops.MOVE and 0 <= row[_A] < body.count and 0 <= row[_D] < body.count:
            wishes.setdefault(row[_A], []).append(row[_D])
            wishes.setdefault(row[_D], []).append(row[_A])
    names = {r: r for r in range(body.fixed)}
    for r in sorted(used - names.keys()):
        taken = {names[other] for other in _bits(conflicts[r]) if other in names}
        wished = [names[other] for other in wishes.get(r, ()) if other in names and names[other] not in taken]
        free = next(n for n in range(body.count + 1) if n not in taken)
        names[r] = wished[0] if wished else free
    return names


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
