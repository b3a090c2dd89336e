"""What plain code calls where a lock is contended: the read lock's fast way stands in the protocol's own code."""

from __future__ import annotations

from engine.native.jit import export
from engine.native.locks import slow
from engine.native.words import HOW_READ


@export
def plain_read_slow(B: int, me: int, site: int, lock: int) -> int:
    """Wait for a qrwlock whose reader count this thread has already raised. The hold is not noted."""
    return slow(B, me, site, lock, HOW_READ)
