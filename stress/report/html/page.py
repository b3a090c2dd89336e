"""The document: head, policy, parts, scripts. Everything is in the page; it asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from engine.schedule import Schedule
from stress.report.html import findings, markup, sections
from stress.report.html.data import Campaign
from stress.report.html.films import made, note
from stress.report.html.markup import Child, el

_HERE: Final = Path(__file__).parent
_SCRIPTS: Final = ("tables.js", "player.js", "panels.js", "viewer.js")
_SIZE: Final = "@size@"


def campaign_page(c: Campaign, folder: Path, films: int = findings.FILMS) -> str:
    """The page of a campaign. `folder`: where its store is; `films`: how many findings get a race viewer."""
    names = ", ".join(map(str, c.about.get("names") or ())) or "all scenarios"
    parts = [
        ("summary", "Summary", sections.summary(c)),
        ("findings", "Findings", findings.findings(c.findings, c.spent, c.began, folder, films)),
        ("charts", "Over time", sections.curves(c)),
        ("variants", "Variants", [sections.variants(c)]),
        ("events", "Faults and events", sections.faults(c)),
    ]
    nav = el("nav", [el("a", title, href=f"#{name}") for name, title, _ in parts], aria_label="parts of the page")
    body = [el("section", el("h2", title, id=name), content, aria_labelledby=name) for name, title, content in parts]
    return document(f"Campaign: {names}", [nav, *body], "It is made from the campaign's store and can be made again at "
                                                        "any time. Times are UTC.")


def schedule_page(schedule: Schedule, source: str, picture: str) -> str:
    """The viewer alone, of one schedule.

    Raises:
        PttortureError: the program does not follow it.
    """
    name = "race"
    title = f"{schedule.scenario}:{schedule.variant}"
    said = note(schedule, source)
    body = el("details", el("summary", el("h3", title)), el("div", class_="screen"),
              el("p", said, class_="dim") if said else None,
              markup.data(f"film-{name}", made(schedule, source)),
              el("details", el("summary", "As text"), findings.text_picture(picture, title), class_="picture",
                 open=True), class_="finding", data_finding=name, id=f"finding={name}", open=True)
    return document(f"Race: {title}", body, "Keys: left and right, or k and j, Home, End.")


def document(title: str, body: Child, note: str) -> str:
    """A whole page around some parts; `note` is its last line."""
    css = _asset("page.css")
    code = '"use strict";\n(() => {\n' + "\n".join(map(_asset, _SCRIPTS)) + "\n})();\n"
    policy = (f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(code)}'; base-uri 'none'; "
              "form-action 'none'")
    head = el("head", el("meta", charset="utf-8"), el("meta", http_equiv="Content-Security-Policy", content=policy),
              el("meta", name="viewport", content="width=device-width, initial-scale=1"),
              el("meta", name="referrer", content="no-referrer"), el("title", title), markup.style(css))
    main = el("main", el("h1", title), body, id="main")
    foot = el("footer", el("p", f"This page has {_SIZE}. {note}", class_="dim"))
    text = "<!DOCTYPE html>\n" + el("html", head, el("body", el("a", "to the content", href="#main", class_="skip"),
                                                      main, foot, markup.script(code)), lang="en") + "\n"
    before, _, after = text.rpartition(_SIZE)
    return before + sections.sized(len(text.encode())) + after


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(code: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()

