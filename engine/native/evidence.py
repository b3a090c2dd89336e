"""What the arena's words say: violations, waits and last steps. Only reading, so it works on a dead arena too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.language.program import Program
from engine.memory.arena import Arena
from engine.native import words as w
from engine.python.message import cpu_name, violation
from engine.schedule import ALONE, Step, Violation
from engine.session import Found
from engine.violations import BY_CODE
from engine.vocabulary import PRIMITIVES

_WAIT_ROOM = 192
SPIN_STEPS = 48  # recorded steps that must all be loads before a thread counts as waiting in a loop


@dataclass(frozen=True)
class Waiting:
    """What one thread waits for and holds. `lock` 0: nothing. `holds`: lock -> "read", "write" or both."""

    thread: int
    lock: int
    how: str
    site: int
    since_ns: int
    holds: dict[int, str]


def site_number(word: int) -> int:
    """A site as the arena stores it; -1 before the first step."""
    return -1 if word & w.S_SITE == w.NO_SITE else word & w.S_SITE


def thread_number(word: int) -> int:
    """A thread as the arena stores it; -1 for set-up and the check at rest."""
    return ALONE if word > 0xFFFF else word


def waiting(arena: Arena, thread: int, block: int) -> Waiting:
    """Decode a block of a thread's T_WAIT words at an offset."""
    load = arena.load
    holds = {}
    for slot in range(block + w.W_HOLDS, block + w.WAIT_BYTES, 16):
        lock, held = load(slot), load(slot + 8)
        if lock:
            modes = ["write"] if held & w.HELD_WRITE else []
            holds[lock] = " and ".join([*modes, *(["read"] if held & (w.HELD_WRITE - 1) else [])])
    return Waiting(thread, load(block + w.W_LOCK), w.HOWS.get(load(block + w.W_HOW), ""),
                   site_number(load(block + w.W_SITE)), load(block + w.W_SINCE), holds)


def wait_lines(program: Program, threads: list[Waiting]) -> list[str]:
    """One line for each thread that waits for a lock: who holds it, who arrived before."""
    queue = sorted((t for t in threads if t.lock), key=lambda t: t.since_ns)
    lines = []
    for number, each in enumerate(queue):
        line = f"{cpu_name(program, each.thread)} waits for {program.layout.where(each.lock)} ({each.how})"
        holders = [f"{cpu_name(program, t.thread)} ({t.holds[each.lock]})" for t in threads if each.lock in t.holds]
        line += f", held by {', '.join(holders)}" if holders else ""
        ahead = [f"{cpu_name(program, t.thread)} ({t.how}, queued)" for t in queue[:number] if t.lock == each.lock]
        lines.append(line + (f", behind {', '.join(ahead)}" if ahead else ""))
    return lines


def current_waits(program: Program, arena: Arena) -> list[Waiting]:
    """What every thread waits for and holds now."""
    return [waiting(arena, t, program.layout.thread(t) + w.T_WAIT) for t in range(len(program.threads))]


def spins_at(program: Program, arena: Arena, thread: int) -> int:
    """The cpu_relax in whose loop a running thread does nothing but load, -1 if it does more or nobody recorded it.

    Told from its recorded steps, so that a step costs nothing more.
    """
    relaxed = arena.load(program.layout.thread(thread) + w.T_RELAXED)
    steps = ring_steps(program, arena, thread, SPIN_STEPS) if relaxed else []
    idle = [step for step in steps if PRIMITIVES[program.sites[step.site].primitive].changes_nothing(step.value)]
    return relaxed - 1 if len(idle) == SPIN_STEPS else -1


def ring_steps(program: Program, arena: Arena, thread: int, count: int) -> list[Step]:
    """The last steps of a thread, oldest first, from its ring."""
    area, ring = program.layout.thread(thread), program.layout.ring
    last = arena.load(area + w.T_SEQUENCE)
    steps = []
    for sequence in range(max(0, last - min(count, ring)), last):
        steps += _row(arena, thread, area + w.T_RING + sequence % ring * w.ROW)
    return steps


def _row(arena: Arena, thread: int, row: int) -> list[Step]:
    word, address, value = (arena.load(row + part) for part in (w.R_SITE, w.R_ADDRESS, w.R_VALUE))
    return [step_of(thread, word, address, value)] if word & w.WRITTEN else []


def step_of(thread: int, word: int, address: int, value: int) -> Step:
    """A row of a recorder; `word`: its first word."""
    if word & w.STAMPED:
        return Step(thread, site_number(word), address, value & 1, stamp=value >> 1)
    return Step(thread, site_number(word), address, value)


def merged(threads: Sequence[Sequence[Step]]) -> list[Step]:
    """The steps of several threads as one list, in the order of time as far as the stamps fix it.

    What stands between two stamps of its thread was at some time between them. Steps whose times may overlap stay
    together, thread by thread.
    """
    parts = sorted((part for steps in threads for part in spans(steps)), key=lambda part: part[0])
    out: list[Step] = []
    group: list[tuple[float, float, Step]] = []
    end = -math.inf
    for part in parts:
        if group and part[0] >= end:
            out += [step for _, _, step in sorted(group, key=lambda each: each[2].thread)]
            group = []
        group.append(part)
        end = max(end, part[1])
    return out + [step for _, _, step in sorted(group, key=lambda each: each[2].thread)]


def spans(steps: Sequence[Step]) -> list[tuple[float, float, Step]]:
    """Each step with the earliest and the latest time at which it can have been."""
    first: float = -math.inf
    begins, ends = [], []
    for step in steps:
        first = first if step.stamp is None else step.stamp
        begins.append(first)
    last = math.inf
    for step in reversed(steps):
        last = last if step.stamp is None else step.stamp
        ends.append(last)
    return list(zip(begins, reversed(ends), steps, strict=True))


def describe(program: Program, arena: Arena, v: int, waits: list[Waiting]) -> Violation:
    """A recorded violation in words. `waits`: of all threads at that moment."""
    load = arena.load
    kind, thread = BY_CODE[load(v + w.V_KIND)].name, thread_number(load(v + w.V_THREAD))
    found = violation(program, kind, site_number(load(v + w.V_SITE)), thread, load(v + w.V_ADDRESS),
                      load(v + w.V_OTHER))
    if kind == "deadlock":
        lines = wait_lines(program, waits)
        found = replace(found, message="; ".join(lines)) if lines else found
    return found


def round_violation(program: Program, arena: Arena) -> Violation | None:
    """The violation of the round that runs, or ran last in a replay."""
    if arena.load(w.H_HALT) != w.HALT_VOID:
        return None
    waits = [waiting(arena, t, program.layout.thread(t) + w.T_COPY) for t in range(len(program.threads))]
    return describe(program, arena, w.H_VIOLATION, waits)


def table(program: Program, arena: Arena) -> list[Found]:
    """Every violation of the table with its evidence."""
    found = []
    for number in range(w.MAX_VIOLATIONS):
        v = arena.load(w.H_VIOLATIONS) + number * arena.load(w.H_VIOLATION_BYTES)
        count = arena.load(v + w.V_COUNT)
        if not count:
            break
        found.append(_found(program, arena, v, count))
    return found


def _found(program: Program, arena: Arena, v: int, count: int) -> Found:
    place, waits = v + w.V_HEAD, []
    evidence: list[list[Step]] = []
    for thread in range(len(program.threads)):
        waits.append(waiting(arena, thread, place))
        place += _WAIT_ROOM
        evidence.append([])
        for _ in range(w.EVIDENCE_ROWS):
            evidence[-1] += _row(arena, thread, place)
            place += w.ROW
    each = describe(program, arena, v, waits)
    return Found(each.kind, each.message, each.where, each.site, each.thread, count,
                 arena.load(v + w.V_ROUND) - 1, arena.load(v + w.V_TIME) - arena.load(w.H_STARTED), each.address,
                 each.other, tuple(merged(evidence)))
