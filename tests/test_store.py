"""What a campaign did is in its store: each round once, each finding once, whoever looks and whenever."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InternalError, UsageError
from stress.findings.signature import findings_of
from stress.store.store import Store
from stress.store.view import look
from tests.store_rig import PLAIN, SEARCH, SEED, made, ran, result, round_of, violation


def test_a_round_is_there_before_it_runs_and_has_its_result_after(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store, look(tmp_path / "c") as before:
        row = store.begin(round_of(PLAIN, 0))
        with look(tmp_path / "c") as during:
            running, = during.rounds()
            assert (running.state, running.worker, running.attempt) == ("started", "", 1)
            assert (running.round, running.result) == (round_of(PLAIN, 0), None)
        given = result(pairs=[("a.py:1", "a.py:2", 5)])
        assert store.end(row, given, [], "member-3") == []
        with look(tmp_path / "c") as after:
            done, = after.rounds()
            assert (done.state, done.outcome, done.operations, done.seconds) == ("done", "missed", 200, 2.0)
            assert done.worker == "member-3"
            assert done.result == given
            assert done.ended is not None
            assert done.ended >= done.began
        assert list(before.rounds()) == [], "what a view shows is one moment"


def test_a_finding_is_new_once_and_counts(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        first = ran(store, round_of(PLAIN, 0), result(violation()))
        assert [f.kind for f in first] == ["check"]
        assert ran(store, round_of(PLAIN, 1), result(violation())) == []
        assert ran(store, round_of(SEARCH, 0), result(violation(count=1))) == []
        assert len(ran(store, round_of(PLAIN, 2), result(violation(line=21)))) == 1
    with look(tmp_path / "c") as view:
        known, other = view.findings()
        assert (known.signature, known.count, known.rounds) == (first[0].signature, 7, 3)
        assert known.first <= known.last <= other.first
        assert known.round == round_of(PLAIN, 0)
        assert known.violation["message"] == "an increment is lost"
        assert view.finding(known.signature[:8]) == known
        assert [r.round.number for r in view.rounds(finding=known.signature)] == [0, 1, 0]
        assert {row.cell.key: row.findings for row in view.cells()} == {
            PLAIN.key: (known.signature, other.signature), SEARCH.key: (known.signature,)}


def expected(folder: Path) -> dict[str, bool]:
    with look(folder) as view:
        return {f.kind: f.expected for f in view.findings()}


def test_what_is_expected_in_one_mode_is_news_in_another(tmp_path: Path) -> None:
    with made(tmp_path) as store:
        assert len(ran(store, round_of(PLAIN, 0), result(violation()))) == 1
        assert expected(tmp_path) == {"check": True}
        assert len(ran(store, round_of(SEARCH, 0), {**result(violation()), "expected": "clean"})) == 1
        assert ran(store, round_of(SEARCH, 1), {**result(violation()), "expected": "clean"}) == []
        assert ran(store, round_of(PLAIN, 1), result(violation())) == []
    assert expected(tmp_path) == {"check": False}


def test_a_second_symptom_is_expected_once_the_first_was_seen(tmp_path: Path) -> None:
    with made(tmp_path) as store:
        ran(store, round_of(PLAIN, 0), result(violation(kind="leak")))
        assert expected(tmp_path) == {"leak": False}
        ran(store, round_of(PLAIN, 1), result(violation()))
    assert expected(tmp_path) == {"leak": True, "check": True}


def test_coverage_is_summed_per_variant(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        ran(store, round_of(PLAIN, 0), result(pairs=[("a.py:1", "a.py:2", 5), ("a.py:2", "a.py:1", 1)]))
        ran(store, round_of(SEARCH, 0), result(pairs=[("a.py:1", "a.py:2", 2)]))
        tallies = store.tallies()
        assert [(tallies[cell.key].pairs, tallies[cell.key].last_new) for cell in (PLAIN, SEARCH)] == [(2, 1), (0, 0)]
    with look(tmp_path / "c") as view:
        assert [(c.first, c.second, c.count) for c in view.coverage("counter:plain")] == [
            ("a.py:1", "a.py:2", 7), ("a.py:2", "a.py:1", 1)]
        assert view.coverage("counter:atomic") == ()


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        for number in range(4):
            ran(store, round_of(PLAIN, number), result(*([violation()] if number in (1, 3) else [])))
        store.begin(round_of(PLAIN, 4))
        store.lose(store.begin(round_of(PLAIN, 5)), "killed")
        assert store.resumed() == {PLAIN.key: (6, {5: 1})}
        store.begin(round_of(PLAIN, 5))
    with Store.open(tmp_path / "c") as again:
        assert again.campaign["seed"] == SEED
        assert again.resumed() == {PLAIN.key: (6, {4: 1, 5: 2})}
        tally = again.tallies()[PLAIN.key]
        assert (tally.rounds, tally.last_new, tally.lost, tally.seconds) == (4, 2, 2, 8.0)
        assert len(tally.found) == 1
        ran(again, round_of(PLAIN, 4), result())
        with look(tmp_path / "c") as view:
            rounds = [(row.round.number, row.state, row.attempt) for row in view.rounds()]
            assert rounds[-2:] == [(4, "done", 2), (5, "lost", 2)]
            cell = "counter:plain (native qrwlock yield:0.05)"
            assert [event.text for event in view.events("lost")] == [
                f"round 5 of {cell}, attempt 1: killed",
                f"round 4 of {cell}, attempt 1: the campaign ended while it ran",
                f"round 5 of {cell}, attempt 2: the campaign ended while it ran"]


def test_a_cell_that_was_searched_completely(tmp_path: Path) -> None:
    with made(tmp_path) as store:
        ran(store, round_of(SEARCH, 0), {**result(), "complete": False})
        assert not store.tallies()[SEARCH.key].complete
        ran(store, round_of(SEARCH, 1), {**result(), "complete": True})
        ran(store, round_of(SEARCH, 2), {**result(), "complete": False})
        assert store.tallies()[SEARCH.key].complete
    with look(tmp_path) as view:
        assert [row.complete for row in view.rounds()] == [False, True, False]


def test_no_round_runs_twice(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        row = store.begin(round_of(PLAIN, 0))
        with pytest.raises(InternalError, match="begun twice"):
            store.begin(round_of(PLAIN, 0))
        store.end(row, result(), [])
        with pytest.raises(InternalError, match="begun twice"):
            store.begin(round_of(PLAIN, 0))
        with pytest.raises(InternalError, match="was not running"):
            store.lose(row, "why")
        assert not store.waiting, "a mistake is not tried again"


def test_an_end_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    with made(tmp_path) as store:
        row = store.begin(round_of(PLAIN, 0))
        store._base.execute("UPDATE rounds SET state = 'lost'")
        for _ in range(2):
            with pytest.raises(InternalError, match="was not running"):
                store.end(row, result(pairs=[("a", "b", 1)]), findings_of(PLAIN, result(violation())))
    with look(tmp_path) as view:
        assert (view.coverage(), view.findings()) == ((), ())


def test_a_write_that_can_never_succeed_does_not_wait(tmp_path: Path) -> None:
    with made(tmp_path) as store:
        row = store.begin(round_of(PLAIN, 0))
        with pytest.raises(InternalError, match="NOT NULL"):
            store.event("kind", None)  # type: ignore[arg-type]
        found = findings_of(PLAIN, result(violation()))
        assert store.end(row, result(violation()), [*found, *found]) == found
    with look(tmp_path) as view:
        assert [f.count for f in view.findings()] == [6]


def test_samples_events_and_explanations(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        found, = ran(store, round_of(PLAIN, 0), result(violation()))
        store.sample("memory", 5.0)
        store.event("stalled", "worker 2")
        store.explained(found.signature, {"explained": "breaks with 1 preemption", "minimal": True})
        store.sample("memory", 6.0)
    with look(tmp_path / "c") as view:
        assert [(s.what, s.value) for s in view.samples("memory")] == [("memory", 5.0), ("memory", 6.0)]
        assert [(e.kind, e.text) for e in view.events()] == [("stalled", "worker 2")]
        assert view.findings()[0].explanation == {"explained": "breaks with 1 preemption", "minimal": True}
        assert view.query("SELECT count(*) FROM rounds WHERE state = ?", "done") == [(1,)]


@pytest.mark.parametrize(("asked", "said"), [("", "no such finding"), ("%", "no such"), ("zz", "no such finding"),
                                             ("*", "no such finding")])
def test_a_finding_that_is_not_there(tmp_path: Path, asked: str, said: str) -> None:
    with made(tmp_path / "c") as store:
        ran(store, round_of(PLAIN, 0), result(violation()))
    with look(tmp_path / "c") as view, pytest.raises(UsageError, match=said):
        view.finding(asked)


def test_a_signature_that_is_not_unique(tmp_path: Path) -> None:
    with made(tmp_path / "c") as store:
        ran(store, round_of(PLAIN, 0), result(*(violation(line) for line in range(1, 34))))
    with look(tmp_path / "c") as view:
        twice = next(a.signature[0] for a in view.findings() for b in view.findings()
                     if a is not b and a.signature[0] == b.signature[0])
        with pytest.raises(UsageError, match="several findings begin so"):
            view.finding(twice)


def test_the_python_of_the_campaigns_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parent.parent / "docs" / "campaigns.md").read_text()
    monkeypatch.chdir(tmp_path)
    with made(Path("friday")) as store:
        found, = ran(store, round_of(PLAIN, 0), result(violation()))
    exec(page.split("```python\n")[1].split("```")[0], {})
    assert capsys.readouterr().out == f"{found.signature} {found.title} 3\n"
    with look(Path("friday")) as view:
        tables = {name for name, in view.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert [name for name in tables if f"`{name}`" not in page] == []


def test_a_round_whose_turn_never_came_is_as_before(tmp_path: Path) -> None:
    first, second = round_of(PLAIN, 0), round_of(PLAIN, 1)
    with made(tmp_path / "c") as store:
        store.lose(store.begin(first), "killed", "member-1")
        store.withdraw(store.begin(first))
        store.withdraw(store.begin(second))
        assert store.resumed() == {PLAIN.key: (1, {0: 1})}
        with look(tmp_path / "c") as view:
            row, = view.rounds()
            assert (row.state, row.attempt, row.round) == ("lost", 1, first)
        assert ran(store, second, result()) == []
    with look(tmp_path / "c") as view:
        assert [(row.state, row.attempt) for row in view.rounds()] == [("lost", 1), ("done", 1)]
