"""What the next step of a thread touches; `dependence` says which pairs of steps depend on each other.

An access is a record of `SIZE` words: two intervals of places with a mode each, and, in programs that relax, the places
that the thread has read since it last made progress (its turn of a spin loop compares them). Places are bytes: words of
the arena by address; a frame's contents, descriptor and live members side by side, so that allocating or freeing it is
one interval; locks by address; the pool; each thread's store buffer. A buffered store touches the buffer only, its
flush the buffer and the word; what waits for an empty buffer reads the buffer.

The record is exact for the present state: a cmpxchg that would fail is a load, an allocation touches the frame at the
pool's head, and a lock event is labelled with what it would do (take, queue, fail). Labels are what makes reader
arrivals commute with each other, see `LABELS_COMMUTE`; a label stays the same until a dependent step is taken.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import lock_events as ev
from engine.explore.machine import locks as lk
from engine.explore.machine import memory as mm
from engine.explore.machine import ops
from engine.explore.machine.local import row_of
from engine.explore.machine.state import value
from engine.jit import jit
from engine.memory.members import LAST_WIDE
from engine.memory.overlay import PAGE_BYTES

LO: Final = 0
HI: Final = 1
MODE: Final = 2
LO_2: Final = 3
HI_2: Final = 4
MODE_2: Final = 5
HOW: Final = 6  # VARIES, WAITS, MORE
EXTRAS: Final = 7  # how many pairs (lo, hi) of places read before follow
SIZE: Final = 8
EXTRAS_MAX: Final = 6  # more are merged into the last one
SIZE_RELAXING: Final = SIZE + 2 * EXTRAS_MAX

# modes; two equal ones from ADD on commute on the same word
READ: Final = 0
WRITE: Final = 1
ADD: Final = 2
OR: Final = 3
AND: Final = 4
XOR: Final = 5
LOCK: Final = 64  # + 16 * rule + label

# bits of HOW
VARIES: Final = 1  # what it does depends on the state
WAITS: Final = 2  # it may have to wait: a grant, a turn of a spin loop, something behind buffered stores, a flush
MORE: Final = 4  # it has more than the first interval

LABELS: Final = ("read taken", "read queued", "read granted", "write taken", "write queued", "write granted",
                 "read unlock", "write unlock", "read trylock taken", "read trylock failed", "write trylock taken",
                 "write trylock failed", "upgraded", "not upgraded", "downgraded")
(READ_TAKEN, READ_QUEUED, READ_GRANTED, WRITE_TAKEN, WRITE_QUEUED, WRITE_GRANTED, READ_UNLOCK, WRITE_UNLOCK,
 READ_TRY_TAKEN, READ_TRY_FAILED, WRITE_TRY_TAKEN, WRITE_TRY_FAILED, UPGRADED, NOT_UPGRADED, DOWNGRADED) = range(15)

_ALWAYS: Final = (
    (READ_TAKEN, READ_TAKEN), (READ_TAKEN, READ_TRY_TAKEN), (READ_TRY_TAKEN, READ_TRY_TAKEN),
    (READ_GRANTED, READ_TRY_TAKEN), (READ_UNLOCK, READ_UNLOCK), (READ_GRANTED, READ_UNLOCK),
    (READ_TRY_FAILED, READ_TRY_FAILED), (READ_TRY_FAILED, WRITE_TRY_FAILED), (WRITE_TRY_FAILED, WRITE_TRY_FAILED),
)
_NO_ORDER: Final = ((READ_TAKEN, READ_GRANTED), (READ_GRANTED, READ_GRANTED), (READ_QUEUED, READ_QUEUED))
_LEAVING: Final = ((READ_TAKEN, READ_UNLOCK), (READ_UNLOCK, READ_TRY_TAKEN))
#: rule -> pairs of labels that commute wherever both are possible. `tests/test_dpor_locks.py` tries all small states.
#: A qrwlock's readers are granted the lock one after the other; glibc's last reader may hand over to a writer.
LABELS_COMMUTE: Final[dict[int, tuple[tuple[int, int], ...]]] = {
    ops.QRWLOCK: (*_ALWAYS, *_LEAVING, (NOT_UPGRADED, NOT_UPGRADED)),
    ops.PTHREAD: (*_ALWAYS, *_NO_ORDER),
    **dict.fromkeys((ops.PTHREAD_WRITER, ops.FAIR, ops.READ_FIRST, ops.WRITE_FIRST), (*_ALWAYS, *_NO_ORDER, *_LEAVING)),
}

# the array F that strategies pass along: for each lock mode the labels it commutes with, 16 numbers of the strategy's
# own that do not change, then a flag per row of code
F_OWN: Final = 128
F_ROWS: Final = F_OWN + 16
RELAXES: Final = 1  # the local work after this step may come to a cpu_relax

POOL: Final = 1  # places; no address is that low
BUFFERS: Final = 2  # of the first thread's store buffer; the others follow


def tables(rows: list[list[int]]) -> Any:
    """The array F for a program's code."""
    flags = np.zeros(F_ROWS + len(rows), np.int64)
    for rule, pairs in LABELS_COMMUTE.items():
        for a, b in pairs:
            flags[16 * rule + a] |= 1 << b
            flags[16 * rule + b] |= 1 << a
    for row in _relaxing(rows):
        flags[F_ROWS + row] = RELAXES
    return flags


def _relaxing(rows: list[list[int]]) -> set[int]:
    """Rows from which control may come to a cpu_relax before the next step; a return may lead behind any call."""
    after_calls = [i + 1 for i, row in enumerate(rows) if row[0] == ops.CALL]
    before: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        jumps = [row[1]] if row[0] in (*range(ops.JUMP, ops.CALL + 1), ops.END) else []
        goes_on = [] if row[0] in (ops.JUMP, ops.RETURN, ops.END, ops.CALL) else [i + 1]
        for follower in jumps + goes_on + (after_calls if row[0] == ops.RETURN else []):
            before.setdefault(follower, []).append(i)
    todo = [i for i, row in enumerate(rows) if row[0] == ops.RELAX]
    found: set[int] = set()
    while todo:
        for i in before.get(todo.pop(), ()):
            if i not in found:
                found.add(i)
                if rows[i][0] >= ops.LOCAL:
                    todo.append(i)
    return found


# --- places ---


@jit
def frame_span(C: Any) -> Any:
    """Places of one frame: contents, descriptor, live members."""
    return (np.int64(1) << C[c.C_FRAME_SHIFT]) + PAGE_BYTES + 16


@jit
def frame_place(C: Any, pfn: Any) -> Any:
    return C[c.C_END] + pfn * frame_span(C)


@jit
def place_of(C: Any, address: Any) -> Any:
    """The place of a byte of modelled memory, -1 for an address outside."""
    if address < C[c.C_GLOBALS] or address >= C[c.C_END]:
        return np.int64(-1)
    if address < C[c.C_DESCRIPTORS]:
        return address
    size = np.int64(1) << C[c.C_FRAME_SHIFT]
    if address >= C[c.C_FRAMES]:
        offset = address - C[c.C_FRAMES]
        return frame_place(C, offset >> C[c.C_FRAME_SHIFT]) + (offset & (size - 1))
    offset = address - C[c.C_DESCRIPTORS]
    pfn = offset // PAGE_BYTES
    if pfn >= C[c.C_N_FRAMES]:
        return np.int64(-1)
    return frame_place(C, pfn) + size + offset % PAGE_BYTES


@jit
def member_place(C: Any, pfn: Any, union: Any) -> Any:
    return frame_place(C, pfn) + (np.int64(1) << C[c.C_FRAME_SHIFT]) + PAGE_BYTES + union


@jit
def is_word(C: Any, i: Any) -> Any:
    """Whether a cell of the state is a word of modelled memory."""
    return i >= C[c.C_MEMORY] and i < C[c.C_MEMORY] + ((C[c.C_END] - C[c.C_GLOBALS]) >> 3)


@jit
def place_of_cell(C: Any, i: Any) -> Any:
    """The place of a watched cell of the state: a word, a union's live member, a lock, a thread's store buffer, else
    the pool."""
    if is_word(C, i):
        return place_of(C, C[c.C_GLOBALS] + ((i - C[c.C_MEMORY]) << 3))
    if i >= C[c.C_RECORDS] and i < C[c.C_RECORDS] + C[c.C_N_FRAMES] * c.F_SIZE:
        offset = i - C[c.C_RECORDS]
        return member_place(C, offset // c.F_SIZE, offset % c.F_SIZE - c.F_MEMBERS)
    if i >= C[c.C_LOCKS] and i < C[c.C_LOCKS] + C[c.C_N_LOCKS] * C[c.C_LOCK_SIZE]:
        return C[c.C_LOCK_ADDRESS] + (i - C[c.C_LOCKS]) // C[c.C_LOCK_SIZE] * 128
    if C[c.C_MODEL] != c.SC and i >= C[c.C_BUFFERS] and i < C[c.C_BUFFERS] + C[c.C_THREADS] * C[c.C_BUFFER_SIZE]:
        return BUFFERS + (i - C[c.C_BUFFERS]) // C[c.C_BUFFER_SIZE]
    return np.int64(POOL)


# --- records ---


@jit
def clear(A: Any, at: Any) -> None:
    for i in range(at, at + SIZE):
        A[i] = 0


@jit
def first(A: Any, at: Any, lo: Any, hi: Any, mode: Any) -> None:
    A[at + LO] = lo
    A[at + HI] = hi
    A[at + MODE] = mode


@jit
def second(A: Any, at: Any, lo: Any, hi: Any, mode: Any) -> None:
    A[at + LO_2] = lo
    A[at + HI_2] = hi
    A[at + MODE_2] = mode
    A[at + HOW] |= MORE


@jit
def of_rmw(C: Any, S: Any, base: Any, row: Any, address: Any, A: Any, at: Any) -> Any:
    """The mode of a read-modify-write."""
    how, width = C[row + 6], C[row + 5]
    op, returns = how & 15, (how >> 4) & 15
    i = C[c.C_MEMORY] + ((address - C[c.C_GLOBALS]) >> 3)
    old = mm.part(S[i], address, width)
    _, written = mm.rmw_new(op, old, value(C, S, base, C[row + 3]), value(C, S, base, C[row + 4]), width)
    if op == ops.R_CMPXCHG or op == ops.R_ADD_UNLESS:
        A[at + HOW] |= VARIES
        return WRITE if written else READ
    if returns != ops.RET_NONE or op == ops.R_XCHG:
        return WRITE
    if C[c.C_RELAXES] != 0:  # what somebody waits for may come with some of them only: each order means something
        return WRITE
    if op == ops.R_OR:
        return OR
    if op == ops.R_AND:
        return AND
    return XOR if op == ops.R_XOR else ADD


@jit
def lock_label(C: Any, S: Any, rule: Any, lock: Any, t: Any, code: Any) -> Any:
    """What a lock operation would do now."""
    if code == ops.LK_READ:
        return READ_TAKEN if lk.can_read(C, S, rule, lock, t, False) else READ_QUEUED
    if code == ops.LK_WRITE or code == ops.LK_SPIN:
        return WRITE_TAKEN if lk.can_write(C, S, rule, lock, t, False) else WRITE_QUEUED
    if code == ops.LK_READ_UNLOCK:
        return READ_UNLOCK
    if code == ops.LK_WRITE_UNLOCK or code == ops.LK_SPIN_UNLOCK:
        return WRITE_UNLOCK
    if code == ops.LK_DOWNGRADE:
        return DOWNGRADED
    if code == ops.LK_UPGRADE:
        return UPGRADED if lk.can_upgrade(C, S, rule, lock) else NOT_UPGRADED
    if code == ops.LK_READ_TRY:
        return READ_TRY_TAKEN if lk.can_try(C, S, rule, lock, t, False) else READ_TRY_FAILED
    return WRITE_TRY_TAKEN if lk.can_try(C, S, rule, lock, t, True) else WRITE_TRY_FAILED


@jit
def of_lock(C: Any, S: Any, t: Any, code: Any, address: Any, A: Any, at: Any) -> None:
    offset = address - C[c.C_LOCK_ADDRESS]
    if offset < 0 or offset & 127 or offset >> 7 >= C[c.C_N_LOCKS]:
        return
    rule, lock = C[C[c.C_RULE] + (offset >> 7)], lk.lock_of(C, offset >> 7)
    first(A, at, address, address + 1, LOCK + 16 * rule + lock_label(C, S, rule, lock, t, code))
    A[at + HOW] |= VARIES


@jit
def of_grant(C: Any, S: Any, area: Any, A: Any, at: Any) -> None:
    index = S[area + c.T_LOCK]
    label = WRITE_GRANTED if S[area + c.T_WANTS] == c.WRITER else READ_GRANTED
    address = C[c.C_LOCK_ADDRESS] + index * 128
    first(A, at, address, address + 1, LOCK + 16 * C[C[c.C_RULE] + index] + label)
    A[at + HOW] |= WAITS


@jit
def of_page(C: Any, S: Any, op: Any, address: Any, A: Any, at: Any) -> None:
    """alloc_page, free_page, fill_page."""
    pfn = (address - C[c.C_FRAMES]) >> C[c.C_FRAME_SHIFT]
    inside = address >= C[c.C_FRAMES] and address < C[c.C_END]
    size = np.int64(1) << C[c.C_FRAME_SHIFT]
    if op == ops.FILL:
        if inside:
            first(A, at, frame_place(C, pfn), frame_place(C, pfn) + size, WRITE)
        return
    if op == ops.ALLOC:
        A[at + HOW] |= VARIES
        head = S[c.S_POOL_HEAD]
        inside = head != S[c.S_POOL_TAIL]
        pfn = S[C[c.C_POOL] + head % C[c.C_N_FRAMES]]
    elif not inside:
        return
    if inside:
        first(A, at, frame_place(C, pfn), frame_place(C, pfn + 1), WRITE)
    second(A, at, np.int64(POOL), np.int64(POOL + 1), WRITE)


@jit
def of_member(C: Any, address: Any, what: Any, offset: Any, A: Any, at: Any) -> None:
    inside = address - C[c.C_DESCRIPTORS]
    if inside < 0 or inside >= C[c.C_N_FRAMES] * PAGE_BYTES:
        return
    place = member_place(C, inside // PAGE_BYTES, (offset >> 3) + np.int64(offset > LAST_WIDE))
    first(A, at, place, place + 1, np.int64(READ if what == ops.M_USE else WRITE))


@jit
def add_read(A: Any, at: Any, lo: Any, hi: Any) -> None:
    """One more place read; beyond the last slot it is merged into it."""
    n = A[at + EXTRAS]
    A[at + HOW] |= MORE
    if n < EXTRAS_MAX:
        A[at + SIZE + 2 * n] = lo
        A[at + SIZE + 2 * n + 1] = hi
        A[at + EXTRAS] = n + 1
        return
    last = at + SIZE + 2 * (EXTRAS_MAX - 1)
    A[last] = min(A[last], lo)
    A[last + 1] = max(A[last + 1], hi)


@jit
def add_watched(C: Any, S: Any, t: Any, A: Any, at: Any) -> None:
    """What thread `t` would compare at a cpu_relax."""
    area = mm.area_of(C, t)
    for k in range(S[area + c.T_WATCHED]):
        key = S[area + c.T_WATCH + 2 * k]
        lo, width = place_of_cell(C, key >> 2), np.int64(1)
        if is_word(C, key >> 2):
            width = np.int64(4 if key & 3 else 8)
            lo += 4 if key & 2 else 0
        add_read(A, at, lo, lo + width)


@jit
def of_flush(C: Any, S: Any, p: Any, A: Any, at: Any) -> None:
    """The record of a flusher's next step."""
    t, k = bf.owner(C, p), bf.next_of(C, S, p)
    second(A, at, BUFFERS + t, BUFFERS + t + 1, WRITE)
    A[at + HOW] |= VARIES | WAITS
    if k < 0:
        return
    e = bf.entry_of(bf.buffer_of(C, t), k)
    address, width = S[e + c.E_ADDRESS], S[e + c.E_WIDTH]
    if S[e + c.E_KIND] == c.UNLOCKED:
        rule = C[C[c.C_RULE] + ((address - C[c.C_LOCK_ADDRESS]) >> 7)]
        first(A, at, address, address + 1, LOCK + 16 * rule + WRITE_UNLOCK)
    elif S[e + c.E_KIND] == c.FILLED:
        of_page(C, S, np.int64(ops.FILL), address, A, at)
    elif place_of(C, address) >= 0 and not address & (width - 1):
        first(A, at, place_of(C, address), place_of(C, address) + width, WRITE)


@jit
def behind_buffer(C: Any, t: Any, op: Any, address: Any, code: Any, A: Any, at: Any) -> None:
    """Change the record of a step for a thread with a store buffer."""
    stored = op == ops.STORE or op == ops.FILL
    if op == ops.LOCK:
        index = (address - C[c.C_LOCK_ADDRESS]) >> 7
        stored = 0 <= index < C[c.C_N_LOCKS] and ev.stored_unlock(C[C[c.C_RULE] + index], code)
    A[at + HOW] |= VARIES | WAITS
    if stored:
        first(A, at, np.int64(0), np.int64(0), np.int64(READ))
        second(A, at, BUFFERS + t, BUFFERS + t + 1, WRITE)
    elif op != ops.LOAD and op != ops.MEMBER:
        add_read(A, at, BUFFERS + t, BUFFERS + t + 1)


@jit
def next_access(C: Any, S: Any, F: Any, t: Any, A: Any, at: Any) -> None:
    """The record of the next step of process `t`, which is at a step, at A[at]."""
    clear(A, at)
    if t >= C[c.C_THREADS]:
        of_flush(C, S, t, A, at)
        return
    area = mm.area_of(C, t)
    if S[area + c.T_STATUS] == c.BLOCKED:
        of_grant(C, S, area, A, at)
        return
    row, base = row_of(C, S[area + c.T_PC]), S[area + c.T_BASE]
    op, address, width = C[row], value(C, S, base, C[row + 2]), C[row + 5]
    if op == ops.LOAD or op == ops.STORE or op == ops.RMW:
        place = place_of(C, address)
        if place >= 0 and not address & (width - 1):
            mode = np.int64(READ)
            if op == ops.STORE:
                mode = np.int64(WRITE)
            elif op == ops.RMW:
                mode = np.int64(of_rmw(C, S, base, row, address, A, at))
            first(A, at, place, place + width, mode)
    elif op == ops.LOCK:
        of_lock(C, S, t, width, address, A, at)
    elif op == ops.MEMBER:
        of_member(C, address, (C[row + 6] >> 8) & 255, C[row + 6] >> 16, A, at)
    elif op != ops.FENCE:
        of_page(C, S, op, address, A, at)
    if bf.buffers(C, t):
        behind_buffer(C, t, op, address, width, A, at)
    if C[c.C_RELAXES] != 0 and F[F_ROWS + S[area + c.T_PC]] != 0:
        A[at + HOW] |= VARIES | WAITS
        add_watched(C, S, t, A, at)
