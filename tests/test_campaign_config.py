"""A campaign's configuration file, its matrix, and what is said of mistakes in either."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from stress.campaign.config import KEYS, Config, read
from stress.campaign.matrix import cells

FILE = str(Path(__file__).parent / "protocols" / "counter.py")


def written(folder: Path, text: str) -> str:
    path = folder / "night.toml"
    path.write_text(text)
    return str(path)


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    text = '[campaign]\nhours = 60\nmemory = "4G"\n[matrix]\nlocks = ["all"]\nprocesses = [1]\n'
    config = read(written(tmp_path, text))
    assert (config.hours, config.memory, config.locks, config.processes) == (60, 4 * 10**9, ("all",), (1,))
    assert config.strategies == Config().strategies
    assert Config.from_dict(config.as_dict()) == config


@pytest.mark.parametrize(("text", "said"), [
    ("[campaign", "not TOML"),
    ("[night]\nhours = 1", "unknown table [night]; there is: campaign, matrix"),
    ("hours = 1", "unknown table [hours]"),
    ("[campaign]\nhour = 1", "has no key hour; did you mean hours?"),
    ("[campaign]\nhours = -1", "campaign.hours = -1 is not a number from 0 to 8760"),
    ("[campaign]\nhours = true", "campaign.hours = True is not a number"),
    ('[campaign]\nmemory = "lots"', "campaign.memory = 'lots' is not right: 'lots' is not a size"),
    ('[matrix]\nlocks = "all"', "is not a list"),
    ('[matrix]\nexecutors = ["natve"]', "did you mean 'native'?"),
    ('[matrix]\nstrategies = ["dpo"]', "did you mean 'dpor'?"),
    ('[matrix]\nperturb = ["yield"]', "is not one of: none, yield:P, delay:P:NS"),
    ("[matrix]\nprocesses = [0]", "is not a whole number from 1 to 64"),
])
def test_mistakes_are_one_line_that_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        read(path)
    assert str(raised.value).startswith(path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(str(tmp_path / "none.toml"))


def test_the_matrix_has_every_mode_once() -> None:
    found = cells([FILE], Config())
    assert len(found) == len(set(found))
    modes = {cell.mode for cell in found if cell.variant == "plain"}
    assert {"native qrwlock yield:0.05", "native qrwlock 2 processes yield:0.05", "python fair yield:0.2",
            "explore states sc qrwlock", "explore random sc qrwlock"} <= modes
    assert all(cell.source == FILE for cell in found)


def test_locks_that_make_no_sense_for_a_variant_are_left_out() -> None:
    found = cells(["parent-freed"], Config(locks=("all",), executors=("native",), processes=(1,)))
    assert {cell.lock for cell in found if cell.variant == "restart"} == {"qrwlock", "pthread", "pthread-writer"}
    from scenarios import find

    scenario = find("parent-freed")[0]
    assert all(cell.lock in (scenario.variant(cell.variant).locks or (cell.lock,)) for cell in found)


def test_a_matrix_without_a_cell_is_an_error() -> None:
    with pytest.raises(UsageError, match="no cell"):
        cells([FILE], Config(executors=()))


def test_the_page_shows_the_defaults(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "campaigns.md").read_text()
    block = page.split("```toml\n")[1].split("```")[0]
    assert read(written(tmp_path, block)) == Config()
    named = {line.removeprefix("# ").split(" = ")[0] for line in block.splitlines() if " = " in line}
    assert named == {key for table in KEYS.values() for key in table}
