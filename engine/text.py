"""Words for people."""

from __future__ import annotations


def count(number: int, what: str) -> str:
    """`1 preemption`, `2,000 preemptions`."""
    return f"{number:,} {what}" + ("s" if number != 1 else "")
