"""The input side of `pttorture trace`: captures of iommu:map and iommu:unmap, read, planned and modelled.

trace = load("nvme.trace.gz")            # columns, a consistent history
replay_plan = plan(trace, streams=4)     # op tables and waits for four threads
model = Reference(levels=4)              # the sequential page tables to compare with
replay(model, trace)
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from stress.trace.history import LEAVES, PAGE
from stress.trace.parse import Trace, load
from stress.trace.plan import NO_EVENT, Op, Plan, plan
from stress.trace.reference import FreePolicy, Policy, Reference, replay
from stress.trace.spans import MAP, UNMAP

__all__ = [
    "LEAVES",
    "MAP",
    "NO_EVENT",
    "PAGE",
    "UNMAP",
    "FreePolicy",
    "Op",
    "Plan",
    "Policy",
    "Reference",
    "Trace",
    "load",
    "plan",
    "replay",
    "shipped",
]

_SUFFIX = ".trace.gz"


def shipped() -> dict[str, Path]:
    """The captures that come with the package: file by name, in the order of the names."""
    folder = resources.files("scenarios") / "data"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(_SUFFIX))
    return {name.removesuffix(_SUFFIX): Path(str(folder / name)) for name in files}
