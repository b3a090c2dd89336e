"""S5: page tables freed by RCU: s390's halves, which share one rcu_head with the list they are on.

"mm: free retracted page table by RCU", Hugh Dickins, June and July 2023: khugepaged clears a PMD entry and frees the
table below after a grace period. The rcu_head lies in the table's own descriptor, where s390 keeps its list of pages
with one free half. What was tried, what was drafted, and 8211dad627981 (6.6).
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Param, Role, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import page_of
from scenarios.models.s390 import (
    LIST,
    LOWER,
    READERS,
    RETURNED,
    UPPER,
    alloc_half,
    free_gathered,
    free_half,
    gather_half,
    grace_period,
    list_init,
    pte_free_defer,
    rcu_barrier,
    still_used,
)

SOURCE: Final = "https://lore.kernel.org/linux-mm/7cd843a9-aa80-14f-5eb2-33427363c20@google.com/"
SMALL: Final = Geometry(entries=4, levels=1, frames=6)
REAL: Final = Geometry(entries=512, levels=1, frames=16)
NEW_ENTRY: Final = 0x2003

PAGE = Word("page")  # the descriptor of the page under test
PMD = Word("pmd")  # leads to its lower half


@protocol
def one_half(mem: Mem) -> None:
    """The lower half of a page is in use; the page is on the list for its upper half."""
    list_init(mem, LIST)
    half = alloc_half(mem)
    mem.write_once(PAGE, page_of(half))
    mem.write_once(PMD, half)


@protocol
def both_halves(mem: Mem) -> None:
    """Both halves of a page are in use; it is on no list."""
    one_half(mem)
    alloc_half(mem)


@protocol
def retract_lower(mem: Mem) -> None:
    """A role: khugepaged clears the PMD and defers the table."""
    mem.xchg(PMD, 0)
    pte_free_defer(mem, mem.read_once(PAGE), LOWER)


@protocol
def retract_upper(mem: Mem) -> None:
    """A role: the same for the upper half."""
    pte_free_defer(mem, mem.read_once(PAGE), UPPER)


@protocol
def free_upper(mem: Mem) -> None:
    """A role: an ordinary free of the upper half."""
    mem.count(RETURNED)
    free_half(mem, mem.read_once(PAGE), UPPER)


@protocol
def free_lower(mem: Mem) -> None:
    """A role: an ordinary free of the lower half."""
    mem.count(RETURNED)
    free_half(mem, mem.read_once(PAGE), LOWER)


@protocol
def new_table(mem: Mem) -> None:
    """A role: another table is needed, and filled."""
    mem.write_once(alloc_half(mem), NEW_ENTRY)


@protocol
def rcu(mem: Mem) -> None:
    """A role: one grace period."""
    grace_period(mem)


@protocol
def all_gone(mem: Mem) -> None:
    """R4: after the last grace period the page is free."""
    rcu_barrier(mem)
    mem.check(still_used(mem, mem.read_once(PAGE)) == 0, "leak", "no half of the page is in use and it was never freed")


@protocol
def callbacks_run(mem: Mem) -> None:
    rcu_barrier(mem)


DEFER_LISTED = Scenario(
    name="s390-defer-listed",
    about="A queued rcu_head lies in the words that link the page into the list of pages with a free half.",
    source=SOURCE,
    setup=one_half,
    roles=(Role("retract", retract_lower), Role("alloc", new_table)),
    at_rest=callbacks_run,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("naive", "the list leads through a function's number", "S5-a", "race", "wild-access", {"defer": 0},
                needs=("returned",)),
        Variant("draft", "the draft takes it off the list first", params={"defer": 2}, needs=("returned", "taken")),
        Variant("active", "6.6: off the list for good", params={"defer": 4}, needs=("returned", "taken")),
    ),
)

DEFER_FULL = Scenario(
    name="s390-defer-full",
    about="One half is deferred, the other is freed as usual: who may touch the list, and the words?",
    source=SOURCE,
    setup=both_halves,
    roles=(Role("retract", retract_lower), Role("free", free_upper), Role("rcu", rcu)),
    at_rest=all_gone,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("naive", "the other half's list_add writes over the queued rcu_head", "S5-b", "race", "check",
                {"defer": 0}, needs=("returned",)),
        Variant("draft-no-status", "list_del of a page that was never put on the list", "S5-d", "race", "wild-access",
                {"defer": 3, "shifted": 1}, needs=("returned",)),
        Variant("draft", "the status word says whether it is on the list", params={"defer": 2, "shifted": 1},
                needs=("returned", "called")),
        Variant("active", "6.6", params={"defer": 4}, needs=("returned", "called")),
    ),
)

DEFER_BOTH = Scenario(
    name="s390-defer-both",
    about="Both halves are deferred before the grace period ends, and there is one rcu_head.",
    source=SOURCE,
    setup=both_halves,
    roles=(Role("lower", retract_lower), Role("upper", retract_upper), Role("rcu", rcu)),
    at_rest=all_gone,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("naive", "queued twice: the list of callbacks is linked to itself", "S5-c", "race", "check",
                {"defer": 0}, needs=("returned",)),
        Variant("draft", "the callback tests a mask that it forgot to shift: the second half is never freed", "S5-g",
                "race", "leak", {"defer": 2, "shifted": 0}, needs=("returned",)),
        Variant("draft-shifted", "the draft with the shift", params={"defer": 2, "shifted": 1},
                needs=("returned", "called")),
        Variant("active", "6.6", params={"defer": 4}, needs=("returned", "called")),
    ),
)


@protocol
def walk(mem: Mem) -> None:
    """A role: a reader in an RCU section walks the table."""
    mem.atomic64_inc(READERS)
    half = mem.smp_load_acquire(PMD)
    if half != 0:
        mem.check(mem.read_once(half) != NEW_ENTRY, "check", "a reader sees the entries of the table's next user")
    mem.atomic64_dec(READERS)


HALF_REUSE = Scenario(
    name="s390-half-reuse",
    about="The half is handed out again while a reader is still in it; only the page waits for the grace period.",
    source=SOURCE,
    setup=both_halves,
    roles=(Role("retract", retract_lower), Role("alloc", new_table), Role("walk", walk)),
    at_rest=callbacks_run,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("half-at-once", "the half goes back to the list at once", "S5-e", "race", "check", {"defer": 1},
                needs=("returned", "taken")),
        Variant("active", "6.6: once deferred, the page is never recycled half by half", params={"defer": 4},
                needs=("returned", "taken")),
    ),
)

@protocol
def free_both_gathered(mem: Mem) -> None:
    """A role: munmap of all that both halves map: first both are pending, then both are freed."""
    page = mem.read_once(PAGE)
    mem.count(RETURNED)
    gather_half(mem, page, LOWER)
    gather_half(mem, page, UPPER)
    free_gathered(mem, page, LOWER)
    free_gathered(mem, page, UPPER)


_GATHERED: Final = (Role("gather", free_both_gathered), Role("alloc", new_table))

PENDING = Scenario(
    name="s390-pending",
    about="A half that is pending removal counts as taken; if it does not, it is handed out while it is being freed.",
    source=SOURCE,
    setup=both_halves,
    roles=(Role("free", free_lower), Role("alloc", new_table)),
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("only-a", "A bits alone: the impossible value 0x13 or 0x23", "S5-f", "mutation", "check",
                {"defer": 4, "pending_mask": 0}, needs=("returned", "taken")),
        Variant("a-and-p", "P bits count as taken", params={"defer": 4, "pending_mask": 1},
                needs=("returned", "taken")),
        Variant("gathered-only-a", "the same with a gather, which leaves halves pending for longer", "S5-f.gathered",
                "mutation", "check", {"defer": 4, "pending_mask": 0}, needs=("returned", "taken"), roles=_GATHERED),
        Variant("gathered", "a gather, and P bits count as taken", params={"defer": 4, "pending_mask": 1},
                needs=("returned", "taken"), roles=_GATHERED),
    ),
)

TABLE_LOCK = SpinLock("table_lock")
MAPPED = Word("mapped")
WAITS = Param("waits", 1, names={0: "freed at once", 1: "freed after a grace period"})
REVALIDATES = Param("revalidates", 1, names={0: "no", 1: "the PMD is read again under the table's lock"})
LOST: Final = 0x77003


@protocol
def one_table(mem: Mem) -> None:
    """A PMD entry that leads to a table."""
    mem.write_once(PMD, mem.alloc_page(1))
    mem.write_once(PAGE, page_of(mem.read_once(PMD)))


@protocol
def map_in_table(mem: Mem) -> None:
    """A role: pte_offset_map_lock() and a new entry."""
    mem.atomic64_inc(READERS)
    table = mem.smp_load_acquire(PMD)
    if table != 0:
        mem.read_once(table)
        mem.spin_lock(TABLE_LOCK)
        if REVALIDATES == 0 or mem.read_once(PMD) == table:
            mem.write_once(table, LOST)
            mem.write_once(MAPPED, 1)
        mem.spin_unlock(TABLE_LOCK)
    mem.atomic64_dec(READERS)


@protocol
def retract(mem: Mem) -> None:
    """A role: khugepaged: clear the PMD under the table's lock unless the table is in use, free the table."""
    mem.spin_lock(TABLE_LOCK)
    table = mem.read_once(PMD)
    empty = mem.read_once(table) == 0
    if empty:
        mem.write_once(PMD, 0)
        mem.count(RETURNED)
    mem.spin_unlock(TABLE_LOCK)
    if empty:
        if WAITS:
            while mem.read_once(READERS) != 0:
                mem.cpu_relax()
        if mem.atomic_dec_and_test(page_of(table) + 52):
            mem.free_page(table)


@protocol
def entry_kept(mem: Mem) -> None:
    """What was mapped is still reachable."""
    mem.check(mem.read_once(MAPPED) == 0 or mem.read_once(PMD) != 0, "lost-mapping",
              "an entry was written to a table that nothing leads to")


RETRACT = Scenario(
    name="retract",
    about="A page table is taken away while somebody reads it, or is about to write to it.",
    source=SOURCE,
    setup=one_table,
    roles=(Role("retract", retract), Role("map", map_in_table)),
    at_rest=entry_kept,
    geometry=SMALL,
    small=SMALL,
    variants=(
        Variant("at-once", "freed under a reader", "S5-h", "race", "use-after-free", {"waits": 0},
                needs=("returned",)),
        Variant("no-recheck", "by RCU, but a writer does not look at the PMD again", "S5-h.detached", "race",
                "lost-mapping", {"revalidates": 0}, needs=("returned",)),
        Variant("rcu", "by RCU, and the PMD is read again under the table's lock", needs=("returned",)),
    ),
)

SCENARIOS: Final = (DEFER_LISTED, DEFER_FULL, DEFER_BOTH, HALF_REUSE, PENDING, RETRACT)
