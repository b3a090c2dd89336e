"""Locks of the native executor: exclusion, who waits, contexts, the deadlock S4-c."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.language.program import build
from engine.native.session import Session
from tests.native_help import driven, until
from tests.protocols.locking import EXCLUSION, NESTING

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token")]
ROUNDS = 20_000
PERTURB = "yield:0.05"


@pytest.mark.parametrize("variant", ["write", "spin", "upgrade", "downgrade", "trylock", "read"])
def test_qrwlock_excludes(variant: str, tmp_path: Path) -> None:
    with driven(build(EXCLUSION, variant, folded=False), tmp_path, perturb=PERTURB) as session:
        until(lambda: session.progress().overlapped_rounds > ROUNDS)
        assert session.progress().violations == ()


@pytest.mark.parametrize("lock", ["pthread", "pthread-writer"])
@pytest.mark.parametrize("variant", ["flat", "interrupt"])
def test_pthread_locks_exclude(variant: str, lock: str, tmp_path: Path) -> None:
    program = build(NESTING, variant, folded=False, params={"nested": 0})
    with driven(program, tmp_path, lock=lock, perturb=PERTURB) as session:
        until(lambda: session.progress().overlapped_rounds > ROUNDS)
        assert session.progress().violations == ()


def test_readers_do_not_exclude_each_other(tmp_path: Path) -> None:
    program = build(EXCLUSION, "write", folded=False, params={"how": 1})
    with driven(program, tmp_path, perturb=PERTURB) as session:
        until(lambda: session.progress().overlapped_rounds > ROUNDS)
        assert session.progress().violations == ()


@pytest.mark.parametrize("lock", ["qrwlock", "pthread-writer"])
def test_nested_read_hangs_and_is_reported(lock: str, tmp_path: Path) -> None:
    with driven(build(NESTING, "process", folded=False), tmp_path, lock=lock, perturb="yield:0.2") as session:
        until(lambda: len(session.who_waits()) == 2)
        until(lambda: bool(session.progress().violations))
        found = session.progress().violations[0]
        assert found.kind == "deadlock"
        assert "CPU1 unmap waits for lock (write), held by CPU0 map (read)" in found.message
        assert "CPU0 map waits for lock (read), held by CPU0 map (read), " in found.message
        assert found.message.endswith("behind CPU1 unmap (write, queued)")
        rounds = session.progress().rounds
        until(lambda: session.progress().rounds > rounds)  # the rounds go on


@pytest.mark.parametrize(("variant", "lock"), [("interrupt", "qrwlock"), ("process", "pthread"), ("flat", "qrwlock")])
def test_nested_read_does_not_hang(variant: str, lock: str, tmp_path: Path) -> None:
    with driven(build(NESTING, variant, folded=False), tmp_path, lock=lock, perturb=PERTURB) as session:
        until(lambda: session.progress().overlapped_rounds > ROUNDS)
        assert session.progress().violations == ()


def test_unknown_lock_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="qrwlock, pthread, pthread-writer"):
        Session.create(build(EXCLUSION, "write", folded=False), folder=tmp_path, lock="fair")


def test_pthread_cannot_downgrade(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"locking.py:\d+ downgrades a lock, which pthread cannot"):
        Session.create(build(EXCLUSION, "downgrade", folded=False), folder=tmp_path, lock="pthread")
    assert not list(tmp_path.iterdir())
