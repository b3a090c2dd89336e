"""The arena file: owner, header, sweeping, running out of room."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import MachineError, UsageError
from engine.memory import arena as A
from engine.memory.arena import Arena, start_time, sweep


def test_a_new_arena_is_zero_after_its_header(tmp_path: Path) -> None:
    a = Arena.create(8192, tmp_path, run_id=7)
    assert [a.load(o) for o in (A.MAGIC, A.VERSION, A.OWNER_PID, A.RUN_ID, A.SIZE, A.STOP)] == [
        A.MAGIC_VALUE, A.VERSION_VALUE, os.getpid(), 7, 8192, 0]
    assert not any(a.bytes[64:])
    assert a.owner_alive()
    a.close()
    a.unlink()
    assert list(tmp_path.iterdir()) == []


def test_attached_mappings_share_the_memory(tmp_path: Path) -> None:
    a = Arena.create(4096, tmp_path)
    b = Arena.attach(a.path)
    a.store(1024, 0x1122334455667788)
    assert b.load(1024) == 0x1122334455667788
    assert b.halves[1024 // 4] == 0x55667788
    b.stop()
    assert a.stopped
    a.close()
    b.close()


@pytest.mark.parametrize("content", [b"", b"x" * 8192])
def test_attach_refuses_what_is_no_arena(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / f"x{A.SUFFIX}"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.arena"):
        Arena.attach(file)


def test_attach_refuses_a_truncated_arena(tmp_path: Path) -> None:
    a = Arena.create(8192, tmp_path)
    a.close()
    os.truncate(a.path, 4096)
    with pytest.raises(UsageError, match="not an arena"):
        Arena.attach(a.path)


def test_no_room_is_an_error_with_the_folder_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=f"KiB in {tmp_path}"):
        Arena.create(1 << 60, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_block_is_reserved_at_once(tmp_path: Path) -> None:
    """A full shared memory must be an error at creation, not a SIGBUS at the first touch of a page."""
    a = Arena.create(1 << 20, tmp_path)
    assert a.path.stat().st_blocks * 512 >= 1 << 20
    a.close()


def test_a_full_disk_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(MachineError, match=r"no room for an arena of 1024 KiB in .*; make room there"):
        Arena.create(1 << 20, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cannot create an arena in"):
        Arena.create(4096, tmp_path / "missing")


def test_the_default_folder_goes_with_the_arena() -> None:
    a = Arena.create(4096)
    assert a.path.parent.is_dir()
    a.close()
    a.unlink()
    assert not a.path.parent.exists()


_CREATE = """
import sys, pathlib
from engine.memory.arena import Arena
folder = pathlib.Path(sys.argv[1]) / "pttorture-x"
folder.mkdir()
print(Arena.create(4096, folder).path, flush=True)
sys.stdin.read()
"""


def test_sweep_takes_the_arenas_of_the_dead_only(tmp_path: Path) -> None:
    mine = Arena.create(4096, tmp_path)
    other = tmp_path / f"notes{A.SUFFIX}"
    other.write_text("not an arena, and not ours to remove" * 4)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", _CREATE, str(tmp_path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        theirs = Path(child.stdout.readline().strip())
        assert sweep(tmp_path) == []
        child.kill()
    assert sweep(tmp_path) == [theirs]
    assert not theirs.parent.exists()
    assert mine.path.exists()
    assert other.exists()
    mine.close()


def test_a_recycled_process_id_does_not_keep_an_arena(tmp_path: Path) -> None:
    a = Arena.create(4096, tmp_path)
    a.store(A.OWNER_START, start_time(os.getpid()) - 1)
    assert not a.owner_alive()
    a.close()
    assert sweep(tmp_path) == [a.path]
