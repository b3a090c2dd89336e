"""What a round costs its store: `python -m benchmarks.store_cost [folder] [rounds]`.

Begins and ends rounds whose results are those of real ones (a native one that reproduces its race, a search that finds
nothing), with three in flight. Prints milliseconds a call, bytes a round, and how long opening, looking and merging
take. The folder decides which disk is measured; a bare sync of a small file says what that disk does by itself.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from stress.campaign.cell import Cell, Round, seed_of
from stress.campaign.rounds import Rounds
from stress.findings.signature import findings_of
from stress.store.merging import merge
from stress.store.store import Store
from stress.store.view import look

T = TypeVar("T")
CELLS = (Cell("transient-get", "rfc-v1", perturb="yield:0.05"),
         Cell("transient-get", "rfc-v2", executor="explore", strategy="random"))


def timed(call: Callable[[], T], times: list[float]) -> T:
    """Appends milliseconds."""
    begin = time.perf_counter()
    answer = call()
    times.append((time.perf_counter() - begin) * 1e3)
    return answer


def round_of(cell: Cell, number: int) -> Round:
    return Round(cell, number, seed_of(1, cell, number), 0.0 if cell.searches else 1.0, 2000 if cell.searches else 0)


def results(folder: Path) -> dict[Cell, dict[str, Any]]:
    """One real result a cell; a later round, so that it is one of full length."""
    with Rounds(folder) as rounds:
        return {cell: {**rounds.run(round_of(cell, 9)), "memory": 1 << 27} for cell in CELLS}


def shown(what: str, times: list[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    print(f"{what:28} median {statistics.median(times):6.2f} ms, 99 % below {cuts[98]:6.1f} ms")


def bare(folder: Path, count: int) -> list[float]:
    """A page appended and synced."""
    times: list[float] = []
    with open(folder / "bare", "wb", buffering=0) as file:
        for _ in range(count):
            timed(lambda: (file.write(bytes(4096)), os.fdatasync(file.fileno())), times)
    return times


def filled(folder: Path, count: int, given: dict[Cell, dict[str, Any]], numbers: range) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"begin": [], "findings_of": [], "end": []}
    with Store.create(folder, seed=1, config={}, names=[]) as store:
        flying: list[tuple[int, Round]] = []
        for number in numbers[:count]:
            each = round_of(CELLS[number % 2], number)
            flying.append((timed(partial(store.begin, each), times["begin"]), each))
            if len(flying) == 3:
                row, each = flying.pop(0)
                result = {**given[each.cell], "seed": each.seed}
                found = timed(partial(findings_of, each.cell, result), times["findings_of"])
                timed(partial(store.end, row, result, found), times["end"])
    return times


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else None
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with tempfile.TemporaryDirectory(prefix="pttorture-cost-", dir=where) as name:
        folder = Path(name)
        given = results(folder)
        shown("a page and a sync, bare", bare(folder, 200))
        for what, times in filled(folder / "a", count, given, range(1 << 30)).items():
            shown(what, times)
        filled(folder / "b", count, given, range(count, 1 << 30))
        size = (folder / "a" / "campaign.sqlite").stat().st_size
        packed = {cell.mode: len(str(given[cell])) for cell in CELLS}
        print(f"{size / count:,.0f} bytes a round in the file ({size / 1e6:.1f} MB, {count} rounds); as text: {packed}")
        for what, call in {"open, checked": lambda: Store.open(folder / "a").close(),
                           "look": lambda: look(folder / "a").close(),
                           "merge of two": lambda: merge([folder / "a", folder / "b"], folder / "all")}.items():
            once: list[float] = []
            timed(call, once)
            print(f"{what:28} {once[0]:.0f} ms")


if __name__ == "__main__":
    main()
