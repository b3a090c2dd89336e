"""The machine with and without Numba, and a cache that never runs an old meaning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.jit import HAVE_NUMBA, content_key

ROOT = Path(__file__).parents[1]

RUN = """
import json
from engine.explore import explore, replay, smallest
from engine.jit import HAVE_NUMBA
from engine.language.program import build
from tests.test_explore_detectors import CASES
from tests.test_explore_undo import SCENARIOS

out = []
for scenario, fault, kind, message in CASES:
    if kind == "step-limit" and fault == 2:
        continue  # a million local operations
    program = build(scenario, params={"fault": fault})
    for options in ({}, {"strategy": "random", "executions": 5, "seed": 7}):
        r = explore(program, steps=300, **options)
        out.append([r.executions, r.steps, r.complete, r.preemptions, r.schedule and r.schedule.to_json(),
                    r.schedule and repr(replay(program, r.schedule))])
for scenario in SCENARIOS:
    for lock in ("qrwlock", "pthread-writer", "write"):
        r = explore(build(scenario), strategy="random", executions=10, seed=3, lock=lock, stop_at_first=False)
        out.append([r.executions, r.steps, r.found, r.counters])
print(json.dumps([HAVE_NUMBA, out]))
"""


def run(code: str, **environment: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=250,
                          env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.skipif(not HAVE_NUMBA, reason="compares Numba with plain Python")
def test_plain_python_gives_the_same_executions():
    (with_numba, compiled), (without, plain) = (json.loads(run(RUN, PTTORTURE_JIT=j)) for j in "10")
    assert (with_numba, without) == (True, False)
    assert plain == compiled
    assert len(plain) > 50


def test_the_key_covers_every_file(tmp_path):
    (tmp_path / "inner").mkdir()
    helper = tmp_path / "inner" / "helper.py"
    helper.write_text("A = 1\n")
    before = content_key(tmp_path)
    content_key.cache_clear()
    helper.write_text("A = 2\n")
    assert content_key(tmp_path) != before


HELPER = "from engine.jit import jit\n\n@jit\ndef helper(a):\n    return a + {}\n"
CALLER = """
from pathlib import Path
from engine.jit import entry
from helper import helper

@entry(Path(__file__).parent)
def caller(a):
    return helper(a)
"""


@pytest.mark.skipif(not HAVE_NUMBA, reason="there is a cache with Numba only")
def test_an_edited_helper_changes_the_meaning(tmp_path):
    """Numba's own cache would go on with the old helper: the file of the caller has not changed."""
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'src')!r}); from caller import caller; print(caller(1))"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "caller.py").write_text(CALLER)
    answers = []
    for number in (10, 20, 10):
        (tmp_path / "src" / "helper.py").write_text(HELPER.format(number))
        answers.append(run(code, NUMBA_CACHE_DIR=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1").strip())
    assert answers == ["11", "21", "11"]
    assert len(list((tmp_path / "cache" / "pttorture").iterdir())) == 2


@pytest.mark.skipif(not HAVE_NUMBA, reason="there is a cache with Numba only")
def test_without_a_writable_folder_the_cache_is_temporary(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code = ("from engine.jit import cache_folder; f = cache_folder('k'); print(f); assert f.is_dir()")
    folder = run(code, NUMBA_CACHE_DIR=str(blocked)).strip()
    assert not Path(folder).exists()


@pytest.mark.skipif(not HAVE_NUMBA, reason="there is a cache with Numba only")
def test_of_two_processes_one_compiles_and_the_other_waits(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "helper.py").write_text(HELPER.format(10))
    code = ("from caller import caller; print('ready', flush=True); input(); "
            "print(caller(1), sum(caller.__wrapped__.stats.cache_misses.values()))")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    pipe = subprocess.PIPE
    both = [subprocess.Popen([sys.executable, "-c", code], env=env, stdin=pipe, stdout=pipe, text=True) for _ in "ab"]
    assert [each.stdout.readline() for each in both] == ["ready\n"] * 2
    for each in both:
        each.stdin.write("\n")
        each.stdin.flush()
    assert sorted(each.communicate(timeout=120)[0] for each in both) == ["11 0\n", "11 1\n"]
