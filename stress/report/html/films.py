"""A schedule as a film for the page, or why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from engine.errors import PttortureError
from engine.schedule import Schedule
from stress.job import finder
from stress.replaying import edited, parsed
from stress.report.places import short

STEPS: Final = 1000  # of one film; of longer executions it shows the last ones


def film_of(text: str, folder: Path) -> tuple[dict[str, Any] | None, str]:
    """The film of a schedule's JSON text and what must be said of it, or None and why there is none.

    `folder`: what a path in it is relative to.
    """
    try:
        schedule, source = parsed(text, "schedule", folder)
        return made(schedule, source), note(schedule, source)
    except PttortureError as error:
        return None, f"it cannot be replayed step by step: {short(str(error))}"
    except Exception as error:  # one finding must not cost the page of all
        return None, f"it cannot be replayed step by step: {type(error).__name__}: {short(str(error))}"


def note(schedule: Schedule, source: str) -> str:
    """That the lines shown are not those that ran, "" if they are."""
    if not edited(schedule, source):
        return ""
    return f"{Path(source).name} has changed since this was recorded: the steps are shown at the lines of now."


def made(schedule: Schedule, source: str) -> dict[str, Any]:
    """The film of a schedule.

    Raises:
        PttortureError: the program does not follow it, or is not there any more.
    """
    from engine.explore.film import film

    program = schedule.program(finder(source))
    return film(program, schedule.fitted(program), most=STEPS).as_dict()
