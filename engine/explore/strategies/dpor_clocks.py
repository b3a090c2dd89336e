"""Who happens before whom: vector clocks of the present execution, and the races of an event when it is added."""

from __future__ import annotations

from typing import Any

from engine.explore.machine import access as a
from engine.explore.machine.dependence import apart, depend
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit


@jit
def before(F: Any, EV: Any, Q: Any, i: Any, j: Any) -> Any:
    """Whether event i happens before event j, or is it."""
    e = d.event(F, i)
    return Q[d.clock(F, j) + EV[e + d.E_PROCESS]] >= EV[e + d.E_NUMBER]


@jit
def join(F: Any, Q: Any, into: Any, i: Any) -> None:
    """The clock Q[into] learns what event i knows."""
    from_ = d.clock(F, i)
    for p in range(F[d.F_PROCESSES]):
        if Q[from_ + p] > Q[into + p]:
            Q[into + p] = Q[from_ + p]


@jit
def begin(F: Any, Q: Any, node: Any, p: Any, into: Any) -> Any:
    """The clock Q[into] := what process p knows at a node: its last event, and who woke it since. The later of both."""
    last, woken = Q[d.last(F, node) + p], Q[d.woken(F, node) + p]
    if last >= 0:
        d.copy(Q, d.clock(F, last), Q, into, F[d.F_PROCESSES])
    else:
        for q in range(F[d.F_PROCESSES]):
            Q[into + q] = 0
    if woken > 0:
        join(F, Q, into, woken - 1)
    return max(last, woken - 1)


@jit
def touches_nothing(EV: Any, at: Any) -> Any:
    return EV[at + a.HI] | EV[at + a.HOW] & a.MORE == 0


@jit
def add(F: Any, EV: Any, Q: Any, j: Any) -> None:
    """Event j's clock, and its races: the dependent events that nothing between them orders before it."""
    e, mine = d.event(F, j), d.clock(F, j)
    p, at = EV[e + d.E_PROCESS], d.record(F, j)
    behind = begin(F, Q, j, p, mine)
    Q[mine + p] += 1
    EV[e + d.E_NUMBER] = Q[mine + p]
    races = 0
    if not touches_nothing(EV, at):
        for i in range(j - 1, -1, -1):
            o = d.event(F, i)
            if Q[mine + EV[o + d.E_PROCESS]] >= EV[o + d.E_NUMBER] or apart(EV, o + d.E_RECORD, EV, at):
                continue
            if depend(F, EV, o + d.E_RECORD, EV, at):
                Q[d.race(F, j, races)] = i
                Q[d.race(F, j, races) + d.RACE_SEEN_TO] = -1
                races += 1
                join(F, Q, mine, i)
                behind = max(behind, i)
    EV[e + d.E_BEHIND] = behind
    if EV[e + d.E_KIND] != d.VALUE:
        EV[e + d.E_RACES] = races


@jit
def next_node(F: Any, EV: Any, Q: Any, j: Any, relaxes: Any) -> None:
    """Node j + 1: the last events, who woke whom, and who of the sleeping ones still sleeps after event j."""
    n, e = F[d.F_PROCESSES], d.event(F, j)
    words = 2 * n if relaxes else n
    d.copy(Q, d.last(F, j), Q, d.last(F, j + 1), words)
    p = EV[e + d.E_PROCESS]
    Q[d.last(F, j + 1) + p] = j
    if relaxes:
        Q[d.woken(F, j + 1) + p] = 0
    asleep, stay = EV[e + d.E_SLEEP], 0
    q = 0
    while asleep >> q != 0:
        if asleep >> q & 1 and not depend(F, Q, Q[d.asleep(F, j) + q], EV, e + d.E_RECORD):
            stay |= 1 << q
            Q[d.asleep(F, j + 1) + q] = Q[d.asleep(F, j) + q]
        q += 1
    EV[d.event(F, j + 1) + d.E_SLEEP] = stay
