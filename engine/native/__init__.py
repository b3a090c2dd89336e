"""The native executor: a program compiled by Numba, run without the GIL by threads and processes on one arena.

Nothing here is imported at start: `require` is the door, and it says what to do where Numba is missing.

    intrinsics   atomic accesses, fences, system calls and the 64-bit operators, as LLVM instructions
    words        which header and thread words the executor owns in the arena
    step         what surrounds every step: hook, gate, checks, recorder, violations
    access, locks, frames, rounds    the meaning of the primitives, and the round
    library      all of those in one compiled object, reached by symbol from every scenario
    primitives, fast                 how a program performs each primitive: the library's call, or code of its own
    source, lowering, build          a program as a file in the form of Python, its LLVM code, compiled once and kept
    session, evidence, replay        what the harness and the tests use
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from engine.errors import UsageError


def require() -> None:
    """Fail clearly where the native executor cannot work.

    Raises:
        UsageError: Numba is not installed, or is switched off.
    """
    if find_spec("numba") is None:
        raise UsageError("the native executor needs numba; install it, or use --executor python")
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise UsageError("the native executor needs numba, which NUMBA_DISABLE_JIT switches off; unset it, or use "
                         "--executor python")
