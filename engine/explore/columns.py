"""Where the text of a CPU goes: 80 columns, a column a CPU, as kernel commit messages draw a race.

Only one CPU acts on a line, so its text may run on to the right over the columns of others. That is what keeps four or
eight CPUs readable: columns come closer together and the last one still has room. From three CPUs on a bar marks
the columns to the left.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 80
_LAST: Final = 50  # what the last column has: `atomic_dec_return(page 2 refcount): 3 -> 2`, four calls deep
_CLOSEST: Final = 3  # columns closer than this are no columns: a line with the name then
_GLUE: Final = "\N{NO-BREAK SPACE}"
_BARS: Final = 3  # CPUs from which on bars are drawn


class Columns:
    """The columns of some CPUs. `names` head them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        gaps = max(1, len(names) - 1)
        self.pitch = (WIDTH - _LAST) // gaps
        self.separate = self.pitch >= _CLOSEST
        self.bars = len(names) >= _BARS

    def head(self) -> list[str]:
        """The names over their columns; staggered where they would touch."""
        if not self.separate:
            return [*wrap(", ".join(self.names), WIDTH), ""]
        if all(len(name) < self.pitch for name in self.names[:-1]):
            return ["".join(f"{name:{self.pitch}}" for name in self.names),
                    "".join(f"{'-' * len(name):{self.pitch}}" for name in self.names)]
        return [self._margin(i) + name[:WIDTH - i * self.pitch] for i, name in enumerate(self.names)]

    def cell(self, thread: int, text: str, indent: int = 0) -> list[str]:
        """The lines of one step of a CPU."""
        if not self.separate:
            return wrap(f"{self.names[thread]}: {text}", WIDTH)
        margin = self._margin(thread) + " " * indent
        return [margin + line for line in wrap(text, WIDTH - len(margin))]

    def _margin(self, thread: int) -> str:
        return f"{'|' if self.bars else ' ':{self.pitch}}" * thread


def wrap(text: str, width: int, indent: int = 4) -> list[str]:
    """`text` in lines of `width` columns; `pt 2[1]`, `= 3` and `-> 4` are never cut in two."""
    glued = re.sub(r"\b(pt|page) (?=\d)|(=|->|<--) (?=\S)", lambda found: found[0][:-1] + _GLUE, text)
    lines = textwrap.wrap(glued, width, subsequent_indent=" " * indent, break_on_hyphens=False)
    return [line.replace(_GLUE, " ") for line in lines]
