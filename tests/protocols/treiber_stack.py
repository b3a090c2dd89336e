"""Treiber's stack: a pop that compares only the node sees nothing of a node that went and came back (ABA)."""

from __future__ import annotations

from typing import Final

from engine import CLEAN, Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem

NODES: Final = 4  # numbers 1 to 4; 0 is no node
BEHIND = Word("behind", NODES + 1)  # the node under a node
TOP = Word("top")  # version << 8 | node
TAKEN = Word("taken", NODES + 1)  # 1 while a thread has the node
VERSIONS = Param("versions", 0, names={1: "every change of the top has a version of its own"})
REUSE = Param("reuse", 1, names={0: "what is pushed was never in the stack before"})
POPPED = Counter("popped", "nodes taken", operation=True)


@protocol
def top_with(old: int, node: int) -> int:
    """The word that makes `node` the top instead of what `old` says."""
    if VERSIONS:
        return (old >> 8) + 1 << 8 | node
    return node


@protocol
def pop(mem: Mem) -> int:
    """The top node, which then belongs to the caller; 0 if there is none."""
    while True:
        top = mem.read_once(TOP)
        node = top & 255
        if node == 0:
            return 0
        under = mem.read_once(BEHIND[node])
        if mem.cmpxchg(TOP, top, top_with(top, under)) == top:
            mem.check(mem.xchg(TAKEN[node], 1) == 0, "check", "a node is popped that somebody has")
            mem.count(POPPED)
            return node


@protocol
def push(mem: Mem, node: int) -> None:
    """The caller's node becomes the top."""
    mem.write_once(TAKEN[node], 0)
    while True:
        top = mem.read_once(TOP)
        mem.write_once(BEHIND[node], top & 255)
        if mem.cmpxchg(TOP, top, top_with(top, node)) == top:
            return


@protocol
def setup(mem: Mem) -> None:
    """3 on 2 on 1; 4 belongs to the second role."""
    mem.write_once(TAKEN[4], 1)
    for node in range(1, 4):
        push(mem, node)


@protocol
def take_one(mem: Mem) -> None:
    pop(mem)


@protocol
def take_two_give_one(mem: Mem) -> None:
    first = pop(mem)
    pop(mem)
    if REUSE:
        if first:
            push(mem, first)
    else:
        push(mem, 4)


@protocol
def nothing_lost(mem: Mem) -> None:
    """Every node is in the stack, once, or somebody's."""
    node = mem.read_once(TOP) & 255
    linked = 0
    while node and linked <= NODES:
        mem.check(mem.read_once(TAKEN[node]) == 0, "check", "a node in the stack belongs to somebody")
        linked += 1
        node = mem.read_once(BEHIND[node])
    for i in range(1, NODES + 1):
        linked += mem.read_once(TAKEN[i])
    mem.check(linked == NODES, "check", "a node is lost, or linked twice")


SCENARIO = Scenario(
    name="treiber-stack",
    about="A stack without a lock, whose nodes are used again.",
    source="R. K. Treiber, Systems programming: coping with parallelism, 1986",
    setup=setup,
    roles=(Role("one", take_one), Role("two", take_two_give_one)),
    at_rest=nothing_lost,
    variants=(
        Variant("aba", kind="race", expects="check", params={"reuse": 1, "versions": 0}, needs=("popped",)),
        Variant("versions", expects=CLEAN, params={"reuse": 1, "versions": 1}, needs=("popped",)),
        Variant("no-reuse", expects=CLEAN, params={"reuse": 0, "versions": 0}, needs=("popped",)),
    ),
)
