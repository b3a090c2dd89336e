"""What can go wrong that is not a finding: one class a situation, each with the exit code the command line returns.

Every message is one line: what, where, what to do. Only `ProtocolError` has more: the source line and a caret.
"""

from __future__ import annotations

from dataclasses import dataclass


class PttortureError(Exception):
    """Base class. `exit_code` is what `pttorture` exits with when the error reaches the command line."""

    exit_code = 3


class UsageError(PttortureError):
    """The caller asked for something that does not exist or makes no sense (unknown name, bad number, bad file)."""

    exit_code = 2


class MachineError(PttortureError):
    """The machine refused: shared memory is full, a worker cannot be started, a disk cannot be written."""

    exit_code = 3


class DivergedError(PttortureError):
    """A replay did not follow its schedule: the program or its parameters are not those of the recording."""

    exit_code = 1


class NotDeterministicError(PttortureError):
    """The same choices led to two different executions: nothing that the search said can be relied on."""

    exit_code = 3


class InternalError(PttortureError):
    """A bug of pttorture itself; all results of the run are suspect."""


@dataclass
class ProtocolError(UsageError):
    """A protocol is outside the language.

    Args:
        what: one sentence: what is not allowed and what to write instead.
        file, line, column: where (line from 1, column from 0), as in the user's source.
        source: that source line, without its newline.
    """

    what: str
    file: str
    line: int
    column: int = 0
    source: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.what}"
        if self.source:
            indent = len(self.source) - len(self.source.lstrip())
            text += f"\n    {self.source.strip()}\n    {' ' * max(0, self.column - indent)}^"
        return text
