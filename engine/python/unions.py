"""set_member, use_member and drop_member: the tags of `engine.memory.members` in the arena."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.memory import members as m
from engine.memory.layout import MEMBER_BYTES
from engine.memory.overlay import PAGE_BYTES
from engine.python.checks import access_check
from engine.python.cpu import Cpu, World
from engine.vocabulary import Primitive


def _next_tag(op: str, tag: int, live: int) -> int | None:
    """The union's tag after the step; None if another member is live, or none that had to be."""
    if live & m.CODE_MASK == tag & m.CODE_MASK or (op == "set" and not live):
        return {"set": tag, "use": live, "drop": 0}[op]
    return None


def member_meaning(row: Primitive, world: World) -> Callable[..., Any]:
    """The step of one row. First the address must be that of the member, then its page live, then the member."""
    layout, sites = world.layout, world.program.sites
    frames, op = layout.geometry.frames, row.op
    alive = access_check(world, replace(row, width=4))
    given = m.operands(sites)

    def member(cpu: Cpu, site: int, address: int) -> None:
        cpu.arrive(site)
        with world.bus:
            tag, offset = given[site] & m.TAG_MASK, given[site] >> m.OFFSET_SHIFT
            pfn, at = divmod(address - layout.DESCRIPTORS, PAGE_BYTES)
            if at != offset or not 0 <= pfn < frames:
                raise cpu.fail("wild-access", site, address)
            alive(cpu, site, address)
            if world.checks:
                word, shift = divmod(m.union_at(offset), 4)
                word, shift = layout.MEMBERS + pfn * MEMBER_BYTES + word * 8, shift * m.TAG_BITS
                old = world.words[word >> 3]
                live = old >> shift & m.TAG_MASK
                new = _next_tag(op, tag, live)
                if new is None:
                    raise cpu.fail("union-confusion", site, address, live)
                if new != live:
                    world.store(word, old & ~(m.TAG_MASK << shift) | new << shift)
            cpu.record(site, address, 0)

    return member


def clear_members(world: World, pfn: int) -> None:
    """No member of a page is live. Called with the bus held."""
    first = world.layout.MEMBERS + pfn * MEMBER_BYTES
    for word in range(first, first + MEMBER_BYTES, 8):
        if world.words[word >> 3]:
            world.store(word, 0)
