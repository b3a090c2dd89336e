"""When a round counts as stuck because every thread waits: for locks, in loops that only load, or both."""

from __future__ import annotations

import os
import threading
import time

import pytest

from engine.session import Progress, ThreadState
from stress.watch import Watch, tasks_of

STILL = Progress(7, 1.0, 0, {}, 0)
LOCKED = ThreadState(0, "waiting", 3, 4096, 1)
SPINNING = ThreadState(1, "running", 4, 0, 1, spins=5)
WORKING = ThreadState(1, "running", 4, 0, 1)
DONE = ThreadState(2, "done", 4, 0, 1)


def after_a_second(*threads: ThreadState, later: tuple[ThreadState, ...] = ()) -> str:
    """What a watch says that saw the same threads (or `later` ones) for one second."""
    watch = Watch(0.0, tasks=lambda _: {})
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


@pytest.mark.parametrize(("then", "now", "said"), [
    (("S", 0), ("S", 0), "deadlock"),  # it sleeps in the kernel, and nobody wakes it
    (("R", 5), ("R", 9), "deadlock"),  # it looks again and again
    (("R", 5), ("R", 5), ""),  # it waits for a processor: what it waits for may be there
    (("S", 5), ("R", 5), ""),  # it has been woken
])
def test_who_has_not_run_may_only_not_have_seen(then: tuple[str, int], now: tuple[str, int], said: str) -> None:
    answers = [{9: then, 10: ("S", 0)}, {9: now, 10: ("S", 0)}]
    watch = Watch(0.0, tasks=lambda _: answers.pop(0) if len(answers) > 1 else answers[0])
    assert watch.look(0.0, STILL, (LOCKED, SPINNING), []) == ""
    assert watch.look(0.6, STILL, (LOCKED, SPINNING), []) == said


def test_the_kernel_says_how_long_threads_ran() -> None:
    mine = tasks_of([os.getpid()])[threading.get_native_id()]
    until = time.thread_time() + 0.1
    while time.thread_time() < until:
        pass
    later = tasks_of([os.getpid()])[threading.get_native_id()]
    assert later[0] == "R"
    assert later[1] > mine[1]
    assert tasks_of([999_999_999]) == {}
