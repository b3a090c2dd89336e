"""What counting coverage costs a search: steps a second with and without, in turns, in one process.

    python -m benchmarks.coverage_cost [SCENARIO:VARIANT [STRATEGY]]
"""

from __future__ import annotations

import sys
import time
from statistics import median

from engine.explore.coverage import Coverage
from engine.explore.load import Machine
from engine.explore.search import Search
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.language.program import build
from scenarios import find

TURNS = 20
SECONDS = 0.25  # of processor time, a turn


def rate(search: Search) -> float:
    """Steps a second of processor time."""
    begin, steps = time.process_time(), search.strategy.count(x.X_STEPS)
    while time.process_time() - begin < SECONDS:
        search.strategy.run(20_000)
    return (search.strategy.count(x.X_STEPS) - steps) / (time.process_time() - begin)


def main() -> None:
    name, strategy = [*sys.argv[1:], *("transient-get:rfc-v1", "random")[len(sys.argv) - 1:]]
    scenario, _, variant = name.partition(":")
    program = build(find(scenario)[0], variant)
    searches = {}
    for on in (False, True):
        machine = Machine(program, coverage=on)
        searches[on] = Search(machine, strategy, Options(), coverage=Coverage(machine, strategy) if on else None)
        searches[on].strategy.X[x.X_EACH] = 0
    rates: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(TURNS):
        for on in (False, True) if turn % 2 else (True, False):
            rates[on].append(rate(searches[on]))
    without, counted = median(rates[False]), median(rates[True])
    print(f"{name} {strategy}: {without:,.0f} steps/s without, {counted:,.0f} with coverage: "
          f"{100 * (1 - counted / without):.1f} % less")


if __name__ == "__main__":
    main()
