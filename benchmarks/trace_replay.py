"""How fast a trace is loaded and replayed in loops on two native threads.

    python -m benchmarks.trace_replay [TRACE] [SECONDS]

Sides are alternated in one run, three times; printed are medians, in million operations of the trace a second, and the
ratio to the first side: checks and recorder on, no bystanders. Empty tables are freed ("prune") or stay ("keep"); a
side with bystanders has one walker and one transient getter beside the streams. Nothing is perturbed but where it says
so: `pttorture trace` gives the CPU away before one step in twenty, which is what that side then measures.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from stress import running, tracing
from stress.console import Console
from stress.journal import Journal
from stress.trace import load, shipped
from stress.trace.live import prepare


@dataclass(frozen=True)
class Side:
    """One way to replay."""

    checks: bool = True
    bystanders: bool = False
    prune: bool = True
    perturb: str = "none"


SIDES = {
    "checks, prune": Side(),
    "checks, keep": Side(prune=False),
    "no checks, prune": Side(checks=False),
    "no checks, keep": Side(checks=False, prune=False),
    "checks, prune, walker and getter": Side(bystanders=True),
    "checks, prune, perturbed": Side(perturb=""),
}
TIMES = 3


def main(name: str, seconds: float) -> None:
    """Measure and print."""
    begin = time.perf_counter()
    trace = load(shipped()[name])
    print(f"{name}: {len(trace)} operations, loaded in {time.perf_counter() - begin:.2f} s")
    figures: dict[str, list[float]] = {side: [] for side in SIDES}
    prepared = {side: prepare(trace, 2, "split", bystanders=how.bystanders, prune=how.prune)
                for side, how in SIDES.items()}
    with tempfile.TemporaryDirectory() as folder:
        run = running.Run(argparse.Namespace(json=None), 1, Console(io.StringIO()), Journal(Path(folder)))
        with running.runner(run) as made:
            for _ in range(TIMES):
                for side, how in SIDES.items():
                    result = tracing.replay(run, made, prepared[side], seconds=seconds, checks=how.checks,
                                            perturb=how.perturb)
                    if result["outcome"] != "clean":
                        sys.exit(f"{side}: {result['outcome']}: {result['why']} {result['violations'][:1]}")
                    figures[side].append(result["operations_per_second"] / 1e6)
    stated = statistics.median(figures["checks, prune"])
    for side, values in figures.items():
        middle = statistics.median(values)
        print(f"  {side:<34} {middle:6.2f} M/s  ({min(values):.2f}..{max(values):.2f})  x{middle / stated:.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "nvme-lazy-spans", float(sys.argv[2]) if len(sys.argv) > 2 else 2.0)
