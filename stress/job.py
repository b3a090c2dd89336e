"""A job: one variant of a scenario in one mode, for a while. Small and plain, so that it can be sent to a zygote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from engine.declare import Scenario, Variant
from engine.language.program import Program, build


@dataclass(frozen=True)
class Job:
    """What to run and how.

    Attributes:
        source: the user's FILE.py, or "" for a scenario of ours.
        threads: of all processes together; 0: one for each role. processes: they are spread over.
        seconds: how long, from its first round on.
        perturb: as `--perturb`. params: overrides of the variant's parameters.
    """

    scenario: str
    variant: str
    executor: str = "native"
    lock: str = "qrwlock"
    source: str = ""
    threads: int = 0
    processes: int = 1
    seconds: float = 5.0
    seed: int = 1
    perturb: str = ""
    params: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "params": dict(self.params)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        return cls(**data)

    @property
    def code(self) -> tuple[str, str, str]:
        """Jobs with equal codes run the same compiled code."""
        per_variant = self.variant if self.executor != "native" else ""
        return self.source, f"{self.scenario}:{per_variant}", self.executor

    @property
    def title(self) -> str:
        return f"{self.scenario}:{self.variant}"

    def mode(self, threads: int = 0) -> str:
        """The mode in words."""
        where = f"{self.processes} processes" if self.processes > 1 else "threads"
        return f"{self.executor} {self.lock}, {threads or self.threads or ''} {where}".replace("  ", " ")


def scenario_of(job: Job) -> Scenario:
    """The scenario that a job names."""
    from scenarios import find

    return find(job.scenario, from_file(job.source) if job.source else ())[0]


@cache
def from_file(path: str) -> tuple[Scenario, ...]:
    """The scenarios of a user's file, imported once in a process."""
    from scenarios import load_file

    return load_file(path)


def variant_of(job: Job) -> Variant:
    return scenario_of(job).variant(job.variant)


def program_of(job: Job) -> Program:
    """The program of a job: every process that asks gets an equal one.

    Native programs are not folded, so that the variants of a scenario share one compilation.
    """
    scenario = scenario_of(job)
    return build(scenario, job.variant, geometry=scenario.geometry, threads=job.threads, params=job.params,
                 folded=job.executor != "native")
