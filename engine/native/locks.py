"""The locks of the vocabulary: which implementation, who waits, what the gate wants."""

from __future__ import annotations

from engine.native.holds import held, hold, release
from engine.native.intrinsics import add, add32, load, load_acquire, sched_yield, store, system, usleep
from engine.native.jit import export, native
from engine.native.spinning import (
    BUSY,
    WAIT_LOCK,
    begin_wait,
    end_wait,
    late,
    queued_downgrade,
    queued_read_slow,
    queued_read_trylock,
    queued_read_unlock,
    queued_try_upgrade,
    queued_write_slow,
    queued_write_trylock,
    queued_write_unlock,
    ticket_lock,
    ticket_trylock,
    ticket_unlock,
)
from engine.native.step import after, await_turn, before, diverged, halted, log, now, relax, violate
from engine.native.words import (
    DIVERGED_LATE,
    H_DEADLINE,
    H_HALT,
    H_HANG_LOCK,
    H_HANG_SUM,
    H_HANG_UNTIL,
    H_HANGING,
    H_LOCK_NS,
    H_LOCKS,
    H_N_TURNS,
    H_POSITION,
    H_RULE,
    H_STATES,
    H_STOP,
    H_UPGRADES,
    HALT_RECORDING,
    HELD_WRITE,
    HOLDS,
    HOW_READ,
    HOW_SPIN,
    HOW_WRITE,
    L_KIND,
    LOCK_KINDS,
    LOOKS_NEVER,
    MODE_GATE,
    MODE_LOG,
    MODE_SKIP,
    RULE_QRWLOCK,
    T_CLOCK,
    T_CONTEXT,
    T_INDEX,
    T_MODE,
    T_OWED,
    T_POLLED,
    T_SITE,
    T_WAIT,
    W_HOLDS,
)
from engine.violations import BY_NAME

MISUSE = BY_NAME["lock-misuse"].code
DEADLOCK = BY_NAME["deadlock"].code
OVERFLOW = BY_NAME["stack-overflow"].code
ATOMIC_SLEEP = BY_NAME["sleep-in-atomic"].code
READER = 0x200
RW, SPIN = LOCK_KINDS["rw"], LOCK_KINDS["spin"]
TIMED_OUT = 110
BLOCKED = 1 << 48  # in a turn: the arrival has to wait
HANG_SHIFT = 49  # in a turn: 1 + its place among those that wait for ever
READS = 0xFFFFFFFF
MONOTONIC = 1

p_tryrdlock = system("pthread_rwlock_tryrdlock", 1)
p_trywrlock = system("pthread_rwlock_trywrlock", 1)
p_rdlock = system("pthread_rwlock_clockrdlock", 3)
p_wrlock = system("pthread_rwlock_clockwrlock", 3)
p_unlock = system("pthread_rwlock_unlock", 1)


# --- the real locks ---


@native
def threads_read(B: int, me: int, lock: int, write: int, deadline: int) -> int:
    """One timed wait for glibc's lock, until the deadline."""
    clock = B + me + T_CLOCK
    store(clock, deadline // 1000000000)
    store(clock + 8, deadline % 1000000000)
    if write != 0:
        return p_wrlock(B + lock, MONOTONIC, clock)
    return p_rdlock(B + lock, MONOTONIC, clock)


@native
def let_record(B: int) -> None:
    """Whoever records the violation that ends a wait copies what this thread waits for: it is to find it."""
    spin = 0
    while load_acquire(B + H_HALT) == HALT_RECORDING and load(B + H_STOP) == 0:
        spin = relax(spin)


@native
def let_in(B: int, p: int) -> int:
    """1 if a hang of a replay was about to be reported: who reports it leaves the queue, and that lets others in."""
    until = load(B + H_HANG_UNTIL)
    return 1 if until != 0 and now(p) >= until else 0


@native
def threads_slow(B: int, me: int, lock: int, write: int) -> int:
    """Wait for glibc's lock: once, with the round's absolute deadline. Again only if somebody still ran then."""
    p, deadline = B + me, load(B + H_DEADLINE)
    store(p + T_POLLED, LOOKS_NEVER)
    told = 0
    while halted(B) == 0:
        code = threads_read(B, me, lock, write, deadline)
        if code == 0:
            if let_in(B, p) == 0:
                return 1
            while halted(B) == 0:
                sched_yield()
            return 0
        if code != TIMED_OUT:  # EDEADLK: it holds the lock for writing itself, which nothing can end
            if told == 0:  # glibc lets it not even queue: who is to hang behind it must not wait to see that
                store(B + H_HANG_SUM, load(B + H_HANG_SUM) + 1)
                told = 1
            sched_yield()
        deadline = late(B, me, deadline)
    return 0


@native
def slow(B: int, me: int, site: int, lock: int, how: int) -> int:
    """The contended ways."""
    p = B + me
    if load(p + T_INDEX) > 0xFFFF:  # nobody else runs: it would wait for ever
        violate(B, me, site, DEADLOCK, lock, 0)
        return 0
    status = begin_wait(p, site, lock, how)
    if how == HOW_SPIN:
        taken = ticket_lock(B, me, lock + WAIT_LOCK)
    elif load(B + H_RULE) != RULE_QRWLOCK:
        taken = threads_slow(B, me, lock, how - HOW_READ)
    elif how == HOW_WRITE:
        taken = queued_write_slow(B, me, lock)
    else:
        taken = queued_read_slow(B, me, lock, load(p + T_CONTEXT) & 1)
    if taken == 0:
        let_record(B)
    end_wait(p, status)
    return taken


@native
def attempt(B: int, lock: int, how: int) -> int:
    """The fast ways, which never wait."""
    if how == HOW_SPIN:
        return ticket_trylock(B, lock + WAIT_LOCK)
    if load(B + H_RULE) == RULE_QRWLOCK:
        if how == HOW_WRITE:
            return queued_write_trylock(B, lock)
        return queued_read_trylock(B, lock)
    code = p_trywrlock(B + lock) if how == HOW_WRITE else p_tryrdlock(B + lock)
    return 1 if code == 0 else 0


@native
def take(B: int, me: int, site: int, lock: int, how: int) -> None:
    """Take a lock and note it. The queued reader's fast way leaves its count for the slow one, as the kernel's does."""
    if how == HOW_READ and load(B + H_RULE) == RULE_QRWLOCK:
        taken = (add32(B + lock, READER) + READER) & BUSY == 0
    else:
        taken = attempt(B, lock, how) != 0
    if not taken:
        taken = slow(B, me, site, lock, how) != 0
    if taken:
        hold(B, me, site, lock, 1 if how == HOW_READ else HELD_WRITE)


# --- arrivals under the gate ---


@native
def appearance(B: int, lock: int) -> int:
    """A sum over the words of a lock: it changes when somebody queues."""
    total, word = 0, B + lock
    while word < B + lock + L_KIND:
        total = total * 31 + load(word)
        word += 8
    return total


@native
def hang(B: int, me: int, lock: int, order: int) -> None:
    """Wait for the schedule's end, then for those that queued earlier: the deadlock is to be the recorded one."""
    p = B + me
    spin = 0
    while load(B + H_HALT) == 0:
        if load_acquire(B + H_POSITION) >= load(B + H_N_TURNS) and load(B + H_HANGING) == order:
            if order != 0:
                while load(B + H_HALT) == 0 and appearance(B, load(B + H_HANG_LOCK)) == load(B + H_HANG_SUM):
                    sched_yield()
                usleep(5000)  # the one before has begun to queue; a reader of qrwlock takes a few instructions more
            store(B + H_HANG_LOCK, lock)
            store(B + H_HANG_SUM, appearance(B, lock))
            store(B + H_DEADLINE, now(p) + load(B + H_LOCK_NS))
            if order == 0:
                store(B + H_HANG_UNTIL, load(B + H_DEADLINE))
            add(B + H_HANGING, 1)
            return
        spin = relax(spin)
        if spin & 1023 == 0 and now(p) > load(B + H_DEADLINE):
            diverged(B, p, DIVERGED_LATE, load(p + T_SITE))


@native
def arrive(B: int, me: int, site: int, lock: int, how: int) -> int:
    """A blocking lock's turns: one, or an arrival and a grant. Returns the mode, with MODE_SKIP if there is none."""
    p = B + me
    mode = load(p + T_MODE)
    if mode & MODE_GATE == 0:
        return before(B, me, site)
    store(p + T_SITE, site & READS)
    turn = await_turn(B, me, site)
    if turn != 0 and turn & BLOCKED != 0:
        log(B, p, site & READS | 1 << 32, lock, 0)
        status = begin_wait(p, site, lock, how)
        order = (turn >> HANG_SHIFT) & 0xFF
        if order != 0:
            store(p + T_OWED, 0)
            add(B + H_POSITION, 1)
            hang(B, me, lock, order - 1)
            end_wait(p, status)
            return mode & ~(MODE_GATE | MODE_LOG)
        turn = await_turn(B, me, site)
        end_wait(p, status)
    if turn == 0:
        return mode | MODE_SKIP
    return mode


@native
def kind_of(how: int) -> int:
    return SPIN if how == HOW_SPIN else RW


@native
def lock_ok(B: int, me: int, mode: int, site: int, lock: int, kind: int) -> int:
    if mode & MODE_SKIP != 0:
        return 0
    offset = lock - load(B + H_LOCKS)
    if offset < load(B + H_STATES) - load(B + H_LOCKS) and offset & 127 == 0 and load(B + lock + L_KIND) == kind:
        return 1
    violate(B, me, site, MISUSE, lock, 0)
    return 0


@native
def blocking(B: int, me: int, site: int, lock: int, how: int) -> int:
    mode = arrive(B, me, site, lock, how)
    if lock_ok(B, me, mode, site, lock, kind_of(how)) != 0:
        take(B, me, site, lock, how)
    after(B, me, mode, site, lock, 0)
    return 0


@native
def trying(B: int, me: int, site: int, lock: int, how: int) -> int:
    mode = before(B, me, site)
    taken = 0
    if lock_ok(B, me, mode, site, lock, kind_of(how)) != 0 and attempt(B, lock, how) != 0:
        hold(B, me, site, lock, 1 if how == HOW_READ else HELD_WRITE)
        taken = 1
    after(B, me, mode, site, lock, taken)
    return taken


@native
def let_go(B: int, lock: int, how: int) -> None:
    if how == HOW_SPIN:
        ticket_unlock(B, lock + WAIT_LOCK)
    elif load(B + H_RULE) != RULE_QRWLOCK:
        p_unlock(B + lock)
    elif how == HOW_WRITE:
        queued_write_unlock(B, lock)
    else:
        queued_read_unlock(B, lock)


@native
def unlocking(B: int, me: int, site: int, lock: int, how: int) -> int:
    p = B + me
    mode = before(B, me, site)
    if lock_ok(B, me, mode, site, lock, kind_of(how)) != 0:
        amount = 1 if how == HOW_READ else HELD_WRITE
        mine = held(p, lock)
        if how == HOW_READ:
            mine = mine & READS
        else:
            mine = mine & HELD_WRITE
        if mine == 0:
            violate(B, me, site, MISUSE, lock, 0)
        else:
            release(p, lock, amount)
            let_go(B, lock, how)
    after(B, me, mode, site, lock, 0)
    return 0


# --- the rows ---


@export
def read_lock(B: int, me: int, site: int, lock: int) -> int:
    return blocking(B, me, site, lock, HOW_READ)


@export
def read_lock_slow(B: int, me: int, site: int, lock: int) -> int:
    """The rest of `read_lock` where its fast way has raised the reader count and found that it has to wait."""
    if slow(B, me, site, lock, HOW_READ) != 0:
        hold(B, me, site, lock, 1)
    after(B, me, load(B + me + T_MODE), site, lock, 0)
    return 0


@export
def write_lock(B: int, me: int, site: int, lock: int) -> int:
    return blocking(B, me, site, lock, HOW_WRITE)


@export
def spin_lock(B: int, me: int, site: int, lock: int) -> int:
    return blocking(B, me, site, lock, HOW_SPIN)


@export
def read_unlock(B: int, me: int, site: int, lock: int) -> int:
    return unlocking(B, me, site, lock, HOW_READ)


@export
def write_unlock(B: int, me: int, site: int, lock: int) -> int:
    return unlocking(B, me, site, lock, HOW_WRITE)


@export
def spin_unlock(B: int, me: int, site: int, lock: int) -> int:
    return unlocking(B, me, site, lock, HOW_SPIN)


@export
def read_trylock(B: int, me: int, site: int, lock: int) -> int:
    return trying(B, me, site, lock, HOW_READ)


@export
def write_trylock(B: int, me: int, site: int, lock: int) -> int:
    return trying(B, me, site, lock, HOW_WRITE)


@export
def spin_trylock(B: int, me: int, site: int, lock: int) -> int:
    return trying(B, me, site, lock, HOW_SPIN)


@export
def try_upgrade(B: int, me: int, site: int, lock: int) -> int:
    """Always 0 on a lock that cannot, as the kernel's mmap_upgrade_trylock stub."""
    p = B + me
    mode = before(B, me, site)
    done = 0
    if lock_ok(B, me, mode, site, lock, RW) != 0:
        if held(p, lock) & READS == 0:
            violate(B, me, site, MISUSE, lock, 0)
        elif load(B + H_UPGRADES) != 0 and queued_try_upgrade(B, lock) != 0:
            hold(B, me, site, lock, HELD_WRITE - 1)
            done = 1
    after(B, me, mode, site, lock, done)
    return done


@export
def downgrade(B: int, me: int, site: int, lock: int) -> int:
    """qrwlock only; a session refuses programs that use it on a pthread lock."""
    p = B + me
    mode = before(B, me, site)
    if lock_ok(B, me, mode, site, lock, RW) != 0:
        if held(p, lock) & HELD_WRITE == 0:
            violate(B, me, site, MISUSE, lock, 0)
        else:
            queued_downgrade(B, lock)
            release(p, lock, HELD_WRITE - 1)
    after(B, me, mode, site, lock, 0)
    return 0


@export
def might_sleep(B: int, me: int, site: int) -> int:
    """A violation while any lock is held: all of ours stand for locks that must not sleep."""
    slot = B + me + T_WAIT + W_HOLDS
    end = slot + HOLDS * 16
    while slot < end:
        if load(slot) != 0:
            violate(B, me, site, ATOMIC_SLEEP, load(slot), 0)
        slot += 16
    return 0


