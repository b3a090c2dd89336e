"""Which violations are one bug: not the seed, the executor or the workers, but where it breaks and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stress.campaign.cell import Cell
from stress.findings.places import named
from stress.findings.signature import Finding, findings_of, places_of
from tests.store_rig import FILE, PLAIN, SEARCH, result, violation

TEXT = Path(FILE).read_text()


def signatures(cell: Cell, *violations: dict[str, Any]) -> list[str]:
    return [finding.signature for finding in findings_of(cell, result(*violations))]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(TEXT)
    return path


def at(path: Path, text: str) -> str:
    """The place of the first line that has a text."""
    return f"{path}:{next(n for n, line in enumerate(path.read_text().split(chr(10)), 1) if text in line)}"


def seen(path: Path, text: str = "== 2") -> str:
    cell = replace(PLAIN, source=str(path))
    signature, = signatures(cell, {**violation(), "where": at(path, text)})
    return signature


def test_the_same_bug_is_one_finding_whoever_meets_it() -> None:
    modes = [PLAIN, SEARCH, replace(PLAIN, executor="python", lock="fair"), replace(PLAIN, threads=3, processes=2),
             replace(SEARCH, strategy="dfs", model="tso", rounds=2)]
    met = [violation(count=1), violation(message="other", thread="A", seconds=9.0, evidence=[{"value": 3}])]
    assert len({s for cell in modes for each in met for s in signatures(cell, each)}) == 1


def test_another_place_kind_variant_or_second_place_is_another_finding() -> None:
    used = [violation(kind="use-after-free", other=f"{FILE}:{line}") for line in (25, 21)]
    bugs = [violation(), violation(21), violation(kind="leak"), violation(kind="livelock"), *used]
    found = signatures(PLAIN, *bugs) + signatures(replace(PLAIN, variant="locked"), *bugs)
    assert len(set(found)) == 12


def test_violations_that_are_one_bug_are_added_up() -> None:
    found, = findings_of(PLAIN, result(violation(), violation(count=4)))
    assert found.violation["count"] == 7
    assert found.expected
    beside, = findings_of(PLAIN, result(violation(kind="leak")))
    assert (beside.expected, beside.beside) == (True, "check"), "a broken design may show in several ways"
    assert beside.title == "counter:plain: leak at counter.py:30, beside check"
    clean, = findings_of(PLAIN, {**result(violation()), "expected": "clean"})
    assert (clean.expected, clean.beside) == (False, "")
    assert findings_of(PLAIN, result()) == []
    assert Finding.from_dict(found.as_dict()) == found


@pytest.mark.parametrize("edit", [
    lambda text: "# a line above\n\n" + text,
    lambda text: text.replace("an increment is lost", "a count is too low"),
    lambda text: text.replace("def both_counted", "def another():\n    pass\n\n\ndef both_counted"),
    lambda text: text.replace("    mem.check(", "    mem.check(  # see above\n        "),
    lambda text: text.replace("    mem.check(", "    mem.count(INCREMENTS)\n    mem.check("),
    lambda text: text.replace("== 2,", "==  2,"),
], ids=["lines above", "message", "function above", "other lines", "line above", "spaces"])
def test_an_edit_elsewhere_is_no_new_bug(mine: Path, edit: Callable[[str], str]) -> None:
    before = seen(mine, "mem.check(")
    mine.write_text(edit(TEXT))
    assert mine.read_text() != TEXT
    assert seen(mine, "mem.check(") == before


def test_an_edit_of_the_line_itself_is_another_finding(mine: Path) -> None:
    before = seen(mine)
    mine.write_text(TEXT.replace("== 2,", ">= 2,"))
    assert seen(mine, ">= 2") != before


def test_another_folder_is_no_new_bug(mine: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "mine.py"
    moved.write_text("\n" + TEXT)
    assert seen(moved) == seen(mine)


def test_the_place_in_a_schedule_is_the_same(mine: Path) -> None:
    cell = replace(PLAIN, source=str(mine))
    whole, = signatures(cell, {**violation(), "where": at(mine, "== 2")})
    assert signatures(cell, {**violation(), "where": at(mine, "== 2").rpartition("/")[2]}) == [whole]


def test_equal_lines_of_a_function_are_told_apart(mine: Path) -> None:
    mine.write_text("def f(mem):\n    mem.lock(A)\n    x\n    mem.lock(A)\n\n\ndef g(mem):\n    mem.lock(A)\n")
    names = [named(f"{mine}:{line}") for line in (2, 4, 8)]
    assert names == ["mine.py f mem.lock(A) #1", "mine.py f mem.lock(A) #2", "mine.py g mem.lock(A)"]


NATIVE = ("CPU1 unmap waits for pgd_lock (write), held by CPU0 map (read); CPU0 map waits for pgd_lock (read), held by "
          "CPU0 map (read), behind CPU1 unmap (write, queued)")
SEARCHED = ("CPU0 map waits for pgd_lock (read, /a b/table.py:217), held by itself (read, /a b/table.py:166), queued "
            "behind CPU1 unmap; CPU1 unmap waits for pgd_lock (write, x:36), held by CPU0 map (read, x:1)")
BYSTANDER = NATIVE + "; CPU2 walk waits for other_lock[3] (read), held by CPU0 map (write)"
CROSSED = ("CPU0 a waits for first[0] (write), held by CPU1 b (write); "
           "CPU1 b waits for second[17] (write), held by CPU0 a (write)")
ASLEEP = "CPU0 producer waits at /x/buffer.py:47 for a word that nobody changes"


@pytest.mark.parametrize(("message", "locks"), [
    (NATIVE, ("pgd_lock",)), (SEARCHED, ("pgd_lock",)), (BYSTANDER, ("pgd_lock",)), (CROSSED, ("first", "second")),
    (ASLEEP, ()), ("", ()), ("CPU0 a waits for lock (write), held by CPU1 b (write)", ())])
def test_a_deadlock_is_the_locks_of_its_cycle(message: str, locks: tuple[str, ...]) -> None:
    assert places_of({"kind": "deadlock", "message": message, "where": f"{FILE}:30"}) == locks


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    assert named("") == ""
    assert named("somewhere") == "somewhere"
    assert named(f"{tmp_path}/gone.py:7") == "gone.py"
    (tmp_path / "torn.py").write_text("def f(:\n  x\n")
    assert named(f"{tmp_path}/torn.py:2") == "torn.py x"
    assert named(f"{tmp_path}/torn.py:99") == "torn.py"
    assert named("tests/protocols/counter.py:30").startswith("tests/protocols/counter.py both_counted mem.check(")
