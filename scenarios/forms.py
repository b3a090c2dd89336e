"""The published forms of the design, as parameter values of the shared model.

A variant is one of these with one decision changed, so that a table of variants reads as a table of decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scenarios.models.count import MAPCOUNT, PTDESC, REFCOUNT
from scenarios.models.unmap import DROP

#: What both posted versions do alike.
_POSTED: Final = {"free": DROP, "level_first": 1, "trust_level": 1, "widen": 0, "flush": 1, "policy": 0}

#: RFC v1, 21 Dec 2023: `_refcount`, range checks, the pin is let go after relocking.
RFC_V1: Final[Mapping[str, int]] = {**_POSTED, "count": REFCOUNT, "range_check": 1, "order": 1}

#: RFC v2, 26 Apr 2024: `_mapcount`, no range checks, the pin is let go before looking again.
RFC_V2: Final[Mapping[str, int]] = {**_POSTED, "count": MAPCOUNT, "range_check": 0, "order": 2}

#: What the thread ended with: v2's order, counting in the `pt_mm` union of struct ptdesc.
PTDESC_FORM: Final[Mapping[str, int]] = {**RFC_V2, "count": PTDESC}
