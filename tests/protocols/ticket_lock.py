"""A ticket lock, and one whose tickets are drawn in two steps."""

from __future__ import annotations

from engine import CLEAN, Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

NEXT = Word("next_ticket")
SERVED = Word("now_served")
INSIDE = Word("inside")
ATOMIC = Param("atomic", 1, names={0: "a ticket is drawn by a load and a store"})
ENTERED = Counter("entered", "critical sections", operation=True)


@protocol
def draw(mem: Mem) -> int:
    if ATOMIC:
        ticket: int = mem.atomic64_fetch_add(NEXT, 1)
    else:
        ticket = mem.read_once(NEXT)
        mem.write_once(NEXT, ticket + 1)
    return ticket


@protocol
def lock(mem: Mem) -> None:
    ticket = draw(mem)
    while mem.smp_load_acquire(SERVED) != ticket:
        mem.cpu_relax()


@protocol
def unlock(mem: Mem) -> None:
    """Only the holder writes the word."""
    mem.smp_store_release(SERVED, mem.read_once(SERVED) + 1)


@protocol
def enter(mem: Mem) -> None:
    lock(mem)
    alone = mem.atomic64_inc_return(INSIDE) == 1
    mem.check(alone, "check", "two hold the lock")
    mem.atomic64_dec(INSIDE)
    unlock(mem)
    mem.count(ENTERED)


@protocol
def all_served(mem: Mem) -> None:
    mem.check(mem.read_once(SERVED) == mem.read_once(NEXT), "check", "a ticket was not served")


SCENARIO = Scenario(
    name="ticket-lock",
    about="A lock that serves its threads in the order of their tickets.",
    roles=(Role("A", enter), Role("B", enter), Role("C", enter)),
    at_rest=all_served,
    variants=(
        Variant("two-steps", kind="race", expects="deadlock", params={"atomic": 0}, needs=("entered",)),
        Variant("fetch-add", expects=CLEAN, params={"atomic": 1}, needs=("entered",)),
    ),
)
