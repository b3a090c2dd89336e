"""The crew: what a member that is killed, stopped, stalled or too large costs, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stress.campaign.cell import Round
from stress.campaign.crew import Ended, LocalCrew, Task
from stress.campaign.processes import memory, tree
from stress.watch import process_state
from tests.campaign_rig import GB, cell


def task(how: str = "good", seconds: float = 0.3, number: int = 0) -> Task:
    each = cell(how)
    return Task(each, Round(each, number, 11, seconds=seconds))


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Callable[..., LocalCrew]]:
    made: list[LocalCrew] = []

    def make(members: int = 1, limit: int = 4 * GB, stalled: float = 60.0) -> LocalCrew:
        made.append(LocalCrew(tmp_path / "logs", members, members, limit, stalled=stalled))
        return made[-1]

    yield make
    pids = [pid for each in made for member in each.members.values() for pid in tree(member.child.pid)]
    for each in made:
        each.close()
    assert not [pid for pid in pids if process_state(pid) not in "XZ"]


def ended(crew: LocalCrew, number: int = 1, seconds: float = 60.0) -> list[Ended]:
    found: list[Ended] = []
    until = time.monotonic() + seconds
    while len(found) < number and time.monotonic() < until:
        found += crew.poll(0.1)
    assert len(found) == number
    return found


def working(crew: LocalCrew) -> int:
    """Wait until the member has begun its round; its process."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert crew.poll(0.05) == []
        if crew.busy()[0][2].startswith("counter:plain"):
            return next(iter(crew.members.values())).child.pid
    raise AssertionError("no member begins")


def test_rounds_come_back_and_members_are_used_again(crew: Callable[..., LocalCrew]) -> None:
    hands = crew()
    pids = set()
    for number in range(3):
        hands.start(task(number=number))
        pids |= {member.child.pid for member in hands.members.values()}
        assert not hands.takes(task())
        end, = ended(hands)
        assert end.answer["rounds"] > 0
        assert (end.why, end.task.round and end.task.round.number) == ("", number)
    assert len(pids) == 1


def test_two_members_work_side_by_side_and_a_native_round_takes_both_processors(crew: Callable[..., LocalCrew]) -> None:
    hands = crew(2)
    hands.start(task())
    assert hands.takes(task())
    native = Task(replace(cell("good"), executor="native"), None)
    assert not hands.takes(native)
    hands.start(task(number=1))
    assert not hands.takes(task())
    assert {end.worker for end in ended(hands, 2)} == {"member-0", "member-1"}
    assert hands.takes(native)


def test_a_member_that_is_killed_costs_its_round_and_says_how(crew: Callable[..., LocalCrew]) -> None:
    hands = crew()
    hands.start(task(seconds=30))
    os.kill(working(hands), signal.SIGKILL)
    end, = ended(hands)
    assert end.answer == {}
    assert "SIGKILL" in end.why
    hands.start(task())
    assert ended(hands)[0].answer["rounds"] > 0


def test_a_violation_that_a_killed_member_had_seen_is_kept(crew: Callable[..., LocalCrew]) -> None:
    hands = crew()
    hands.start(task("finds:leak", seconds=30, number=5))
    pid = working(hands)
    until = time.monotonic() + 20
    while not next(iter(hands.members.values())).found and time.monotonic() < until:
        hands.poll(0.1)
    os.kill(pid, signal.SIGKILL)
    assert [found["kind"] for found in ended(hands)[0].found] == ["leak"]


def test_a_member_that_is_stopped(crew: Callable[..., LocalCrew]) -> None:
    hands = crew(stalled=1.0)
    hands.start(task(seconds=30))
    os.kill(working(hands), signal.SIGSTOP)
    assert ended(hands)[0].why == "it was stopped by a signal"


def test_a_member_that_stalls_leaves_its_stacks(crew: Callable[..., LocalCrew], tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\n\ntime.sleep(600)\n")
    hands = crew(stalled=1.5)
    each = replace(cell("good"), source=str(slow))
    hands.start(Task(each, Round(each, 0, 11, seconds=0.3)))
    end, = ended(hands)
    assert end.why.startswith("it stalled: nothing heard and no processor time used")
    assert "slow.py" in (tmp_path / "logs" / "member-0" / "log").read_text()


def test_a_member_that_takes_too_much_memory(crew: Callable[..., LocalCrew]) -> None:
    hands = crew(limit=1 << 20)
    hands.start(task(seconds=30))
    end, = ended(hands)
    assert "more than the 1 MB that --memory leaves each" in end.why
    assert end.memory > 1 << 20


def test_a_member_that_takes_little_is_left_alone(crew: Callable[..., LocalCrew]) -> None:
    hands = crew(limit=4 * GB, stalled=30.0)
    hands.start(task(seconds=5))
    assert ended(hands)[0].answer["rounds"] > 0


def test_what_processes_take_counts_once() -> None:
    mine = memory([os.getpid()])
    assert mine > 5_000_000
    assert tree(os.getpid())[0] == os.getpid()
    assert memory([999_999_999]) == 0
