"""set_member, use_member and drop_member: the tags of `engine.memory.members`, changed by compare and exchange.

An operand is the tag that a site stands for | the member's offset in the descriptor << 16.
"""

from __future__ import annotations

from engine.memory.layout import MEMBER_BYTES
from engine.memory.members import CODE_MASK, LAST_WIDE, OFFSET_SHIFT, TAG_BITS, TAG_MASK
from engine.memory.shadow import LIVE
from engine.native.address import frame_state, refuse
from engine.native.intrinsics import cas, load, load_acquire, store
from engine.native.jit import export, native
from engine.native.step import after, before, violate
from engine.native.words import H_DESCRIPTORS, H_MEMBERS, H_N_FRAMES, MODE_SKIP
from engine.violations import BY_NAME

CONFUSION = BY_NAME["union-confusion"].code
WILD = BY_NAME["wild-access"].code
SET = 0
USE = 1
DROP = 2


@native
def union_at(offset: int) -> int:
    """As `engine.memory.members.union_at`."""
    if offset > LAST_WIDE:
        return (offset >> 3) + 1
    return offset >> 3


@native
def tags_at(B: int, me: int, site: int, address: int, offset: int) -> int:
    """Address of the word that holds the union's tag; 0 if no such member lies there, or its page is not live."""
    inside = address - load(B + H_DESCRIPTORS)
    pfn = inside >> 6
    if pfn >= load(B + H_N_FRAMES) or inside & 63 != offset:
        violate(B, me, site, WILD, address, 0)
        return 0
    if frame_state(B, pfn) != LIVE:
        refuse(B, me, site, address, 4)
        return 0
    return B + load(B + H_MEMBERS) + pfn * MEMBER_BYTES + (union_at(offset) >> 2) * 8


@native
def judge(B: int, me: int, site: int, address: int, operand: int, what: int) -> None:
    """Change or check the union's tag; a violation carries the live one."""
    tag, offset = operand & TAG_MASK, operand >> OFFSET_SHIFT
    place = tags_at(B, me, site, address, offset)
    if place == 0:
        return
    shift = (union_at(offset) & 3) * TAG_BITS
    new = tag
    if what == DROP:
        new = 0
    old = load_acquire(place)
    seen = old + 1
    while old != seen:
        seen = old
        live = (old >> shift) & TAG_MASK
        if live & CODE_MASK != tag & CODE_MASK and (what != SET or live != 0):
            violate(B, me, site, CONFUSION, address, live)
            return
        if what == USE:
            return
        old = cas(place, seen, (seen & ~(TAG_MASK << shift)) | (new << shift))


@export
def set_member(B: int, me: int, site: int, address: int, operand: int) -> int:
    mode = before(B, me, site)
    if mode & MODE_SKIP == 0:
        judge(B, me, site, address, operand, SET)
    after(B, me, mode, site, address, 0)
    return 0


@export
def use_member(B: int, me: int, site: int, address: int, operand: int) -> int:
    mode = before(B, me, site)
    if mode & MODE_SKIP == 0:
        judge(B, me, site, address, operand, USE)
    after(B, me, mode, site, address, 0)
    return 0


@export
def drop_member(B: int, me: int, site: int, address: int, operand: int) -> int:
    mode = before(B, me, site)
    if mode & MODE_SKIP == 0:
        judge(B, me, site, address, operand, DROP)
    after(B, me, mode, site, address, 0)
    return 0


@native
def clear_members(B: int, pfn: int) -> None:
    """No member of a page is live. Most programs never set one: then nothing is written."""
    word = B + load(B + H_MEMBERS) + pfn * MEMBER_BYTES
    end = word + MEMBER_BYTES
    while word < end:
        if load(word) != 0:
            store(word, 0)
        word += 8
