"""Folded IR to the machine's code: rows of eight 64-bit words, registers, constants by index.

    row = operation, destination or target, a, b, c, two static fields, site

An operand from 0 up is a register of the running function, below 0 a constant. A call puts its arguments where the
callee's first registers will be, just above the caller's; results come back in the same place. Short functions are
expanded where they are called, and what that leaves to copy and to fold is `optimise`'s work.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from engine.errors import UsageError
from engine.explore.function import FunctionCompiler
from engine.explore.machine import ops
from engine.language import ir
from engine.language.program import Program

_SIGN: Final = 1 << 63
_EXPAND_MAX: Final = 50  # statements of a function that is expanded in place, those of its own calls included


@dataclass
class Code:
    """A program's code.

    Parallel to `rows`: `places`, (file, line); `inside`, the expanded calls around a row, outermost first, each a
    function and a number of its own below 0; and `live`, the registers that a row and those behind it in its function
    still read, as bits: what a thread that stopped there keeps of its running function. A caller keeps those of the row
    behind its call, without the results, which lie above its own registers. `starts`: function -> its first row.
    """

    rows: list[list[int]] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)
    inside: list[tuple[tuple[str, int], ...]] = field(default_factory=list)
    live: list[int] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)  # signed
    entries: list[int] = field(default_factory=list)  # each thread, set-up, the check at rest; -1: none
    starts: dict[str, int] = field(default_factory=dict)
    most_registers: int = 0

    def function(self, row: int) -> str:
        """The function that a row was compiled for, "" for the start of a thread."""
        starts, names = self._in_order
        return names[bisect_right(starts, row)]

    @cached_property
    def _in_order(self) -> tuple[list[int], list[str]]:
        """Where functions start, and what stands before each start and behind the last; of code that is complete."""
        functions = sorted((start, name) for name, start in self.starts.items())
        return [start for start, _ in functions], ["", *(name for _, name in functions)]

    def where(self, row: int) -> str:
        """file:line of a row."""
        file, line = self.places[row]
        return f"{file}:{line}"


def compile_program(program: Program, model: str = "sc") -> Code:
    """The code of a folded program. Barriers are steps or marks only in a memory `model` that has store buffers.

    Raises:
        UsageError: the program is not folded, or has more counters than the machine counts.
    """
    if not program.folded:
        raise UsageError(f"{program.name}: a search needs its parameters folded; build it with folded=True")
    return Compiler(program, model).compile()


class Compiler:
    def __init__(self, program: Program, model: str) -> None:
        self.program: Program = program
        self.model: str = model
        self.code = Code()
        self.constants: dict[int, int] = {}
        self.starts = self.code.starts
        self.sizes: dict[str, int] = {}
        self.expansions = 0
        self.calls: list[tuple[int, str]] = []  # rows to be patched with a function's start

    def compile(self) -> Code:
        p = self.program
        for thread in p.threads:
            self.code.entries.append(self._stub(thread.function, thread.args))
        for name in (p.setup, p.at_rest):
            self.code.entries.append(self._stub(name, ()) if name else -1)
        done = 0
        while done < len(self.calls):  # compiling a function appends its calls
            row, name = self.calls[done]
            if name not in self.starts:
                FunctionCompiler(self, p.functions[name]).compile()
            self.code.rows[row][1] = self.starts[name]
            done += 1
        return self.code

    def _stub(self, name: str, args: Sequence[int]) -> int:
        """Call the role with its arguments, then end the round."""
        function = self.program.functions[name]
        place = (function.file, function.line)
        self.emit(place, ops.HEADER, len(args))
        start = len(self.code.rows)
        for i, arg in enumerate(args):
            self.emit(place, ops.MOVE, i, self.constant(arg))
        self.calls.append((self.emit(place, ops.CALL), name))
        self.emit(place, ops.END, start)
        return start

    def emit(self, place: tuple[str, int], op: int, d: int = -1, a: int = 0, b: int = 0, c: int = 0, e: int = 0,
             f: int = 0, site: int = -1, inside: tuple[tuple[str, int], ...] = ()) -> int:
        """Append a row; its number."""
        self.code.rows.append([op, d, a, b, c, e, f, site])
        self.code.places.append(place)
        self.code.live.append(0)
        self.code.inside.append(inside)
        return len(self.code.rows) - 1

    def constant(self, value: int) -> int:
        """The operand of a constant."""
        value = value - (1 << 64) if value & _SIGN else value
        if value not in self.constants:
            self.code.constants.append(value)
            self.constants[value] = -len(self.code.constants)
        return self.constants[value]

    def value(self, operand: int) -> int:
        """The value of a constant's operand."""
        return self.code.constants[-operand - 1]

    def expandable(self, name: str) -> bool:
        """Whether a function is short, without arrays (whose life is the call's) and not recursive."""
        return self._size(name, ()) <= _EXPAND_MAX

    def _size(self, name: str, inside: tuple[str, ...]) -> int:
        """The statements of a function with those of the functions it calls."""
        if name not in self.sizes:
            function = self.program.functions[name]
            size = _EXPAND_MAX + 1 if function.has_arrays or name in inside else 0
            for s in ir.walk(function.body):
                if size > _EXPAND_MAX:
                    break
                size += self._size(s.function, (*inside, name)) if isinstance(s, ir.Call) else 1
            if name in inside:
                return size
            self.sizes[name] = size
        return self.sizes[name]
