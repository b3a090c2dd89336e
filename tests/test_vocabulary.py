"""The rows of the vocabulary, walked: the table is consistent, and the python executor does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import words
from engine.language.program import Program
from engine.python.replay import walk
from engine.schedule import Execution
from engine.vocabulary import PRIMITIVES, RMW_OPS, RMW_RETURNS, Primitive
from tests.protocol_source import program

VALUES = (0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (1 << 63) + 5, words.MASK)
MEMORY = [row for row in PRIMITIVES.values() if row.access in ("load", "store", "rmw")]

MEMBERS = [row for row in PRIMITIVES.values() if row.access == "member"]


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=PRIMITIVES)
def test_a_row_is_consistent(row: Primitive) -> None:
    assert list(PRIMITIVES)[row.code] == row.name
    assert row.access in ("", "load", "store", "rmw", "page", "lock", "memory", "member")
    assert row.width in ((4, 8) if row.access in ("load", "store", "rmw", "page") else (0,))
    assert row.order in ("", "relaxed", "acquire", "release", "full")
    assert (row.op in RMW_OPS) == (row.access == "rmw")
    assert (row.op in ("set", "use", "drop")) == (row.access == "member") == ("member" in row.operands)
    assert not row.returns or (row.returns in RMW_RETURNS and row.result)
    assert row.meaning
    assert not (row.blocks and row.access != "lock")
    assert set(row.operands) <= {"address", "value", "lock", "frame", "count", "text", "kind", "counter",
                                  "member"}
    assert row.step or not (row.reads or row.writes)


def everything_once(row: Primitive, folder: Path) -> tuple[Program, Execution, list[tuple[int, ...]]]:
    """One role that applies the row to both halves of words with every combination of values, on fresh words."""
    dynamic = len(row.operands) - 1
    combinations: list[tuple[int, ...]] = [()]
    for _ in range(dynamic + 1):
        combinations = [(*c, v) for c in combinations for v in VALUES]
    lines = []
    for old, *operands in combinations:
        lines.append(f"    mem.write_once(A, {old:#x})")
        where = "A + 4" if row.width == 4 and old > words.MASK32 else "A"
        lines.append(f"    mem.{row.name}({', '.join([where, *map(hex, operands)])})")
        lines.append("    mem.read_once(A)")
    p = program(folder, "@protocol\ndef role(mem):\n" + "\n".join(lines) + "\n")
    return p, walk(p, 1, folder=folder)[1], combinations


@pytest.mark.parametrize("row", [row for row in MEMORY if row.name != "clflush"], ids=lambda row: row.name)
def test_the_python_executor_does_what_the_row_says(row: Primitive, tmp_path: Path) -> None:
    _, execution, combinations = everything_once(row, tmp_path)
    assert execution.violation is None
    mask = words.MASK if row.width == 8 else words.MASK32
    for i, (word, *operands) in enumerate(combinations):
        shift = 32 if row.width == 4 and word > words.MASK32 else 0
        old = word >> shift & mask
        new: int | None = old
        value = old
        if row.access == "store":
            new = value = operands[0] & mask
        elif row.access == "rmw":
            new = RMW_OPS[row.op](old, *(v & mask for v in (*operands, *row.fixed)))
            new = None if new is None else new & mask
            value = RMW_RETURNS[row.returns or "new"](old, new)
        after = word & ~(mask << shift) | (old if new is None else new) << shift
        _, step, reread = execution.steps[3 * i:3 * i + 3]
        assert (step.value, reread.value) == (value, after), (row.name, word, operands)


#: What is live before -> the rows that are then legal for `pt_mm`, and what is live after each.
LIVE = {
    "": {"set_member": "pt_mm"}, "pt_index": {},
    "pt_mm": {"set_member": "pt_mm", "use_member": "pt_mm", "drop_member": ""},
}


@pytest.mark.parametrize("live", LIVE)
@pytest.mark.parametrize("row", MEMBERS, ids=lambda row: row.name)
def test_a_member_row_does_what_it_says(row: Primitive, live: str, tmp_path: Path) -> None:
    """Nothing in memory changes, and afterwards exactly one member may be used."""
    before = f"    mem.set_member(at, '{live}')\n" if live else ""
    for after in ("pt_mm", "pt_index"):
        p = program(tmp_path, "@protocol\ndef role(mem):\n    at = page_of(mem.alloc_page(1)) + 32\n"
                              f"    mem.write_once(at, 7)\n{before}    mem.{row.name}(at, 'pt_mm')\n"
                              f"    mem.use_member(at, '{after}')\n")
        execution = walk(p, 1, folder=tmp_path)[1]
        assert execution.final[p.layout.descriptor(1) + 32] == 7
        legal = row.name in LIVE[live]
        assert (execution.violation is None) == (legal and LIVE[live][row.name] == after), after
        assert execution.violation is None or execution.violation.kind == "union-confusion"
        last = p.sites[execution.steps[-1].site].primitive
        assert last == ("use_member" if legal else row.name)


def test_clflush_touches_nothing(tmp_path: Path) -> None:
    _, execution, _ = everything_once(PRIMITIVES["clflush"], tmp_path)
    assert [s.value for s in execution.steps[2::3]] == list(VALUES)


@pytest.mark.parametrize("row", MEMORY + MEMBERS, ids=lambda row: row.name)
def test_every_access_is_checked_and_aligned(row: Primitive, tmp_path: Path) -> None:
    zeros = ", 'flags'" if row.access == "member" else "".join(", 0" for _ in row.operands[1:])
    for address in ("0", f"A + {row.width // 2}", "A + 8", "L", "frame_at(N_FRAMES)"):
        p = program(tmp_path, "from engine.memory.page import N_FRAMES\n@protocol\ndef role(mem):\n"
                              f"    mem.write_once(A, 1)\n    mem.write_once(L * 0 + A, 1)\n"
                              f"    mem.{row.name}({address}{zeros})\n")
        found = walk(p, 1, folder=tmp_path)[1].violation
        assert found is not None, address
        assert found.kind == "wild-access", address
