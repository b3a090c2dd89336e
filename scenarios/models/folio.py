"""What the descriptor of a user's page says, whoever's page it is."""

from __future__ import annotations

from engine import protocol
from engine.declare import Mem
from engine.memory.page import mapcount


@protocol
def mappings(mem: Mem, page: int) -> int:
    """page_mapcount(), folio_mapcount(): `_mapcount` is one less."""
    count: int = mem.atomic_read(mapcount(page))
    return (count + 1) & 0xFFFFFFFF
