"""Where everything lies in the machine's three arrays. Compiled code takes these numbers as constants."""

from __future__ import annotations

from typing import Final

# --- C: a header of offsets and numbers, then the tables they point to ---
C_CODE: Final = 0  # code rows
C_CONST: Final = 1  # operand -k is C[C[C_CONST] + k]
C_ENTRY: Final = 2  # first row of each thread, then of set-up and of the check at rest (-1: none)
C_KNOWN: Final = 3  # per word of GLOBALS: 1 if it belongs to a declared Word
C_THREADS: Final = 4  # number of threads; one more area is for set-up and the check at rest
C_GLOBALS: Final = 5  # byte addresses of the modelled memory
C_DESCRIPTORS: Final = 6
C_FRAMES: Final = 7
C_END: Final = 8
C_FRAME_SHIFT: Final = 9
C_N_FRAMES: Final = 10
C_MEMORY: Final = 11  # S: the first modelled word
C_SHADOW: Final = 12  # distance from a value cell to its provenance
C_AREA: Final = 13  # S: thread areas
C_REGS: Final = 14  # S: registers, C_REG_SIZE a thread
C_REG_SIZE: Final = 15
C_PRIVATE: Final = 16  # S: private arrays, C_PRIVATE_SIZE a thread
C_PRIVATE_SIZE: Final = 17
C_RECORDS: Final = 18  # S: frame records
C_POOL: Final = 19  # S: ring of free frames
C_QUARANTINE: Final = 20  # 1: a freed frame goes to the end of the ring, 0: to its front
C_LOCKS: Final = 21  # S: lock records, C_LOCK_SIZE each
C_LOCK_SIZE: Final = 22
C_N_LOCKS: Final = 23
C_LOCK_ADDRESS: Final = 24  # byte address of lock 0; they are 128 bytes apart
C_RULE: Final = 25  # per lock: its rule
C_INTERRUPT: Final = 26  # per thread: 1 in interrupt context
C_RELAXES: Final = 27  # 1: the program has a cpu_relax, so that reads must be watched
C_LIMIT: Final = 28  # steps in one execution
C_ROUNDS: Final = 29
C_LIVE: Final = 30  # per row: the registers still read, as bits; from LIVE_MAX on they count as read
C_MODEL: Final = 31  # SC, TSO or PSO
C_PROCESSES: Final = 32  # the threads, then the flushers of thread 0, of thread 1, ...
C_FLUSHERS: Final = 33  # of one thread: 1 under tso, under pso one for each address it stores to
C_BUFFERS: Final = 34  # S: store buffers, C_BUFFER_SIZE a thread; only under tso and pso
C_BUFFER_SIZE: Final = 35
C_COVER: Final = 36  # S: last accesses to each place, see `coverage`; 0: nobody wants to know
C_COVERED: Final = 37  # U: how often each site followed each other one, C_SITES in a row
C_SITES: Final = 38
C_HEADER: Final = 48

# --- code rows: operation, destination or target, operands a, b, c, two static fields, site ---
ROW: Final = 8

LIVE_MAX: Final = 62

SC: Final = 0
TSO: Final = 1
PSO: Final = 2

# --- S: a header, then what C points to ---
S_KIND: Final = 0  # the violation's code, 0 for none
S_PC: Final = 1
S_THREAD: Final = 2
S_ADDRESS: Final = 3
S_OTHER: Final = 4  # site of the free, or the frame
S_STEPS: Final = 5
S_ASLEEP: Final = 6  # threads asleep in cpu_relax
S_CHOOSING: Final = 7  # threads whose mem.choose waits for its value
S_POOL_HEAD: Final = 8
S_POOL_TAIL: Final = 9
S_DETAIL: Final = 10  # what exactly: see the WILD_, BAD_ and MISUSE_ numbers
S_HEADER: Final = 16

# --- a thread area ---
T_STATUS: Final = 0
T_PC: Final = 1
T_BASE: Final = 2  # S index of register 0 of the running function
T_DEPTH: Final = 3  # calls
T_PRIVATE: Final = 4  # words of private memory in use
T_ROUNDS: Final = 5
T_LOCK: Final = 6  # the lock it waits for
T_WANTS: Final = 7  # READER, READER_LATE or WRITER
T_HELD: Final = 8  # spinning locks held
T_WATCHED: Final = 9  # entries of the watch list; -1: too many, never sleep
T_CHOICES: Final = 10
T_WATCH: Final = 16
WATCH_MAX: Final = 16
T_CALLS: Final = T_WATCH + 2 * WATCH_MAX  # (row, base, private mark) each
DEPTH_MAX: Final = 65  # the role itself and 64 calls
T_SIZE: Final = T_CALLS + 3 * DEPTH_MAX

READY: Final = 0
DONE: Final = 1
BLOCKED: Final = 2
ASLEEP: Final = 3
CHOOSING: Final = 4

# --- a frame record ---
F_ALLOCATED: Final = 0
F_GENERATION: Final = 1
F_OWNER: Final = 2
F_ALLOC_SITE: Final = 3
F_ALLOC_THREAD: Final = 4
F_FREE_SITE: Final = 5
F_FREE_THREAD: Final = 6
F_MEMBERS: Final = 7  # for each union of the descriptor 0, or the live member | row of its set_member << 8
F_SIZE: Final = 16
PFN_BITS: Final = 24  # a provenance is generation << 24 | pfn; 0 is none, because frame 0 is never handed out

# --- a lock record; then a queue entry and a read hold (count, site) for every thread ---
L_WRITER: Final = 0  # thread + 1
L_READERS: Final = 1  # read holds
L_PRIMARY: Final = 2  # glibc, fair: the writer (+ 1) at the front, while readers are still inside
L_WRITE_PHASE: Final = 3  # glibc
L_HANDOVER: Final = 4  # glibc: released, but reserved for a writer
L_VERSION: Final = 5  # counts changes
L_WRITER_SITE: Final = 6
L_QUEUED: Final = 7
L_QUEUE: Final = 8  # waiting threads in order of arrival

# --- a store buffer: a header, then entries in program order ---
B_COUNT: Final = 0
B_APART: Final = 1  # pso: 1 after an smp_wmb: the next store is kept apart from those before it
B_SLOTS: Final = 2  # pso: addresses that have a flusher
B_SLOT: Final = 4  # their addresses
FLUSHERS_MAX: Final = 30
B_ENTRIES: Final = B_SLOT + FLUSHERS_MAX
BUFFER_MAX: Final = 32  # entries; a thread that has as many waits before it stores more
E_KIND: Final = 0  # STORED, FILLED, UNLOCKED
E_ADDRESS: Final = 1
E_WIDTH: Final = 2  # bytes
E_POINTER: Final = 3  # the provenance of the address
E_WORD: Final = 4
E_ORIGIN: Final = 5  # the provenance of the word
E_STRIDE: Final = 6  # of a fill
E_SLOT: Final = 7
E_PC: Final = 8
E_APART: Final = 9  # pso: 1 if it stays behind everything before it
E_SIZE: Final = 10

STORED: Final = 1
FILLED: Final = 2
UNLOCKED: Final = 3

READER: Final = 1
READER_LATE: Final = 2  # glibc preferring writers: waits without being counted
WRITER: Final = 3

# --- U ---
U_TOP: Final = 0
U_ADDRESS: Final = 1  # of the last step: address, old and new word, result, event
U_OLD: Final = 2
U_NEW: Final = 3
U_RESULT: Final = 4
U_EVENT: Final = 5
U_END: Final = 6  # words of U
U_FIRST: Final = 7  # where the log starts
U_ONCE: Final = 8  # 0: log every change; else: only the first of a word that is not yet stamped with this number
U_RESTARTS: Final = 9
U_COUNTS: Final = 16  # counters of mem.count, over the whole search
U_STAMPS: Final = 256  # one for each word of S; behind them the pairs of C_COVERED and the log: (index, old) pairs
U_SLACK: Final = 8192  # no single instruction logs more

PLAIN: Final = 0
ARRIVED: Final = 1  # a lock arrival that waits
GRANTED: Final = 2
BUFFERED: Final = 3  # a store that only its own thread sees yet
FLUSHED: Final = 4  # it is visible now

# --- why ---
WILD_NULL: Final = 1
WILD_NOWHERE: Final = 2
WILD_MISALIGNED: Final = 3
WILD_ARRAY: Final = 4
WILD_NOT_A_PAGE: Final = 5
WILD_NOT_A_MEMBER: Final = 6
BAD_MAPCOUNT: Final = 1
BAD_MAPPING: Final = 2
BAD_MEMCG: Final = 3
BAD_REFCOUNT: Final = 4
MISUSE_NOT_HELD: Final = 1
MISUSE_NO_LOCK: Final = 2
MISUSE_WRONG_KIND: Final = 3
MISUSE_KEPT: Final = 4
LIMIT_STEPS: Final = 1
LIMIT_LOCAL: Final = 2
LIMIT_FLUSHERS: Final = 3
