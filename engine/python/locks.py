"""Locks of the python executor: who holds what, and two ways of waiting.

`LockTable` keeps the books: which thread holds which lock how often, and what is misuse. Real waiting (`RealLocks`) is
done by readerwriterlock, one handle per thread and acquisition (a handle shared or reused while held leaks the lock's
count), and never by the main thread (an exception from a signal handler inside an acquire leaves such a lock dead).
`BookedLocks` never wait: for code that runs alone, where waiting would be for ever.

The names are readerwriterlock's policies, in the forms whose writers can downgrade: `fair` by arrival, `read` readers
first, `write` writers first. `RWLockReadD.downgrade()` is not atomic: a waiting writer may get in between.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from readerwriterlock import rwlock

from engine.errors import UsageError
from engine.python import control
from engine.python.cpu import Cpu, RoundOver, World

READ: Final = "read"
WRITE: Final = "write"

NAMES: Final[dict[str, Callable[[], Any]]] = {
    "fair": rwlock.RWLockFairD, "read": rwlock.RWLockReadD, "write": rwlock.RWLockWriteD,
}


@dataclass
class Lock:
    """One lock's book: thread -> how often it reads; the writer; how often, for a thread that breaks the rules."""

    address: int
    kind: str  # "rw" | "spin"
    readers: dict[int, int] = field(default_factory=dict)
    writer: int | None = None

    def free_for(self, mode: str) -> bool:
        """Whether nobody holds it in a way that excludes `mode`."""
        return self.writer is None and (mode == READ or not self.readers)

    def take(self, cpu: Cpu, mode: str) -> None:
        if mode == READ:
            self.readers[cpu.index] = self.readers.get(cpu.index, 0) + 1
        else:
            self.writer = cpu.index
        key = (self.address, mode)
        cpu.holds[key] = cpu.holds.get(key, 0) + 1

    def drop(self, cpu: Cpu, mode: str) -> None:
        key = (self.address, mode)
        cpu.holds[key] -= 1
        if not cpu.holds[key]:
            del cpu.holds[key]
        if mode == WRITE:
            self.writer = None
        elif self.readers[cpu.index] == 1:
            del self.readers[cpu.index]
        else:
            self.readers[cpu.index] -= 1


class LockTable:
    """All locks of a program by address."""

    def __init__(self, world: World) -> None:
        self.locks = {address: Lock(address, kind) for address, kind in world.program.lock_kinds.items()}

    def find(self, cpu: Cpu, site: int, address: int, kind: str) -> Lock:
        """The lock there; lock-misuse if there is none of that kind."""
        lock = self.locks.get(address)
        if lock is None or lock.kind != kind:
            raise cpu.fail("lock-misuse", site, address)
        return lock

    def held(self, cpu: Cpu, site: int, address: int, kind: str, mode: str) -> Lock:
        """The lock there, which this thread holds in this mode; else lock-misuse."""
        lock = self.find(cpu, site, address, kind)
        if not cpu.holds.get((address, mode)):
            raise cpu.fail("lock-misuse", site, address)
        return lock

    def reset(self) -> None:
        """Nobody holds anything."""
        for lock in self.locks.values():
            lock.readers.clear()
            lock.writer = None


class BookedLocks:
    """Taking a lock that is not free is a deadlock at once: nobody else runs."""

    def acquire(self, cpu: Cpu, lock: Lock, mode: str, site: int) -> None:
        if not lock.free_for(mode):
            raise cpu.fail("deadlock", site, lock.address)
        lock.take(cpu, mode)

    def try_acquire(self, cpu: Cpu, lock: Lock, mode: str) -> bool:
        if not lock.free_for(mode):
            return False
        lock.take(cpu, mode)
        return True

    def release(self, cpu: Cpu, lock: Lock, mode: str) -> None:
        lock.drop(cpu, mode)

    def upgrade(self, cpu: Cpu, lock: Lock) -> bool:
        if lock.writer is not None or lock.readers != {cpu.index: 1}:
            return False
        lock.drop(cpu, READ)
        lock.take(cpu, WRITE)
        return True

    def downgrade(self, cpu: Cpu, lock: Lock, site: int) -> None:  # noqa: ARG002
        lock.drop(cpu, WRITE)
        lock.take(cpu, READ)


class _SpinLock:
    """A mutex with the face of a readerwriterlock."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()

    def gen_wlock(self) -> Any:
        return self.mutex


class RealLocks:
    """Threads really wait. Each thread's handles are its own; `abandon` gives them back when a round is void."""

    def __init__(self, world: World, name: str, over: Callable[[], bool]) -> None:
        self.world, self.make, self.over = world, NAMES[name], over
        self.real: dict[int, Any] = {}
        self.handles: dict[tuple[int, int, str], list[Any]] = {}  # (thread, lock, mode) -> handles held
        for address, kind in world.program.lock_kinds.items():
            self.real[address] = self.make() if kind == "rw" else _SpinLock()

    def _handle(self, lock: Lock, mode: str) -> Any:
        real = self.real[lock.address]
        return real.gen_rlock() if mode == READ else real.gen_wlock()

    def _took(self, cpu: Cpu, lock: Lock, mode: str, handle: Any) -> None:
        self.handles.setdefault((cpu.index, lock.address, mode), []).append(handle)
        with self.world.bus:
            lock.take(cpu, mode)
            control.note_holders(self.world, lock.address, lock.writer, lock.readers)

    def acquire(self, cpu: Cpu, lock: Lock, mode: str, site: int) -> None:  # noqa: ARG002
        handle = self._handle(lock, mode)
        control.note_waiting(self.world, cpu.index, lock.address, mode == WRITE)
        handle.acquire()
        control.note_state(self.world, cpu.index, control.RUNNING)
        self._took(cpu, lock, mode, handle)
        if self.over():
            raise RoundOver

    def try_acquire(self, cpu: Cpu, lock: Lock, mode: str) -> bool:
        handle = self._handle(lock, mode)
        if not handle.acquire(blocking=False):
            return False
        self._took(cpu, lock, mode, handle)
        return True

    def release(self, cpu: Cpu, lock: Lock, mode: str) -> None:
        with self.world.bus:
            lock.drop(cpu, mode)
            control.note_holders(self.world, lock.address, lock.writer, lock.readers)
        self.handles[cpu.index, lock.address, mode].pop().release()

    def upgrade(self, cpu: Cpu, lock: Lock) -> bool:  # noqa: ARG002
        """Never: readerwriterlock has no upgrade, like the kernel's mmap_upgrade_trylock() stub."""
        return False

    def downgrade(self, cpu: Cpu, lock: Lock, site: int) -> None:
        with self.world.bus:
            cpu.record(site, lock.address, 0)
            lock.drop(cpu, WRITE)
            lock.take(cpu, READ)
            control.note_holders(self.world, lock.address, lock.writer, lock.readers)
        handle = self.handles[cpu.index, lock.address, WRITE].pop().downgrade()
        self.handles.setdefault((cpu.index, lock.address, READ), []).append(handle)

    def abandon(self, cpu: Cpu, locks: dict[int, Lock]) -> None:
        """Release everything the thread holds, last taken last."""
        for address, mode in [key for key, n in cpu.holds.items() for _ in range(n)]:
            self.release(cpu, locks[address], mode)


def lock_name(name: str, kinds: Iterable[str]) -> str:
    """The policy to use for `--lock name`.

    Raises:
        UsageError: a name that this executor does not have, for a program that has RW locks.
    """
    if name in NAMES:
        return name
    if name and "rw" in kinds:
        raise UsageError(f"lock {name!r}: the python executor has {', '.join(NAMES)}; or use --executor native")
    return "fair"
