"""The machine's report: everything there is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def render(head: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> str:
    """`head` (version, seed, machine, ...) and `results` as JSON text."""
    return json.dumps({**head, "results": list(results)}, indent=1) + "\n"
