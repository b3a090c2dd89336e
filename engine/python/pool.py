"""alloc_page and free_page: the pool, the frames' states and the allocator's checks."""

from __future__ import annotations

from typing import Final

from engine.memory import shadow
from engine.memory.overlay import PAGE, Field
from engine.python.checks import frame_number
from engine.python.cpu import Cpu, World
from engine.python.unions import clear_members

#: Words of a descriptor that must have this value whenever a page enters or leaves the pool.
RESET: Final[tuple[tuple[Field, int], ...]] = (
    (PAGE["mapcount"], shadow.UNTYPED), (PAGE["mapping"], 0), (PAGE["refcount"], 0), (PAGE["memcg_data"], 0),
)


def alloc_page(world: World, cpu: Cpu, site: int, owner: int) -> int:
    """The next page of the pool, zeroed, refcount 1, private 0; 0 if there is none. Called with the bus held."""
    layout, words = world.layout, world.words
    if not words[layout.POOL + shadow.POOL_COUNT >> 3]:
        return 0
    head = words[layout.POOL + shadow.POOL_HEAD >> 3]
    pfn = words[(layout.POOL + shadow.POOL_SLOTS >> 3) + head]
    check_reset(world, cpu, site, pfn)
    world.store(layout.POOL + shadow.POOL_HEAD, (head + 1) % layout.geometry.frames)
    world.store(layout.POOL + shadow.POOL_COUNT, words[layout.POOL + shadow.POOL_COUNT >> 3] - 1)
    at = shadow.state_at(layout, pfn)
    world.store(at, shadow.pack_state(shadow.LIVE, shadow.unpack_state(words[at >> 3]).generation + 1, owner))
    world.store(shadow.record_at(layout, pfn) + shadow.ALLOCATED_AT, shadow.pack_place(site, cpu.index))
    frame = layout.frame(pfn)
    for address in range(frame, frame + layout.frame_bytes, 8):
        world.store(address, 0)
    clear_members(world, pfn)
    page = layout.descriptor(pfn)
    world.store(page + PAGE["private"].offset, 0)
    # Plain stores, as set_page_refcounted() does: a getter that came in between would be overwritten.
    world.store(page + PAGE["mapcount"].offset, shadow.UNTYPED | 1 << 32)
    return frame


def free_page(world: World, cpu: Cpu, site: int, frame: int) -> None:
    """Put a page back. Called with the bus held."""
    layout, words = world.layout, world.words
    pfn = frame_number(world, cpu, site, frame)
    at = shadow.state_at(layout, pfn)
    state = shadow.unpack_state(words[at >> 3])
    record = shadow.record_at(layout, pfn)
    if state.state != shadow.LIVE:
        raise cpu.fail("double-free", site, frame, words[record + shadow.FREED_AT >> 3])
    check_reset(world, cpu, site, pfn)
    world.store(at, shadow.pack_state(shadow.FREE, state.generation, state.owner))
    world.store(record + shadow.FREED_AT, shadow.pack_place(site, cpu.index))
    clear_members(world, pfn)
    frames, pool = layout.geometry.frames, layout.POOL
    head, count = words[pool + shadow.POOL_HEAD >> 3], words[pool + shadow.POOL_COUNT >> 3]
    if words[pool + shadow.POOL_MODE >> 3] == shadow.MODES["reuse"]:
        slot = (head - 1) % frames
        world.store(pool + shadow.POOL_HEAD, slot)
    else:
        slot = (head + count) % frames
    world.store(pool + shadow.POOL_SLOTS + slot * 8, pfn)
    world.store(pool + shadow.POOL_COUNT, count + 1)


def check_reset(world: World, cpu: Cpu, site: int, pfn: int) -> None:
    """The "bad page" check, on the way in and on the way out."""
    page = world.layout.descriptor(pfn)
    for member, value in RESET:
        address = page + member.offset
        actual = world.words[address >> 3] if member.width == 8 else world.halves[address >> 2]
        if actual != value:
            raise cpu.fail("bad-page", site, world.layout.frame(pfn), address)
