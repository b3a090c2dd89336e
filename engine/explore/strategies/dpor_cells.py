"""Where everything lies in the arrays of `dpor`, beside X: EV, Q, AT and K.

    AT  the path: which row of EV and Q event number k has. Row AT[k] is also the node before that event
    EV  one row for every event: what it is, and its record (see `machine.access`) at its end
    Q   one row for every event: clocks and tables with an entry for each process
    K   a stack: what was put aside at each jump, to go on from there afterwards

Rows are taken and given back like a stack: those of the present path, below them those that the jumps put aside.
"""

from __future__ import annotations

from typing import Any, Final

from engine.explore.machine import access as a
from engine.explore.strategies import cells as x
from engine.jit import jit

# --- phases, after FRESH and BACK ---
FAILED: Final = 2  # the last event is a violation that was told
OVER: Final = 3  # an execution is over: next the races of a thread that waits
RACES: Final = 4  # next a race of event X_DEPTH, which was taken back

# --- F, from access.F_OWN on: numbers that do not change ---
F_PROCESSES: Final = a.F_OWN
F_RECORD: Final = a.F_OWN + 1  # words of a record
F_EVENT_ROW: Final = a.F_OWN + 2
F_NODE_ROW: Final = a.F_OWN + 3
F_SPARE: Final = a.F_OWN + 4  # rows that one event may need, with what ends an execution behind it
F_SCRATCH: Final = a.F_OWN + 5  # where in Q there is room for a clock

# --- X ---
X_ROWS: Final = x.X_OWN  # rows in use
X_ROWS_MAX: Final = x.X_OWN + 1
X_TOP: Final = x.X_OWN + 2  # words of K in use
X_TOP_MAX: Final = x.X_OWN + 3
X_JUMP: Final = x.X_OWN + 4  # where in K the last jump's own words are, -1 for none
X_GUIDED: Final = x.X_OWN + 5  # events up to this one are given by the last jump
X_RACE: Final = x.X_OWN + 6  # which race is next
X_WAITER: Final = x.X_OWN + 7  # the thread whose races these are: it waits for ever; -1 for an event's
X_END: Final = x.X_OWN + 8  # undo mark after the last event
X_EVENTS: Final = x.X_OWN + 9  # events of the execution that is over
X_FAILURES: Final = x.X_OWN + 10  # events of the present execution that are violations
X_COUNTED: Final = x.X_OWN + 11  # the present execution is counted already
X_DEAD: Final = x.X_OWN + 12  # flushers whose flush is a violation, as bits
X_ASIDE: Final = x.X_OWN + 13  # events put aside
X_LIST: Final = x.X_OWN + 14  # where in K the present event's reversals are listed
X_LISTED: Final = x.X_OWN + 15  # how many; -1: they are its races, as they are

# --- a row of EV ---
E_PROCESS: Final = 0
E_KIND: Final = 1
E_VALUE: Final = 2  # of a choice
E_MARK: Final = 3  # undo mark before it
E_NUMBER: Final = 4  # within its process, from 1
E_ROLE: Final = 5
E_RACES: Final = 6  # of a step; of a choice: how many values it has
E_FAILED: Final = 7  # 1: it is a violation; it changes nothing and ends its thread
E_SEEN: Final = 8  # 1 + the first event before it with which the path is one that is seen from elsewhere, 0 for none
E_SPECIAL: Final = 9  # 1 + the last event before it that is a HEAD or OTHER, 0 for none
E_BROKEN: Final = 10  # 1 + the last HEAD before it that made impossible what it was put before, 0 for none
E_STALLED: Final = 11  # of a HEAD: the process that it was put before; the row of the event that this would have been
E_STALLED_ROW: Final = 12
E_START: Final = 13  # of a HEAD: the first event of its jump
E_RECORD: Final = 14

# kinds of events
STEP: Final = 0
VALUE: Final = 1
SPIN: Final = 2  # no event: a failed turn of a spin loop, taken so that a deadlock shows

# roles
FREE: Final = 0  # taken because nothing else was asked for; of a choice: its first value
GIVEN: Final = 1  # what has to happen before a HEAD
HEAD: Final = 2  # the event that a jump is for
OTHER: Final = 3  # another value of a choice than the first

# --- a jump's own words in K, from X_JUMP on; before them its GIVEN events, two words each, and what was put aside ---
J_BEFORE: Final = 0  # the jump before it
J_BOTTOM: Final = 1  # where in K everything of this jump begins
J_NODE: Final = 2  # the node that it went to
J_FROM: Final = 3  # the node that it came from
J_RACE: Final = 4
J_WAITER: Final = 5
J_GUIDED: Final = 6
J_PROCESS: Final = 7  # of the HEAD
J_LO: Final = 8  # what the HEAD should touch
J_MODE: Final = 9
J_ROWS: Final = 10
J_FAILURES: Final = 11
J_DEAD: Final = 12
J_GIVEN: Final = 13  # where in K the GIVEN events end
J_STALLED: Final = 14  # the row of the event that it is put before
J_LIST: Final = 15
J_LISTED: Final = 16
JUMP: Final = 17


# --- the reversals of an event that varies or waits, in K from X_LIST on: the earlier event, record, clock ---


@jit
def reversal(F: Any, X: Any, r: Any) -> Any:
    """Where in K reversal r is, of those that are listed."""
    return X[X_LIST] + r * (1 + F[F_RECORD] + F[F_PROCESSES])


@jit
def needs(F: Any) -> Any:
    """In Q: room for a second clock."""
    return F[F_SCRATCH] + F[F_PROCESSES]


@jit
def tried(F: Any) -> Any:
    """In Q: room for a record."""
    return F[F_SCRATCH] + 2 * F[F_PROCESSES]


@jit
def event(F: Any, AT: Any, k: Any) -> Any:
    """Event k in EV."""
    return AT[k] * F[F_EVENT_ROW]


@jit
def record(F: Any, AT: Any, k: Any) -> Any:
    """The record of event k, in EV."""
    return AT[k] * F[F_EVENT_ROW] + E_RECORD


@jit
def clock(F: Any, AT: Any, k: Any) -> Any:
    """In Q: for each process the number of its events that happen before event k, or are it."""
    return AT[k] * F[F_NODE_ROW]


@jit
def last(F: Any, AT: Any, k: Any) -> Any:
    """In Q: for each process its last event before node k, -1 for none."""
    return AT[k] * F[F_NODE_ROW] + F[F_PROCESSES]


@jit
def woken(F: Any, AT: Any, k: Any) -> Any:
    """In Q: for each process 1 + the event that woke it after its last event, or 0."""
    return AT[k] * F[F_NODE_ROW] + 2 * F[F_PROCESSES]


@jit
def race(F: Any, AT: Any, k: Any, r: Any) -> Any:
    """In Q: race r of event k: the earlier event."""
    return AT[k] * F[F_NODE_ROW] + 3 * F[F_PROCESSES] + r


def sizes(processes: int, relaxes: bool) -> tuple[int, int, int]:
    """Words of a record and of a row of EV and Q."""
    size = a.SIZE_RELAXING if relaxes else a.SIZE
    return size, E_RECORD + size, max(4 * processes, 2 * processes + size)


@jit
def copy(A: Any, a_: Any, B: Any, b: Any, n: Any) -> None:
    """B[b:b+n] := A[a:a+n]."""
    for k in range(n):
        B[b + k] = A[a_ + k]
