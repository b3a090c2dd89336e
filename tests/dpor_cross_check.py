"""Every execution, all classes and `dpor` side by side on random programs.

    python -m tests.dpor_cross_check FIRST COUNT [MODEL]

FIRST: a seed, see `dpor_programs`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from engine.declare import Scenario
from engine.errors import UsageError
from engine.explore.load import LOCKS, Machine
from engine.language.program import build
from tests import dpor_programs
from tests.dpor_oracle import Classes, Raw, Reduced, TooManyError
from tests.protocol_source import load

MOST = 3000


def machine_of(scenario: Scenario, seed: int, model: str = "sc") -> Machine:
    program = build(scenario)
    lock = random.Random(seed).choice(LOCKS)
    try:
        return Machine(program, lock=lock, steps=200, model=model)
    except UsageError:  # it downgrades, which pthread locks cannot
        return Machine(program, steps=200, model=model)


def difference(scenario: Scenario, seed: int, most: int = MOST, model: str = "sc") -> tuple[str, str]:
    """What is wrong with a program, and what there is to tell about it."""
    machine = machine_of(scenario, seed, model)
    if machine.failed:
        return "", "fails at once"
    try:
        classes = Classes(machine, most)
        raw = Raw(machine, 10 * most)
    except TooManyError:
        return "", "too large"
    reduced = Reduced(machine)
    wrong = [text for text, a, b in (
        ("executions", reduced.executions, len(classes.classes)), ("blocked", reduced.blocked, 0),
        ("diverged", reduced.diverged, 0), ("violations", reduced.violations, raw.violations),
        ("final states", reduced.finals, raw.finals),
    ) if a != b]
    text = f"lock {machine.lock}: {raw.executions} executions, {len(classes.classes)} classes, dpor " \
           f"{reduced.executions}, blocked {reduced.blocked}, redundant {reduced.redundant}, " \
           f"diverged {reduced.diverged}; violations {sorted(raw.violations ^ reduced.violations)}, " \
           f"finals {len(raw.finals)} {len(reduced.finals)}"
    return (f"{', '.join(wrong)}: {text}" if wrong else ""), "told" if raw.violations else "clean"


def compare(folder: Path, seeds: range, most: int = MOST, model: str = "sc") -> Iterator[tuple[int, str, str]]:
    """For every seed what is wrong, "" for nothing, and what kind of program it was."""
    for first in range(seeds.start, seeds.stop, 100):
        part = range(first, min(first + 100, seeds.stop))
        scenarios = load(folder, dpor_programs.module(part)).SCENARIOS
        for seed, scenario in zip(part, scenarios, strict=True):
            yield seed, *difference(scenario, seed, most, model)


def main(first: int, count: int, model: str = "sc") -> int:
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed, wrong, kind in compare(Path(folder), range(first, first + count), model=model):
            kinds["wrong" if wrong else kind] += 1
            if wrong:
                print(f"seed {seed}: {wrong}", flush=True)
    print(dict(kinds))
    return int("wrong" in kinds)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
