"""Elements of HTML and SVG. What is not `Html` is text and gets escaped; nothing else in this package writes `<`."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_VOID: Final = {"meta", "br", "hr", "input", "link"}
#: What HTML cannot hold, and what would change the order of the letters around it.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
                            "\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_JSON: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = Any  # Html, text, a number, None, or an iterable of those


def text(value: object) -> Html:
    """`value` as text: escaped, and what cannot be seen made visible."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_visible(str(value)), quote=True))


def _visible(value: str) -> str:
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)


def el(tag: str, *children: Child, **attributes: object) -> Html:
    """An element. `class_` is class, `data_value` is data-value; None and False leave one out, True is bare."""
    head = "".join(_attribute(name, value) for name, value in attributes.items()
                   if value is not None and value is not False)
    if tag in _VOID:
        return Html(f"<{tag}{head}>")
    return Html(f"<{tag}{head}>{join(children)}</{tag}>")


def join(children: Iterable[Child]) -> Html:
    """Children one after the other."""
    return Html("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, str) or not isinstance(child, Iterable):
        return text(child)
    return join(child)


def _attribute(name: str, value: object) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'


def script(code: str) -> Html:
    """Code of ours, as it is.

    Raises:
        ValueError: it would end its own element.
    """
    return Html(f"<script>{_raw(code, 'script')}</script>")


def style(code: str) -> Html:
    """As `script`."""
    return Html(f"<style>{_raw(code, 'style')}</style>")


def _raw(code: str, tag: str) -> str:
    if f"</{tag}" in code.lower() or "<!--" in code:
        raise ValueError(f"code with </{tag}> or <!-- in it")
    return code


def data(name: str, value: object) -> Html:
    """Plain data for scripts: a JSON block that no text in it can end. Scripts show the texts in it, so what cannot be
    seen is made visible, as by `text`."""
    coded = json.dumps(_seen(value), separators=(",", ":"), sort_keys=True)
    coded = "".join(_JSON.get(c, c) for c in coded)
    return Html(f'<script type="application/json" id="{text(name)}">{coded}</script>')


def _seen(value: object) -> object:
    if isinstance(value, str):
        return _visible(value)
    if isinstance(value, Mapping):
        return {name: _seen(each) for name, each in value.items()}
    return [_seen(each) for each in value] if isinstance(value, list | tuple) else value


def table(caption: str, head: Iterable[Child], rows: Iterable[Iterable[Child]], *, sortable: bool = False) -> Html:
    """A table that scrolls by itself where it is too wide. A cell that is no element becomes one."""
    body = [el("tr", [_cell(cell) for cell in row]) for row in rows]
    made = el("table", el("caption", caption), el("thead", el("tr", [el("th", name, scope="col") for name in head])),
              el("tbody", body), class_="sortable" if sortable else None)
    return el("div", made, class_="wide", tabindex=0, role="region", aria_label=caption)


def _cell(cell: Child) -> Html:
    return cell if isinstance(cell, Html) and cell.startswith(("<td", "<th")) else el("td", cell)


def number(value: float | None, shown: str = "") -> Html:
    """A cell with a number, to the right; it is sorted by its value. Nothing for None."""
    if value is None:
        return el("td", class_="number")
    return el("td", shown or f"{value:,}", class_="number", data_value=round(value, 6))
