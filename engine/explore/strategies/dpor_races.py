"""Which races are reversed, and where: each trace is then come to on one path only.

A race is a pair of events e, e' of two processes, dependent, with nothing between them that orders them. Its reversal
jumps to the node before e, takes what happens before e', then e' itself, and goes on freely. Without guidance an
execution takes FREE events, and every trace has one path: FREE events, and where the FREE event cannot come first in
the trace, a jump to one that has to come before it (of several the one of the lowest process, then again). So a race is
reversed only

    where e is FREE, on the path on which e' is seen with as few jumps as it needs: the HEAD of every jump between e
    and e', and every choice of another value than the first, has to happen before e', or be it
    after another jump before the same e, only if e' happens after its HEAD, or is of a higher process

Where two steps that commute both make e impossible, the second one's jump cannot forbid the first one's process to go
on as if e had been put before the first (`seen`). It is left to do so only when nobody else can go on, and what comes
then is a repetition: counted as redundant, and explored for the races whose reversal undoes that.
"""

from __future__ import annotations

from typing import Any

from engine.explore.machine.dependence import depend
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_clocks as clocks
from engine.jit import jit


@jit
def step_of(F: Any, EV: Any, AT: Any, k: Any) -> Any:
    """The step that event k is, or to which it belongs as a choice; -1 for a choice before all steps."""
    while k >= 0 and EV[d.event(F, AT, k) + d.E_KIND] == d.VALUE:
        k -= 1
    return k


@jit
def chained(F: Any, EV: Any, AT: Any, start: Any, process: Any) -> Any:
    """The HEAD whose jump, with its choices, ended at node `start` and was put before the same process, or -1."""
    h = step_of(F, EV, AT, start - 1)
    if h >= 0:
        e = d.event(F, AT, h)
        if EV[e + d.E_ROLE] == d.HEAD and EV[e + d.E_STALLED] == process:
            return h
    return -1


@jit
def out_of_order(F: Any, EV: Any, AT: Any, Q: Any, head: Any, stalled: Any, p: Any, clock: Any) -> Any:
    """Whether an event of process p, with that clock, should have come before a HEAD, the last of those that were put
    before process `stalled` one after the other; -1 for none."""
    while head >= 0 and not clocks.knows(F, EV, AT, Q, clock, head):
        e = d.event(F, AT, head)
        if p < EV[e + d.E_PROCESS]:
            return True
        head = chained(F, EV, AT, EV[e + d.E_START], stalled)
    return False


@jit
def needed(F: Any, EV: Any, AT: Any, Q: Any, i: Any, j: Any, clock: Any) -> Any:
    """Whether all that is special between event i and node j has to happen before the event with that clock."""
    s = EV[d.event(F, AT, j) + d.E_SPECIAL] - 1
    while s > i:
        if not clocks.knows(F, EV, AT, Q, clock, s) or clocks.before(F, EV, AT, Q, i, s):
            return False
        s = EV[d.event(F, AT, s) + d.E_SPECIAL] - 1
    return True


@jit
def repeats(F: Any, EV: Any, AT: Any, Q: Any, i: Any, j: Any, clock: Any) -> Any:
    """Whether what puts the event of row AT[j], with that clock, before event i still has the event that this path
    should not have taken: then it is come to from the path that takes this in its place."""
    s = EV[d.event(F, AT, j) + d.E_SEEN] - 1
    return s >= 0 and (i > s or (clocks.knows(F, EV, AT, Q, clock, s) and not clocks.before(F, EV, AT, Q, i, s)))


@jit
def clock_before(F: Any, EV: Any, AT: Any, Q: Any, i: Any, j: Any) -> Any:
    """Where in Q the clock is that the event of row AT[j] has before event i."""
    e, clock = d.event(F, AT, j), F[d.F_SCRATCH]
    clocks.begin(F, AT, Q, j, EV[e + d.E_PROCESS], clock)
    clocks.sees(F, EV, AT, Q, EV, e + d.E_RECORD, j, i, clock)
    return clock


@jit
def wanted(F: Any, EV: Any, AT: Any, Q: Any, i: Any, j: Any, clock: Any) -> Any:
    """Whether this is the path on which the event of row AT[j], with that clock, is put before event i.

    The clock that it has now will do: it knows more, but nothing at or after node i that is not after event i too.
    """
    e = d.event(F, AT, i)
    if (EV[e + d.E_ROLE] != d.FREE or not needed(F, EV, AT, Q, i, j, clock)
            or repeats(F, EV, AT, Q, i, j, clock)):
        return False
    process = EV[e + d.E_PROCESS]
    chain = chained(F, EV, AT, i, process)
    if chain >= 0 and clock != F[d.F_SCRATCH]:
        clock = clock_before(F, EV, AT, Q, i, j)
    return not out_of_order(F, EV, AT, Q, chain, process, EV[d.event(F, AT, j) + d.E_PROCESS], clock)


@jit
def given(F: Any, EV: Any, AT: Any, Q: Any, K: Any, i: Any, j: Any, clock: Any, into: Any) -> Any:
    """What has to happen between node i and the event of row AT[j], with that clock, in K[into:]; its end.

    Two words each: the row, and for a choice whether it has to have its value. A choice goes with its step.
    """
    for k in range(i + 1, j):
        if clocks.before(F, EV, AT, Q, i, k):
            continue
        whole = clocks.knows(F, EV, AT, Q, clock, k)
        if whole or clocks.knows(F, EV, AT, Q, clock, step_of(F, EV, AT, k)):
            K[into] = AT[k]
            K[into + 1] = whole
            into += 2
    return into


@jit
def seen(F: Any, EV: Any, AT: Any, Q: Any, n: Any, p: Any, A: Any, at: Any, clock: Any) -> Any:
    """Whether a step of process p at node n, its record A[at], its clock Q[clock], leads to what is seen elsewhere.

    So it is if it should have come before a HEAD, and still comes before the process that this HEAD was put before.
    """
    b = EV[d.event(F, AT, n) + d.E_BROKEN]
    while b != 0:
        g = b - 1
        e = d.event(F, AT, g)
        stalled, would = EV[e + d.E_STALLED], EV[e + d.E_STALLED_ROW] * F[d.F_EVENT_ROW] + d.E_RECORD
        if stalled != p and Q[d.last(F, AT, n) + stalled] < g and depend(F, EV, would, A, at):
            late = False
            for k in range(g + 1, n):
                late = late or (clocks.knows(F, EV, AT, Q, clock, k)
                                and depend(F, EV, would, EV, d.record(F, AT, k)))
            if not late and out_of_order(F, EV, AT, Q, g, stalled, p, clock):
                return True
        b = EV[e + d.E_BROKEN]
    return False
