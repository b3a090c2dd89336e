"""What a session shows of itself: the face that the native and the python executor share.

A session runs a program's threads in rounds on one arena. Everything below is read from arena words, so a harness can
read it from another process while the threads run, and from the file that a killed process left behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.schedule import Step


@dataclass(frozen=True)
class Found:
    """A violation, once per kind and site.

    Attributes:
        kind: a name of `engine.violations`. where: file:line. thread: -1 for set-up and the check at rest.
        count: in how many rounds. first_round: from 0. first_ns: since the start of the session.
        other: a second place (where it was freed).
        evidence: the last steps of every thread in the first such round, oldest first within a thread.
    """

    kind: str
    message: str
    where: str
    site: int
    thread: int
    count: int
    first_round: int
    first_ns: int
    address: int = 0
    other: str = ""
    evidence: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a session is.

    Attributes:
        rounds: rounds completed, void ones included. seconds: since the start, up to the stop.
        operations: the sum of the counters that are declared as operations. counters: name -> count.
        overlapped_rounds: rounds in which the steps of different threads really interleaved.
    """

    rounds: int
    seconds: float
    operations: int
    counters: Mapping[str, int]
    overlapped_rounds: int
    violations: tuple[Found, ...] = field(default=())


#: What `ThreadState.state` may be.
STATES = ("idle", "running", "waiting", "done")


@dataclass(frozen=True)
class ThreadState:
    """One thread, for a watchdog. `lock` is the address of the lock it waits for, 0 if none; `since_ns` the clock's
    (CLOCK_MONOTONIC) reading when it entered the state; `spins` the site of the cpu_relax in whose loop it does nothing
    but load, -1 if it does more. If all do nothing else, nobody changes what they wait for."""

    thread: int
    state: str
    site: int
    lock: int
    since_ns: int
    spins: int = -1

    @property
    def waits(self) -> bool:
        """Whether only another thread can let it go on."""
        return self.state == "waiting" or self.spins >= 0
