"""A bounded buffer whose two ends sleep: a task that looks first and lies down then may miss its wake-up.

There are no wait queues in the language; a task that sleeps spins on its own state, as schedule() looks to others.
"""

from __future__ import annotations

from typing import Final

from engine import CLEAN, Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

SIZE: Final = 1
ITEMS: Final = 2
PRODUCER: Final = 0
CONSUMER: Final = 1

SLOT = Word("slot", SIZE)
PUT = Word("put")  # items ever put; only the producer writes it
GOT = Word("got")  # items ever taken; only the consumer writes it
ASLEEP = Word("asleep", 16)  # each task's state, a cache line apart
PREPARE = Param("prepare", 1, names={0: "look, then lie down"})
BARRIER = Param("barrier", 1, names={0: "the look may pass the store of the state"})
PASSED = Counter("passed", "items through the buffer", operation=True)


@protocol
def may_go_on(mem: Mem, me: int) -> int:
    filled = mem.smp_load_acquire(PUT) - mem.smp_load_acquire(GOT)
    if me == PRODUCER:
        return filled < SIZE
    return filled > 0


@protocol
def set_state(mem: Mem, me: int) -> None:
    """set_current_state(): the state is out before anything is looked at."""
    mem.write_once(ASLEEP[me * 8], 1)
    if BARRIER:
        mem.smp_mb()


@protocol
def schedule(mem: Mem, me: int) -> None:
    """Sleep until somebody wakes this task."""
    while mem.read_once(ASLEEP[me * 8]):
        mem.cpu_relax()


@protocol
def wait_event(mem: Mem, me: int) -> None:
    if PREPARE:
        set_state(mem, me)
        while not may_go_on(mem, me):
            schedule(mem, me)
            set_state(mem, me)
        mem.write_once(ASLEEP[me * 8], 0)
    else:
        while not may_go_on(mem, me):
            set_state(mem, me)
            schedule(mem, me)


@protocol
def wake_up(mem: Mem, other: int) -> None:
    if BARRIER:
        mem.smp_mb()
    if mem.read_once(ASLEEP[other * 8]):
        mem.write_once(ASLEEP[other * 8], 0)


@protocol
def produce(mem: Mem) -> None:
    for item in range(ITEMS):
        wait_event(mem, PRODUCER)
        mem.write_once(SLOT[item % SIZE], item + 1)
        mem.smp_store_release(PUT, item + 1)
        wake_up(mem, CONSUMER)


@protocol
def consume(mem: Mem) -> None:
    for item in range(ITEMS):
        wait_event(mem, CONSUMER)
        found = mem.read_once(SLOT[item % SIZE])
        mem.smp_store_release(GOT, item + 1)
        wake_up(mem, PRODUCER)
        mem.check(found == item + 1, "check", "an item is lost or out of order")
        mem.count(PASSED)


def relaxed(*models: str) -> tuple[tuple[tuple[tuple[str, str], ...], str], ...]:
    return tuple(((("model", model),), "deadlock") for model in models)


SCENARIO = Scenario(
    name="bounded-buffer",
    about="A producer and a consumer that wake each other.",
    roles=(Role("producer", produce), Role("consumer", consume)),
    variants=(
        Variant("lost-wake-up", kind="race", expects="deadlock", params={"prepare": 0}, needs=("passed",)),
        Variant("prepare-to-wait", expects=CLEAN, needs=("passed",)),
        Variant("no-barrier", kind="race", params={"barrier": 0}, expects_by=relaxed("tso", "pso"), needs=("passed",)),
    ),
)
