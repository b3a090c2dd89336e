"""The kinds of violation: what a check can say, in words a kernel engineer uses. The numbers go into shared memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """One kind. `code` is stored in arena words, `name` in JSON and tables, `text` heads a report."""

    code: int
    name: str
    text: str


KINDS: Final = (
    Kind(1, "use-after-free", "access to a page that is free"),
    Kind(2, "double-free", "a page is freed that is already free"),
    Kind(3, "wild-access", "access outside every object"),
    Kind(4, "leak", "a page is allocated, linked nowhere, and nobody will free it"),
    Kind(5, "lock-misuse", "a lock is released by a thread that does not hold it"),
    Kind(6, "deadlock", "every thread that has not finished waits for another"),
    Kind(7, "livelock", "threads run for ever without progress"),
    Kind(8, "warning", "a WARN_ON fired"),
    Kind(9, "check", "a condition that the protocol states does not hold"),
    Kind(10, "bad-page", "bad page state: a word that must be reset is not when the page is freed"),
    Kind(11, "stale-pointer", "a pointer is used after its page was freed and allocated again"),
    Kind(12, "union-confusion", "a union word is used through a member that is not the live one"),
    Kind(13, "sleep-in-atomic", "something that may sleep is called with a spinning lock held"),
    Kind(14, "foreign-free", "a page is freed by somebody who does not own it"),
    Kind(15, "missed-free", "an empty page table stays linked and nobody will look at it again"),
    Kind(16, "count-drift", "a count differs from what it counts, at rest"),
    Kind(17, "lost-mapping", "a translation that must exist does not, or leads elsewhere"),
    Kind(18, "stale-translation", "a translation survives its unmap and flush"),
    Kind(19, "out-of-memory", "the pool of pages is empty"),
    Kind(20, "stack-overflow", "protocols call each other deeper than the bound"),
    Kind(21, "step-limit", "an execution exceeded the bound on its steps"),
)

BY_NAME: Final = {kind.name: kind for kind in KINDS}
BY_CODE: Final = {kind.code: kind for kind in KINDS}

#: Those that a protocol may raise itself: `mem.check(condition, "missed-free", "text")`.
STATED: Final = ("check", "missed-free", "count-drift", "lost-mapping", "stale-translation", "leak")

#: Every thread waits or turns: executors name different threads' places, so the place says nothing.
ANYWHERE: Final = ("deadlock", "livelock")

#: Beside the lock of a lock-misuse: it is not the step that is wrong, the role has ended with the lock held.
KEPT: Final = 1
