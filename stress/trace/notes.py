"""What is wrong with a trace file: fatal, or counted and told in one line."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import UsageError

#: The end of a message about a hole in the history.
WAY_OUT = "capture it again"


@dataclass
class Notes:
    """Collects the problems of one file.

    Args:
        path: the file, as messages name it.
        tolerate: count what would otherwise make the file unfit for replay.
    """

    path: str
    tolerate: bool = False
    seen: dict[str, list[int]] = field(default_factory=dict)  # text -> [first line, how often]

    def count(self, what: str, line: int, times: int = 1) -> None:
        """Note a harmless problem; `line` is where it was first seen (0: the file as a whole)."""
        self.seen.setdefault(what, [line, 0])[1] += times

    def damage(self, what: str, line: int, detail: str = "") -> None:
        """Note a hole in the history: UsageError, or counted when the caller tolerates holes."""
        if not self.tolerate:
            raise self.fatal(f"{what}{detail}; {WAY_OUT}", line)
        self.count(what, line)

    def fatal(self, what: str, line: int = 0) -> UsageError:
        """The error for a file that cannot be replayed at all."""
        return UsageError(f"{self.path}:{line}: {what}" if line else f"{self.path}: {what}")

    def texts(self) -> tuple[str, ...]:
        """One line a kind of problem, in the order of first sight."""
        return tuple(
            f"{self.path}:{line}: {what}" + (f" (and {times - 1} more)" if times > 1 else "")
            for what, (line, times) in self.seen.items()
        )
