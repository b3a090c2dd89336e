"""An execution as a kernel commit message draws it: a column for each CPU, time downwards, the violation at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.explore.machine import cells as c
from engine.explore.record import Event
from engine.explore.replaying import recording_of
from engine.language.program import Program
from engine.schedule import ALONE, Schedule, Violation
from engine.vocabulary import PRIMITIVES

WIDTH: Final = 80
_NARROWEST: Final = 19  # columns narrower than this are no columns: one line a step then


def picture(program: Program, schedule: Schedule, *, steps: bool = False) -> str:
    """The picture of a schedule, at most 80 columns wide.

    Args:
        steps: add the number of each step and its file:line.

    Raises:
        DivergedError: the program does not follow the schedule.
    """
    _, recording = recording_of(program, schedule)
    return draw(program, recording.events, recording.violation, steps=steps)


def draw(program: Program, events: Sequence[Event], violation: Violation | None, *, steps: bool = False) -> str:
    """The picture of some events and how they ended."""
    names = [f"CPU{i} {thread.name}" for i, thread in enumerate(program.threads)]
    column = _Columns(names)
    lines = column.head()
    resting = False
    for number, event in enumerate(events):
        if event.thread == ALONE and not resting:
            resting = True
            lines += ["", "at rest:"]
        failed = (event is events[-1] and violation is not None and violation.kind != "deadlock"
                  and violation.site == event.site)
        text = describe(program, event, failed)
        if steps:
            site = program.sites[event.site]
            text = f"{number}: {text} [{Path(site.file).name}:{site.line}]"
        lines += column.cell(event.thread, text)
    if violation is not None:
        kind = violation.kind.upper() if violation.kind not in ("check", "warning") else violation.kind.capitalize()
        where = f" ({_short(violation.where)})" if violation.where else ""
        lines += ["", *_wrap(_shorten_paths(f"{kind}: {violation.message}{where}"), WIDTH)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Columns:
    """Where a thread's text goes: its own column, or, with too many threads, a line with its name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.width = WIDTH // max(1, len(names))
        self.separate = self.width >= _NARROWEST

    def head(self) -> list[str]:
        if not self.separate:
            return [*_wrap(", ".join(self.names), WIDTH), ""]
        names = [name[:self.width - 1] for name in self.names]
        return ["".join(f"{name:{self.width}}" for name in names),
                "".join(f"{'-' * len(name):{self.width}}" for name in names)]

    def cell(self, thread: int, text: str) -> list[str]:
        if thread == ALONE:
            return _wrap(text, WIDTH)
        if not self.separate:
            return _wrap(f"{self.names[thread]}: {text}", WIDTH)
        last = thread == len(self.names) - 1
        width = WIDTH - thread * self.width if last else self.width - 1
        return [" " * (thread * self.width) + line for line in _wrap(text, width)]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="    " if width > 24 else "  ", break_on_hyphens=False)


def _short(where: str) -> str:
    """The file's name without its folders."""
    return where.rsplit("/", 1)[-1]


def _shorten_paths(text: str) -> str:
    return " ".join("(" * word.startswith("(") + _short(word) if "/" in word and ".py:" in word else word
                    for word in text.split(" "))


def describe(program: Program, e: Event, failed: bool = False) -> str:
    """One step: the primitive, what it touched, and the values before and after; a step that failed has none."""
    site = program.sites[e.site]
    name, row, where = site.primitive, PRIMITIVES[site.primitive], program.layout.where(e.address)
    if row.access == "member":
        return f"{name}({where}, {site.member})"
    if failed:
        return f"{name}({where})"
    if row.access == "lock":
        tail = {c.ARRIVED: " waits", c.GRANTED: " granted"}.get(e.event, f" = {e.result}" if row.result else "")
        return f"{name}({where}){tail}"
    if name == "alloc_page":
        return f"alloc_page() = {_value(program, e.result)}"
    if row.access == "load":
        return f"{name}({where}) = {_value(program, e.result)}" if row.result else f"{name}({where})"
    if row.access == "rmw":
        change = f"{_value(program, e.old)} -> {_value(program, e.new)}"
        return f"{name}({where}): {change if e.old != e.new else _value(program, e.old) + ', not changed'}"
    if name == "free_page":
        return f"free_page({where})"
    return f"{name}({where}, {_value(program, e.result)})"


def _value(program: Program, value: int) -> str:
    """A number, or the object whose address it is."""
    layout = program.layout
    if layout.DESCRIPTORS <= value < layout.END or (value in layout.words.values()):
        return layout.where(value)
    if value < 10:
        return str(value)
    return f"-{(1 << 64) - value}" if value > (1 << 64) - 1024 else f"{value:#x}"
