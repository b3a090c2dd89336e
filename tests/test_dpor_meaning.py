"""What `dpor` must see though it looks at few executions."""

from __future__ import annotations

import pytest

from engine.explore import explore
from tests.protocol_source import program

BUFFERING = """
@protocol
def one(mem):
    mem.write_once32(A, 1)
    mem.write_once(B[0], mem.read_once32(A + 4) + 1)

@protocol
def two(mem):
    mem.write_once32(A + 4, 1)
    mem.write_once(B[1], mem.read_once32(A) + 1)
"""


def both(folder, text, **options):
    """The results of `dpor` and `dfs`; they must agree on final states."""
    model = options.pop("model", "sc")
    p = program(folder, text, **options)
    results = [explore(p, strategy=s, model=model, finals=True) for s in ("dpor", "dfs")]
    assert results[0].complete
    assert results[1].complete
    assert results[0].finals == results[1].finals
    assert (results[0].violation is None) == (results[1].violation is None)
    return results


@pytest.mark.parametrize(("model", "outcomes"), [("sc", 3), ("tso", 4), ("pso", 4)])
def test_store_buffering(tmp_path, model, outcomes):
    """Both load 0 under tso and pso only."""
    dpor, dfs = both(tmp_path, BUFFERING, model=model)
    assert len(dpor.finals) == outcomes
    assert dpor.executions < dfs.executions


def test_a_failed_turn_of_a_spin_loop_is_no_event(tmp_path):
    dpor, dfs = both(tmp_path, """
@protocol
def waiter(mem):
    while mem.read_once(A) == 0:
        mem.cpu_relax()

@protocol
def setter(mem):
    mem.write_once(B[0], 1)
    mem.write_once(A, 1)
""")
    assert (dpor.executions, dfs.executions > 1) == (1, True)


def test_a_wait_that_is_over_before_it_is_looked_at_is_found(tmp_path):
    """The value waited for comes and goes: the waiter sees it in time, or for ever waits."""
    dpor, _ = both(tmp_path, """
@protocol
def waiter(mem):
    while mem.read_once(A) != 1:
        mem.cpu_relax()

@protocol
def setter(mem):
    mem.write_once(A, 1)
    mem.write_once(A, 2)
""")
    assert dpor.violation.kind == "deadlock"
    assert dpor.executions == 2


def test_two_writers_at_the_gate_are_granted_in_both_orders(tmp_path):
    dpor, dfs = both(tmp_path, """
@protocol
def holder(mem):
    mem.write_lock(L[0])
    mem.write_unlock(L[0])

@protocol
def first(mem):
    mem.write_lock(L[0])
    mem.write_once(A, 1)
    mem.write_unlock(L[0])

@protocol
def second(mem):
    mem.write_lock(L[0])
    mem.write_once(A, 2)
    mem.write_unlock(L[0])
""")
    assert dpor.executions < dfs.executions


WAITER = """
@protocol
def waiter(mem):
    while mem.read_once(A) != 0:
        mem.cpu_relax()

@protocol
def first(mem):
    mem.atomic64_inc(A)

@protocol
def second(mem):
    mem.atomic64_inc(A)
"""


@pytest.mark.parametrize(("third", "executions"), [("", 4), ("mem.write_once(B[0], 1)", 4),
                                                   ("mem.write_once(A, 0)", 16)])
def test_two_additions_each_make_it_impossible_to_go_on(tmp_path, third, executions):
    """The waiter goes before both, or never: it cannot go before one of them and after the other."""
    more = f"\n@protocol\ndef third(mem):\n    {third}\n" if third else ""
    found = explore(program(tmp_path, WAITER + more), strategy="dpor", stop_at_first=False)
    assert (found.complete, found.executions, found.redundant, found.blocked) == (True, executions, 0, 0)


LOCKING = """
@protocol
def writer(mem):
    mem.write_lock(L[0])
    mem.write_unlock(L[0])
""" + "".join(f"""
@protocol
def reader{i}(mem):
    mem.read_lock(L[0])
    mem.read_unlock(L[0])
""" for i in range(3))


@pytest.mark.parametrize(("lock", "executions", "redundant"), [("fair", 124, 0), ("read", 88, 1)])
def test_what_repeats_another_execution_is_not_counted_as_one(tmp_path, lock, executions, redundant):
    """Readers that may overtake a writer that waits: two of them commute, and each makes its turn impossible."""
    found = explore(program(tmp_path, LOCKING), strategy="dpor", lock=lock)
    assert (found.complete, found.executions, found.redundant, found.blocked) == (True, executions, redundant, 0)


def test_every_value_of_a_choice_is_an_execution_of_its_own(tmp_path):
    dpor, _ = both(tmp_path, """
@protocol
def chooser(mem):
    mem.write_once(A, mem.choose(5) + 1)

@protocol
def other(mem):
    mem.write_once(B[0], mem.choose(3) + 1)
""")
    assert (dpor.executions, len(dpor.finals)) == (15, 15)


def test_a_violation_does_not_hide_what_happens_beside_it(tmp_path):
    """The check of `first` fails at once where nobody was faster; the other's needs its store."""
    p = program(tmp_path, """
@protocol
def first(mem):
    mem.check(mem.read_once(A) == 1, "check", "too early")
    mem.write_once(B[0], 1)

@protocol
def second(mem):
    mem.write_once(A, 1)
    mem.check(mem.read_once(B[0]) == 0, "check", "too late")
""")
    found = explore(p, strategy="dpor", stop_at_first=False)
    assert (found.complete, found.executions, found.found) == (True, 3, 2)
    assert found.violation.message == "too early"
