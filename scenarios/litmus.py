"""The classic litmus tests: what the machine, and each memory model of the search, lets two to four threads see.

A test is a line of `TESTS`, written as in the papers: threads are separated by `|`, `x=1` stores, `r0=y` loads. Each
has one outcome that no sequentially consistent execution has; all others (every combination of the values observed)
occur under every model. Whether that one occurs too is published: for tso in Owens, Sarkar, Sewell, "A better x86
memory model: x86-TSO" (2009) and, with the names used here, in Alglave, Maranget, Tautschnig, "Herding cats" (2014);
for pso in The SPARC Architecture Manual, version 8, appendix K. `sc`: no reordering; `tso`: a load may pass an earlier
store of another word; `pso`: a store may as well. In none of them does a load pass a load, or do two threads see stores
of others in different orders: LB, IRIW and WRC are sequentially consistent in all three.

A variant is a test with one way of ordering everywhere:

    SB             nothing: read_once and write_once
    SB+mb          smp_mb between the two accesses of a thread
    SB+wmb-rmb     smp_wmb between two stores, smp_rmb between two loads, nothing elsewhere
    SB+rel-acq     every store a release, every load an acquire

How many instances are run natively and how they are counted: `scenarios.models.litmus`.
"""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from itertools import product
from typing import Final

from engine import CLEAN, Geometry, Role, Scenario, Variant
from scenarios.models.litmus import judge, load_load, load_store, one_store, store_load, store_store

ORDERS: Final = ("", "mb", "wmb-rmb", "rel-acq")

#: Where native runs are like tso. Others (arm64, powerpc) allow more than any model here.
X86: Final = platform.machine().lower() in ("x86_64", "amd64", "i686")


@dataclass(frozen=True)
class Litmus:
    """One test.

    Attributes:
        program: the threads, as the module's text says. observed: registers, or words at the end.
        not_sc: the values observed, one digit each, that no sequentially consistent execution gives.
        tso, pso: under which ways of ordering that model gives them all the same.
    """

    name: str
    program: str
    observed: str
    not_sc: str
    tso: tuple[str, ...] = ()
    pso: tuple[str, ...] = ()

    @property
    def threads(self) -> list[list[tuple[str, str]]]:
        """Each thread's accesses as (left, right) of the `=`."""
        return [re.findall(r"(\w+)=(\w+)", thread) for thread in self.program.split("|")]

    def title(self, order: str) -> str:
        return f"{self.name}+{order}" if order else self.name

    def allowed(self, model: str, order: str) -> bool:
        """Whether the outcome `not_sc` is published as possible."""
        return order in {"sc": (), "tso": self.tso, "pso": self.pso}[model]

    def reachable(self, model: str, order: str) -> set[str]:
        """The published set of outcomes."""
        every = {"".join(values) for values in product(*(self._values(o) for o in self.observed.split()))}
        return every if self.allowed(model, order) else every - {self.not_sc}

    def words(self, code: int) -> str:
        """The values observed, given the bits that `outcome` makes of them."""
        names = self.observed.split()
        return "".join(self._values(name)[code >> bit & 1] for bit, name in zip(self._bits(), names, strict=True))

    def _values(self, observed: str) -> str:
        return "01" if observed.startswith("r") else "12"

    def _bits(self) -> range:
        """The bit of each thing observed: the first is the highest."""
        return range(len(self.observed.split()) - 1, -1, -1)

    def _bit(self, observed: str) -> int:
        return dict(zip(self.observed.split(), self._bits(), strict=True))[observed]

    def roles(self) -> tuple[Role, ...]:
        shapes = {"w": one_store, "ww": store_store, "wr": store_load, "rw": load_store, "rr": load_load}
        made = []
        for number, accesses in enumerate(self.threads):
            shape, args = "", [number]
            for left, right in accesses:
                loads = left.startswith("r")
                shape += "r" if loads else "w"
                args += ["xy".index(right), self._bit(left)] if loads else ["xy".index(left), int(right)]
            made.append(Role(f"P{number}", shapes[shape], tuple(args)))
        return tuple(made)

    def params(self, order: str) -> dict[str, int]:
        loaders = sum(1 << n for n, thread in enumerate(self.threads) if any(left[0] == "r" for left, _ in thread))
        code = sum(self._values(name).index(digit) << self._bit(name)
                   for name, digit in zip(self.observed.split(), self.not_sc, strict=True))
        last = {f"{name}_at": self._bit(name) + 1 if name in self.observed.split() else 0 for name in "xy"}
        return {"order": ORDERS.index(order), "threads": len(self.threads), "loaders": loaders, "not_sc": code, **last}

    def variant(self, order: str) -> Variant:
        native = X86 and self.allowed("tso", order)
        rules = [("model", model) for model in ("tso", "pso") if self.allowed(model, order)]
        rules += [("executor", "native")] if native else []
        return Variant(self.title(order), self.program, kind="claim", expects=CLEAN, params=self.params(order),
                       expects_by=tuple(((rule,), "check") for rule in rules), needs=("instances",), roles=self.roles())


_NOT_MB: Final = ("", "wmb-rmb", "rel-acq")

TESTS: Final = (
    Litmus("SB", "x=1 r0=y | y=1 r1=x", "r0 r1", "00", tso=_NOT_MB, pso=_NOT_MB),
    Litmus("MP", "x=1 y=1 | r0=y r1=x", "r0 r1", "10", pso=("",)),
    Litmus("LB", "r0=x y=1 | r1=y x=1", "r0 r1", "11"),
    Litmus("R", "x=1 y=1 | y=2 r0=x", "y r0", "20", tso=_NOT_MB, pso=_NOT_MB),
    Litmus("S", "x=2 y=1 | r0=y x=1", "r0 x", "12", pso=("",)),
    Litmus("2+2W", "x=1 y=2 | y=1 x=2", "x y", "11", pso=("",)),
    Litmus("IRIW", "x=1 | y=1 | r0=x r1=y | r2=y r3=x", "r0 r1 r2 r3", "1010"),
    Litmus("WRC", "x=1 | r0=x y=1 | r1=y r2=x", "r0 r1 r2", "110"),
    Litmus("RWC", "x=1 | r0=x r1=y | y=1 r2=x", "r0 r1 r2", "100", tso=_NOT_MB, pso=_NOT_MB),
)

LITMUS = Scenario(
    name="litmus",
    about="The classic litmus tests: store buffering, message passing, and seven more, with and without barriers.",
    source="Alglave, Maranget, Tautschnig, Herding cats, 2014",
    roles=TESTS[0].roles(),
    at_rest=judge,
    geometry=Geometry(entries=512, levels=1, frames=2),
    small=Geometry(entries=2, levels=1, frames=2),
    variants=tuple(test.variant(order) for test in TESTS for order in ORDERS),
)

SCENARIOS: Final = (LITMUS,)
