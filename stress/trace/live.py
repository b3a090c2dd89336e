"""Replays a plan on worker threads: the rows into shared words, the run, and the comparison with the model.

An unmap that removes large leaves is done in two calls, the first for its first page alone: under the policy `split`
that splits a leaf of a real address stream and returns 4 KiB, under `whole` it returns the leaf's size. The model does
the same calls in the order of the trace, so every returned size has to be the same, whatever the threads did.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.errors import UsageError
from engine.memory.arena import Arena
from engine.session import Progress
from scenarios import trace_role as role
from scenarios.models.formats import VTD, Format
from stress.faces import Session
from stress.job import TRACE, Job, program_of
from stress.supervisor import Supervisor
from stress.trace.history import I64, PAGE, U64
from stress.trace.parse import Trace
from stress.trace.plan import Op, Plan, plan
from stress.trace.reference import Policy, Reference
from stress.trace.spans import UNMAP
from stress.trace.tables import compare

_SMALL: Final = np.uint64(PAGE)


@dataclass(frozen=True)
class Prepared:
    """A trace ready to be replayed.

    Attributes:
        rows: uint64[n, 5 + streams], all tables one behind the other, the closing one last. first, count: rows of each.
        expected: int64[n], pages that each row maps or removes, by the model. reference: the model at the end.
    """

    trace: Trace
    plan: Plan
    policy: Policy
    rows: U64
    first: tuple[int, ...]
    count: tuple[int, ...]
    expected: I64
    reference: Reference
    frames: int
    bystanders: bool
    prune: bool = True
    form: Format = VTD

    def source(self) -> str:
        """The scenario of this trace, for a job. Sizes are rounded up, so that traces share compiled code."""
        return TRACE + json.dumps({
            "words": _power(self.rows.size), "streams": self.plan.streams, "domains": self.plan.domains,
            "frames": self.frames, "policy": self.policy, "bystanders": self.bystanders, "prune": self.prune,
            "form": self.form.name,
        }, sort_keys=True)

    def job(self, **options: Any) -> Job:
        """The job that replays it. `options`: as `Job`."""
        return Job("trace", self.policy, source=self.source(), **options)


def prepare(trace: Trace, threads: int, policy: Policy, *, bystanders: bool = True, prune: bool = True,
            form: Format = VTD) -> Prepared:
    """Plan, lay out, and run the model.

    Args:
        trace: loaded with the leaves of `form`.

    Raises:
        UsageError: more address spaces or threads than the model has, or pages that are not the format's.
    """
    if form.page_shift != 12:
        raise UsageError(f"--format {form.name}: the pages of a trace are of 4 KiB, not {1 << form.page_shift - 10}")
    planned = plan(trace, threads)
    if planned.domains > role.DOMAINS:
        raise UsageError(f"{trace.path}: {planned.domains} domains; a replay has room for {role.DOMAINS}")
    if planned.streams > role.MAX_STREAMS:
        raise UsageError(f"--threads {threads}: a replay has at most {role.MAX_STREAMS} streams")
    tables = [*planned.ops, planned.closing]
    count = tuple(map(len, tables))
    first = tuple(int(n) for n in np.cumsum([0, *count])[:-1])
    rows = np.concatenate([_rows(table, waits, planned.streams)
                           for table, waits in zip(tables, [*planned.waits, None], strict=True)])
    reference = Reference(form.levels, policy, form.span(form.largest_leaf), runs=bool(form.run_bits),
                          start_levels=form.start_levels, bits=form.input_bits)
    pages = _model(reference, trace)
    expected = np.concatenate([pages[table[:, Op.EVENT].astype(np.int64)] for table in planned.ops])
    # a table of every range that was ever mapped, twice over for splits and what waits to be freed
    needed = sum(reference.tables(domain, "never") for domain in range(planned.domains))
    frames = _power(2 * needed + 64 * (threads + 2))
    return Prepared(trace, planned, policy, rows, first, count, expected, reference, frames, bystanders, prune, form)


def _rows(table: U64, waits: I64 | None, streams: int) -> U64:
    rows = np.zeros((len(table), role.ROW_HEAD + streams), dtype=np.uint64)
    unmap = table[:, Op.KIND] == UNMAP
    rows[:, 0] = np.where(unmap, role.UNMAP, 0).astype(np.uint64) | table[:, Op.DOMAIN] << np.uint64(8)
    rows[:, 0] |= np.where(unmap & (table[:, Op.LEAF] > _SMALL), role.IN_PARTS, 0).astype(np.uint64)
    for column, op in ((1, Op.IOVA), (2, Op.SIZE), (3, Op.PADDR)):
        rows[:, column] = table[:, op] >> np.uint64(12)
    if waits is not None:
        rows[:, 0] |= np.where(waits.any(axis=1), role.WAITS, 0).astype(np.uint64)
        rows[:, role.ROW_HEAD :] = waits.astype(np.uint64)
    return rows


def _model(reference: Reference, trace: Trace) -> I64:
    """Do the trace as the streams do it, in its own order; pages mapped or removed by each event."""
    pages = np.zeros(len(trace), dtype=np.int64)
    columns = (trace.kind, trace.domain, trace.iova, trace.extent, trace.paddr, trace.leaf)
    for i, (kind, domain, iova, size, paddr, leaf) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if kind != UNMAP:
            reference.map(domain, iova, size, paddr)
            done = size
        elif leaf > PAGE:
            done = reference.unmap(domain, iova, PAGE)
            if done < size:
                done += reference.unmap(domain, iova + done, size - done)
        else:
            done = reference.unmap(domain, iova, size)
        pages[i] = done // PAGE
    return pages


def _power(number: int) -> int:
    return 1 << max(0, number - 1).bit_length()


class TraceSupervisor(Supervisor):
    """Runs one prepared trace until its last loop is compared. `wrong`: what differs from the model, one line each."""

    def __init__(self, prepared: Prepared, job: Job, *args: Any, loop_seconds: float = 0.0, **options: Any) -> None:
        super().__init__(job, program_of(job), *args, **options)
        self.prepared, self.loop_seconds = prepared, loop_seconds
        self.wrong: list[str] = []
        self.compared = False
        self.replaying = 0.0  # seconds from the start to the end of the last loop

    def ready(self, session: Session) -> None:
        """Write the rows."""
        words = self.program.layout.words
        self._put(session.arena, words["rows"], self.prepared.rows.ravel())
        self._put(session.arena, words["first_row"], self.prepared.first)
        self._put(session.arena, words["row_count"], self.prepared.count)
        self._put(session.arena, words["more"], [int(self.loop_seconds > 0)])

    def over(self, session: Session, progress: Progress) -> bool:
        """End the loops when their time is over; compare when all streams hold still."""
        words = self.program.layout.words
        if progress.seconds >= self.loop_seconds:
            session.arena.store(words["more"], 0)
        if session.arena.load(words["finished"]) < self.prepared.plan.streams:
            self.replaying = progress.seconds
            return False
        self.wrong = self._compare(session.arena)
        self.compared = True
        return True

    def _compare(self, arena: Arena) -> list[str]:
        size = self.prepared.rows.shape[1]
        at = self.program.layout.words["rows"] // 8
        rows = np.frombuffer(arena.bytes, np.uint64)[at : at + self.prepared.rows.size].reshape(-1, size)
        done = rows[: len(self.prepared.expected), role.RESULT].astype(np.int64)
        wrong = []
        different = np.flatnonzero(done != self.prepared.expected)
        if len(different):
            worst = int(different[0])
            what = "unmap" if int(rows[worst, 0]) & 255 == UNMAP else "map"
            wrong.append(f"{len(different)} calls did another size than the model's: the first is the {what} of "
                         f"{int(rows[worst, 2])} pages at iova {int(rows[worst, 1]) << 12:#x}: {int(done[worst])} "
                         f"pages, not {int(self.prepared.expected[worst])}")
        return wrong + compare(self.program, arena, self.prepared.reference, self.prepared.plan.domains,
                               count_tables=self.prepared.prune, form=self.prepared.form)

    @staticmethod
    def _put(arena: Arena, address: int, values: Sequence[int] | U64) -> None:
        at = address // 8
        data = np.asarray(values, dtype=np.uint64)
        np.frombuffer(arena.bytes, dtype=np.uint64)[at : at + len(data)] = data
