"""Where an access goes: the state of its frame, and what is said of an address that nobody may use."""

from __future__ import annotations

from engine.memory.shadow import FREED_AT, LIVE, STATE_MASK
from engine.native.intrinsics import add, load, load_acquire, store, xchg
from engine.native.jit import native
from engine.native.step import violate
from engine.native.words import (
    H_DESCRIPTORS,
    H_END,
    H_FRAME_SHIFT,
    H_FRAMES,
    H_GLOBALS,
    H_N_FRAMES,
    H_RECORDS,
    H_STATES,
    H_TOUCH,
    H_TOUCHED,
    MODE_SKIP,
    S_SPECULATIVE,
    T_SCRATCH,
)
from engine.violations import BY_NAME

USE_AFTER_FREE = BY_NAME["use-after-free"].code
WILD = BY_NAME["wild-access"].code


@native
def touch(B: int, pfn: int) -> None:
    """Note a frame that the round's end must restore."""
    flags = B + load(B + H_TOUCHED)
    if load(flags + pfn * 8) == 0 and xchg(flags + pfn * 8, 1) == 0:
        at = add(B + H_TOUCH, 1)
        store(flags + (load(B + H_N_FRAMES) + at) * 8, pfn)


@native
def frame_state(B: int, pfn: int) -> int:
    return load_acquire(B + load(B + H_STATES) + pfn * 8) & STATE_MASK


@native
def frame_below(B: int, address: int) -> int:
    """pfn + 1 of the frame whose contents or descriptor an address is in, 0 if there is none."""
    if address >= load(B + H_FRAMES):
        if address < load(B + H_END):
            return ((address - load(B + H_FRAMES)) >> load(B + H_FRAME_SHIFT)) + 1
    elif address >= load(B + H_DESCRIPTORS):
        pfn = (address - load(B + H_DESCRIPTORS)) >> 6
        if pfn < load(B + H_N_FRAMES):
            return pfn + 1
    return 0


@native
def refuse(B: int, me: int, site: int, address: int, width: int) -> int:
    """Say what is wrong with an address."""
    pfn = frame_below(B, address)
    if pfn != 0 and address & (width - 1) == 0:
        freed = load(B + load(B + H_RECORDS) + (pfn - 1) * 32 + FREED_AT)
        violate(B, me, site, USE_AFTER_FREE, address, freed)
    else:
        violate(B, me, site, WILD, address, 0)
    return B + me + T_SCRATCH


@native
def checked(B: int, me: int, mode: int, site: int, address: int, width: int) -> int:
    """Where an access really goes: its address in this process, or the thread's scratch word if it is refused."""
    if mode & MODE_SKIP != 0:
        return B + me + T_SCRATCH
    if address & (width - 1) == 0:
        if address >= load(B + H_FRAMES):
            pfn = (address - load(B + H_FRAMES)) >> load(B + H_FRAME_SHIFT)
            if address < load(B + H_END) and frame_state(B, pfn) == LIVE:
                return B + address
        elif address >= load(B + H_DESCRIPTORS):
            pfn = (address - load(B + H_DESCRIPTORS)) >> 6
            if pfn < load(B + H_N_FRAMES):
                if frame_state(B, pfn) == LIVE:
                    return B + address
                if site & S_SPECULATIVE != 0:
                    touch(B, pfn)
                    return B + address
        elif address >= load(B + H_GLOBALS):
            return B + address
    return refuse(B, me, site, address, width)
