"""What a person sees while a run goes on: one line redrawn on a terminal, plain lines everywhere else.

80 columns. `NO_COLOR` (any value) switches colour off, `FORCE_COLOR` on; without either a terminal gets colour. A log
file gets a progress line every few seconds, so that an overnight log shows when something stopped.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from typing import Final, TextIO

WIDTH: Final = 80
_PLAIN_EVERY: Final = 10.0  # seconds between progress lines where nothing can be redrawn
_REDRAW_EVERY: Final = 0.1
_COLOURS: Final = {"good": "32", "bad": "31;1", "doubt": "33", "dim": "2"}


class Console:
    """Writes human text to `stream`.

    Args:
        quiet: only `result` lines are written; no progress, no notes.
        every: seconds between two lines of progress where nothing can be redrawn.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False, environment: Mapping[str, str] | None = None,
                 every: float = _PLAIN_EVERY) -> None:
        environment = os.environ if environment is None else environment
        self.stream, self.quiet, self.every = stream, quiet, every
        self.terminal = stream.isatty() and environment.get("TERM") != "dumb"
        self.colour = _wants_colour(environment, self.terminal)
        self.width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns) if self.terminal else WIDTH
        self._drawn = False
        self._last = 0.0

    def result(self, text: str) -> None:
        """A line that is always written."""
        self.clear()
        self.stream.write(text + "\n")
        self.stream.flush()

    def say(self, text: str) -> None:
        """A line that `--quiet` leaves out."""
        if not self.quiet:
            self.result(text)

    def progress(self, text: str) -> None:
        """What is going on now. May be called often; writes seldom."""
        now = time.monotonic()
        if self.quiet or now - self._last < (_REDRAW_EVERY if self.terminal else self.every):
            return
        self._last = now
        line = shorten(text, self.width - 1)
        if self.terminal:
            self.stream.write(f"\r{line}\x1b[K")
            self._drawn = True
        else:
            self.stream.write(line + "\n")
        self.stream.flush()

    def clear(self) -> None:
        """Take the progress line away, so that something else can be written."""
        if self._drawn:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self._drawn = False

    def paint(self, text: str, colour: str) -> str:
        """`text` in a colour ("good", "bad", "doubt", "dim"), or as it is where colour is off."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colour else text


def shorten(text: str, width: int = WIDTH) -> str:
    """`text` on one line of at most `width` columns; what does not fit is cut and marked."""
    text = " ".join(text.split("\n"))
    return text if len(text) <= width else text[: width - 3] + "..."


def _wants_colour(environment: Mapping[str, str], terminal: bool) -> bool:
    if "NO_COLOR" in environment and environment["NO_COLOR"] != "":
        return False
    return terminal or environment.get("FORCE_COLOR", "") not in ("", "0")
