"""What a campaign is made of: cells, which are points of its matrix, and rounds, each of one cell with one seed.

Both are plain data. A round says all that its outcome depends on, so it can be repeated anywhere: `explore` then does
the same to the last step; threads do the same with the same random choices, in an order that the machine decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

EXPLORE: Final = "explore"


@dataclass(frozen=True)
class Cell:
    """One point of the matrix.

    Attributes:
        source: "" for a scenario of ours, else the user's FILE.py.
        executor: native, python or explore.
        threads: of all processes together, 0 for one a role. processes: they are spread over (native).
        perturb: as `--perturb` (native and python).
        strategy, model, rounds: of a search; rounds 0 are the scenario's own.
    """

    scenario: str
    variant: str
    source: str = ""
    executor: str = "native"
    lock: str = "qrwlock"
    threads: int = 0
    processes: int = 1
    perturb: str = ""
    strategy: str = ""
    model: str = "sc"
    rounds: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cell:
        return cls(**data)

    @cached_property
    def key(self) -> str:
        """The identity of the cell, as canonical JSON."""
        return json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))

    @property
    def searches(self) -> bool:
        """Whether it is searched, not hammered."""
        return self.executor == EXPLORE

    @property
    def ends(self) -> bool:
        """Whether it is a search that can see every execution; then two rounds at once would see the same."""
        from engine.explore.strategies import TABLE

        return self.searches and TABLE[self.strategy].ends

    @property
    def title(self) -> str:
        return f"{self.scenario}:{self.variant}"

    @property
    def mode(self) -> str:
        """How it runs, in words."""
        threads = [f"{self.threads} threads"] if self.threads else []
        if self.searches:
            rounds = [f"{self.rounds} rounds"] if self.rounds else []
            return " ".join([EXPLORE, self.strategy, self.model, self.lock, *threads, *rounds])
        processes = [f"{self.processes} processes"] if self.processes > 1 else []
        return " ".join([self.executor, self.lock, *threads, *processes, self.perturb]).rstrip()


@dataclass(frozen=True)
class Round:
    """One round of a cell.

    Attributes:
        number: counts from 0 in each cell. seed: of all its random choices.
        seconds: how long threads run. executions: how many a search may make.
    """

    cell: Cell
    number: int
    seed: int
    seconds: float = 0.0
    executions: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "cell": self.cell.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Round:
        return cls(**{**data, "cell": Cell.from_dict(data["cell"])})


def seed_of(campaign_seed: int, cell: Cell, number: int) -> int:
    """The seed of a round, 63 bits (SQLite's integers are signed). Every shard and every machine draws the same."""
    text = f"{campaign_seed}:{number}:{cell.key}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
