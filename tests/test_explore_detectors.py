"""Every check of the machine: a program in which it fires, and its twin in which it must not."""

from __future__ import annotations

import pytest

from engine.explore import explore, replay
from engine.language.program import build
from tests.protocols import faults as f


def search(scenario, fault, **options):
    program = build(scenario, params={"fault": fault})
    result = explore(program, **options)
    assert result.executions > 0
    if result.schedule is not None:
        assert replay(program, result.schedule).violation == result.violation
    return result


def line_of(text: str) -> str:
    with open(f.__file__, encoding="utf-8") as file:
        return str(1 + next(i for i, line in enumerate(file) if text in line))


RACE = f.scenario(f.reader, f.remover, setup=f.publish)
REUSED = f.scenario(f.reader, f.remover_and_new, setup=f.publish)

CASES = [
    (RACE, 1, "use-after-free", "read_once of pt 1[1]: page 1 was freed by CPU1 r1 at "),
    (f.scenario(f.both_free, f.both_free, setup=f.publish_unreferenced), 1, "double-free",
     "free_page of pt 1[0]: page 1 was freed"),
    (f.scenario(f.speculative, f.remover, setup=f.publish), 1, "use-after-free", "atomic_inc of page 1 refcount"),
    (f.scenario(f.wild), 1, "wild-access", "write_once through a NULL pointer"),
    (f.scenario(f.wild), 2, "wild-access", "which is in no object"),
    (f.scenario(f.wild), 3, "wild-access", "not aligned to its width"),
    (f.scenario(f.wild), 4, "wild-access", "which is in no object"),
    (f.scenario(f.wild, setup=f.publish), 5, "wild-access", "free_page of pt 1[1], which is not the start of a page"),
    (f.scenario(f.wild), 6, "wild-access", "free_page through a NULL pointer"),
    (f.scenario(f.bad_page, setup=f.publish), 1, "bad-page", "its _mapcount or page_type is 0x0, not 0xffffffff"),
    (f.scenario(f.bad_page, setup=f.publish), 2, "bad-page", "its mapping is 0xdead, not 0"),
    (f.scenario(f.bad_page, setup=f.publish), 3, "bad-page", "its memcg_data is 0x1, not 0"),
    (f.scenario(f.bad_page, setup=f.publish), 4, "bad-page", "its _refcount is 0x1, not 0"),
    (f.scenario(f.lock_misuse), 1, "lock-misuse", "read_unlock of lock, which CPU0 r0 does not hold so"),
    (f.scenario(f.lock_misuse), 2, "lock-misuse", "write_unlock of lock"),
    (f.scenario(f.lock_misuse), 3, "lock-misuse", "spin_unlock of spin"),
    (f.scenario(f.lock_misuse), 4, "lock-misuse", "write_lock of spin, which is a spin lock"),
    (f.scenario(f.lock_misuse), 5, "lock-misuse", "where there is no lock"),
    (f.scenario(f.lock_misuse), 6, "lock-misuse", "try_upgrade of lock"),
    (f.scenario(f.lock_misuse), 7, "lock-misuse", "downgrade of lock"),
    (f.scenario(f.lock_misuse), 8, "lock-misuse", "the role ends with lock held"),
    (f.scenario(f.lock_misuse), 9, "lock-misuse", "the role ends with spin held"),
    (f.scenario((f.one_two, 0), (f.one_two, 1)), 1, "deadlock", "CPU0 r0 waits for lock[1] (write, "),
    (f.scenario(f.sleeper), 1, "sleep-in-atomic", "with a spinning lock held: spin (write, taken at "),
    (f.scenario(f.waiter, f.setter), 1, "deadlock", "for flag = 0 to change, which nobody will do"),
    (f.scenario(f.warner), 1, "warning", "WARN_ON("),
    (f.scenario(f.dive), 1, "stack-overflow", "calls deeper than 64"),
    (f.scenario(f.endless), 1, "step-limit", "more than 500 steps"),
    (f.scenario(f.endless), 3, "step-limit", "more than 500 steps and choices"),
    (f.scenario(f.endless), 2, "step-limit", "without a step"),
    (f.scenario(f.arrays), 1, "wild-access", "index 4 of an array of 4 words"),
    (f.scenario(f.chooser), 12, "check", "the unlucky value"),
]


@pytest.mark.parametrize(("scenario", "fault", "kind", "message"), CASES)
def test_it_fires(scenario, fault, kind, message):
    violation = search(scenario, fault, steps=500).violation
    assert violation is not None
    assert (violation.kind, message in violation.message) == (kind, True), violation


@pytest.mark.parametrize("scenario", list({id(case[0]): case[0] for case in CASES}.values()))
@pytest.mark.parametrize("pool", ["reuse", "quarantine"])
def test_its_twin_is_silent(scenario, pool):
    result = search(scenario, 0 if scenario.roles[0].run is not f.chooser else 99, pool=pool, stop_at_first=False)
    assert (result.found, result.violation, result.complete) == (0, None, True)


def test_use_after_free_names_the_free():
    violation = search(RACE, 1).violation
    assert violation is not None
    assert violation.other.endswith("faults.py:" + line_of("mem.free_page(page)"))
    assert violation.where.endswith("faults.py:" + line_of("mem.read_once(page + 8)"))


def test_a_frame_that_was_reused_is_a_stale_pointer_and_a_quarantined_one_is_free():
    program = build(REUSED, params={"fault": 1})
    kinds = {}
    for pool in ("reuse", "quarantine"):
        found = set()
        for seed in range(60):
            result = explore(program, strategy="random", executions=50, seed=seed, pool=pool)
            if result.violation:
                found.add(result.violation.kind)
        kinds[pool] = found
    assert kinds == {"reuse": {"use-after-free", "stale-pointer"}, "quarantine": {"use-after-free"}}


def test_a_violation_in_set_up_is_reported_as_such():
    result = search(f.scenario(f.setter, setup=f.warner), 1)
    assert result.violation is not None
    assert (result.violation.kind, result.violation.thread, result.executions) == ("warning", -1, 1)


def test_every_choice_is_explored():
    result = search(f.scenario(f.chooser), 99, stop_at_first=False)
    assert (result.executions, result.complete) == (6, True)


def test_the_deadlock_names_every_thread():
    violation = search(f.scenario((f.one_two, 0), (f.one_two, 1)), 1).violation
    assert violation is not None
    assert "held by CPU1 r1 (write, " in violation.message
    assert "held by CPU0 r0 (write, " in violation.message
