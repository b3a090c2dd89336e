"""The functions of a generated file as LLVM code: all of them, inside the one function that Numba compiles.

Numba would infer the types of every call, though all there is are 64-bit words, and make machine code of each function
once for itself and once for each that calls it: four fifths of the time that a program takes to compile. So a generated
file is Python in form only: calls of operators, primitives and its own functions, `if`, `while` and assignments.

A file's functions are internal to its module, so LLVM copies them into their callers where that pays. A variable that
was never set is 0.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import llvmlite.ir as ll

from engine.errors import InternalError
from engine.native.fast import Checked
from engine.native.intrinsics import I64, Body, define
from engine.native.operators import BINARY, UNARY
from engine.native.primitives import BARE, PLAIN, SUPPORT

COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
#: Its dispatch by number.
ENTRY = "run"


def program(path: str, table: str, places: Sequence[int]) -> Any:
    """An intrinsic whose code is `run` of the file at `path`, with all that it calls.

    Args:
        table: what the primitives are: "checked", "plain", or "bare". places: of the layout, for "checked".
    """

    def body(builder: Any, values: Sequence[Any]) -> Any:
        tree = ast.parse(Path(path).read_text())
        primitives = Checked(*places) if table == "checked" else {"plain": PLAIN, "bare": BARE}[table]
        unit = _Unit(builder.module, primitives, [d for d in tree.body if isinstance(d, ast.FunctionDef)])
        return builder.call(unit.functions[ENTRY], values)

    return define("run", 4, body)


class _Unit:
    """The functions of one file. `functions`: name -> LLVM function."""

    def __init__(self, module: Any, primitives: Mapping[str, Body] | Checked, found: Sequence[ast.FunctionDef]) -> None:
        self.primitives = primitives
        mine = [each for each in found if not each.decorator_list]  # Numba compiles the decorated one
        self.returns = {each.name: _returns(each) for each in mine}
        self.functions = {each.name: self._declare(module, each) for each in mine}
        for each in mine:
            _Function(self, each).write()

    def _declare(self, module: Any, source: ast.FunctionDef) -> Any:
        count = self.returns[source.name]
        result = I64 if count == 1 else ll.LiteralStructType([I64] * count)
        made = ll.Function(module, ll.FunctionType(result, [I64] * len(source.args.args)), source.name)
        made.linkage = "internal"
        made.attributes.add("nounwind")
        return made

    def body(self, name: str) -> Body:
        """What a name stands for that is not one of the file's own functions."""
        if name.startswith("_p_"):
            return self.primitives[name[3:]]
        found = SUPPORT.get(name) or BINARY.get(name[1:]) or UNARY.get(name[1:])
        if found is None:
            raise InternalError(f"a generated file calls {name}, which nothing defines")
        return found


def _returns(source: ast.FunctionDef) -> int:
    """How many words a function returns; one that returns nothing returns a word all the same."""
    values = [node.value for node in ast.walk(source) if isinstance(node, ast.Return)]
    return max((len(v.elts) if isinstance(v, ast.Tuple) else 1 for v in values), default=1)


class _Function:
    """Writes one function. Every variable is a word of the stack, which LLVM makes a register."""

    def __init__(self, unit: _Unit, source: ast.FunctionDef) -> None:
        self.unit, self.source = unit, source
        self.function = unit.functions[source.name]
        self.b = ll.IRBuilder(self.function.append_basic_block("entry"))
        self.loops: list[tuple[Any, Any]] = []  # where `continue` and `break` lead, innermost last
        self.variables: dict[str, Any] = {}
        stored = {n.id for n in ast.walk(source) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        given = dict(zip((a.arg for a in source.args.args), self.function.args, strict=True))
        for name in sorted(stored | set(given)):
            self.variables[name] = self.b.alloca(I64)
            self.b.store(given.get(name, I64(0)), self.variables[name])

    def write(self) -> None:
        self.block(self.source.body)
        if not self.b.block.is_terminated:
            self._return(None)

    # --- statements ---

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if self.b.block.is_terminated:
                return  # what follows is dead
            self.statement(statement)

    def statement(self, s: ast.stmt) -> None:
        match s:
            case ast.Assign():
                self._assign(s.targets[0], self.value(s.value))
            case ast.Expr():
                self.value(s.value)
            case ast.If():
                self._if(s)
            case ast.While():
                self._while(s)
            case ast.Break():
                self.b.branch(self.loops[-1][1])
            case ast.Continue():
                self.b.branch(self.loops[-1][0])
            case ast.Return():
                self._return(s.value)
            case ast.Pass():
                pass
            case _:
                raise InternalError(f"a generated file has a {type(s).__name__}")

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Tuple):
            for i, each in enumerate(target.elts):
                self._assign(each, self.b.extract_value(value, i))
        else:
            assert isinstance(target, ast.Name)
            self.b.store(value, self.variables[target.id])

    def _if(self, s: ast.If) -> None:
        then, other, done = (self.function.append_basic_block(name) for name in ("then", "other", "done"))
        self.b.cbranch(self.condition(s.test), then, other)
        for block, body in ((then, s.body), (other, s.orelse)):
            self.b.position_at_end(block)
            self.block(body)
            self._leave_for(done)
        self.b.position_at_end(done)

    def _while(self, s: ast.While) -> None:
        head, body, done = (self.function.append_basic_block(name) for name in ("head", "body", "done"))
        self.b.branch(head)
        self.b.position_at_end(head)
        self.b.cbranch(self.condition(s.test), body, done)
        self.b.position_at_end(body)
        self.loops.append((head, done))
        self.block(s.body)
        self.loops.pop()
        self._leave_for(head)
        self.b.position_at_end(done)

    def _leave_for(self, block: Any) -> None:
        if not self.b.block.is_terminated:
            self.b.branch(block)

    def _return(self, value: ast.expr | None) -> None:
        if isinstance(value, ast.Tuple):
            result = ll.Constant(self.function.function_type.return_type, ll.Undefined)
            for i, each in enumerate(value.elts):
                result = self.b.insert_value(result, self.value(each), i)
            self.b.ret(result)
        else:
            self.b.ret(I64(0) if value is None else self.value(value))

    # --- expressions ---

    def value(self, e: ast.expr) -> Any:
        match e:
            case ast.Constant():
                return I64(e.value)
            case ast.Name():
                return self.b.load(self.variables[e.id])
            case ast.Call():
                assert isinstance(e.func, ast.Name)
                arguments = [self.value(a) for a in e.args]
                own = self.unit.functions.get(e.func.id)
                return self.b.call(own, arguments) if own else self.unit.body(e.func.id)(self.b, arguments)
        return self.b.zext(self.condition(e), I64)

    def condition(self, e: ast.expr) -> Any:
        """One bit."""
        match e:
            case ast.Compare():
                relation = COMPARE[type(e.ops[0])]
                return self.b.icmp_unsigned(relation, self.value(e.left), self.value(e.comparators[0]))
            case ast.UnaryOp():
                return self.b.not_(self.condition(e.operand))
        return self.b.icmp_unsigned("!=", self.value(e), I64(0))
