"""A schedule as a picture: one column a thread, as kernel commit messages draw a race."""

from __future__ import annotations

from engine.language.program import Program
from engine.schedule import Schedule


def draw(program: Program, schedule: Schedule, *, steps: bool = False, replay: str = "") -> str:
    """The picture; `steps` adds where each step is in the source, `replay` is the command that shows it again."""
    from engine.explore.picture import picture

    return picture(program, schedule, steps=steps, replay=replay)
