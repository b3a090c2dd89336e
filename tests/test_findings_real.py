"""One bug is one finding, whichever executor, strategy, lock and number of workers meets it: with real violations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stress.campaign.cell import Cell, Round, seed_of
from stress.campaign.rounds import Rounds
from stress.findings.signature import findings_of

NESTING = str(Path(__file__).parent / "protocols" / "locking.py")
TWO_BUGS = '''
from __future__ import annotations

from engine import Counter, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

LOST, BUSY = Word("lost"), Word("busy")
DONE = Counter("done", "rounds of a role", operation=True)


@protocol
def both(mem: Mem) -> None:
    value = mem.read_once(LOST)
    mem.write_once(LOST, value + 1)
    mem.write_once(BUSY, 1)
    mem.check(mem.read_once(BUSY) == 1, "check", "the other one has left")
    mem.write_once(BUSY, 0)
    mem.count(DONE)


@protocol
def nothing_lost(mem: Mem) -> None:
    mem.check(mem.read_once(LOST) == 2, "count-drift", "an increment is lost")


SCENARIO = Scenario(
    name="two-bugs", about="Two bugs in one variant.", roles=(Role("A", both), Role("B", both)),
    at_rest=nothing_lost, variants=(Variant("both", kind="race", item="", expects="check", needs=("done",)),))
'''


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    with Rounds(tmp_path_factory.mktemp("logs")) as made:
        yield made


def found(rounds: Rounds, cell: Cell, number: int = 0) -> dict[str, str]:
    """Signature -> title of what a round finds; one of threads ends when the expected violation has been seen."""
    each = Round(cell, number, seed_of(1, cell, number), seconds=0.0 if cell.searches else 20.0,
                 executions=5000 if cell.searches else 0)
    result = rounds.run(each)
    assert not result["faults"], result["faults"]
    return {finding.signature: finding.title for finding in findings_of(cell, result)}


def search(scenario: str, variant: str, strategy: str, source: str = "") -> Cell:
    return Cell(scenario, variant, source, executor="explore", strategy=strategy)


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
def test_transient_get_is_one_finding(rounds: Rounds) -> None:
    pytest.importorskip("numba")
    name = "transient-get", "rfc-v1"
    modes = [
        Cell(*name, perturb="yield:0.05"),
        Cell(*name, perturb="yield:0.05", processes=2), Cell(*name, lock="pthread", perturb="yield:0.05"),
        Cell(*name, executor="python", lock="fair", perturb="yield:0.2"),
        search(*name, "random"), search(*name, "dfs"), search(*name, "pct"),
    ]
    met = {cell.mode: found(rounds, cell) for cell in modes}
    signatures = {signature for each in met.values() for signature in each}
    assert len(signatures) == 1, met
    assert not [mode for mode, each in met.items() if not each]


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
def test_a_deadlock_is_one_finding(rounds: Rounds) -> None:
    pytest.importorskip("numba")
    name = "nesting", "process", NESTING
    modes = [Cell(*name, perturb="yield:0.05"), Cell(*name, perturb="yield:0.05", processes=2),
             Cell(*name, executor="python", lock="fair", perturb="yield:0.2"),
             search("nesting", "process", "random", NESTING), search("nesting", "process", "dfs", NESTING)]
    met = {cell.mode: found(rounds, cell) for cell in modes}
    assert {title for each in met.values() for title in each.values()} == {"nesting:process: deadlock at lock"}, met
    assert len({signature for each in met.values() for signature in each}) == 1, met
    assert not [mode for mode, each in met.items() if not each]


def test_two_bugs_of_one_variant_are_two_findings(rounds: Rounds, tmp_path: Path) -> None:
    """An edit above them, and another folder, leave both as they are."""
    source = tmp_path / "mine.py"
    source.write_text(TWO_BUGS)
    met = [found(rounds, search("two-bugs", "both", strategy, str(source))) for strategy in ("random", "dfs")]
    assert met[0] == met[1]
    assert sorted(title.partition(" at ")[0] for title in met[0].values()) == [
        "two-bugs:both: check", "two-bugs:both: count-drift"]
    (tmp_path / "new").mkdir()
    edited = tmp_path / "new" / "mine.py"
    edited.write_text("# A line above.\n" + TWO_BUGS)
    after = found(rounds, search("two-bugs", "both", "random", str(edited)))
    assert after.keys() == met[0].keys()
    assert after != met[0], "their lines are others now"


def test_the_accesses_that_matter_are_those_of_the_smallest_schedule(rounds: Rounds, tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text(TWO_BUGS)
    lines = TWO_BUGS.split("\n")
    read, write, check = (next(n for n, line in enumerate(lines, 1) if text in line) for text in
                          ("value = mem.read_once(LOST)", "write_once(LOST", "read_once(LOST) == 2"))
    cell = search("two-bugs", "both", "random", str(source))
    said = rounds.explain(cell, {"kind": "count-drift", "where": f"{source}:{check}"})
    assert said["minimal"]
    mine = f"{source}:"
    on_lost = {(first, second) for first, second in said["accesses"]
               if {int(first.removeprefix(mine)), int(second.removeprefix(mine))} <= {read, write}}
    assert (f"{mine}{write}", f"{mine}{write}") in on_lost, "one store wipes out the other"
    assert all(len(pair) == 2 for pair in said["accesses"])
