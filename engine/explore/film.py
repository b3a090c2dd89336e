"""A schedule as a film: the state after set-up and what each step changes, as plain data.

Whoever shows it can go both ways, because a change has the value before and the value after. Strings and states that
come again are numbered: a film of 70 steps is some 20 kB of JSON. What is in a film is said by `Film`; the state that
the machine is in after a step is read by `engine.explore.scene`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.explore.columns import wrap
from engine.explore.describe import describe
from engine.explore.ending import state
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.record import Calls, Recorder, Recording, follow
from engine.explore.replaying import machine_for
from engine.explore.scene import Scene, Snapshot, changes, memory_of
from engine.language.program import Program
from engine.memory.members import MEMBERS, NAMES, UNION_OFFSETS
from engine.places import short, short_file
from engine.schedule import ALONE, Schedule, Violation
from engine.vocabulary import PRIMITIVES

MOST: Final = 2000  # steps; of longer executions the film shows the last ones


@dataclass
class Film:
    """What a viewer needs. Numbers in steps are indices into the tables before.

    Attributes:
        cpus: [name, context] each; the check at rest is CPU -1.
        values: [hexadecimal digits, text if there is a better one, frame that it leads to as an entry of a table, frame
            that it points to]; 0 is no frame.
        cells: the 64-bit words that are ever of interest: ["word", name, index, 1 if a walker's cache],
            ["page", frame, word of the descriptor] or ["pt", frame, entry].
        places: [file, line, text of the line]. names: of functions. stacks: [[name, ...], place or -1].
        locks: [[lock, [[CPU, "read" | "write", place]] that hold it, [[CPU, how]] that wait for it], ...] each.
        frames: {frame: [1 if it is in use, who allocated or freed it, {union: live member}]} each.
        buffers: of each CPU the stores that only it sees.
        start: [[cell, value], ...] that are not 0, before the first step. first: the scene there.
        steps: each {"cpu", "text", "kind", "stack", "changes": [[cell, before, after]], "scene"}, where it has one with
            "touches": the cell it is about; "fails": the kind of violation. A scene is what holds after the step:
            [[[status, stack] of each CPU], index into locks, into frames, into buffers].
        skipped: steps before the first one shown.
        unions: names of the nine words of a descriptor: [offset, width, [names]].
        ending: the lines below a picture: the words and locks that the violation is about.
    """

    title: str
    entries: int
    levels: int
    model: str
    cpus: list[list[str]]
    values: list[list[Any]] = field(default_factory=list)
    cells: list[list[Any]] = field(default_factory=list)
    places: list[list[Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    stacks: list[list[Any]] = field(default_factory=list)
    locks: list[list[Any]] = field(default_factory=list)
    frames: list[dict[int, Any]] = field(default_factory=list)
    buffers: list[list[list[str]]] = field(default_factory=list)
    start: list[list[int]] = field(default_factory=list)
    first: list[Any] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    skipped: int = 0
    unions: list[list[Any]] = field(default_factory=list)
    violation: dict[str, Any] | None = None
    ending: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def film(program: Program, schedule: Schedule, *, most: int = MOST) -> Film:
    """The film of a schedule.

    Raises:
        DivergedError: the program does not follow the schedule.
    """
    machine = machine_for(program, schedule)
    camera = _Camera(machine)
    recording = follow(machine, schedule.fitted(program), camera)
    return _Cutter(machine, most).cut(camera, recording)


class _Camera(Recorder):
    """Takes a snapshot of the machine after each step; the memory itself is kept at the start and now."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.memory = memory_of(machine)
        self.start = self.memory
        self.snapshots = [Snapshot.of(machine)]

    def _note(self, t: int, site: int, calls: Calls = ()) -> None:
        super()._note(t, site, calls)
        before, self.memory = self.memory, memory_of(self.m)
        self.snapshots.append(Snapshot.of(self.m, self.snapshots[-1], changes(self.m, before, self.memory)))

    def words(self, position: int) -> list[tuple[int, int]]:
        """(address, value) of the words that are not 0 after that many steps."""
        first = self.m.program.layout.GLOBALS
        words = {first + 8 * int(i): int(self.start[i]) & (1 << 64) - 1 for i in np.flatnonzero(self.start)}
        for shot in self.snapshots[1:position + 1]:
            words.update((address, new) for address, _, new in shot.changes)
        return sorted((address, value) for address, value in words.items() if value)


class _Table:
    """Rows by number, each once."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows
        self.known: dict[Hashable, int] = {}

    def number(self, key: Hashable, row: Any) -> int:
        if key not in self.known:
            self.known[key] = len(self.rows)
            self.rows.append(row)
        return self.known[key]


class _Cutter:
    """From snapshots to a film."""

    def __init__(self, machine: Machine, most: int) -> None:
        self.machine, self.program, self.most = machine, machine.program, most
        program = machine.program
        self.film = Film(program.name, program.geometry.entries, program.geometry.levels, machine.model,
                         [[thread.name, thread.context] for thread in program.threads])
        self.values, self.cells = _Table(self.film.values), _Table(self.film.cells)
        self.places, self.stacks, self.names = (_Table(rows) for rows in (
            self.film.places, self.film.stacks, self.film.names))
        self.locks, self.frames, self.buffers = (_Table(rows) for rows in (
            self.film.locks, self.film.frames, self.film.buffers))
        self.texts: dict[str, list[str]] = {}

    def cut(self, camera: _Camera, recording: Recording) -> Film:
        shots = camera.snapshots
        skipped = max(0, len(shots) - 1 - self.most)
        self.of_interest = _frames_of_interest(shots[skipped:])
        self.film.skipped = skipped
        self.film.start = [[self._cell(address), self._value(address, value)]
                           for address, value in camera.words(skipped) if self._shown(address)]
        self.film.first = self._scene(shots[skipped].scene)
        for number in range(skipped, len(shots) - 1):
            self.film.steps.append(self._step(recording, number, shots[number + 1]))
        self.film.unions = _unions()
        if recording.violation is not None:
            self._end(recording, recording.violation)
        return self.film

    def _step(self, recording: Recording, number: int, after: Snapshot) -> dict[str, Any]:
        e, v = recording.events[number], recording.violation
        last = number == len(recording.events) - 1
        failed = last and v is not None and v.kind != "deadlock" and v.site == e.site
        site = self.program.sites[e.site]
        text = f"{site.primitive}()" if failed and v and v.kind == "step-limit" else describe(self.program, e, failed)
        functions = [name for i, (name, _) in enumerate(e.calls) if not i or e.calls[i - 1][0] != name]
        step = {
            "cpu": -1 if e.thread == ALONE else e.thread, "text": text, "kind": _kind(site.primitive, e.event),
            "stack": self._stack((functions or [site.function], site.file, site.line)),
            "scene": self._scene(after.scene),
            "changes": [[self._cell(a), self._value(a, old), self._value(a, new)] for a, old, new in after.changes
                        if self._shown(a)],
        }
        if PRIMITIVES[site.primitive].access not in ("", "lock") and self._known(e.address):
            step["touches"] = self._cell(e.address & ~7)
        if failed and v:
            step["fails"] = v.kind
        return step

    def _known(self, address: int) -> bool:
        layout = self.program.layout
        return layout.GLOBALS <= address < layout.END and self._shown(address & ~7)

    def _shown(self, address: int) -> bool:
        """Descriptors and contents of frames that nobody uses are left out."""
        layout = self.program.layout
        if address < layout.DESCRIPTORS:
            return True
        pfn = (address - layout.DESCRIPTORS) // 64 if address < layout.FRAMES else (
            address - layout.FRAMES) // layout.frame_bytes
        return pfn in self.of_interest

    # --- rows of the tables ---

    def _cell(self, address: int) -> int:
        layout = self.program.layout
        if address >= layout.FRAMES:
            pfn, offset = divmod(address - layout.FRAMES, layout.frame_bytes)
            return self.cells.number(address, ["pt", pfn, offset // 8])
        if address >= layout.DESCRIPTORS:
            pfn, offset = divmod(address - layout.DESCRIPTORS, 64)
            return self.cells.number(address, ["page", pfn, offset // 8])
        place, name = max((place, name) for name, place in layout.words.items() if place <= address)
        cached = int(name in self.program.caches)
        return self.cells.number(address, ["word", name, (address - place) // 8, cached])

    def _value(self, address: int, number: int) -> int:
        """A value as the word at `address` means it."""
        layout = self.program.layout
        text, entry, pointer = "", 0, 0
        if layout.DESCRIPTORS <= number < layout.END or number in layout.words.values():
            text = layout.where(number)
            pointer = (number - layout.FRAMES) // layout.frame_bytes if number >= layout.FRAMES else 0
        elif address >= layout.FRAMES:
            entry = leads_to(number, self.program.geometry.frames)
        elif address < layout.DESCRIPTORS and number > (1 << 64) - 1024:
            text = f"-{(1 << 64) - number}"
        if says := self.program.caches.get(layout.where(address).partition("[")[0]):
            text = says(number) or text if number else ""
        row = [f"{number:x}", text, entry, pointer]
        while len(row) > 1 and not row[-1]:
            row.pop()
        return self.values.number((number, text, entry, pointer), row)

    def _place(self, file: str, line: int) -> int:
        return self.places.number((file, line), [short_file(file), line, self._source(file, line)])

    def _source(self, file: str, line: int) -> str:
        if file not in self.texts:
            try:
                self.texts[file] = Path(file).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError):
                self.texts[file] = []
        lines = self.texts[file]
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def _stack(self, stood: tuple[list[str], str, int]) -> int:
        functions, file, line = stood
        place = self._place(file, line) if file else -1
        names = [self.names.number(name, name) for name in functions]
        return self.stacks.number((tuple(names), place), [names, place])

    def _scene(self, scene: Scene) -> list[Any]:
        locks = [[name, [[t, how, self._at(where)] for t, how, where in held], waits]
                 for name, held, waits in scene.locks]
        frames = {pfn: [live, short(text, self.program), members] for pfn, (live, text, members)
                  in sorted(scene.frames.items()) if pfn in self.of_interest}
        return [[[status, self._stack(stood)] for status, stood in scene.cpus], self.locks.number(repr(locks), locks),
                self.frames.number(repr(frames), frames), self.buffers.number(repr(scene.buffers), scene.buffers)]

    def _at(self, where: str) -> int:
        file, _, line = where.rpartition(":")
        return self._place(file, int(line))

    def _end(self, recording: Recording, violation: Violation) -> None:
        program = self.program
        file, _, line = violation.where.rpartition(":")
        self.film.violation = {
            "kind": violation.kind, "message": short(violation.message, program),
            "cpu": -1 if violation.thread == ALONE else violation.thread,
            "place": self._place(file, int(line)) if line.isdigit() else -1,
        }
        self.film.ending = [part for text in state(self.machine, recording.events, violation)
                            for part in wrap(short(text, program), 1000)]


def _frames_of_interest(shots: list[Snapshot]) -> set[int]:
    """Frames that are in use at some time, or change."""
    frames: set[int] = set()
    for shot in shots:
        frames |= {pfn for pfn, (live, _, _) in shot.scene.frames.items() if live}
        frames |= shot.changed_frames
    return frames


def leads_to(entry: int, frames: int) -> int:
    """The frame that an entry of a table leads to, 0 for none: `pfn << 12 | flags`, one of the two lowest bits set."""
    pfn = (entry & (1 << 52) - 1) >> 12
    return pfn if entry & 3 and 0 < pfn < frames else 0


def _kind(primitive: str, event: int) -> str:
    """Which sort of step it is, for a sign beside it."""
    if event in (c.BUFFERED, c.FLUSHED):
        return {c.BUFFERED: "buffer", c.FLUSHED: "flush"}[event]
    row = PRIMITIVES[primitive]
    if row.access == "lock":
        waits = {c.ARRIVED: "wait", c.GRANTED: "lock"}
        return waits.get(event, "unlock" if "unlock" in primitive or primitive == "downgrade" else "lock")
    return {"load": "read", "store": "write", "rmw": "write", "page": "write", "memory": "memory",
            "member": "member"}.get(row.access, "other")


def _unions() -> list[list[Any]]:
    """The words of a descriptor with the names that share them."""
    rows = []
    for offset in UNION_OFFSETS:
        names = [name for name in NAMES[1:] if MEMBERS[name].offset == offset]
        rows.append([offset, 4 if offset in (48, 52) else 8, names])
    return rows
