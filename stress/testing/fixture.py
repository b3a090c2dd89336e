"""What a test sees: the fixture `pttorture`, and what a marked test does by itself."""

from __future__ import annotations

import os
import shlex
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from engine.errors import DivergedError, ProtocolError, PttortureError, UsageError
from stress.report.places import short
from stress.testing import telling
from stress.testing.result import Drawn, Result

if TYPE_CHECKING:
    from stress.testing.check import Check
    from stress.testing.session import Session


_T = TypeVar("_T")


class Pttorture:
    """Hammers and explores scenarios for one test."""

    def __init__(self, item: pytest.Item, session: Session) -> None:
        self._item, self._session = item, session
        self._results: list[Result] = []
        self._notes: list[str] = []
        self._checked = False
        self._headline = ""

    @property
    def seed(self) -> int:
        """Of the run. `pytest --pttorture-seed` takes it."""
        return self._session.seed

    def check(self) -> Result:
        """Do what the marker says, and fail if the outcome is not what is expected."""
        __tracebackhide__ = True
        self._checked = True
        for check in self._guarded(self._marked):
            result = self._demanded(self._guarded(partial(self._run, check)))
        return result

    def explore(self, what: Any, **options: Any) -> Result:
        """Search the interleavings of a variant: NAME, FILE.py:VARIANT or a Scenario.

        Without `strategy` the smallest violating interleaving is looked for. Options: strategy, model, lock, rounds,
        threads, preemptions, executions, seconds, seed, depth, variant, expect.

        Returns:
            What came of it. Nothing fails by itself unless nothing is asserted on it.
        """
        __tracebackhide__ = True
        return self._guarded(lambda: self._called(what, {**options, "executor": "explore"}))

    def hammer(self, what: Any, **options: Any) -> Result:
        """Run a variant on real threads and processes: NAME, FILE.py:VARIANT or a Scenario.

        Options: seconds, executor (native or python), lock, threads, processes, perturb, seed, variant, expect.

        Returns:
            What came of it. Nothing fails by itself unless nothing is asserted on it.
        """
        __tracebackhide__ = True
        return self._guarded(lambda: self._called(what, {"executor": "native", **options}))

    # --- for the plugin ---

    def finish(self) -> None:
        """After the body: the marker's check if the body has not made it; results that nobody looked at."""
        __tracebackhide__ = True
        if not self._checked and self._item.get_closest_marker("pttorture") is not None:
            self.check()
        for result in self._results:
            if not result.looked_at:
                self._demanded(result)

    def noted(self, *, failed: bool) -> None:
        """Before the report is made: what the test rests on, as properties of its JUnit test case."""
        add = self._item.user_properties.append
        for result in self._results:
            add(("pttorture", f"{result.title}: {result.data['outcome']}; {result.evidence}"))
        for seed in dict.fromkeys(result.seed for result in self._results if self._own_seed(result)):
            add(("pttorture_seed", seed))
        if not self._results or not all(map(self._own_seed, self._results)):
            add(("pttorture_seed", self.seed))
        for note in self._notes:
            add(("pttorture_finding", note))
        if failed:
            for result in self._blamed():
                add(("pttorture_violation", result.headline))

    def told(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        """Put what broke on the report of a failed test, and what the summary tells."""
        checks = [f"{result.title}: {result.data['outcome']}; {result.evidence}" for result in self._results]
        report.pttorture = {"notes": self._notes, "checks": checks, "seed": self.seed}  # type: ignore[attr-defined]
        if not report.failed or call.excinfo is None:
            return
        if self._headline:
            telling.headed(report, self._item, self._headline)
            return
        for result in self._blamed():  # an assertion has failed: it does not show them
            telling.section(report, result.title, self._text(result))

    def _blamed(self) -> list[Result]:
        """The results that a failed test may be about."""
        return [result for result in self._results
                if result.data["verdict"] != "as-expected" or result.data["violations"]]

    def _marked(self) -> list[Check]:
        """One; several where pytest does not make a test for each (methods of a unittest.TestCase)."""
        callspec = getattr(self._item, "callspec", None)
        if callspec is not None and "_pttorture_check" in callspec.params:
            return [callspec.params["_pttorture_check"]]
        found = self._session.marked(self._item)
        if not found:
            raise UsageError("check() does what the marker of the test says, and it has none: "
                             '@pytest.mark.pttorture("NAME")')
        return found

    def _called(self, what: Any, options: dict[str, Any]) -> Result:
        found = self._session.checks(self._item, (what,), options)
        if len(found) > 1:
            names = ", ".join(check.variant.name for check in found)
            raise UsageError(f"{what} has several variants: {names}; name one: FILE.py:VARIANT, or variant=")
        return self._run(found[0])

    def _run(self, check: Check) -> Result:
        result = self._session.run(check, self._item, self._notes)
        self._results.append(result)
        return result

    def _demanded(self, result: Result) -> Result:
        """The result, if it is as expected; else the test fails."""
        __tracebackhide__ = True
        if result.as_expected:
            return result
        if result.outcome == "missed" and result.check.given.get("allow_missed"):
            pytest.skip(result.headline)
        self._headline = result.headline
        pytest.fail(self._text(result), pytrace=False)

    def _text(self, result: Result) -> str:
        """All that a person needs: the verdict, the picture, the seed, and how to see it again."""
        drawn, kept, undone = Drawn(None, ""), None, "explained"
        try:
            drawn, undone = result.drawn, "kept"
            kept = self._kept(result)
        except (Exception, pytest.fail.Exception) as error:  # the latter: of a plugin that limits the time of a test
            if os.environ.get("PTTORTURE_TRACEBACK"):
                raise
            drawn = replace(drawn, said=f"{drawn.said} not {undone}: {_internal(error)}".lstrip())
        again = [self._session.again(self._item, seed=not self._own_seed(result))]
        if kept:
            again.insert(0, f"Replay: pttorture replay {shlex.quote(self._session.shown(kept))}")
        return telling.text(result, drawn, again)

    def _own_seed(self, result: Result) -> bool:
        """Whether its seed is that of the marker or the call, which the seed of the run has no part in."""
        return self._session.own_seed(result.check)

    def _kept(self, result: Result) -> Path | None:
        """Where its schedule is kept, if it is. What a variant is expected to do is no finding."""
        if result.past:
            return result.past / "schedule.json"
        return self._session.past.keep(result, self._item.nodeid) if result.data["verdict"] != "as-expected" else None

    def _guarded(self, run: Callable[[], _T]) -> _T:
        """Whatever goes wrong in here is one line to the user, never a traceback of ours."""
        __tracebackhide__ = True
        try:
            return run()
        except (DivergedError, ProtocolError) as error:
            said = short(str(error))
        except PttortureError as error:
            said = str(error)
        except KeyboardInterrupt:
            # From here: pytest makes a text of the arguments of all frames, and further in those are whole programs.
            raise KeyboardInterrupt from None
        except Exception as error:
            if os.environ.get("PTTORTURE_TRACEBACK"):
                raise
            said = f"{_internal(error)}; this is a bug of pttorture"
        self._headline = f"pttorture: {said}".partition("\n")[0]
        pytest.fail(f"pttorture: {said}", pytrace=False)


def _internal(error: BaseException) -> str:
    """What went wrong in here and where, in one line."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (f"internal error: {type(error).__name__}: {error} (at {os.path.basename(where.filename)}:{where.lineno}; "
            "PTTORTURE_TRACEBACK=1 shows more)")
