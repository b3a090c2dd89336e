"""The engine of pttorture: the protocol language, the memory it runs on, its three executors and the search.

It knows nothing of IOMMUs, kernel threads or the command line. What a protocol file imports is here, and what reads
such a file; everything else is reached through the sub-packages.
"""

from __future__ import annotations

from engine.declare import (
    CLEAN,
    Counter,
    Geometry,
    Param,
    Role,
    RWLock,
    Scenario,
    SpinLock,
    Variant,
    Word,
    protocol,
)
from engine.errors import PttortureError
from engine.files import load_file

__version__ = "0.1.0"

__all__ = [
    "CLEAN",
    "Counter",
    "Geometry",
    "Param",
    "PttortureError",
    "RWLock",
    "Role",
    "Scenario",
    "SpinLock",
    "Variant",
    "Word",
    "__version__",
    "load_file",
    "protocol",
]
