"""A domain: the root of its tables and the lock of RFC patch 2/3."""

from __future__ import annotations

from typing import Final

from engine import RWLock, Word

#: Domains that a program may have; a trace replay uses one each for the address spaces of its file.
DOMAINS: Final = 8

#: rwlock_t pgd_lock: readers map, unmap and look up; the writer unlinks a table that others may be using.
PGD_LOCK = RWLock("pgd_lock", count=DOMAINS)

#: domain->pgd, the frame of the root table; 0 where there is no such domain.
ROOT = Word("root", count=DOMAINS)
