"""S4, beside the threads: dirty bits that the walker sets while software changes the same entry.

S4-e names the lookup that clears a dirty bit in a page that is no longer its table's. These are the other ways to lose
one: a page is written to, nobody knows, and a migration leaves its old contents behind.
"""

from __future__ import annotations

from typing import Final

from engine import Role, Scenario, Variant, protocol
from engine.declare import Mem
from scenarios.models.count import PTDESC
from scenarios.models.dirty import COPY, DATA, age, dma_write, harvest, unmap_dirty
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.table import create_domain, map_pages
from scenarios.s1_refcount import REAL, SMALL

SOURCE: Final = "Intel VT-d specification, second-stage dirty flag; iommufd dirty tracking (6.7)"


@protocol
def clean_page(mem: Mem) -> None:
    """Page 0 is mapped; it was read, and it was not written to."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 1, DEVICE_PFN)
    dma_write(mem, 0, 0, 1)
    harvest(mem, 0, 0)


@protocol
def device(mem: Mem) -> None:
    """A role: writes, each of something else."""
    dma_write(mem, 0, 0, 2)
    dma_write(mem, 0, 0, 3)
    data = 4
    while mem.running():
        dma_write(mem, 0, 0, data)
        data += 1
        mem.cpu_relax()


@protocol
def migrate(mem: Mem) -> None:
    """A role: copy the page if it was written to."""
    harvest(mem, 0, 0)


@protocol
def scan(mem: Mem) -> None:
    """A role: see whether the page is used."""
    age(mem, 0, 0)


@protocol
def unmap_last(mem: Mem) -> None:
    """A role: the mapping goes, and with it the last word on whether the page was written to."""
    unmap_dirty(mem, 0, 0)


@protocol
def copy_is_new(mem: Mem) -> None:
    """With the device stopped one more look leaves nothing behind."""
    harvest(mem, 0, 0)
    mem.check(mem.read_once(COPY) == mem.read_once(DATA), "check",
              "a page was written to and is not dirty: its copy is old")


_TRACKED: Final = {"count": PTDESC, "hardware": 1}
_DEVICE: Final = Role("device", device, (), "hardware")
_SCANNED: Final = (_DEVICE, Role("age", scan))
_UNMAPPED: Final = (_DEVICE, Role("unmap", unmap_last))

DIRTY_BIT = Scenario(
    name="dirty-bit",
    about="The walker marks a leaf dirty while software changes it: one of the two is lost, and a page is not copied.",
    source=SOURCE,
    setup=clean_page,
    roles=(_DEVICE, Role("migrate", migrate)),
    at_rest=copy_is_new,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("plain-store", "the accessed bit is cleared by a load and a store: the dirty bit set between is gone",
                "S4-e.plain-store", "race", "check", {**_TRACKED, "aging": 0}, needs=("writes", "aged"),
                roles=_SCANNED),
        Variant("atomic", "it is cleared by an atomic instruction", params=_TRACKED, needs=("writes", "aged", "marked"),
                roles=_SCANNED),
        Variant("no-flush", "the IOTLB still holds the leaf as dirty and does not mark it again", "S4-e.no-flush",
                "sequential", "check", {**_TRACKED, "harvest": 0}, needs=("writes", "copied")),
        Variant("flush-late", "invalidated after the copy: what was written between is in neither", "S4-e.flush-late",
                "race", "check", {**_TRACKED, "harvest": 1}, needs=("writes", "copied")),
        Variant("flushed", "cleared, invalidated, copied", params=_TRACKED, needs=("writes", "copied", "marked")),
        Variant("unmap-looks-first", "unmap goes by the entry that it read before it cleared it", "S4-e.unmap", "race",
                "check", {**_TRACKED, "takes": 0}, needs=("writes",), roles=_UNMAPPED),
        Variant("unmap-exchange", "unmap goes by what the exchange returns", params=_TRACKED,
                needs=("writes", "copied"), roles=_UNMAPPED),
    ),
)

SCENARIOS: Final = (DIRTY_BIT,)
