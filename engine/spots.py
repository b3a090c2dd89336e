"""The sites of a schedule, so that it can be replayed after the source around them was edited.

Site numbers change whenever a protocol is edited. A schedule remembers each of its sites as *the n-th xchg of
clear_pte()*, with the line that it then stood on: where the same primitive is still there the schedule is renumbered,
and where it is not a replay can say both what was recorded and where the program is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.language.program import Program
from engine.places import short_file


@dataclass(frozen=True, order=True)
class Spot:
    """One site: the `number`-th `primitive` (from 0) of a function. `place`: file:line, as it was recorded."""

    function: str
    primitive: str
    number: int
    place: str

    def __str__(self) -> str:
        return f"{self.place} ({self.primitive})"


def spots_of(program: Program, sites: Iterable[int]) -> dict[int, Spot]:
    """The spots of some sites, in the order of their numbers."""
    known = _known(program)
    return {
        number: Spot(*known[number], f"{short_file(site.file)}:{site.line}")
        for number in sorted(set(sites)) if 0 <= number < len(known) for site in [program.sites[number]]
    }


def renumbered(program: Program, recorded: Mapping[int, Spot]) -> dict[int, int]:
    """Recorded site -> the program's. One that is gone gets a number that no site of the program has."""
    now = {key: site for site, key in enumerate(_known(program))}
    found = {}
    gone = len(program.sites)
    for site, spot in recorded.items():
        key = (spot.function, spot.primitive, spot.number)
        found[site] = now.get(key, gone)
        gone += key not in now
    return found


def _known(program: Program) -> list[tuple[str, str, int]]:
    """By site: function, primitive, and which one of these in the function."""
    counts: dict[tuple[str, str], int] = {}
    found = []
    for site in program.sites:
        key = (site.function, site.primitive)
        number = counts[key] = counts.get(key, -1) + 1
        found.append((*key, number))
    return found
