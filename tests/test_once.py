"""One process at a time makes what several need; who waits long says for what."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest

from engine import once
from engine.once import only_one


def test_a_wait_that_lasts_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "_SILENT", 0.0)
    path, said, got = tmp_path / "x.lock", threading.Event(), threading.Event()
    monkeypatch.setattr(once._log, "warning", lambda *_: said.set())

    def wait() -> None:
        with only_one(path):
            got.set()

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert said.wait(60)
        assert not got.is_set()
    waiter.join(60)
    assert got.is_set()


def test_nothing_is_said_of_a_lock_that_is_free(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with only_one(tmp_path / "x.lock"):
            pass
    assert caplog.records == []


def test_a_lock_that_cannot_be_had_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), only_one(tmp_path / "gone" / "x.lock"):
        raise AssertionError("not reached")
