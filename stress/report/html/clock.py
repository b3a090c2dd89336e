"""Moments as text, in UTC: the same page wherever it is made."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(unix: float) -> str:
    """`2026-11-20 18:04:05 UTC`; a number that is no moment as it is."""
    try:
        return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return f"{unix!r} s"
