"""The search from Python: on a scenario or a person's file, within a bound, with its final states, and honest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine import Geometry, load_file
from engine.errors import NotDeterministicError, UsageError
from engine.explore import STRATEGIES, Bound, Look, explore
from engine.explore.machine import cells as c
from engine.explore.strategies import TABLE
from engine.explore.strategies.base import Strategy
from engine.explore.strategies.random_walk import RandomWalk
from engine.language.program import build
from tests.protocols import words as w
from tests.protocols.counter import SCENARIO
from tests.protocols.draws import STORE_BUFFERING

TWO = w.scenario(w.increment, w.increment)

FILE = Path(__file__).parent / "protocols" / "counter.py"



def test_a_scenario_and_its_variant() -> None:
    broken = explore(SCENARIO)
    assert broken.violation is not None
    assert broken.program is not None
    assert broken.program.name == "counter:plain"
    assert explore(SCENARIO, "locked").complete
    with pytest.raises(UsageError, match="has no variant 'loked'"):
        explore(SCENARIO, "loked")


def test_a_persons_file() -> None:
    (scenario,) = load_file(FILE)
    assert explore(scenario, "atomic", strategy="dfs").complete
    with pytest.raises(UsageError, match=r"engine\.load_file"):
        explore(str(FILE))  # type: ignore[arg-type]


def test_a_bound_says_it_all() -> None:
    bound = Bound(preemptions=1, rounds=2, steps=500, geometry=Geometry(2, 2, 8))
    result = explore(TWO, bound=bound)
    assert result.complete
    assert result.program is not None
    assert (result.program.rounds, result.program.geometry) == (2, bound.geometry)
    assert (result.bound["preemptions"], result.bound["steps"]) == (1, 500)
    assert result.executions == 2 + 2 * 3  # one after the other, or the first one's four steps cut in one place
    assert explore(TWO, bound=Bound(rounds=3, executions=2)).executions == 2


def test_bound_and_keywords_do_not_contradict_each_other() -> None:
    assert explore(TWO, bound=Bound(rounds=2), preemptions=1).executions == 8
    with pytest.raises(UsageError, match="preemptions is given twice: 1, and 2 in the bound"):
        explore(TWO, bound=Bound(preemptions=2), preemptions=1)


@pytest.mark.parametrize("bound", [Bound(rounds=2), Bound(threads=3), Bound(geometry=Geometry())])
def test_a_program_is_built_already(bound: Bound) -> None:
    with pytest.raises(UsageError, match="has no effect on a program that is built"):
        explore(build(SCENARIO), bound=bound)
    with pytest.raises(UsageError, match="variant='plain' has no effect"):
        explore(build(SCENARIO), "plain")


# --- final states ---


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_final_states_of_two_increments_are_two(strategy: str) -> None:
    result = explore(build(TWO), strategy=strategy, finals=True, executions=50)
    assert result.finals is not None
    assert len(result.finals) == 2
    assert result.outcomes("count") == {(1,), (2,)}


def test_a_violation_at_rest_has_a_final_state_and_does_not_end_the_search() -> None:
    result = explore(SCENARIO, finals=True)
    assert result.outcomes("count") == {(1,), (2,)}
    assert (result.executions, result.found, result.complete) == (6, 4, True)


def test_nobody_pays_for_final_states_who_does_not_want_them() -> None:
    assert explore(SCENARIO, "atomic").finals is None


@pytest.mark.parametrize("model", ["sc", "tso", "pso"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_knows_a_model_or_refuses_it(strategy: str, model: str) -> None:
    """A verdict under a model that a strategy does not know would be a lie."""
    if model not in TABLE[strategy].models:
        with pytest.raises(UsageError, match=f"strategy {strategy} does not know model {model}"):
            explore(STORE_BUFFERING, strategy=strategy, model=model)
        return
    limit = None if TABLE[strategy].ends else 5000
    result = explore(STORE_BUFFERING, strategy=strategy, model=model, finals=True, executions=limit)
    outcomes = {(1, 2), (2, 1), (2, 2)} | ({(1, 1)} if model != "sc" else set())
    assert result.outcomes("seen[0]", "seen[1]") == outcomes


# --- progress ---


def test_progress_is_told_between_slices() -> None:
    looks: list[Look] = []
    result = explore(build(TWO, params={"increments": 3}), progress=looks.append)
    assert looks
    assert looks[-1].executions <= result.executions
    assert looks[-1].strategy == "dfs"
    count = len(looks)
    explore(SCENARIO, "atomic")
    assert len(looks) == count


# --- a program that is not deterministic under its schedule ---


def drifting(monkeypatch: pytest.MonkeyPatch, run_number: int) -> None:
    """At the end of the `run_number`-th slice a word is not what the steps have made of it."""
    real, calls = Strategy.run, 0

    def run(self: Strategy, budget: int) -> int:
        nonlocal calls
        end = real(self, budget)
        calls += budget > 0
        if calls == run_number:
            m = self.machine
            m.S[m.C[c.C_MEMORY] + (m.program.layout.words["count"] - m.program.layout.GLOBALS) // 8] += 1
        return end

    monkeypatch.setattr(Strategy, "run", run)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_execution_that_goes_another_way_when_run_again_is_an_error(
        strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drifting(monkeypatch, 1)
    program = build(TWO)
    with pytest.raises(NotDeterministicError, match=r"words:v is not deterministic .* at step 3, CPU\d r"):
        explore(program, strategy=strategy, executions=20)


def test_a_choice_that_is_not_there_any_more_names_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RandomWalk, "picks", lambda _: [0, 0, 0, 1])
    with pytest.raises(NotDeterministicError, match="at step 2 CPU0 A has finished or waits"):
        explore(SCENARIO, "plain", strategy="random", executions=5)


def test_a_right_machine_is_no_error() -> None:
    for strategy in STRATEGIES:
        assert explore(replace(SCENARIO, name="again"), "locked", strategy=strategy, executions=50).violation is None


@pytest.mark.parametrize(("word", "said"), [
    ("user", "uses no word 'user'; it uses: "), ("count[1]", r"none of the words count\[0..0\]"),
    ("count[x]", r"'count\[x\]' is none of"), ("count[", r"'count\[' is none of"),
])
def test_an_outcome_of_what_is_no_word_is_an_error(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        explore(SCENARIO, finals=True).outcomes(word)


def test_outcomes_that_were_not_kept_are_an_error() -> None:
    with pytest.raises(UsageError, match="kept no final states"):
        explore(SCENARIO).outcomes("count")
