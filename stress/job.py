"""A job: one variant of a scenario in one mode, for a while. Small and plain, so that it can be sent to a zygote."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Final

from engine.declare import Scenario, Variant
from engine.language.program import Program, build
from engine.text import count

TRACE: Final = "trace:"


@dataclass(frozen=True)
class Job:
    """What to run and how.

    Attributes:
        source: the user's FILE.py, "" for a scenario of ours, or `TRACE` and the arguments of a trace's scenario.
        threads: of all processes together; 0: one for each role. processes: they are spread over.
        seconds: how long, from its first round on.
        perturb: as `--perturb`. params: overrides of the variant's parameters.
        checks: whether accesses are checked and steps recorded; without, only speed is measured.
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
    checks: bool = True

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
    def key(self) -> str:
        """Jobs with equal keys run the same program."""
        varying = {"seconds": 0, "seed": 0, "processes": 1, "lock": "", "perturb": ""}
        return json.dumps({**self.as_dict(), **varying}, sort_keys=True)

    @property
    def title(self) -> str:
        return f"{self.scenario}:{self.variant}"

    def mode(self, threads: int = 0) -> str:
        """The mode in words."""
        where = f" in {self.processes} processes" if self.processes > 1 else ""
        return f"{self.executor} {self.lock}, {count(threads or self.threads, 'thread')}{where}"


def scenario_of(job: Job) -> Scenario:
    """The scenario that a job names."""
    return finder(job.source)(job.scenario)


def finder(source: str) -> Callable[[str], Scenario]:
    """Looks scenarios of a source up by name."""
    from scenarios import find

    return lambda name: find(name, from_source(source) if source else ())[0]


@cache
def from_source(source: str) -> tuple[Scenario, ...]:
    """The scenarios of a user's file, imported once in a process; or that of a trace."""
    if source.startswith(TRACE):
        from scenarios.trace_role import scenario

        return (scenario(**json.loads(source.removeprefix(TRACE))),)
    from scenarios import load_file

    return load_file(source)


def variant_of(job: Job) -> Variant:
    return scenario_of(job).variant(job.variant)


def program_of(job: Job) -> Program:
    """The program of a job: every process that asks gets an equal one.

    Native programs are not folded, so that the variants of a scenario share one compilation; a trace has one variant.
    """
    scenario = scenario_of(job)
    return build(scenario, job.variant, geometry=scenario.geometry, threads=job.threads, params=job.params,
                 folded=job.executor != "native" or job.source.startswith(TRACE))
