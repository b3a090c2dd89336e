"""What a marker or the fixture asks for, without pytest around it."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.errors import UsageError
from stress import pytest_plugin
from stress.testing.check import Check, checks
from stress.testing.cpus import Tokens
from stress.testing.exploring import explore
from stress.testing.hammering import Hammer
from stress.testing.past import Past
from stress.testing.result import Result
from tests.protocols import counter
from tests.pytest_help import EXAMPLE, ROOT


def asked(what: Any, default: str = "native", **options: Any) -> list[Check]:
    return checks((what,), options, [EXAMPLE.parent, ROOT], default)


@pytest.mark.parametrize(("options", "default", "executor", "strategy"), [
    ({}, "native", "native", ""), ({}, "python", "python", ""), ({}, "dpor", "explore", "dpor"),
    ({"seconds": 1}, "native", "native", ""),
    ({"processes": 2}, "dpor", "native", ""),
    ({"strategy": "pct"}, "native", "explore", "pct"), ({"strategy": "pct"}, "dpor", "explore", "pct"),
    ({"model": "tso"}, "native", "explore", "smallest"), ({"model": "tso"}, "dpor", "explore", "dpor"),
    ({"executor": "explore"}, "python", "explore", "smallest"), ({"executor": "python"}, "dpor", "python", ""),
])
def test_how_it_is_checked(options: dict[str, Any], default: str, executor: str, strategy: str) -> None:
    (check,) = asked("parent-freed:restart", default, **options)
    assert (check.executor, check.strategy) == (executor, strategy)


def test_a_file_is_found_beside_the_test_and_below_the_root() -> None:
    beside, below = asked("last_put.py"), asked("examples/last_put.py")
    assert [each.variant.name for each in beside] == ["read-back", "dec-and-test"]
    assert beside == below
    assert {each.source for each in beside} == {str(EXAMPLE)}
    assert asked(str(EXAMPLE) + ":read-back") == asked("last_put.py", variant="read-back")


def test_a_scenario_object_knows_its_file() -> None:
    (check,) = asked(counter.SCENARIO, variant="atomic")
    assert check.source == str(ROOT / "tests" / "protocols" / "counter.py")
    (own,) = asked(asked("parent-freed:restart")[0].scenario, variant="restart")
    assert own.source == ""


@pytest.mark.parametrize(("what", "options", "said"), [
    ("parent-fred", {}, "no scenario or race is called 'parent-fred', did you mean parent-freed?"),
    ("parent-freed:restrt", {}, "'parent-freed' has no variant 'restrt'; it has: "),
    ("last_put.py:restrt", {}, "no variant 'restrt'; there is: read-back, dec-and-test"),
    ("last_put.py", {"variant": "red-back"}, "no variant 'red-back'; did you mean 'read-back'?"),
    ("last_put.py:read-back", {"variant": "dec-and-test"}, "is one variant"),
    ("missing.py", {}, "missing.py: no such file in "),
    (3, {}, "3 is not a NAME, a FILE.py or a Scenario"),
    ("S1-a", {"secnds": 1}, "unknown option 'secnds'; did you mean 'seconds'?"),
    ("S1-a", {"seconds": 0}, "seconds: 0 is not a duration above 0"),
    ("S1-a", {"seed": -1}, "seed: -1 is not in 0.."),
    ("S1-a", {"seed": True}, "seed: 'True' is not a whole number"),
    ("S1-a", {"strategy": "dpro"}, "unknown strategy 'dpro'; did you mean 'dpor'?"),
    ("S1-a", {"executor": "nativ"}, "did you mean 'native'?"),
    ("S1-a", {"expect": "use-after-fre"}, "did you mean 'use-after-free'?"),
    ("S1-a", {"strategy": "dpor", "processes": 2}, "strategy is of a search, processes of threads"),
    ("S1-a", {"model": "tso", "executor": "native"}, "model is of a search, executor of threads"),
])
def test_mistakes_are_named(what: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(what, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_plugin_knows_all_strategies() -> None:
    from engine.explore import STRATEGIES

    assert set(pytest_plugin.STRATEGIES) == {"native", "python", "smallest", *STRATEGIES}


def test_loading_the_plugin_imports_nothing_else() -> None:
    code = ("import sys, pytest; before = set(sys.modules); import stress.pytest_plugin; "
            "print(*sorted(set(sys.modules) - before))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["stress", "stress.pytest_plugin"]


HOLDER = """
import sys
from pathlib import Path
from stress.testing.cpus import Tokens
with Tokens(Path(sys.argv[1])).taken(1000):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["leaves", "killed"])
def test_processors_are_shared_out(tmp_path: Path, how: str) -> None:
    """Another process that holds all of them keeps this one waiting until it lets go, however it ends."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    tokens = Tokens(tmp_path)
    assert not tokens._lock(0)
    if how == "killed":
        holder.kill()
    holder.communicate()
    with tokens.taken(1000) as number:
        assert number >= 1
    with tokens.taken(1) as number:
        assert number == 1
    tokens.close()


def test_without_a_place_for_the_tokens_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Tokens(tmp_path / "file").taken(2) as number:
        assert number >= 1


def test_a_damaged_finding_is_told_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "findings" / "abc"
    folder.mkdir(parents=True)
    (folder / "schedule.json").write_text("{")
    (known,) = Past(tmp_path).of(asked("S1-a")[0])
    assert known.schedule is None
    assert "not a schedule file" in known.error
    assert list(Past(None).of(asked("S1-a")[0])) == []
    assert list(Past(tmp_path / "nowhere").of(asked("S1-a")[0])) == []


def came(outcome: str, *kinds: str, rounds: int = 0) -> Result:
    """A result of threads, of nothing but its outcome."""
    data = {"outcome": outcome, "violations": [{"kind": kind, "where": "x.py:1"} for kind in kinds],
            "expected": "clean", "rounds": rounds, "executor": "native", "lock": "qrwlock", "seconds": 0.0,
            "why": "nothing ran" if not rounds else ""}
    return Result(asked("S1-a")[0], data, (), seed=1)


@pytest.mark.parametrize("outcome", ["fault", "inconclusive", "missed"])
def test_what_did_not_run_is_not_clean_and_not_known_to_be_anything_else(outcome: str) -> None:
    for kind in ("clean", "use-after-free"):
        assert not came(outcome) == kind  # noqa: SIM201 (both operators are asked)
        assert not came(outcome) != kind  # noqa: SIM202
        assert came(outcome).compared("!=", kind) == [
            f"whether {came(outcome).title} is {kind} is not known: {outcome} (native qrwlock, 0 rounds in 0.0 s): "
            "nothing ran"]
        assert "nothing ran" in (came(outcome).compared("==", kind) or [""])[0]
    assert came(outcome) == outcome
    assert came(outcome).compared("!=", outcome) == [f"{came(outcome).title} is {outcome}, and must not be"]
    assert came(outcome).kind == outcome
    assert not came(outcome).clean


def test_what_ran_is_clean_unless_something_broke() -> None:
    assert came("clean", rounds=1) == "clean"
    assert came("missed", rounds=1) == "clean"
    assert came("fault", "leak") == "leak"
    assert came("fault", "leak") != "use-after-free"
    assert came("clean", rounds=1) != "leak"
    assert came("missed", rounds=1) != "leak"
    assert came("clean", rounds=1) != came("clean", rounds=1), "no other result"


class Unloaded:
    """An object that loads itself when its class is asked for, and cannot."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # type: ignore[override]
        raise ModuleNotFoundError("nothing_like_this")


def test_objects_of_other_modules_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = ModuleType("lazy")
    vars(lazy).update(__file__="lazy.py", value=Unloaded())
    monkeypatch.setattr(sys, "modules", {"lazy": lazy, "nothing": None, **sys.modules})
    assert asked(counter.SCENARIO, variant="atomic")[0].source


def test_where_files_cannot_be_locked_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, failures = Tokens(tmp_path), iter(range(1))

    def refuse(*_: object) -> None:
        assert next(failures, None) is not None, "asked again"
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with tokens.taken(2) as number:
        assert number >= 1


def kept(folder: Path, *, ours: bool = False) -> Past:
    """A folder with a finding of the example, under the lock pthread."""
    (check,) = asked("last_put.py:read-back", strategy="smallest", lock="pthread")
    past = Past(folder, ours=ours)
    assert past.keep(explore(check, seed=1, seconds=1), "test_x.py::test_x")
    return past


def test_past_findings_are_of_the_lock_that_a_test_runs_on(tmp_path: Path) -> None:
    def found(**options: Any) -> int:
        return len(list(past.of(asked("last_put.py:read-back", **options)[0])))

    past = kept(tmp_path)
    assert found(lock="pthread") == found(lock="pthread", strategy="dfs") == 1
    assert found() == found(strategy="dfs") == found(executor="python") == 0
    (folder,) = (tmp_path / "findings").iterdir()
    folder.rename(folder.with_name(".away"))
    assert found(lock="pthread") == 0


@pytest.mark.parametrize("ours", [False, True])
def test_a_folder_that_the_user_named_stays(tmp_path: Path, ours: bool) -> None:
    past = kept(tmp_path / "named", ours=ours)
    for known in past.of(asked("last_put.py:read-back", lock="pthread")[0]):
        past.drop(known)
    assert not list(tmp_path.glob("named/findings/*"))
    assert (tmp_path / "named").exists() is not ours


class Interrupted(BaseException):
    """Of a plugin that limits the time of a test."""


def test_no_answer_is_left_to_the_next_test(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> Iterator[None]:
        raise Interrupted

    hammer, closed = Hammer(Tokens()), []
    monkeypatch.setattr("stress.testing.hammering._signals", late)
    hammer._stack.callback(closed.append, True)
    with pytest.raises(UsageError):
        hammer.run(asked("S1-a", lock="fair")[0], seed=1, seconds=1)
    assert not closed
    with pytest.raises(Interrupted):
        hammer.run(asked("S1-a")[0], seed=1, seconds=1)
    assert closed
    hammer.tokens.close()
