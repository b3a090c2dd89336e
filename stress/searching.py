"""What a person sees while a search goes on: how many executions, how deep, within which bound, how fast."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from engine.text import count
from stress.console import Console

if TYPE_CHECKING:
    from engine.explore import Look, Result
    from engine.language.program import Program

_COMPILING: Final = 1.5  # seconds without a first slice: the search is being compiled, and a person wonders
MINIMISE: Final = 10.0  # for making small what a sampler has found
SECONDS: Final = 60.0  # for the smallest violation, where nothing else is said
_SHORT: Final = 5.0  # a search that is over by then leaves no line in a log


class _Watcher:
    """Turns looks at the search into a line. The rate is that of the last second: one that falls shows."""

    def __init__(self, console: Console, title: str) -> None:
        self.console, self.title = console, title
        self.begin = self.at = time.monotonic()
        self.before = 0
        self.rate = 0.0
        self.looked = self.over = False
        self.timer = threading.Timer(_COMPILING, self._compiling)
        self.timer.daemon = True

    def tell(self, look: Look) -> None:
        now = time.monotonic()
        if not self.looked:
            self.begin = self.at = now
        self.looked = True
        if look.executions < self.before:  # a new search, with the next bound
            self.before, self.at = 0, now
        if now - self.at >= 1.0 or not self.rate:
            self.rate = (look.executions - self.before) / max(now - self.at, 0.05)
            self.at, self.before = now, look.executions
        if self.console.terminal or now - self.begin >= _SHORT:
            self.console.progress(line(self.title, look, self.rate, now - self.begin))

    def _compiling(self) -> None:
        if not (self.looked or self.over):
            self.console.progress(f"{self.title}: compiling the search (once, about half a minute)")


def line(title: str, look: Look, rate: float, seconds: float) -> str:
    """One line: what is searched, how far, how fast."""
    bound = "" if look.preemptions is None else f", up to {count(look.preemptions, 'preemption')}"
    states = f", {look.states:,} states" if look.states else ""
    depth = f", depth {look.depth}" if look.depth else ""
    return (f"{title}: {look.strategy}{bound}: {count(look.executions, 'execution')}{states}{depth}, {rate:,.0f}/s, "
            f"{seconds:.0f} s")


@contextmanager
def patience(text: str) -> Iterator[None]:
    """On a terminal, says what is going on if it takes long."""
    console = Console(sys.stderr)
    timer = threading.Timer(_COMPILING, lambda: console.progress(text))
    timer.daemon = True
    if console.terminal:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        console.clear()


@contextmanager
def waiting(console: Console, title: str) -> Iterator[None]:
    """Shows the progress of the searches inside; the line is gone at the end."""
    from engine.explore.progress import told

    watcher = _Watcher(console, title)
    watcher.timer.start()
    try:
        with told(watcher.tell):
            yield
    finally:
        watcher.over = True
        watcher.timer.cancel()
        console.clear()


def smallest(program: Program, *, seconds: float = SECONDS, **options: Any) -> Result:
    """The smallest violation, as `engine.explore.smallest`: the one way in which all commands look for it."""
    from engine.explore import smallest as search

    return search(program, seconds=seconds, **options)


def minimised(result: Result, *, seconds: float = MINIMISE) -> Result:
    """The result with the smallest schedule that breaks as the one that was found; see `engine.explore.minimise`."""
    from engine.explore import minimise

    if result.schedule is None or result.program is None:
        return result
    small = minimise(result.program, result.schedule, seconds=seconds)
    return replace(result, schedule=small.schedule, violation=small.violation, preemptions=small.preemptions,
                   program=small.program, minimal=small.minimal, interrupted=small.interrupted)
