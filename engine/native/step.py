"""What surrounds every step: hook and gate before it, the check of its address, the recorder behind it; violations.

`B` is the address of the arena in this process, `me` the offset of the thread's area, `p` = B + me.
"""

from __future__ import annotations

from engine.native.intrinsics import (
    X86,
    add,
    cas,
    clock_gettime,
    copy,
    load,
    load_acquire,
    pause,
    sched_yield,
    store,
    store_release,
    ticks,
)
from engine.native.jit import native
from engine.native.words import (
    DIVERGED_EXTRA,
    DIVERGED_FINISHED,
    DIVERGED_LATE,
    DIVERGED_SITE,
    H_ADMITTED,
    H_DEADLINE,
    H_DIVERGED,
    H_DIVERGED_AT,
    H_DIVERGED_SITE,
    H_DIVERGED_THREAD,
    H_GENERATION,
    H_HALT,
    H_LOCK_NS,
    H_LOG,
    H_LOG_ROWS,
    H_LOGGED,
    H_N_THREADS,
    H_N_TURNS,
    H_OPEN_END,
    H_POSITION,
    H_RING_MASK,
    H_STOP,
    H_THREAD_BYTES,
    H_THREADS,
    H_TURNS,
    H_VIOLATION,
    HALT_OVER,
    HALT_RECORDING,
    HALT_STOP,
    HALT_VOID,
    HOW_CHANGE,
    LOOKS_NEVER,
    MODE_BEFORE,
    MODE_GATE,
    MODE_LOG,
    MODE_RING,
    MODE_SKIP,
    MODE_YIELD,
    R_ADDRESS,
    R_SITE,
    R_VALUE,
    ROW,
    S_GRANT,
    S_KEEP,
    S_RELEASE,
    S_SITE,
    STAMPED,
    STATUS_DONE,
    STATUS_WAITING,
    T_ADMITTED,
    T_CHANCE,
    T_CLOCK,
    T_COPY,
    T_DELAY,
    T_INDEX,
    T_KEEPS,
    T_MODE,
    T_NEXT,
    T_OWED,
    T_POLLED,
    T_RANDOM,
    T_RELAXED,
    T_RING,
    T_SEQUENCE,
    T_SITE,
    T_STAMP,
    T_STATUS,
    T_WAIT,
    V_ADDRESS,
    V_KIND,
    V_OTHER,
    V_ROUND,
    V_SITE,
    V_THREAD,
    V_TIME,
    W_HOW,
    W_SINCE,
    W_SITE,
    WAIT_BYTES,
    WRITTEN,
)
from engine.violations import BY_NAME

USE_AFTER_FREE = BY_NAME["use-after-free"].code
WILD = BY_NAME["wild-access"].code
DEADLOCK = BY_NAME["deadlock"].code
DEAR_NS = 500_000  # ns; who gives the CPU away for longer gave it to a program that does not give it back
KEEPS = 256
INSTEAD = 2047  # ns at most that a perturbation loses where it keeps the CPU
SPINS = 64  # turns of a spin before the CPU is given away


@native
def now(p: int) -> int:
    """Nanoseconds of CLOCK_MONOTONIC, the same in every process of the machine."""
    clock_gettime(1, p + T_CLOCK)
    return load(p + T_CLOCK) * 1000000000 + load(p + T_CLOCK + 8)


@native
def stamp(p: int) -> int:
    """A time for evidence, of one clock for all threads: what one reads later is not less."""
    if X86:
        return ticks() >> 1
    return now(p)


@native
def relax(turn: int) -> int:
    """One turn of any spin of ours. Returns the number of the next turn."""
    if turn % SPINS == SPINS - 1:
        sched_yield()
    else:
        pause()
    return turn + 1


@native
def give_way(p: int) -> int:
    """Let others have the CPU. Returns 0 if it is kept: somebody else's program has just taken a time slice for it."""
    keeps = load(p + T_KEEPS)
    if keeps != 0:
        store(p + T_KEEPS, keeps - 1)
        pause()
        return 0
    begin = now(p)
    sched_yield()
    if now(p) > begin + DEAR_NS:
        store(p + T_KEEPS, KEEPS)
    return 1


@native
def rest(p: int, turn: int) -> int:
    """One turn of a spin for the threads of this program. Returns the number of the next turn."""
    if turn % SPINS == SPINS - 1:
        give_way(p)
    else:
        pause()
    return turn + 1


@native
def random(p: int) -> int:
    """The next value of the thread's xorshift64* generator."""
    x = load(p + T_RANDOM)
    x ^= x >> 12
    x ^= x << 25
    x ^= x >> 27
    store(p + T_RANDOM, x)
    return x * 0x2545F4914F6CDD1D


@native
def halted(B: int) -> int:
    """Not 0 once the round is to unwind; whoever asked for a stop may have set the other word only."""
    halt = load(B + H_HALT)
    if halt == 0 and load(B + H_STOP) != 0:
        cas(B + H_HALT, 0, HALT_STOP)
        return load(B + H_HALT)
    return halt


@native
def violate(B: int, me: int, site: int, kind: int, address: int, other: int) -> None:
    """Record the first violation of a round, with what everybody holds and waits for, and make the round unwind."""
    p = B + me
    if cas(B + H_HALT, 0, HALT_RECORDING) != 0:
        return
    v = B + H_VIOLATION
    store(v + V_KIND, kind)
    store(v + V_SITE, site & S_SITE)
    store(v + V_THREAD, load(p + T_INDEX))
    store(v + V_ADDRESS, address)
    store(v + V_OTHER, other)
    store(v + V_ROUND, load(B + H_GENERATION))
    store(v + V_TIME, now(p))
    thread = B + load(B + H_THREADS)
    end = thread + load(B + H_N_THREADS) * load(B + H_THREAD_BYTES)
    while thread < end:
        copy(thread + T_COPY, thread + T_WAIT, WAIT_BYTES)
        thread += load(B + H_THREAD_BYTES)
    store_release(B + H_HALT, HALT_VOID)


# --- before ---


@native
def diverged(B: int, p: int, why: int, site: int) -> None:
    """A replay left its schedule: note the first place, end the run."""
    if cas(B + H_DIVERGED, 0, why) == 0:
        store(B + H_DIVERGED_AT, load(B + H_POSITION))
        store(B + H_DIVERGED_THREAD, load(p + T_INDEX))
        store(B + H_DIVERGED_SITE, site & S_SITE)
    cas(B + H_HALT, 0, HALT_OVER)


@native
def settle(B: int, p: int) -> None:
    """End the thread's last step: only now, so that the local work behind it is over before the next one begins."""
    if load(p + T_OWED) != 0:
        store(p + T_OWED, 0)
        add(B + H_POSITION, 1)


@native
def admit(B: int, p: int) -> None:
    """The thread has come to its first step, or its end: the next one may start."""
    if load(p + T_ADMITTED) == 0:
        store(p + T_ADMITTED, 1)
        add(B + H_ADMITTED, 1)


@native
def has_left(B: int, thread: int) -> int:
    """1 if a thread has finished its rounds."""
    area = load(B + H_THREADS) + thread * load(B + H_THREAD_BYTES)
    return 1 if load_acquire(B + area + T_STATUS) == STATUS_DONE else 0


@native
def run_out(B: int, me: int, site: int) -> None:
    """The schedule has ended before this thread: by its violation, in a deadlock with a spin in it, or wrongly."""
    p = B + me
    if load(B + H_OPEN_END) == 1:
        cas(B + H_HALT, 0, HALT_OVER)
    elif load(B + H_OPEN_END) == 0 or load(p + T_RELAXED) == 0:
        diverged(B, p, DIVERGED_EXTRA, site)
    else:
        spin, since = 0, now(p)
        site = load(p + T_RELAXED) - 1
        store(p + T_WAIT + W_SITE, site)
        store(p + T_WAIT + W_SINCE, since)
        store(p + T_WAIT + W_HOW, HOW_CHANGE)
        store(p + T_POLLED, LOOKS_NEVER)
        store(p + T_STATUS, STATUS_WAITING)
        while load(B + H_HALT) == 0:
            spin = relax(spin)
            if spin & 1023 == 0 and now(p) > since + 4 * load(B + H_LOCK_NS):
                violate(B, me, site, DEADLOCK, 0, 0)


@native
def await_turn(B: int, me: int, site: int) -> int:
    """Wait for the thread's next turn. Returns the turn's word, or 0 if there is none: the step must not happen."""
    p = B + me
    admit(B, p)
    settle(B, p)
    index, spin = load(p + T_INDEX), 0
    while load_acquire(B + H_ADMITTED) < load(B + H_N_THREADS) and load(B + H_HALT) == 0:
        spin = relax(spin)
    while load(B + H_HALT) == 0:
        position = load_acquire(B + H_POSITION)
        if position >= load(B + H_N_TURNS):
            run_out(B, me, site)
            return 0
        turn = load(B + load(B + H_TURNS) + position * 8)
        if (turn >> 32) & 0x7FFF == index:
            if turn & S_SITE != site & S_SITE:
                diverged(B, p, DIVERGED_SITE, site)
                return 0
            store(p + T_OWED, 1)
            store(p + T_RELAXED, 0)
            return turn | 1 << 63
        spin = relax(spin)
        if spin & 63 == 0 and has_left(B, (turn >> 32) & 0x7FFF) != 0 and load(B + H_POSITION) == position:
            diverged(B, p, DIVERGED_FINISHED, site)
        if spin & 1023 == 0 and now(p) > load(B + H_DEADLINE):
            diverged(B, p, DIVERGED_LATE, site)
    return 0


@native
def failures(p: int) -> int:
    """How many steps in a row do not perturb: drawn at once, so that most steps need not draw."""
    chance, count = load(p + T_CHANCE), 0
    if chance == 0:
        return 1 << 62
    draws = random(p)
    while draws & 0xFFFF >= chance:
        count += 1
        draws = random(p) if count & 3 == 0 else draws >> 16
    return count


@native
def its_turn(p: int, mode: int) -> int:
    """1 if the thread is to perturb now. Where steps are recorded their number says so, else each one draws."""
    if mode & MODE_RING == 0:
        return 1 if random(p) >> 48 < load(p + T_CHANCE) else 0
    row, due = load(p + T_SEQUENCE), load(p + T_NEXT)
    if row < due:
        return 0
    store(p + T_NEXT, row + 1 + failures(p))
    return 1 if due != 0 else 0


@native
def perturb(B: int, p: int, mode: int) -> None:
    """With the thread's chance give the CPU away, or lose time."""
    if load(B + H_HALT) != 0 or its_turn(p, mode) == 0:
        return
    delay = load(p + T_DELAY)
    if mode & MODE_YIELD != 0:
        if give_way(p) != 0:
            return
        delay = random(p) & INSTEAD
    until = now(p) + delay
    while now(p) < until:
        pause()


@native
def before(B: int, me: int, site: int) -> int:
    """Everything that comes before a step but a contended lock. Returns the mode; MODE_SKIP: it must not be."""
    p = B + me
    store(p + T_SITE, site & S_SITE)
    mode = load(p + T_MODE)
    if site & S_RELEASE != 0 and mode & MODE_RING != 0:
        store(p + T_STAMP, stamp(p))
    if mode & MODE_BEFORE != 0:
        if mode & MODE_GATE != 0:
            if await_turn(B, me, site) == 0:
                return mode | MODE_SKIP
        else:
            perturb(B, p, mode)
    elif mode & MODE_LOG != 0 and load(B + H_HALT) != 0:
        return mode | MODE_SKIP
    return mode


# --- behind ---


@native
def log(B: int, p: int, site: int, address: int, value: int) -> None:
    """One row of a replay: thread, site (bit 32: blocked), address, value."""
    at = add(B + H_LOGGED, 1)
    if at < load(B + H_LOG_ROWS):
        row = B + load(B + H_LOG) + at * ROW
        store(row, load(p + T_INDEX))
        store(row + 8, site)
        store(row + 16, address)
        store(row + 24, value)


@native
def after(B: int, me: int, mode: int, site: int, address: int, value: int) -> None:
    """Record a step. Once a round is void its recorders stand still: the last rows are those before the violation."""
    p = B + me
    if mode & MODE_RING != 0 and load(B + H_HALT) == 0:
        sequence = load(p + T_SEQUENCE)
        row = p + T_RING + (sequence & load(B + H_RING_MASK)) * ROW
        store(row + R_ADDRESS, address)
        if site & (S_GRANT | S_RELEASE) != 0:
            time = stamp(p) if site & S_GRANT != 0 else load(p + T_STAMP)
            store(row + R_SITE, site & S_SITE | WRITTEN | STAMPED)
            store(row + R_VALUE, time << 1 | value & 1)
        else:
            store(row + R_SITE, site & S_SITE | WRITTEN)
            store(row + R_VALUE, value)
        store(p + T_SEQUENCE, sequence + 1)
    if mode & MODE_LOG != 0 and mode & MODE_SKIP == 0:
        log(B, p, site & S_SITE, address, value if load(B + H_HALT) == 0 or site & S_KEEP != 0 else 0)
