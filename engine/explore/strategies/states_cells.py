"""Where the state search keeps what: its numbers in X, the fields of a node of its path, its tables P and W."""

from __future__ import annotations

from typing import Final

from engine.explore.strategies import cells as x

# --- X ---
X_AT: Final = x.X_OWN  # how many choices of the path the machine has carried out
X_LIVELOCK: Final = x.X_OWN + 1  # 1: what was found is a fair cycle through the state at the end of the path
X_NEED: Final = x.X_OWN + 2  # what to make larger: PARTS, STATES or OPEN
X_COMPACT: Final = x.X_OWN + 3  # 1: of a state only a hash is stored
X_POOL: Final = x.X_OWN + 4  # words of Q in use
X_POOL_END: Final = x.X_OWN + 5
X_PARTS: Final = x.X_OWN + 6  # contents of parts stored
X_PARTS_END: Final = x.X_OWN + 7
X_PARTS_MASK: Final = x.X_OWN + 8  # slots of H, less 1
X_STATES_END: Final = x.X_OWN + 9
X_STATES_MASK: Final = x.X_OWN + 10  # slots of G, less 1
X_OPEN: Final = x.X_OWN + 11  # open states
X_OPEN_END: Final = x.X_OWN + 12
X_OPEN_MASK: Final = x.X_OWN + 13  # slots of N, less 1
X_MEMO: Final = x.X_OWN + 14  # slots of M, less 1; -1: what a step does depends on more than its thread and memory

PARTS: Final = 1
STATES: Final = 2
OPEN: Final = 3

# --- a node of the path: the state, and the choice that is being tried ---
N_NUMBER: Final = 4  # when the state was discovered: 0, 1, 2, ...
N_LOW: Final = 5  # the earliest open state known to be reached from it (Tarjan's lowlink)
N_FAIR: Final = 6  # threads that are disabled somewhere in what may become its component, or step inside of it
N_BY: Final = 7  # the thread whose step or choice it is

# --- P: constant tables ---
P_THREADS: Final = 0
P_CHUNKS: Final = 1  # parts of memory
P_CLASS: Final = 2  # offset: the part each word of S belongs to
P_START: Final = 3  # offset: S after set-up
P_CHUNK: Final = 4  # offset: CHUNK words a chunk: kind, a, b, c
P_LIVE: Final = 5  # offset: for each row of code where the list of its live registers starts in P
P_VECTOR: Final = 6  # offset in W: the state, a number for each thread's content, then one for memory's
P_MEMORY: Final = 7  # offset in W: memory, a number for the content of each chunk
P_MARKS: Final = 8  # offset in W: for each part 1 if it has changed
P_LIST: Final = 9  # offset in W: the parts that have changed
P_BUFFER: Final = 10  # offset in W: the content being packed
P_ORIGINS: Final = 11  # offset in W: its provenances
P_PATH: Final = 12  # offset in W: the states on the path
P_HEADER: Final = 16

CHUNK: Final = 4
WORDS: Final = 0  # a: offset in P of a list of words of S, b: how many, c: 1 if they have a provenance
FRAME: Final = 1  # a: the frame's record, b: offset in P of a list: contents, descriptor; c: words of contents
LOCK: Final = 2  # a: the lock's record
POOL: Final = 3

# --- classes of words of S: a part's number, perhaps with VERSION, or one of these ---
BOOKKEEPING: Final = -1
GENERATION: Final = -2  # shifts the provenance of every pointer into the frame
VERSION: Final = 1 << 20  # only grows: who watches it only asks whether it has changed
