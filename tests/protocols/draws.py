"""Small programs whose executions can be counted by hand: threads that add to words, one that is watched."""

from __future__ import annotations

from engine import Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

X = Word("x", 2)
SEEN = Word("seen", 2)
WANT_X = Param("want_x", 2)
WANT_Y = Param("want_y", 0)


@protocol
def add(mem: Mem, first: int, second: int) -> None:
    """Add 1 to one word, then to another; 2 is none."""
    mem.write_once(X[first], mem.read_once(X[first]) + 1)
    if second < 2:
        mem.write_once(X[second], mem.read_once(X[second]) + 1)


@protocol
def nothing_lost(mem: Mem) -> None:
    x = mem.read_once(X[0])
    y = mem.read_once(X[1])
    mem.check(x == WANT_X and y == WANT_Y, "check", "an addition is lost")


def adding(*threads: str) -> Scenario:
    """Each thread adds to the words of its text: "x", "xy"."""
    roles = tuple(Role(f"t{i}", add, ("xy".index(text[0]), "xy".index(text[1]) if text[1:] else 2))
                  for i, text in enumerate(threads))
    everything = "".join(threads)
    wanted = {"want_x": everything.count("x"), "want_y": everything.count("y")}
    return Scenario("adding", "tests", roles, (Variant("v", params=wanted),), at_rest=nothing_lost,
                    small=Geometry(2, 1, 2))


@protocol
def three_times(mem: Mem) -> None:
    mem.write_once(X[0], 1)
    mem.write_once(X[0], 2)
    mem.write_once(X[0], 3)


@protocol
def look_twice(mem: Mem) -> None:
    first = mem.read_once(X[0])
    second = mem.read_once(X[0])
    mem.check(not (first == 1 and second == 2), "check", "seen in between, twice")


TURNS = Scenario("turns", "Breaks in one execution only: each step by the other thread.",
                 (Role("writer", three_times), Role("reader", look_twice)), (Variant("v"),), small=Geometry(2, 1, 2))


@protocol
def stores_and_looks(mem: Mem, mine: int) -> None:
    mem.write_once(X[mine], 1)
    mem.write_once(SEEN[mine], mem.read_once(X[1 - mine]) + 1)


@protocol
def somebody_saw(mem: Mem) -> None:
    first = mem.read_once(SEEN[0])
    second = mem.read_once(SEEN[1])
    mem.check(first + second > 2, "check", "neither has seen the other's store")


STORE_BUFFERING = Scenario("store-buffering", "Two stores, two loads: both may come too early.",
                           (Role("p0", stores_and_looks, (0,)), Role("p1", stores_and_looks, (1,))), (Variant("v"),),
                           at_rest=somebody_saw, small=Geometry(2, 1, 2))
