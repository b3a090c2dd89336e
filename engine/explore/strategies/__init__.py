"""Ways to choose the next thread, one small file each. The machine knows none of them.

A strategy is a class of `base.Strategy` whose work is one compiled function. This table is all that is known of it
before it is imported (which compiles it).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.explore.strategies.base import Strategy


@dataclass(frozen=True)
class Row:
    """One strategy.

    `place`: module and class. `ends`: it can see every execution, and then ends by itself. `options`: the fields of
    `base.Options` it takes besides `executions`. `says`: one line for people. `models`: the memory models it knows.
    """

    place: str
    ends: bool
    options: frozenset[str]
    says: str
    models: tuple[str, ...] = ("sc", "tso", "pso")


TABLE: Final[dict[str, Row]] = {
    "dfs": Row("dfs:DepthFirst", True, frozenset({"preemptions"}),
               "depth first through every choice, or those with at most N preemptions"),
    "states": Row("states:States", True, frozenset({"memory", "compact"}),
                  "depth first through the states instead of the executions; finds livelocks"),
    "dpor": Row("dpor:OptimalReduction", True, frozenset({"memory"}),
                "one execution of each Mazurkiewicz trace: optimal dynamic partial order reduction"),
    "random": Row("random_walk:RandomWalk", False, frozenset({"seed"}),
                  "each step by a thread drawn uniformly among the enabled ones"),
    "pct": Row("pct:Pct", False, frozenset({"seed", "depth"}),
               "random priorities with D - 1 changes: finds a bug of depth D with a probability that is known"),
    "pos": Row("pos:Pos", False, frozenset({"seed"}),
               "a random priority for each event, drawn again after a race: partial orders, not interleavings"),
    "surw": Row("surw:Surw", False, frozenset({"seed"}),
                "every order of the accesses to one word or lock is equally likely"),
}
STRATEGIES: Final = tuple(TABLE)


def find(name: str) -> Row:
    """Raises UsageError: there is no such strategy."""
    if name not in TABLE:
        raise UsageError(f"strategy {name!r} does not exist; there are: {', '.join(STRATEGIES)}")
    return TABLE[name]


def load(name: str) -> type[Strategy]:
    """The class of a strategy.

    Raises:
        UsageError: there is no such strategy.
    """
    module, _, cls = find(name).place.partition(":")
    found: type[Strategy] = getattr(importlib.import_module(f"{__name__}.{module}"), cls)
    return found
