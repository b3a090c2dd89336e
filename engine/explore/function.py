"""One function's IR to rows: expressions to registers, branches and loops to jumps, short callees in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from engine.explore.machine import ops
from engine.explore.optimise import Body, optimise
from engine.language import ir
from engine.memory.members import CODES, MEMBERS, width_of
from engine.violations import BY_NAME
from engine.vocabulary import PRIMITIVES, Primitive

if TYPE_CHECKING:
    from engine.explore.bytecode import Compiler

_JUMPS: Final = {"eq": ops.JUMP_EQ, "ne": ops.JUMP_NE, "lt": ops.JUMP_LT, "le": ops.JUMP_LE, "slt": ops.JUMP_SLT,
                 "sle": ops.JUMP_SLE}
_NEGATED: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_MIRRORED: Final = {"gt": "lt", "ge": "le"}


class FunctionCompiler:
    def __init__(self, owner: Compiler, function: ir.Function) -> None:
        self.owner, self.function = owner, function
        self.registers: dict[str, int] = {}
        self.aliases: dict[str, int] = {}  # parameters of expanded functions that stand for an operand of the caller
        self.count = 0
        self.free: list[int] = []  # scratch registers not in use
        self.inside: tuple[tuple[str, int], ...] = ()
        self.results: list[tuple[list[int], list[int]]] = []  # of the function being expanded: targets, rows that leave
        self.loops: list[tuple[list[int], list[int]]] = []  # rows that break, rows that continue
        self.above: list[tuple[int, int]] = []  # (row, column): registers above ours, known when all are counted
        self.prefix = ""
        self.place = (function.file, function.line)

    def compile(self) -> None:
        rows = self.owner.code.rows
        header = self.emit(ops.HEADER)
        self.owner.starts[self.function.name] = header + 1
        for name in self.function.params:
            self.register(name)
        self.count = max(self.count, self.function.returns)  # results have the first registers to themselves
        self.block(self.function.body)
        self.emit(ops.RETURN, e=int(self.function.has_arrays))
        for row, column in self.above:
            rows[row][column] += self.count
        self.improve(header + 1)
        rows[header][1] = self.count
        self.owner.code.most_registers = max(self.owner.code.most_registers, self.count)

    def improve(self, start: int) -> None:
        """Optimise the rows from `start` on; rows that go take their places with them."""
        owner, code = self.owner, self.owner.code
        rows = code.rows[start:]
        for row in rows:
            if ops.JUMP <= row[0] <= ops.JUMP_SLE:
                row[1] -= start
        calls = {row - start: name for row, name in owner.calls if row >= start}
        arguments = {row: len(owner.program.functions[name].params) for row, name in calls.items()}
        body = Body([*rows], self.count, len(self.function.params), self.function.returns, arguments, owner.constant,
                    owner.value)
        live = optimise(body)
        kept = [i for i, _ in body.kept()]
        places, inside = code.places[start:], code.inside[start:]
        new = {old: start + i for i, old in enumerate(kept)}
        code.rows[start:] = [row for _, row in body.kept()]
        code.places[start:] = [places[i] for i in kept]
        code.inside[start:] = [inside[i] for i in kept]
        code.live[start:] = live
        for row in code.rows[start:]:
            if ops.JUMP <= row[0] <= ops.JUMP_SLE:
                row[1] = new[body.following(row[1])]
        owner.calls = [call for call in owner.calls if call[0] < start]
        owner.calls += [(new[row], name) for row, name in calls.items() if row in new]
        self.count = body.count

    # --- registers ---

    def register(self, name: str) -> int:
        name = self.prefix + name
        if name not in self.registers:
            self.registers[name] = self.count
            self.count += 1
        return self.registers[name]

    def scratch(self) -> int:
        if self.free:
            return self.free.pop()
        self.count += 1
        return self.count - 1

    def emit(self, op: int, d: int = -1, a: int = 0, b: int = 0, c: int = 0, e: int = 0, f: int = 0,
             site: int = -1) -> int:
        return self.owner.emit(self.place, op, d, a, b, c, e, f, site, self.inside)

    # --- expressions ---

    def operand(self, e: ir.Expr, borrowed: list[int]) -> int:
        """The operand that holds a value; scratch registers it needs are appended to `borrowed`."""
        if isinstance(e, ir.Const):
            return self.owner.constant(e.value)
        if isinstance(e, ir.Var):
            alias = self.aliases.get(self.prefix + e.name)
            return self.register(e.name) if alias is None else alias
        scratch = self.scratch()
        borrowed.append(scratch)
        self.into(scratch, e)
        return scratch

    def into(self, target: int, e: ir.Expr) -> None:
        """Compute a value into a register. Operands are read before the register is written."""
        borrowed: list[int] = []
        if isinstance(e, ir.Binary):
            a, b = self.operand(e.a, borrowed), self.operand(e.b, borrowed)
            self.emit(ops.BINARY_FIRST + ops.BINARY_NAMES.index(e.op), target, a, b)
        elif isinstance(e, ir.Unary):
            self.emit(ops.UNARY_FIRST + ops.UNARY_NAMES.index(e.op), target, self.operand(e.a, borrowed))
        else:
            source = self.operand(e, borrowed)
            if source != target:
                self.emit(ops.MOVE, target, source)
        self.free += borrowed

    def jump_unless(self, e: ir.Expr) -> int:
        """Jump if the value is 0; the row to patch with the target."""
        return self._jump(e, False)

    def _jump(self, e: ir.Expr, wanted: bool) -> int:
        if isinstance(e, ir.Unary) and e.op in ("not", "bool"):
            return self._jump(e.a, wanted if e.op == "bool" else not wanted)
        borrowed: list[int] = []
        jump = self._compare(e, wanted)
        if jump is None:
            row = self.emit(ops.JUMP_NONZERO if wanted else ops.JUMP_ZERO, -1, self.operand(e, borrowed))
        else:
            op, x, y = jump
            a, b = self.operand(x, borrowed), self.operand(y, borrowed)
            row = self.emit(_JUMPS[op], -1, a, b)
        self.free += borrowed
        return row

    def _compare(self, e: ir.Expr, wanted: bool) -> tuple[str, ir.Expr, ir.Expr] | None:
        if not isinstance(e, ir.Binary) or e.op not in (*_NEGATED, "slt", "sle"):
            return None
        op, a, b = e.op, e.a, e.b
        if not wanted and op in ("slt", "sle"):
            op, a, b = ("sle" if op == "slt" else "slt"), b, a
        elif not wanted:
            op = _NEGATED[op]
        if op in _MIRRORED:
            op, a, b = _MIRRORED[op], b, a
        return op, a, b

    # --- statements ---

    def block(self, body: tuple[ir.Stmt, ...]) -> None:
        for stmt in body:
            self.place = (self.place[0], stmt.place.line)
            self.statement(stmt)

    def statement(self, s: ir.Stmt) -> None:
        borrowed: list[int] = []
        match s:
            case ir.Assign():
                self.into(self.register(s.target), s.value)
            case ir.Prim():
                self.primitive(s, borrowed)
            case ir.Call():
                self.call(s)
            case ir.ArrayNew():
                self.emit(ops.ARRAY_NEW, self.register(s.target), e=s.size)
            case ir.ArrayGet():
                array, index = self.operand(s.array, borrowed), self.operand(s.index, borrowed)
                self.emit(ops.ARRAY_GET, self.register(s.target), array, index)
            case ir.ArraySet():
                array, index = self.operand(s.array, borrowed), self.operand(s.index, borrowed)
                self.emit(ops.ARRAY_SET, -1, array, index, self.operand(s.value, borrowed))
            case ir.If():
                self.branch(s)
            case ir.While():
                self.loop(s)
            case ir.Break():
                self.loops[-1][0].append(self.emit(ops.JUMP))
            case ir.Continue():
                self.loops[-1][1].append(self.emit(ops.JUMP))
            case ir.Return():
                self.leave(s)
        self.free += borrowed

    def here(self, *rows: int) -> None:
        """Make some jumps end here."""
        for row in rows:
            self.owner.code.rows[row][1] = len(self.owner.code.rows)

    def branch(self, s: ir.If) -> None:
        to_else = self.jump_unless(s.test)
        self.block(s.then)
        if s.other:
            to_end = self.emit(ops.JUMP)
            self.here(to_else)
            self.block(s.other)
            self.here(to_end)
        else:
            self.here(to_else)

    def loop(self, s: ir.While) -> None:
        top = len(self.owner.code.rows)
        breaks: list[int] = []
        continues: list[int] = []
        self.loops.append((breaks, continues))
        self.block(s.before)
        if not (isinstance(s.test, ir.Const) and s.test.value):
            breaks.append(self.jump_unless(s.test))
        self.block(s.body)
        self.here(*continues)
        self.block(s.after)
        self.emit(ops.JUMP, top)
        self.here(*breaks)
        self.loops.pop()

    def leave(self, s: ir.Return) -> None:
        """Results go to the first registers, or to the targets of an expanded call."""
        if self.results:
            targets, leaving = self.results[-1]
            self.give(s.values, targets)
            leaving.append(self.emit(ops.JUMP))
            return
        self.give(s.values, range(len(s.values)))
        self.emit(ops.RETURN, e=int(self.function.has_arrays))

    def give(self, values: Sequence[ir.Expr], targets: Sequence[int]) -> None:
        """Compute values into registers: all are computed before one is overwritten."""
        borrowed: list[int] = []
        if len(values) == 1 and targets:
            self.into(targets[0], values[0])
        elif targets:
            for value in values:
                borrowed.append(self.scratch())
                self.into(borrowed[-1], value)
            for target, source in zip(targets, borrowed, strict=True):
                self.emit(ops.MOVE, target, source)
        self.free += borrowed

    def call(self, s: ir.Call) -> None:
        if self.owner.expandable(s.function):
            self.expand(s)
            return
        for i, arg in enumerate(s.args):
            self.above.append((self.argument(i, arg), 1))
        row = self.emit(ops.CALL)
        self.above.append((row, 5))
        self.owner.calls.append((row, s.function))
        for i, target in enumerate(s.targets):
            self.above.append((self.emit(ops.MOVE, self.register(target), i), 2))

    def argument(self, i: int, arg: ir.Expr) -> int:
        """Compute argument `i` into its place above our registers; the row whose destination is to be patched."""
        if isinstance(arg, ir.Const | ir.Var):
            return self.emit(ops.MOVE, i, self.operand(arg, []))
        self.into(i, arg)
        return len(self.owner.code.rows) - 1  # it writes its target last

    def expand(self, s: ir.Call) -> None:
        """The body of a short function in place, its variables under names of their own."""
        callee = self.owner.program.functions[s.function]
        assigned = {name for each in ir.walk(callee.body) for name in _targets(each)}
        self.owner.expansions += 1
        number = self.owner.expansions
        outer, inner, place, around = self.prefix, f"{self.prefix}{s.function}@{number}.", self.place, self.inside
        targets = [self.register(name) for name in s.targets]
        for name, arg in zip(callee.params, s.args, strict=True):
            if isinstance(arg, ir.Const | ir.Var) and name not in assigned:
                self.aliases[inner + name] = self.operand(arg, [])
                continue
            self.prefix = inner
            target = self.register(name)
            self.prefix = outer
            self.into(target, arg)
        self.prefix, self.place, self.inside = inner, (callee.file, callee.line), (*around, (s.function, -number))
        self.results.append((targets, []))
        self.block(callee.body)
        self.prefix, self.place, self.inside = outer, place, around
        self.here(*self.results.pop()[1])

    # --- primitives ---

    def primitive(self, s: ir.Prim, borrowed: list[int]) -> None:
        row = PRIMITIVES[s.name]
        target = self.register(s.target) if s.target else -1
        args = [self.operand(a, borrowed) for a in s.args]
        if row.step:
            self.emit(*(_member_row(row, s.member, args[0]) if s.member else _step_row(row, target, args)), site=s.site)
        elif s.name in _LOCAL:
            _LOCAL[s.name](self, s, target, args)
        elif s.name == "smp_mb" and self.owner.model != "sc":
            self.emit(ops.FENCE, site=s.site)
        elif s.name == "smp_wmb" and self.owner.model == "pso":
            self.emit(ops.SEPARATE, site=s.site)
        # what is left are barriers that say nothing in this memory model


def _targets(s: ir.Stmt) -> tuple[str, ...]:
    """The variables that a statement assigns."""
    match s:
        case ir.Call():
            return s.targets
        case ir.Assign() | ir.ArrayGet() | ir.ArrayNew():
            return (s.target,)
        case ir.Prim():
            return (s.target,) if s.target else ()
    return ()


def _step_row(row: Primitive, target: int, args: list[int]) -> tuple[int, int, int, int, int, int, int]:
    a, b, c = (*args, 0, 0, 0)[:3]
    if row.access == "load":
        return ops.LOAD, target, a, 0, 0, row.width, int(row.speculative)
    if row.access == "store":
        return ops.STORE, -1, a, b, 0, row.width, int(row.order == "release")
    if row.access == "rmw":
        how = ops.RMW_NAMES.index(row.op) | ops.RETURN_NAMES.index(row.returns) << 4 | int(row.speculative) << 8
        return ops.RMW, target, a, b, c, row.width, how
    if row.access == "lock":
        return ops.LOCK, target, a, 0, 0, ops.LOCK_NAMES.index(row.name), 0
    op = {"alloc_page": ops.ALLOC, "free_page": ops.FREE, "fill_page": ops.FILL}[row.name]
    return op, target, a, b, c, 0, 0


def _member_row(row: Primitive, member: str, address: int) -> tuple[int, int, int, int, int, int, int]:
    how = CODES[member] | ops.MEMBER_NAMES.index(row.op) << 8 | MEMBERS[member].offset << 16
    return ops.MEMBER, -1, address, 0, 0, width_of(member), how


_Local = Callable[[FunctionCompiler, ir.Prim, int, list[int]], object]
_LOCAL: Final[Mapping[str, _Local]] = {
    "cpu_relax": lambda f, s, _t, _a: f.emit(ops.RELAX, site=s.site),
    "choose": lambda f, s, t, a: f.emit(ops.CHOOSE, t, a[0], site=s.site),
    "might_sleep": lambda f, s, _t, _a: f.emit(ops.MIGHT_SLEEP, site=s.site),
    "warn_on": lambda f, s, _t, a: f.emit(ops.WARN, -1, a[0], site=s.site),
    "check": lambda f, s, _t, a: f.emit(ops.CHECK, -1, a[0], e=BY_NAME[s.kind].code, site=s.site),
    "count": lambda f, s, _t, _a: f.emit(ops.COUNT, e=f.owner.program.counters.index(s.counter), site=s.site),
    "running": lambda f, _s, t, _a: f.emit(ops.MOVE, t, f.owner.constant(0)) if t >= 0 else None,
}
