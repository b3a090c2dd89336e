"""The locks of a deadlock: those in its cycle, out of the sentences in which every executor says who waits for whom.

Executors name the place of whichever thread noticed, and a thread that merely queues behind the cycle is no part of the
bug. What all agree on is which locks the threads of the cycle wait for.
"""

from __future__ import annotations

import re
from typing import Final

#: `CPU1 unmap waits for pgd_lock (write), held by CPU0 map (read), behind ...`
_WAITS: Final = re.compile(r"(CPU\d+) [^;]*?\bwaits for (.+?) \(\w+")
_CPU: Final = re.compile(r"\bCPU\d+\b")
_NUMBER: Final = re.compile(r"\[?\d+\]?")


def locks_of(message: str) -> tuple[str, ...]:
    """The names of the locks in the cycle, without their numbers; empty where threads wait for words."""
    locks: dict[str, str] = {}
    blocked_by: dict[str, set[str]] = {}
    for clause in message.split("; "):
        found = _WAITS.match(clause)
        if found:
            waiter, lock = found.groups()
            locks[waiter] = " ".join(_NUMBER.sub("", lock).split())
            rest = clause[found.end():].replace("held by itself", f"held by {waiter}")
            blocked_by[waiter] = set(_CPU.findall(rest))
    return tuple(sorted({lock for waiter, lock in locks.items() if waiter in _reached(waiter, blocked_by)}))


def _reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    """All that can be reached from `start` by at least one edge."""
    reached: set[str] = set()
    todo = list(edges.get(start, ()))
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo += edges.get(node, ())
    return reached
