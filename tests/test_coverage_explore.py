"""Interleaving coverage of a search: exact, told apart from what does not conflict, and the same by another way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.declare import Scenario
from engine.explore import explore
from engine.explore.load import Machine
from engine.explore.record import Event, Recorder
from engine.language.program import Program, build
from engine.vocabulary import PRIMITIVES
from tests.protocols import covered as p
from tests.protocols import seqlock, treiber_stack

TEXT = Path(p.__file__).read_text().splitlines()


def line(text: str, number: int = 0) -> str:
    """file:line of a line of the protocols' file."""
    return f"{p.__file__}:{[i for i, each in enumerate(TEXT, 1) if text in each][number]}"


FIRST, SECOND, READ = line("write_once(X, 1)"), line("write_once(X, 2)"), line("read_once(X)")


def covered(scenario: Scenario, strategy: str = "dfs", **options: object) -> dict[tuple[str, str], int]:
    found = explore(scenario, strategy=strategy, coverage=True, stop_at_first=False, **options)  # type: ignore[arg-type]
    assert found.coverage is not None
    return found.coverage


def test_every_pair_in_each_order_and_how_often() -> None:
    once = {(READ, FIRST): 1, (FIRST, READ): 1, (READ, SECOND): 1, (SECOND, READ): 1}
    assert covered(p.scenario(p.writes_twice, p.reads)) == once
    assert covered(p.scenario(p.writes_twice, p.reads), "dpor") == once


def test_only_the_last_read_of_a_thread_comes_before_a_write() -> None:
    a, b = line("read_once(X)", 1), line("read_once(X)", 2)
    found = covered(p.scenario(p.writes_twice, p.reads_twice), "dpor")
    assert found[a, FIRST] == 2  # of six executions: those in which the write comes between the two reads
    assert found[b, FIRST] == 1


@pytest.mark.parametrize("roles", [
    (p.writes_twice, p.reads_another), (p.reads, p.reads_twice), (p.low_half, p.high_half), (p.adds, p.takes_back),
    (p.compares, p.reads), (p.uses_page, p.uses_page),
])
def test_nothing_follows_where_nothing_conflicts(roles: tuple[object, ...]) -> None:
    assert covered(p.scenario(*roles)) == {}


def test_a_lock_takes_orders_away() -> None:
    locked = (p.write_locked, p.read_locked)
    first, second, read = line("write_once(X, 1)", 1), line("write_once(X, 2)", 1), line("read_once(X)", 3)
    assert set(covered(p.scenario(*locked))) == {(read, first), (second, read)}


def test_a_store_follows_when_it_is_visible() -> None:
    """Under tso both reads of a store buffering test may come before both writes, and then nothing follows a write."""
    assert covered(p.scenario(p.writes_twice, p.reads), model="tso").keys() == {
        (READ, FIRST), (FIRST, READ), (READ, SECOND), (SECOND, READ)}


def test_off_there_is_none() -> None:
    assert explore(p.scenario(p.writes_twice, p.reads)).coverage is None


@pytest.mark.parametrize("strategy", ["random", "pct", "pos", "surw"])
def test_samplers_see_no_more_than_the_complete_search(strategy: str) -> None:
    scenario = p.scenario(p.writes_twice, p.reads_twice, p.adds)
    every = covered(scenario)
    assert covered(scenario, "dpor").keys() == every.keys()
    assert covered(scenario, "states").keys() <= every.keys()
    some = covered(scenario, strategy, executions=300)
    assert some.keys() <= every.keys()
    assert len(some) > len(every) // 2


@pytest.mark.parametrize("program", [
    build(seqlock.SCENARIO, "seqlock"), build(treiber_stack.SCENARIO, "aba"),
    build(p.scenario(p.writes_twice, p.reads_twice, p.adds, p.low_half)),
], ids=lambda program: program.name)
def test_it_is_what_the_recorded_executions_say(program: Program) -> None:
    """Against a count from the events alone, after going back and forth as a search does."""
    machine = Machine(program, coverage=True)
    expected: dict[tuple[int, int], int] = {}
    for seed in range(30):
        for pair in _pairs(program, _execution(machine, seed)):
            expected[pair] = expected.get(pair, 0) + 1
    assert machine.covered() == expected


def _execution(machine: Machine, seed: int) -> list[Event]:
    draw, recorder = random.Random(seed), Recorder(machine)
    while not machine.failed and (machine.enabled() or machine.chooser() >= 0):
        if (t := machine.chooser()) >= 0:
            recorder.choose(t, draw.randrange(machine.choices(t)))
        else:
            recorder.step(draw.choice(machine.enabled()))
    return [event for event in recorder.recording.events if event.thread >= 0]


def _pairs(program: Program, events: list[Event]) -> list[tuple[int, int]]:
    pairs = []
    for j, second in enumerate(events):
        found = set()
        for half in _halves(program, second):
            earlier = [e for e in events[:j] if half in _halves(program, e)]
            written = max((k for k, e in enumerate(earlier) if _writes(program, e)), default=-1)
            last = earlier[written:written + 1] if written >= 0 else []
            if _writes(program, second):
                readers = {e.thread: e for e in earlier[written + 1:]}
                last = [*last, *readers.values()]
            found |= {(e.thread, e.site) for e in last if e.thread != second.thread
                      and not _commute(program, e, second)}
        pairs += [(site, second.site) for _, site in found]
    return pairs


def _row(program: Program, event: Event):  # type: ignore[no-untyped-def]
    return PRIMITIVES[program.sites[event.site].primitive]


def _halves(program: Program, event: Event) -> range:
    first, width = event.address // 4, _row(program, event).width
    return range(first, first + width // 4) if _row(program, event).access in ("load", "store", "rmw") else range(0)


def _writes(program: Program, event: Event) -> bool:
    row = _row(program, event)
    return row.writes and (row.op not in ("cmpxchg", "add_unless") or event.old != event.new)


def _commute(program: Program, a: Event, b: Event) -> bool:
    return bool(_row(program, a).commutes) and _row(program, a).commutes == _row(program, b).commutes
