"""States stored exactly, each part's content once: SPIN's COLLAPSE (Holzmann, "State compression in SPIN", 1997).

The content of a part gets a number when it is first seen. Memory is the numbers of its chunks, and gets a number
itself; a state is the numbers of what each thread knows and of memory, two in a word. A step changes few parts, and
only those are packed and looked up again. Equal states have equal words, different ones different words: nothing is
hashed away.

    Q   contents of parts, each after its length      O   number -> where in Q      H   hash table of numbers
    V   states, and G, a hash table of their numbers; or no V, and in G 64 bits of hash of each state (`compact`)
    N   the open states: hash table of (name, number)  T   the same in the order of discovery, as slots of N

A hash table's slot holds 32 bits of hash beside the number, so that a wrong slot is nearly always known at once. All
are powers of two, at most half full, probed linearly.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import cells as c
from engine.explore.machine.arrays import words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.memory import area_of
from engine.explore.strategies import cells as x
from engine.explore.strategies import states_cells as s
from engine.explore.strategies.states_pack import pack_chunk, pack_thread
from engine.jit import entry, jit

_LOW: Final = 0xFFFFFFFF
_FACTOR: Final = -7046029254386353131  # 2**64 / golden ratio, odd (Knuth)
_FINAL: Final = -4658895280553007687  # of MurmurHash3's finaliser (Appleby)


@jit
def hash_of(W: Any, at: Any, n: Any) -> Any:
    h = np.int64(n)
    for k in range(at, at + n):
        h = (h ^ W[k]) * np.int64(_FACTOR)
        h ^= (h >> 32) & _LOW
    return scatter(h)


@jit
def scatter(h: Any) -> Any:
    """Every bit of the result depends on every bit."""
    h = h * np.int64(_FINAL)
    h ^= (h >> 29) & np.int64(0x7FFFFFFFF)
    return h


@jit
def same(A: Any, a: Any, B: Any, b: Any, n: Any) -> Any:
    for k in range(n):  # noqa: SIM110  compiled code has no generators
        if A[a + k] != B[b + k]:
            return False
    return True


@jit
def number_of(X: Any, Q: Any, O: Any, H: Any, W: Any, at: Any, n: Any) -> Any:  # noqa: E741
    """The number of a content, n words of W; a new one if it was not seen before; -1 if there is no room."""
    h = hash_of(W, at, n)
    mask = X[s.X_PARTS_MASK]
    slot, print_ = h & mask, h & ~np.int64(_LOW)
    while H[slot] != 0:
        if H[slot] & ~np.int64(_LOW) == print_:
            number = (H[slot] & _LOW) - 1
            where = O[number]
            if Q[where] == n and same(Q, where + 1, W, at, n):
                return number
        slot = (slot + 1) & mask
    number, where = X[s.X_PARTS], X[s.X_POOL]
    if number == X[s.X_PARTS_END] or where + n + 1 > X[s.X_POOL_END]:
        X[s.X_NEED] = s.PARTS
        return np.int64(-1)
    H[slot] = print_ | (number + 1)
    O[number] = where
    Q[where] = n
    for k in range(n):
        Q[where + 1 + k] = W[at + k]
    X[s.X_PARTS] = number + 1
    X[s.X_POOL] = where + n + 1
    return number


@jit
def note(P: Any, W: Any, part: Any, n: Any) -> Any:
    """Note that a part has changed; how many have."""
    if W[P[s.P_MARKS] + part] == 0:
        W[P[s.P_MARKS] + part] = 1
        W[P[s.P_LIST] + n] = part
        return n + 1
    return n


@jit
def changed(C: Any, S: Any, U: Any, P: Any, W: Any, mark: Any) -> Any:
    """List the parts that have changed since the undo log was `mark` long. How many."""
    n = np.int64(0)
    everything = mark < 0
    versions = False
    for i in range(U[c.U_TOP] if everything else mark, U[c.U_TOP], 2):
        of = P[P[s.P_CLASS] + U[i]]
        if of >= 0:
            versions |= of >= s.VERSION
            n = note(P, W, of & (s.VERSION - 1), n)
        elif of == s.GENERATION:
            everything = True
    if everything:
        for part in range(P[s.P_THREADS] + P[s.P_CHUNKS]):
            n = note(P, W, part, n)
    elif versions and C[c.C_RELAXES]:
        for t in range(P[s.P_THREADS]):
            if S[area_of(C, t) + c.T_WATCHED] != 0:
                n = note(P, W, t, n)
    return n


@jit
def pack_numbers(W: Any, source: Any, n: Any, target: Any) -> Any:
    """n numbers, two in a word. How many words."""
    W[source + n] = 0
    words_ = (n + 1) >> 1
    for k in range(words_):
        W[target + k] = W[source + 2 * k] << 32 | W[source + 2 * k + 1]
    return words_


@jit
def unpack_numbers(P: Any, Q: Any, W: Any, where: Any) -> None:
    """The numbers of memory's chunks, from a content."""
    memory = P[s.P_MEMORY]
    for j in range(0, P[s.P_CHUNKS], 2):
        W[memory + j] = Q[where + (j >> 1)] >> 32
        W[memory + j + 1] = Q[where + (j >> 1)] & _LOW


@jit
def refresh(C: Any, S: Any, U: Any, X: Any, P: Any, Q: Any, O: Any, H: Any, W: Any, mark: Any) -> Any:  # noqa: E741
    """Bring the state in W up to date, which was right when the undo log was `mark` long (-1: nothing was).

    Gives how many parts have changed, -1 if there is no room.
    """
    threads, vector, memory = P[s.P_THREADS], P[s.P_VECTOR], P[s.P_MEMORY]
    n = changed(C, S, U, P, W, mark)
    unpacked = True
    full = False
    for k in range(n):
        part = W[P[s.P_LIST] + k]
        W[P[s.P_MARKS] + part] = 0
        if full:
            continue
        if part >= threads and unpacked and mark >= 0:
            unpack_numbers(P, Q, W, O[W[vector + threads]] + 1)
        if part >= threads:
            unpacked = False
        size = pack_thread(C, S, P, W, part) if part < threads else pack_chunk(C, S, P, W, part - threads)
        number = number_of(X, Q, O, H, W, P[s.P_BUFFER], size)
        if number < 0:
            full = True
        elif part < threads:
            W[vector + part] = number
        else:
            W[memory + part - threads] = number
    if not full and not unpacked:
        size = pack_numbers(W, memory, P[s.P_CHUNKS], P[s.P_BUFFER])
        number = number_of(X, Q, O, H, W, P[s.P_BUFFER], size)
        full = number < 0
        W[vector + threads] = number
    return np.int64(-1) if full else n


@jit
def name_of(X: Any, P: Any, G: Any, V: Any, W: Any) -> tuple[Any, Any]:
    """The name of the state in W, and whether it is new; 0 if there is no room. States are stored as they are named."""
    vector, n = P[s.P_VECTOR], P[s.P_THREADS] + 1
    size = (n + 1) >> 1
    packed = P[s.P_BUFFER]
    pack_numbers(W, vector, n, packed)
    h = hash_of(W, packed, size)
    mask, number = X[s.X_STATES_MASK], X[x.X_STATES]
    slot = h & mask
    if X[s.X_COMPACT]:
        name = h if h != 0 else np.int64(1)
        while G[slot] != 0:
            if G[slot] == name:
                return name, False
            slot = (slot + 1) & mask
    else:
        print_ = h & ~np.int64(_LOW)
        while G[slot] != 0:
            if G[slot] & ~np.int64(_LOW) == print_:
                name = G[slot] & _LOW
                if same(V, (name - 1) * size, W, packed, size):
                    return name, False
            slot = (slot + 1) & mask
        name = number + 1
    if number == X[s.X_STATES_END]:
        X[s.X_NEED] = s.STATES
        return np.int64(0), False
    if X[s.X_COMPACT]:
        G[slot] = name
    else:
        G[slot] = h & ~np.int64(_LOW) | name
        for k in range(size):
            V[number * size + k] = W[packed + k]
    X[x.X_STATES] = number + 1
    return name, True


# --- open states: those whose strongly connected component is not complete ---


@jit
def open_slot(X: Any, N: Any, name: Any) -> Any:
    """The slot of N where a state is, or would be."""
    mask = X[s.X_OPEN_MASK]
    slot = scatter(name) & mask
    while N[2 * slot] != 0 and N[2 * slot] != name:
        slot = (slot + 1) & mask
    return slot


@jit
def open_state(X: Any, N: Any, T: Any, name: Any, number: Any) -> None:
    slot = open_slot(X, N, name)
    N[2 * slot] = name
    N[2 * slot + 1] = number
    T[X[s.X_OPEN]] = slot
    X[s.X_OPEN] += 1


@jit
def close_from(X: Any, N: Any, T: Any, number: Any) -> None:
    """The states discovered from `number` on are complete. Latest first: that never breaks a chain of probes."""
    top = X[s.X_OPEN]
    while top > 0 and N[2 * T[top - 1] + 1] >= number:
        top -= 1
        N[2 * T[top]] = 0
    X[s.X_OPEN] = top


# --- more room: the same contents in larger tables ---


@entry(*SOURCES)
def rehash(X: Any, Q: Any, O: Any, H: Any, V: Any, G: Any, P: Any, what: int,  # noqa: E741
           slots: int) -> None:
    """Fill the empty hash table H, or G, from what is stored; in compact mode V is the old G with so many slots."""
    X, Q, O, H, V, G, P = words(X), words(Q), words(O), words(H), words(V), words(G), words(P)  # noqa: E741
    if what == s.PARTS:
        for number in range(X[s.X_PARTS]):
            h = hash_of(Q, O[number] + 1, Q[O[number]])
            slot = h & X[s.X_PARTS_MASK]
            while H[slot] != 0:
                slot = (slot + 1) & X[s.X_PARTS_MASK]
            H[slot] = h & ~np.int64(_LOW) | (number + 1)
        return
    size = (P[s.P_THREADS] + 2) >> 1
    for k in range(slots if X[s.X_COMPACT] else X[x.X_STATES]):
        h = V[k] if X[s.X_COMPACT] else hash_of(V, k * size, size)
        if X[s.X_COMPACT] and h == 0:
            continue
        slot = h & X[s.X_STATES_MASK]
        while G[slot] != 0:
            slot = (slot + 1) & X[s.X_STATES_MASK]
        G[slot] = h if X[s.X_COMPACT] else h & ~np.int64(_LOW) | (k + 1)


@entry(*SOURCES)
def reopen(X: Any, N: Any, T: Any, old: Any) -> None:
    """Move the open states from an old N to an empty larger one."""
    X, N, T, old = words(X), words(N), words(T), words(old)
    n = X[s.X_OPEN]
    X[s.X_OPEN] = 0
    for k in range(n):
        slot = T[k]
        open_state(X, N, T, old[2 * slot], old[2 * slot + 1])
