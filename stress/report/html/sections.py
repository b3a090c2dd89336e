"""The parts of a campaign's page besides its findings."""

from __future__ import annotations

from typing import Any, Final

from engine.text import count
from stress.report.html import axes, charts, markup
from stress.report.html.axes import duration, size
from stress.report.html.charts import Line
from stress.report.html.clock import moment
from stress.report.html.data import BUCKETS, EVENTS, FAULTS, Campaign, Curve, Variant
from stress.report.html.markup import Html, el
from stress.store.view import FindingRow

_FIRSTS: Final = 30  # findings in the chart of times
_WATCHED: Final = 4  # charts of figures besides memory
_DRAWN: Final = ("rounds", "pairs")  # samples of what has a chart already
_MARKS: Final = {"as-expected": "ok", "not-as-expected": "✗", "inconclusive": "?"}
_COLOURS: Final = {"as-expected": "good", "not-as-expected": "bad", "inconclusive": "doubt"}


def summary(c: Campaign) -> list[Html]:
    """The first thing one sees: what ran, for how long, and whether something is wrong."""
    news = sum(not finding.expected for finding in c.findings)
    total = c.totals
    facts = [
        ("findings", f"{len(c.findings):,}"), ("not expected", f"{news:,}"), ("rounds done", f"{total['done']:,}"),
        ("in flight", f"{total['started']:,}"), ("lost", f"{total['lost']:,}"), ("span", duration(c.ended - c.began)),
        ("running, all workers", duration(total["seconds"])), ("operations", axes.shown(total["operations"])),
        ("executions searched", axes.shown(total["executions"])), ("steps", axes.shown(total["steps"])),
        ("variants", f"{len(c.variants):,}"),
    ]
    said = "Nothing has run yet." if not total["done"] else (
        f"{count(news, 'finding')} not expected." if news else "Everything that was found was expected."
        if c.findings else "Nothing was found.")
    verdicts = [el("span", f"{_MARKS.get(name, '')} {number:,} {name}", class_=_COLOURS.get(name, "dim")) for
                name, number in c.verdicts.items()]
    return [
        el("p", el("strong", said, class_="bad" if news else None)),
        el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in facts], class_="facts"),
        el("p", "Rounds by verdict: ", [[", " if i else "", each] for i, each in enumerate(verdicts)])
        if verdicts else el("p"),
        _about(c),
    ]


def _about(c: Campaign) -> Html:
    machine = c.about.get("machine") or {}
    names = list(c.about.get("names") or ())
    rows: list[tuple[str, Any]] = [
        ("what", ", ".join(map(str, names)) or "everything"), ("seed", str(c.about.get("seed", ""))),
        ("first round", moment(c.began)), ("last noted", moment(c.ended)),
        ("pttorture", str(c.about.get("version", ""))),
        ("machine", ", ".join(f"{name} {machine[name]}" for name in ("cpu", "cpus", "kernel", "python")
                              if name in machine)),
        ("settings", ", ".join(f"{name} = {value}" for name, value in sorted((c.about.get("config") or {}).items()))),
    ]
    return el("details", el("summary", "The campaign"),
              markup.table("The campaign", ("", ""), [[el("th", name, scope="row"), value] for name, value in rows]))


def curves(c: Campaign) -> list[Html]:
    """The charts."""
    if not c.done:
        return [el("p", "There is nothing to draw yet.")]
    time = axes.linear("time since the first round", max(c.ended - c.began, 1e-3), "s")
    figures = [_rates(c, time, search=False), _rates(c, time, search=True),
               _rising("Rounds done", "rounds", c.done, time, steps=False), _found(c, time), _firsts(c),
               _rising("Coverage", "pairs of conflicting accesses", {"pairs in one order": c.covered}, time,
                       note="Each new pair of conflicting accesses of two threads, in the order seen, counted once in "
                            "each variant."), *_watched(c, time)]
    return [el("div", [figure for figure in figures if figure is not None], class_="charts")]


def _rates(c: Campaign, time: axes.Axis, *, search: bool) -> Html | None:
    lines = [Line(name, curve, gap=3 * (c.ended - c.began) / BUCKETS) for name, curve in c.rates.items()
             if (name == "explore") is search]
    if not lines:
        return None
    what = "executions" if search else "operations"
    values = [value for line in lines for _, value in line.points]
    wide = max(values) / min(values) > 50
    y = axes.logarithmic(f"{what} per second", min(values), max(values)) if wide else axes.linear(
        f"{what} per second", max(values))
    note = "Per second of a round's running." + (" The axis is logarithmic." if wide else "")
    return charts.chart("Throughput of searches" if search else "Throughput of threads", time, y, lines, note)


def _rising(title: str, what: str, curves_: dict[str, Curve], time: axes.Axis, *, steps: bool = True,
            note: str = "") -> Html | None:
    lines = [Line(name, curve, steps) for name, curve in curves_.items() if curve]
    if not lines:
        return None
    most = max(value for line in lines for _, value in line.points)
    return charts.chart(title, time, axes.linear(what, max(most, 1), whole=True), lines, note)


def _found(c: Campaign, time: axes.Axis) -> Html | None:
    expected, others = c.found
    end = c.ended - c.began
    curves_ = {name: [*curve, (max(end, curve[-1][0]), curve[-1][1])] for name, curve in
               (("expected", expected), ("not expected", others)) if curve}
    return _rising("Findings", "distinct findings", curves_, time)


def _firsts(c: Campaign) -> Html | None:
    names = {finding.signature: finding for finding in c.findings}
    times = sorted((max(spent, 1e-3), signature) for signature, spent in c.spent.items() if signature in names)
    if not times:
        return None
    shown = times[:_FIRSTS]
    rows = [(_named(names[signature]), spent, names[signature].expected) for spent, signature in shown]
    x = axes.logarithmic("running of its variant, all workers", shown[0][0], shown[-1][0], "s")
    cut = f" The {len(times) - _FIRSTS:,} slowest are in the table only." if len(times) > _FIRSTS else ""
    return charts.dots("Time to first finding", x, rows,
                       f"Filled: not expected. To the end of the round that saw it. The axis is logarithmic.{cut}")


def _named(finding: FindingRow) -> str:
    return f"{finding.scenario}:{finding.variant} {finding.kind}"


def _watched(c: Campaign, time: axes.Axis) -> list[Html]:
    memory = {name: curve for name, curve in c.watched.items() if "memory" in name}
    others = [(name, curve) for name, curve in c.watched.items() if name not in (*memory, *_DRAWN)][:_WATCHED]
    figures = []
    if memory:
        most = max(value for curve in memory.values() for _, value in curve)
        lines = [Line(name, curve) for name, curve in list(memory.items())[:charts.KINDS]]
        figures.append(charts.chart("Memory", time, axes.linear("resident", most, "B"), lines))
    for name, curve in others:
        unit = "B" if "disk" in name or "bytes" in name or "store" in name else ""
        y = axes.linear(name, max(1e-9, *(value for _, value in curve)), unit)
        figures.append(charts.chart(name[:1].upper() + name[1:], time, y, [Line(name, curve)]))
    return figures


def variants(c: Campaign) -> Html:
    """The table of variants."""
    head = ("variant", "verdicts", "ways", "rounds", "lost", "running", "operations", "findings", "first after",
            "pairs", "both orders")
    return markup.table("Variants: pairs are conflicting accesses of two threads, by source line",
                        head, [_variant(v) for v in c.variants], sortable=True)


def _variant(v: Variant) -> list[Any]:
    verdicts = [el("div", f"{_MARKS.get(name, '')} {number:,} {name}",
                   class_="verdict " + _COLOURS.get(name, "dim")) for name, number in v.verdicts.items()]
    links = [[" " if i else "", el("a", name[:6], href=f"#finding={name}", aria_label=f"finding {name}")]
             for i, name in enumerate(v.findings[:3])]
    more = f" +{len(v.findings) - 3}" if len(v.findings) > 3 else ""
    return [v.title, verdicts, markup.number(v.ways), markup.number(v.rounds), markup.number(v.lost),
            markup.number(v.seconds, duration(v.seconds)), markup.number(v.operations, axes.shown(v.operations)),
            el("td", links, more, data_value=len(v.findings)),
            markup.number(v.first, duration(v.first) if v.first is not None else ""), markup.number(v.pairs[0]),
            markup.number(v.pairs[1])]


def faults(c: Campaign) -> list[Html]:
    """What went wrong with the machine or with workers, and what else has happened."""
    parts: list[Html] = []
    if c.faults:
        caption = f"Rounds that were lost or had faults (the last {FAULTS} at most)"
        parts.append(markup.table(caption, ("round", "variant", "how", "state", "attempt", "with", "what"), [
            [markup.number(f.number), f.title, f.mode, f.state, markup.number(f.attempt), f.worker,
             [el("div", text) for text in f.said]]
            for f in c.faults], sortable=True))
    if c.happened:
        parts.append(el("p", "Events: " + ", ".join(f"{number:,} {kind}" for kind, number in c.happened.items())))
        parts.append(markup.table(f"The last events ({EVENTS} at most)", ("after", "kind", "what"), [
            [markup.number(time, duration(max(0.0, time))), kind, text] for time, kind, text in c.events]))
    return parts or [el("p", "None.")]


def sized(length: int) -> str:
    """The size of the page in words."""
    return size(length)
