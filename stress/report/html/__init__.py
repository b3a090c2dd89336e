"""One self-contained HTML page from a campaign's store, or from one schedule.

    write_viewer  what `--html` of explore and replay does
    data.py      what a page shows, read from a store: sums are made by SQL
    markup.py    elements; the only place where text becomes markup
    axes.py, charts.py   plain SVG
    sections.py  summary, charts, tables
    findings.py  the findings, each with its picture and its film
    page.py      the document and its content security policy
    writing.py   what `pttorture report` does
    *.css, *.js  put into the page as they are

A page is a function of the store alone: no clock, no random number, no path of this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.report.write import write

if TYPE_CHECKING:
    from engine.schedule import Schedule


def write_viewer(target: str | None, schedule: Schedule, source: str, drawn: str) -> None:
    """The page in which one steps through a schedule, for `--html`; nothing without a target.

    Args:
        source: the user's file that it belongs to, "" for a scenario of ours. drawn: its text picture.

    Raises:
        PttortureError: the program does not follow it. MachineError: it cannot be written.
    """
    if target:
        from stress.report.html.page import schedule_page

        write(target, schedule_page(schedule, source, drawn))
