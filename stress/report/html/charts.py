"""Charts as plain SVG: a page has no library to load. Lines differ by their dashes, not by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stress.report.html.axes import Axis
from stress.report.html.markup import Html, el, join

WIDTH, HEIGHT = 480, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 28, 12, 44
_LETTER: Final = 7.4  # how wide one is, at most, on the average
_DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "1 4", "12 4")
KINDS: Final = len(_DASHES)  # lines that can be told apart


@dataclass(frozen=True)
class Line:
    """One line of a chart. `points`: (x, y) by x. `steps`: a value holds until the next one.

    `gap`: points that are further apart than this are not joined; 0: all are.
    """

    name: str
    points: Sequence[tuple[float, float]]
    steps: bool = False
    gap: float = 0.0


def chart(title: str, x: Axis, y: Axis, lines: Sequence[Line], note: str = "") -> Html:
    """A figure with axes, their units, a legend and its content in words."""
    parts = [_grid(x, y), *(_line(x, y, line, i % KINDS) for i, line in enumerate(lines))]
    said = "; ".join(_words(line, x, y) for line in lines)
    legend = [el("span", _key(i % KINDS), line.name) for i, line in enumerate(lines)] if len(lines) > 1 else []
    return _figure(title, parts, said, el("p", legend, class_="legend") if legend else None, note)


def dots(title: str, x: Axis, rows: Sequence[tuple[str, float, bool]], note: str = "") -> Html:
    """One dot a row: (name, value, hollow)."""
    pitch = 18
    bottom = _TOP + pitch * len(rows)
    parts = [_ticks_x(x, _TOP, bottom)]
    for i, (name, value, hollow) in enumerate(rows):
        across, down = _x(x, value), _TOP + pitch * i + pitch / 2
        parts += [el("circle", cx=_f(across), cy=_f(down), r=4, class_="dot hollow" if hollow else "dot"),
                  _name(name, across, down + 4)]
    said = "; ".join(f"{name}: {x.text(value)}" for name, value, _ in rows)
    return _figure(title, parts, said, None, note, bottom + _BOTTOM)


def _name(name: str, across: float, down: float) -> Html:
    """A name beside a dot, where there is room for it."""
    left, right = across - 10, WIDTH - across - 10
    side, anchor = (across + 8, "start") if right >= min(left, len(name) * _LETTER) else (across - 8, "end")
    fits = int(max(left, right) / _LETTER)
    return el("text", name if len(name) <= fits else name[:fits - 1] + "…", x=_f(side), y=_f(down), text_anchor=anchor)


def _figure(title: str, parts: Sequence[Html], said: str, legend: Html | None, note: str, height: int = HEIGHT) -> Html:
    drawing = el("svg", el("title", title), el("desc", said), parts, viewBox=f"0 0 {WIDTH} {height}", role="img",
                 aria_label=f"{title}: {said}")
    return el("figure", el("figcaption", title), drawing, legend, el("p", note, class_="dim") if note else None)


def _grid(x: Axis, y: Axis) -> Html:
    bottom = HEIGHT - _BOTTOM
    parts = [_ticks_x(x, _TOP, bottom)]
    for tick in y.ticks:
        down = _f(_y(y, tick))
        parts += [el("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=down, y2=down, class_="grid"),
                  el("text", y.tick(tick), x=_LEFT - 5, y=_f(_y(y, tick) + 4), text_anchor="end")]
    middle = (_TOP + bottom) / 2
    parts.append(el("text", y.label, x=12, y=_f(middle), text_anchor="middle", class_="label",
                    transform=f"rotate(-90 12 {_f(middle)})"))
    return join(parts)


def _ticks_x(x: Axis, top: float, bottom: float) -> Html:
    parts = []
    for tick in x.ticks:
        across = _f(_x(x, tick))
        parts += [el("line", x1=across, x2=across, y1=_f(top), y2=_f(bottom), class_="grid"),
                  el("text", x.tick(tick), x=across, y=_f(bottom + 16), text_anchor="middle")]
    parts.append(el("text", x.label, x=_f((_LEFT + WIDTH - _RIGHT) / 2), y=_f(bottom + 36), text_anchor="middle",
                    class_="label"))
    return join(parts)


def _line(x: Axis, y: Axis, line: Line, kind: int) -> Html:
    places = [(_x(x, a), _y(y, b)) for a, b in line.points]
    path, before = "", None
    for (across, down), (at, _) in zip(places, line.points, strict=True):
        if before is None or (line.gap and at - before > line.gap):
            path += f"M{_f(across)} {_f(down)}"
        else:
            path += f"H{_f(across)}V{_f(down)}" if line.steps else f"L{_f(across)} {_f(down)}"
        before = at
    few = len(places) <= 40 or line.gap > 0
    marks = [el("circle", cx=_f(a), cy=_f(b), r=2 if line.gap else 2.5, class_=f"mark s{kind}")
             for a, b in places] if few else []
    return join([el("path", d=path, class_=f"series s{kind}", stroke_dasharray=_DASHES[kind] or None), *marks])


def _key(kind: int) -> Html:
    line = el("path", d="M1 6H27", class_=f"series s{kind}", stroke_dasharray=_DASHES[kind] or None)
    return el("svg", line, viewBox="0 0 28 12", width=28, height=12, aria_hidden="true")


def _words(line: Line, x: Axis, y: Axis) -> str:
    """A line for who cannot see it."""
    if not line.points:
        return f"{line.name}: nothing"
    values = [value for _, value in line.points]
    end, value = line.points[-1]
    return (f"{line.name}: from {y.text(min(values))} to {y.text(max(values))}, at last {y.text(value)} "
            f"after {x.text(end)}")


def _x(axis: Axis, value: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * axis.place(value)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * axis.place(value)


def _f(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
