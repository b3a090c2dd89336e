"""Who gets a lock, in plain Python: the queueing rule of every lock that a schedule may have been recorded under.

Under the gate nobody really waits; the schedule says who goes on. These rules say whether that is what the lock would
have done, and what a trylock or an upgrade finds.

    qrwlock          first come, first served; only the first waiter counts, and it stops new readers if it is a writer;
                     a reader in an interrupt looks at the writer inside only
    fair             readerwriterlock RWLockFairD: a writer keeps the gate from its arrival, if readers are inside then
    read, write      RWLockReadD: nobody who waits stops a reader; RWLockWriteD: a waiting writer does
    pthread          glibc. Readers and writers alternate in phases: in a read phase readers enter, and a writer that
                     came first among its kind becomes primary: it is next when the readers leave
    pthread-writer   the same, but a waiting writer stops readers, and a leaving one hands over to it
    spin             first come, first served
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.errors import UsageError
from engine.language.program import Program
from engine.python.locks import READ, WRITE

RULES: Final = ("qrwlock", "pthread", "pthread-writer", "fair", "read", "write")


def rule_name(name: str, program: Program) -> str:
    """Check the name of a lock that a program is to run with.

    Raises:
        UsageError: nobody has it, or the program asks more of it than it can.
    """
    if name not in RULES:
        raise UsageError(f"lock {name!r} is not one of {', '.join(RULES)}")
    if name.startswith("pthread") and any(site.primitive == "downgrade" for site in program.sites):
        raise UsageError(f"{program.name} downgrades a lock, which {name} cannot; use another --lock")
    return name


@dataclass
class Waiter:
    """A thread that has arrived. `counted`: glibc's reader count includes it."""

    thread: int
    mode: str
    interrupt: bool = False
    counted: bool = True


@dataclass
class Rule:
    """The state of one lock. `readers`: thread -> how often; `queue`: in order of arrival."""

    name: str
    readers: dict[int, int] = field(default_factory=dict)
    writer: int | None = None
    queue: list[Waiter] = field(default_factory=list)
    primary: int | None = None  # fair, glibc: the writer that is next
    write_phase: bool = False  # glibc
    handover: bool = False  # glibc: released, but reserved for a writer that waits

    @property
    def glibc(self) -> bool:
        return self.name.startswith("pthread")

    @property
    def taken(self) -> bool:
        """glibc's WRLOCKED."""
        return self.writer is not None or self.primary is not None or self.handover

    def head(self) -> Waiter | None:
        """The first in the queue proper: readers in an interrupt spin outside it."""
        return next((w for w in self.queue if not (w.interrupt and w.mode == READ)), None)

    def waiting(self, mode: str) -> list[Waiter]:
        return [w for w in self.queue if w.mode == mode]

    def counted(self) -> int:
        """glibc's reader count."""
        return sum(self.readers.values()) + sum(w.counted for w in self.waiting(READ))

    def can_read(self, interrupt: bool, waiter: Waiter | None = None) -> bool:
        """Whether a reader may enter now; `waiter`: its place in the queue, if it has arrived before."""
        if self.glibc:
            if self.write_phase:
                return not self.taken
            if waiter and waiter.counted:
                return True
            return not (self.name == "pthread-writer" and self.taken and self.counted())
        if self.writer is not None:
            return False
        if self.name == "qrwlock" and not interrupt:
            head = self.head()
            return head is waiter if waiter else head is None or head.mode == READ
        if self.name == "fair":
            return self.primary is None
        return not (self.name == "write" and self.waiting(WRITE))

    def can_write(self, thread: int, waiter: Waiter | None = None) -> bool:
        if self.glibc:
            if self.primary == thread:
                return self.write_phase
            return self.handover or (not self.taken and (self.write_phase or not self.counted()))
        if self.writer is not None or self.readers:
            return False
        if self.name in ("qrwlock", "spin"):
            if waiter is None:
                return not self.queue
            return self.head() is waiter and not any(w.interrupt for w in self.waiting(READ))
        return self.name != "fair" or self.primary in (None, thread)

    def can_try(self, thread: int, mode: str, interrupt: bool) -> bool:
        """Whether a trylock succeeds."""
        if self.glibc:
            if self.taken:
                return mode == READ and not self.write_phase and self.name == "pthread"
            return mode == READ or not self.counted() or (self.name == "pthread-writer" and self.write_phase)
        if mode == WRITE:
            return self.can_write(thread)
        # queued_read_trylock() looks at the waiting bit in an interrupt too.
        return self.can_read(interrupt and self.name != "qrwlock")

    def can_upgrade(self) -> bool:
        """qrwlock: the count word is that of exactly one reader, whether or not a writer waits."""
        head = self.head()
        queued_reader = (head is not None and head.mode == READ) or any(w.interrupt for w in self.waiting(READ))
        return self.name == "qrwlock" and sum(self.readers.values()) == 1 and not queued_reader

    def arrive(self, thread: int, mode: str, interrupt: bool) -> None:
        """An arrival that waits."""
        crowded = bool(self.readers) or (self.glibc and self.counted() > 0)
        if mode == WRITE and (self.glibc or self.name == "fair") and not self.taken and crowded:
            self.primary = thread
        self.queue.append(Waiter(thread, mode, interrupt, not (self.glibc and mode == READ and not self.write_phase)))

    def leave_queue(self, thread: int) -> None:
        self.queue = [w for w in self.queue if w.thread != thread]

    def take(self, thread: int, mode: str) -> None:
        if mode == READ:
            self.readers[thread] = self.readers.get(thread, 0) + 1
            self.write_phase = False
            return
        self.writer, self.handover, self.write_phase = thread, False, self.glibc
        if self.primary == thread:
            self.primary = None

    def drop_read(self, thread: int) -> None:
        self.readers[thread] -= 1
        if not self.readers[thread]:
            del self.readers[thread]

    def release(self, thread: int, mode: str) -> None:
        if mode == READ:
            self.drop_read(thread)
            if self.glibc and self.primary is not None and not self.counted():
                self.write_phase = True
            return
        self.writer = None
        if self.name == "pthread-writer" and self.waiting(WRITE):
            self.handover = True
        elif self.glibc and any(w.counted for w in self.waiting(READ)):
            self.write_phase = False
