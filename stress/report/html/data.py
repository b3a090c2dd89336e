"""What a page shows of a campaign. SQL makes the sums, so that 100,000 rounds cost no more memory than a hundred."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from stress.store import rows
from stress.store.view import CellRow, FindingRow, View

BUCKETS: Final = 90  # parts of the time that curves are made of
FAULTS: Final = 50  # rounds that were lost or had faults, shown with their reasons
EVENTS: Final = 100

_DONE: Final = "FROM rounds JOIN cells ON cells.id = cell WHERE state = 'done' AND ended IS NOT NULL"

Curve = list[tuple[float, float]]  # (seconds since the campaign began, value)


@dataclass(frozen=True)
class Variant:
    """The sums over all cells of one variant.

    Attributes:
        ways: how many ways it was run in. verdicts: verdict -> rounds. first: seconds of running until its first
            finding. pairs: conflicting accesses that were seen in one order, in both orders.
    """

    title: str
    ways: int
    rounds: int
    lost: int
    seconds: float
    operations: int
    verdicts: dict[str, int]
    findings: tuple[str, ...]
    first: float | None
    pairs: tuple[int, int]


@dataclass(frozen=True)
class Fault:
    """A round that was lost or had faults; `worker`: with whom, "" if that is not known."""

    title: str
    mode: str
    number: int
    state: str
    attempt: int
    worker: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Campaign:
    """All that a page shows.

    Attributes:
        about: as `View.campaign`. began, ended: unix seconds of the first and the last thing that is noted.
        totals: done, lost, started, seconds, operations, executions, steps.
        rates: executor -> rate of work over time; done: executor -> rounds that are done by then.
        found: rises with each finding: (expected ones, others). spent: signature -> seconds that its variant ran until
            it was first seen.
        covered: pairs seen so far. watched: what -> its largest values over time.
        happened: kind of event -> how many; events: the last of them.
    """

    about: dict[str, Any]
    began: float
    ended: float
    totals: dict[str, float]
    verdicts: dict[str, int]
    rates: dict[str, Curve]
    done: dict[str, Curve]
    found: tuple[Curve, Curve]
    spent: dict[str, float]
    covered: Curve
    watched: dict[str, Curve]
    variants: tuple[Variant, ...]
    findings: tuple[FindingRow, ...]
    faults: tuple[Fault, ...]
    happened: dict[str, int]
    events: tuple[tuple[float, str, str], ...]


def gather(view: View) -> Campaign:
    """Everything, from one moment of the store."""
    began, ended = _span(view)
    width = max((ended - began) / BUCKETS, 1e-3)
    findings, spent = view.findings(), _spent(view)
    rates, done, covered = _curves(view, began, width)
    return Campaign(
        about=view.campaign, began=began, ended=ended, totals=_totals(view), verdicts=_verdicts(view), rates=rates,
        done=done, found=(_rising(findings, began, expected=True), _rising(findings, began, expected=False)),
        spent=spent, covered=covered, watched=_watched(view, began, width),
        variants=_variants(view, findings, spent), findings=findings, faults=_faults(view),
        happened=dict(view.query("SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind")),
        events=tuple((time - began, kind, text) for time, kind, text in reversed(view.query(
            f"SELECT time, kind, text FROM events ORDER BY rowid DESC LIMIT {EVENTS}"))))


def _span(view: View) -> tuple[float, float]:
    created = float(view.campaign.get("created", 0.0))
    (first, last), = view.query("SELECT min(began), max(max(began, coalesce(ended, began))) FROM rounds")
    return (created if first is None else float(first)), (created if last is None else float(last))


def _bucket(time: str) -> str:
    """SQL: the part of the campaign's time that a column lies in; ?1 is its beginning, ?2 the width of a part."""
    return f"min({BUCKETS - 1}, max(0, CAST(({time} - ?1) / ?2 AS INTEGER))) AS bucket"


def _totals(view: View) -> dict[str, float]:
    states = dict(view.query("SELECT state, count(*) FROM rounds GROUP BY state"))
    (seconds, operations, steps, executions), = view.query(
        "SELECT total(seconds), total(operations), total(steps), total(CASE WHEN executor = 'explore' THEN rounds END) "
        f"{_DONE}")
    return {"done": 0, "lost": 0, "started": 0, **states, "seconds": seconds, "operations": operations, "steps": steps,
            "executions": executions}


def _verdicts(view: View) -> dict[str, int]:
    return {str(verdict): n for verdict, n in view.query(
        "SELECT coalesce(verdict, 'none'), count(*) FROM rounds WHERE state = 'done' GROUP BY 1 ORDER BY 1")}


def _curves(view: View, began: float, width: float) -> tuple[dict[str, Curve], dict[str, Curve], Curve]:
    """Rates and sums, by the time in which rounds ended. A search does executions, threads do operations."""
    rates: dict[str, Curve] = {}
    done: dict[str, Curve] = {}
    covered: Curve = [(0.0, 0.0)]
    for bucket, executor, rounds, seconds, work, pairs in view.query(
            f"SELECT {_bucket('ended')}, executor, count(*), total(seconds), "
            "total(CASE WHEN executor = 'explore' THEN rounds ELSE operations END), total(new_pairs) "
            f"{_DONE} GROUP BY bucket, executor ORDER BY bucket, executor", began, width):
        time = (bucket + 1) * width
        curve = done.setdefault(executor, [(0.0, 0.0)])
        curve.append((time, curve[-1][1] + rounds))
        covered.append((time, covered[-1][1] + pairs))
        if seconds > 0 and work > 0:
            rates.setdefault(executor, []).append((time, work / seconds))
    return rates, done, covered if covered[-1][1] else []


def _rising(findings: tuple[FindingRow, ...], began: float, *, expected: bool) -> Curve:
    times = sorted(max(0.0, finding.first - began) for finding in findings if finding.expected is expected)
    return [(0.0, 0.0), *((time, float(number)) for number, time in enumerate(times, 1))] if times else []


def _spent(view: View) -> dict[str, float]:
    return dict(view.query(
        "WITH ran AS (SELECT rounds.id AS id, total(seconds) OVER (PARTITION BY title ORDER BY ended, rounds.id) AS "
        f"spent {_DONE}) SELECT finding, min(spent) FROM sightings JOIN ran ON ran.id = round GROUP BY finding"))


def _watched(view: View, began: float, width: float) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for what, bucket, value in view.query(
            f"SELECT what, {_bucket('time')}, max(value) FROM samples "
            "GROUP BY what, bucket ORDER BY what, bucket", began, width):
        curves.setdefault(what, []).append(((bucket + 0.5) * width, value))
    for bucket, value in view.query(
            f"SELECT {_bucket('ended')}, max(memory) {_DONE} AND memory > 0 "
            "GROUP BY bucket ORDER BY bucket", began, width):
        curves.setdefault("memory of a round", []).append(((bucket + 0.5) * width, value))
    return curves


def _variants(view: View, findings: tuple[FindingRow, ...], spent: dict[str, float]) -> tuple[Variant, ...]:
    cells: dict[str, list[CellRow]] = {}
    for cell in view.cells():
        cells.setdefault(cell.cell.title, []).append(cell)
    verdicts: dict[str, dict[str, int]] = {}
    for title, verdict, number in view.query(f"SELECT title, verdict, count(*) {_DONE} GROUP BY 1, 2 ORDER BY 1, 2"):
        verdicts.setdefault(title, {})[str(verdict)] = number
    pairs = {title: (seen - both // 2, both // 2 + same) for title, seen, both, same in view.query(
        "SELECT title, count(*), sum(first <> second AND EXISTS (SELECT 1 FROM coverage AS b WHERE b.title = a.title "
        "AND b.first = a.second AND b.second = a.first)), sum(first = second) FROM coverage AS a GROUP BY title")}
    mine: dict[str, list[str]] = {}
    for finding in findings:
        mine.setdefault(f"{finding.scenario}:{finding.variant}", []).append(finding.signature)
    return tuple(_variant(title, rows_, verdicts.get(title, {}), mine.get(title, []), spent, pairs.get(title, (0, 0)))
                 for title, rows_ in sorted(cells.items()))


def _variant(title: str, cells: list[CellRow], verdicts: dict[str, int], found: list[str], spent: dict[str, float],
             pairs: tuple[int, int]) -> Variant:
    return Variant(
        title, len(cells), sum(c.rounds for c in cells), sum(c.lost for c in cells), sum(c.seconds for c in cells),
        sum(c.operations for c in cells), verdicts, tuple(found),
        min((spent[signature] for signature in found if signature in spent), default=None), pairs)


def _faults(view: View) -> tuple[Fault, ...]:
    """The last rounds that were lost or had faults."""
    found = view.query(
        "SELECT cells.key, number, state, attempt, worker, why, CASE WHEN state = 'done' THEN result END FROM rounds "
        "JOIN cells ON cells.id = cell WHERE state = 'lost' OR (state = 'done' AND faults > 0) "
        f"ORDER BY rounds.id DESC LIMIT {FAULTS}")
    return tuple(_fault(*row) for row in reversed(found))


def _fault(key: str, number: int, state: str, attempt: int, worker: str, why: str | None,
           packed: bytes | None) -> Fault:
    from stress.store.view import cell_of

    cell = cell_of(key)
    result = rows.unpacked(packed, f"round {number} of {cell.title}") or {}
    said = [why or "", *(str(fault.get("what", "")) for fault in result.get("faults", ()))]
    return Fault(cell.title, cell.mode, number, state, attempt, worker, tuple(Counter(text for text in said if text)))
