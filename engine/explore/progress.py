"""How far a search is, for a person who waits: told after every slice, some tens of times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Look:
    """What is known between two slices.

    Attributes:
        depth: choices in the present execution, 0 if the strategy keeps no path. states: 0 if it does not count them.
        preemptions: the bound, None for none.
    """

    strategy: str
    preemptions: int | None
    executions: int
    steps: int
    states: int
    depth: int


Tell = Callable[[Look], object]

_tell: Final[ContextVar[Tell | None]] = ContextVar("tell", default=None)


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """Within it every search of this thread calls `tell` after each slice."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)


def listener() -> Tell | None:
    """Whom to tell, None for nobody."""
    return _tell.get()
