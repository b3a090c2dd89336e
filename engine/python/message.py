"""A violation in words. A pure function of few numbers, so that it can be written again from arena words."""

from __future__ import annotations

from collections.abc import Sequence

from engine.language.program import Program
from engine.memory.members import confusion, displaced, live_of
from engine.memory.overlay import PAGE, PAGE_BYTES
from engine.memory.shadow import unpack_place
from engine.schedule import ALONE, Violation
from engine.session import ThreadState
from engine.violations import KEPT


def spin_lines(program: Program, threads: Sequence[ThreadState]) -> list[str]:
    """One line for each thread that loads in a loop and nothing else."""
    return [f"{cpu_name(program, t.thread)} waits at {program.sites[t.spins].where} for a word that nobody changes"
            for t in threads if t.spins >= 0]


def violation(program: Program, kind: str, site: int, thread: int, address: int = 0, other: int = 0) -> Violation:
    """The whole violation.

    Args:
        site: of the step, -1 for work between two steps. address: the word, page or lock it is about, 0 if none.
        other: a second place, as packed by `engine.memory.shadow.pack_place`, 0 if none; for a bad page the address of
            the word that is not reset; for a lock misuse KEPT or 0; for a union confusion the tag of the live member.
    """
    where = program.sites[site].where if site >= 0 else _local(program, thread, other)
    place = "" if kind in ("bad-page", "lock-misuse") or site < 0 else _place(program, other)
    if kind == "union-confusion":
        place = live_of(other, program.sites)[1]
    return Violation(kind, _text(program, kind, site, address, place, other), where, site, thread, address, place)


def cpu_name(program: Program, thread: int) -> str:
    """`CPU1 unmap`."""
    return "the check at rest" if thread == ALONE else f"CPU{thread} {program.threads[thread].name}"


def pack_local(program: Program, function: str, line: int) -> int:
    """A place that is no step, for `other` of a violation with site -1."""
    return (list(program.functions).index(function) + 1) << 32 | line


def _local(program: Program, thread: int, other: int) -> str:
    """The inverse; without one the start of what the thread runs."""
    if other:
        function = list(program.functions.values())[(other >> 32) - 1]
        return f"{function.file}:{other & 0xFFFFFFFF}"
    name = program.threads[thread].function if thread != ALONE else program.at_rest or program.setup or ""
    return f"{program.functions[name].file}:{program.functions[name].line}"


def _place(program: Program, other: int) -> str:
    site, _ = unpack_place(other)
    return program.sites[site].where if 0 <= site < len(program.sites) else ""


def _text(program: Program, kind: str, site: int, address: int, place: str, other: int) -> str:
    name = program.layout.where(address)
    primitive = program.sites[site].primitive if site >= 0 else "work between two steps"
    match kind:
        case "use-after-free":
            freed = f"freed at {place}" if place else "never allocated"
            return f"{primitive} of {name}, which is free ({freed})"
        case "double-free":
            return f"free_page of {name}, which is free already" + (f" (freed at {place})" if place else "")
        case "wild-access" if site < 0:
            return f"index {address} of a private array, which is shorter"
        case "wild-access" if program.sites[site].member:
            return displaced(primitive, program.sites[site].member, name)
        case "union-confusion":
            pfn = (address - program.layout.DESCRIPTORS) // PAGE_BYTES
            return confusion(primitive, program.sites[site].member, pfn, live_of(other, program.sites)[0], place)
        case "wild-access":
            return f"{primitive} of {name}, which is no object" if address else f"{primitive} of NULL"
        case "bad-page":
            return f"{primitive}: {_field(program, other)} is not in its reset state"
        case "step-limit":
            return "a loop goes on for ever without a step"
        case "deadlock":
            return f"{primitive} of {name} waits for ever"
        case "lock-misuse" if other == KEPT:
            return f"the role ends with {name} held"
        case "lock-misuse":
            return f"{primitive} of {name}, which the thread does not hold like that"
        case "sleep-in-atomic":
            return f"may sleep with {name} held"
        case "stack-overflow":
            return "protocols call each other, or hold private arrays, beyond the bound"
    return program.sites[site].text if site >= 0 and program.sites[site].text else primitive


def _field(program: Program, address: int) -> str:
    pfn, offset = divmod(address - program.layout.DESCRIPTORS, PAGE_BYTES)
    names = {PAGE[n].offset: n for n in ("mapcount", "mapping", "refcount", "memcg_data")}
    return f"{names.get(offset, offset)} of page {pfn}"
