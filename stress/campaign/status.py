"""What a person sees of a campaign: a line redrawn on a terminal, a line a minute elsewhere, all of it on SIGUSR1."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from engine.text import count
from stress.campaign.crew import Task
from stress.console import Console
from stress.findings.signature import Finding
from stress.report.places import short
from stress.report.text import wrap

HEARTBEAT: Final = 60.0  # seconds between two lines where nothing can be redrawn


@dataclass
class Figures:
    """Of this run of the campaign. `seconds`: the limit, 0 for none. `fresh`: cells that had no round yet."""

    cells: int = 0
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)
    rounds: int = 0
    lost: int = 0
    fresh: int = 0
    expected: int = 0
    unexpected: int = 0
    known: int = 0
    pairs: int = 0
    resident: int = 0

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began


class Status:
    """Writes to a console. `figures` are the loop's."""

    def __init__(self, console: Console, figures: Figures) -> None:
        self.console, self.figures = console, figures
        self.asked = False

    def beat(self, busy: Sequence[tuple[int, Task, str, float]]) -> None:
        """May be called often."""
        if self.asked:
            self.asked = False
            self.snapshot(busy)
        self.console.progress(self._line(busy))

    def _line(self, busy: Sequence[tuple[int, Task, str, float]]) -> str:
        f = self.figures
        limit = f"/{clock(f.seconds)}" if f.seconds else ""
        rate = f.rounds / max(f.elapsed, 1.0) * 60
        lost = f", {f.lost} lost" if f.lost else ""
        doing = ", ".join(task.cell.title for _, task, _, _ in busy)
        return (f"{clock(f.elapsed)}{limit} {count(f.rounds, 'round')} ({rate:,.0f}/min{lost}), "
                f"{f.unexpected} unexpected, {f.expected} expected, {f.resident / 1e6:,.0f} MB: {doing}")

    def snapshot(self, busy: Sequence[tuple[int, Task, str, float]]) -> None:
        """All there is to say now."""
        f, say = self.figures, self.console.result
        say(self._line(()).rstrip(": "))
        say(f"  {f.cells - f.fresh} of {count(f.cells, 'cell')} had a round; {count(f.pairs, 'order')} of conflicting "
            "accesses seen")
        for number, task, doing, seconds in busy:
            what = "explains" if task.violation is not None else f"round {task.round.number if task.round else 0} of"
            for line in wrap(f"member {number}: {what} {task.cell.title} ({task.cell.mode}), {seconds:.0f} s"
                             + (f": {doing}" if doing else ""), indent=2):
                say(line)

    def found(self, finding: Finding, *, known: bool) -> None:
        """A finding that was not there before."""
        write = self.console.say if finding.expected or known else self.console.result
        mark = "ok" if finding.expected else "  " if known else "!!"
        said = ", known" if known else "" if finding.expected else ", NOT expected"
        colour = "good" if finding.expected else "dim" if known else "bad"
        first, *rest = wrap(f"{short(finding.title)} [{finding.signature}]{said}", indent=3)
        write(f"{self.console.paint(mark, colour)} {first[3:]}")
        for line in rest:
            write(line)

    def note(self, text: str) -> None:
        """Something that happened to the campaign itself."""
        for line in wrap(text, indent=0):
            self.console.result(line)

    @contextmanager
    def signalled(self) -> Iterator[None]:
        """Inside, SIGUSR1 asks for a snapshot."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: Any = signal.signal(signal.SIGUSR1, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGUSR1, before)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def clock(seconds: float) -> str:
    """`1:02:03`."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
