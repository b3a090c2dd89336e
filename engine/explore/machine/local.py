"""Local work: everything a thread does between two of its steps."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import alu, ops
from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import locks as lk
from engine.explore.machine.memory import WILD, area_of, watched_changed
from engine.explore.machine.state import fail, merge, origin, put, put_cell, put_register, value
from engine.jit import jit
from engine.violations import BY_NAME

WARNING: Final = BY_NAME["warning"].code
LOCK_MISUSE: Final = BY_NAME["lock-misuse"].code
SLEEP_IN_ATOMIC: Final = BY_NAME["sleep-in-atomic"].code
STACK_OVERFLOW: Final = BY_NAME["stack-overflow"].code
STEP_LIMIT: Final = BY_NAME["step-limit"].code
LOCAL_MAX: Final = 200_000  # operations without a step: an endless local loop


@jit
def row_of(C: Any, pc: Any) -> Any:
    return C[c.C_CODE] + pc * c.ROW


@jit
def origin_of_binary(C: Any, S: Any, op: Any, base: Any, a: Any, b: Any) -> Any:
    """The provenance of a result: none for comparisons, and none for the distance between two pointers."""
    if not alu.carries(op):
        return np.int64(0)
    left, right = origin(C, S, base, a), origin(C, S, base, b)
    if left == right and (op == ops.SUB or op == ops.XOR):
        return np.int64(0)
    return merge(left, right)


@jit
def jumps(op: Any, a: Any, b: Any) -> Any:
    if op == ops.JUMP_EQ:
        return a == b
    if op == ops.JUMP_NE:
        return a != b
    if op == ops.JUMP_LT:
        return alu.below(a, b)
    if op == ops.JUMP_LE:
        return not alu.below(b, a)
    if op == ops.JUMP_SLT:
        return a < b
    return a <= b


@jit
def enter(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, target: Any, registers: Any) -> Any:
    """A call: the new base, or -1 and a violation."""
    area = area_of(C, t)
    depth = S[area + c.T_DEPTH]
    end = C[c.C_REGS] + (t + 1) * C[c.C_REG_SIZE]
    if depth == c.DEPTH_MAX or base + registers + C[C[c.C_CODE] + (target - 1) * c.ROW + 1] > end:
        fail(S, U, STACK_OVERFLOW, t, pc, 0, 0, 0)
        return np.int64(-1)
    frame = area + c.T_CALLS + 3 * depth
    put(S, U, frame, pc + 1)
    put(S, U, frame + 1, base)
    put(S, U, frame + 2, S[area + c.T_PRIVATE])
    put(S, U, area + c.T_DEPTH, depth + 1)
    return base + registers


@jit
def leave(C: Any, S: Any, U: Any, t: Any, has_arrays: Any) -> Any:
    """A return: where to go on, and the caller's base."""
    area = area_of(C, t)
    depth = S[area + c.T_DEPTH] - 1
    put(S, U, area + c.T_DEPTH, depth)
    frame = area + c.T_CALLS + 3 * depth
    if has_arrays:
        put(S, U, area + c.T_PRIVATE, S[frame + 2])
    return S[frame], S[frame + 1]


@jit
def new_array(C: Any, S: Any, U: Any, t: Any, pc: Any, size: Any) -> Any:
    """A handle: index of the first word, size << 32."""
    i = area_of(C, t) + c.T_PRIVATE
    used = S[i]
    if used + size > C[c.C_PRIVATE_SIZE]:
        fail(S, U, STACK_OVERFLOW, t, pc, 0, 0, 0)
        return np.int64(0)
    put(S, U, i, used + size)
    first = C[c.C_PRIVATE] + t * C[c.C_PRIVATE_SIZE] + used
    for k in range(first, first + size):
        if S[k] != 0 or S[k + C[c.C_SHADOW]] != 0:
            put_cell(C, S, U, k, 0, 0)
    return used | size << 32


@jit
def element(C: Any, S: Any, U: Any, t: Any, pc: Any, handle: Any, index: Any) -> Any:
    """The S index of an array's element, or -1 and a violation."""
    size = (handle >> 32) & alu.LOW32
    first = handle & alu.LOW32
    if not alu.below(index, size) or first + size > C[c.C_PRIVATE_SIZE]:
        fail(S, U, WILD, t, pc, index, size, c.WILD_ARRAY)
        return np.int64(-1)
    return C[c.C_PRIVATE] + t * C[c.C_PRIVATE_SIZE] + first + index


@jit
def relax(C: Any, S: Any, U: Any, t: Any) -> Any:
    """The end of a failed turn of a spin loop: true if the thread sleeps until something it read changes."""
    area = area_of(C, t)
    if watched_changed(C, S, t):
        if S[area + c.T_WATCHED] != 0:
            put(S, U, area + c.T_WATCHED, 0)
        return False
    put(S, U, area + c.T_STATUS, c.ASLEEP)
    put(S, U, c.S_ASLEEP, S[c.S_ASLEEP] + 1)
    return True


@jit
def kept(C: Any, S: Any, t: Any) -> Any:
    """The number of a lock that a thread holds, -1 for none."""
    for i in range(C[c.C_N_LOCKS]):
        lock = lk.lock_of(C, i)
        written = S[lock + c.L_WRITER] == t + 1 and not bf.unlocking(C, S, t, C[c.C_LOCK_ADDRESS] + i * 128)
        if written or S[lk.holds_of(C, lock, t)] != 0:
            return np.int64(i)
    return np.int64(-1)


@jit
def finish_round(C: Any, S: Any, U: Any, t: Any) -> Any:
    """The role is over: true if it starts again. A lock that it keeps is told at its last step."""
    area = area_of(C, t)
    lock = kept(C, S, t) if t < C[c.C_THREADS] else np.int64(-1)
    if lock >= 0:
        fail(S, U, LOCK_MISUSE, t, S[area + c.T_PC], C[c.C_LOCK_ADDRESS] + lock * 128, 0, c.MISUSE_KEPT)
        return False
    left = S[area + c.T_ROUNDS] - 1
    put(S, U, area + c.T_ROUNDS, left)
    if left > 0:
        return True
    put(S, U, area + c.T_STATUS, c.DONE)
    return False


@jit
def ask_choice(C: Any, S: Any, U: Any, t: Any) -> None:
    put(S, U, area_of(C, t) + c.T_STATUS, c.CHOOSING)
    put(S, U, c.S_CHOOSING, S[c.S_CHOOSING] + 1)


@jit
def assertion(C: Any, S: Any, U: Any, t: Any, pc: Any, op: Any, a: Any, kind: Any) -> None:
    """might_sleep, warn_on and check."""
    if op == ops.MIGHT_SLEEP:
        if S[area_of(C, t) + c.T_HELD] > 0:
            fail(S, U, SLEEP_IN_ATOMIC, t, pc, 0, 0, 0)
    elif op == ops.WARN:
        if a != 0:
            fail(S, U, WARNING, t, pc, 0, 0, 0)
    elif a == 0:
        fail(S, U, kind, t, pc, 0, 0, 0)


@jit
def advance(C: Any, S: Any, U: Any, t: Any, pc: Any) -> None:
    """Run thread `t` from row `pc` to its next step, choice, sleep, end or violation."""
    area = area_of(C, t)
    base = S[area + c.T_BASE]
    n = 0
    while True:
        row = row_of(C, pc)
        op = C[row]
        if op < ops.LOCAL:
            break
        n += 1
        if n > LOCAL_MAX or U[c.U_TOP] + c.U_SLACK > U[c.U_END]:
            fail(S, U, STEP_LIMIT, t, pc, 0, 0, c.LIMIT_LOCAL)
            break
        d, a, b = C[row + 1], C[row + 2], C[row + 3]
        pc += 1
        if op >= ops.BINARY_FIRST:
            op -= ops.BINARY_FIRST
            from_ = origin_of_binary(C, S, op, base, a, b)
            put_register(C, S, U, base, d, alu.binary(op, value(C, S, base, a), value(C, S, base, b)), from_)
        elif op == ops.MOVE:
            put_register(C, S, U, base, d, value(C, S, base, a), origin(C, S, base, a))
        elif op == ops.JUMP:
            pc = d
        elif op == ops.JUMP_ZERO:
            if value(C, S, base, a) == 0:
                pc = d
        elif op == ops.JUMP_NONZERO:
            if value(C, S, base, a) != 0:
                pc = d
        elif op <= ops.JUMP_SLE:
            if jumps(op, value(C, S, base, a), value(C, S, base, b)):
                pc = d
        elif op >= ops.UNARY_FIRST:
            op -= ops.UNARY_FIRST
            from_ = np.int64(0) if op == ops.NOT or op == ops.BOOL else origin(C, S, base, a)
            put_register(C, S, U, base, d, alu.unary(op, value(C, S, base, a)), from_)
        elif op == ops.CALL:
            base = enter(C, S, U, t, pc - 1, base, d, C[row + 5])
            if base < 0:
                pc -= 1
                base = S[area + c.T_BASE]
                break
            pc = d
        elif op == ops.RETURN:
            pc, base = leave(C, S, U, t, C[row + 5])
        elif op == ops.END:
            if not finish_round(C, S, U, t):
                pc -= 1
                break
            pc = d
        elif op == ops.ARRAY_NEW:
            put_register(C, S, U, base, d, new_array(C, S, U, t, pc - 1, C[row + 5]), np.int64(0))
        elif op == ops.ARRAY_GET or op == ops.ARRAY_SET:
            cell = element(C, S, U, t, pc - 1, value(C, S, base, a), value(C, S, base, b))
            if cell < 0:
                pc -= 1
                break
            if op == ops.ARRAY_GET:
                put_register(C, S, U, base, d, S[cell], S[cell + C[c.C_SHADOW]])
            else:
                put_cell(C, S, U, cell, value(C, S, base, C[row + 4]), origin(C, S, base, C[row + 4]))
        elif op == ops.CHOOSE:
            if t < C[c.C_THREADS]:
                ask_choice(C, S, U, t)
                pc -= 1
                break
            put_register(C, S, U, base, d, np.int64(0), np.int64(0))
        elif op == ops.RELAX:
            if relax(C, S, U, t):
                break
        elif op == ops.SEPARATE:
            bf.separate(C, S, U, t)
        elif op == ops.COUNT:
            U[c.U_COUNTS + C[row + 5]] += 1
        else:
            assertion(C, S, U, t, pc - 1, op, value(C, S, base, a), C[row + 5])
        if S[c.S_KIND] != 0:
            pc -= 1
            break
    put(S, U, area + c.T_PC, pc)
    if S[area + c.T_BASE] != base:
        put(S, U, area + c.T_BASE, base)
