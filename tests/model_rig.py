"""A page table to play with: the models' protocols called one by one on the reference executor, alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine import Geometry, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.language.program import Program, build
from engine.memory.arena import Arena
from engine.memory.shadow import reset_memory
from engine.python.compile import compile_functions
from engine.python.cpu import AloneCpu, RoundOver, World
from engine.python.locks import BookedLocks, LockTable
from engine.python.primitives import namespace
from scenarios.models.domain import root_of
from scenarios.models.gather import flush_queue
from scenarios.models.rest import check_tables, pages_in_use
from scenarios.models.table import create_domain, destroy_domain, iova_to_phys, map_pages
from scenarios.models.unmap import unmap_pages
from scenarios.models.walker import dma


class Broken(Exception):
    """A violation: `kind` and `message`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@protocol
def set_up(mem: Mem) -> None:
    create_domain(mem, 0)


@protocol
def everything(mem: Mem) -> None:
    """Reaches every function that a test may call."""
    map_pages(mem, 0, 0, 1, 1)
    unmap_pages(mem, 0, 0, 1)
    iova_to_phys(mem, 0, 0)
    dma(mem, 0, 0)
    flush_queue(mem)
    pages_in_use(mem)
    root_of(mem, 0)
    destroy_domain(mem, 0)


@protocol
def at_rest(mem: Mem) -> None:
    check_tables(mem, 0)


_SCENARIO = Scenario("rig", "", (Role("all", everything),), (Variant("all"),), setup=set_up, at_rest=at_rest)


class Table:
    """One domain's table. Pages are numbers; every call may raise `Broken`."""

    def __init__(self, cpu: AloneCpu, functions: dict[str, Any]) -> None:
        self.cpu, self.functions = cpu, functions

    def call(self, name: str, *args: int) -> Any:
        try:
            return self.functions[name](self.cpu, *args)
        except RoundOver:
            found = self.cpu.found
            assert found is not None
            raise Broken(found.kind, found.message) from None

    def map(self, vpfn: int, pages: int, pfn: int) -> int:
        return int(self.call("map_pages", 0, vpfn, pages, pfn))

    def unmap(self, vpfn: int, pages: int) -> int:
        return int(self.call("unmap_pages", 0, vpfn, pages))

    def lookup(self, vpfn: int) -> int:
        return int(self.call("iova_to_phys", 0, vpfn))

    def dma(self, vpfn: int) -> int:
        return int(self.call("dma", 0, vpfn))

    def check(self) -> None:
        self.call("at_rest")

    def used(self) -> int:
        return int(self.call("pages_in_use"))


@contextmanager
def page_table(geometry: Geometry, **params: int) -> Iterator[Table]:
    """A table of that geometry, with values for the models' parameters."""
    with alone(build(_SCENARIO, geometry=geometry, params=params)) as table:
        table.call("set_up")
        yield table


@contextmanager
def alone(program: Program) -> Iterator[Table]:
    """A program's functions, to be called one by one."""
    arena = Arena.create(program.layout.END, None)
    try:
        reset_memory(arena, program.layout, "reuse")
        world = World(program, arena)
        yield Table(AloneCpu(world, BookedLocks()), compile_functions(program, namespace(world, LockTable(world))))
    finally:
        arena.close()
        arena.unlink()
