"""A domain: the root of its tables and the lock of RFC patch 2/3.

The root's level is the geometry's, or grows with the addresses that are mapped (AMD v1). A root that grows is two
values, and whoever reads them in two steps may get one of each: `GROWS` says how they are kept. The hardware has its
own copy of both in one word, the device table entry.
"""

from __future__ import annotations

from typing import Final

from engine import Param, RWLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import LEVELS

#: Domains that a program may have; a trace replay uses one each for the address spaces of its file.
DOMAINS: Final = 8

#: rwlock_t pgd_lock: readers map, unmap and look up; the writer unlinks a table that others may be using.
PGD_LOCK = RWLock("pgd_lock", count=DOMAINS)

#: domain->pgd, the frame of the root table; 0 where there is no such domain.
ROOT = Word("root", count=DOMAINS)

TWO_WORDS: Final = 1
ONE_WORD: Final = 2
SEQUENCED: Final = 3
GROWS = Param("grows", 0, names={0: "the root's level is fixed", 1: "root and mode are two fields",
                                 2: "root and mode in one word (5.8)",
                                 3: "two fields and a seqcount (Sep 2025)"})
MODE = Word("mode", count=DOMAINS)
DTE = Word("dte", count=DOMAINS)
ROOT_SEQ = Word("root_seq", count=DOMAINS)
DTE_LAST = Param("dte_last", 0, names={0: "the hardware knows a root before software does",
                                       1: "the hardware is told afterwards, as merged with the seqcount"})
RETRIES = Param("retries", 1, names={0: "a reader of the seqcount does not look at it again"})
_MODE_BITS: Final = 7  # frames are aligned to 16 bytes at least


@protocol
def root_of(mem: Mem, domain: int) -> tuple[int, int]:
    """The root table and its level, as software reads them; two fields in this order, as the driver does."""
    if GROWS == SEQUENCED:
        both = sequenced_root(mem, domain)
        return both & ~_MODE_BITS, both & _MODE_BITS
    mode: int = LEVELS
    if GROWS == TWO_WORDS:
        mode = mem.read_once(MODE[domain])
    root: int = mem.read_once(ROOT[domain])
    if GROWS == ONE_WORD:
        return root & ~_MODE_BITS, root & _MODE_BITS
    return root, mode


@protocol
def sequenced_root(mem: Mem, domain: int) -> int:
    """read_seqcount_begin() to read_seqcount_retry(): both fields of one root, or again; root | mode."""
    while True:
        sequence = mem.smp_load_acquire(ROOT_SEQ[domain])
        if sequence & 1 == 0:
            mode = mem.read_once(MODE[domain])
            both: int = mem.read_once(ROOT[domain]) | mode
            if not RETRIES:
                return both
            mem.smp_rmb()
            if mem.read_once(ROOT_SEQ[domain]) == sequence:
                return both
        mem.cpu_relax()


@protocol
def hardware_root(mem: Mem, domain: int) -> tuple[int, int]:
    """The root table and its level as the walker knows them."""
    if GROWS:
        both = mem.read_once(DTE[domain])
        return both & ~_MODE_BITS, both & _MODE_BITS
    return mem.read_once(ROOT[domain]), LEVELS


@protocol
def set_root(mem: Mem, domain: int, root: int, level: int) -> None:
    """Publish a root: the hardware must know it before anybody maps through it."""
    if GROWS and not DTE_LAST:
        mem.write_once(DTE[domain], root | level)
    if GROWS == SEQUENCED:
        sequence = mem.read_once(ROOT_SEQ[domain])
        mem.write_once(ROOT_SEQ[domain], sequence + 1)
        mem.smp_wmb()
        mem.write_once(ROOT[domain], root)
        mem.write_once(MODE[domain], level)
        mem.smp_store_release(ROOT_SEQ[domain], sequence + 2)
    elif GROWS == TWO_WORDS:
        mem.write_once(ROOT[domain], root)
        mem.write_once(MODE[domain], level)
    elif GROWS == ONE_WORD:
        mem.smp_store_release(ROOT[domain], root | level)
    else:
        mem.write_once(ROOT[domain], root)
    if GROWS and DTE_LAST:
        mem.write_once(DTE[domain], root | level)
