"""struct iommu_iotlb_gather: what one unmap has to invalidate and free, and when that happens.

A gather is a private array of `GATHER_WORDS`. Its freelist is linked through `lru.next` of the tables' descriptors, as
the kernel's is. Strict mode: invalidate, then put every table. Flush-queue mode: queue the list; a later invalidation
of the whole domain frees it. When a table is really put is a parameter, because S4-i is about doing it too early.

Source: include/linux/iommu.h, drivers/iommu/dma-iommu.c (fq_flush_iotlb, fq_ring_free_locked), intel_iommu_tlb_sync().
"""

from __future__ import annotations

from typing import Final

from engine import Param, SpinLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import page_of
from scenarios.models.count import put_table, reset_count
from scenarios.models.radix import span
from scenarios.models.walker import check_not_cached, invalidate

#: Words of a gather.
FIRST: Final = 0  # pages to invalidate, inclusive
LAST: Final = 1
LIST: Final = 2  # first table of the freelist
FREED_LEVEL: Final = 3  # level of the entry whose table was freed
AGAIN: Final = 4  # the walk has to start again at the root
REMOVED: Final = 5  # pages unmapped
EMPTY: Final = 6  # some table looked empty
GATHER_WORDS: Final = 7

QUEUED = Param("queued", 0, names={0: "strict", 1: "flush queue"})
WIDEN = Param("widen", 1, names={0: "as posted: last level freed, start only", 1: "largest level freed, both ends"})
FREE_AT = Param("free_at", 0, names={0: "after the invalidation", 1: "inside the write section",
                                     2: "before the invalidation"})

_QUEUE: Final = 16
QUEUE_LOCK = SpinLock("fq_lock")
QUEUE_LENGTH = Word("fq_length")
QUEUE_LIST = Word("fq_list", _QUEUE)
QUEUE_DOMAIN = Word("fq_domain", _QUEUE)
EVERYWHERE: Final = (1 << 56) - 1  # last page of a whole address space


@protocol
def list_add(mem: Mem, frame: int, g: list[int]) -> None:
    """Put an unlinked table on the freelist."""
    reset_count(mem, frame)
    mem.write_once(page_of(frame) + 8, g[LIST])
    g[LIST] = frame


@protocol
def note_freed(level: int, g: list[int]) -> None:
    """A table below an entry at `level` is gone: the invalidation must cover what it covered."""
    if WIDEN:
        g[FREED_LEVEL] = max(g[FREED_LEVEL], level)
    else:
        g[FREED_LEVEL] = level


@protocol
def widen(g: list[int]) -> None:
    """Extend the range to what the freed tables covered."""
    if g[FREED_LEVEL] != 0:
        size = span(g[FREED_LEVEL])
        pages = g[LAST] + 1 - g[FIRST]
        begin = g[FIRST] & ~(size - 1)
        if WIDEN:
            g[LAST] = g[LAST] | size - 1
        else:
            g[LAST] = begin + ((pages + size - 1) & ~(size - 1)) - 1
        g[FIRST] = begin


@protocol
def put_list(mem: Mem, head: int) -> None:
    """iommu_put_pages_list()."""
    frame = head
    while frame != 0:
        following = mem.read_once(page_of(frame) + 8)
        check_not_cached(mem, frame)
        put_table(mem, frame)
        frame = following


@protocol
def sync(mem: Mem, domain: int, g: list[int]) -> None:
    """iotlb_sync(): the end of an unmap."""
    widen(g)
    if QUEUED:
        queue(mem, domain, g[LIST])
    else:
        if FREE_AT == 2:
            put_list(mem, g[LIST])
        invalidate(mem, domain, g[FIRST], g[LAST], g[LIST] == 0)
        if FREE_AT != 2:
            put_list(mem, g[LIST])
    g[LIST] = 0


@protocol
def queue(mem: Mem, domain: int, head: int) -> None:
    """Leave a freelist to the next flush; a full queue flushes at once."""
    mem.spin_lock(QUEUE_LOCK)
    at = mem.read_once(QUEUE_LENGTH)
    if at == _QUEUE:
        flush_locked(mem)
        at = 0
    mem.write_once(QUEUE_LIST[at], head)
    mem.write_once(QUEUE_DOMAIN[at], domain)
    mem.write_once(QUEUE_LENGTH, at + 1)
    mem.spin_unlock(QUEUE_LOCK)


@protocol
def flush_queue(mem: Mem) -> None:
    """The flush-queue timer: invalidate, then free what was queued."""
    mem.spin_lock(QUEUE_LOCK)
    flush_locked(mem)
    mem.spin_unlock(QUEUE_LOCK)


@protocol
def flush_locked(mem: Mem) -> None:
    length = mem.read_once(QUEUE_LENGTH)
    for at in range(length):
        domain = mem.read_once(QUEUE_DOMAIN[at])
        if FREE_AT == 2:
            put_list(mem, mem.read_once(QUEUE_LIST[at]))
        invalidate(mem, domain, 0, EVERYWHERE, 0)
        if FREE_AT != 2:
            put_list(mem, mem.read_once(QUEUE_LIST[at]))
    mem.write_once(QUEUE_LENGTH, 0)
