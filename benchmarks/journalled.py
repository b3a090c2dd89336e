"""Long measurements that can be stopped anywhere, go on where they stopped, and be made in parts.

A journal is JSON lines, one for each run, on the disk before the next begins; a last line that was torn is dropped. A
run that is in the journal is not made again. A line says which revision ran and on what, so that a table made from
the runs of two days can say so.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from engine.declare import Scenario, Variant
from engine.errors import PttortureError, UsageError
from scenarios import all_scenarios, other_scenarios
from stress import machine, selection
from stress.console import Console
from stress.interrupts import EXIT_INTERRUPTED, Interrupted, install
from stress.job import Job
from stress.journal import Journal
from stress.runner import Runner
from stress.selection import Chosen
from stress.supervisor import Supervisor

_T = TypeVar("_T")


@dataclass(frozen=True)
class Task:
    """One run. `enough`: the violation kind that ends it before its time."""

    job: Job
    enough: str = ""

    @property
    def scenario(self) -> str:
        return self.job.scenario

    @property
    def key(self) -> str:
        return f"{self.job.title} {self.job.processes} {self.job.seed}"


class Runs:
    """The journal of a measurement.

    Args:
        path: the file; made if it is not there.

    Raises:
        UsageError: a line that is not the last is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, dict[str, Any]] = {}
        data = path.read_bytes() if path.exists() else b""
        whole, _, torn = data.rpartition(b"\n")
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = json.loads(line)
                self.records[record["key"]] = record
            except (ValueError, KeyError, TypeError):
                raise UsageError(f"{path}:{number}: not a line of a journal; remove it") from None
        if torn:
            os.truncate(path, len(data) - len(torn))

    def append(self, record: dict[str, Any]) -> None:
        """Write one run and wait until it is on the disk."""
        with self.path.open("ab") as file:
            file.write(json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.records[record["key"]] = record


def variants(names: Sequence[str], wanted: Callable[[str], bool]) -> list[Chosen]:
    """The variants with such an expectation on native threads, of all systems or of the named ones."""
    everything = [Chosen(scenario, variant) for scenario in (*all_scenarios(), *other_scenarios())
                  for variant in scenario.variants]
    named = [chosen for name in names for chosen in selection.choose(name)]
    return [chosen for chosen in named or everything if wanted(expectation(chosen.scenario, chosen.variant))]


def expectation(scenario: Scenario, variant: Variant) -> str:
    """What the variant's table says of a native run."""
    return scenario.expected(variant, executor="native", lock=selection.lock_for(variant, "native"))


def part(runs: Iterable[_T], text: str, scenario: Callable[[_T], str]) -> list[_T]:
    """Part i of n, given as "i/n": whole scenarios, so that none is compiled twice.

    Args:
        scenario: that of a run; those of one stand together.

    Raises:
        UsageError: there is no such part.
    """
    number, _, parts = text.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise UsageError(f"--part {text} is not I/N with I from 1 to N")
    groups = [list(group) for _, group in groupby(runs, key=scenario)]
    return [run for group in groups[int(number) - 1 :: int(parts)] for run in group]


def measure(runs: Runs, tasks: Sequence[Task], record: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Make the runs that the journal lacks, one scenario after the other.

    Args:
        record: what is kept of a result (`stress.results`).
    """
    origin = {"revision": revision(), "machine": described_machine()}
    todo = [task for task in tasks if task.key not in runs.records]
    print(f"{len(tasks) - len(todo)} of {len(tasks)} runs are in {runs.path}", flush=True)
    for _, group in groupby(todo, key=lambda task: task.scenario):
        for task, result in _results(list(group)):
            kept = record(result)
            runs.append({"key": task.key, "variant": task.job.title, "processes": task.job.processes,
                         "seed": task.job.seed, **kept, "date": time.strftime("%Y-%m-%d", time.gmtime()),
                         "load": round(os.getloadavg()[0], 1), **origin})
            said = ", ".join(f"{name} {value}" for name, value in kept.items() if isinstance(value, str | float))
            print(f"{task.job.title} ({task.job.processes}), seed {task.job.seed}: {said}", flush=True)


def _results(tasks: Sequence[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
    """The tasks of one scenario; an interruption ends them, and leaves no worker behind."""
    with tempfile.TemporaryDirectory() as folder, Runner(Journal(Path(folder)), Console(io.StringIO())) as runner:
        runner.prepare([task.job for task in tasks])
        for task in tasks:
            program = runner.program(task.job)
            result = runner.run(task.job, supervise=partial(Supervisor, task.job, program, enough=task.enough))
            yield task, result


def revision() -> str:
    """The last commit of the code that runs, marked where files differ from it; "unknown" outside a repository."""
    repository = Path(__file__).parents[1]
    code = ("--", "engine", "scenarios", "stress")
    try:
        said = [subprocess.run(["git", *command, *code], cwd=repository, check=True, capture_output=True,
                               text=True).stdout.strip()
                for command in (("log", "-1", "--format=%h", "--abbrev=12"), ("status", "--porcelain"))]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said[0] + ("+changes" if said[1] else "")


def described_machine() -> str:
    """What the figures depend on, without a name of the host."""
    f = machine.facts()
    kernel = f["kernel"].partition("-")[0]
    return (f"{f['cpus']} CPUs ({f['cpu']}), {f['memory'] / 2**30:.0f} GiB, Linux {kernel}, {f['libc']}, "
            f"Python {f['python']}, Numba {f['packages'].get('numba', '-')}")


def origins(records: Iterable[dict[str, Any]]) -> str:
    """Machines, revisions and dates of some runs, for the head of a table."""
    loads: dict[tuple[str, str, str], list[float]] = {}
    for record in records:
        loads.setdefault((record["date"], record["revision"], record["machine"]), []).append(record["load"])
    return "".join(f"- {len(load):,} runs at revision {commit}, {date}, with a load average of {min(load)} to "
                   f"{max(load)}, their own threads included, on {where}\n"
                   for (date, commit, where), load in sorted(loads.items()))


def command(args: argparse.Namespace, table: Callable[[Runs], str], run: Callable[[Runs], None]) -> None:
    """A measurement as a command: one line for a user's error, no worker left behind by Ctrl-C or SIGTERM.

    Args:
        args: as `arguments` has them. table: the page of `--table`. run: makes the runs that the journal lacks.
    """
    install()
    try:
        runs = Runs(args.journal)
        if args.table:
            args.table.write_text(table(runs), encoding="utf-8")
        else:
            run(runs)
    except PttortureError as error:
        sys.exit(f"{error}")
    except Interrupted:
        sys.exit(EXIT_INTERRUPTED)


def arguments(description: str, journal: str) -> argparse.ArgumentParser:
    """The options that all such measurements have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="scenario, SCENARIO:VARIANT or item (all)")
    add("--part", default="1/1", metavar="I/N", help="only every N-th scenario, beginning with the I-th")
    add("--journal", type=Path, default=Path(journal), metavar="FILE", help=f"where runs are kept ({journal})")
    add("--table", type=Path, metavar="FILE", help="run nothing; write the table of the journal's runs")
    return parser
