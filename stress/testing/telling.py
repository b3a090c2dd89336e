"""What a person reads: a failure with its picture, and the summary at the end of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from stress.report.text import wrap

if TYPE_CHECKING:
    import pytest

    from stress.testing.result import Drawn, Result


def text(result: Result, drawn: Drawn, again: Sequence[str]) -> str:
    """A result with its picture and how to see it again; 80 columns."""
    parts = wrap(result.headline, indent=0) if result.past else []
    parts += result.lines
    if drawn.said:
        parts += ["", *wrap(drawn.said, indent=0)]
    if drawn.picture:
        parts += ["", drawn.picture.rstrip("\n")]
    return "\n".join([*parts, "", *again])


def headed(report: pytest.TestReport, item: pytest.Item, headline: str) -> None:
    """The line of the short summary: what broke, at the test."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        path, line, _ = item.location
        crash.path, crash.lineno, crash.message = path, (line or 0) + 1, headline


def section(report: pytest.TestReport, title: str, content: str) -> None:
    """A part below the traceback of a failed assertion; in the JUnit file too."""
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(f"pttorture: {title}", content)


def summary(reports: Iterable[Any], *, verbose: bool) -> list[str]:
    """What the end of a run says: what became of past findings; what each check rests on, if `verbose`."""
    told: list[str] = []
    for report in reports:
        told += [f"{report.nodeid}: {line}" for line in report.pttorture["checks"]] if verbose else []
        told += report.pttorture["notes"]
    return [line for each in dict.fromkeys(told) for line in wrap(each, indent=0)]
