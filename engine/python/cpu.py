"""What the threads of one run share, and what each has of its own.

A violation is reported to the run and then leaves the protocol as `RoundOver`. That is a `BaseException`: no `except
Exception` of a debugger, a callback or a library in between may swallow the end of a round.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol

from engine.language.program import Program
from engine.memory.arena import Arena
from engine.memory.layout import PRIVATE_WORDS
from engine.python.message import violation
from engine.schedule import ALONE, Violation

if TYPE_CHECKING:
    from engine.python.locks import Lock

#: How deep protocols may call each other: the role itself and 64 calls.
MAX_DEPTH: Final = 65
#: Turns of loops without a step, after which a loop counts as endless.
MAX_TURNS: Final = 100_000
#: Failed turns of a spin loop that set-up and the check at rest may make.
ALONE_SPINS: Final = 1000


class RoundOver(BaseException):
    """This thread's round ends here: it, or another thread, broke a rule, or the run is being stopped."""


class Locks(Protocol):
    """How the threads of a run wait for locks. Called without the bus; see `engine.python.locks`."""

    def acquire(self, cpu: Cpu, lock: Lock, mode: str, site: int) -> None: ...
    def try_acquire(self, cpu: Cpu, lock: Lock, mode: str) -> bool: ...
    def release(self, cpu: Cpu, lock: Lock, mode: str) -> None: ...
    def upgrade(self, cpu: Cpu, lock: Lock) -> bool: ...
    def downgrade(self, cpu: Cpu, lock: Lock, site: int) -> None:
        """Also records the step, or both, where it is two."""


class World:
    """One run's shared things.

    Attributes:
        words, halves: the arena as 64-bit and 32-bit words. bus: held for the duration of one memory step.
        dirty: numbers of the 4 KiB blocks of the arena written since the last reset.
        checks: whether accesses are checked against the state of frames (addresses always are).
    """

    def __init__(self, program: Program, arena: Arena, checks: bool = True) -> None:
        self.program, self.layout, self.arena, self.checks = program, program.layout, arena, checks
        self.words, self.halves = arena.words, arena.halves
        self.bus = threading.Lock()
        self.dirty: set[int] = set()

    def store(self, offset: int, value: int) -> None:
        """Write a word of the shadow (states, records, pool)."""
        self.words[offset >> 3] = value
        self.dirty.add(offset >> 12)


class Cpu:
    """One thread. Executors say in subclasses what a step waits for and where it is noted down."""

    def __init__(self, world: World, index: int, locks: Locks) -> None:
        self.world, self.index, self.locks = world, index, locks
        self.private = [0] * PRIVATE_WORDS
        self.top = 0  # of the private arrays
        self.depth = 0
        self.turns = 0  # of loops since the last step
        self.intent = 0  # the value of a step that fails: what fill_page was to store first
        self.site = -1  # of the last step, for violations between steps
        self.holds: dict[tuple[int, str], int] = {}  # (lock, mode) -> how often

    def begin(self) -> None:
        """Forget the last round."""
        self.top = self.depth = self.turns = 0
        self.site = -1
        self.holds.clear()

    def fail(self, kind: str, site: int, address: int = 0, other: int = 0) -> RoundOver:
        """Report a violation; raise the result. `other` is a place as in `engine.memory.shadow`."""
        self.report(kind, site, address, other)
        return RoundOver()

    # --- what an executor decides ---

    def arrive(self, site: int) -> None:
        """Before a step."""
        self.site, self.turns = site, 0

    def record(self, site: int, address: int, value: int, blocked: bool = False) -> None:
        """A step has happened. Called with the bus held."""

    def report(self, kind: str, site: int, address: int, other: int) -> None:
        """Note a violation."""
        raise NotImplementedError

    def choose(self, count: int) -> int:  # noqa: ARG002 - the simplest chooser has no choice
        """One of `count` possibilities."""
        return 0

    def relax(self, site: int) -> None:
        """The end of a failed turn of a spin loop."""

    def running(self) -> int:
        return 0

    def counted(self, counter: str) -> None:
        """A unit of work is done."""


class AloneCpu(Cpu):
    """Runs set-up or the check at rest, while no other thread runs."""

    def __init__(self, world: World, locks: Locks) -> None:
        super().__init__(world, ALONE, locks)
        self.found: Violation | None = None
        self.relaxed = 0

    def relax(self, site: int) -> None:
        """Nobody else runs, so what it spins on never changes."""
        self.relaxed += 1
        if self.relaxed > ALONE_SPINS:
            raise self.fail("deadlock", site)

    def report(self, kind: str, site: int, address: int, other: int) -> None:
        self.found = violation(self.world.program, kind, site, self.index, address, other)
