"""What the state shows at the end of an execution that broke: the words and locks that the violation is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.explore.describe import change, is_read, is_word, is_write, value
from engine.explore.explain import holds, who, who_waits
from engine.explore.load import Machine
from engine.explore.record import Event
from engine.schedule import ALONE, Violation
from engine.vocabulary import PRIMITIVES

_WORDS: Final = 6  # more words than that explain nothing


def state(machine: Machine, events: Sequence[Event], violation: Violation) -> list[str]:
    """The state as lines: words with their last writer, locks with who has them and who waits. Where a page was freed
    is in the violation's message."""
    if violation.kind == "deadlock":
        return who_waits(machine)
    return [*_words(machine, events, violation), *_held(machine)]


def shared_words(machine: Machine, events: Sequence[Event]) -> set[int]:
    """Words that one CPU touched and another one wrote: where the CPUs of this execution met."""
    touched: dict[int, set[int]] = {}
    written: dict[int, set[int]] = {}
    for e in events:
        if e.thread != ALONE and is_word(machine.program, e):
            touched.setdefault(e.address, set()).add(e.thread)
            if is_write(machine.program, e):
                written.setdefault(e.address, set()).add(e.thread)
    return {address for address, writers in written.items() if len(touched[address]) > 1 or len(writers) > 1}


def _involved(machine: Machine, events: Sequence[Event], violation: Violation) -> list[int]:
    """The words that the violation is about: what the failing CPU (or the check at rest) saw and another one wrote."""
    seen = [e.address for e in events if e.thread == violation.thread and is_word(machine.program, e)]
    if violation.thread == ALONE:
        of_others = {e.address for e in events if e.thread != ALONE and is_write(machine.program, e)}
    else:
        of_others = shared_words(machine, events)
    found = [violation.address, *reversed(seen)]
    return list(dict.fromkeys(a for a in found if a in of_others))


def _words(machine: Machine, events: Sequence[Event], violation: Violation) -> list[str]:
    program = machine.program
    last: dict[int, Event] = {e.address: e for e in events if is_write(program, e) and is_word(machine.program, e)}
    lines = []
    for address in _involved(machine, events, violation)[:_WORDS]:
        e = last[address]
        lines.append(f"{program.layout.where(address)} = {value(program, e.new)}, by {who(machine, e.thread)}: "
                     f"{program.sites[e.site].primitive} {change(program, e)}")
    if (read := _last_read(machine, events, violation)) and read.address not in last:
        lines.insert(0, f"{program.layout.where(read.address)} = {value(program, read.result)}, "
                        f"{_origin(machine, events, read.address)}")
    return lines


def _origin(machine: Machine, events: Sequence[Event], address: int) -> str:
    """Where the value of a word that no step wrote by itself is from."""
    layout = machine.program.layout
    page = address - (address - layout.FRAMES) % layout.frame_bytes if layout.FRAMES <= address < layout.END else -1
    for e in reversed(events):
        name = machine.program.sites[e.site].primitive
        if (name == "fill_page" and e.address == page) or (name == "alloc_page" and e.result == page):
            return f"by {who(machine, e.thread)}: {name}"
    return "as set up"


def _last_read(machine: Machine, events: Sequence[Event], violation: Violation) -> Event | None:
    """What the failing CPU looked at last, where a condition failed."""
    if violation.site < 0 or PRIMITIVES[machine.program.sites[violation.site].primitive].step:
        return None
    return next((e for e in reversed(events) if e.thread == violation.thread and is_read(machine.program, e)), None)


def _held(machine: Machine) -> list[str]:
    """Who holds which lock, and who waits for one."""
    held = [f"{lock}: held by {who(machine, thread)} ({how}, {where})" for lock, thread, how, where in holds(machine)
            if thread != machine.alone]
    return held + who_waits(machine, asleep=False)
