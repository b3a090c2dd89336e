"""A campaign's configuration: a TOML file, every key of which has a default.

    [campaign]
    hours = 60              # how long; --hours wins
    seed = 1                # --seed wins
    memory = "4G"           # of all members together
    disk = "500M"           # the campaign ends when less is free
    round_seconds = 10.0    # the longest round of threads
    members = 2             # processes that run rounds

    [matrix]
    names = ["parent-freed", "my_protocol.py"]   # names on the command line win
    executors = ["native", "python", "explore"]
    locks = ["first"]       # or ["all"], or names
    threads = [0]           # 0: one a role; more for roles that scale
    processes = [1, 2]
    perturb = []            # as --perturb; none: the executor's own
    strategies = ["states", "random", "pct"]
    models = ["sc"]
    rounds = [0]            # of a search; 0: the scenario's own
"""

from __future__ import annotations

import argparse
import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from engine.errors import UsageError
from stress import options
from stress.campaign.cell import EXPLORE
from stress.machine import cpus


@dataclass(frozen=True)
class Config:
    """See the module. hours 0: without end. memory, disk: bytes; memory 0: half of what the machine has."""

    hours: float = 0.0
    seed: int | None = None
    memory: int = 0
    disk: int = 200_000_000
    round_seconds: float = 10.0
    members: int = 0
    names: tuple[str, ...] = ()
    executors: tuple[str, ...] = ("native", "python", EXPLORE)
    locks: tuple[str, ...] = ("first",)
    threads: tuple[int, ...] = (0,)
    processes: tuple[int, ...] = (1, 2)
    perturb: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ("states", "random", "pct")
    models: tuple[str, ...] = ("sc",)
    rounds: tuple[int, ...] = (0,)

    def as_dict(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Config:
        """Of `as_dict`."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return cls(**values)

    @property
    def crew(self) -> int:
        """Processes that run rounds."""
        return self.members or cpus()


def _strategies() -> tuple[str, ...]:
    from engine.explore.strategies import STRATEGIES

    return STRATEGIES


def _number(low: float, high: float) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"is not a number from {low:g} to {high:g}")
        return value

    return check


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"is not a whole number from {low} to {high}")
        return value

    return check


def _size(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError('is not a size; write for example "500M"')
    return _option(options.size)(value)


def _name(known: Sequence[str] | Callable[[], Sequence[str]]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        names = known() if callable(known) else known
        if value not in names:
            raise ValueError("is unknown" + options.close(str(value), names))
        return str(value)

    return check


def _option(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    """As the command line checks it."""

    def check(value: Any) -> Any:
        try:
            return parse(str(value))
        except argparse.ArgumentTypeError as error:
            raise ValueError(f"is not right: {error}") from error

    return check


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("is not a name")
    return value


def _list(check: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def each(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("is not a list; write [...]")
        return tuple(map(check, value))

    return each


#: table -> key -> what checks, and turns, its value.
KEYS: Final[dict[str, dict[str, Callable[[Any], Any]]]] = {
    "campaign": {"hours": _number(0, 24 * 365), "seed": _whole(0, 2**63 - 1), "memory": _size, "disk": _size,
                 "round_seconds": _number(0.1, 3600), "members": _whole(1, 64)},
    "matrix": {"names": _list(_text), "executors": _list(_name(("native", "python", EXPLORE))),
               "locks": _list(_name(("first", "all", *options.ALL_LOCKS))),
               "threads": _list(_whole(0, options.MAX_THREADS)), "processes": _list(_whole(1, options.MAX_THREADS)),
               "perturb": _list(_option(options.perturb)), "strategies": _list(_name(_strategies)),
               "models": _list(_name(("sc", "tso", "pso"))), "rounds": _list(_whole(0, 100))},
}


def read(path: str) -> Config:
    """The configuration of a file.

    Raises:
        UsageError: it cannot be read, is not TOML, or has a key or value that makes no sense; says which.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    values: dict[str, Any] = {}
    for table, keys in data.items():
        if table not in KEYS or not isinstance(keys, dict):
            raise UsageError(f"{path}: unknown table [{table}]; there is: {', '.join(KEYS)}")
        for key, value in keys.items():
            values[key] = _checked(path, table, key, value)
    assert set(values) <= {field.name for field in fields(Config)}
    return Config(**values)


def _checked(path: str, table: str, key: str, value: Any) -> Any:
    known = KEYS[table]
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        raise UsageError(f"{path}: [{table}] has no key {key}"
                         + (f"; did you mean {near[0]}?" if near else f"; it has: {', '.join(known)}"))
    try:
        return known[key](value)
    except ValueError as error:
        raise UsageError(f"{path}: {table}.{key} = {value!r} {error}") from error
