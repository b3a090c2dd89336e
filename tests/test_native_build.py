"""Compiled programs in the cache: found again, and never stale."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.declare import Geometry, Scenario
from engine.language.program import build
from engine.native import build as native
from engine.native.source import generate
from tests.native_help import Alone
from tests.protocol_source import scenario as from_text
from tests.protocols.counter import SCENARIO

HELPER = """from engine import protocol
@protocol
def helper(x: int) -> int:
    return x + {}
"""
MAIN = """from engine import Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from native_cache_helper import helper
X = Word("X")
@protocol
def main(mem: Mem) -> None:
    mem.write_once(X, helper(mem.read_once(X)))
SCENARIO = Scenario("cached", "", (Role("A", main),), (Variant("v"),))
"""


def scenario(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    for name in ("native_cache_helper", "native_cache_main"):
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    found: Scenario = module.SCENARIO
    return found


def test_an_edited_helper_has_its_new_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "native_cache_main.py").write_text(MAIN)
    for added in (1, 50, 1):
        (tmp_path / "native_cache_helper.py").write_text(HELPER.format(added))
        program = build(scenario(tmp_path, monkeypatch), geometry=Geometry(2, 1, 2), folded=False)
        alone = Alone(program, tmp_path)
        assert alone.run() is None
        assert alone.arena.load(alone.word("X")) == added
        alone.close()


def test_all_variants_share_one_text() -> None:
    texts = {generate(build(SCENARIO, v.name, folded=False), checks=True) for v in SCENARIO.variants}
    assert len(texts) == 1
    assert len({generate(build(SCENARIO, v.name, folded=True), checks=True) for v in SCENARIO.variants}) == 3


def test_the_executors_own_sources_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = native.environment()
    monkeypatch.setattr(native, "_SOURCES", native._SOURCES[:-1])
    assert native.environment.__wrapped__() != before


def test_a_cache_that_cannot_be_written_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                    caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))  # a folder cannot be made below a file
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with caplog.at_level(logging.WARNING):
        folder = native.cache_folder.__wrapped__()
    assert folder.parent == tmp_path
    assert "cannot be written; compiled programs go to" in caplog.text


CIRCLE = """from engine import Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
X = Word("X")
@protocol
def even(mem: Mem, n: int) -> int:
    mem.atomic64_inc(X)
    if n == 0:
        return 1
    return odd(mem, n - 1)
@protocol
def odd(mem: Mem, n: int) -> int:
    mem.atomic64_add(X, 16)
    if n == 0:
        return 0
    return even(mem, n - 1)
@protocol
def main(mem: Mem) -> None:
    mem.write_once(X, even(mem, 4) + mem.read_once(X) * 256)
SCENARIO = Scenario("circle", "", (Role("A", main),), (Variant("v"),))
"""
RUN = """import sys
from pathlib import Path
from circle import SCENARIO
from engine.language.program import build
from engine.native import build as native
from tests.native_help import Alone
from tests.protocol_source import scenario as from_text
alone = Alone(build(SCENARIO, folded=False), Path(sys.argv[1]))
found = alone.run()
hits = sum(native.prepare(alone.program).stats.cache_hits.values())
print(found, hex(alone.arena.load(alone.word("X"))), hits)
alone.close()
"""


def test_protocols_that_call_in_a_circle_work_from_the_cache(tmp_path: Path) -> None:
    """In a second process: code that Numba loads cannot call what only the compiling process has an address of."""
    (tmp_path / "circle.py").write_text(CIRCLE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), str(tmp_path)])}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", RUN, str(tmp_path)], env=environment, capture_output=True,
                              text=True, timeout=300, check=False)
        assert (done.returncode, done.stdout[:11]) == (0, "None 0x2301"), done.stderr
    assert done.stdout == "None 0x2301 1\n"  # the second time it was loaded


def test_a_users_variables_hide_none_of_ours(tmp_path: Path) -> None:
    text = """
@protocol
def role(mem):
    put(mem, 3, 4, 5, 6, 7)
@protocol
def helper_entry(mem, me, B, p, np):
    np = me + B + p + np
    return np
@protocol
def put(mem, B, me, numba, site, alone):
    _c1 = 100
    mem.write_once(A, helper_entry(mem, me, B, numba, site + alone + _c1))
"""
    alone = Alone(build(from_text(tmp_path, text, roles=["role"]), folded=False), tmp_path)
    assert alone.run() is None
    assert alone.arena.load(alone.word("A")) == 125
    alone.close()
