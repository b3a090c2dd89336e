"""From reading to writing: `rwlock_t` has no upgrade, so the posted code drops, retakes and revalidates."""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, protocol
from engine.declare import Mem
from scenarios.models.domain import PGD_LOCK

DROP_AND_TAKE: Final = 0
TRY: Final = 1
WAIT: Final = 2
UPGRADE = Param("upgrade", DROP_AND_TAKE, names={0: "drop and take", 1: "try, else drop and take",
                                                 2: "wait with the read hold until nobody else reads"})

GAPS = Counter("gaps", "upgrades with a gap: lock dropped and taken again")
WON = Counter("upgrades_won", "upgrades in place")
LOST = Counter("upgrades_lost", "upgrades in place that failed because of other readers")


@protocol
def to_write(mem: Mem, domain: int) -> None:
    """Turn the caller's read hold into the write hold. What was read before may be stale afterwards."""
    if UPGRADE == TRY:
        if mem.try_upgrade(PGD_LOCK[domain]):
            mem.count(WON)
            return
        mem.count(LOST)
    if UPGRADE == WAIT:
        while not mem.try_upgrade(PGD_LOCK[domain]):
            mem.cpu_relax()
        mem.count(WON)
        return
    mem.read_unlock(PGD_LOCK[domain])
    mem.write_lock(PGD_LOCK[domain])
    mem.count(GAPS)
