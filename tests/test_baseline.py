"""Known findings: the second night reports only news."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import UsageError
from stress.findings.baseline import Baseline, Known, read
from stress.store.view import look
from tests.store_rig import PLAIN, SEARCH, made, ran, result, round_of, violation


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Two findings that nobody expects, one that is expected."""
    with made(tmp_path / "c") as store:
        ran(store, round_of(SEARCH, 0), {**result(violation(21), violation(25)), "expected": "clean"})
        ran(store, round_of(PLAIN, 0), result(violation()))
    return tmp_path / "c"


def settled(campaign: Path, file: Path, *, update: bool = False, prune: bool = False, whole: bool = True) -> list[str]:
    known = Known.of(str(file), update=update, prune=prune)
    with look(campaign) as view:
        return known.settled(view, whole=whole)


def test_what_nobody_expects_becomes_known(campaign: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    assert settled(campaign, file, update=True) == [f"baseline {file}: 2 added, 0 dropped, 2 in all"]
    known = read(file)
    with look(campaign) as view:
        assert {row.signature for row in view.findings() if row.signature in known} == {
            row.signature for row in view.findings() if not row.expected}
        first = view.findings()[0]
    entry = json.loads(file.read_text())["findings"][first.signature]
    assert (entry["title"], entry["kind"], entry["variant"]) == (first.title, "check", "counter:plain")
    assert settled(campaign, file) == []


def test_notes_stay(campaign: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    settled(campaign, file, update=True)
    signature = min(read(file).known)
    data = json.loads(file.read_text())
    data["findings"][signature]["note"] = "reported on the list"
    file.write_text(json.dumps(data))
    assert settled(campaign, file, update=True)[-1].endswith("0 added, 0 dropped, 2 in all")
    assert read(file).known[signature]["note"] == "reported on the list"


def test_what_is_not_seen_any_more_is_said_and_goes_if_asked(campaign: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    settled(campaign, file, update=True)
    with made(tmp_path / "later") as store:
        ran(store, round_of(SEARCH, 0), {**result(violation(25)), "expected": "clean"})
    gone = [f"known, not seen: {entry['title']} [{signature}]" for signature, entry in read(file).known.items()
            if entry["title"].endswith(":21")]
    before = file.read_bytes()
    assert settled(tmp_path / "later", file) == gone
    assert file.read_bytes() == before
    assert settled(tmp_path / "later", file, prune=True, whole=False)[-1].endswith("0 dropped, 2 in all")
    assert settled(tmp_path / "later", file, prune=True)[-1].endswith("1 dropped, 1 in all")
    assert [entry["title"] for entry in read(file).known.values()] == ["counter:plain: check at counter.py:25"]


def test_what_did_not_run_is_not_missed(campaign: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    settled(campaign, file, update=True)
    with made(tmp_path / "later") as store:
        store.begin(round_of(PLAIN, 0))
    assert settled(tmp_path / "later", file) == []


def test_the_folder_of_a_campaign_is_a_baseline(campaign: Path, tmp_path: Path) -> None:
    known = Known.of(str(campaign), update=False, prune=False)
    with look(campaign) as view:
        assert [row.signature in known for row in view.findings()] == [not row.expected for row in view.findings()]
    assert "0" * 12 not in known
    with pytest.raises(UsageError, match="is a folder"):
        Known.of(str(campaign), update=True, prune=False)
    with pytest.raises(UsageError, match="no campaign there"):
        read(tmp_path)


@pytest.mark.parametrize("expected", ["check", "clean"])
def test_what_was_expected_under_one_lock_is_news_under_another(tmp_path: Path, expected: str) -> None:
    """A signature leaves the lock out."""
    with made(tmp_path / "before") as store:
        before, = ran(store, round_of(replace(PLAIN, lock="a"), 0), {**result(violation()), "expected": expected})
    known = Known.of(str(tmp_path / "before"), update=False, prune=False)
    with made(tmp_path / "now") as store:
        now, = ran(store, round_of(replace(PLAIN, lock="b"), 0), {**result(violation()), "expected": "clean"})
    assert now.signature == before.signature
    assert (now.signature in known) == (expected == "clean")


def test_without_one_nothing_is_known(campaign: Path) -> None:
    known = Known.of(None, update=False, prune=False)
    assert "0" * 12 not in known
    with look(campaign) as view:
        assert known.settled(view, whole=True) == []


@pytest.mark.parametrize(("text", "said"), [
    (None, "no such baseline; --baseline-update makes it"), ("{", "no baseline of pttorture"),
    ("[]", 'it has no "pttorture": "baseline"'), ('{"pttorture": "baseline", "schema": 9}', "by a newer pttorture"),
    ('{"pttorture": "baseline", "schema": 1, "findings": [1]}', '"findings" is not a table of tables')])
def test_files_that_are_none_are_left_as_they_are(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "known.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=said) as error:
        Known.of(str(file), update=False, prune=False)
    assert "\n" not in str(error.value)
    if text is not None:
        with pytest.raises(UsageError, match=said):
            Known.of(str(file), update=True, prune=True)
        assert file.read_text() == text


def test_equal_baselines_are_equal_files() -> None:
    one, two = ({"title": name, "kind": "leak"} for name in "ab")
    assert Baseline({"1": one, "2": two}).to_json() == Baseline({"2": two, "1": one}).to_json()
