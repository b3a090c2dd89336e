"""The documentation says what the code says."""

from __future__ import annotations

from pathlib import Path

from engine.vocabulary import as_markdown

ROOT = Path(__file__).parent.parent


def test_the_vocabulary_page_is_the_table() -> None:
    assert (ROOT / "docs" / "vocabulary.md").read_text() == as_markdown(), (
        "docs/vocabulary.md is stale; rewrite it with engine.vocabulary.as_markdown()"
    )


def test_ci_calls_the_readme_test_command() -> None:
    commands = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("    python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("pttorture run")
    assert commands[1].endswith("pytest -n auto")
