"""An execution run again: for its events, and to see that it is a function of its choices.

A machine that forgets to take a word back, or a set-up that differs from one run to the next, would make every verdict
worthless and every schedule irreproducible. So a search runs one execution in a while again, and each one it reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import NotDeterministicError
from engine.explore.explain import name_of, violation_of, who
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.record import Calls, Event, Recorder, Recording


def ending(machine: Machine) -> tuple[Any, ...]:
    """Where the present execution has come to: its violation, if any, and the modelled memory."""
    violation = (int(machine.S[cell]) for cell in (c.S_KIND, c.S_PC, c.S_THREAD, c.S_ADDRESS))
    return (*violation, machine.memory())


class _Silent(Recorder):
    """Drives a machine and keeps nothing: most of a recorder's time is for what an event says."""

    def step(self, process: int) -> None:
        self.picks.append(process)
        self.m.step(process)

    def _note(self, t: int, site: int, calls: Calls = ()) -> None:
        """Nobody asks."""


def repeat(machine: Machine, picks: Sequence[int], ended: tuple[Any, ...]) -> None:
    """Run an execution again, to see that it ends as it did.

    Args:
        ended: the `ending` of its first run.

    Raises:
        NotDeterministicError: it differs; names the step.
    """
    try:
        _follow(_Silent(machine), picks)
        same = ending(machine) == ended
    except NotDeterministicError:
        same = False
    if not same:
        _differs(machine, _follow(Recorder(machine), picks), _follow(Recorder(machine), picks))


def record(machine: Machine, picks: Sequence[int], ended: tuple[Any, ...] | None = None) -> Recording:
    """The execution in which each choice, of a thread or of a value, is the next of `picks`.

    Args:
        ended: the `ending` of its first run.

    Raises:
        NotDeterministicError: it differs from its first run; names the step.
    """
    recording = _follow(Recorder(machine), picks)
    if ended is not None and ending(machine) != ended:
        _differs(machine, recording, _follow(Recorder(machine), picks))
    return recording


def _follow(recorder: Recorder, picks: Sequence[int]) -> Recording:
    machine = recorder.m
    for pick in picks:
        t = machine.chooser()
        if machine.failed:
            _stray(machine, recorder, f"it has ended in {violation_of(machine)}")
        if t >= 0:
            if pick >= machine.choices(t):
                _stray(machine, recorder, f"{who(machine, t)} chooses among {machine.choices(t)} values, not {pick}")
            recorder.choose(t, pick)
        else:
            if pick not in machine.enabled():
                _stray(machine, recorder, f"{name_of(machine, pick)} has finished or waits")
            recorder.step(pick)
    return recorder.finish()


def _stray(machine: Machine, recorder: Recorder, what: str) -> None:
    raise _error(machine, f"at step {len(recorder.recording.turns)} {what}")


def _differs(machine: Machine, one: Recording, two: Recording) -> None:
    """The first step in which two runs differ; the last if they do not: it is the search that went another way."""
    pairs = zip(one.events, two.events, strict=False)
    number = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one.events), len(two.events)) - 1)
    raise _error(machine, f"it differs at step {max(number, 0)}"
                 + (f", {_step(machine, one.events[number])}" if one.events else ""))


def _error(machine: Machine, what: str) -> NotDeterministicError:
    return NotDeterministicError(f"{machine.program.name} is not deterministic under its schedule: when an execution "
                                 f"is run again, {what}")


def _step(machine: Machine, event: Event) -> str:
    site = machine.program.sites[event.site]
    return f"{who(machine, event.thread)}: {site.primitive} at {site.where}"
