"""One pytest process: its options, its seed, the runner that its tests share, its folder of past findings."""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from engine.errors import DivergedError, UsageError
from stress import cache, installation
from stress.options import close
from stress.pytest_plugin import MARKER, STRATEGIES
from stress.report.places import short
from stress.testing.check import Check, checks, value_of
from stress.testing.cpus import Tokens
from stress.testing.past import Known, Past
from stress.testing.result import Result

SECONDS: Final = 2.0
FOLDER: Final = ".pttorture"


class Session:
    """Made when a first test needs it.

    Attributes:
        seed: of the run; every test has its own, drawn from this one and its name, whatever worker it runs on.

    Raises:
        pytest.UsageError: a wrong option.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        try:
            self.given = {name: value_of(name, value) for name in ("seconds", "seed")
                          if (value := config.getoption(f"pttorture_{name}"))}
            self.default = {name: value_of(name, value) for name in ("seconds", "seed")
                            if (value := config.getini(f"pttorture_{name}"))}
            self.strategy = _known(self._option("strategy")) or "native"
            installation.check()
        except UsageError as error:
            raise pytest.UsageError(f"pttorture: {error}") from error
        self.seed = _seed(config, self.given.get("seed", self.default.get("seed")))
        self.past = Past(_folder(config, self._option("findings") or FOLDER), ours=not self._option("findings"))
        self.tokens = Tokens()
        self._stack = ExitStack()
        self._stack.callback(self.tokens.close)
        self._hammer: Any = None
        self._cached = False

    def close(self) -> None:
        self._stack.close()

    def _option(self, name: str) -> str:
        return str(self.config.getoption(f"pttorture_{name}") or self.config.getini(f"pttorture_{name}") or "")

    def folders(self, item: pytest.Item) -> list[Path]:
        """Where a test's FILE.py is looked for: beside the test, then below the root directory."""
        return [item.path.parent, self.config.rootpath]

    def checks(self, item: pytest.Item, args: tuple[Any, ...], given: Mapping[str, Any]) -> list[Check]:
        """What a test asks for.

        Raises:
            UsageError: something in it is wrong.
        """
        return checks(args, given, self.folders(item), self.strategy)

    def named(self, item: pytest.Item) -> dict[str, Check]:
        """What the markers of a function name, each with an id; nothing if there is a mistake in them (it is told when
        the test runs, so that it fails alone)."""
        try:
            found = self.marked(item)
        except Exception:
            return {}
        return dict(zip(_ids(found), found, strict=True))

    def marked(self, item: pytest.Item) -> list[Check]:
        """What the markers of a function ask for, in the order in which they are read.

        Raises:
            UsageError: something in them is wrong.
        """
        marks = list(item.iter_markers(MARKER))
        return [each for mark in reversed(marks) for each in self.checks(item, mark.args, mark.kwargs)]

    def run(self, check: Check, item: pytest.Item, notes: list[str]) -> Result:
        """Past findings first, then the check itself. `notes`: what became of past findings, for the summary.

        Raises:
            PttortureError: it cannot be run.
        """
        self._prepare()
        for known in self.past.of(check):
            result = self._replayed(check, known, notes)
            if result is not None and result.data["verdict"] != "as-expected":
                return result
        seconds = self.given.get("seconds") or check.given.get("seconds") or self.default.get("seconds") or SECONDS
        seed = self.seed_of(check, item)
        if check.searches:
            from stress.testing.exploring import explore

            with self.tokens.taken(1):
                return explore(check, seed=seed, seconds=seconds)
        return self._hammered(check, seed, seconds)

    def seed_of(self, check: Check, item: pytest.Item) -> int:
        """The seed of a check: that of the marker, unless the command line has one."""
        if self.own_seed(check):
            return int(check.given["seed"])
        text = f"{self.seed}:{item.nodeid}:{check.title}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def own_seed(self, check: Check) -> bool:
        """Whether the marker or the call has a seed, and the command line has none, which would go first."""
        return "seed" in check.given and "seed" not in self.given

    def _replayed(self, check: Check, known: Known, notes: list[str]) -> Result | None:
        where = self.shown(known.folder)
        if known.schedule is None:
            notes.append(f"{where}: kept, but not replayed: {known.error}")
            return None
        from stress.testing.exploring import replay

        try:
            with self.tokens.taken(1):
                result = replay(check, known.schedule, self.seed)
        except (DivergedError, UsageError) as error:
            why = short(str(error))
            notes.append(f"{where}: kept, but {check.title} does not follow it any more: {why}; delete it if it is of "
                         "no use")
            return None
        if result is None:
            self.past.drop(known)
            notes.append(f"{where}: does not break {check.title} any more; dropped")
            return None
        result.past = known.folder
        return result

    def node(self, item: pytest.Item) -> str:
        """What selects a test on the command line, from where pytest was started."""
        return self.shown(item.path) + item.nodeid[len(item.nodeid.partition("::")[0]):]

    def again(self, item: pytest.Item, *, seed: bool) -> str:
        """The line that runs a test as it ran here. `seed`: whether it depends on the seed of the run."""
        words = ["pytest", self.node(item)] + (["--pttorture-seed", str(self.seed)] if seed else [])
        for name in ("seconds", "strategy", "findings"):
            if value := self.config.getoption(f"pttorture_{name}"):
                words += [f"--pttorture-{name}", str(value)]
        return "Again:  " + shlex.join(words)

    def shown(self, path: Path) -> str:
        """A path as a person at the terminal reads it."""
        return os.path.relpath(path, self.config.invocation_params.dir)

    def _prepare(self) -> None:
        if not self._cached:
            self._stack.enter_context(cache.writable())
            self._cached = True

    def _hammered(self, check: Check, seed: int, seconds: float) -> Result:
        if self._hammer is None:
            from stress.testing.hammering import Hammer

            self._hammer = Hammer(self.tokens)
            self._stack.callback(self._hammer.close)
        result: Result = self._hammer.run(check, seed=seed, seconds=seconds)
        return result


def _known(strategy: str) -> str:
    if strategy and strategy not in STRATEGIES:
        raise UsageError(f"unknown strategy {strategy!r}{close(strategy, STRATEGIES)}")
    return strategy


def _seed(config: pytest.Config, given: int | None) -> int:
    """Of the run, the same in all xdist workers; with `--dist each`, where all run the same tests, of each worker."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex()
    share = getattr(config, "workerinput", {}).get("pttorture_share", "")
    if given is not None and not share:
        return given
    return int(hashlib.sha256(f"{run if given is None else given}:{share}".encode()).hexdigest()[:8], 16)


def _folder(config: pytest.Config, given: str) -> Path | None:
    return None if given == "none" else config.rootpath / given


def _ids(found: list[Check]) -> list[str]:
    """Different names for the checks of one test, as short as that is possible."""
    for name in (lambda c: c.variant.name, lambda c: c.title, lambda c: f"{c.title}-{c.strategy or c.executor}"):
        ids = [name(check) for check in found]
        if len(set(ids)) == len(ids):
            return ids
    return [f"{check.title}-{number}" for number, check in enumerate(found, 1)]
