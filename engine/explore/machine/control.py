"""The machine's controls for Python code: one compiled entry point, so that the machine is compiled once for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from engine import violations, vocabulary
from engine import words as meanings
from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.state import restart, undo
from engine.jit import entry
from engine.memory import members, overlay

START: Final = 0
STEP: Final = 1
ENABLED: Final = 2
CHOOSER: Final = 3
CHOICES: Final = 4
CHOOSE: Final = 5
FINISH: Final = 6
RESET: Final = 7
STUCK: Final = 8
BEGIN_AT_REST: Final = 9
ALONE_CAN_STEP: Final = 10
RESTART: Final = 11
STEP_ALONE: Final = 12
NEXT_FLUSH: Final = 13

#: What compiled code depends on: the key of its cache.
SOURCES: Final = (
    Path(__file__).parent, Path(__file__).parent.parent / "strategies",
    *(Path(str(module.__file__)) for module in (members, overlay, violations, vocabulary, meanings)),
)


@entry(*SOURCES)
def control(C: Any, S: Any, U: Any, what: int, t: int, v: int) -> Any:
    """Do one thing; its answer, or 0."""
    C, S, U = constant(C), words(S), words(U)
    if what == STEP:
        m.step(C, S, U, t)
    elif what == ENABLED:
        return m.enabled(C, S)
    elif what == CHOOSER:
        return m.chooser(C, S)
    elif what == CHOICES:
        return m.choices(C, S, t)
    elif what == CHOOSE:
        m.choose(C, S, U, t, v)
    elif what == FINISH:
        m.finish(C, S, U)
    elif what == RESET:
        undo(S, U, v)
        U[c.U_ONCE] = 0
    elif what == STUCK:
        return np.int64(m.stuck(C, S, U))
    elif what == BEGIN_AT_REST:
        return np.int64(m.begin_alone(C, S, U, 1))
    elif what == ALONE_CAN_STEP:
        return np.int64(m.alone_can_step(C, S, U))
    elif what == STEP_ALONE:
        m.step_of(C, S, U, C[c.C_THREADS])
    elif what == NEXT_FLUSH:
        place = bf.next_of(C, S, t)
        return S[bf.entry_of(bf.buffer_of(C, bf.owner(C, t)), place) + c.E_PC] if place >= 0 else np.int64(-1)
    elif what == RESTART:
        restart(S, U, v)
    else:
        U[c.U_TOP] = U[c.U_FIRST]
        m.start(C, S, U)
    return np.int64(0)
