"""Who happens before whom: vector clocks of the present execution, and the races of an event when it is added."""

from __future__ import annotations

from typing import Any

from engine.explore.machine import access as a
from engine.explore.machine.dependence import apart, depend
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit


@jit
def knows(F: Any, EV: Any, AT: Any, Q: Any, clock: Any, i: Any) -> Any:
    """Whether event i is a part of what the clock Q[clock] has seen."""
    e = d.event(F, AT, i)
    return Q[clock + EV[e + d.E_PROCESS]] >= EV[e + d.E_NUMBER]


@jit
def before(F: Any, EV: Any, AT: Any, Q: Any, i: Any, j: Any) -> Any:
    """Whether event i happens before event j, or is it."""
    return knows(F, EV, AT, Q, d.clock(F, AT, j), i)


@jit
def join(F: Any, Q: Any, into: Any, from_: Any) -> None:
    """The clock Q[into] learns what the clock Q[from_] knows."""
    for p in range(F[d.F_PROCESSES]):
        if Q[from_ + p] > Q[into + p]:
            Q[into + p] = Q[from_ + p]


@jit
def begin(F: Any, AT: Any, Q: Any, node: Any, p: Any, into: Any) -> None:
    """The clock Q[into] := what process p knows at a node: its last event, and who woke it since."""
    last, woken = Q[d.last(F, AT, node) + p], Q[d.woken(F, AT, node) + p]
    if last >= 0:
        d.copy(Q, d.clock(F, AT, last), Q, into, F[d.F_PROCESSES])
    else:
        for q in range(F[d.F_PROCESSES]):
            Q[into + q] = 0
    if woken > 0:
        join(F, Q, into, d.clock(F, AT, woken - 1))


@jit
def touches_nothing(EV: Any, at: Any) -> Any:
    return EV[at + a.HI] | EV[at + a.HOW] & a.MORE == 0


@jit
def add(F: Any, EV: Any, AT: Any, Q: Any, j: Any) -> None:
    """Event j's clock, and its races: the dependent events that nothing between them orders before it."""
    e, mine = d.event(F, AT, j), d.clock(F, AT, j)
    p, at = EV[e + d.E_PROCESS], e + d.E_RECORD
    begin(F, AT, Q, j, p, mine)
    Q[mine + p] += 1
    EV[e + d.E_NUMBER] = Q[mine + p]
    races = 0
    if not touches_nothing(EV, at):
        for i in range(j - 1, -1, -1):
            o = d.event(F, AT, i)
            if Q[mine + EV[o + d.E_PROCESS]] >= EV[o + d.E_NUMBER] or apart(EV, o + d.E_RECORD, EV, at):
                continue
            if depend(F, EV, o + d.E_RECORD, EV, at):
                Q[d.race(F, AT, j, races)] = i
                races += 1
                join(F, Q, mine, d.clock(F, AT, i))
    if EV[e + d.E_KIND] != d.VALUE:
        EV[e + d.E_RACES] = races


@jit
def sees(F: Any, EV: Any, AT: Any, Q: Any, A: Any, at: Any, end: Any, without: Any, clock: Any) -> None:
    """The clock Q[clock] learns of the events before `end` that A[at] depends on, but of none that happens after event
    `without`, or is it; -1 for none such."""
    for k in range(end):
        if apart(EV, d.record(F, AT, k), A, at) or (without >= 0 and before(F, EV, AT, Q, without, k)):
            continue
        if depend(F, EV, d.record(F, AT, k), A, at):
            join(F, Q, clock, d.clock(F, AT, k))


@jit
def next_node(F: Any, EV: Any, AT: Any, Q: Any, j: Any, relaxes: Any) -> None:
    """Node j + 1: the last events, and who woke whom."""
    n, e = F[d.F_PROCESSES], d.event(F, AT, j)
    d.copy(Q, d.last(F, AT, j), Q, d.last(F, AT, j + 1), 2 * n if relaxes else n)
    p = EV[e + d.E_PROCESS]
    Q[d.last(F, AT, j + 1) + p] = j
    if relaxes:
        Q[d.woken(F, AT, j + 1) + p] = 0
