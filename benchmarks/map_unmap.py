"""4 KiB map and unmap at random IOVAs in 16 GiB under the read lock, against C of the same steps.

    python -m benchmarks.map_unmap [--turns 5] [--seconds 1.0] [--json FILE]

Each turn measures every side once, C first and last, so that a noisy neighbour hits all of them; figures are medians
over the turns, ratios are taken within a turn. Needs a C compiler (`cc`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from engine import Geometry, Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.language.program import Program, build
from scenarios.models.count import PTDESC
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.table import create_domain, map_pages
from scenarios.models.unmap import NEVER, unmap_pages

PAGES = 1 << 22  # 16 GiB
WORKERS = Param("workers", 1)


@protocol
def touch_all(mem: Mem) -> None:
    """Every table is there before the clock starts."""
    create_domain(mem, 0)
    for vpfn in range(0, PAGES, 512):
        map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn)
        unmap_pages(mem, 0, vpfn, 1)


@protocol
def map_unmap(mem: Mem, index: int) -> None:
    """One page of this worker's residue class, mapped and unmapped, again and again."""
    while mem.running():
        vpfn = mem.choose(PAGES // WORKERS) * WORKERS + index
        map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn)
        unmap_pages(mem, 0, vpfn, 1)


SCENARIO = Scenario(
    name="map-unmap",
    about="4 KiB map and unmap at random IOVAs under the read lock.",
    setup=touch_all,
    roles=(Role("worker", map_unmap, scale=True),),
    geometry=Geometry(entries=512, levels=4, frames=8400),
    variants=(Variant("bench", params={"count": PTDESC, "free": NEVER, "flush": 0}),),
)

#: (threads of each process, processes)
SHAPES = ((1, 1), (2, 1), (1, 2))
SIDES = {"checks off": (False, False), "checks and recorder": (True, True)}


def program_for(workers: int) -> Program:
    return build(SCENARIO, geometry=SCENARIO.geometry, threads=workers, params={"workers": workers})


def native(threads: int, processes: int, seconds: float, checks: bool, recorder: bool) -> float:
    """Map and unmap calls a second."""
    from engine.native import words
    from engine.native.session import Session

    program = program_for(threads * processes)
    session = Session.create(program, checks=checks, recorder=recorder, perturb="none")
    children = []
    try:
        session.arena.store(words.H_LOAD_NS, 3600 * 10**9)  # one round: the clock is ours
        for process in range(1, processes):
            pid = os.fork()
            if pid == 0:
                _drive(session, process * threads, threads)
                os._exit(0)
            children.append(pid)
        mine = threading.Thread(target=_drive, args=(session, 0, threads))
        mine.start()
        session.start()
        time.sleep(0.1)
        before, begin = session.progress().operations, time.monotonic()
        time.sleep(seconds)
        after, end = session.progress().operations, time.monotonic()
        session.stop()
        mine.join()
        return (after - before) / (end - begin)
    finally:
        session.stop()
        for pid in children:
            os.waitpid(pid, 0)
        session.close()


def _drive(session: object, first: int, count: int) -> None:
    workers = [threading.Thread(target=session.drive, args=(first + i,)) for i in range(count)]  # type: ignore[attr-defined]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def in_child(*args: object) -> float:
    """One measurement in a process of its own: forking a process that runs threads would copy their locks."""
    command = [sys.executable, "-m", "benchmarks.map_unmap", "--one", json.dumps(args)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(native(*json.loads(options.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        yardstick = f"{folder}/map_unmap"
        source = Path(__file__).with_suffix(".c")
        subprocess.run(["cc", "-O2", "-pthread", "-o", yardstick, source], check=True)
        rows = [_measure(yardstick, shape, options) for shape in SHAPES]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def _measure(yardstick: str, shape: tuple[int, int], options: argparse.Namespace) -> dict[str, object]:
    threads, processes = shape
    rates: dict[str, list[float]] = {"C": [], **{side: [] for side in SIDES}}
    ratios: dict[str, list[float]] = {side: [] for side in SIDES}

    def of_c() -> float:
        command = [yardstick, str(threads), str(processes), str(options.seconds)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    for _ in range(options.turns):
        first = of_c()
        measured = {side: in_child(threads, processes, options.seconds, *flags) for side, flags in SIDES.items()}
        c = (first + of_c()) / 2
        rates["C"].append(c)
        for side, rate in measured.items():
            rates[side].append(rate)
            ratios[side].append(rate / c)
    row = {"threads": threads, "processes": processes,
           "rates": {side: statistics.median(r) for side, r in rates.items()},
           "ratios": {side: statistics.median(r) for side, r in ratios.items()}}
    print(f"{processes} process(es) x {threads} thread(s): C {statistics.median(rates['C']) / 1e6:.2f} M/s", flush=True)
    for side in SIDES:
        rate, ratio = statistics.median(rates[side]) / 1e6, statistics.median(ratios[side])
        print(f"    {side}: {rate:.2f} M/s, {ratio:.2f} of C", flush=True)
    return row


if __name__ == "__main__":
    main()
