"""Threads that run for ever, and twins that do not: what is a livelock, and what only looks like one."""

from __future__ import annotations

from engine import CLEAN, Param, Role, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import refcount

FLAG = Word("flag", 2)
DONE = Word("done")
A = SpinLock("a")
B = SpinLock("b")
PATIENCE = Param("patience", 0, names={0: "for ever", 1: "once"})


@protocol
def polite(mem: Mem, me: int) -> None:
    """After you: takes its flag down while the other one's is up. In step, neither ever gets in."""
    mem.write_once(FLAG[me], 1)
    while mem.read_once(FLAG[1 - me]):
        mem.write_once(FLAG[me], 0)
        mem.write_once(FLAG[me], 1)
        if PATIENCE:
            break
    mem.write_once(FLAG[me], 0)


@protocol
def waiter(mem: Mem) -> None:
    """A bare spin: it goes round in one state until the other thread's next step."""
    while mem.read_once(DONE) == 0:
        pass


@protocol
def setter(mem: Mem) -> None:
    mem.write_once(FLAG[0], 1)
    mem.write_once(DONE, 1)


@protocol
def relaxed(mem: Mem) -> None:
    while mem.read_once(DONE) == 0:
        mem.cpu_relax()


@protocol
def bystander(mem: Mem) -> None:
    mem.write_once(FLAG[0], 1)


@protocol
def both(mem: Mem, me: int) -> None:
    """Trylock of the second lock, and back off: the livelock that backing off without an order makes."""
    while 1:
        if me == 0:
            mem.spin_lock(A)
            if mem.spin_trylock(B):
                mem.spin_unlock(B)
                mem.spin_unlock(A)
                return
            mem.spin_unlock(A)
        else:
            mem.spin_lock(B)
            if mem.spin_trylock(A):
                mem.spin_unlock(A)
                mem.spin_unlock(B)
                return
            mem.spin_unlock(B)


@protocol
def gambler(mem: Mem) -> None:
    """Asks again until the answer is 1: an adversary may answer 0 for ever."""
    while mem.choose(2) == 0:
        mem.write_once(FLAG[0], 1)


@protocol
def recycler(mem: Mem) -> None:
    """A bare spin that takes a page and gives it back: generations grow, states come back."""
    while mem.read_once(DONE) == 0:
        page = mem.alloc_page(1)
        mem.write_once(page, 7)
        mem.atomic_set(refcount(page), 0)
        mem.free_page(page)


@protocol
def busy(mem: Mem) -> None:
    while mem.read_once(DONE) == 0:
        mem.spin_lock(A)
        mem.spin_unlock(A)


@protocol
def trier(mem: Mem) -> None:
    """Sleeps until the lock has changed, and always finds it taken again."""
    while not mem.spin_trylock(A):
        mem.cpu_relax()
    mem.spin_unlock(A)
    mem.write_once(DONE, 1)


def scenario(name: str, expects: str, *roles: Role, **params: int) -> Scenario:
    return Scenario(name, "", roles, (Variant("v", expects=expects, params=params),))


SCENARIOS = (
    scenario("polite", "livelock", Role("A", polite, (0,)), Role("B", polite, (1,))),
    scenario("impatient", CLEAN, Role("A", polite, (0,)), Role("B", polite, (1,)), patience=1),
    scenario("ended", CLEAN, Role("waiter", waiter), Role("setter", setter)),
    scenario("lonely", "livelock", Role("waiter", waiter), Role("bystander", bystander)),
    scenario("asleep", "deadlock", Role("waiter", relaxed), Role("bystander", bystander)),
    scenario("woken", CLEAN, Role("waiter", relaxed), Role("setter", setter)),
    scenario("back-off", "livelock", Role("A", both, (0,)), Role("B", both, (1,))),
    scenario("recycler", CLEAN, Role("waiter", recycler), Role("setter", setter)),
    scenario("starved", "livelock", Role("busy", busy), Role("trier", trier)),
    scenario("gambler", "livelock", Role("A", gambler), Role("bystander", bystander)),
)
