"""S4, beside the threads: AMD's root grows while others read it, and the two fields that say where it is.

fetch_pte() and alloc_pte() read root and mode in two loads; increase_address_space() stores them in two. 5.8 put both
in one word; later they were two fields again. "iommu/amd/pgtbl: Fix possible race while increase page table level"
(Vasant Hegde, September 2025) puts them under a seqcount, and tells the hardware after that. Jason Gunthorpe in the
thread: that is out of order, the device table has to be updated before other threads can see the new root.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES
from scenarios.models.count import PTDESC
from scenarios.models.domain import ONE_WORD, SEQUENCED, TWO_WORDS
from scenarios.models.formats import AMDV1
from scenarios.models.radix import DEVICE_PFN, last_page
from scenarios.models.rest import check_mapped, check_tables
from scenarios.models.table import create_domain, iova_to_phys, map_pages
from scenarios.models.walker import dma

SOURCE: Final = "iommu/amd/pgtbl: Fix possible race while increase page table level, September 2025"


@protocol
def map_first(mem: Mem) -> None:
    create_domain(mem, 0)
    map_pages(mem, 0, 1, 1, DEVICE_PFN)


@protocol
def map_far(mem: Mem, n: int) -> None:
    """A role: map a page that the first root does not reach, and use it."""
    vpfn = last_page(2) + 1 + n
    mem.check(map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn) == 1, "check", "a page cannot be mapped")
    mem.check(dma(mem, 0, vpfn) == DEVICE_PFN + vpfn, "lost-mapping", "a DMA after a map does not arrive")


@protocol
def look_near(mem: Mem) -> None:
    """A role: look up the page that was mapped before and is not touched."""
    mem.check(iova_to_phys(mem, 0, 1) == DEVICE_PFN, "lost-mapping", "a mapped page does not translate")


@protocol
def map_near(mem: Mem) -> None:
    """A role: map a page that the first root reaches, into a table that is not there yet, and use it."""
    mem.check(map_pages(mem, 0, ENTRIES, 1, DEVICE_PFN + 1) == 1, "check", "a page cannot be mapped")
    mem.check(dma(mem, 0, ENTRIES) == DEVICE_PFN + 1, "lost-mapping", "a DMA after a map does not arrive")


@protocol
def all_mapped(mem: Mem) -> None:
    check_mapped(mem, 0, 1, DEVICE_PFN)
    check_mapped(mem, 0, last_page(2) + 1, DEVICE_PFN + last_page(2) + 1)
    check_tables(mem, 0)


_SMALL: Final = AMDV1.shrunk(4, 3)
_GROWING: Final = {**_SMALL.params, "count": PTDESC, "hardware": 1}
_TWO_WORDS: Final = {**_GROWING, "grows": TWO_WORDS}
_ONE_WORD: Final = {**_GROWING, "grows": ONE_WORD}
_SEQUENCED: Final = {**_GROWING, "grows": SEQUENCED}
_FAR: Final = Role("far", map_far, (0,))
_BOTH_FAR: Final = (_FAR, Role("far-too", map_far, (1,)))
_BOTH_MAP: Final = (_FAR, Role("near", map_near))

GROWTH = Scenario(
    name="growing-root",
    about="A root grows beside a lookup, and beside another map, that reads where it is in two loads.",
    source=SOURCE,
    setup=map_first,
    roles=(_FAR, Role("near", look_near)),
    at_rest=all_mapped,
    geometry=Geometry(entries=512, levels=3, frames=32),
    small=_SMALL.geometry(16),
    variants=(
        Variant("two-words", "a lookup has the mode of one root and the other one's table", "S4.growth", "race",
                "lost-mapping", _TWO_WORDS, needs=("maps", "lookups")),
        Variant("map-two-words", "a map does, and maps where no DMA comes by", "S4.growth", "race", "lost-mapping",
                _TWO_WORDS, needs=("maps",), roles=_BOTH_MAP),
        Variant("no-retry", "a seqcount, at which a reader looks once", "S4.growth", "mutation", "lost-mapping",
                {**_SEQUENCED, "retries": 0}, needs=("maps", "lookups")),
        Variant("as-merged", "a seqcount, and the hardware hears last: a map is back before a DMA can follow it",
                "S4.growth-order", "race", "lost-mapping", {**_SEQUENCED, "dte_last": 1}, needs=("maps",),
                roles=_BOTH_FAR),
        Variant("one-word", "5.8: root and mode in one word", params=_ONE_WORD, needs=("maps", "lookups")),
        Variant("one-word-growers", "5.8, two who need it to grow", params=_ONE_WORD, needs=("maps",), roles=_BOTH_FAR),
        Variant("one-word-map", "5.8, beside a map", params=_ONE_WORD, needs=("maps",), roles=_BOTH_MAP),
        Variant("sequence", "a seqcount, the hardware first", params=_SEQUENCED, needs=("maps", "lookups")),
        Variant("sequence-growers", "a seqcount, two who need it to grow", params=_SEQUENCED, needs=("maps",),
                roles=_BOTH_FAR),
        Variant("sequence-map", "a seqcount, beside a map", params=_SEQUENCED, needs=("maps",), roles=_BOTH_MAP),
    ),
)

SCENARIOS: Final = (GROWTH,)
