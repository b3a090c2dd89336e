"""What two searches of one program must agree on, whatever their order: violations with their places, final words.

`python -m tests.state_rig FIRST COUNT [MODEL]` compares `states` with unbounded `dfs` on so many random programs.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.explore import strategies
from engine.explore.load import LOCKS, Machine
from engine.explore.machine import cells as c
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.language.program import Program, build
from tests import dpor_programs
from tests.protocol_generator import module
from tests.protocol_source import load

Place = tuple[int, int, int]  # kind, row, thread


@dataclass
class Seen:
    """What a search saw. `finals`: see `finals`, at the end of each clean execution."""

    violations: set[Place] = field(default_factory=set)
    finals: set[tuple[tuple[int, int], ...]] = field(default_factory=set)
    complete: bool = False
    executions: int = 0
    states: int = 0


def everything(program: Program, name: str, *, lock: str = "qrwlock", model: str = "sc", most: int = 20_000,
               steps: int = 10_000, compact: bool = False) -> Seen:
    """Run a search to its end, or to so many executions, and note how each execution ended."""
    machine = Machine(program, lock=lock, model=model, steps=steps)
    seen = Seen()
    if machine.failed:
        return Seen({_place(machine)}, complete=True)
    strategy = strategies.load(name)(machine, Options(executions=most, compact=compact))
    end = x.BUDGET
    while end not in (x.COMPLETE, x.ENOUGH, x.LIMIT):
        before = strategy.count(x.X_EXECUTIONS)
        end = strategy.run(1)
        if strategy.count(x.X_EXECUTIONS) > before:
            if end == x.FOUND:
                seen.violations.add(_place(machine))
            elif not machine.failed:
                seen.finals.add(finals(machine))
    seen.complete, seen.executions = end == x.COMPLETE, strategy.count(x.X_EXECUTIONS)
    seen.states = strategy.count(x.X_STATES)
    return seen


def finals(machine: Machine) -> tuple[tuple[int, int], ...]:
    """The modelled words, but for the contents of free frames, which nobody can read any more."""
    layout = machine.program.layout
    size = layout.frame_bytes

    def readable(address: int) -> bool:
        record = int(machine.C[c.C_RECORDS]) + (address - layout.FRAMES) // size * c.F_SIZE
        return address < layout.FRAMES or bool(machine.S[record + c.F_ALLOCATED])

    return tuple(sorted((a, word) for a, word in machine.memory().items() if readable(a)))


def _place(machine: Machine) -> Place:
    """Nothing there: a livelock, which is in the strategy's path and not in the machine's state."""
    return int(machine.S[c.S_KIND]), int(machine.S[c.S_PC]), int(machine.S[c.S_THREAD])


def random_programs(seed: int, folder: Path, groups: int = 20, budget: int = 3) -> Iterator[tuple[str, Program, str]]:
    """A name, a small program, and a lock rule."""
    rules = LOCKS if seed % 2 else tuple(name for name in LOCKS if not name.startswith("pthread"))
    protocols = load(folder, module(seed, groups, downgrades=seed % 2 == 0, budget=budget))
    for number, scenario in enumerate(protocols.SCENARIOS):
        yield f"seed {seed} g{number}", build(scenario), rules[number % len(rules)]


def waiting_programs(seeds: range, folder: Path) -> Iterator[tuple[str, Program, str]]:
    """The same of smaller ones, whose threads wait for each other too."""
    for seed, scenario in zip(seeds, load(folder, dpor_programs.module(seeds)).SCENARIOS, strict=True):
        program, lock = build(scenario), LOCKS[seed % len(LOCKS)]
        downgrades = any(site.primitive == "downgrade" for site in program.sites)
        yield f"seed {seed}", program, "qrwlock" if downgrades and lock.startswith("pthread") else lock


def agree(name: str, program: Program, lock: str, most: int = 20_000, model: str = "sc") -> bool:
    """Compare `states` with `dfs`; false if `dfs` did not come to its end."""
    wanted = everything(program, "dfs", lock=lock, model=model, most=most)
    if not wanted.complete:
        return False
    found = everything(program, "states", lock=lock, model=model, most=1 << 60)
    assert found.complete, name
    assert found.violations == wanted.violations, (name, lock, found.violations, wanted.violations)
    assert found.finals == wanted.finals, (name, lock)
    assert found.executions <= wanted.executions, name
    return True


def main(first: int, count: int, model: str = "sc") -> None:
    done = skipped = 0
    seed = first
    while done < count:
        with tempfile.TemporaryDirectory() as folder:
            for name, program, lock in waiting_programs(range(seed, seed + 100), Path(folder)):
                if agree(name, program, lock, model=model):
                    done += 1
                else:
                    skipped += 1
        seed += 100
        print(f"{model}: {done} programs agree, {skipped} too large, up to seed {seed}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
