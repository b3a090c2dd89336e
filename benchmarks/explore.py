"""How fast the machine is: `python -m benchmarks.explore [seconds]`.

Executions and steps a second, all checks on, of `random` and `dfs`, under each memory model: two threads of five
load-store increments (20 steps an execution under sc), and S4-a with its fix. Each line is the best of several runs by
the CPU time of this process, so that a machine with other work says nearly the same as an idle one. Then the words of a
state, how many of them an execution touches, and how long the machine takes to compile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Final

from engine import Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.explore import explore
from engine.explore.load import MODELS, Machine
from engine.language.program import Program, build
from scenarios import find

COUNT = Word("count")
INCREMENTS = Param("increments", 5)
RUNS: Final = 8


@protocol
def increment(mem: Mem) -> None:
    for _ in range(INCREMENTS):
        mem.write_once(COUNT, mem.read_once(COUNT) + 1)


TWO: Final = Scenario("increments", "Two threads of five load-store increments.",
                      (Role("A", increment), Role("B", increment)), (Variant("plain"),), small=Geometry(4, 1, 2))


@dataclass(frozen=True)
class Rate:
    """The best run: executions and steps a second of CPU time; `length`: steps taken an execution."""

    executions: float
    steps: float
    length: float


def measure(program: Program, strategy: str, model: str, seconds: float) -> Rate:
    """Several runs of `seconds / RUNS` each; the search goes on behind violations."""
    best = Rate(0.0, 0.0, 0.0)
    for _ in range(RUNS):
        begin = time.process_time()
        result = explore(program, strategy=strategy, model=model, seconds=seconds / RUNS, stop_at_first=False)
        used = time.process_time() - begin
        if result.executions / used > best.executions:
            best = Rate(result.executions / used, result.steps / used, result.steps / result.executions)
    return best


def touched(machine: Machine) -> int:
    """Words of the state that one execution changes: it is what a sampler takes back."""
    machine.restart()
    while not machine.failed:
        if (t := machine.chooser()) >= 0:
            machine.choose(t, 0)
        elif enabled := machine.enabled():
            machine.step(enabled[0])
        else:
            break
    return (machine.mark - machine.base) // 2


def compiling() -> float:
    """Seconds of CPU time until the first execution with an empty cache, `random` and the controls together."""
    code = "from benchmarks.explore import *; explore(build(TWO), strategy='random', executions=1)"
    with tempfile.TemporaryDirectory() as folder:
        before = os.times().children_user
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": folder}, check=True)
        return os.times().children_user - before


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    scenario, broken = find("S4-a")
    fixed = next(v for v in scenario.variants if v.name == "pin")
    programs = [("two threads of five increments", build(TWO)), ("S4-a", build(scenario, broken.name)),
                (f"its fix ({fixed.name})", build(scenario, fixed.name))]
    print(f"{'program':32} {'strategy':8} {'model':5} {'executions/s':>14} {'steps/s':>12} {'steps each':>10}")
    for name, program in programs:
        for strategy in ("random", "dfs"):
            for model in MODELS:
                rate = measure(program, strategy, model, seconds)
                print(f"{name:32} {strategy:8} {model:5} {rate.executions:14,.0f} {rate.steps:12,.0f} "
                      f"{rate.length:10.1f}")
    for name, program in programs:
        machine = Machine(program)
        print(f"{name}: {len(machine.S):,} words of state, {touched(machine):,} of them touched by an execution")
    print(f"compiling: {compiling():.1f} s of CPU time with an empty cache")


if __name__ == "__main__":
    main()
