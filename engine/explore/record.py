"""Running one execution with recording on: from choices, or from a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.errors import DivergedError
from engine.explore.explain import name_of, violation_of, who
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.language.program import Program
from engine.schedule import ALONE, Execution, Schedule, Step, Turn, Violation
from engine.text import count
from engine.vocabulary import PRIMITIVES

_WORD = (1 << 64) - 1


#: The functions that a step stands in, outermost first, each with the row it was called from.
Calls = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Event:
    """One step with what it saw and did.

    `event`: `cells.PLAIN`, `ARRIVED` (a lock arrival that waits), `GRANTED`, `BUFFERED` (a store, `old` unknown) or
    `FLUSHED`, of a thread's store. `calls`: () for the check at rest.
    """

    thread: int
    site: int
    address: int
    old: int
    new: int
    result: int
    event: int
    calls: Calls = ()


@dataclass
class Recording:
    """One execution: its events, the schedule in parts, how it ended, and how many preemptions it has."""

    events: list[Event] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    choices: list[list[int]] = field(default_factory=list)
    violation: Violation | None = None
    preemptions: int = 0

    def execution(self, program: Program, machine: Machine) -> Execution:
        steps = [Step(e.thread, e.site, e.address, _value(program, e), e.event == c.ARRIVED,
                      e.event == c.FLUSHED) for e in self.events]
        return Execution(steps, self.violation, machine.memory())


def _value(program: Program, e: Event) -> int:
    """The result of the primitive, or the value stored if it has none; 0 for locks that cannot fail."""
    row = PRIMITIVES[program.sites[e.site].primitive]
    if row.result or row.access in ("store", "rmw", "page"):
        return e.result
    return 0


class Recorder:
    """Drives a machine step by step and keeps what it did."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        machine.reset()
        self.last = -1  # the thread that took the last step that was not a flush
        self.recording = Recording(choices=[[] for _ in machine.program.threads])
        self.picks: list[int] = []

    def step(self, process: int) -> None:
        r, m = self.recording, self.m
        t, flusher = m.thread_of(process)
        if flusher is None:
            if self.last not in (-1, t) and self.last in m.enabled():
                r.preemptions += 1
            self.last = t
        site = self.site(process)
        calls = self._calls(t) if flusher is None else next((e.calls for e in r.events[::-1] if e.thread == t), ())
        self.picks.append(process)
        m.step(process)
        self._note(t, site, calls)
        r.turns.append(Turn(t, site, r.events[-1].event == c.ARRIVED, flusher))

    def _calls(self, t: int) -> Calls:
        """The calls the thread is in, outermost first: function, and a number that tells two calls of it apart."""
        m, code = self.m, self.m.code
        returns = [m.area(t, c.T_CALLS + 3 * k) for k in range(m.area(t, c.T_DEPTH))]
        calls: list[tuple[str, int]] = []
        for number, at in zip(returns, [*(row - 1 for row in returns[1:]), m.area(t, c.T_PC)], strict=True):
            calls += [(code.function(at), number), *code.inside[at]]
        return tuple(calls)

    def _note(self, t: int, site: int, calls: Calls = ()) -> None:
        u = self.m.U
        address, old, new, result = (int(u[i]) & _WORD for i in (c.U_ADDRESS, c.U_OLD, c.U_NEW, c.U_RESULT))
        self.recording.events.append(Event(t, site, address, old, new, result, int(u[c.U_EVENT]), calls))

    def site(self, process: int) -> int:
        """The site of a process's next step, -1 for none."""
        row = self.m.next_row(process)
        return self.m.code.rows[row][7] if row >= 0 else -1

    def choose(self, t: int, value: int) -> None:
        self.recording.choices[t].append(value)
        self.picks.append(value)
        self.m.choose(t, value)

    def finish(self) -> Recording:
        """Nobody is enabled any more, or a violation has ended the execution, or it goes round in a circle."""
        m = self.m
        if not m.failed and m.enabled() and m.chooser() < 0:
            from engine.explore.strategies.states_livelock import blame_cycle  # compiles; nobody else needs it

            blame_cycle(m, self.picks)
        if not m.failed and not m.enabled() and m.chooser() < 0 and not m.stuck() and m.begin_at_rest():
            while m.alone_can_step():
                site = m.code.rows[m.area(m.alone, c.T_PC)][7]
                m.step_alone()
                self._note(ALONE, site)
        self.recording.violation = violation_of(m)
        return self.recording


def follow(machine: Machine, schedule: Schedule, recorder: Recorder | None = None) -> Recording:
    """The execution of a schedule; `recorder`: of that machine, if another one than usual.

    Raises:
        DivergedError: a turn cannot be taken: names the step and both places.
    """
    recorder = recorder or Recorder(machine)
    values = [iter(row) for row in schedule.choices]
    for number, turn in enumerate(schedule.turns):
        _make_choices(recorder, values)
        if machine.failed:
            break
        _check_turn(machine, recorder, number, schedule)
        recorder.step(machine.process_of(turn.thread, turn.flush))
        arrived = recorder.recording.turns[-1].blocked
        if arrived != turn.blocked and not machine.failed:
            here = "has to wait" if arrived else "does not have to wait"
            raise DivergedError(f"step {number}: {who(machine, turn.thread)} {here} for the lock at "
                                f"{machine.program.sites[turn.site].where}, unlike in the schedule")
    _make_choices(recorder, values)
    recording = recorder.finish()
    if not machine.failed and machine.enabled():
        raise DivergedError(_too_short(machine, recorder, schedule))
    return recording


def _make_choices(recorder: Recorder, values: Sequence[Iterator[int]]) -> None:
    m = recorder.m
    while not m.failed and (t := m.chooser()) >= 0:
        value = next(values[t], None)
        if value is None or not 0 <= value < m.choices(t):
            raise DivergedError(f"{who(m, t)} chooses once more than in the schedule, or among fewer values")
        recorder.choose(t, value)


def _check_turn(machine: Machine, recorder: Recorder, number: int, schedule: Schedule) -> None:
    turn = schedule.turns[number]
    process = machine.process_of(turn.thread, turn.flush)
    if process >= machine.C[c.C_PROCESSES] or (turn.flush is not None and machine.model == "sc"):
        raise DivergedError(f"step {number}: the schedule flushes a store that model {machine.model} does not buffer")
    name, site = name_of(machine, process), recorder.site(process)
    expected = f"step {number}: the schedule wants {name} at {schedule.place(machine.program, turn.site)}, but it"
    here = _here(machine, site)
    if process not in machine.enabled():
        done = site < 0 or machine.area(turn.thread, c.T_STATUS) == c.DONE
        raise DivergedError(f"{expected} has finished" if done else f"{expected} waits at {here}")
    if site != turn.site:
        raise DivergedError(f"{expected} is at {here}")


def _too_short(machine: Machine, recorder: Recorder, schedule: Schedule) -> str:
    process = machine.enabled()[0]
    last = f"; its last one is at {schedule.place(machine.program, schedule.turns[-1].site)}" if schedule.turns else ""
    return (f"the schedule ends after {count(len(schedule.turns), 'step')}, but {name_of(machine, process)} has not "
            f"finished: it is at {_here(machine, recorder.site(process))}{last}")


def _here(machine: Machine, site: int) -> str:
    sites = machine.program.sites
    return f"{sites[site].where} ({sites[site].primitive})" if site >= 0 else "work between two steps"
