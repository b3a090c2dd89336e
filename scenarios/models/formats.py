"""The page-table formats, each as the values of the radix model's parameters.

A format is a table of data: bits of an index, sizes of leaves, encodings of an entry. `Format.params` goes into the
parameters of a variant and is folded like these; `Format.geometry` is the real shape, and any other geometry works too,
so that a search can use tables of two or four entries.

Sources: drivers/iommu/intel/iommu.h; drivers/iommu/amd/io_pgtable.c and generic_pt/fmt/amdv1.h; arch/x86/include/asm/
pgtable_types.h; drivers/iommu/io-pgtable-arm.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine import Geometry
from engine.errors import UsageError
from scenarios.models.domain import ONE_WORD

#: What a mapping allows, as in include/linux/iommu.h.
READ: Final = 1 << 0
WRITE: Final = 1 << 1
CACHE: Final = 1 << 2
NOEXEC: Final = 1 << 3


def bits(first: int, last: int) -> int:
    """Bits `first` to `last`, both included."""
    return (1 << last + 1) - (1 << first)


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        page_shift, entry_shift, levels: bits of an address below the leaf table, of one index, and how many indices.
        start_levels: levels of a new domain, where the root grows up to `levels`; 0: it does not grow.
        root_shift: log2 of the entries of a wide root; 0: the root is a table like any other.
        input_bits, output_bits: of an address that a map accepts; 0: not looked at.
        largest_leaf: level of the largest leaf.
        cont_shift, cont_above: log2 of the entries of a run, at level 1 and above, where all are of one size.
        high_shift: how much lower the address bits above `address` lie in an entry; 0: there are none.
        present, address, type_carry, type_mask, type_leaf, table_bits, table_level, page_bits, large_bits, run_bits:
            see `scenarios.models.radix`.
        sync_bit: set in a table entry once it is written back to a walker that is not coherent; 0: coherent.
        always, read, write, read_only, cache, uncached, noexec: attributes of a leaf, by what the mapping allows.
    """

    name: str
    about: str
    page_shift: int = 12
    entry_shift: int = 9
    levels: int = 4
    start_levels: int = 0
    root_shift: int = 0
    input_bits: int = 0
    output_bits: int = 0
    largest_leaf: int = 3
    present: int = 1
    address: int = bits(12, 51)
    type_carry: int = 0
    type_mask: int = 1 << 7
    type_leaf: int = 1 << 7
    table_bits: int = 1
    table_level: int = 0
    page_bits: int = 0
    large_bits: int = 1 << 7
    run_bits: int = 0
    cont_shift: int = 0
    cont_above: int = 0
    high_shift: int = 0
    sync_bit: int = 0
    always: int = 0
    read: int = 0
    write: int = 0
    read_only: int = 0
    cache: int = 0
    uncached: int = 0
    noexec: int = 0

    @property
    def params(self) -> Mapping[str, int]:
        """Parameter values that make the radix model this format."""
        same = ("page_shift", "root_shift", "input_bits", "output_bits", "largest_leaf", "type_carry", "type_mask",
                "type_leaf", "table_bits", "table_level", "page_bits", "large_bits", "run_bits",
                "cont_shift", "cont_above", "high_shift", "sync_bit")
        return {
            **{name: getattr(self, name) for name in same},
            "present_bits": self.present, "address_mask": self.address,
            "read_write": self.attributes(READ | WRITE | CACHE),
            "grows": ONE_WORD if self.start_levels else 0, "start_levels": self.start_levels or self.levels,
        }

    def attributes(self, prot: int) -> int:
        """The attribute bits of a leaf that allows `prot`, an OR of READ, WRITE, CACHE and NOEXEC."""
        found = self.always | (self.cache if prot & CACHE else self.uncached)
        found |= (self.read if prot & READ else 0) | (self.write if prot & WRITE else 0)
        if prot & (READ | WRITE) == READ:
            found |= self.read_only
        return found | (self.noexec if prot & NOEXEC else 0)

    def geometry(self, frames: int = 64) -> Geometry:
        """The real one."""
        return Geometry(1 << self.entry_shift, self.levels, frames)

    def shrunk(self, entries: int = 4, levels: int = 3) -> Format:
        """The same format with small tables, for a search: `entries` of them a table, a root that still grows, or is
        still twice as wide, where the real one does."""
        shift = entries.bit_length() - 1
        return replace(self, entry_shift=shift, levels=levels, start_levels=self.start_levels and levels - 1,
                       root_shift=self.root_shift and shift + 1, input_bits=0, output_bits=0,
                       cont_shift=min(self.cont_shift, shift - 1), cont_above=min(self.cont_above, shift - 1))

    @property
    def shifts(self) -> tuple[int, ...]:
        """The lowest address bit of each level's index, level 1 first."""
        return tuple(self.page_shift + self.entry_shift * n for n in range(self.levels))

    def span(self, level: int) -> int:
        """Bytes that an entry at `level` covers."""
        return 1 << self.page_shift + self.entry_shift * (level - 1)

    @property
    def tables_wide(self) -> int:
        """Tables side by side that are the root."""
        return 1 << max(0, self.root_shift - self.entry_shift)

    @property
    def leaves(self) -> tuple[int, ...]:
        """Bytes of every leaf that there is, the smallest first."""
        single = self.shifts[: self.largest_leaf]
        if not self.run_bits:
            return tuple(1 << shift for shift in single)
        if self.cont_shift:
            runs = [single[0] + self.cont_shift, *(shift + self.cont_above for shift in single[1:])]
            return tuple(sorted(1 << shift for shift in (*single, *runs)))
        return tuple(1 << n for n in range(self.page_shift, self.page_shift + self.entry_shift * self.largest_leaf))


VTD: Final = Format(
    "vtd", "Intel VT-d, second stage", present=3, table_bits=3, read=1 << 0, write=1 << 1,
)

AMDV1: Final = Format(
    "amdv1", "AMD IOMMU v1: leaves of every power of two, a root that grows from 3 levels to 6",
    levels=6, start_levels=3,
    # bits 9..11: the next level; a leaf is 0 (of the entry's own size) or 7 (a run)
    type_carry=1 << 9, type_mask=6 << 9, type_leaf=0, table_level=1 << 9, large_bits=0, run_bits=7 << 9,
    table_bits=1 | 1 << 61 | 1 << 62, always=1 | 1 << 60, read=1 << 61, write=1 << 62,
)

X86: Final = Format(
    "x86", "x86-64, the tables of a process: PTE, and leaves at PMD and PUD", table_bits=0x67,
    always=1 << 0 | 1 << 2 | 1 << 5, write=1 << 1 | 1 << 6, noexec=1 << 63,
)

#: The granules of Arm LPAE: log2 of the bytes of a page, and the level of the largest block.
GRANULES: Final = {"4k": (12, 3), "16k": (14, 2), "64k": (16, 2)}
#: log2 of the entries that the contiguous bit makes one, at level 1 and above (CONT_PTE_SHIFT, CONT_PMD_SHIFT).
CONTIGUOUS: Final = {"4k": (4, 4), "16k": (7, 5), "64k": (5, 5)}
CONTIGUOUS_BIT: Final = 1 << 52
#: The software bit of a table entry that has been written back to a walker that is not coherent.
SW_SYNC: Final = 1 << 55
MOST_CONCATENATED: Final = 16

_ARM: Final = Format(
    "arm-lpae", "", type_mask=2, type_leaf=0, table_bits=3, page_bits=3, large_bits=1, always=1 << 10,
    cache=3 << 8, uncached=2 << 8, noexec=3 << 53,
)


def arm(granule: str = "4k", stage: int = 1, ias: int = 48, oas: int = 48, *, coherent: bool = True,
        contiguous: bool = False) -> Format:
    """Arm LPAE in its 64-bit form, as io-pgtable-arm lays it out.

    Args:
        granule: "4k", "16k" or "64k". stage: 1 or 2.
        ias, oas: bits of input and output addresses, 32 to 48; with 64k to 52.
        coherent: whether the walker sees the CPU's caches. contiguous: whether a map uses the contiguous bit, as
            contpte and generic_pt do; io-pgtable-arm does not.

    Raises:
        UsageError: another granule, stage or size, or a root of more than 16 tables.
    """
    most = 52 if granule == "64k" else 48
    if granule not in GRANULES or stage not in (1, 2) or not 32 <= ias <= most or not 32 <= oas <= most:
        raise UsageError(f"arm: granule {granule!r} (4k, 16k, 64k), stage {stage} (1, 2), ias {ias} and oas {oas} "
                         "(32 to 48, with 64k to 52): one is not there")
    page_shift, largest_leaf = GRANULES[granule]
    entry_shift = page_shift - 3
    levels = -((page_shift - ias) // entry_shift)
    root_bits = ias - page_shift - entry_shift * (levels - 1)
    root_shift = 0
    if stage == 2 and concatenated(granule, levels, ias, oas):
        if 1 << root_bits > MOST_CONCATENATED:
            raise UsageError(f"arm: {1 << root_bits} tables in the place of a root; there are at most 16")
        levels, root_shift = levels - 1, root_bits + entry_shift
    made = replace(
        _ARM, name=f"arm-{granule}-s{stage}", about=f"Arm LPAE, {granule[:-1]} KiB granule, stage {stage}",
        page_shift=page_shift, entry_shift=entry_shift, levels=levels, root_shift=root_shift, input_bits=ias,
        output_bits=oas, largest_leaf=largest_leaf, address=bits(page_shift, 47), sync_bit=0 if coherent else SW_SYNC,
    )
    if oas > 48:  # bits 48 to 51 lie where a granule of 64 KiB leaves room
        made = replace(made, address=bits(12, 47), high_shift=36)
    if contiguous:
        at_leaf, above = CONTIGUOUS[granule]
        made = replace(made, name=f"{made.name}-cont", run_bits=CONTIGUOUS_BIT, cont_shift=at_leaf, cont_above=above)
    if stage == 1:  # nG, AP: unprivileged; MAIR index 1 is write-back
        return replace(made, always=made.always | 1 << 11 | 1 << 6, read_only=1 << 7, cache=made.cache | 1 << 2)
    return replace(made, read=1 << 6, write=2 << 6, cache=made.cache | 0xF << 2, uncached=made.uncached | 5 << 2)


def concatenated(granule: str, levels: int, ias: int, oas: int) -> bool:
    """Whether a stage-2 root must be tables side by side (Arm DDI0487 R_DXBSH, R_SRKBC; arm_lpae_concat_mandatory)."""
    if levels == 4:
        return 48 in (ias, oas) if granule == "16k" else granule == "4k" and oas in (40, 42)
    return levels == 3 and granule == "16k" and oas == 40


#: By the name that `--format` takes.
FORMATS: Final = {each.name: each for each in (
    VTD, AMDV1, X86, *(arm(granule, stage) for granule in GRANULES for stage in (1, 2))
)}
