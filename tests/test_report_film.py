"""Films: what they show is what the machine did, forwards and backwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.declare import Scenario
from engine.explore import explore, recording_of
from engine.explore.film import Film, film, leads_to
from engine.language.program import Program, build
from engine.schedule import ALONE, Schedule
from stress.report.html.films import film_of
from stress.report.html.page import schedule_page
from tests.protocols import counter
from tests.report_rig import CACHED, COUNTER, FREED, schedule_of, searched
from tests.test_explore_detectors import CASES, search

RACES = (FREED, CACHED, "dax_fault_ref__wait_only", "placement__pt_list_rcu_head", "type_alias__6_9")


def words(shown: Film, upto: int) -> dict[int, int]:
    """cell -> value after `upto` steps; every change must begin with what is there."""
    now = dict(map(tuple, shown.start))
    zero = next((i for i, row in enumerate(shown.values) if row[0] == "0"), -1)
    for step in shown.steps[:upto]:
        for cell, before, after in step["changes"]:
            assert now.get(cell, zero) == before
            now[cell] = after
    return now


def by_name(shown: Film, now: dict[int, int]) -> dict[tuple[object, ...], int]:
    return {tuple(shown.cells[cell][:3]): int(shown.values[value][0], 16) for cell, value in now.items()}


def addressed(program: Program, kind: str, owner: object, index: int) -> int:
    layout = program.layout
    base = {"word": lambda: layout.words[str(owner)], "pt": lambda: layout.frame(int(str(owner))),
            "page": lambda: layout.descriptor(int(str(owner)))}[kind]()
    return base + 8 * index


@pytest.mark.parametrize("race", RACES)
def test_the_last_picture_of_a_film_is_what_the_execution_left(race: str) -> None:
    program, schedule = schedule_of(race)
    shown = film(program, schedule)
    machine, recording = recording_of(program, schedule)
    final = machine.memory()
    seen = by_name(shown, words(shown, len(shown.steps)))
    assert len(shown.steps) == len(recording.events)
    assert {addressed(program, *name): value for name, value in seen.items() if value}.items() <= final.items()
    for name, value in seen.items():
        assert final.get(addressed(program, *name), 0) == value
    words_left = {a for a in final if a < program.layout.DESCRIPTORS}
    assert words_left <= {addressed(program, *name) for name in seen}


@pytest.mark.parametrize("race", RACES)
def test_a_step_shows_who_did_what_where(race: str) -> None:
    program, schedule = schedule_of(race)
    shown, recording = film(program, schedule), recording_of(program, schedule)[1]
    for step, e in zip(shown.steps, recording.events, strict=True):
        assert step["cpu"] == (-1 if e.thread == ALONE else e.thread)
        names, place = shown.stacks[step["stack"]]
        file, line, text = shown.places[place]
        site = program.sites[e.site]
        assert (file.rsplit("/", 1)[-1], line) == (site.file.rsplit("/", 1)[-1], site.line)
        assert site.primitive in text or "mem." in text
        assert shown.names[names[-1]] == site.function
    assert shown.violation is not None
    assert recording.violation is not None
    assert shown.violation["kind"] == recording.violation.kind


def test_locks_frames_and_places_of_a_race() -> None:
    shown = film(*schedule_of(FREED))
    holders = [{(name, cpu, how) for name, held, _ in shown.locks[step["scene"][1]] for cpu, how, _ in held}
               for step in shown.steps]
    assert holders[0] == {("pgd_lock", 0, "read")}
    assert ("pgd_lock", 1, "write") in set().union(*holders)
    assert all(len({cpu for _, cpu, _ in held}) == 1 for held in holders if any(how == "write" for *_, how in held))
    freed = shown.frames[shown.steps[-1]["scene"][2]]
    assert freed[2][0] == 0
    assert freed[2][1] == "freed by CPU1 unmapB at scenarios/models/count.py:76"
    assert shown.frames[shown.first[2]][2][:2] == [1, "allocated by set-up at scenarios/models/count.py:55"]
    assert shown.steps[-1]["fails"] == "use-after-free"
    assert not any("fails" in step for step in shown.steps[:-1])


def test_a_table_is_known_by_what_leads_to_it() -> None:
    shown = film(*schedule_of(FREED))
    start = words(shown, 0)
    value = {tuple(shown.cells[cell][:3]): shown.values[number] for cell, number in start.items()}
    assert value["word", "root", 0][3] == 1  # points to frame 1
    assert value["pt", 1, 0][2] == 2  # leads to the table in frame 2
    assert len(value["pt", 3, 0]) == 1  # a leaf: the pages of devices are no frames


@pytest.mark.parametrize(("entry", "frame"), [
    (0x3003, 3), (0x3001, 3), (0x80000000_00003003, 3), (0x3080, 0), (0x40000003003, 0), (0x3, 0), (0x10003, 0),
])
def test_what_leads_to_a_table(entry: int, frame: int) -> None:
    """A pointer that somebody keeps in a page is aligned, a page of a device lies behind all frames."""
    assert leads_to(entry, 16) == frame


def test_the_walkers_caches_are_known_and_read_in_words() -> None:
    shown = film(*schedule_of(CACHED))
    cached = {tuple(row[:3]): cell for cell, row in enumerate(shown.cells) if row[3:] == [1]}
    assert {name for _, name, _ in cached} <= {"iotlb_tag", "iotlb_leaf", "cached_tag", "cached_table"}
    tag = shown.values[words(shown, 0)[cached["word", "cached_tag", 1]]]
    assert tag[1] == "domain 0, pages 0..3"


def test_who_waits_is_shown() -> None:
    shown = film(*schedule_of("nested_read__rfc"))
    last = shown.steps[-1]["scene"]
    assert [status for status, _ in last[0]] == ["blocked", "blocked"]
    (name, held, waits), = shown.locks[last[1]]
    assert name == "pgd_lock"
    assert [(cpu, how) for cpu, how, _ in held] == [(0, "read")]
    assert waits == [[1, "write"], [0, "read"]]
    asleep = film(*schedule_of("both_give_up__wait_upgrade"))
    assert [status for status, _ in asleep.steps[-1]["scene"][0]] == ["asleep", "asleep"]


def counted(model: str = "sc") -> tuple[Program, Schedule]:
    program = build(counter.SCENARIO, "plain")
    schedule = explore(program, strategy="dfs", model=model).schedule
    assert schedule is not None
    return program, schedule


def test_stores_that_are_not_visible_yet_are_shown() -> None:
    shown = film(*counted("tso"))
    buffered = [shown.buffers[step["scene"][3]] for step in shown.steps]
    stored = next(i for i, step in enumerate(shown.steps) if step["kind"] == "buffer")
    assert not shown.steps[stored]["changes"]
    assert "count = 0x1" in buffered[stored][shown.steps[stored]["cpu"]]
    assert any(step["kind"] == "flush" and step["changes"] for step in shown.steps)
    assert film(*counted()).buffers == [[]]


def test_a_long_film_keeps_its_end() -> None:
    program, schedule = schedule_of(FREED)
    whole, cut = film(program, schedule), film(program, schedule, most=10)
    assert (len(cut.steps), cut.skipped) == (10, len(whole.steps) - 10)
    assert [step["text"] for step in cut.steps] == [step["text"] for step in whole.steps[-10:]]
    for step in (0, 10):
        there = by_name(whole, words(whole, len(whole.steps) - 10 + step))
        shown = {name: value for name, value in by_name(cut, words(cut, step)).items() if value}
        assert shown == {name: value for name, value in there.items() if value}


def test_a_film_is_plain_data_and_always_the_same() -> None:
    program, schedule = schedule_of(FREED)
    once, again = (json.dumps(film(program, schedule).as_dict()) for _ in range(2))
    assert once == again
    assert len(once) < 25_000


@pytest.mark.parametrize(("scenario", "fault", "kind", "message"), CASES)
def test_every_violation_ends_a_film(scenario: Scenario, fault: int, kind: str, message: str) -> None:
    schedule = search(scenario, fault, steps=500).schedule
    shown = film(build(scenario, params={"fault": fault}), schedule)
    assert shown.violation is not None
    assert shown.violation["kind"] == kind
    assert message.replace("tests/protocols/", "") in shown.violation["message"].replace("tests/protocols/", "")
    words(shown, len(shown.steps))


def test_a_file_that_changed_since_is_said_and_its_lines_show_what_cannot_be_seen(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text(COUNTER.read_text())
    schedule = searched(source)
    shown, said = film_of(schedule.to_json(), tmp_path)
    assert shown is not None
    assert said == ""
    assert "has changed since" not in schedule_page(schedule, str(source), "")
    lines = source.read_text().splitlines(keepends=True)
    stands = shown["places"][-1][1] - 1
    lines[stands] = lines[stands].rstrip("\n") + "  # \u202e sdrawkcab\n"
    source.write_text("".join(lines))
    shown, said = film_of(schedule.to_json(), tmp_path)
    assert shown is not None
    assert said == "mine.py has changed since this was recorded: the steps are shown at the lines of now."
    page = schedule_page(schedule, str(source), "")
    assert said in page
    assert "\u202e" not in page
    assert "\\\\u202e sdrawkcab" in page, "in JSON: a backslash, then u202e"

