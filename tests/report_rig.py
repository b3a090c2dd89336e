"""Campaigns for tests of their page: one with real races, and one whose every name is an attack."""

from __future__ import annotations

import importlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from engine.language.program import Program
from engine.schedule import Schedule
from scenarios import find
from stress.campaign.cell import Cell, Round, seed_of
from stress.drawing import draw
from stress.findings.signature import findings_of
from stress.report.html import page
from stress.report.html.data import gather
from stress.store.store import Store
from stress.store.view import look

FREED, CACHED = "parent_freed__rfc_v1", "stale_structure_cache__rfc_v1"
EVIL = '</script><script>evil()</script><!-- <img src=x onerror="evil()"> \' " & \u202e\x00 ]]>'
COUNTER = Path(__file__).parent / "protocols" / "counter.py"
SEED = 3


def schedule_of(race: str) -> tuple[Program, Schedule]:
    """A ready script's schedule."""
    schedule = Schedule.from_json(importlib.import_module(f"stress.races.{race}").SCHEDULE)
    program = schedule.program(lambda name: find(name)[0])
    return program, schedule.fitted(program)


def store_in(folder: Path, *names: str) -> Store:
    return Store.create(folder, seed=SEED, config={"hours": 1}, names=list(names))


def violation(schedule: Schedule, **more: Any) -> dict[str, Any]:
    found = schedule.violation or {}
    return {**{part: found[part] for part in ("kind", "message", "where", "other")}, "count": 3, "seconds": 0.25,
            "thread": "unmap", **more,
            "evidence": [{"thread": "unmap", "step": "xchg", "address": "pt 2[0]", "value": 0}]}


def result(*found: dict[str, Any], expected: str = "use-after-free", **more: Any) -> dict[str, Any]:
    return {"outcome": "reproduced" if found else "missed", "verdict": "as-expected" if found else "inconclusive",
            "why": "", "expected": expected, "seconds": 2.0, "rounds": 100, "operations": 20_000, "steps": 400,
            "work": {}, "overlap": 0.5, "violations": list(found), "faults": [], "coverage": [], "memory": 64 << 20,
            "attempt": 1, **more}


def ran(store: Store, cell: Cell, number: int, given: dict[str, Any],
        explanation: dict[str, Any] | None = None) -> None:
    """A round from its beginning to its end; what it finds for the first time is explained."""
    row = store.begin(Round(cell, number, seed_of(SEED, cell, number), seconds=2.0))
    for finding in store.end(row, given, findings_of(cell, given)):
        if explanation:
            store.explained(finding.signature, explanation)


def explained(race: str) -> dict[str, Any]:
    program, schedule = schedule_of(race)
    return {"explained": "breaks with 1 preemption on the small geometry", "schedule": schedule.to_json(),
            "preemptions": 1, "minimal": True, "picture": draw(program, schedule), "accesses": []}


def campaign(folder: Path) -> Path:
    """Two real races, one of them not expected, three executors, a lost round, events and samples."""
    store = store_in(folder, "S4")
    pairs = [["a.py:1", "b.py:2", 4], ["b.py:2", "a.py:1", 1], ["a.py:1", "c.py:3", 2]]
    for race, expected, seconds in ((FREED, "use-after-free", 2.0), (CACHED, "clean", 70.0)):
        schedule = schedule_of(race)[1]
        for executor in ("native", "python", "explore"):
            cell = Cell(schedule.scenario, schedule.variant, executor=executor)
            for number in range(3):
                found = [violation(schedule)] if number == 1 else []
                given = result(*found, expected=expected, coverage=pairs, seconds=seconds)
                ran(store, cell, number, given, explained(race))
    store.lose(store.begin(Round(cell, 9, 1, seconds=2.0)), "no progress for 60 s", "member-1")
    store.event("clock", "the clock went back by 3 s")
    store.sample("memory", 150 << 20)
    store.close()
    return folder


def evil_campaign(folder: Path) -> Path:
    """A user's file, messages, reasons and events that try to become markup."""
    folder.mkdir()
    source = folder / "evil.py"
    text = COUNTER.read_text().replace('Role("A"', f"Role({EVIL!r}").replace('"an increment is lost"', repr(EVIL))
    source.write_text(text)
    store = store_in(folder / "campaign", EVIL)
    cell = Cell(EVIL, EVIL, source=str(source), perturb=EVIL)
    search = Cell("counter", "plain", source=str(source), executor="explore", strategy="random")
    evil = {"kind": EVIL, "message": EVIL, "where": f"{source}:30", "other": "", "count": 1, "seconds": 0.1,
            "thread": EVIL, "evidence": [{"thread": EVIL, "step": EVIL, "text": EVIL}]}
    ran(store, cell, 0, result(evil, faults=[{"what": EVIL, "seconds": 1}], coverage=[[EVIL, EVIL, 1]]),
        {"explained": EVIL, "schedule": EVIL, "picture": EVIL})
    schedule = searched(source)
    ran(store, search, 0, result(violation(schedule, message=EVIL)), {
        "explained": EVIL, "schedule": schedule.to_json(), "picture": EVIL})
    store.lose(store.begin(Round(cell, 1, 1)), EVIL, EVIL)
    store.event(EVIL, EVIL)
    store.sample(EVIL, 3.0)
    store.close()
    return folder / "campaign"


def searched(source: Path) -> Schedule:
    """The race of a counter in a user's file."""
    from engine.explore import explore
    from engine.language.program import build
    from stress.job import from_source
    from stress.replaying import saved

    program = build(from_source(str(source))[0], "plain")
    found = explore(program, strategy="dfs").schedule
    assert found is not None
    return saved(found, str(source), "")


def page_of(folder: Path, films: int = 100) -> str:
    with look(folder) as view:
        return page.campaign_page(gather(view), folder, films)


_VOID = {"meta", "br", "hr", "input", "link"}


class Parsed(HTMLParser):
    """A document: its tags with their attributes, text outside of scripts, texts of scripts; whether all is closed."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text, self.scripts, self.comments = "", [""], 0
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not (self.open and self.open[-1] == "style"):
            self.text += data

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 (the parser's own signature)
        self.comments += 1

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]
