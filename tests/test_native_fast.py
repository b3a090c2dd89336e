"""The fast way of a checked step: taken where all is in order, only there, and with the long way's meaning and rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Counter, Param, Role, RWLock, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.language.program import build
from engine.memory.page import frame_at, page_of, refcount
from engine.native import words as w
from engine.native.evidence import ring_steps
from engine.native.intrinsics import X86
from engine.native.source import ROLE
from engine.schedule import Step
from tests.native_help import Alone

WORD, PAGE = Word("word", 2), Word("page_word")
LOCK, OTHER = RWLock("lock"), RWLock("other")
DONE = Counter("done", operation=True)
#: Where the accesses go.
WHERE = Param("where", 0)
OFFSET = Param("offset", 0)


@protocol
def publish(mem: Mem) -> None:
    mem.write_once(PAGE, mem.alloc_page(1))


@protocol
def place(mem: Mem) -> int:
    """A word; the contents of a live page; its descriptor; those of a free page; NULL; behind everything."""
    page: int = mem.read_once(PAGE)
    free: int = frame_at(5)
    if WHERE == 1:
        return page + 8 + OFFSET
    if WHERE == 2:
        return page_of(page) + 32 + OFFSET
    if WHERE == 3:
        return free + OFFSET
    if WHERE == 4:
        return page_of(free) + 32 + OFFSET
    if WHERE == 5:
        return 0
    if WHERE == 6:
        return frame_at(8)
    return WORD[1] + OFFSET


@protocol
def accesses(mem: Mem) -> None:
    at = place(mem)
    mem.write_once(at, 7)
    mem.atomic64_add(at, mem.read_once(at))
    mem.xchg(at, mem.cmpxchg(at, 14, 9) + mem.atomic64_inc_return(at))


@protocol
def narrow(mem: Mem) -> None:
    at = place(mem)
    mem.write_once32(at, 7)
    mem.atomic_add(at, mem.read_once32(at))
    mem.atomic_xchg(at, mem.atomic_cmpxchg(at, 14, 9) + mem.atomic_inc_return(at))
    mem.atomic_dec_and_test(at)
    mem.write_once32(at, mem.atomic_inc_not_zero(at) + mem.page_ref_add_unless(at, 3, 0))


@protocol
def locks(mem: Mem) -> None:
    mem.read_lock(LOCK)
    mem.read_once(WORD)
    mem.read_unlock(LOCK)
    mem.count(DONE)
    mem.write_once(WORD, 1)
    mem.count(DONE)


@protocol
def nested(mem: Mem) -> None:
    mem.read_lock(LOCK)
    mem.read_lock(OTHER)
    mem.read_lock(LOCK)
    mem.read_unlock(LOCK)
    mem.read_unlock(LOCK)
    mem.read_unlock(OTHER)


@protocol
def turns(mem: Mem) -> None:
    page: int = mem.read_once(PAGE)
    for i in range(600):
        mem.write_once(WORD, i)
        mem.atomic_inc(refcount(page))


ROLES = (accesses, narrow, locks, nested, turns)
SCENARIO = Scenario("fast", "", tuple(Role(run.name, run) for run in ROLES), (Variant("v"),), setup=publish,
                    small=Geometry(4, 2, 8))


class Counted(Alone):
    """Counts the steps that take the long way: only they are logged."""

    def __init__(self, folder: Path, **params: int) -> None:
        super().__init__(build(SCENARIO, folded=False, params=params), folder)

    def steps(self, run: object, fast: bool = True) -> tuple[list[Step], int, str]:
        """(rows of the recorder, steps of the long way, kind of violation)."""
        thread = ROLES.index(run)
        area = self.program.layout.thread(thread)
        self.arena.store(area + w.T_MODE, w.MODE_RING | w.MODE_LOG)
        self.arena.store(area + w.T_NEXT, w.NEVER if fast else 0)
        found = self.run(thread)
        return (ring_steps(self.program, self.arena, thread, 64), self.arena.load(w.H_LOGGED),
                found.kind if found else "")

    def memory(self) -> list[int]:
        first, end = self.program.layout.LOCKS // 8, self.program.layout.END // 8
        return list(self.arena.words[first:end])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert not list(tmp_path.iterdir()), "an arena is left"


def both(folder: Path, run: object, **params: int) -> tuple[int, int, str]:
    """Steps of the long way where the fast one is open and where it is not; all else must be equal."""
    ways = []
    for fast in (True, False):
        made = Counted(folder, **params)
        ways.append((*made.steps(run, fast), made.memory()))
        made.close()
    (rows, fast_long, kind, memory), (long_rows, long, long_kind, long_memory) = ways
    assert (rows, kind, memory) == (long_rows, long_kind, long_memory)
    assert [row.stamp is None for row in rows] == [row.stamp is None for row in long_rows]
    return fast_long, long, kind


@pytest.mark.parametrize("run", [accesses, narrow])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_all_in_order(run: object, where: int, folder: Path) -> None:
    fast, long, kind = both(folder, run, where=where)
    assert (fast, kind) == (0, "")
    assert long > 5


@pytest.mark.parametrize("run", [accesses, narrow])
@pytest.mark.parametrize(("where", "offset", "kind"), [
    (0, 2, "wild-access"), (1, 1, "wild-access"), (2, 2, "wild-access"), (3, 0, "use-after-free"),
    (4, 0, "use-after-free"), (5, 0, "wild-access"), (6, 0, "wild-access"),
])
def test_what_is_wrong_is_found(run: object, where: int, offset: int, kind: str, folder: Path) -> None:
    fast, _, found = both(folder, run, where=where, offset=offset)
    assert found == kind
    assert fast >= 1


def test_half_aligned_words_are_for_narrow_accesses(folder: Path) -> None:
    assert both(folder, narrow, where=2, offset=4)[::2] == (0, "")
    assert both(folder, accesses, where=2, offset=4)[2] == "wild-access"


@pytest.mark.skipif(not X86, reason="locks have a fast way on x86 only")
def test_a_free_lock_is_taken_and_an_operation_shares_its_stamp(folder: Path) -> None:
    made = Counted(folder)
    rows, long, kind = made.steps(locks)
    made.close()
    assert (long, kind) == (0, "")
    stamps = [row.stamp for row in rows]
    assert [stamp is not None for stamp in stamps] == [True, False, True, True, False, True]
    assert stamps[2] == stamps[3], "the first operation belongs to the release before it"
    assert stamps[5] is not None
    assert stamps[3] is not None
    assert stamps[5] > stamps[3], "the second one to a store"


def test_a_second_hold_takes_the_long_way(folder: Path) -> None:
    fast, long, kind = both(folder, nested)
    assert kind == ""
    assert (fast, long) == (4 if X86 else 6, 6)


@pytest.mark.parametrize("taken", [0xFF, 0x100], ids=["held", "wanted"])
def test_a_lock_that_is_not_free_is_waited_for(taken: int, folder: Path) -> None:
    """Alone it would wait for ever, which is a violation: here it is the area of what runs alone that comes."""
    made = Counted(folder)
    lock = made.program.layout.locks["lock"]
    made.arena.store(lock, taken)
    made.arena.store(made.program.layout.thread(ROLES.index(locks)) + w.T_INDEX, w.ALONE_INDEX)
    assert made.steps(locks)[2] == "deadlock"
    made.close()


def test_a_void_round_is_not_recorded(folder: Path) -> None:
    made = Counted(folder)
    made.arena.store(made.program.layout.thread(0) + w.T_NEXT, w.NEVER)
    made.steps(accesses)
    before = ring_steps(made.program, made.arena, 0, 64)
    made.arena.store(w.H_HALT, w.HALT_VOID)
    made.entry(ROLE, made.arena.address, made.program.layout.thread(0), made.tail.ALONE)
    assert ring_steps(made.program, made.arena, 0, 64) == before
    made.close()


def test_perturbations_come_at_their_rate(folder: Path) -> None:
    """One step in eight: at any time the next one is eight steps away on average."""
    made = Counted(folder)
    area = made.program.layout.thread(ROLES.index(turns))
    made.arena.store(area + w.T_CHANCE, 1 << 13)
    made.arena.store(area + w.T_MODE, w.MODE_RING | w.MODE_YIELD)
    made.arena.store(area + w.T_NEXT, 0)
    dues = set()
    for _ in range(40):
        made.run(ROLES.index(turns))
        dues.add(made.arena.load(area + w.T_NEXT) - made.arena.load(area + w.T_SEQUENCE))
    made.close()
    assert all(0 <= due < 200 for due in dues)
    assert 3 < sum(dues) / len(dues) < 25


def test_a_value_given_for_one_run_is_no_constant_of_another(folder: Path) -> None:
    """A parameter that no variant changes is a constant until somebody gives it a value."""
    for params in ({"where": 1}, {"where": 1, "offset": 1}, {"where": 1}):
        made = Counted(folder, **params)
        assert made.steps(accesses)[2] == ("wild-access" if "offset" in params else "")
        made.close()
