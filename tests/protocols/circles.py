"""Protocols that call each other in a circle, with returns in every position."""

from __future__ import annotations

from engine import protocol


@protocol
def even(n: int) -> int:
    if n == 0:
        return 1
    return odd(n - 1)


@protocol
def odd(n: int) -> int:
    if n == 0:
        return 0
    return even(n - 1)


@protocol
def descend(n: int, width: int) -> int:
    """Calls `children` in a loop; calls itself through it."""
    total = 1
    for i in range(width):
        if i == 3:
            continue
        first, second = children(n, i)
        total += first * 1000 + second
    return total


@protocol
def children(n: int, skip: int) -> tuple[int, int]:
    """Returns from inside nested loops, from a branch, and at the end."""
    if n == 0:
        return 0, 0
    at = 0
    while 1:
        at += 1
        if at == skip:
            for j in range(5):
                if j == 2:
                    return at, j
                at += 10
        if at > 7:
            break
    return at, descend(n - 1, 2)
