"""What a campaign costs beside the bare threads: `python -m benchmarks.campaign [--seconds S] [--turns N] [NAME]`.

Sides take turns, each for as long on the wall clock; figures are rounds a second of that clock and their ratios to the
first side, medians of all turns.

    bare        the threads of one session, checked, nothing recorded, nobody looks
    recorder    each thread keeps its last steps
    campaign    as `pttorture campaign`: store, crew, watch, recorder, an arena and workers for every round of 10 s
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.driving import drive
from engine.language.program import Program, build
from scenarios import find
from stress.campaign.cell import Cell
from stress.campaign.choosing import Chooser, Standing
from stress.campaign.crew import LocalCrew
from stress.campaign.health import Disk
from stress.campaign.loop import Campaign
from stress.campaign.status import Figures, Status
from stress.console import Console
from stress.machine import cpus
from stress.options import PERTURB
from stress.store.store import Store
from stress.store.view import look

ROUND = 10.0  # seconds: what a campaign's rounds grow to


def bare(program: Program, seconds: float, *, recorder: bool) -> float:
    """Rounds a second."""
    begin = time.perf_counter()
    rounds = drive(program, seconds, perturb=PERTURB["native"], recorder=recorder).rounds
    return rounds / (time.perf_counter() - begin)


class Running:
    """One crew and one store for all turns: what a night has after its first minute."""

    def __init__(self, folder: Path, name: str) -> None:
        scenario, variant = find(name)
        self.cell = Cell(scenario.name, variant.name, perturb=PERTURB["native"])
        self.folder = folder
        self.store = Store.create(folder, seed=1, config={}, names=[name])
        self.crew = LocalCrew(folder / "logs", 1, cpus(), 1 << 33)
        self.number = 10

    def turn(self, seconds: float) -> float:
        """Rounds a second of the wall clock."""
        standing = Standing(self.cell, number=self.number, rounds=1)
        figures = Figures(cells=1, seconds=seconds)
        status = Status(Console(io.StringIO(), quiet=True), figures)
        made = Campaign(self.store, _Kept(self.crew), Chooser([standing], 1, ROUND), status,
                        Disk(self.folder, 0))
        begin = time.perf_counter()
        made.run()
        spent = time.perf_counter() - begin
        with look(self.folder) as view:
            rounds = sum(row.rounds or 0 for row in view.rounds() if row.round.number >= self.number)
        self.number = standing.number
        return rounds / spent

    def close(self) -> None:
        self.crew.close()
        self.store.close()


class _Kept:
    """A crew that outlives a campaign."""

    def __init__(self, crew: LocalCrew) -> None:
        self.takes, self.start, self.poll = crew.takes, crew.start, crew.poll
        self.busy, self.resident = crew.busy, crew.resident

    def close(self) -> None:
        """It works on in the next turn."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="parent-freed:restart")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    scenario, variant = find(args.name)
    program = build(scenario, variant.name, geometry=scenario.geometry, folded=False)
    with tempfile.TemporaryDirectory() as folder:
        running = Running(Path(folder) / "store", args.name)
        try:
            bare(program, 0.5, recorder=True)
            running.turn(1.0)
            rates: dict[str, list[float]] = {"bare": [], "recorder": [], "campaign": []}
            for _ in range(args.turns):
                rates["bare"].append(bare(program, args.seconds, recorder=False))
                rates["recorder"].append(bare(program, args.seconds, recorder=True))
                rates["campaign"].append(running.turn(args.seconds))
        finally:
            running.close()
    for side, found in rates.items():
        ratio = statistics.median(each / base for each, base in zip(found, rates["bare"], strict=True))
        print(f"{side:9} {statistics.median(found):10,.0f} rounds/s  {ratio:.3f} of bare")


if __name__ == "__main__":
    main()
