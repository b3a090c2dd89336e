"""The findings: a table of all, and for each a section with its place, its picture and its film."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from engine.text import count
from stress.evidence import line
from stress.report.html import markup
from stress.report.html.axes import duration
from stress.report.html.clock import moment
from stress.report.html.films import film_of
from stress.report.html.markup import Html, el
from stress.report.places import short
from stress.store.view import FindingRow

ROWS: Final = 5000  # of the table
SECTIONS: Final = 400  # findings with a section of their own
FILMS: Final = 100  # of those with a film
FILM_BYTES: Final = 4_000_000  # of all films together
EVIDENCE: Final = 24  # rows


def findings(found: Sequence[FindingRow], spent: dict[str, float], began: float, folder: Path,
             films: int = FILMS) -> list[Html]:
    """The whole part of the page. What is not as expected comes first, then what was seen first."""
    ordered = sorted(found, key=lambda finding: finding.expected)
    home = shlex.quote(folder.resolve().name or ".")  # as one who stands beside the folder calls it
    shown = ordered[:SECTIONS]
    parts = [_table(ordered[:ROWS], {finding.signature for finding in shown}, spent)]
    if len(ordered) > ROWS:
        parts.append(el("p", f"{len(ordered) - ROWS:,} more findings are not in this table.", class_="dim"))
    if len(ordered) > SECTIONS:
        parts.append(el("p", f"The first {SECTIONS} follow in detail; `pttorture repro SIGNATURE --campaign {home}` "
                             "shows any other.", class_="dim"))
    left = FILM_BYTES
    for number, finding in enumerate(shown):
        film, why = _film(finding, folder) if number < films and left > 0 else (None, _unfilmed(finding, home))
        block = markup.data(f"film-{finding.signature}", film) if film else None
        left -= len(block or "")
        parts.append(_section(finding, began, home, block, why, opened=number == 0))
    return parts


def _unfilmed(finding: FindingRow, home: str) -> str:
    if not (finding.explanation or {}).get("schedule"):
        return ""
    return f"step by step: pttorture replay {home}/findings/{finding.signature}/schedule.json --html FILE"


def _schedule(finding: FindingRow) -> str:
    """The schedule that explains it, or the one it was found with."""
    return str((finding.explanation or {}).get("schedule") or finding.violation.get("schedule") or "")


def _film(finding: FindingRow, folder: Path) -> tuple[dict[str, Any] | None, str]:
    schedule = _schedule(finding)
    return film_of(schedule, folder / "findings" / finding.signature) if schedule else (None, "")


def _table(found: Sequence[FindingRow], detailed: set[str], spent: dict[str, float]) -> Html:
    if not found:
        return el("p", "Nothing has been found.")
    return markup.table("Distinct findings", ("signature", "where", "kind", "item", "expected", "seen", "rounds",
                                              "after running", "explained"),
                        [_row(finding, finding.signature in detailed, spent) for finding in found], sortable=True)


def _row(finding: FindingRow, linked: bool, spent: dict[str, float]) -> list[Any]:
    name = finding.signature
    after = spent.get(name)
    explained = finding.explanation is not None and bool(finding.explanation.get("schedule"))
    return [el("a", name, href=f"#finding={name}") if linked else name, f"{finding.scenario}:{finding.variant}",
            finding.kind, finding.item, el("td", "yes") if finding.expected else el("td", "✗ no", class_="bad"),
            markup.number(finding.count), markup.number(finding.rounds),
            markup.number(after, duration(after) if after is not None else ""), "yes" if explained else "no"]


def _section(finding: FindingRow, began: float, home: str, film: Html | None, why: str, *, opened: bool) -> Html:
    name = finding.signature
    sign = el("span", "expected", class_="dim") if finding.expected else el("strong", "✗ not expected", class_="bad")
    return el(
        "details", el("summary", el("h3", finding.title), " ", sign, f" · {count(finding.count, 'time')}"),
        _about(finding, began, home), el("div", class_="screen"), film, el("p", why, class_="dim") if why else None,
        _picture(finding), _evidence(finding), class_="finding", id=f"finding={name}", data_finding=name, open=opened)


def _about(finding: FindingRow, began: float, home: str) -> Html:
    violation, explanation = finding.violation, finding.explanation or {}
    first = finding.round
    facts: list[tuple[str, Any]] = [
        ("signature", el("code", finding.signature)),
        ("what", short(str(violation.get("message", "")))),
        ("where", [el("div", el("code", place)) for place in finding.places]),
        ("item", finding.item), ("beside", f"{finding.beside}, which is expected" if finding.beside else ""),
        ("seen", f"{count(finding.count, 'time')} in {count(finding.rounds, 'round')}; first {moment(finding.first)} "
                 f"(after {duration(max(0.0, finding.first - began))}), last {moment(finding.last)}"),
        ("first in", f"round {first.number} of {first.cell.title}, {first.cell.mode}, seed {first.seed}"),
        ("explained", str(explanation.get("explained", "")) or "not yet"),
        ("again", el("code", f"pttorture repro {finding.signature} --campaign {home}") if _schedule(finding) else ""),
    ]
    return markup.table(f"About {finding.signature}", ("", ""),
                        [[el("th", name, scope="row"), value] for name, value in facts if value])


def _picture(finding: FindingRow) -> Html | None:
    drawn = str((finding.explanation or {}).get("picture") or finding.violation.get("picture") or "")
    if not drawn:
        return None
    return el("details", el("summary", "As text"), text_picture(drawn, finding.signature), class_="picture", open=True)


def text_picture(drawn: str, name: str) -> Html:
    """A picture in 80 columns; where the screen has fewer it scrolls by itself."""
    return el("pre", drawn, tabindex=0, role="region", aria_label=f"text picture of {name}")


def _evidence(finding: FindingRow) -> Html | None:
    rows = list(finding.violation.get("evidence") or ())
    if not rows:
        return None
    lines = [short(line(row)) for row in rows[-EVIDENCE:]]
    cut = f" ({len(rows) - EVIDENCE} before are not shown)" if len(rows) > EVIDENCE else ""
    return el("details", el("summary", f"The last steps of each thread when it was first seen{cut}"),
              el("pre", "\n".join(lines), tabindex=0, role="region", aria_label="last steps"))
