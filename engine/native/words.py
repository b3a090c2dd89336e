"""Which words of the arena the native executor owns: its part of the header, of each thread's area, and the tail.

The tail lies behind `Layout.END` in the same file, so that a dead arena still has its violations and its evidence:

    ALONE area | SNAPSHOT of LOCKS..END after set-up | TOUCHED flags and list | VIOLATIONS with evidence |
    SAMPLE of a round | replay

Everything is a 64-bit word unless said otherwise. H_ are offsets in the arena, T_ in a thread's area, V_ in a
violation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.memory.arena import EXECUTOR, STOP
from engine.memory.layout import LINE, MAX_THREADS, PRIVATE_WORDS, THREAD_CONTROL, Layout

# --- the header; words that change often are on lines of their own ---

H_STOP: Final = STOP
H_HALT: Final = EXECUTOR  # 0, or one of HALT_*: the round unwinds
H_GENERATION: Final = 576  # number of the round that runs, from 1
H_ARRIVED: Final = 640  # threads that have finished the round
H_RELEASED: Final = 704  # when the round began, ns; on its line what only the round's end writes:
H_DEADLINE: Final = 712  # when a lock wait becomes a deadlock
H_ROUNDS: Final = 720  # rounds that ended without a violation
H_VOID: Final = 728  # rounds that a violation ended
H_OVERLAPPED: Final = 736
H_LONGEST: Final = 744  # mean length of the longest role, ns
H_STARTED: Final = 752
H_MEETING: Final = 760  # when all roles are to begin, ns after the release
H_STOPPED: Final = 768
H_CHECKED: Final = 776  # whether the session's code checks accesses
# written once, when the session is created
H_GLOBALS: Final = 832
H_DESCRIPTORS: Final = 840
H_FRAMES: Final = 848
H_END: Final = 856
H_FRAME_SHIFT: Final = 864
H_STATES: Final = 872
H_RECORDS: Final = 880
H_POOL: Final = 888
H_LOCKS: Final = 896
H_N_FRAMES: Final = 904
H_THREADS: Final = 912
H_THREAD_BYTES: Final = 920
H_N_THREADS: Final = 928
H_PARAMS: Final = 936
H_RULE: Final = 944  # RULE_*
H_RING_MASK: Final = 952
H_LOCK_NS: Final = 960  # how long a lock wait may take
H_LOAD_NS: Final = 968  # how long a round of load roles takes
H_FINITE: Final = 976  # threads that do not loop on mem.running
H_SNAPSHOT: Final = 984
H_TOUCHED: Final = 992
H_VIOLATIONS: Final = 1000
H_VIOLATION_BYTES: Final = 1008
H_TURNS: Final = 1016
H_N_TURNS: Final = 1024
H_LOG: Final = 1032
H_LOG_ROWS: Final = 1040
H_UPGRADES: Final = 1056  # whether try_upgrade can succeed
H_MEMBERS: Final = 1064
H_NAIVE: Final = 1072  # 1: roles begin as soon as they see the release (for comparison)
H_OPEN_END: Final = 1048  # a schedule may end before its threads do: 0 no, 1 its violation, 2 its deadlock
H_TOUCH: Final = 1088  # number of frames in the TOUCHED list
H_VIOLATION: Final = 1152  # the violation of this round: V_KIND ... V_TIME
# the gate
H_POSITION: Final = 1280  # the turn whose step runs now
H_LOGGED: Final = 1288
H_HANGING: Final = 1296  # waiters that have queued for good
H_DIVERGED: Final = 1304  # 0, or DIVERGED_*
H_DIVERGED_AT: Final = 1312
H_DIVERGED_THREAD: Final = 1320
H_DIVERGED_SITE: Final = 1328
H_HANG_LOCK: Final = 1336  # what the last of those queues for, and
H_HANG_SUM: Final = 1344  # what that lock looked like before
H_HANG_UNTIL: Final = 1352  # when the first of them gives up its place; 0: nobody hangs
H_ADMITTED: Final = 1408  # threads that have come to their first step
# a sample: what every thread did in one round, kept at its end when somebody wants it
H_SAMPLE: Final = 1472  # its offset; for each thread T_FIRST, T_SEQUENCE, T_BEGIN and T_FINISH in a row, and its ring
H_SAMPLED: Final = 1480  # SAMPLE_*
SAMPLE_NONE: Final = 0
SAMPLE_WANTED: Final = 1
SAMPLE_THERE: Final = 2

HALT_RECORDING: Final = 1  # somebody writes the violation down
HALT_VOID: Final = 2
HALT_STOP: Final = 3
HALT_OVER: Final = 4  # a schedule has ended, or was left

RULE_QRWLOCK: Final = 0
RULE_PTHREAD: Final = 1
LOCK_RULES: Final = {"qrwlock": RULE_QRWLOCK, "pthread": RULE_PTHREAD, "pthread-writer": RULE_PTHREAD}

DIVERGED_SITE: Final = 1
DIVERGED_LATE: Final = 2
DIVERGED_EXTRA: Final = 3
DIVERGED_FINISHED: Final = 4

# --- a thread's area ---

T_MODE: Final = 0  # MODE_* bits
T_STATUS: Final = 8  # STATUS_*
T_SITE: Final = 16
T_ROUND: Final = 24
T_RANDOM: Final = 32
T_SEQUENCE: Final = 40  # rows ever written to the ring
T_PRIVATE: Final = 48  # words of private memory in use
T_INDEX: Final = 56
T_CONTEXT: Final = 64
T_CHANCE: Final = 72  # of a perturbation, in 1/65536 a step
T_DELAY: Final = 80  # ns
T_ROLE: Final = 88
T_STACK: Final = 96  # lowest stack address that may be used
T_BEGIN: Final = 104  # of its role, ns
T_FINISH: Final = 112
T_READY: Final = 120  # when it had seen the release
T_LENGTH: Final = 128  # mean length of its role, ns
T_OWED: Final = 136  # gate: its last step is not over yet
T_CHOICE: Final = 144  # how many choices it has made
T_CHOICES: Final = 152  # offset of its list of choices, 0 for random ones
T_N_CHOICES: Final = 160
T_CLOCK: Final = 168  # struct timespec, 16 bytes
T_LOOPS: Final = 184  # whether its role loops on mem.running
T_NEXT: Final = 192  # the row before which a step perturbs; 0: every step goes the long way, NEVER: none has to
T_POLLS: Final = 200  # turns of mem.running since it looked at the clock
T_ADMITTED: Final = 208
T_RELAXED: Final = 216  # site + 1 of the last failed turn of a spin loop; a replay clears it at every step
T_DEPTH: Final = 224  # calls of recursive protocols under way
T_POLLED: Final = 232  # when it last looked at the lock it waits for, in vain; LOOKS_NEVER: it sleeps
T_STAMP: Final = 248  # when its release began
T_KEEPS: Final = 240  # how often it does not give the CPU away, because that has just cost a time slice
LOOKS_NEVER: Final = (1 << 64) - 1
NEVER: Final = (1 << 64) - 1
MAX_DEPTH: Final = 64
T_SCRATCH: Final = 256  # where a refused access goes; 64 bytes
# what it waits for and holds; copied as one block when a violation is recorded
T_WAIT: Final = 320
W_LOCK: Final = 0
W_HOW: Final = 8  # HOW_*
W_SITE: Final = 16
W_SINCE: Final = 24
W_HOLDS: Final = 32  # HOLDS pairs: lock address, reads | HELD_WRITE
HOLDS: Final = 10
WAIT_BYTES: Final = W_HOLDS + HOLDS * 16
T_COPY: Final = 512  # that block, as it was when the round's violation was recorded
T_FIRST: Final = 704  # T_SEQUENCE when the round began
T_ARGS: Final = 768
MAX_ARGS: Final = 8
T_COUNTERS: Final = 1024
L_KIND: Final = 64  # in a lock's second line: LOCK_KINDS
LOCK_KINDS: Final = {"rw": 1, "spin": 2}
MAX_COUNTERS: Final = (THREAD_CONTROL - T_COUNTERS) // 8
T_PRIVATE_WORDS: Final = THREAD_CONTROL
T_RING: Final = THREAD_CONTROL + PRIVATE_WORDS * 8
ROW: Final = 32
# in a ring's row
R_SITE: Final = 0  # site | WRITTEN | STAMPED
R_ADDRESS: Final = 8
R_VALUE: Final = 16

HELD_WRITE: Final = 1 << 32
HOW_READ: Final = 1
HOW_WRITE: Final = 2
HOW_SPIN: Final = 3
HOW_CHANGE: Final = 4  # no lock: it spins until somebody changes something
HOWS: Final = {HOW_READ: "read", HOW_WRITE: "write", HOW_SPIN: "spin"}

STATUS_IDLE: Final = 0
STATUS_RUNNING: Final = 1
STATUS_WAITING: Final = 2
STATUS_DONE: Final = 3
STATUS_NAMES: Final = ("idle", "running", "waiting", "done")

MODE_YIELD: Final = 1
MODE_DELAY: Final = 2
MODE_GATE: Final = 4
MODE_RING: Final = 8
MODE_LOG: Final = 16
MODE_SKIP: Final = 32  # never stored: this step must not happen, its schedule is over
MODE_BEFORE: Final = MODE_YIELD | MODE_DELAY | MODE_GATE

CONTEXTS: Final = {"process": 0, "interrupt": 1, "hardware": 2}
ALONE_INDEX: Final = MAX_THREADS - 1 + (1 << 16)  # of the area that runs set-up and the check at rest
STACK_BYTES: Final = 1 << 20

# --- a violation: in the header while its round runs, in the table with its evidence afterwards ---

V_KIND: Final = 0
V_SITE: Final = 8
V_THREAD: Final = 16
V_ADDRESS: Final = 24
V_OTHER: Final = 32  # a place word of engine.memory.shadow, or an operand that the kind explains
V_ROUND: Final = 40
V_TIME: Final = 48
V_WORDS: Final = 56
V_COUNT: Final = 56  # only in the table
V_HEAD: Final = 64
EVIDENCE_ROWS: Final = 16  # of each thread
MAX_VIOLATIONS: Final = 64

# --- what a primitive's site word carries beside the site (low 32 bits) ---

S_SPECULATIVE: Final = 1 << 32
S_NEW: Final = 1 << 33  # the value is the new one
S_ZERO: Final = 1 << 34  # the value is whether the new one is 0
S_DONE: Final = 1 << 35  # the value is whether the word was changed
S_ORDERED: Final = 1 << 36  # acquire, release or full, where it makes a difference
S_KEEP: Final = 1 << 37  # a log shows the value even if the step breaks a rule (else 0)
S_GRANT: Final = 1 << 38  # the recorder stamps it with the time: when it is done,
S_RELEASE: Final = 1 << 39  # or before it begins
STAMPED: Final = 1 << 32  # in a ring row beside the site: its value is the time << 1 | value
WRITTEN: Final = 1 << 33  # in every ring row beside the site
S_SITE: Final = (1 << 32) - 1
NO_SITE: Final = S_SITE  # before the first step


def _up(value: int, to: int = LINE) -> int:
    return -(-value // to) * to


@dataclass(frozen=True)
class Tail:
    """Offsets of the parts behind `Layout.END`, and the size of the whole arena."""

    ALONE: int
    SNAPSHOT: int
    TOUCHED: int
    VIOLATIONS: int
    violation_bytes: int
    SAMPLE: int
    TURNS: int
    LOG: int
    CHOICES: int
    SIZE: int


def tail(layout: Layout, turns: int = 0, log_rows: int = 0, choices: int = 0) -> Tail:
    """Place the tail. `turns`, `log_rows` and `choices` are for a replay."""
    alone = _up(layout.END, 4096)
    snapshot = alone + layout.thread_bytes
    touched = _up(snapshot + layout.END - layout.LOCKS)
    violations = _up(touched + layout.geometry.frames * 16)
    violation_bytes = V_HEAD + (layout.threads + 1) * (_up(WAIT_BYTES) + EVIDENCE_ROWS * ROW)
    sample = violations + violation_bytes * MAX_VIOLATIONS
    at_turns = sample + (layout.threads * (1 + layout.ring) * ROW)
    log = _up(at_turns + turns * 8)
    at_choices = log + log_rows * ROW
    return Tail(alone, snapshot, touched, violations, violation_bytes, sample, at_turns, log, at_choices,
                _up(at_choices + choices * 8, 4096))
