"""The house: a file imports from its own floor or below; scenarios measure no time, print nothing, start no thread."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ABOVE = {"engine": {"scenarios", "stress"}, "scenarios": {"stress"}, "stress": set[str]()}
#: What only a harness or an executor does.
NOT_IN_SCENARIOS = {"time", "threading", "multiprocessing", "subprocess", "os", "random", "numba", "numpy"}
FILES = [path for floor in ABOVE for path in sorted((ROOT / floor).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_reaches_up(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[0]
    assert not ABOVE[floor] & set(imported(path))
    if floor == "scenarios":
        assert not NOT_IN_SCENARIOS & set(imported(path))
        assert "print(" not in path.read_text()


def test_the_harness_holds_no_protocol() -> None:
    for path in (ROOT / "stress").rglob("*.py"):
        assert "@protocol" not in path.read_text(), path


def test_one_file_is_one_thought() -> None:
    long = {str(path.relative_to(ROOT)): lines for path in FILES if (lines := path.read_text().count("\n")) > 430}
    assert not long, f"split these: {long}"
