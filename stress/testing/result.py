"""What a check came to: what a test asserts on, and what a person reads when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.declare import CLEAN
from engine.text import count
from stress.report.places import short

if TYPE_CHECKING:
    from engine.schedule import Schedule
    from stress.testing.check import Check

@dataclass(frozen=True)
class Drawn:
    """A schedule that ends in a violation, drawn. `said`: how near it is to what threads saw, "" for a search's own."""

    schedule: Schedule | None
    picture: str
    said: str = ""


@dataclass(eq=False)
class Result:
    """What came of one check. It compares with "clean" and with the kinds of violation: `result == "clean"`.

    Where nothing was shown, because too little ran, it is neither equal nor unequal to any of them: either assertion
    fails, with the reason.

    Attributes:
        check: what was asked for. data: all of it, as `pttorture run --json` or `explore --json` gives it.
        lines: the verdict as the command line shows it. seed: that of the run.
        past: the folder of the finding that broke again, None if this was no replay.
    """

    check: Check
    data: Mapping[str, Any]
    lines: Sequence[str]
    seed: int
    draws: Callable[[], Drawn] = field(repr=False, default=lambda: Drawn(None, ""))
    past: Path | None = None
    looked_at: bool = field(repr=False, default=False)
    _drawn: Drawn | None = field(repr=False, default=None)

    @property
    def title(self) -> str:
        """SCENARIO:VARIANT."""
        return self.check.title

    @property
    def kind(self) -> str:
        """The kind of violation, "clean" if there was none. Of several that which was expected, else the first.

        Where there was none because too little ran it is the outcome, which is not clean: fault, inconclusive, missed.
        """
        kinds = [violation["kind"] for violation in self.violations]
        if kinds:
            return self.expected if self.expected in kinds else kinds[0]
        return self.outcome if self.shows_nothing else CLEAN

    @property
    def shows_nothing(self) -> bool:
        """Whether no violation was seen and too little ran to say that there is none."""
        ran = self.outcome not in ("fault", "inconclusive") and (self.outcome != "missed" or self.executions > 0)
        return not ran and not self.violations

    @property
    def clean(self) -> bool:
        """Whether nothing broke. (`as_expected` also asks whether the run proves anything.)"""
        return self.kind == CLEAN

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is: as expected."""
        self.looked_at = True
        return bool(self.data["verdict"] == "as-expected")

    @property
    def violations(self) -> Sequence[Mapping[str, Any]]:
        """Each with kind, message, where, count and more."""
        self.looked_at = True
        found: Sequence[Mapping[str, Any]] = self.data["violations"]
        return found

    @property
    def expected(self) -> str:
        return str(self.data["expected"])

    @property
    def outcome(self) -> str:
        """clean, reproduced, missed, unexpected, inconclusive or fault."""
        self.looked_at = True
        return str(self.data["outcome"])

    @property
    def executions(self) -> int:
        """Of a search; the rounds of threads."""
        return int(self.data.get("executions", self.data.get("rounds", 0)))

    rounds = executions

    @property
    def complete(self) -> bool:
        """Whether a search saw all executions within its bound."""
        return bool(self.data.get("complete", False))

    @property
    def preemptions(self) -> int | None:
        """How many the schedule has that a search found."""
        found: int | None = self.data.get("preemptions")
        return found

    @property
    def drawn(self) -> Drawn:
        """The smallest interleaving; after a run of threads it is looked for now."""
        if self._drawn is None:
            self._drawn = self.draws() if self.data["violations"] else Drawn(None, "")
        return self._drawn

    @property
    def evidence(self) -> str:
        """What the verdict rests on, in a few words."""
        where = f"{self.data['executor']} {self.data['lock']}" if not self.check.searches else self.check.strategy
        what = "round" if not self.check.searches else "execution"
        return f"{where}, {count(self.executions, what)} in {self.data['seconds']:.1f} s"

    @property
    def headline(self) -> str:
        """One line."""
        if self.past:
            return f"{self.title}: a past finding still breaks it: {self._violation()}"
        why = self.data.get("why") or (self._violation() if self.data["violations"] else "")
        return short(f"{self.title}: {self.data['outcome']}" + (f": {why}" if why else ""))

    def _violation(self) -> str:
        found = self.data["violations"][0]
        return short(f"{found['kind']} at {found['where']}")

    def compared(self, op: str, other: object) -> list[str] | None:
        """For pytest: why `result OP other` does not hold."""
        if op not in ("==", "!=") or not isinstance(other, str):
            return None
        if op == "!=" and self.shows_nothing and self.kind != other:
            return [f"whether {self.title} is {other} is not known: {self._nothing()}"]
        if op == "!=":
            return [f"{self.title} is {other}, and must not be"]
        return [f"{self.title} is not {other}: {self._violation() if self.data['violations'] else self._nothing()}"]

    def _nothing(self) -> str:
        why = f": {self.data['why']}" if self.shows_nothing and self.data.get("why") else ""
        return short(f"{self.data['outcome']} ({self.evidence}){why}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.kind == other
        return self is other

    def __ne__(self, other: object) -> bool:
        if isinstance(other, str):
            return self.kind != other and not self.shows_nothing
        return self is not other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        what = self._violation() if self.data["violations"] else self.data["outcome"]
        return f"<{self.title}: {what} ({self.evidence})>"
