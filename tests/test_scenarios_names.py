"""Names of scenarios, variants and items; users' files; the table of variants as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import CLEAN
from engine.errors import ProtocolError, UsageError
from engine.language.program import build
from scenarios import all_scenarios, find, load_file

COUNTER = Path(__file__).parent / "protocols" / "counter.py"


def test_names_are_unique() -> None:
    scenarios = all_scenarios()
    assert len({s.name for s in scenarios}) == len(scenarios)
    for scenario in scenarios:
        assert len({v.name for v in scenario.variants}) == len(scenario.variants)


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda s: s.name)
def test_every_variant_compiles_and_names_counters_that_exist(scenario: object) -> None:
    for variant in scenario.variants:  # type: ignore[attr-defined]
        program = build(scenario, variant.name)  # type: ignore[arg-type]
        assert set(variant.needs) | set(variant.forbids) <= set(program.counters)
        assert variant.needs, "nothing found is evidence only of work done"
        assert variant.about


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda s: s.name)
def test_what_breaks_has_an_item_and_a_twin_that_holds(scenario: object) -> None:
    variants = scenario.variants  # type: ignore[attr-defined]
    assert all(v.item for v in variants if v.expects != CLEAN)
    assert any(v.expects == CLEAN for v in variants)


#: The entries of the eight systems, by their last letter.
ITEMS = {"S1": "g", "S2": "g", "S3": "e", "S4": "k", "S5": "h", "S6": "d", "S7": "j", "S8": "j"}


def test_every_item_has_a_variant() -> None:
    wanted = {f"{system}-{chr(n)}" for system, last in ITEMS.items() for n in range(ord("a"), ord(last) + 1)}
    assert len(wanted) == 62
    assert wanted - {v.item.partition(".")[0] for s in all_scenarios() for v in s.variants} == set()


@pytest.mark.parametrize(("name", "expected"), [
    ("transient-get", "transient-get:rfc-v1"),
    ("transient-get:ptdesc", "transient-get:ptdesc"),
    ("S1-a", "transient-get:rfc-v1"),
    ("s1-C", "false-warn:rfc-v1"),
    ("S1-d", "both-give-up:rfc-v1"),
    ("S2-f", "recycled-parent:peek-v2"),
    ("S2-g", "mapcount-get:rfc-v2"),
    ("S4-a", "parent-freed:rfc-v1"),
    ("S4-c", "nested-read:rfc"),
    ("S4-h", "stale-structure-cache:rfc-v1"),
    ("S4-i", "free-before-flush:write-section"),
    ("S4-j.plain-store", "split:plain-store"),
    ("S4-j", "split:reread"),
])
def test_find(name: str, expected: str) -> None:
    scenario, variant = find(name)
    assert f"{scenario.name}:{variant.name}" == expected


@pytest.mark.parametrize(("name", "message"), [
    ("transient-gat", "did you mean transient-get"),
    ("S1-x", "'S1-x'"),
    ("transient-get:nope", "no variant 'nope'; it has: rfc-v1"),
    ("", "see: pttorture list"),
])
def test_find_says_what_there_is(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find(name)


def test_a_users_file() -> None:
    (scenario,) = load_file(COUNTER)
    assert scenario.name == "counter"
    assert find("counter:atomic", [scenario])[1].name == "atomic"


def test_a_file_may_hold_several(tmp_path: Path) -> None:
    file = tmp_path / "two.py"
    more = "\nimport dataclasses\nALL = (SCENARIO, dataclasses.replace(SCENARIO, name='b'))\n"
    file.write_text(COUNTER.read_text() + more)
    assert [s.name for s in load_file(file)] == ["counter", "b"]


@pytest.mark.parametrize(("text", "message"), [
    ("x = 1\n", "no scenario in it"),
    ("x = = 1\n", r"broken\.py:1: invalid syntax"),
    ("\nimport no_such_module\n", r"broken\.py:2: ModuleNotFoundError"),
    ("\n\nx = 1 // 0\n", r"broken\.py:3: ZeroDivisionError"),
])
def test_a_broken_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as error:
        load_file(file)
    assert "\n" not in str(error.value)


def test_no_such_file() -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_file("/nowhere/file.py")


def test_two_scenarios_of_one_name(tmp_path: Path) -> None:
    file = tmp_path / "twice.py"
    file.write_text(COUNTER.read_text() + "\nimport dataclasses\nB = dataclasses.replace(SCENARIO, about='b')\n")
    with pytest.raises(UsageError, match="two scenarios are called 'counter'"):
        load_file(file)


def test_a_protocol_outside_the_language_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "outside.py"
    count = "    mem.count(INCREMENTS)\n"
    file.write_text(COUNTER.read_text().replace(count, "    print(1)\n" + count))
    (scenario,) = load_file(file)
    with pytest.raises(ProtocolError, match="print"):
        build(scenario)
