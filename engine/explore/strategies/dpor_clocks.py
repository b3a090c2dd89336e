"""Who happens before whom: vector clocks of the present execution, and the races of an event when it is added."""

from __future__ import annotations

from typing import Any

from engine.explore.machine import access as a
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit


@jit
def before(X: Any, EV: Any, Q: Any, i: Any, j: Any) -> Any:
    """Whether event i happens before event j, or is it."""
    e = d.event(X, i)
    return Q[d.clock(X, j) + EV[e + d.E_PROCESS]] >= EV[e + d.E_NUMBER]


@jit
def join(X: Any, Q: Any, into: Any, i: Any) -> None:
    """The clock Q[into] learns what event i knows."""
    from_ = d.clock(X, i)
    for p in range(X[d.X_PROCESSES]):
        if Q[from_ + p] > Q[into + p]:
            Q[into + p] = Q[from_ + p]


@jit
def begin(X: Any, Q: Any, node: Any, p: Any, into: Any) -> None:
    """The clock Q[into] := what process p knows at a node: its last event, and who woke it since."""
    last, woken = Q[d.last(X, node) + p], Q[d.woken(X, node) + p]
    if last >= 0:
        d.copy(Q, d.clock(X, last), Q, into, X[d.X_PROCESSES])
    else:
        for q in range(X[d.X_PROCESSES]):
            Q[into + q] = 0
    if woken > 0:
        join(X, Q, into, woken - 1)


@jit
def touches_nothing(EV: Any, at: Any) -> Any:
    return EV[at + a.HI] | EV[at + a.HI_2] | EV[at + a.EXTRAS] == 0


@jit
def add(F: Any, X: Any, EV: Any, Q: Any, j: Any) -> None:
    """Event j's clock, and its races: the dependent events that nothing between them orders before it."""
    e, mine = d.event(X, j), d.clock(X, j)
    p, at = EV[e + d.E_PROCESS], d.record(X, j)
    begin(X, Q, j, p, mine)
    Q[mine + p] += 1
    EV[e + d.E_NUMBER] = Q[mine + p]
    races = 0
    if not touches_nothing(EV, at):
        for i in range(j - 1, -1, -1):
            o = d.event(X, i)
            if Q[mine + EV[o + d.E_PROCESS]] < EV[o + d.E_NUMBER] and a.depend(F, EV, o + d.E_RECORD, EV, at):
                Q[d.race(X, j, races)] = i
                Q[d.race(X, j, races) + d.RACE_SEEN_TO] = -1
                races += 1
                join(X, Q, mine, i)
    if EV[e + d.E_KIND] != d.VALUE:
        EV[e + d.E_RACES] = races


@jit
def next_node(F: Any, X: Any, EV: Any, Q: Any, j: Any, relaxes: Any) -> None:
    """Node j + 1: the last events, who woke whom, and who of the sleeping ones still sleeps after event j."""
    n, e = X[d.X_PROCESSES], d.event(X, j)
    words = 2 * n if relaxes else n
    d.copy(Q, d.last(X, j), Q, d.last(X, j + 1), words)
    p = EV[e + d.E_PROCESS]
    Q[d.last(X, j + 1) + p] = j
    if relaxes:
        Q[d.woken(X, j + 1) + p] = 0
    asleep, stay = EV[e + d.E_SLEEP], 0
    q = 0
    while asleep >> q != 0:
        if asleep >> q & 1 and not a.depend(F, Q, d.sleeper(X, j, q), EV, e + d.E_RECORD):
            stay |= 1 << q
            d.copy(Q, d.sleeper(X, j, q), Q, d.sleeper(X, j + 1, q), X[d.X_RECORD])
        q += 1
    EV[d.event(X, j + 1) + d.E_SLEEP] = stay
