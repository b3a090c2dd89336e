"""Two users drop their reference on a page; the last one frees it. Written to be copied.

    pttorture explore examples/last_put.py          the smallest interleaving that breaks it
    pttorture run examples/last_put.py              the same on real threads
"""

from __future__ import annotations

from engine import CLEAN, Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import refcount

PAGE = Word("page")  # a shared word: the address of the page
USERS = Word("users")  # how many use it
TESTED = Param("tested", 0)  # what the variants differ in
PUTS = Counter("puts", "references dropped", operation=True)


@protocol
def setup(mem: Mem) -> None:
    """Runs once, alone: one page, two users."""
    mem.write_once(PAGE, mem.alloc_page(1))
    mem.atomic64_set(USERS, 2)


@protocol
def put(mem: Mem) -> None:
    """What each of the two threads does."""
    frame = mem.read_once(PAGE)
    if TESTED:
        last = mem.atomic64_dec_and_test(USERS)  # one step: only one thread can see the 0
    else:
        mem.atomic64_dec(USERS)
        last = mem.atomic64_read(USERS) == 0  # two steps: both may have decremented before either reads
    if last:
        mem.atomic_set(refcount(frame), 0)
        mem.free_page(frame)
    mem.count(PUTS)


@protocol
def freed(mem: Mem) -> None:
    """Runs when both are done."""
    mem.check(mem.atomic64_read(USERS) == 0, "count-drift", "somebody's put is lost")


SCENARIO = Scenario(
    name="last-put",
    about="Two users drop a page; the last one frees it.",
    setup=setup,
    roles=(Role("put1", put), Role("put2", put)),
    at_rest=freed,
    variants=(
        Variant("read-back", kind="race", expects="use-after-free", params={"tested": 0}, needs=("puts",)),
        Variant("dec-and-test", expects=CLEAN, params={"tested": 1}, needs=("puts",)),
    ),
)
