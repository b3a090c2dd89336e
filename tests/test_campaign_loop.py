"""A campaign from its beginning to its end, or to what ends it: every round is in the store once, or named as lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from stress.campaign.cell import Cell
from stress.campaign.crew import Ended, Task
from stress.store.view import RoundRow, look
from tests.campaign_rig import COUNTER, campaign, cell

RIG = Path(__file__).parent / "campaign_rig.py"


def rounds(folder: Path) -> list[RoundRow]:
    with look(folder) as view:
        return list(view.rounds())


def test_rounds_are_kept_with_what_they_found(tmp_path: Path) -> None:
    cells = [cell("good"), cell("finds:check")]
    with campaign(tmp_path, 4.0, cells) as (made, said):
        made.run()
    kept = rounds(tmp_path)
    assert {row.state for row in kept} == {"done"}
    assert {row.round.cell for row in kept} == set(cells)
    assert {row.worker for row in kept} <= {"member-0", "member-1"}
    numbers = Counter((row.round.cell.key, row.round.number) for row in kept)
    assert set(numbers.values()) == {1}
    with look(tmp_path) as view:
        finding, = view.findings()
        assert finding.kind == "check"
        assert finding.rounds == sum(row.round.cell == cells[1] for row in kept)
        assert view.samples("memory")
    assert "ok counter:plain: check" in said.getvalue()


def test_what_no_variant_may_do_is_said(tmp_path: Path) -> None:
    clean = Cell("counter", "locked", COUNTER, executor=cell("").executor, perturb="finds:leak")
    with campaign(tmp_path, 2.0, [clean]) as (made, said):
        made.run()
        assert made.figures.unexpected == 1
    assert "!! counter:locked: leak" in said.getvalue()
    assert "NOT expected" in said.getvalue()


def test_it_goes_on_without_doing_a_round_twice(tmp_path: Path) -> None:
    for _ in range(2):
        with campaign(tmp_path, 2.0, [cell("good")]) as (made, _):
            made.run()
    numbers = [row.round.number for row in rounds(tmp_path)]
    assert numbers == list(range(len(numbers)))
    assert all(row.attempt == 1 for row in rounds(tmp_path))


def test_a_round_that_kills_its_member_again_and_again_is_given_up(tmp_path: Path) -> None:
    with campaign(tmp_path, 60.0, [cell("good")], members=1, limit=1 << 20) as (made, said):
        made.run()
        assert made.gave_up == 1
    row = rounds(tmp_path)[0]
    assert (row.state, row.attempt) == ("lost", 3)
    assert "--memory" in (row.why or "")
    with look(tmp_path) as view:
        assert "was lost 3 times" in view.events("given-up")[0].text
    assert " ".join(said.getvalue().split()).count("is lost: its processes took") >= 3


def test_a_disk_that_fills_up_ends_it_in_good_order(tmp_path: Path) -> None:
    with campaign(tmp_path, 30.0, [cell("good")], least=1 << 60) as (made, _):
        made.run()
        assert made.failure is not None
        assert "go on with --resume" in str(made.failure)
    assert {row.state for row in rounds(tmp_path)} == {"done"}, "the round in flight ends"


class Lost:
    """A crew whose members die in every task, after they had seen something."""

    def __init__(self, *found: dict[str, object]) -> None:
        self.found, self.tasks = found, list[Task]()
        self.started = 0

    def takes(self, _task: Task) -> bool:
        return not self.tasks

    def start(self, task: Task) -> None:
        self.tasks.append(task)
        self.started += 1

    def poll(self, _timeout: float) -> list[Ended]:
        found = [dict(found) for found in self.found]
        ended = [Ended(task, "member-0", {}, "it was killed", found) for task in self.tasks]
        self.tasks.clear()
        return ended

    def busy(self) -> list[tuple[int, Task, str, float]]:
        return [(0, task, "", 0.0) for task in self.tasks]

    def resident(self) -> int:
        return 0

    def finish(self) -> None:
        """All that is given begins."""

    def close(self) -> None:
        """Nothing is left."""


class Slow(Lost):
    """A crew that begins nothing before the time is over, and then gives all back."""

    def __init__(self) -> None:
        super().__init__()
        self.finishing = False

    def takes(self, _task: Task) -> bool:
        return len(self.tasks) < 3

    def poll(self, _timeout: float) -> list[Ended]:
        given, self.tasks = (self.tasks, []) if self.finishing else ([], self.tasks)
        return [Ended(task, "", {}, begun=False) for task in given]

    def finish(self) -> None:
        self.finishing = True


def test_what_had_not_begun_when_the_time_was_over_is_as_before(tmp_path: Path) -> None:
    with campaign(tmp_path, 0.3, [cell("good")]) as (made, _):
        made.crew = Slow()
        made.run()
        assert (made.figures.rounds, made.figures.lost, made.gave_up) == (0, 0, 0)
    assert rounds(tmp_path) == []
    with campaign(tmp_path, 1.0, [cell("good")]) as (made, _):
        made.run()
    assert [row.round.number for row in rounds(tmp_path)][:1] == [0]


SEEN = {"kind": "check", "message": "", "where": f"{COUNTER}:30", "other": "", "count": 1, "seconds": 0.1,
        "thread": "A", "evidence": []}


def test_what_a_lost_member_had_seen_is_judged_by_what_is_expected(tmp_path: Path) -> None:
    """The expected violation of a broken variant is no news, whoever died after it; the explanation is tried again."""
    with campaign(tmp_path, 3.0, [replace(cell("good"), executor="native")]) as (made, _):
        crew = Lost(SEEN)
        made.crew = crew
        made.run()
        assert (made.figures.unexpected, made.figures.expected) == (0, 1)
    with look(tmp_path) as view:
        finding, = view.findings()
        assert finding.expected
        assert finding.explanation is not None
        assert finding.explanation["explained"] == "not explained: it was killed"
        assert all(row.state == "done" for row in view.rounds())
    assert crew.started >= 4, "three explanations, at least one round"


def test_a_fault_alone_is_no_violation(tmp_path: Path) -> None:
    with campaign(tmp_path, 20.0, [cell("good")]) as (made, _):
        made.crew = Lost({"what": "a worker ended: SIGSEGV", "seconds": 0.1, "last_steps": []})
        made.run()
        assert made.gave_up == 1
    row = rounds(tmp_path)[0]
    assert (row.state, row.why, row.worker) == ("lost", "it was killed", "member-0")


def test_a_cell_in_which_nothing_ever_runs_is_given_up(tmp_path: Path) -> None:
    with campaign(tmp_path, 60.0, [cell("bad-setup")], members=1) as (made, said):
        made.run()
        assert made.gave_up == 1
    assert [row.outcome for row in rounds(tmp_path)] == ["fault"] * 3
    assert "given up: counter:plain" in said.getvalue()


def test_a_cell_that_cannot_be_read_is_given_up_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("from engine import nothing_there\n")
    with campaign(tmp_path / "night", 60.0, [replace(cell("good"), source=str(broken))], members=1) as (made, said):
        made.run()
        assert made.gave_up == 1
    assert len(rounds(tmp_path / "night")) == 1
    assert "broken.py" in said.getvalue()


def test_signal_asks_for_a_snapshot(tmp_path: Path) -> None:
    with campaign(tmp_path, 3.0, [cell("good")]) as (made, said):
        made.status.asked = True
        made.run()
    assert "1 cell had a round" in said.getvalue() or "of 1 cell had a round" in said.getvalue()


def test_heartbeats_on_a_pipe(tmp_path: Path) -> None:
    with campaign(tmp_path, 3.0, [cell("good")]) as (made, said):
        made.run()
    beats = [line for line in said.getvalue().splitlines() if "/min" in line]
    assert len(beats) >= 2
    assert all(len(line) <= 80 for line in beats)


def started(folder: Path, seconds: float, *hows: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(RIG), str(folder), str(seconds), *hows]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def until_done(folder: Path, number: int) -> None:
    """Wait until so many rounds are done."""
    limit = time.monotonic() + 120
    while sum(row.state == "done" for row in rounds(folder)) < number:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_ctrl_c_keeps_what_ended_and_names_what_did_not(tmp_path: Path) -> None:
    process = started(tmp_path, 60, "good", "finds:check")
    until_done(tmp_path, 1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "interrupted\n"
    kept = rounds(tmp_path)
    assert sum(row.state == "done" for row in kept) > 0
    lost = [row for row in kept if row.state != "done"]
    assert len(lost) <= 2
    assert all((row.state, row.why) == ("lost", "the campaign was interrupted") for row in lost)


def test_kill_of_everything_costs_the_rounds_in_flight(tmp_path: Path) -> None:
    """Five times, at random moments: what was done stays done, each round once; what was in flight is named."""
    moments = random.Random(3)
    before: dict[tuple[str, int], str] = {}
    for _ in range(5):
        process = started(tmp_path, 60, "good", "finds:check", "kill")
        until_done(tmp_path, len(before) + 1)
        time.sleep(moments.uniform(0.0, 1.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        kept = rounds(tmp_path)
        in_flight = [row for row in kept if row.state == "started"]
        assert len(in_flight) <= 2
        done = {(row.round.cell.key, row.round.number): str(row.result) for row in kept if row.state == "done"}
        assert before.items() <= done.items(), "a round that was done is done, with the same result"
        before = done
    with campaign(tmp_path, 4.0, [cell(how) for how in ("good", "finds:check", "kill")]) as (made, _):
        made.run()
    assert all(row.state == "done" for row in rounds(tmp_path)), "what was lost was run again"
