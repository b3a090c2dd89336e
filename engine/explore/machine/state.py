"""Changing the state and taking it back; registers and their provenance; the first violation of an execution."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import cells as c
from engine.jit import jit


@jit
def put(S: Any, U: Any, i: Any, value: Any) -> None:
    """The one way to change the state."""
    once = U[c.U_ONCE]
    if once == 0 or U[c.U_STAMPS + i] != once:
        top = U[c.U_TOP]
        U[top] = i
        U[top + 1] = S[i]
        U[c.U_TOP] = top + 2
        if once != 0:
            U[c.U_STAMPS + i] = once
    S[i] = value


@jit
def undo(S: Any, U: Any, mark: Any) -> None:
    """Take back everything since the log was `mark` long."""
    top = U[c.U_TOP]
    while top > mark:
        top -= 2
        S[U[top]] = U[top + 1]
    U[c.U_TOP] = mark


@jit
def restart(S: Any, U: Any, mark: Any) -> None:
    """Back to where the log was `mark` long, for a sampler: it never goes back to anywhere else until the next restart.

    So from here on only the first change of a word is logged: the log is the list of the words that an execution has
    touched, and no longer than the state however long the execution. `undo` to a later mark would restore nothing.
    """
    undo(S, U, mark)
    U[c.U_RESTARTS] += 1
    U[c.U_ONCE] = U[c.U_RESTARTS]


@jit
def fail(S: Any, U: Any, kind: Any, thread: Any, pc: Any, address: Any, other: Any, detail: Any) -> None:
    """Record a violation; the first one of an execution counts."""
    if S[c.S_KIND] == 0:
        put(S, U, c.S_KIND, kind)
        put(S, U, c.S_THREAD, thread)
        put(S, U, c.S_PC, pc)
        put(S, U, c.S_ADDRESS, address)
        put(S, U, c.S_OTHER, other)
        put(S, U, c.S_DETAIL, detail)


@jit
def value(C: Any, S: Any, base: Any, operand: Any) -> Any:
    """An operand: a register from 0 up, a constant below."""
    if operand >= 0:
        return S[base + operand]
    return C[C[c.C_CONST] - operand]


@jit
def origin(C: Any, S: Any, base: Any, operand: Any) -> Any:
    """The provenance of an operand."""
    if operand >= 0:
        return S[base + operand + C[c.C_SHADOW]]
    return np.int64(0)


@jit
def put_cell(C: Any, S: Any, U: Any, i: Any, word: Any, provenance: Any) -> None:
    """Set a register, a private word or a modelled word, with its provenance."""
    put(S, U, i, word)
    shadow = i + C[c.C_SHADOW]
    if S[shadow] != provenance:  # nearly always both are 0
        put(S, U, shadow, provenance)


@jit
def put_register(C: Any, S: Any, U: Any, base: Any, register: Any, word: Any, provenance: Any) -> None:
    if register >= 0:
        put_cell(C, S, U, base + register, word, provenance)


@jit
def merge(a: Any, b: Any) -> Any:
    """The provenance of a result of two operands: one-sided; two different ones leave none."""
    if a == b or b == 0:
        return a
    if a == 0:
        return b
    return np.int64(0)
