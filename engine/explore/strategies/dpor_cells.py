"""Where everything lies in the arrays of `dpor`, beside X: EV, Q, W and V.

    EV  one row for every event of the present execution, its record (see `machine.access`) at its end. Row i is also
        the node before event i: who sleeps there, which wakeup tree is left
    Q   one row for every node: clocks and tables with an entry for each process
    W   wakeup trees: rows linked by number, 0 is none
    V   scratch: a sequence of events as numbers of rows of EV, and records still to be met
"""

from __future__ import annotations

from typing import Any, Final

from engine.explore.machine import access as a
from engine.explore.strategies import cells as x
from engine.jit import jit

# --- phases, after FRESH and BACK ---
ANALYSE: Final = 2  # an execution is over: reverse its races
FAILED: Final = 3  # the last event is a violation that was told

# --- X ---
X_PROCESSES: Final = x.X_OWN
X_RECORD: Final = x.X_OWN + 1  # words of a record
X_EVENT_ROW: Final = x.X_OWN + 2
X_NODE_ROW: Final = x.X_OWN + 3
X_TREE_ROW: Final = x.X_OWN + 4
X_FREE: Final = x.X_OWN + 5  # first free row of W
X_LEFT: Final = x.X_OWN + 6  # free rows of W
X_USED: Final = x.X_OWN + 7
X_PEAK: Final = x.X_OWN + 8  # most rows of W ever used at once
X_NEW: Final = x.X_OWN + 9  # first event that the execution before did not have
X_EVENT: Final = x.X_OWN + 10  # where the analysis is: event (or number of events + thread that waits), race
X_RACE: Final = x.X_OWN + 11
X_END: Final = x.X_OWN + 12  # undo mark after the last event
X_EVENTS: Final = x.X_OWN + 13  # events of the execution that is over
X_FAILURES: Final = x.X_OWN + 14  # events of the present execution that are violations
X_COUNTED: Final = x.X_OWN + 15  # the present execution is counted already
X_SCRATCH: Final = x.X_OWN + 16  # row of EV and Q for an event that is not there yet
X_ALIVE: Final = x.X_OWN + 17  # where in V the records begin
X_WAITING: Final = x.X_OWN + 19  # the execution is over because nobody can go on
X_BY: Final = x.X_OWN + 20  # the event whose process begins what the last reversal asked for, -1 for none of it
X_DEAD: Final = x.X_OWN + 21  # flushers whose flush is a violation, as bits
X_DIVERGED: Final = x.X_OWN + 18  # events that differ from what was foreseen; always 0

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
E_RECORD: Final = 10

# kinds of events
STEP: Final = 0
VALUE: Final = 1
SPIN: Final = 2  # no event: a failed turn of a spin loop, taken so that a deadlock shows

RACE_SEEN_TO: Final = 1
RACE_RECORD: Final = 2

# --- a row of W; also a value explored ---
W_PROCESS: Final = 0
W_KIND: Final = 1
W_VALUE: Final = 2
W_NEXT: Final = 3
W_CHILD: Final = 4
W_RECORD: Final = 5


@jit
def event(X: Any, i: Any) -> Any:
    """Row i of EV."""
    return i * X[X_EVENT_ROW]


@jit
def record(X: Any, i: Any) -> Any:
    """The record of event i, in EV."""
    return i * X[X_EVENT_ROW] + E_RECORD


@jit
def clock(X: Any, i: Any) -> Any:
    """In Q: for each process the number of its events that happen before event i, or are it."""
    return i * X[X_NODE_ROW]


@jit
def last(X: Any, i: Any) -> Any:
    """In Q: for each process its last event before node i, -1 for none."""
    return i * X[X_NODE_ROW] + X[X_PROCESSES]


@jit
def woken(X: Any, i: Any) -> Any:
    """In Q: for each process 1 + the event that woke it after its last event, or 0."""
    return i * X[X_NODE_ROW] + 2 * X[X_PROCESSES]


@jit
def race(X: Any, i: Any, r: Any) -> Any:
    """In Q: race r of event i: the earlier event; the event whose process shows that the reversal is seen to, or -1;
    the record that event i would have before the earlier one."""
    return i * X[X_NODE_ROW] + 3 * X[X_PROCESSES] + r * (RACE_RECORD + X[X_RECORD])


@jit
def sleeper(X: Any, i: Any, p: Any) -> Any:
    """In Q: the record of process p where it sleeps at node i."""
    return race(X, i, X[X_PROCESSES]) + p * X[X_RECORD]


@jit
def tree(X: Any, w: Any) -> Any:
    """Row w of W."""
    return w * X[X_TREE_ROW]


def sizes(processes: int, relaxes: bool) -> tuple[int, int, int, int]:
    """Words of a record and of a row of EV, Q and W."""
    size = a.SIZE_RELAXING if relaxes else a.SIZE
    return size, E_RECORD + size, processes * (3 + RACE_RECORD + 2 * size), W_RECORD + size


@jit
def copy(A: Any, a_: Any, B: Any, b: Any, n: Any) -> None:
    """B[b:b+n] := A[a:a+n]."""
    for k in range(n):
        B[b + k] = A[a_ + k]
