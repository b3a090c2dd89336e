"""Live members of unions: which of the names that share a word of a descriptor is the one in use.

A union is all that begins at one offset of the descriptor, whatever its width: nine of them, because `_mapcount` at 48
and `_refcount` at 52 share eight bytes but are not one union. Each carries a tag, 0 while no member is live: after an
allocation, and until somebody says otherwise.

MEMBERS, three words a frame, four tags of 16 bits in a word, the tag of union k at bit 16 * (k % 4) of word k // 4:

    bits 0..7    code of the live member
    bits 8..15   which `set_member` of the program made it live, counted from 1: a tag names a place for reports

The search keeps the same in its own state, with a row of its code as the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from engine.errors import InternalError, UsageError
from engine.memory.overlay import IOPTDESC, PAGE, PTDESC, Field

if TYPE_CHECKING:
    from engine.language.program import Site

#: Every name that a protocol may use, of all descriptors.
MEMBERS: Final[dict[str, Field]] = {**PAGE, **PTDESC, **IOPTDESC}
NAMES: Final = ("", *MEMBERS)  # by code
CODES: Final = {name: code for code, name in enumerate(NAMES) if code}

UNION_OFFSETS: Final = (0, 8, 16, 24, 32, 40, 48, 52, 56)
LAST_WIDE: Final = 48  # from here on a union has 4 bytes, but for the last one
TAG_BITS: Final = 16
TAG_MASK: Final = (1 << TAG_BITS) - 1
CODE_MASK: Final = 0xFF
PLACE_SHIFT: Final = 8
MAX_PLACES: Final = TAG_MASK >> PLACE_SHIFT
OFFSET_SHIFT: Final = TAG_BITS  # in an operand: see `operands`


def union_at(offset: int) -> int:
    """The number of the union that begins at an offset."""
    return offset // 8 + int(offset > LAST_WIDE)


def width_of(member: str) -> int:
    """Bytes that an access through a member counts as having: 4 or 8."""
    return max(4, MEMBERS[member].width)


def check_members() -> None:
    """The formulas against the tables.

    Raises:
        InternalError: a member begins at no union, two descriptors use one name, or codes do not fit into a tag.
    """
    if [union_at(offset) for offset in UNION_OFFSETS] != list(range(len(UNION_OFFSETS))):
        raise InternalError("members: unions are not numbered one after the other")
    if len(MEMBERS) != len(PAGE) + len(PTDESC) + len(IOPTDESC) or len(MEMBERS) > CODE_MASK:
        raise InternalError("members: a name is used twice, or there are too many")
    for field in MEMBERS.values():
        if field.offset not in UNION_OFFSETS:
            raise InternalError(f"members: {field.name} at {field.offset} begins no union")


def set_sites(sites: Sequence[Site]) -> list[Site]:
    """The places that a tag can name, in the order of their numbers."""
    return [site for site in sites if site.primitive == "set_member"]


def check_sites(sites: Sequence[Site], scenario: str) -> None:
    """Whether tags can tell all places apart.

    Raises:
        UsageError: there are too many.
    """
    if len(set_sites(sites)) > MAX_PLACES:
        raise UsageError(f"{scenario}: {len(set_sites(sites))} places set a live member; {MAX_PLACES} at most, "
                         "put it into a protocol of its own")


def operands(sites: Sequence[Site]) -> dict[int, int]:
    """What a site that names a member passes to native code: its tag | the member's offset << 16."""
    places = {site.index: number for number, site in enumerate(set_sites(sites), 1)}
    return {site.index: CODES[site.member] | places.get(site.index, 0) << PLACE_SHIFT
            | MEMBERS[site.member].offset << OFFSET_SHIFT for site in sites if site.member}


def live_of(tag: int, sites: Sequence[Site]) -> tuple[str, str]:
    """A tag in words: the live member and file:line of where it was set; both empty if there is none."""
    place = tag >> PLACE_SHIFT
    return NAMES[tag & CODE_MASK], set_sites(sites)[place - 1].where if place else ""


def confusion(primitive: str, member: str, pfn: int, live: str, place: str) -> str:
    """The message of a union confusion, the same from every executor."""
    because = f"its live member is {live}, set at {place}" if live else "no member is live there"
    return f"{primitive} {member} of page {pfn}: {because}"


def displaced(primitive: str, member: str, where: str) -> str:
    """The message about an address where a member does not lie."""
    return f"{primitive} {member} at {where}: it lies at +{MEMBERS[member].offset} of a descriptor"


check_members()
