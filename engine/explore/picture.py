"""An execution as a kernel commit message draws it: a column for each CPU, time downwards, the violation at the end.

What makes it short: reads of words that no other CPU writes stand together on one line, as does what the check at rest
reads. What makes it clear: every change shows the value before and after, the function a step belongs to stands over
it, and below the violation stand the words and locks that it is about, with who changed them last.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.explore.columns import WIDTH, Columns, wrap
from engine.explore.describe import describe, is_read, is_word, is_write, reads
from engine.explore.ending import shared_words, state
from engine.explore.load import Machine
from engine.explore.record import Calls, Event
from engine.explore.replaying import recording_of
from engine.language.program import Program
from engine.places import short
from engine.schedule import ALONE, Schedule, Violation
from engine.text import count
from engine.violations import BY_NAME
from engine.vocabulary import PRIMITIVES

__all__ = ["WIDTH", "picture"]

_LONGEST: Final = 400  # steps; of longer executions the middle is left out
_KEPT: Final = (40, 100)  # steps at the start and at the end of those
_REST_LINES: Final = 6


def picture(program: Program, schedule: Schedule, *, steps: bool = False, replay: str = "") -> str:
    """The picture of a schedule, at most 80 columns wide.

    Args:
        steps: every step on a line of its own, with its number and its file:line.
        replay: the command that replays it; the last line.

    Raises:
        DivergedError: the program does not follow the schedule.
    """
    machine, recording = recording_of(program, schedule)
    lines = _Drawing(machine, recording.events, recording.violation, steps).lines()
    if recording.violation is not None:
        lines += _ending(machine, recording.events, recording.violation)
        lines += ["", *_bound(program, schedule, recording.preemptions)]
    if replay:
        lines += [f"Replay: {replay}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Drawing:
    """The columns. `steps`: nothing is put together or left out."""

    def __init__(self, machine: Machine, events: Sequence[Event], violation: Violation | None, steps: bool) -> None:
        self.program, self.events, self.violation, self.steps = machine.program, events, violation, steps
        self.columns = Columns([f"CPU{i} {thread.name}" for i, thread in enumerate(machine.program.threads)])
        self.shared = shared_words(machine, events)
        self.nests = _Nests(events)
        self.drawn: list[str] = []
        self.pending: list[Event] = []  # reads that may share a line

    def lines(self) -> list[str]:
        running = [e for e in self.events if e.thread != ALONE]
        resting = self.events[len(running):]
        self.drawn += self.columns.head()
        skipped = range(_KEPT[0], len(running) - _KEPT[1]) if len(running) > _LONGEST and not self.steps else range(0)
        for number, e in enumerate(running):
            if number == skipped.start and skipped:
                self._flush()
                self.drawn.append(f"... {len(skipped):,} steps (--steps shows them) ...")
            if number not in skipped:
                self._step(number, e)
        self._flush()
        self._remark()
        if resting:
            self.drawn += ["", *self._at_rest(len(running), resting)]
        return self.drawn

    def _step(self, number: int, e: Event) -> None:
        if self.pending and (self.pending[-1].thread != e.thread or self.nests.of(self.pending[0]) != self.nests.of(e)):
            self._flush()
        if not self.steps and is_read(self.program, e) and e.address not in self.shared and not self._failed(e):
            self.pending.append(e)
            return
        self._flush()
        text = describe(self.program, e, self._failed(e))
        if self._failed(e) and self.violation is not None and self.violation.kind == "step-limit":
            text = f"{self.program.sites[e.site].primitive}()"  # the step that is one too many was not taken
        if self.steps:
            site = self.program.sites[e.site]
            text = f"{number}: {text} [{Path(site.file).name}:{site.line}]"
        if self._failed(e) and self.violation is not None:
            text += f" <-- {self.violation.kind}"
        self._draw(e, text)

    def _flush(self) -> None:
        """Draw the reads that were put aside: one as it is, several together."""
        if self.pending:
            alone = len(self.pending) == 1
            self._draw(self.pending[0], describe(self.program, self.pending[0]) if alone else
                       f"reads {reads(self.program, self.pending)}")
            self.pending = []

    def _draw(self, e: Event, text: str) -> None:
        entered, depth = self.nests.enter(e)
        if self.columns.separate:
            for level, function in enumerate(entered, depth - len(entered)):
                self.drawn += self.columns.cell(e.thread, f"{function}()", 2 * level)
        self.drawn += self.columns.cell(e.thread, text, 2 * depth)

    def _failed(self, e: Event) -> bool:
        v = self.violation
        return e is self.events[-1] and v is not None and v.kind != "deadlock" and v.site == e.site

    def _remark(self) -> None:
        """A WARN_ON or a check is no step, but it stands in its CPU's column."""
        v = self.violation
        if v is None or v.thread == ALONE or v.site < 0 or PRIMITIVES[self.program.sites[v.site].primitive].step:
            return
        site = self.program.sites[v.site]
        text = {"warn_on": f"WARN_ON({site.text})", "check": f"fails: {site.text}"}.get(site.primitive, site.primitive)
        self.drawn += self.columns.cell(v.thread, f"{text} <-- {v.kind}", 2 * self.nests.depth(v.thread))

    def _at_rest(self, first: int, events: Sequence[Event]) -> list[str]:
        if self.steps:
            return ["at rest:", *(line for i, e in enumerate(events, first) for line in wrap(
                f"{i}: {describe(self.program, e, self._failed(e))} "
                f"[{Path(self.program.sites[e.site].file).name}:{self.program.sites[e.site].line}]", WIDTH))]
        seen = [e for e in events if is_word(self.program, e) and not is_write(self.program, e)]
        lines = wrap(f"at rest: {reads(self.program, seen)}", WIDTH) if seen else ["at rest:"]
        if len(lines) > _REST_LINES:
            lines = ["at rest: ...", *lines[1 - _REST_LINES:]]
        changed = [describe(self.program, e, self._failed(e)) for e in events if is_write(self.program, e)]
        return [*lines, *(line for text in changed for line in wrap("    " + text, WIDTH))]


class _Nests:
    """Which functions each CPU is in. Shown are those that have steps of their own; a recursion is shown once."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.shown = {e.calls for e in events}
        self.inside: dict[int, list[Calls]] = {}

    def of(self, e: Event) -> list[str]:
        """The functions that a step stands in, outermost first."""
        return [calls[-1][0] for calls in self._path(e)]

    def enter(self, e: Event) -> tuple[list[str], int]:
        """The functions that a step enters, and how many it then stands in."""
        now, before = self._path(e), self.inside.get(e.thread, [])
        same = 0
        while same < min(len(now), len(before)) and now[same] == before[same]:
            same += 1
        self.inside[e.thread] = now
        return [calls[-1][0] for calls in now[same:]], len(now)

    def _path(self, e: Event) -> list[Calls]:
        prefixes = [e.calls[:i] for i in range(1, len(e.calls) + 1) if e.calls[:i] in self.shown]
        return [p for i, p in enumerate(prefixes) if i == 0 or p[-1][0] != prefixes[i - 1][-1][0]]

    def depth(self, thread: int) -> int:
        return len(self.inside.get(thread, ()))


def _ending(machine: Machine, events: Sequence[Event], violation: Violation) -> list[str]:
    """The violation and the state that shows it."""
    message = BY_NAME[violation.kind].text if violation.kind == "deadlock" else violation.message
    where = f" ({violation.where})" if violation.where else ""
    lines = ["", *wrap(short(f"{violation.kind.upper()}: {message}{where}", machine.program), WIDTH)]
    for line in state(machine, events, violation):
        lines += [f"    {part}" for part in wrap(short(line, machine.program), WIDTH - 4)]
    return lines


def _bound(program: Program, schedule: Schedule, preemptions: int) -> list[str]:
    """How large it is, within which bound it was found, and what the search has shown of smaller ones."""
    g, bound = schedule.geometry, schedule.bound
    size = [count(len(schedule.turns), "step"), count(preemptions, "preemption"), count(schedule.threads, "thread"),
            count(schedule.rounds, "round")]
    within = [f"model {schedule.model}", schedule.lock, f"{schedule.pool} pool", f"{g.entries} entries",
              count(g.levels, "level")]
    if program.at_rest is None:
        within.append("nothing is checked at rest")
    shown = bound.get("smallest")
    head = "Smallest found" if isinstance(shown, str) else f"Found by {bound.get('strategy', 'hand')}"
    return wrap(f"{head}: {', '.join(size)}; {', '.join(within)}." + (f" {shown}" if shown else ""), WIDTH, 2)

