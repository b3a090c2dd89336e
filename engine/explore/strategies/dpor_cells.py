"""Where everything lies in the arrays of `dpor`, beside X: EV, Q, W and V.

    EV  one row for every event of the present execution, its record (see `machine.access`) at its end. Row i is also
        the node before event i: who sleeps there, which wakeup tree is left
    Q   one row for every node: clocks and tables with an entry for each process
    W   wakeup trees: rows linked by number, 0 is none
    V   scratch: a sequence of events as numbers of rows of EV, records still to be met, a path into a wakeup tree
"""

from __future__ import annotations

from typing import Any, Final

from engine.explore.machine import access as a
from engine.explore.strategies import cells as x
from engine.jit import jit

# --- phases, after FRESH and BACK ---
ANALYSE: Final = 2  # an execution is over: reverse its races
FAILED: Final = 3  # the last event is a violation that was told

# --- F, from access.F_OWN on: numbers that do not change ---
F_PROCESSES: Final = a.F_OWN
F_RECORD: Final = a.F_OWN + 1  # words of a record
F_EVENT_ROW: Final = a.F_OWN + 2
F_NODE_ROW: Final = a.F_OWN + 3
F_TREE_ROW: Final = a.F_OWN + 4
F_SCRATCH: Final = a.F_OWN + 5  # row of EV and Q for an event that is not there yet
F_ALIVE: Final = a.F_OWN + 6  # where in V the records begin

# --- X ---
X_FREE: Final = x.X_OWN  # first free row of W
X_LEFT: Final = x.X_OWN + 1  # free rows of W
X_USED: Final = x.X_OWN + 2
X_NEW: Final = x.X_OWN + 3  # first event that the execution before did not have
X_EVENT: Final = x.X_OWN + 4  # where the analysis is: event (or number of events + thread that waits), race
X_RACE: Final = x.X_OWN + 5
X_END: Final = x.X_OWN + 6  # undo mark after the last event
X_EVENTS: Final = x.X_OWN + 7  # events of the execution that is over
X_FAILURES: Final = x.X_OWN + 8  # events of the present execution that are violations
X_COUNTED: Final = x.X_OWN + 9  # the present execution is counted already
X_WAITING: Final = x.X_OWN + 10  # the execution is over because nobody can go on
X_BY: Final = x.X_OWN + 11  # the event whose process begins what the last reversal asked for, -1 for none of it
X_DEAD: Final = x.X_OWN + 12  # flushers whose flush is a violation, as bits
X_PRESENT: Final = x.X_OWN + 13  # the processes with an event in v, as bits; -1 if it was not noted
X_FIRST: Final = x.X_OWN + 14  # those whose first event in v can come first

# --- a row of EV ---
E_PROCESS: Final = 0
E_KIND: Final = 1
E_VALUE: Final = 2  # of a choice
E_MARK: Final = 3  # undo mark before it
E_NUMBER: Final = 4  # within its process, from 1
E_SLEEP: Final = 5  # processes asleep at the node
E_TREE: Final = 6  # the node's wakeup tree: first row of W
E_RACES: Final = 7  # of a step; of a choice: how many values it has
E_DONE: Final = 8  # values explored: a list in W
E_FAILED: Final = 9  # 1: it is a violation; it changes nothing and ends its thread
E_BEHIND: Final = 10  # the last event that happens before it, -1 for none
E_RECORD: Final = 11

# kinds of events
STEP: Final = 0
VALUE: Final = 1
SPIN: Final = 2  # no event: a failed turn of a spin loop, taken so that a deadlock shows

RACE_SEEN_TO: Final = 1

# --- a row of W; also a value explored ---
W_PROCESS: Final = 0
W_KIND: Final = 1
W_VALUE: Final = 2
W_NEXT: Final = 3
W_CHILD: Final = 4
W_RECORD: Final = 5


@jit
def event(F: Any, i: Any) -> Any:
    """Row i of EV."""
    return i * F[F_EVENT_ROW]


@jit
def record(F: Any, i: Any) -> Any:
    """The record of event i, in EV."""
    return i * F[F_EVENT_ROW] + E_RECORD


@jit
def clock(F: Any, i: Any) -> Any:
    """In Q: for each process the number of its events that happen before event i, or are it."""
    return i * F[F_NODE_ROW]


@jit
def last(F: Any, i: Any) -> Any:
    """In Q: for each process its last event before node i, -1 for none."""
    return i * F[F_NODE_ROW] + F[F_PROCESSES]


@jit
def woken(F: Any, i: Any) -> Any:
    """In Q: for each process 1 + the event that woke it after its last event, or 0."""
    return i * F[F_NODE_ROW] + 2 * F[F_PROCESSES]


@jit
def asleep(F: Any, i: Any) -> Any:
    """In Q: for each process that sleeps at node i where its record is, in Q too."""
    return i * F[F_NODE_ROW] + 3 * F[F_PROCESSES]


@jit
def race(F: Any, i: Any, r: Any) -> Any:
    """In Q: race r of event i: the earlier event; the event whose process shows that the reversal is seen to, or -1."""
    return i * F[F_NODE_ROW] + 4 * F[F_PROCESSES] + 2 * r


@jit
def race_record(F: Any, i: Any, r: Any) -> Any:
    """In Q: the record that event i would have before the earlier event of race r, if its record varies."""
    return i * F[F_NODE_ROW] + 6 * F[F_PROCESSES] + r * F[F_RECORD]


@jit
def bed(F: Any, i: Any, p: Any) -> Any:
    """In Q: the record of process p if it has gone to sleep at node i."""
    return race_record(F, i, F[F_PROCESSES] + p)


@jit
def tree(F: Any, w: Any) -> Any:
    """Row w of W."""
    return w * F[F_TREE_ROW]


def sizes(processes: int, relaxes: bool) -> tuple[int, int, int, int]:
    """Words of a record and of a row of EV, Q and W."""
    size = a.SIZE_RELAXING if relaxes else a.SIZE
    return size, E_RECORD + size, processes * (6 + 2 * size), -(-(W_RECORD + size) // 8) * 8


@jit
def copy(A: Any, a_: Any, B: Any, b: Any, n: Any) -> None:
    """B[b:b+n] := A[a:a+n]."""
    for k in range(n):
        B[b + k] = A[a_ + k]
