"""Plain code, compiled without checks: its read lock stands in the protocol itself and must still be a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Counter, Param, Role, RWLock, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.language.program import build
from engine.native.source import generate
from tests.native_help import driven, until

FIRST, SECOND = Word("first"), Word("second")
GUARD = RWLock("guard")
READ_LOCKED = Param("read_locked", 1)
LOOKS = Counter("looks")

pytestmark = pytest.mark.usefixtures("cpu_token")


@protocol
def write_both(mem: Mem) -> None:
    mem.write_lock(GUARD)
    value = mem.read_once(FIRST) + 1
    mem.write_once(FIRST, value)
    mem.write_once(SECOND, value)
    mem.write_unlock(GUARD)


@protocol
def read_both(mem: Mem) -> None:
    for _ in range(4):
        if READ_LOCKED:
            mem.read_lock(GUARD)
        first = mem.read_once(FIRST)
        mem.check(first == mem.read_once(SECOND), "check", "a reader sees half of a write")
        if READ_LOCKED:
            mem.read_unlock(GUARD)
        mem.count(LOOKS)


@protocol
def upgrade(mem: Mem) -> None:
    mem.read_lock(GUARD)
    if mem.try_upgrade(GUARD):
        mem.write_unlock(GUARD)
    else:
        mem.read_unlock(GUARD)


SCENARIO = Scenario("halves", "", (Role("writer", write_both), Role("reader", read_both)),
                    (Variant("locked"), Variant("bare", params={"read_locked": 0}, expects="check", kind="mutation")))
UPGRADES = Scenario("upgrades", "", (Role("A", upgrade),), (Variant("only"),))


@pytest.mark.parametrize("lock", ["qrwlock", "pthread"])
def test_readers_exclude_the_writer(lock: str, tmp_path: Path) -> None:
    program = build(SCENARIO, "locked", folded=False)
    assert '"bare"' in generate(program, checks=False)
    with driven(program, tmp_path, checks=False, lock=lock) as session:
        until(lambda: session.progress().overlapped_rounds > 2_000)
        assert session.progress().violations == ()
        assert session.progress().counters["looks"] > 0


def test_without_the_lock_the_reader_sees_half(tmp_path: Path) -> None:
    with driven(build(SCENARIO, "bare", folded=False), tmp_path, checks=False, perturb="delay:0.2:500") as session:
        until(lambda: bool(session.progress().violations))
        assert session.progress().violations[0].message == "a reader sees half of a write"


def test_a_program_that_upgrades_keeps_noting_its_holds(tmp_path: Path) -> None:
    program = build(UPGRADES, folded=False)
    assert '"plain"' in generate(program, checks=False)
    with driven(program, tmp_path, checks=False) as session:
        until(lambda: session.progress().rounds > 1_000)
        assert session.progress().violations == ()
