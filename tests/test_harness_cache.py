"""The cache of compiled code: what goes, what stays, beside whom; and a disk that is full during a compilation."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.jit import HAVE_NUMBA
from stress import cache

ROOT = Path(__file__).parent.parent
NOW = 2_000_000_000.0
NAMES = [f"pttorture_program_{n:032x}" for n in range(5)]


def native(home: Path, name: str, days: float, size: int = 4096) -> list[Path]:
    """A native unit that was used so many days ago."""
    (home / "__pycache__").mkdir(exist_ok=True)
    objects = home / "__pycache__" / f"{name}.entry-1.py311.1.nbc"
    files = [home / f"{name}.py", home / f"{name}.lock", objects, home / f"{name}.4711"]
    for file in files:
        file.write_bytes(b"x" * (size if file is objects else 0))
        os.utime(file, (NOW - days * cache.DAY,) * 2)
    return files


def folder(home: Path, name: str, days: float) -> Path:
    made = home / name
    (made / "machine_1").mkdir(parents=True)
    (made / "machine_1" / "step.nbc").write_bytes(b"x" * 4096)
    os.utime(made, (NOW - days * cache.DAY,) * 2)
    return made


def test_what_was_not_used_for_a_month_goes_with_all_its_files(tmp_path: Path) -> None:
    old, young = native(tmp_path, NAMES[0], 31), native(tmp_path, NAMES[1], 29)
    old_folder, young_folder = folder(tmp_path, "0" * 16, 31), folder(tmp_path, "1" * 16, 29)
    own = tmp_path / "mine.txt"
    own.write_text("not ours to remove")
    os.utime(own, (0, 0))
    assert sorted(cache.prune(tmp_path, NOW)) == sorted(["0" * 16, NAMES[0]])
    assert not [file for file in (*old, old_folder) if file.exists()]
    assert [file for file in (*young, young_folder, own) if not file.exists()] == []


def test_of_too_much_the_least_used_goes_and_nothing_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, days in zip(NAMES, (0.5, 5, 3, 2, 0.1), strict=True):
        native(tmp_path, name, days, 100_000)
    monkeypatch.setattr(cache, "MOST", 350_000)
    assert cache.prune(tmp_path, NOW) == [NAMES[1], NAMES[2]]
    (tmp_path / cache.STAMP).unlink()
    monkeypatch.setattr(cache, "MOST", 0)
    assert cache.prune(tmp_path, NOW) == [NAMES[3]]
    assert {file.stem for file in tmp_path.glob("*.py")} == {NAMES[0], NAMES[4]}


def test_it_looks_once_a_day(tmp_path: Path) -> None:
    native(tmp_path, NAMES[0], 31)
    stamp = tmp_path / cache.STAMP
    stamp.touch()
    os.utime(stamp, (NOW - cache.DAY / 2,) * 2)
    assert cache.prune(tmp_path, NOW) == []
    assert cache.prune(tmp_path, NOW + cache.DAY) == [NAMES[0]]


def test_what_somebody_loads_just_now_stays(tmp_path: Path) -> None:
    files = native(tmp_path, NAMES[0], 31)
    with open(files[1]) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert cache.prune(tmp_path, NOW) == []
    assert all(file.exists() for file in files)
    (tmp_path / cache.STAMP).unlink()
    assert cache.prune(tmp_path, NOW) == [NAMES[0]]


@pytest.mark.skipif(not HAVE_NUMBA, reason="compiles")
def test_use_is_noted(tmp_path: Path) -> None:
    """Loading again what is compiled makes it young."""
    code = ("from engine.native import build; from engine.jit import cache_folder; "
            "build.load('X = 1', 'program'); cache_folder('0' * 16)")
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    env.pop("NUMBA_CACHE_DIR", None)
    home = tmp_path / "pttorture"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, check=True, timeout=120)
        used = [*home.glob("*.lock"), home / ("0" * 16)]
        assert len(used) == 2
        assert all(path.stat().st_mtime > 1_000_000_000 for path in used)
        for path in home.iterdir():
            os.utime(path, (0, 0))


FULL = """
import errno, sys
import numba.core.caching as caching
from contextlib import contextmanager

@contextmanager
def full(self, path):
    raise OSError(errno.ENOSPC, "No space left on device")
    yield

caching.IndexDataCacheFile._open_for_write = full
"""


@pytest.mark.skipif(not HAVE_NUMBA, reason="compiles")
def test_a_disk_that_is_full_costs_a_search_only_its_compilation(tmp_path: Path) -> None:
    code = FULL + """
import numpy as np
from pathlib import Path
from engine.jit import entry
import engine.jit

@entry(Path(engine.jit.__file__))
def double(x):
    return 2 * x

print(double(21), double(4))
"""
    (tmp_path / "program.py").write_text(code)
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    env.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "program.py"], env=env, cwd=tmp_path, capture_output=True, text=True,
                          check=True, timeout=120)
    assert done.stdout == "42 8\n"
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{tmp_path}/pttorture/")
    assert "No space left on device; compiled code is not kept (set XDG_CACHE_HOME" in done.stderr


@pytest.mark.skipif(not HAVE_NUMBA, reason="compiles")
def test_a_disk_that_is_full_is_one_line_that_names_the_cache(tmp_path: Path) -> None:
    code = FULL + """
from engine.native import build
from stress import cli
text = "import numba\\n@numba.njit('int64(int64)', cache=True)\\ndef entry(x):\\n    return x\\n"
sys.exit(cli.answered(lambda: bool(build.load(text, "program"))))
"""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    env.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True,
                          check=False, timeout=120)
    assert done.returncode == 3
    assert done.stderr == (f"pttorture: compiled code cannot be kept in {tmp_path}/pttorture: No space left on device; "
                           "set XDG_CACHE_HOME to a folder that can be written and has room\n")
