"""The litmus tests natively: instances a second and what was seen: `python -m benchmarks.litmus [seconds [TEST ...]]`.

Two to four threads on the CPUs there are, each kept on one of its own while there are enough. Plain instructions, as
litmus7 runs them; then, for the tests without barriers, with all checks and the recorder. `*` marks the outcome that
no sequentially consistent execution has.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.language.program import build
from engine.native.session import Session
from scenarios.litmus import LITMUS, ORDERS, TESTS, Litmus
from tests.native_help import running


@dataclass(frozen=True)
class Histogram:
    """How often each outcome was seen. `rate`: instances a second."""

    test: Litmus
    order: str
    outcomes: dict[str, int]
    rate: float

    @property
    def relaxed(self) -> int:
        return self.outcomes.get(self.test.not_sc, 0)

    def line(self) -> str:
        marked = (f"{'*' if seen == self.test.not_sc else ''}{seen}: {count:,}"
                  for seen, count in sorted(self.outcomes.items()))
        return f"{self.test.title(self.order):14}{self.rate / 1e6:6.1f} M/s   {', '.join(marked)}"


@contextmanager
def spread(session: Session) -> Iterator[None]:
    """All threads drive the session, each on a CPU of its own."""
    cpus = sorted(os.sched_getaffinity(0))

    def drive(thread: int) -> None:
        os.sched_setaffinity(0, {cpus[thread % len(cpus)]})  # of this thread only
        session.drive(thread)

    with running(session, drive):
        yield


def create(test: Litmus, order: str, *, checks: bool) -> Session:
    program = build(LITMUS, test.title(order), geometry=LITMUS.geometry, folded=False)
    return Session.create(program, checks=checks, recorder=checks)


def histogram(session: Session, test: Litmus, order: str) -> Histogram:
    """What a session has seen so far."""
    progress = session.progress()
    outcomes = {test.words(int(name.removeprefix("outcome_"))): count for name, count in progress.counters.items()
                if name.startswith("outcome_") and count}
    return Histogram(test, order, outcomes, progress.operations / max(progress.seconds, 1e-9))


def measure(test: Litmus, order: str, seconds: float, *, checks: bool) -> Histogram:
    session = create(test, order, checks=checks)
    try:
        with spread(session):
            time.sleep(seconds)
        return histogram(session, test, order)
    finally:
        session.close()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    tests = [test for test in TESTS if len(sys.argv) < 3 or test.name in sys.argv[2:]]
    for checks in (False, True):
        print("with checks and recorder" if checks else "plain instructions")
        for test in tests:
            print(f"  {test.name}: {test.program}   observed: {test.observed}")
            for order in ORDERS if not checks else ORDERS[:1]:
                print("    " + measure(test, order, seconds, checks=checks).line(), flush=True)


if __name__ == "__main__":
    main()
