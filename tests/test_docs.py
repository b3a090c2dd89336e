"""The documentation says what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine.vocabulary import as_markdown

ROOT = Path(__file__).parent.parent


def test_the_vocabulary_page_is_the_table() -> None:
    assert (ROOT / "docs" / "vocabulary.md").read_text() == as_markdown(), (
        "docs/vocabulary.md is stale; rewrite it with engine.vocabulary.as_markdown()"
    )


def test_the_readme_shows_the_example_as_it_is() -> None:
    source = (ROOT / "examples" / "last_put.py").read_text()
    code = source[source.index("from engine import CLEAN"):].strip().splitlines()
    shown = "\n".join(f"    {line}" if line else "" for line in code)
    assert shown in (ROOT / "README.md").read_text()


def test_the_readme_example_breaks_and_its_fix_holds() -> None:
    from engine.explore import explore, smallest
    from engine.language.program import build
    from scenarios import load_file

    (scenario,) = load_file(ROOT / "examples" / "last_put.py")
    broken = smallest(build(scenario, "read-back"))
    assert broken.violation is not None
    assert broken.violation.kind == scenario.variant("read-back").expects
    fixed = explore(build(scenario, "dec-and-test"), strategy="dfs")
    assert fixed.complete
    assert fixed.violation is None


def test_ci_calls_the_readme_test_command() -> None:
    readme = (ROOT / "README.md").read_text().splitlines()
    commands = [line for line in readme if line.startswith("    python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith("pttorture run")
    assert commands[1].endswith("pytest -n auto")


def test_the_search_page_names_every_strategy() -> None:
    from engine.explore import STRATEGIES

    page = (ROOT / "docs" / "search.md").read_text()
    assert [name for name in STRATEGIES if f"\n| `{name}` |" not in page] == []


def test_the_python_of_the_search_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "search.md").read_text()
    code = page.split("```python\n")[1].split("```")[0].replace("progress=print", "progress=looks.append")
    names: dict[str, Any] = {"looks": []}
    monkeypatch.chdir(ROOT / "examples")
    exec(code, names)
    assert names["result"].violation is not None
    assert names["result"].complete is False


def test_the_catalogue_has_every_scenario_and_variant_as_it_is() -> None:
    from scenarios import all_scenarios
    from stress import catalogue

    page = (ROOT / "docs" / "catalogue.md").read_text()
    assert page.startswith(catalogue.HEAD)
    bounds = re.sub(r"(complete: [\d,]+ states?|[\d,]+ random executions);", "seen;", page)
    stale = [s.name for s in all_scenarios() if catalogue.table(s, lambda *_: "seen") not in bounds]
    assert stale == [], "docs/catalogue.md is stale: python -m stress.catalogue > docs/catalogue.md"
    assert page.count("\n## ") == len(all_scenarios())


@pytest.mark.parametrize("name", ["both-give-up", "fragment-store", "type-alias", "cow-splice"])
def test_the_catalogues_pictures_are_what_is_drawn(name: str) -> None:
    """Some of them, with what was searched: each costs replays and searches. The schedules are checked one by one with
    the ready scripts."""
    from scenarios import find
    from stress import catalogue

    scenario, _ = find(name)
    drawn = catalogue.pictures(scenario)
    assert drawn
    assert catalogue.table(scenario) + drawn in (ROOT / "docs" / "catalogue.md").read_text(), (
        "docs/catalogue.md is stale: python -m stress.catalogue > docs/catalogue.md")
