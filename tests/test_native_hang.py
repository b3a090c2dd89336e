"""S4-c really hangs: a nested read lock behind a queued writer, forced on real locks, reported each time alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.explore import explore
from engine.explore import replay as explored
from engine.language.program import build
from engine.native.replay import replay
from scenarios import find

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token")]
REPETITIONS = 5
SAME = ("kind", "where", "site", "thread")


@pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])
@pytest.mark.parametrize("lock", ["qrwlock", "pthread-writer"])
def test_each_hang_is_reported_as_the_search_says(lock: str, processes: bool, tmp_path: Path) -> None:
    scenario, variant = find("nested-read:rfc")
    program, compiled = build(scenario, variant.name), build(scenario, variant.name, folded=False)
    schedule = explore(program, preemptions=2, lock=lock).schedule
    assert schedule is not None
    expected = explored(program, schedule)
    for _ in range(REPETITIONS):
        done = replay(compiled, schedule, processes=processes, folder=tmp_path)
        assert done.violation is not None
        assert expected.violation is not None
        assert [getattr(done.violation, n) for n in SAME] == [getattr(expected.violation, n) for n in SAME]
        assert (done.steps, done.final) == (expected.steps, expected.final)
        assert done.violation.message.split("; ") == [
            "CPU1 unmap waits for pgd_lock (write), held by CPU0 map (read)",
            "CPU0 map waits for pgd_lock (read), held by CPU0 map (read), behind CPU1 unmap (write, queued)"]
    assert not list(tmp_path.iterdir())
