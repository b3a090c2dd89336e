"""Executions a second beside frontrun: `python -m benchmarks.frontrun [PYTHON] [runs]`.

Two threads increment one word by a load and a store, N times each, on both sides; frontrun's are Python functions
under its `frontrun` command, ours a protocol. PYTHON is an interpreter in whose environment frontrun is installed, this
one if not given (python -m venv fr; fr/bin/pip install frontrun; then give fr/bin/python). Sides alternate.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.explore import explore
from engine.language.program import build
from tests.protocols import words

MOST = 300  # executions of frontrun
SECONDS = 2.0  # of ours
PROGRAM = '''
import json, sys, time
import frontrun

class Counter:
    def __init__(self):
        self.value = 0

def worker(counter):
    for _ in range(int(sys.argv[1])):
        value = counter.value
        counter.value = value + 1

strategy, most = sys.argv[2], int(sys.argv[3])
options = dict(max_attempts=most) if strategy == "random" else dict(
    max_executions=most, preemption_bound=None, stop_on_first=False, reproduce_on_failure=0)
begin = time.perf_counter()
result = frontrun.explore(setup=Counter, workers=worker, count=2, invariant=lambda counter: True, strategy=strategy,
                          detect_io=False, **options)
print(json.dumps([result.num_explored, time.perf_counter() - begin]))
'''


def theirs(python: Path, increments: int, strategy: str) -> tuple[int, float]:
    """Executions, and executions a second; import and start are not counted."""
    command = python.parent / "frontrun"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(PROGRAM)
        done = subprocess.run([str(command), str(python), str(program), str(increments), strategy, str(MOST)],
                              cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"frontrun failed:\n{done.stderr[-500:]}")
    executions, seconds = json.loads(done.stdout.strip().split("\n")[-1])
    return executions, executions / seconds


def ours(increments: int, strategy: str) -> tuple[int, float]:
    program = build(words.scenario(words.increment, words.increment), params={"increments": increments})
    result = explore(program, strategy=strategy, seconds=SECONDS)
    return result.executions, result.executions / result.seconds


def main() -> None:
    args = sys.argv[1:]
    python = Path(args.pop(0) if args and not args[0].isdigit() else sys.executable).absolute()
    runs = int(args[0]) if args else 3
    if not (python.parent / "frontrun").exists():
        raise SystemExit(f"{python} has no frontrun beside it: install it there, or give the python that has it")
    for mine in ("random", "dfs"):
        ours(1, mine)  # compiles
    for increments, their_way, our_way in ((2, "dpor", "dfs"), (5, "dpor", "dfs"), (5, "random", "random")):
        pairs = [(theirs(python, increments, their_way), ours(increments, our_way)) for _ in range(runs)]
        there = statistics.median(rate for (_, rate), _ in pairs)
        here = statistics.median(rate for _, (_, rate) in pairs)
        print(f"two threads of {increments}: frontrun {their_way} {pairs[0][0][0]:,} executions, {there:,.0f}/s; "
              f"{our_way} {pairs[0][1][0]:,} executions, {here:,.0f}/s: {here / there:,.0f} times")


if __name__ == "__main__":
    main()
