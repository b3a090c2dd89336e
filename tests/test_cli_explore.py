"""`pttorture explore` and `replay`: a race is found, saved, drawn, and replayed by every executor."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stress import cli

COUNTER = str(Path(__file__).parent / "protocols" / "counter.py")


def test_smallest_is_found_saved_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, saved = tmp_path / "out.json", tmp_path / "race.json"
    assert cli.main(["explore", f"{COUNTER}:plain", "--json", str(target), "--save", str(saved)]) == 0
    result, = json.loads(target.read_text())["results"]
    assert result["outcome"] == "reproduced"
    assert result["violation"]["kind"] == "check"
    assert result["violation"]["preemptions"] == 1
    assert result["executions"] > 0
    assert result["violation"]["schedule"]
    assert "CPU0 A" in capsys.readouterr().out
    for executor in ("explore", "python"):
        assert cli.main(["replay", str(saved), "--executor", executor, "--steps"]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert f"replayed on {executor}: 5 steps, check at tests/protocols/counter.py:30, as recorded" in out
        assert "counter.py:21" in out


def test_fix_is_clean_within_a_stated_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.json"
    assert cli.main(["explore", f"{COUNTER}:atomic", "--strategy", "dfs", "--json", str(target)]) == 0
    result, = json.loads(target.read_text())["results"]
    assert (result["outcome"], result["complete"], result["violation"]) == ("clean", True, None)
    assert "any number of preemptions" in capsys.readouterr().out


@pytest.mark.parametrize("strategy", ["states", "dpor"])
def test_what_a_strategy_has_found_is_made_small(strategy: str, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.json"
    assert cli.main(["explore", f"{COUNTER}:plain", "--strategy", strategy, "--json", str(target)]) == 0
    result, = json.loads(target.read_text())["results"]
    assert result["violation"]["preemptions"] == 1
    assert result["minimised_from"]["steps"] >= len(json.loads(result["violation"]["schedule"])["turns"])
    assert f"minimised: {strategy} found it with" in capsys.readouterr().out


def test_verdict_names_the_size_of_store_buffers_and_what_was_set_aside(tmp_path: Path,
                                                                        capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.json"
    command = ["explore", f"{COUNTER}:locked", "--strategy", "dpor", "--json", str(target)]
    assert cli.main([*command, "--model", "tso"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    result, = json.loads(target.read_text())["results"]
    assert result["peak"] > 1
    assert f"(at most {result['peak']} events set aside)" in out
    assert "bound: tso with buffers of 32 stores, qrwlock" in out
    assert cli.main(command) == 0
    assert "bound: sc, qrwlock" in capsys.readouterr().out


def test_search_that_was_cut_short_proves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    command = ["explore", f"{COUNTER}:atomic", "--strategy", "random", "--executions", "10", "--json", str(target)]
    assert cli.main(command) == 4
    result, = json.loads(target.read_text())["results"]
    assert (result["outcome"], result["verdict"], result["executions"]) == ("inconclusive", "inconclusive", 10)


def test_schedule_of_a_changed_protocol_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, saved = tmp_path / "mine.py", tmp_path / "race.json"
    mine.write_text(Path(COUNTER).read_text())
    assert cli.main(["explore", f"{mine}:plain", "--save", str(saved)]) == 0
    data = json.loads(saved.read_text())
    data["turns"][1] = [0, 99]
    saved.write_text(json.dumps(data))
    capsys.readouterr()
    assert cli.main(["replay", str(saved)]) == 2
    assert "search again" in capsys.readouterr().err


@pytest.mark.parametrize(("change", "said"), [
    ({"bound": 7}, "bound is 7"), ({"bound": {"steps": "x"}}, "bound is"), ({"bound": {"steps": -1}}, "bound is"),
    ({"violation": 3}, "violation is 3"), ({"scenario": 3}, "scenario is 3"), ({"threads": "2"}, "threads is '2'"),
    ({"params": {"x": "y"}}, "params is"), ({"turns": 5}, "not iterable"), ({"extra": 1}, "'extra'"),
    ({"violation": {"kind": "nonsense"}}, "unknown kind 'nonsense'"),
])
def test_field_of_the_wrong_kind(tmp_path: Path, change: dict[str, object], said: str,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "race.json"
    assert cli.main(["explore", f"{COUNTER}:plain", "--save", str(path)]) == 0
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    capsys.readouterr()
    assert cli.main(["replay", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"pttorture: {path}: ")
    assert said in err


def test_step_that_differs_is_named_with_the_file_and_the_version(tmp_path: Path,
                                                                  capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "race.json"
    assert cli.main(["explore", f"{COUNTER}:plain", "--save", str(path)]) == 0
    data = json.loads(path.read_text())
    data["turns"] = data["turns"][:2]
    path.write_text(json.dumps({**data, "engine": "0.0.1"}))
    capsys.readouterr()
    assert cli.main(["replay", str(path)]) == 1
    err = capsys.readouterr().err
    assert f"{path}: the schedule ends after 2 steps" in err
    assert "recorded by pttorture 0.0.1" in err


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"scenario": 3}', "\x00"])
def test_file_that_is_no_schedule(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert cli.main(["replay", str(path)]) == 2
    err = capsys.readouterr().err
    assert "not a schedule file" in err
    assert err.count("\n") == 1


def test_clean_variant_has_nothing_to_replay(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", f"{COUNTER}:locked"]) == 2
    assert "there is nothing to replay" in capsys.readouterr().err


ENDLESS = """
import signal, sys
import engine.explore.search as search
from engine.explore.strategies.base import Strategy
from stress import cli

real, calls = Strategy.run, 0

def run(self, budget):
    global calls
    end = real(self, budget)
    calls += budget > 0
    if calls == 3:
        signal.raise_signal(signal.SIGINT)
    return end

Strategy.run = run
search._SLICE_SECONDS = 0.0
sys.exit(cli.main())
"""


def interrupted(*args: str) -> subprocess.CompletedProcess[str]:
    """`pttorture explore` that gets a Ctrl-C at the end of its third slice."""
    return subprocess.run([sys.executable, "-c", ENDLESS, "explore", *args], cwd=Path(__file__).parent.parent,
                          capture_output=True, text=True, check=False, timeout=120)


def test_interrupted_search_writes_what_it_found(tmp_path: Path) -> None:
    target, saved = tmp_path / "out.json", tmp_path / "race.json"
    done = interrupted("S1-a", "--strategy", "dfs", "--all", "--json", str(target), "--save", str(saved))
    assert (done.returncode, done.stderr) == (130, "")
    result, = json.loads(target.read_text())["results"]
    assert result["interrupted"]
    assert not result["complete"]
    assert result["violation"]["kind"] == "missed-free"
    assert result["found"] >= 1
    assert "interrupted" in done.stdout
    assert "MISSED-FREE" in done.stdout
    assert cli.main(["replay", str(saved)]) == 0


def test_interrupted_search_for_the_smallest_keeps_the_bounds_it_finished(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    done = interrupted("parent-freed:restart", "--json", str(target))
    assert (done.returncode, done.stderr) == (130, "")
    result, = json.loads(target.read_text())["results"]
    assert result["interrupted"]
    assert result["executions"] > 0
    assert result["violation"] is None


def test_all_counts_the_violations_and_no_line_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explore", "S1-a", "--strategy", "dfs", "--all", "--executions", "200"]) == 0
    out = capsys.readouterr().out
    assert "with a violation" in " ".join(out.split())
    assert "up to the first" not in out
    assert " scenarios/models/rest.py:" in out
    assert max(map(len, out.split("\n"))) <= 80


def test_both_places_of_a_use_after_free_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explore", "parent-freed:rfc-v1"]) == 0
    head = " ".join(capsys.readouterr().out.split("CPU0")[0].split())
    assert "freed by" in head
    assert str(Path(__file__).parent.parent) not in head


def test_schedule_on_standard_output_is_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explore", f"{COUNTER}:plain", "--save", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["scenario"] == "counter"
    assert cli.main(["explore", f"{COUNTER}:plain", "--save", "-", "--json", "-"]) == 2


@pytest.mark.parametrize("strategy", ["random", "pct", "pos", "surw"])
def test_what_a_sampler_finds_is_shown_small(strategy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, saved = tmp_path / "out.json", tmp_path / "race.json"
    command = ["explore", "split:no-flush", "--strategy", strategy, "--seed", "3", "--executions", "5000",
               "--json", str(target), "--save", str(saved)]
    assert cli.main(command) == 0
    out = capsys.readouterr().out
    assert f"minimised: {strategy} found it with " in out
    result, = json.loads(target.read_text())["results"]
    assert (result["strategy"], result["violation"]["preemptions"]) == (strategy, 0)
    assert result["minimised_from"]["steps"] >= len(json.loads(saved.read_text())["turns"])
    assert cli.main(["replay", str(saved)]) == 0


def test_smallest_with_rounds_to_spare_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explore", "S1-a", "--rounds", "3"]) == 0
    assert "2 threads, 1 round;" in " ".join(capsys.readouterr().out.split())


def test_one_command_replays_what_was_found_in_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["explore", f"{COUNTER}:plain", "--strategy", "pct", "--executions", "50", "--lock", "fair"]) == 0
    said = capsys.readouterr().out.split("Replay: ")[1].replace("\\\n", "")
    first, second = (shlex.split(each)[1:] for each in said.split("&&"))
    assert cli.main(first) == 0
    assert cli.main(second) == 0
    assert "model sc, fair" in capsys.readouterr().out


def test_depth_is_for_pct(capsys: pytest.CaptureFixture[str]) -> None:
    """Depth 1 is no preemption, and the race needs one."""
    assert cli.main(["explore", "S1-a", "--strategy", "pct", "--depth", "1", "--executions", "50"]) == 4
    assert "4 entries, 2 levels; pct, depth 1, seed 1\n" in capsys.readouterr().out
    assert cli.main(["explore", "S1-a", "--strategy", "pct", "--depth", "2", "--executions", "500"]) == 0
    capsys.readouterr()
    assert cli.main(["explore", "S1-a", "--strategy", "pos", "--depth", "2"]) == 2
    assert "--depth has no effect without --strategy pct" in capsys.readouterr().err


def test_a_race_of_a_weaker_memory_model_says_which_it_is_and_is_replayed_by_its_name(
        capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explore", "S8-g"]) == 0
    assert capsys.readouterr().out.endswith("\n  expected to break under tso: add --model tso\n")
    assert cli.main(["explore", "S8-g", "--model", "tso"]) == 0
    assert capsys.readouterr().out.endswith("\nReplay: pttorture replay S8-g\n")
    assert cli.main(["replay", "S8-g"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "model tso," in out
    assert out.endswith(", as recorded")
