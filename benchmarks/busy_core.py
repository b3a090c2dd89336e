"""Races seen with and without another process that keeps core 0 busy: `python -m benchmarks.busy_core [seconds]`.

    naive      every round starts afresh as soon as each thread sees the release; nothing is perturbed
    adaptive   roles aim at one moment, by offsets learnt from the rounds before; nothing is perturbed
    default    adaptive offsets, and threads give the CPU away now and then
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.driving import drive, overlap
from engine.declare import Scenario
from engine.language.program import build
from scenarios import find
from tests.protocols.counter import SCENARIO

WAYS = {"naive": (True, "none"), "adaptive": (False, "none"), "default": (False, "")}


def _spin() -> None:
    os.sched_setaffinity(0, {0})
    while True:
        pass


@contextmanager
def busy(wanted: bool) -> Iterator[None]:
    """Somebody else's program on core 0."""
    spinner = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    if wanted:
        spinner.start()
        time.sleep(0.5)
    try:
        yield
    finally:
        if wanted:
            spinner.kill()
            spinner.join()


def measure(scenario: Scenario, variant: str, way: str, seconds: float) -> str:
    naive, perturb = WAYS[way]
    progress = drive(build(scenario, variant, folded=False), seconds, naive=naive, perturb=perturb)
    seen = sum(found.count for found in progress.violations)
    return f"{progress.rounds:10,} rounds, race seen in {seen:8,}, {overlap(progress)}"


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    upgrade, version = find("both-give-up:rfc-v1")
    for scenario, variant in ((SCENARIO, "plain"), (upgrade, version.name)):
        for occupied in (False, True):
            with busy(occupied):
                for way in WAYS:
                    place = "core 0 busy" if occupied else "idle"
                    print(f"{scenario.name}:{variant:8} {place:12} {way:9}", measure(scenario, variant, way, seconds),
                          flush=True)


if __name__ == "__main__":
    main()
