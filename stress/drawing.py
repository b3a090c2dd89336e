"""A schedule as a picture: one column a thread, as kernel commit messages draw a race."""

from __future__ import annotations

from engine.language.program import Program
from engine.schedule import Schedule


def draw(program: Program, schedule: Schedule, *, steps: bool = False) -> str:
    """The picture; `steps` adds where each step is in the source."""
    from engine.explore import recording_of

    _, recording = recording_of(program, schedule)
    lines = []
    for event in recording.events:
        site = program.sites[event.site]
        who = program.threads[event.thread].name if 0 <= event.thread < len(program.threads) else "at rest"
        where = f"    {site.where}" if steps else ""
        lines.append(f"{who}: {site.primitive}({program.layout.where(event.address)}) = {event.result:#x}{where}")
    if recording.violation is not None:
        lines.append(f"{recording.violation.kind}: {recording.violation.message}")
    return "\n".join(lines)
