"""The operations of the machine's code, by number. Steps first, local work from `LOCAL` on."""

from __future__ import annotations

from typing import Final

from engine.words import BINARY, UNARY

LOAD: Final = 0  # dst, address, static: width, speculative
STORE: Final = 1  # address, value, static: width, release
RMW: Final = 2  # dst, address, v1, v2, static: width, op | returns << 4 | speculative << 8
ALLOC: Final = 3  # dst, owner
FREE: Final = 4  # address
FILL: Final = 5  # address, first, stride
LOCK: Final = 6  # dst, address, static: one of the LK_ numbers
MEMBER: Final = 7  # address, static: width, member | M_ number << 8 | offset in the descriptor << 16
FENCE: Final = 8  # smp_mb under tso and pso: waits for an empty store buffer
LOCAL: Final = 9

MOVE: Final = 9  # dst, a
JUMP: Final = 10  # target
JUMP_ZERO: Final = 11  # target, a
JUMP_NONZERO: Final = 12
JUMP_EQ: Final = 13  # target, a, b
JUMP_NE: Final = 14
JUMP_LT: Final = 15
JUMP_LE: Final = 16
JUMP_SLT: Final = 17
JUMP_SLE: Final = 18
CALL: Final = 19  # target, static: registers of the caller
RETURN: Final = 20  # static: 1 if the function has arrays
END: Final = 21  # target: the row to start the next round at
ARRAY_NEW: Final = 22  # dst, static: words
ARRAY_GET: Final = 23  # dst, array, index
ARRAY_SET: Final = 24  # array, index, value
CHOOSE: Final = 25  # dst, count
RELAX: Final = 26
MIGHT_SLEEP: Final = 27
WARN: Final = 28  # value
CHECK: Final = 29  # value, static: kind
COUNT: Final = 30  # static: counter
SEPARATE: Final = 31  # smp_wmb under pso
UNARY_FIRST: Final = 32  # + index in engine.words.UNARY
BINARY_FIRST: Final = 40  # + index in engine.words.BINARY
HEADER: Final = 63  # not an operation: the row before a function holds its number of registers

UNARY_NAMES: Final = tuple(UNARY)
BINARY_NAMES: Final = tuple(BINARY)

NEG, INV, NOT, BOOL, SEXT32, U32 = (UNARY_NAMES.index(n) for n in ("neg", "inv", "not", "bool", "sext32", "u32"))
ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, SHL, SHR, SAR = (
    BINARY_NAMES.index(n) for n in ("add", "sub", "mul", "div", "mod", "and", "or", "xor", "shl", "shr", "sar"))
EQ, NE, LT, LE, GT, GE, SLT, SLE, MIN, MAX = (
    BINARY_NAMES.index(n) for n in ("eq", "ne", "lt", "le", "gt", "ge", "slt", "sle", "min", "max"))

#: Read-modify-write: op and returns of a vocabulary row, by number.
RMW_NAMES: Final = ("add", "sub", "and", "or", "xor", "xchg", "cmpxchg", "add_unless")
R_ADD, R_SUB, R_AND, R_OR, R_XOR, R_XCHG, R_CMPXCHG, R_ADD_UNLESS = range(8)
RETURN_NAMES: Final = ("", "old", "new", "zero", "done")
RET_NONE, RET_OLD, RET_NEW, RET_ZERO, RET_DONE = range(5)

LOCK_NAMES: Final = ("read_lock", "read_unlock", "write_lock", "write_unlock", "read_trylock", "write_trylock",
                     "try_upgrade", "downgrade", "spin_lock", "spin_unlock", "spin_trylock")
(LK_READ, LK_READ_UNLOCK, LK_WRITE, LK_WRITE_UNLOCK, LK_READ_TRY, LK_WRITE_TRY, LK_UPGRADE, LK_DOWNGRADE, LK_SPIN,
 LK_SPIN_UNLOCK, LK_SPIN_TRY) = range(11)

MEMBER_NAMES: Final = ("set", "use", "drop")
M_SET, M_USE, M_DROP = range(3)

#: Queueing rules, by the lock names of a run; spinning locks have their own.
RULE_NAMES: Final = ("qrwlock", "pthread", "pthread-writer", "fair", "read", "write", "spin")
QRWLOCK, PTHREAD, PTHREAD_WRITER, FAIR, READ_FIRST, WRITE_FIRST, SPIN = range(7)
