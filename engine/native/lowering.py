"""Functions of words as LLVM code: those of a generated file, and the executor's own.

Numba would infer the types of every call, though all there is are 64-bit words, and make machine code of each function
once for itself and once for each that calls it: four fifths of the time that a program takes to compile. So Numba
compiles one function a file, and all others are written into its module here.

They are internal to it, so LLVM copies them into their callers where that pays. A variable that was never set is 0. A
generated file is Python in form only; of Python the executor's own functions use operators, `and`, `or`, `not`,
`x if y else z`, `if`, `while`, assignments and calls.
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
from engine.native.intrinsics import I1, I64, Body, Instruction, for_numba
from engine.native.jit import Native
from engine.native.operators import BINARY, UNARY
from engine.native.primitives import BARE, PLAIN, SUPPORT

COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "div", ast.Mod: "mod", ast.BitAnd: "and",
             ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "shr"}
#: A generated file's dispatch by number.
ENTRY = "run"


def program(path: str, table: str, places: Sequence[int]) -> Any:
    """An intrinsic whose code is `run` of the file at `path`, with all that it calls.

    Args:
        table: what the primitives are: "checked", "plain", or "bare". places: of the layout, for "checked".
    """

    def body(builder: Any, values: Sequence[Any]) -> Any:
        tree = ast.parse(Path(path).read_text())
        primitives = Checked(*places) if table == "checked" else {"plain": PLAIN, "bare": BARE}[table]
        unit = _File(builder.module, primitives, [d for d in tree.body if isinstance(d, ast.FunctionDef)])
        return builder.call(unit.functions[ENTRY], values)

    return for_numba("run", 4, body)


class _Unit:
    """Functions that stand in one module, and what the names in them mean."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def declare(self, source: ast.FunctionDef) -> Any:
        count = _returns(source)
        result = I64 if count == 1 else ll.LiteralStructType([I64] * count)
        kind = ll.FunctionType(result, [I64] * len(source.args.args))
        made = ll.Function(self.module, kind, self.module.get_unique_name(source.name))
        made.linkage = "internal"
        made.attributes.add("nounwind")
        return made

    def call(self, scope: Mapping[str, Any], name: str) -> Body:
        """The code of a call by name."""
        raise NotImplementedError


class _File(_Unit):
    """The functions of a generated file."""

    def __init__(self, module: Any, primitives: Mapping[str, Body] | Checked, found: Sequence[ast.FunctionDef]) -> None:
        super().__init__(module)
        self.primitives = primitives
        mine = [each for each in found if not each.decorator_list]  # Numba compiles the decorated one
        self.functions = {each.name: self.declare(each) for each in mine}
        for each in mine:
            _Function(self, each, self.functions[each.name], {}).write()

    def call(self, scope: Mapping[str, Any], name: str) -> Body:  # noqa: ARG002 - a file has but one scope
        if name in self.functions:
            return lambda b, values: b.call(self.functions[name], values)
        if name.startswith("_p_"):
            return self.primitives[name[3:]]
        found = SUPPORT.get(name) or BINARY.get(name[1:]) or UNARY.get(name[1:])
        if found is None:
            raise InternalError(f"a generated file calls {name}, which nothing defines")
        return found


class Library(_Unit):
    """Functions of the executor, each written where another one first asks for it."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.made: dict[Native, Any] = {}
        self.waiting: list[tuple[Native, ast.FunctionDef]] = []

    def function(self, wanted: Native) -> Any:
        if wanted not in self.made:
            source = wanted.source()
            self.made[wanted] = self.declare(source)
            self.waiting.append((wanted, source))
        return self.made[wanted]

    def finish(self) -> None:
        """Write what was asked for, and what that asks for."""
        while self.waiting:
            wanted, source = self.waiting.pop()
            _Function(self, source, self.made[wanted], wanted.scope()).write()

    def call(self, scope: Mapping[str, Any], name: str) -> Body:
        meant = scope.get(name)
        if isinstance(meant, Native):
            return lambda b, values: b.call(self.function(meant), values)
        if isinstance(meant, Instruction):
            return meant.body
        if name not in ("min", "max"):
            raise InternalError(f"a function of the executor calls {name}, which is no function of words")
        return BINARY[name]


def _returns(source: ast.FunctionDef) -> int:
    """How many words a function returns; one that returns nothing returns a word all the same."""
    values = [node.value for node in ast.walk(source) if isinstance(node, ast.Return)]
    return max((len(v.elts) if isinstance(v, ast.Tuple) else 1 for v in values), default=1)


class _Function:
    """Writes one function. Every variable is a word of the stack, which LLVM makes a register."""

    def __init__(self, unit: _Unit, source: ast.FunctionDef, function: Any, scope: Mapping[str, Any]) -> None:
        self.unit, self.source, self.function, self.scope = unit, source, function, scope
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
            case ast.Assign(targets=[ast.Tuple() as targets], value=ast.Tuple() as values):
                for target, value in zip(targets.elts, [self.value(v) for v in values.elts], strict=True):
                    self._assign(target, value)
            case ast.Assign():
                self._assign(s.targets[0], self.value(s.value))
            case ast.AugAssign(target=ast.Name() as target):
                place = self.variables[target.id]
                self.b.store(self._operate(s.op, self.b.load(place), self.value(s.value)), place)
            case ast.Expr():
                if not isinstance(s.value, ast.Constant):  # a docstring
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

    def _operate(self, op: ast.operator, a: Any, b: Any) -> Any:
        return BINARY[OPERATORS[type(op)]](self.b, (a, b))

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
                known = self.variables.get(e.id)
                return self.b.load(known) if known else I64(int(self.scope[e.id]))
            case ast.BinOp():
                return self._operate(e.op, self.value(e.left), self.value(e.right))
            case ast.UnaryOp(op=ast.Invert()):
                return UNARY["inv"](self.b, (self.value(e.operand),))
            case ast.IfExp():
                return self._either(e)
            case ast.Call(func=ast.Name(id=name)):
                done = self.unit.call(self.scope, name)(self.b, [self.value(a) for a in e.args])
                return I64(0) if done is None else done
        return self.b.zext(self.condition(e), I64)

    def _either(self, e: ast.IfExp) -> Any:
        """Only the one that is wanted is evaluated."""
        result = self._word()
        with self.b.if_else(self.condition(e.test)) as (then, other):
            with then:
                self.b.store(self.value(e.body), result)
            with other:
                self.b.store(self.value(e.orelse), result)
        return self.b.load(result)

    def _word(self) -> Any:
        with self.b.goto_entry_block():
            return self.b.alloca(I64)

    def condition(self, e: ast.expr) -> Any:
        """One bit."""
        match e:
            case ast.Compare():
                relation = COMPARE[type(e.ops[0])]
                return self.b.icmp_unsigned(relation, self.value(e.left), self.value(e.comparators[0]))
            case ast.UnaryOp(op=ast.Not()):
                return self.b.not_(self.condition(e.operand))
            case ast.BoolOp():
                return self._all_or_any(e)
        return self.b.icmp_unsigned("!=", self.value(e), I64(0))

    def _all_or_any(self, e: ast.BoolOp) -> Any:
        """`and` and `or` stop where Python does: what follows may be no address."""
        last, done = isinstance(e.op, ast.Or), self.function.append_basic_block("known")
        incoming = []
        for part in e.values[:-1]:
            bit, on = self.condition(part), self.function.append_basic_block("more")
            incoming.append((I1(last), self.b.block))
            self.b.cbranch(bit, *((done, on) if last else (on, done)))
            self.b.position_at_end(on)
        incoming.append((self.condition(e.values[-1]), self.b.block))
        self.b.branch(done)
        self.b.position_at_end(done)
        result = self.b.phi(I1)
        for value, block in incoming:
            result.add_incoming(value, block)
        return result
