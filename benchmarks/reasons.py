"""Why a variant takes longer than 10 seconds natively to break: for the table of `benchmarks.first`."""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[str, str]] = {}
