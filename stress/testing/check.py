"""What a marker, or a call of the fixture, asks for: variants, how to check them, what must come of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.declare import CLEAN, Scenario, Variant
from engine.errors import UsageError
from engine.violations import BY_NAME
from stress import options
from stress.pytest_plugin import STRATEGIES
from stress.selection import Chosen, choose, lock_for

HAMMERS: Final = options.EXECUTORS
SEARCHES: Final = tuple(name for name in STRATEGIES if name not in HAMMERS)
_SEED: Final = options.integer(0, 2**63 - 1)

#: option -> what reads its value; the same rules as on the command line.
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "seconds": options.seconds, "seed": _SEED, "lock": options.one_of("lock", options.ALL_LOCKS),
    "threads": options.integer(1, options.MAX_THREADS), "processes": options.integer(1, options.MAX_THREADS),
    "perturb": options.perturb, "executor": options.one_of("executor", (*HAMMERS, "explore")),
    "strategy": options.one_of("strategy", SEARCHES), "model": options.one_of("memory model", ("sc", "tso", "pso")),
    "rounds": options.integer(1, 1000), "preemptions": options.integer(0, 1000),
    "executions": options.integer(1, 10**15), "depth": options.integer(1, 64),
    "expect": options.one_of("outcome", (CLEAN, *BY_NAME)), "variant": str,
}
_OF_A_SEARCH: Final = ("strategy", "model", "rounds", "preemptions", "executions", "depth")
_OF_A_HAMMER: Final = ("processes", "perturb", "allow_missed")


@dataclass(frozen=True)
class Check:
    """One variant and how to check it.

    Attributes:
        scenario, variant, source: as of `selection.Chosen`; `source` is found when it is needed, for a Scenario object.
        executor: native, python or explore. strategy: of a search.
        expect: CLEAN or a kind, "" for what the variant says.
        given: the other options that were given.
    """

    scenario: Scenario
    variant: Variant
    source: str
    executor: str
    strategy: str = ""
    expect: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.scenario.name}:{self.variant.name}"

    @property
    def searches(self) -> bool:
        return self.executor == "explore"

    @property
    def lock(self) -> str:
        """The RW lock that it runs on; "" if none fits."""
        wanted = str(self.given.get("lock", ""))
        if self.searches:
            return wanted or next(iter(self.variant.locks), "qrwlock")
        return lock_for(self.variant, self.executor, wanted)

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.scenario, self.variant, self.source)


def checks(args: Sequence[Any], given: Mapping[str, Any], folders: Sequence[Path], default: str) -> list[Check]:
    """What the arguments of a marker ask for.

    Args:
        args: one NAME, or Scenario. given: the options. folders: where a FILE.py is looked for.
        default: the strategy of what leaves it open, one of `STRATEGIES`.

    Raises:
        UsageError: something in them is wrong.
    """
    if len(args) != 1:
        raise UsageError(f"pttorture takes one NAME, FILE.py or Scenario, not {len(args)}; the rest are options")
    read = {name: value_of(name, value) for name, value in given.items() if value is not None}
    how, expect, variant = _how(read, default), read.pop("expect", ""), read.pop("variant", "")
    executor, strategy = read.pop("executor", how), read.pop("strategy", "")
    if executor not in HAMMERS:
        executor, strategy = "explore", strategy or (how if how in SEARCHES else "smallest")
    return [Check(each.scenario, each.variant, each.source, executor, strategy, expect, read)
            for each in _chosen(args[0], variant, folders)]


def value_of(name: str, value: Any) -> Any:
    """The value of an option.

    Raises:
        UsageError: there is no such option, or it cannot have this value.
    """
    if name == "allow_missed":
        return bool(value)
    if name not in _READ:
        raise UsageError(f"unknown option {name!r}{options.close(name, (*_READ, 'allow_missed'))}")
    try:
        return _READ[name](str(value))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{name}: {error}") from error


def _how(read: Mapping[str, Any], default: str) -> str:
    """The executor or the strategy that the options ask for, or that is the default where they leave it open."""
    executor = read.get("executor", "")
    search = [name for name in _OF_A_SEARCH if name in read]
    hammer = [name for name in _OF_A_HAMMER if name in read] + (["executor"] if executor in HAMMERS else [])
    if search and hammer:
        raise UsageError(f"{search[0]} is of a search, {hammer[0]} of threads; a check is one of them")
    if search or executor == "explore":
        return default if default in SEARCHES else "smallest"
    if hammer:
        return default if default in HAMMERS else "native"
    return default


def _chosen(what: Any, variant: str, folders: Sequence[Path]) -> list[Chosen]:
    if isinstance(what, Scenario):
        variants = [what.variant(variant)] if variant else what.variants
        source = source_of(what)
        return [Chosen(what, each, source) for each in variants]
    if isinstance(what, Path):
        what = str(what)
    if not isinstance(what, str):
        raise UsageError(f"{what!r} is not a NAME, a FILE.py or a Scenario")
    found = choose(_placed(what, folders))
    if variant and len(found) == 1 and found[0].variant.name != variant:
        raise UsageError(f"{what} is one variant; variant={variant!r} is another")
    picked = [each for each in found if variant in ("", each.variant.name)]
    if not picked:
        known = [each.variant.name for each in found]
        raise UsageError(f"{what}: no variant {variant!r}{options.close(variant, known)}")
    return picked


def _placed(name: str, folders: Sequence[Path]) -> str:
    """A FILE.py, FILE.py:VARIANT, where it is: in the first of the folders that has it."""
    path, colon, variant = name.partition(".py:")
    if not (colon or name.endswith(".py")):
        return name
    file = Path(path + ".py" if colon else name)
    for folder in folders:
        if (folder / file).is_file():
            return f"{folder / file}{':' if colon else ''}{variant}"
    looked = " or ".join(str(folder) for folder in dict.fromkeys(folders))
    raise UsageError(f"{file}: no such file" + ("" if file.is_absolute() else f" in {looked}"))


def source_of(scenario: Scenario) -> str:
    """The file that another process can read a Scenario object from: of a module that has it as an attribute.

    "" for one of ours, and if there is none.
    """
    if ours(scenario):
        return ""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", {})  # nothing else is asked of what may load itself when it is asked
        file = names.get("__file__")
        if isinstance(file, str) and any(value is scenario for value in list(names.values())):
            return str(Path(file).resolve())
    return ""


def ours(scenario: Scenario) -> bool:
    """Whether it is one of those that come with pttorture."""
    from scenarios import all_scenarios, other_scenarios

    return any(each is scenario for each in (*all_scenarios(), *other_scenarios()))
