"""What a search found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import UsageError
from engine.language.program import Program
from engine.schedule import Schedule, Violation

#: The modelled 8-byte words that are not 0 when all threads are done: (address, value), by address.
FinalState = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Result:
    """What a search found, and within which bound.

    Attributes:
        executions: complete ones. redundant, blocked: those besides that told nothing new.
        steps: steps taken, those repeated after backtracking included. states: distinct ones, None if not counted.
        complete: every execution within `bound` was seen. seconds: of the search, compiling excluded.
        violation, schedule, preemptions: of the first violation found. found: executions that ended in a violation.
        counters: `mem.count` over the whole search. interrupted: by Ctrl-C; the rest is what it found so far.
        finals: what the executions that came to rest left behind, None if it was not asked for.
        program: what was searched; of a minimised violation what its schedule belongs to.
        minimal: nothing breaks like `violation` with fewer preemptions: searches that were complete have shown it.
        bytes: the memory of what it stored, states or events. peak: most events at once that `dpor` had set aside, to
            go on from there later; they are what its memory grows with.
        stopped: why the search is not complete, in words, if it has a reason.
        coverage: how often an access directly followed a conflicting one of another thread, by source line: (first
            "file:line", second) -> count; None if it was not asked for. See `engine.explore.machine.coverage`. `dfs`
            counts a step that many executions begin with once; `states` sees only what it executed.
    """

    executions: int
    redundant: int
    blocked: int
    steps: int
    states: int | None
    complete: bool
    seconds: float
    bound: dict[str, Any]
    model: str
    violation: Violation | None = None
    schedule: Schedule | None = None
    preemptions: int | None = None
    found: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    interrupted: bool = False
    finals: frozenset[FinalState] | None = None
    program: Program | None = field(default=None, repr=False)
    minimal: bool = False
    bytes: int = 0
    peak: int = 0
    stopped: str = ""
    coverage: dict[tuple[str, str], int] | None = None

    def outcomes(self, *words: str) -> set[tuple[int, ...]]:
        """The final values of some declared words, `name` or `name[i]`: one tuple for each distinct outcome.

        Raises:
            UsageError: the search did not keep final states, or the program uses no such word.
        """
        if self.finals is None or self.program is None:
            raise UsageError("this search kept no final states; explore(..., finals=True) does")
        places = [_place(self.program, word) for word in words]
        return {tuple(dict(final).get(place, 0) for place in places) for final in self.finals}


def _place(program: Program, word: str) -> int:
    name, bracket, index = word.partition("[")
    if name not in program.word_counts:
        known = ", ".join(sorted(program.word_counts)) or "none"
        raise UsageError(f"{program.name} uses no word {name!r}; it uses: {known}")
    number = index.removesuffix("]") if bracket else "0"
    if not (number.isdecimal() and int(number) < program.word_counts[name]):
        raise UsageError(f"{program.name}: {word!r} is none of the words {name}[0..{program.word_counts[name] - 1}]")
    return program.layout.words[name] + 8 * int(number)
