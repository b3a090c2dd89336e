"""How long a real deadlock takes to be reported: `python -m benchmarks.hang [repetitions]`.

S4-c, a nested read lock behind a queued writer: the search finds the schedule, the gate forces it on native threads and
on native processes, which then hang in the real lock. Prints how many hung and were reported as who waits for whom.
"""

from __future__ import annotations

import statistics
import sys
import time

from engine.explore import explore
from engine.language.program import build
from engine.native.build import prepare
from engine.native.replay import replay
from scenarios import find

LOCKS = ("qrwlock", "pthread-writer")  # those that stop readers behind a writer that waits


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    scenario, variant = find("nested-read:rfc")
    program = build(scenario, variant.name, folded=False)
    prepare(program)
    for lock in LOCKS:
        schedule = explore(build(scenario, variant.name), preemptions=2, lock=lock).schedule
        assert schedule is not None
        for processes in (False, True):
            times, reported = [], 0
            for _ in range(count):
                begin = time.perf_counter()
                found = replay(program, schedule, processes=processes).violation
                times.append((time.perf_counter() - begin) * 1e3)
                reported += found is not None and found.kind == "deadlock" and "held by" in found.message
            median = statistics.median(times)
            print(f"{lock:14} {'processes' if processes else 'threads':9}  {reported} of {count} hung, reported; "
                  f"{min(times):.0f} ms to {max(times):.0f}, median {median:.0f}", flush=True)


if __name__ == "__main__":
    main()
