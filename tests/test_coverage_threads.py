"""Interleaving coverage of real threads: a sample, in which every pair is one that the complete search has."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.declare import Scenario
from engine.explore import explore
from engine.explore.load import Machine
from engine.explore.record import Recorder
from engine.follow import Track, following
from engine.language.program import Program, build
from engine.native import session as native
from engine.python import session as python
from engine.schedule import Step
from tests.native_help import driven, until
from tests.protocols import counter, seqlock, ticket_lock, treiber_stack
from tests.protocols import covered as p

READ_WRITE = p.scenario(p.writes_twice, p.reads)
LOCKED = p.scenario(p.write_locked, p.read_locked)
APART = p.scenario(p.writes_twice, p.reads_another)
EXECUTORS = pytest.mark.parametrize("of", [native.Session, python.Session], ids=["native", "python"])


def search(scenario: Scenario) -> set[tuple[str, str]]:
    found = explore(scenario, strategy="dfs", coverage=True).coverage
    assert found is not None
    return set(found)


def threads(of: Any, scenario: Scenario, folder: Path, *, samples: int) -> set[tuple[str, str]]:
    """The pairs of some samples of a session."""
    program = build(scenario, folded=of is python.Session)
    seen: Counter[tuple[int, int]] = Counter()
    taken = 0

    def enough() -> bool:
        nonlocal taken
        counts = session.coverage()
        if counts is not None:
            seen.update(counts)
            taken += 1
        return taken >= samples

    with driven(program, folder, of=of) as session:
        until(enough)
    sites = program.sites
    return {(sites[a].where, sites[b].where) for a, b in seen}


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize("scenario", [READ_WRITE, LOCKED], ids=["values", "locks"])
@EXECUTORS
def test_threads_see_some_of_what_the_search_sees(of: Any, scenario: Scenario, tmp_path: Path) -> None:
    every, some = search(scenario), threads(of, scenario, tmp_path, samples=200)
    assert some <= every
    assert some


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@EXECUTORS
def test_threads_that_do_not_conflict_follow_nobody(of: Any, tmp_path: Path) -> None:
    assert threads(of, APART, tmp_path, samples=20) == set()


PROGRAM = build(p.scenario(p.writes_twice, p.reads_twice, p.compares))
SITES = {text: [s.index for s in PROGRAM.sites if s.primitive == text] for text in ("write_once", "read_once")}
X = PROGRAM.layout.words["x"]
W1, W2, R1, R2, CAS = (*SITES["write_once"][:2], *SITES["read_once"][:2],
                       next(s.index for s in PROGRAM.sites if s.primitive == "cmpxchg"))


def track(thread: int, *rows: tuple[int, float, float], **options: Any) -> Track:
    """Steps (site, earliest, latest) at X; a load sees 0, the first store stores 1, the second 2."""
    value = {W1: 1, W2: 2}
    return Track([(lo, hi, Step(thread, site, X, value.get(site, 0))) for site, lo, hi in rows], **options)


def follow(*tracks: Track, initial: int | None = None) -> Counter[tuple[int, int]]:
    return following(PROGRAM, tracks, None if initial is None else lambda _at, _width: initial)


def test_it_follows_where_time_leaves_no_doubt() -> None:
    assert follow(track(0, (W1, 1, 2)), track(1, (R1, 3, 4))) == {(W1, R1): 1}
    assert follow(track(0, (W1, 3, 4)), track(1, (R1, 1, 2))) == {(R1, W1): 1}
    assert follow(track(0, (W1, 1, 3)), track(1, (R1, 3, 4))) == {}  # may have been the other way round
    assert follow(track(0, (W1, 1, 2), begin=1, end=5), track(1, (R1, 0, 9), begin=6, end=8)) == {(W1, R1): 1}


def test_what_comes_or_may_come_between_takes_the_pair_away() -> None:
    assert follow(track(0, (W1, 1, 2), (W2, 1, 2)), track(1, (R1, 3, 4))) == {(W2, R1): 1}
    assert follow(track(0, (W1, 1, 2), (W2, 1, 3)), track(1, (R1, 3, 4))) == {}
    assert follow(track(0, (W1, 1, 2)), track(1, (CAS, 1, 9)), track(2, (R1, 3, 4))) == {}
    assert follow(track(0, (W1, 5, 6)), track(1, (R1, 1, 2), (R2, 3, 4))) == {(R2, W1): 1}
    assert follow(track(0, (W1, 5, 6)), track(1, (R1, 1, 2), (R2, 3, 5))) == {}
    assert follow(track(0, (W1, 1, 2)), track(1, (R1, 3, 4), whole=False)) == {}  # an older store of its own


def test_values_say_what_was_read_where_times_do_not() -> None:
    one = Track([(0, 9, Step(1, R1, X, 1))])
    assert follow(track(0, (W1, 0, 9), (W2, 0, 9)), one, initial=0) == {(W1, R1): 1}
    assert follow(track(0, (W1, 0, 9), (W2, 0, 9)), one) == {}
    assert follow(track(0, (W1, 0, 9)), one, initial=1) == {}  # it may have been there before
    assert follow(track(0, (W1, 0, 9), (W1, 0, 9)), one, initial=0) == {}  # by which of them?
    assert follow(track(0, (W1, 0, 9)), one, track(2, (CAS, 0, 9)), initial=0) == {}  # nobody knows what it stored
    assert follow(track(0, (W1, 0, 9), whole=False), one, initial=0) == {}


def test_a_write_follows_those_that_read_what_it_replaced() -> None:
    old, new = Track([(0, 9, Step(1, R1, X, 0)), (0, 9, Step(1, R2, X, 1))]), track(0, (W1, 0, 9))
    assert follow(new, old, initial=0) == {(R1, W1): 1, (W1, R2): 1}
    assert follow(new, Track([*old.steps[:1], (0, 9, Step(1, R2, X, 7))]), initial=0) == {}  # a value from nowhere
    assert follow(track(0, (W1, 0, 9), (W2, 0, 9)), Track(old.steps[:1]), initial=0) == {}  # which came first?


def test_a_step_of_one_says_what_it_saw() -> None:
    """Two that count down: who came to 0 has seen what the other one left."""
    program = build(p.scenario(p.counts_down, p.counts_down))
    site, = (s.index for s in program.sites if s.primitive == "atomic_dec_and_test")
    tracks = [Track([(0, 9, Step(t, site, X, value))]) for t, value in enumerate((0, 1))]
    assert following(program, tracks, lambda _at, _width: 2) == {}  # nobody knows what the first one left
    returned = build(p.scenario(p.returns_less, p.returns_less))
    site, = (s.index for s in returned.sites if s.primitive == "atomic_dec_return")
    tracks = [Track([(0, 9, Step(t, site, X, value))]) for t, value in enumerate((1, 0))]
    assert following(returned, tracks, lambda _at, _width: 2) == {(site, site): 1}


@pytest.mark.parametrize("times", [False, True], ids=["values", "times"])
@pytest.mark.parametrize("program", [
    build(p.scenario(p.writes_twice, p.reads_twice, p.returns_less)), build(p.scenario(p.returns_less, p.counts_down)),
    build(p.scenario(p.writes_twice, p.compares, p.reads_twice)), build(counter.SCENARIO, "plain"),
    build(p.scenario(p.low_half, p.reads_twice, p.adds)), build(p.scenario(p.write_locked, p.read_locked, p.reads)),
    build(seqlock.SCENARIO, "seqlock"), build(ticket_lock.SCENARIO, "fetch-add"),
    build(treiber_stack.SCENARIO, "aba"), build(p.scenario(p.uses_page, p.uses_page)),
], ids=lambda program: program.name)
def test_what_it_says_is_what_happened(program: Program, times: bool) -> None:
    """Executions of the machine, whose times are blurred or taken away: never more than the machine has counted."""
    said = 0
    for seed in range(40):
        machine = Machine(program, coverage=True)
        memory, draw, recorder = machine.memory(), random.Random(seed), Recorder(machine)
        while not machine.failed and (machine.enabled() or machine.chooser() >= 0):
            if (t := machine.chooser()) >= 0:
                recorder.choose(t, draw.randrange(machine.choices(t)))
            else:
                recorder.step(draw.choice(machine.enabled()))
        steps = recorder.recording.execution(program, machine).steps
        tracks = [Track([(n - draw.random() * 3, n + draw.random() * 3, step) if times else (-math.inf, math.inf, step)
                         for n, step in enumerate(steps) if step.thread == t]) for t in range(len(program.threads))]
        found = following(program, tracks, lambda at, width, memory=memory: _part(memory, at, width))  # type: ignore[misc]
        assert found.keys() <= machine.covered().keys()
        said += len(found)
    assert said or program.name == "covered:v"


def _part(memory: dict[int, int], at: int, width: int) -> int:
    return memory.get(at & ~7, 0) >> 8 * (at & 7) & (1 << 8 * width) - 1
