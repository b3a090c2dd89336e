"""The guide does what it says: its files are written, its commands typed, their output compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.document import ROOT, Typed, pattern, replaced, run

GUIDE = ROOT / "docs" / "guide.md"


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize(("name", "codes"), [
    ("README.md", [0, 0]),  # explore, run
    ("docs/pytest.md", [1, 1, 0, 0]),
    ("docs/guide.md", [1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]),  # while the bug is there explore and the test fail
])
def test_what_is_shown_is_what_happens(name: str, codes: list[int], tmp_path: Path) -> None:
    pytest.importorskip("numba")
    typed = list(run((ROOT / name).read_text(), tmp_path))
    for command in typed:
        assert command.agrees, f"$ {command.command}\n{command.printed}\nis not what {name} shows; if that is right: " \
                               f"python -m tests.document {name}"
    assert [command.code for command in typed] == codes


def test_the_guide_ends_with_the_example(tmp_path: Path) -> None:
    def code(text: str) -> str:
        return text[text.index("from engine import"):]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.document.typed_in", lambda typed, _folder: typed)
        list(run(GUIDE.read_text(), tmp_path))
    made = (tmp_path / "last_put.py").read_text()
    assert code(made) == code((ROOT / "examples" / "last_put.py").read_text())


def test_the_readme_leads_to_the_guide() -> None:
    assert "(docs/guide.md)" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(("shown", "printed", "agrees"), [
    ("a\nb\n", "a\nb\n", True), ("a\nb\n", "a\nc\n", False), ("a\n", "a\nb\n", False), ("", "", True),
    ("", "a\n", False),
    ("...\nb\n", "1\n2\nb\n", True), ("...\nb\n", "1\n2\n", False), ("a ... c\n", "a b c\n", True),
    ("3 steps in 0.0 s\n", "3 steps in 1.2 s\n", True), ("3 steps\n", "4 steps\n", False),
    ("3 steps, up to the first violation\n", "4 steps, up to the first violation\n", True),
])
def test_what_agrees(shown: str, printed: str, agrees: bool) -> None:
    assert Typed("pttorture explore x", shown, printed).agrees == agrees


def test_figures_of_real_threads_may_differ() -> None:
    shown, printed = "7,174 rounds in 2.0 s, overlap 16%\n", "87 rounds in 12.0 s, overlap 0%\n"
    assert Typed("pttorture run x", shown, printed).agrees
    assert not Typed("pttorture explore x", shown, printed).agrees
    assert not Typed("pttorture run x", shown, printed.replace("rounds", "turns")).agrees
    assert pattern("", loose=True) == ""


def test_a_definition_is_replaced_with_its_decorators() -> None:
    source = "A = 1\n\n\n@x\ndef f():\n    return 1\n\n\nB = (\n    2,\n)\n"
    assert replaced(source, "f", "f = 3\n") == "A = 1\n\n\nf = 3\n\n\nB = (\n    2,\n)\n"
    assert replaced(source, "B", "B = 4\n").endswith("\n\n\nB = 4\n")
    with pytest.raises(AssertionError, match="no definition of C"):
        replaced(source, "C", "")
