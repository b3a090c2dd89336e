"""A check on real threads. One runner serves all tests of a process: its zygote is warm after the first."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.declare import CLEAN
from engine.errors import PttortureError, UsageError
from engine.language.program import Program
from engine.schedule import Schedule
from engine.violations import BY_NAME
from stress import folder, interrupts, verdict
from stress.console import Console
from stress.evidence import line
from stress.job import Job
from stress.report.text import result_lines
from stress.results import expected, result
from stress.runner import Runner
from stress.selection import jobs
from stress.supervisor import Supervisor
from stress.testing.check import Check, ours
from stress.testing.cpus import Tokens
from stress.testing.result import Drawn, Result

if TYPE_CHECKING:
    from stress.tally import Tally

_SILENT: Final = Console(io.StringIO(), quiet=True)


class Hammer:
    """Runs checks on threads, one after the other."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._stack = ExitStack()
        self._runner: Runner | None = None

    def close(self) -> None:
        """End the zygotes and remove the run folder."""
        self._runner = None
        self._stack.close()

    def run(self, check: Check, *, seed: int, seconds: float) -> Result:
        """Hammer a variant until `seconds` are over or the outcome is certain.

        Raises:
            UsageError: an option that does not fit, a protocol outside the language, a scenario that is in no file.
            MachineError: no worker can be had.
        """
        try:
            return self._run(check, seed, seconds)
        except PttortureError:
            raise
        except BaseException:  # a plugin that limits the time of a test raises in the midst of a wait, for one
            self.close()  # the answer that was awaited is still to come: nobody may take it for his own
            raise

    def _run(self, check: Check, seed: int, seconds: float) -> Result:
        if not check.source and not ours(check.scenario):
            raise UsageError(f"{check.title}: threads run in processes that read the scenario from a file; assign it "
                             "to a module-level name, or give it a strategy")
        job = _job(check, seed, seconds)
        with _signals():
            runner = self._made()
            program = runner.program(job)
            with self.tokens.taken(1):
                runner.prepare([job])
            wanted = check.expect or expected(job, program)
            with self.tokens.taken(len(program.threads)):
                data = runner.run(job, supervise=partial(_Until, wanted, job, program),
                                  judged=partial(_judged, check))
        brief = {**data, "violations": [{**violation, "evidence": ()} for violation in data["violations"]]}
        return Result(check, {**data, "seed": seed}, result_lines(brief, _SILENT), seed,
                      partial(_drawn, self.tokens, job, program, data))

    def _made(self) -> Runner:
        if self._runner is None:
            home = folder.new()  # swept by the next run if this one is killed, as the runner's own folder
            self._stack.callback(shutil.rmtree, home, ignore_errors=True)
            self._runner = self._stack.enter_context(Runner(_Notes(home / "notes"), _SILENT, zygotes=1))
        return self._runner


class _Notes:
    """pytest keeps the results. `path`: the logs of zygotes go beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def started(self, job: Mapping[str, Any]) -> int:  # noqa: ARG002
        return 0

    def finding(self, number: int, finding: Mapping[str, Any]) -> None:
        pass

    def finished(self, number: int, result: Mapping[str, Any]) -> None:
        pass


class _Until(Supervisor):
    """Ends when the outcome is certain: what is expected was seen, or anything where nothing is."""

    def __init__(self, wanted: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, most_hangs=1)
        self.wanted = wanted

    def _seen(self) -> bool:
        kinds = [kind for kind, _ in self.tally.violations]
        return bool(kinds) if self.wanted == CLEAN else self.wanted in kinds


@contextmanager
def _signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM end a run in order; between two runs they are pytest's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupts.install()
    try:
        yield
    finally:
        interrupts.restore()


def _job(check: Check, seed: int, seconds: float) -> Job:
    given = check.given
    try:
        return jobs([check.chosen], executor=check.executor, lock=given.get("lock", ""),
                    threads=given.get("threads", 0), processes=given.get("processes", 1), seconds=seconds, seed=seed,
                    perturb=given.get("perturb", ""))[0]
    except UsageError as error:
        raise UsageError(str(error).replace("--", "")) from error


def _judged(check: Check, job: Job, program: Program, tally: Tally, *, interrupted: bool = False) -> dict[str, Any]:
    """The result; with the expectation of the test, if it has one."""
    data = result(job, program, tally, interrupted=interrupted)
    if not check.expect:
        return data
    said = verdict.judge(check.expect, {kind for kind, _ in tally.violations}, rounds=tally.rounds, work=data["work"],
                         needs=program.variant.needs, forbids=program.variant.forbids, faults=len(tally.faults))
    return {**data, "expected": check.expect, "outcome": said.outcome, "verdict": said.verdict, "why": said.why}


def _drawn(tokens: Tokens, job: Job, program: Program, data: dict[str, Any]) -> Drawn:
    """The smallest interleaving of the violation that matters, looked for; the last steps of the threads if none is
    found."""
    from stress.why import attached, hunted

    as_expected = data["verdict"] == "as-expected"
    violation = next((v for v in data["violations"] if (v["kind"] == data["expected"]) == as_expected),
                     data["violations"][0])
    seen = "\n".join(line(row) for row in violation.get("evidence", ()))
    if violation["kind"] not in BY_NAME:  # a hang: the search knows no such kind
        return Drawn(None, seen)
    try:
        with tokens.taken(1):
            found = hunted(job, len(program.threads), violation)
    except PttortureError as error:
        return Drawn(None, seen, f"not explained: {error}")
    if found.hunt.interrupted:
        raise KeyboardInterrupt
    said = attached(found, job.source)
    if said["schedule"] is None:
        return Drawn(None, seen, said["explained"])
    return Drawn(Schedule.from_json(said["schedule"]), said["picture"], said["explained"])
