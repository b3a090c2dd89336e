"""Live members of unions: every check fires under every executor, and its twin is silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engine import explore as search
from engine.declare import Geometry
from engine.errors import UsageError
from engine.explore.bytecode import compile_program
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.machine import ops
from engine.explore.picture import picture
from engine.language.program import Program, build
from engine.memory import members as m
from engine.memory.arena import Arena
from engine.memory.layout import MEMBER_BYTES, RECORD_BYTES, STATE_BYTES, Layout, lay_out
from engine.memory.overlay import PAGE
from engine.memory.shadow import reset_memory
from engine.python.compile import compile_functions
from engine.python.cpu import AloneCpu, World
from engine.python.locks import BookedLocks, LockTable
from engine.python.primitives import namespace
from engine.python.replay import replay, walk
from engine.python.session import Session
from engine.schedule import Execution, Schedule
from engine.vocabulary import PRIMITIVES
from tests.protocol_source import program, scenario
from tests.protocols import unions as u

NATIVE = pytest.mark.skipif(find_spec("numba") is None, reason="the native executor needs numba")
SHARED = u.scenario(u.as_root, u.as_fragments)
ALONE = u.scenario(u.wrong)
#: CONFUSED -> (kind, message, the line where the live member was set)
WRONG = {
    1: ("union-confusion", "use_member pt_frag_refcount of page 1: its live member is pt_mm, set at ", True),
    2: ("union-confusion", "set_member incoherent of page 1: its live member is pt_mm, set at ", True),
    3: ("union-confusion", "drop_member pt_index of page 1: its live member is pt_mm, set at ", True),
    4: ("union-confusion", "use_member pt_mm of page 1: no member is live there", False),
    5: ("union-confusion", "drop_member pt_mapping of page 1: no member is live there", False),
    6: ("wild-access", "use_member pt_mm at page 1 private: it lies at +32 of a descriptor", False),
    7: ("wild-access", "use_member pt_mm at pt 2[0]: it lies at +32 of a descriptor", False),
    8: ("wild-access", "set_member flags at NULL: it lies at +0 of a descriptor", False),
    9: ("use-after-free", "use_member of page 1 index", False),
    10: ("union-confusion", "use_member pt_mm of page 1: no member is live there", False),
}


SET_MM = 'mem.set_member(at + 32, "pt_mm")'


def line_of(function: str, text: str) -> int:
    """The first line with a text behind another one."""
    lines = Path(u.__file__).read_text().split("\n")
    start = next(i for i, line in enumerate(lines) if function in line)
    return 1 + next(i for i, line in enumerate(lines) if i > start and text in line)


def check(execution: Execution, confused: int) -> None:
    """The violation is the one that WRONG lists."""
    kind, message, names_the_place = WRONG[confused]
    found = execution.violation
    assert found is not None
    assert (found.kind, found.message.startswith(message)) == (kind, True), found
    if names_the_place:
        assert found.other == f"{u.__file__}:{line_of('def wrong', SET_MM)}"
        assert found.message.endswith(found.other)
    elif kind == "union-confusion":
        assert found.other == ""


# --- the tables ---


def test_the_shadow_of_a_frame_is_at_most_64_bytes() -> None:
    assert STATE_BYTES + RECORD_BYTES + MEMBER_BYTES <= 64
    assert len(m.UNION_OFFSETS) * m.TAG_BITS <= MEMBER_BYTES * 8
    assert len(m.UNION_OFFSETS) <= c.F_SIZE - c.F_MEMBERS


def test_the_region_is_before_the_modelled_memory() -> None:
    layout = lay_out(Geometry(4, 3, 8), {"a": 1}, {}, 0, 1)
    assert layout.RECORDS + 8 * RECORD_BYTES == layout.MEMBERS
    assert layout.MEMBERS + 8 * MEMBER_BYTES == layout.POOL


def test_every_member_has_a_code_and_a_union_of_its_own_offset() -> None:
    assert sorted(m.CODES.values()) == list(range(1, len(m.MEMBERS) + 1))
    for name, field in m.MEMBERS.items():
        assert m.NAMES[m.CODES[name]] == name
        assert m.UNION_OFFSETS[m.union_at(field.offset)] == field.offset
        assert m.width_of(name) == max(4, field.width)
    assert m.union_at(PAGE["mapcount"].offset) != m.union_at(PAGE["refcount"].offset)


def test_the_rows_depend_like_loads_and_stores() -> None:
    rows = [row for row in PRIMITIVES.values() if row.access == "member"]
    assert [row.name for row in rows] == [f"{op}_member" for op in ops.MEMBER_NAMES]
    assert [(row.reads, row.writes, row.step) for row in rows] == [(True, True, True), (True, False, True),
                                                                   (True, True, True)]
    code = compile_program(build(SHARED))
    widths = {row[6] & m.CODE_MASK: row[5] for row in code.rows if row[0] == ops.MEMBER}
    assert widths == {m.CODES["ptl"]: 8, m.CODES["pt_mm"]: 8, m.CODES["pt_frag_refcount"]: 4}


def test_more_places_than_a_tag_holds_are_refused(tmp_path: Path) -> None:
    text = "@protocol\ndef role(mem):\n" + "    mem.set_member(page_of(A), 'flags')\n" * (m.MAX_PLACES + 1)
    with pytest.raises(UsageError, match="256 places set a live member; 255 at most"):
        build(scenario(tmp_path, text))
    made = scenario(tmp_path, text.replace("    mem.set", "    mem.drop", 1))
    assert m.operands(build(made).sites)[m.MAX_PLACES] >> m.PLACE_SHIFT & 0xFF == m.MAX_PLACES


# --- one thread, every way ---


@pytest.mark.parametrize("confused", WRONG)
def test_python_and_the_search_name_it_alike(confused: int, tmp_path: Path) -> None:
    p = build(ALONE, params={"confused": confused})
    schedule, execution = walk(p, 1, folder=tmp_path)
    check(execution, confused)
    found = search.replay(p, schedule)
    if WRONG[confused][0] == "union-confusion" and confused != 10:
        assert found == execution
    assert found.violation is not None
    assert execution.violation is not None
    if confused == 10:  # the search also sees that the pointer is an old one
        assert found.violation.kind == "stale-pointer"
    else:
        assert found.violation.kind == execution.violation.kind
        assert found.steps == execution.steps


@pytest.mark.parametrize("role", [u.wrong, u.right])
def test_the_twins_are_silent(role: object, tmp_path: Path) -> None:
    p = build(u.scenario(role))
    schedule, execution = walk(p, 1, folder=tmp_path)
    assert execution.violation is None
    assert search.replay(p, schedule) == execution
    assert replay(p, schedule, folder=tmp_path) == execution


def test_a_new_page_has_no_live_member_in_the_search_either(tmp_path: Path) -> None:
    """Through the new pointer, so that nothing is stale."""
    text = ("@protocol\ndef role(mem):\n    p = mem.alloc_page(1)\n    mem.set_member(page_of(p) + 32, 'pt_mm')\n"
            "    mem.atomic_dec(refcount(p))\n    mem.free_page(p)\n    q = mem.alloc_page(2)\n"
            "    mem.warn_on(p != q)\n    mem.{}_member(page_of(q) + 32, '{}')\n")
    for name, member, kind in (("use", "pt_mm", "union-confusion"), ("set", "pt_index", "")):
        p = program(tmp_path, text.format(name, member))
        schedule, execution = walk(p, 1, folder=tmp_path)
        found = search.replay(p, schedule)
        assert found == execution
        assert (found.violation.kind if found.violation else "") == kind


def leftover(layout: Layout) -> int:
    """Address of the tags of frame 1 that hold union 4, the word at 32."""
    return layout.MEMBERS + MEMBER_BYTES + m.union_at(32) // 4 * 8


def test_free_and_alloc_each_clear_the_tags(tmp_path: Path) -> None:
    """Alloc too: a setter that was checked just before a free may write behind it."""
    p = build(u.allocator())
    arena = Arena.create(p.layout.END, tmp_path)
    reset_memory(arena, p.layout)
    world = World(p, arena)
    cpu = AloneCpu(world, BookedLocks())
    run = compile_functions(p, namespace(world, LockTable(world)))
    arena.store(leftover(p.layout), m.CODES["pt_mm"])
    run["cycle"](cpu, 1)
    assert arena.load(leftover(p.layout)) == m.CODES["pt_index"] | 1 << m.PLACE_SHIFT
    run["cycle"](cpu, 0)
    assert arena.load(leftover(p.layout)) == 0
    arena.close()


# --- two threads, one frame ---


def raced() -> tuple[Program, Schedule]:
    p = build(SHARED, params={"confused": 1})
    result = search.explore(p)
    assert result.violation is not None
    assert result.violation.kind == "union-confusion"
    assert result.schedule is not None
    return p, result.schedule


def test_the_search_finds_the_confusion_and_draws_it() -> None:
    p, schedule = raced()
    assert {turn.thread for turn in schedule.turns} == {0, 1}
    drawn = " ".join(picture(p, schedule).split())
    assert drawn.count("set_member(page 1 index, pt_") == 2  # the first owner's and the one that is refused
    assert "UNION-CONFUSION: " in drawn
    assert "its live member is pt_" in drawn


def test_one_after_the_other_is_no_confusion() -> None:
    """The interleaving matters: roles that do not overlap, in either order, are clean."""
    for first in (0, 1):
        machine = Machine(build(SHARED, params={"confused": 1}))
        for thread in (first, 1 - first):
            while thread in machine.enabled():
                machine.step(thread)
        machine.finish()
        assert not machine.failed


def test_with_the_lock_every_execution_is_clean() -> None:
    result = search.explore(build(SHARED), stop_at_first=False)
    assert (result.found, result.complete) == (0, True)
    assert result.executions > 1


def test_the_confusion_replays_on_python_threads(tmp_path: Path) -> None:
    p, schedule = raced()
    assert replay(p, schedule, folder=tmp_path) == search.replay(p, schedule)


def test_random_walks_agree_with_the_search(tmp_path: Path) -> None:
    p, ends = build(SHARED, params={"confused": 1}), set()
    for seed in range(25):
        schedule, execution = walk(p, seed, folder=tmp_path)
        assert search.replay(p, schedule) == execution
        ends.add(execution.violation.kind if execution.violation else "clean")
    assert "union-confusion" in ends


def test_a_spin_wakes_when_a_member_is_dropped() -> None:
    roles = u.scenario(u.spinner, u.taker)
    found = search.explore(build(roles, params={"confused": 1})).violation
    assert found is not None
    assert (found.kind, found.thread) == ("union-confusion", 0)
    for confused, awake in ((1, [0, 1]), (0, [1])):
        machine = Machine(build(roles, params={"confused": confused}))
        while 0 in machine.enabled():
            machine.step(0)
        machine.step(1)
        assert machine.enabled() == [1]
        if confused:
            machine.step(1)
        assert machine.enabled() == awake
    twin = search.explore(build(roles), stop_at_first=False)
    assert (twin.found, twin.complete) == (0, True)


def test_undo_restores_the_tags() -> None:
    for confused in (*WRONG, 0):
        machine = Machine(build(ALONE, params={"confused": confused}))
        start = machine.S.copy()
        while not machine.failed and machine.enabled():
            machine.step(0)
        machine.reset()
        assert np.array_equal(machine.S, start)


# --- sessions ---


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "it never became so"
        time.sleep(0.002)


def driven(session: Session, condition: Callable[[], bool]) -> None:
    """Run a python session until something is so."""
    threads = [threading.Thread(target=session.drive, args=(i,)) for i in range(len(session.program.threads))]
    for thread in threads:
        thread.start()
    session.start()
    try:
        until(condition)
    finally:
        session.stop()
        for thread in threads:
            thread.join(60)


def test_a_python_session_finds_it_and_every_round_begins_anew(tmp_path: Path) -> None:
    session = Session.create(build(SHARED, params={"confused": 1}), folder=tmp_path, perturb="yield:0.3")
    driven(session, lambda: bool(session.progress().violations))
    found = session.progress().violations[0]
    session.close()
    assert found.kind == "union-confusion"
    assert found.message.endswith(found.other)
    assert found.other
    session = Session.create(build(u.scenario(u.once)), folder=tmp_path)
    driven(session, lambda: session.progress().rounds > 20)
    assert session.progress().violations == ()
    session.close()


def test_without_checks_nothing_is_judged(tmp_path: Path) -> None:
    session = Session.create(build(ALONE, params={"confused": 1}), folder=tmp_path, checks=False)
    driven(session, lambda: session.progress().rounds > 5)
    assert session.progress().violations == ()
    session.close()


# --- native ---


@NATIVE
@pytest.mark.usefixtures("cpu_token")
def test_native_one_thread_every_way(tmp_path: Path) -> None:
    from tests.native_help import Alone

    for confused in (*WRONG, 0):
        alone = Alone(build(ALONE, folded=False, params={"confused": confused}), tmp_path)
        found = alone.run()
        alone.close()
        if confused:
            _, expected = walk(build(ALONE, params={"confused": confused}), 1, folder=tmp_path)
            assert found == expected.violation
        else:
            assert found is None


@NATIVE
@pytest.mark.usefixtures("cpu_token")
def test_native_replays_on_threads_and_processes(tmp_path: Path) -> None:
    from engine.native.replay import replay as native_replay

    p, schedule = raced()
    compiled = build(SHARED, folded=False, params={"confused": 1})
    for processes in (False, True):
        assert native_replay(compiled, schedule, processes=processes, folder=tmp_path) == search.replay(p, schedule)
    for seed in range(8):
        schedule, execution = walk(p, seed, folder=tmp_path)
        assert native_replay(compiled, schedule, folder=tmp_path) == execution


@NATIVE
@pytest.mark.usefixtures("cpu_token")
def test_native_what_is_right_is_silent_and_without_checks_all_is(tmp_path: Path) -> None:
    from tests.native_help import Alone

    for made, checks in ((build(u.scenario(u.right)), True), (build(ALONE, params={"confused": 1}), False)):
        alone = Alone(made, tmp_path, checks=checks)
        assert alone.run() is None
        alone.close()


@NATIVE
@pytest.mark.usefixtures("cpu_token")
def test_native_free_and_alloc_each_clear_the_tags(tmp_path: Path) -> None:
    from tests.native_help import Alone

    alone = Alone(build(u.allocator()), tmp_path)
    place = leftover(alone.program.layout)
    alone.arena.store(place, m.CODES["pt_mm"])
    assert alone.run(0) is None
    assert alone.arena.load(place) == m.CODES["pt_index"] | 1 << m.PLACE_SHIFT
    assert alone.run(1) is None
    assert alone.arena.load(place) == 0
    alone.close()


@NATIVE
@pytest.mark.usefixtures("cpu_token")
def test_native_rounds_find_it_and_begin_anew(tmp_path: Path) -> None:
    from tests.native_help import driven as natively
    from tests.native_help import until as until_so

    with natively(build(SHARED, folded=False, params={"confused": 1}), tmp_path, perturb="yield:0.1") as session:
        until_so(lambda: bool(session.progress().violations))
        found = session.progress().violations[0]
        assert (found.kind, bool(found.other)) == ("union-confusion", True)
        assert found.evidence
    with natively(build(SHARED, folded=False), tmp_path, perturb="yield:0.1") as session:
        until_so(lambda: session.progress().rounds > 2000)
        assert session.progress().violations == ()
    with natively(build(u.scenario(u.once)), tmp_path) as session:
        until_so(lambda: session.progress().rounds > 100)
        assert session.progress().violations == ()
