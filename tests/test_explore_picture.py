"""The picture of an execution, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.explore import explore, smallest
from engine.explore.columns import Columns, wrap
from engine.explore.picture import WIDTH, picture
from engine.language.program import build
from scenarios import find
from tests.protocols import counter
from tests.protocols import faults as f
from tests.test_explore_detectors import CASES, RACE

LOST = """\
CPU0 A                        CPU1 B
------                        ------
increment()
  read_once(count) = 0
                              increment()
                                read_once(count) = 0
                                write_once(count): 0 -> 1
  write_once(count): 1 -> 1

at rest: count = 1

CHECK: an increment is lost (tests/protocols/counter.py:30)
    count = 1, by CPU0 A: write_once 1 -> 1

Found by dfs: 4 steps, 1 preemption, 2 threads, 1 round; model sc, qrwlock,
  reuse pool, 4 entries, 3 levels.
Replay: the command
"""

FREED = """\
CPU0 r0                       CPU1 r1
-------                       -------
reader()
  read_once(slot) = pt 1[0]
                              remover()
                                write_lock(lock)
                                xchg(slot): pt 1[0] -> 0
                                write_unlock(lock)
                                put_page()
                                  atomic_dec_and_test(page 1 refcount): 1 -> 0
                                  free_page(pt 1[0])
  read_once(pt 1[1]) <-- use-after-free

USE-AFTER-FREE: read_once of pt 1[1]: page 1 was freed by CPU1 r1 at
    tests/protocols/faults.py:22 (tests/protocols/faults.py:43)
    slot = 0, by CPU1 r1: xchg pt 1[0] -> 0

"""


def drawn(scenario, variant="", *, params=None, **options):
    program = build(scenario, variant, params=params)
    return picture(program, smallest(program).schedule, **options)


def test_a_lost_update_word_for_word():
    """The store that undoes another one shows what it found there, though it changes nothing."""
    program = build(counter.SCENARIO, "plain")
    assert picture(program, explore(program, preemptions=1).schedule, replay="the command") == LOST


def test_a_use_after_free_word_for_word():
    assert drawn(RACE, params={"fault": 1}).startswith(FREED)


def test_a_deadlock_shows_who_waits_for_whom():
    text = drawn(f.scenario((f.one_two, 0), (f.one_two, 1)), params={"fault": 1})
    assert "write_lock(lock[1]) waits" in text
    ending = " ".join(text[text.index("DEADLOCK: every thread that has not finished waits for another"):].split())
    assert "CPU0 r0 waits for lock[1] (write, tests/protocols/faults.py:153), held by CPU1 r1" in ending
    assert "CPU1 r1 waits for lock (write, tests/protocols/faults.py:153), held by CPU0 r0" in ending


def test_steps_add_number_and_place_and_leave_nothing_out():
    text = drawn(RACE, params={"fault": 1}, steps=True)
    assert "  0: read_once(slot) = pt 1[0] [faults.py:41]" in text
    assert "  6: read_once(pt 1[1]) [faults.py:43] <-- use-after-free" in text


def test_reads_that_nobody_disturbs_stand_together_and_others_do_not():
    scenario, variant = find("S1-a")
    program = build(scenario, variant.name)
    schedule = smallest(program).schedule
    text = picture(program, schedule)
    assert " reads pt 1[0] = 0x2003, pt 2[0] = 0x40000000003\n" in text
    assert "at rest: root = pt 1[0], pt 1[0] = 0x2003, pt 2[0..3] = 0, page 2 refcount = 1\n" in text
    assert "  atomic_read(page 2 refcount) = 2\n" in text, "the other CPU writes this word"
    freed = find("S4-a")
    text_of_freed = picture(built := build(freed[0], freed[1].name), smallest(built).schedule)
    assert "read_once(pt 1[0]) = 0x2003\n" in text_of_freed, "the other CPU clears this entry"
    assert "reads pt 2[0] = 0x3003, pt 3[0] = 0x40000000003\n" in text_of_freed
    every = picture(program, schedule, steps=True)
    assert "  reads " not in every
    assert every.count("read_once(pt 1[0]) = 0x2003") > text.count("read_once(pt 1[0]) = 0x2003")


def test_where_a_value_is_from_that_no_step_wrote_by_itself():
    """S4-j.reread fails at an entry of a page that was filled as a whole; S4-h at one of the set-up."""
    for race, said in (("S4-j.reread", "pt 3[2] = 0x4003, by CPU0 unmap0: fill_page"), ("S4-h", "= 0, as set up")):
        scenario, variant = find(race)
        program = build(scenario, variant.name)
        assert said in picture(program, smallest(program).schedule)


def test_locks_taken_at_rest_are_no_words():
    scenario, variant = find("S8-d")
    program = build(scenario, variant.name)
    text = picture(program, smallest(program).schedule)
    assert "spin_lock(page_table_lock)" in text
    assert "at rest: pte[1] = pt 1[0], pt 1[0] = 0x4e3\n" in text


def test_only_what_a_search_has_shown_is_claimed():
    program = build(counter.SCENARIO, "plain")
    schedule = explore(program, preemptions=1).schedule
    assert schedule is not None
    assert "Found by dfs: 4 steps" in picture(program, schedule)
    shown = replace(schedule, bound={**schedule.bound, "smallest": "Nothing breaks with fewer preemptions."})
    text = picture(program, shown)
    assert "Smallest found: 4 steps, 1 preemption, " in text
    assert "Nothing breaks with fewer preemptions." in " ".join(text.split())


def test_long_executions_are_cut_in_the_middle_unless_all_steps_are_wanted():
    program = build(f.scenario(f.endless), params={"fault": 1})
    schedule = explore(program, steps=1000).schedule
    text = picture(program, schedule)
    assert "... 861 steps (--steps shows them) ..." in text
    assert len(text.splitlines()) < 170
    assert "steps (--steps" not in picture(program, schedule, steps=True)


@pytest.mark.parametrize(("scenario", "fault", "kind", "message"), CASES)
@pytest.mark.parametrize("steps", [False, True])
def test_no_line_is_too_long(scenario, fault, kind, message, steps):
    if kind == "step-limit":
        return
    program = build(scenario, params={"fault": fault})
    text = picture(program, explore(program).schedule, steps=steps)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert message


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 5, 8, 12, 20])
@pytest.mark.parametrize("suffix", ["", "-with-a-long-name"])
def test_any_number_of_threads(threads, suffix):
    scenario = f.scenario(*[f.warner] * threads)
    scenario = replace(scenario, roles=tuple(replace(r, name=r.name + suffix) for r in scenario.roles))
    program = build(scenario, params={"fault": 1})
    text = picture(program, explore(program).schedule)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert all(f"CPU{i}" in text for i in range(threads))
    assert "read_once(flag) = 0" in text
    assert "<-- warning" in text
    assert "WARNING: WARN_ON(" in text


@pytest.mark.parametrize("threads", [3, 4, 8])
def test_columns_of_many_cpus_are_marked_and_each_has_room(threads):
    columns = Columns([f"CPU{i} role" for i in range(threads)])
    step, = columns.cell(threads - 1, "atomic_dec_return(page 2 refcount): 3 -> 2", 8)
    assert step.count("|") == threads - 1
    assert step.index("atomic") == (threads - 1) * columns.pitch + 8


def test_a_value_is_never_cut_from_its_name():
    lines = wrap("atomic_read(page 2 refcount) = 1, pt 12[3] = 4, xchg(x): 5 -> 6, pt 2[0..3] = 0", 24)
    assert not [line for line in lines if line.endswith(("=", "->", "pt", "page"))]
