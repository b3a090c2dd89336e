"""When a round counts as stuck because every thread waits: for locks, in loops that only load, or both."""

from __future__ import annotations

import os

import pytest

from engine.session import Progress, ThreadState
from stress.watch import Watch

STILL = Progress(7, 1.0, 0, {}, 0)
LOCKED = ThreadState(0, "waiting", 3, 4096, 1)
SPINNING = ThreadState(1, "running", 4, 0, 1, spins=5)
WORKING = ThreadState(1, "running", 4, 0, 1)
DONE = ThreadState(2, "done", 4, 0, 1)


def after_a_second(*threads: ThreadState, later: tuple[ThreadState, ...] = ()) -> str:
    """What a watch says that saw the same threads (or `later` ones) for one second."""
    watch = Watch(0.0)
    for tenth in range(11):
        said = watch.look(tenth / 10, STILL, later if later and tenth > 6 else threads, [os.getpid()])
    return said


@pytest.mark.parametrize("threads", [(LOCKED, SPINNING), (SPINNING,), (SPINNING, DONE), (LOCKED, SPINNING, DONE)])
def test_nobody_is_left_who_changes_anything(threads: tuple[ThreadState, ...]) -> None:
    assert after_a_second(*threads) == "deadlock"


@pytest.mark.parametrize("threads", [(LOCKED, WORKING), (WORKING,), (DONE,), ()])
def test_somebody_may_still_change_it(threads: tuple[ThreadState, ...]) -> None:
    assert after_a_second(*threads) == ""


def test_a_spin_that_ended_starts_the_time_anew() -> None:
    assert after_a_second(LOCKED, SPINNING, later=(LOCKED, WORKING)) == ""
    other = ThreadState(1, "running", 4, 0, 1, spins=9)
    assert after_a_second(LOCKED, SPINNING, later=(LOCKED, other)) == ""
