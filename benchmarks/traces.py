"""How fast `dpor` is, and what it keeps: `python -m benchmarks.traces [runs]`.

The programs whose number of traces is known from the literature, each searched to its end `runs` times: executions a
second of this process's CPU time (the best run), steps taken for one execution, and the most events set aside at once.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from engine.explore import explore
from engine.language.program import Program, build
from tests.protocols import counts

PROGRAMS: Final[tuple[tuple[str, Program], ...]] = (
    ("readers(16)", build(counts.readers(16))),
    ("lastzero(15)", build(counts.lastzero(15), params={"size": 15})),
    ("two threads of five increments", build(counts.COUNTER, params={"increments": 5})),
)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    print(f"{'program':32} {'executions':>10} {'executions/s':>14} {'steps each':>10} {'set aside':>10} {'MB':>6}")
    for name, program in PROGRAMS:
        best = 0.0
        for _ in range(runs):
            begin = time.process_time()
            result = explore(program, strategy="dpor")
            best = max(best, result.executions / (time.process_time() - begin))
        print(f"{name:32} {result.executions:10,} {best:14,.0f} {result.steps / result.executions:10.2f} "
              f"{result.peak:10,} {result.bytes / 1e6:6.1f}")


if __name__ == "__main__":
    main()
