"""A sampler's distribution is its meaning: it finds a bug as often as the papers' algorithms say, to the fraction."""

from __future__ import annotations

from fractions import Fraction
from math import comb, sqrt

import pytest

from engine.errors import UsageError
from engine.explore import explore, replay
from engine.language.program import build
from scenarios import find
from tests import sampler_trees as trees
from tests.protocols import faults as f
from tests.protocols.counter import SCENARIO
from tests.protocols.draws import STORE_BUFFERING, TURNS, adding

N = 40_000
SAMPLERS = ("random", "pct", "pos", "surw")
#: Two threads that add once or twice to one word; with another word; with one that only one thread touches; three.
PROGRAMS = [("x", "x"), ("xx", "xx"), ("xx", "x"), ("xy", "yx"), ("xy", "x"), ("x", "x", "x")]


def chance(strategy: str, system: trees.System, depth: int) -> Fraction:
    """The exact probability that one execution is broken."""
    chances = {"random": trees.uniform, "pos": trees.pos, "surw": trees.surw,
               "pct": lambda system: trees.pct(system, depth)}[strategy](system)
    assert sum(chances.values()) == 1
    return sum((p for order, p in chances.items() if system.broken(order)), Fraction(0))


def agrees(found: int, n: int, p: Fraction) -> bool:
    """Whether a frequency lies in the 99 % interval of a probability."""
    return abs(found / n - p) <= 2.576 * sqrt(p * (1 - p) / n) + 1 / n


@pytest.mark.parametrize("texts", PROGRAMS, ids="-".join)
@pytest.mark.parametrize(("strategy", "depth"), [
    ("random", 3), ("pos", 3), ("surw", 3), ("pct", 1), ("pct", 2), ("pct", 3), ("pct", 4)])
def test_a_bug_is_found_as_often_as_the_algorithm_says(strategy: str, depth: int, texts: tuple[str, ...]) -> None:
    """The first execution measures: it is not of the distribution."""
    result = explore(adding(*texts), strategy=strategy, depth=depth, executions=N + 1, seed=1, stop_at_first=False)
    assert result.executions == N + 1
    p = chance(strategy, trees.Additions(texts), depth)
    assert agrees(result.found, N, p), (result.found / N, p)


@pytest.mark.parametrize(("strategy", "depth"), [("random", 3), ("pos", 3), ("surw", 3), ("pct", 1), ("pct", 2)])
def test_the_flushers_of_store_buffers_are_processes_like_the_threads(strategy: str, depth: int) -> None:
    """Store buffering under tso: flushers are drawn, have priorities and events, and race with loads."""
    result = explore(STORE_BUFFERING, strategy=strategy, depth=depth, executions=N + 1, seed=1, stop_at_first=False,
                     model="tso")
    p = chance(strategy, trees.StoreBuffering(), depth)
    assert agrees(result.found, N, p), (result.found / N, p)
    assert explore(STORE_BUFFERING, strategy=strategy, depth=depth, executions=200).violation is None


def test_the_chances_that_are_known() -> None:
    """Of the enumeration itself: some can be found by hand."""
    assert chance("random", trees.Additions(("x", "x")), 0) == Fraction(1, 2)
    assert chance("random", trees.Additions(("xx", "xx")), 0) == Fraction(13, 16)
    assert chance("surw", trees.Additions(("x", "x")), 0) == Fraction(4, 6)  # 2 of 6 one after the other
    assert chance("surw", trees.Additions(("xx", "xx")), 0) == 1 - Fraction(6, comb(8, 4))
    assert chance("pos", trees.Additions(("x", "x")), 0) == Fraction(1, 3)  # not above the lower of two
    assert chance("pct", trees.Additions(("x", "x")), 1) == 0
    assert chance("pct", trees.Additions(("x", "x")), 2) == Fraction(1, 4)  # one place of four: between load and store


@pytest.mark.parametrize(("depth", "p"), [(2, Fraction(0)), (3, Fraction(0)), (4, Fraction(1, 2 * 5**3))])
def test_pct_keeps_its_guarantee(depth: int, p: Fraction) -> None:
    """A bug of depth 4 in 2 threads and 5 steps: 1 / (n * k**(d - 1)) exactly, and never with a smaller depth."""
    result = explore(TURNS, strategy="pct", depth=depth, executions=100_001, seed=5, stop_at_first=False)
    assert agrees(result.found, 100_000, p) if p else result.found == 0


@pytest.mark.parametrize("strategy", SAMPLERS)
def test_a_sampler_is_a_function_of_its_seed(strategy: str) -> None:
    def turns(seed: int) -> object:
        schedule = explore(SCENARIO, strategy=strategy, executions=400, seed=seed).schedule
        return schedule and schedule.turns

    assert turns(1) == turns(1)
    counts = {explore(SCENARIO, strategy=strategy, executions=400, seed=seed, stop_at_first=False).found
              for seed in range(5)}
    assert len(counts) > 1


@pytest.mark.parametrize("strategy", SAMPLERS)
def test_a_sampler_draws_every_order_and_every_value(strategy: str) -> None:
    scenario = adding("xy", "yx", "x")
    drawn = explore(scenario, strategy=strategy, executions=20_000, finals=True)
    assert drawn.outcomes("x[0]", "x[1]") == explore(scenario, finals=True).outcomes("x[0]", "x[1]")
    program = build(f.scenario(f.chooser), params={"fault": 12})
    assert explore(program, strategy=strategy, executions=200).violation is not None


@pytest.mark.parametrize("strategy", SAMPLERS)
@pytest.mark.parametrize("name", ["S1-a", "S4-a", "S4-c", "S4-j"])
def test_samplers_find_races_of_page_tables_and_replay_them(name: str, strategy: str) -> None:
    """Locks that block, pages freed, threads that wait: all samplers take them; their fixes hold under all."""
    scenario, variant = find(name)
    program = build(scenario, variant.name)
    result = explore(program, strategy=strategy, executions=20_000)
    assert result.violation is not None
    assert result.schedule is not None
    assert replay(program, result.schedule).violation == result.violation


@pytest.mark.parametrize("strategy", SAMPLERS)
def test_samplers_report_nothing_on_a_right_program(strategy: str) -> None:
    for fix in ("locked", "atomic"):
        result = explore(SCENARIO, fix, strategy=strategy, executions=2000)
        assert (result.violation, result.complete, result.executions) == (None, False, 2000)


def test_the_depth_of_pct_has_limits() -> None:
    assert explore(SCENARIO, strategy="pct", depth=1, executions=3).bound["depth"] == 1
    assert "depth" not in explore(SCENARIO, strategy="pos", executions=3).bound
    for depth in (0, 65):
        with pytest.raises(UsageError, match=r"not in 1\.\.64"):
            explore(SCENARIO, strategy="pct", depth=depth, executions=3)
