"""A schedule is data: which thread takes each step of one execution, and all that is needed to run it again.

Every executor replays the same `Schedule` into an `Execution`; equal programs give equal executions, step by step and
word by word. A *turn* is one step: one primitive whose vocabulary row says `step`. Set-up has no turns (it runs alone);
the check at rest has none either (it runs alone when all turns are over), but its steps are in the `Execution`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from functools import partial
from typing import Any, Final

from engine import __version__
from engine.declare import Geometry, Scenario
from engine.errors import UsageError
from engine.language.program import Program, build
from engine.places import short
from engine.spots import Spot, renumbered, spots_of
from engine.violations import BY_NAME
from engine.vocabulary import PRIMITIVES

#: The thread number of set-up and of the check at rest.
ALONE: Final = -1


@dataclass(frozen=True)
class Turn:
    """One step of `thread` at primitive `site`.

    `blocked`: the step is a lock arrival that has to wait; a later turn of the same thread and site is the grant.
    `flush`: the step makes a store of `thread` at `site` visible that its store buffer held: the flusher's number, 0
    under tso.
    """

    thread: int
    site: int
    blocked: bool = False
    flush: int | None = None

    def as_list(self) -> list[Any]:
        """As in JSON: thread, site, then `true` if blocked, or "flush" and the flusher."""
        flags = ["flush", self.flush] if self.flush is not None else [True] if self.blocked else []
        return [self.thread, self.site, *flags]

    @classmethod
    def from_list(cls, data: list[Any]) -> Turn:
        """The inverse of `as_list`."""
        thread, site, *flags = data
        if flags[:1] == ["flush"]:
            return cls(int(thread), int(site), False, int(flags[1]))
        return cls(int(thread), int(site), bool(flags and flags[0]))


@dataclass(frozen=True)
class Step:
    """One step as it happened.

    `value`: the result of the primitive, or the value stored if it has none; 0 for locks. `stamp`: in evidence, when it
    was, if that is known: comparable between the threads of a session, in no unit. `flush`: a store becomes visible.
    """

    thread: int
    site: int
    address: int
    value: int
    blocked: bool = False
    flush: bool = False
    stamp: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Violation:
    """What went wrong.

    `kind` is a name of `engine.violations`, `where` is file:line, `other` a second place (where it was freed).
    """

    kind: str
    message: str
    where: str
    site: int
    thread: int
    address: int = 0
    other: str = ""


@dataclass
class Execution:
    """One run of a schedule: its steps (the check at rest last, as thread `ALONE`), how it ended, what it left.

    `final`: the modelled 8-byte words that are not 0 at the end, by address.
    """

    steps: list[Step] = field(default_factory=list)
    violation: Violation | None = None
    final: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """One execution, as choices.

    Attributes:
        params: the values of all parameters that are not built in. threads, rounds: as in `program.build`.
        lock, pool, model: the lock rule, the allocator's rule ("reuse", "quarantine"), the memory model.
        engine: the version that recorded it. bound: the bound of the search that found it (its options, as JSON).
        turns: the steps in order, those of set-up and of the check at rest excluded.
        choices: per thread, in order, the results of `mem.choose`. Set-up and the check at rest choose 0.
        violation: the fields of the `Violation` it ends in, None for a clean one; its places are short.
        sites: what the site numbers of the turns meant when it was recorded; empty in one that was written by hand.
    """

    scenario: str
    variant: str
    params: Mapping[str, int]
    geometry: Geometry
    threads: int
    rounds: int
    lock: str
    pool: str
    model: str
    turns: tuple[Turn, ...]
    choices: tuple[tuple[int, ...], ...]
    violation: Mapping[str, Any] | None = None
    bound: Mapping[str, Any] = field(default_factory=dict)
    engine: str = __version__
    sites: Mapping[int, Spot] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Program, turns: tuple[Turn, ...], choices: tuple[tuple[int, ...], ...] = (), *,
           lock: str = "qrwlock", pool: str = "", model: str = "sc", violation: Violation | None = None,
           bound: Mapping[str, Any] | None = None) -> Schedule:
        """The schedule of an execution of `program`. `pool` is the variant's own if empty."""
        built_in = program.layout.builtins()
        params = {name: value for name, value in program.params.items() if name not in built_in}
        ends_in = asdict(violation) if violation else None
        if ends_in:
            ends_in |= {name: short(ends_in[name], program) for name in ("message", "where", "other")}
        used = [*(turn.site for turn in turns), *([violation.site] if violation else [])]
        return cls(
            program.scenario.name, program.variant.name, params, program.geometry, len(program.threads),
            program.rounds, lock, pool or program.variant.pool, model, turns,
            choices or ((),) * len(program.threads), ends_in, dict(bound or {}), sites=spots_of(program, used),
        )

    def to_json(self) -> str:
        """Text that is the same to the byte for equal schedules: sorted keys, one turn a line."""
        apart = ("turns", "geometry", "sites")
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in apart}
        data["geometry"] = asdict(self.geometry)
        data["params"], data["bound"] = dict(self.params), dict(self.bound)
        text = json.dumps(data, sort_keys=True, indent=1)
        sites = ",\n  ".join(f'"{site}": {json.dumps(astuple(spot))}' for site, spot in sorted(self.sites.items()))
        turns = ",\n  ".join(json.dumps(t.as_list()) for t in self.turns)
        return f'{text[:-2]},\n "sites": {{\n  {sites}\n }},\n "turns": [\n  {turns}\n ]\n}}\n'

    @classmethod
    def from_json(cls, text: str) -> Schedule:
        """The inverse of `to_json`.

        Raises:
            UsageError: not a schedule, or one with a field or a violation kind that this version does not know.
        """
        try:
            data = json.loads(text)
            data["geometry"] = Geometry(**data["geometry"])
            data["turns"] = tuple(map(Turn.from_list, data["turns"]))
            data["sites"] = {int(site): Spot(*spot) for site, spot in data.get("sites", {}).items()}
            data["choices"] = tuple(tuple(int(c) for c in row) for row in data["choices"])
            schedule = cls(**data)
            schedule._check_types()
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise UsageError(f"this is not a schedule file of pttorture {__version__}: {what}") from error
        if schedule.violation is not None and schedule.violation.get("kind") not in BY_NAME:
            raise UsageError(f"schedule of {schedule.scenario}: unknown kind {schedule.violation.get('kind')!r}")
        return schedule

    def _check_types(self) -> None:
        """Raises TypeError with the name of the field that is not what it should be."""
        wanted = {"scenario": str, "variant": str, "lock": str, "pool": str, "model": str, "engine": str,
                  "threads": int, "rounds": int, "params": dict, "bound": dict}
        for name, kind in wanted.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} is {getattr(self, name)!r}")
        steps, source = self.bound.get("steps", 1), self.bound.get("source", "")
        if not (isinstance(steps, int) and 0 < steps < 1 << 31 and isinstance(source, str)):
            raise TypeError(f"bound is {self.bound!r}")
        if not all(isinstance(value, int) for value in self.params.values()):
            raise TypeError(f"params is {self.params!r}")
        if self.violation is not None and not isinstance(self.violation, dict):
            raise TypeError(f"violation is {self.violation!r}")
        for spot in self.sites.values():
            if not (isinstance(spot.number, int) and all(isinstance(t, str) for t in (spot.function, spot.place))):
                raise TypeError(f"sites has {spot!r}")

    def program(self, find: Callable[[str], Scenario], *, folded: bool = True) -> Program:
        """The program it belongs to; `find` looks a scenario up by name.

        Raises:
            UsageError: the scenario has changed so that a turn's site or thread does not exist any more.
        """
        made = partial(build, find(self.scenario), self.variant, geometry=self.geometry, threads=self.threads,
                       rounds=self.rounds, folded=folded)
        program = made()
        # Only what differs from the variant: parameters that are given apart cost native code a compilation of its own.
        if changed := {name: value for name, value in self.params.items() if program.params.get(name) != value}:
            program = made(params=changed)
        for number, turn in enumerate(self.turns):
            if turn.site in self.sites and 0 <= turn.thread < len(program.threads):
                continue
            if not (0 <= turn.site < len(program.sites) and 0 <= turn.thread < len(program.threads)):
                raise UsageError(f"schedule of {self.scenario}: step {number} is at site {turn.site} of thread "
                                 f"{turn.thread}, which the scenario does not have any more; search again")
        return program

    def fitted(self, program: Program) -> Schedule:
        """The same schedule with the program's site numbers, if the program was edited since it was recorded.

        A site that is gone gets a number that the program does not have, so that the replay diverges at its step.
        """
        numbers = renumbered(program, self.sites)
        if all(before == now for before, now in numbers.items()):
            return self
        turns = tuple(replace(turn, site=numbers.get(turn.site, turn.site)) for turn in self.turns)
        violation = self.violation and {**self.violation, "site": numbers.get(self.violation["site"], -1)}
        sites = {numbers[site]: spot for site, spot in self.sites.items()}
        return replace(self, turns=turns, violation=violation, sites=sites)

    def unbuffered(self, program: Program) -> Schedule:
        """The same execution without store buffers, for executors that cannot force one to hold a store back.

        Raises:
            UsageError: a store of it becomes visible later than its step.
        """
        if self.model == "sc":
            return self
        turns: list[Turn] = []
        for number, turn in enumerate(self.turns):
            if turn.flush is None:
                turns.append(turn)
            elif replace(turn, flush=None) != self.turns[number - 1]:
                raise UsageError(f"{self.scenario}: step {number} of this schedule is the late flush of a store, under "
                                 f"{self.model}; only `explore` can force that: replay it there")
        turns = [turn for turn in turns if PRIMITIVES[program.sites[turn.site].primitive].step]
        return replace(self, turns=tuple(turns), model="sc")

    def place(self, program: Program, site: int) -> str:
        """Where a site of a turn is: as it was recorded, if that is known."""
        if site in self.sites:
            return str(self.sites[site])
        if 0 <= site < len(program.sites):
            return f"{program.sites[site].where} ({program.sites[site].primitive})"
        return f"site {site}"

    def ends_like(self, violation: Violation | None) -> bool:
        """Whether an execution of this schedule, fitted to its program, ended as recorded: the same kind and place."""
        if violation is None or self.violation is None:
            return violation is None and self.violation is None
        same_site = violation.site == self.violation.get("site", -1)
        same_place = _tail(violation.where) == _tail(str(self.violation.get("where", "")))
        return violation.kind == self.violation["kind"] and (same_site if violation.site >= 0 else same_place)


def _tail(place: str) -> str:
    return place.rsplit("/", 1)[-1]
