"""What may be touched: addresses against objects, frames against their state.

Contents of a frame: only while it is live. Its descriptor: the same, except for primitives marked speculative. Anything
else outside the declared words is a wild access. Frame 0, which is never handed out, is free for ever.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.language.program import Program
from engine.memory import shadow
from engine.memory.overlay import PAGE_BYTES
from engine.python.cpu import Cpu, World
from engine.vocabulary import Primitive

#: (cpu, site, address) -> None; raises RoundOver.
Check = Callable[[Cpu, int, int], None]


def declared_words(program: Program) -> frozenset[int]:
    """The addresses of all declared words; the rest of their cache lines is padding, not an object."""
    return frozenset(place + i * 8 for name, place in program.layout.words.items()
                     for i in range(program.word_counts[name]))


def access_check(world: World, row: Primitive) -> Check:
    """The check before every access of `row.width` bytes."""
    layout, words, checks = world.layout, world.words, world.checks
    declared = declared_words(world.program)
    misaligned, speculative = row.width - 1, row.speculative
    first_state, frame_bytes = layout.STATES >> 3, layout.frame_bytes
    descriptors, frames, end = layout.DESCRIPTORS, layout.FRAMES, layout.END
    last_descriptor = descriptors + layout.geometry.frames * PAGE_BYTES

    def check(cpu: Cpu, site: int, address: int) -> None:
        if address & misaligned:
            raise cpu.fail("wild-access", site, address)
        if frames <= address < end:
            pfn, exempt = (address - frames) // frame_bytes, False
        elif descriptors <= address < last_descriptor:
            pfn, exempt = (address - descriptors) // PAGE_BYTES, speculative
        elif address & ~7 in declared:
            return
        else:
            raise cpu.fail("wild-access", site, address)
        state = words[first_state + pfn] & shadow.STATE_MASK
        if state == shadow.LIVE or exempt or not checks:
            return
        raise cpu.fail("use-after-free", site, address, words[(shadow.record_at(layout, pfn) + shadow.FREED_AT) >> 3])

    return check


def frame_number(world: World, cpu: Cpu, site: int, frame: int) -> int:
    """The number of the frame that starts at this address; a violation if none does."""
    layout = world.layout
    pfn, inside = divmod(frame - layout.FRAMES, layout.frame_bytes)
    if inside or not 0 <= pfn < layout.geometry.frames:
        raise cpu.fail("wild-access", site, frame)
    return pfn
