"""IR to Python syntax trees: the one lowering that the python and the native executor share.

A `Dialect` says how the two differ: what stands for the shared context, how a constant, a condition and a primitive are
written. The result keeps the user's line numbers and variable names, so that a debugger stops in the user's file.
Operators become calls of `_add`, `_shl`, ...: what they mean is `engine.words`, whatever the host's `+` does.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.language import ir

#: Operators whose result is 0 or 1 and that the host compares rightly once both sides are unsigned words.
COMPARE = {"eq": ast.Eq, "ne": ast.NotEq, "lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE}


@dataclass(frozen=True)
class Dialect:
    """How an executor writes things. The defaults are those of the python executor.

    Attributes:
        context: names of the parameters that every function takes before its own.
        guard: a call that every turn of a loop makes first, "" for none: false ends the loop (a void round unwinds).
    """

    context: tuple[str, ...] = ("_m",)
    guard: str = ""

    def const(self, value: int) -> ast.expr:
        return ast.Constant(value)

    def param(self, name: str) -> ast.expr:
        """A parameter that was not folded."""
        return self.call("_param", [ast.Constant(name)])

    def primitive(self, stmt: ir.Prim, args: Sequence[ast.expr]) -> ast.expr:
        """The call that performs one primitive."""
        return self.call(f"_p_{stmt.name}", [ast.Constant(stmt.site), *args])

    def call(self, name: str, args: Sequence[ast.expr]) -> ast.expr:
        """A call that gets the context first."""
        return ast.Call(_name(name), [*(_name(c) for c in self.context), *args], [])

    def annotate(self, function: ast.FunctionDef, source: ir.Function) -> ast.FunctionDef:  # noqa: ARG002
        """A last word on the whole function (decorators)."""
        return function


def emit(function: ir.Function, dialect: Dialect) -> ast.FunctionDef:
    """One function, called `f_<name>`."""
    return _Emitter(function, dialect).function()


def local_name(name: str) -> str:
    """The user's name, unless it could hide one of ours (`f_...` or `_...`)."""
    ours = name.startswith("f_") or (name.startswith("_") and not name.startswith("_t"))
    return f"_u{name}" if ours else name


def _name(name: str, ctx: ast.expr_context | None = None) -> ast.Name:
    return ast.Name(name, ctx or ast.Load())


class _Emitter:
    def __init__(self, function: ir.Function, dialect: Dialect) -> None:
        self.source, self.dialect = function, dialect
        self.afters: list[tuple[ir.Stmt, ...]] = []  # what `continue` runs first, innermost last

    def function(self) -> ast.FunctionDef:
        f, d = self.source, self.dialect
        args = [ast.arg(name) for name in (*d.context, *map(local_name, f.params))]
        body = self.block(f.body)
        if f.has_arrays:
            mark = ast.Assign([_name("_mark", ast.Store())], d.call("_array_mark", []))
            body = [mark, *body, ast.Expr(d.call("_array_release", [_name("_mark")]))]
        node = ast.FunctionDef(
            f"f_{f.name}", ast.arguments([], args, None, [], [], None, []), body or [ast.Pass()], [], None, None
        )
        return ast.fix_missing_locations(_locate(d.annotate(node, f), ir.Place(f.line)))

    # --- expressions ---

    def expr(self, e: ir.Expr) -> ast.expr:
        match e:
            case ir.Const():
                return self.dialect.const(e.value)
            case ir.Var():
                return _name(local_name(e.name))
            case ir.ParamRef():
                return self.dialect.param(e.name)
            case ir.Binary():
                return ast.Call(_name(f"_{e.op}"), [self.expr(e.a), self.expr(e.b)], [])
            case ir.Unary():
                return ast.Call(_name(f"_{e.op}"), [self.expr(e.a)], [])
        raise TypeError(f"{e} was not folded")

    def condition(self, e: ir.Expr) -> ast.expr:
        """An expression where only its truth counts."""
        if isinstance(e, ir.Binary) and e.op in COMPARE:
            return ast.Compare(self.expr(e.a), [COMPARE[e.op]()], [self.expr(e.b)])
        if isinstance(e, ir.Unary) and e.op == "not":
            return ast.UnaryOp(ast.Not(), self.condition(e.a))
        return ast.Compare(self.expr(e), [ast.NotEq()], [self.dialect.const(0)])

    # --- statements ---

    def block(self, body: tuple[ir.Stmt, ...]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for stmt in body:
            for node in self.statement(stmt):
                _locate(node, stmt.place)
                out.append(node)
        return out

    def statement(self, s: ir.Stmt) -> list[ast.stmt]:
        d = self.dialect
        match s:
            case ir.Assign():
                return [self._set((s.target,), self.expr(s.value))]
            case ir.Prim():
                value = d.primitive(s, [self.expr(a) for a in s.args])
                return [self._set((s.target,) if s.target else (), value)]
            case ir.Call():
                return [self._set(s.targets, d.call(f"f_{s.function}", [self.expr(a) for a in s.args]))]
            case ir.ArrayNew():
                return [self._set((s.target,), d.call("_array_new", [d.const(s.size)]))]
            case ir.ArrayGet():
                return [self._set((s.target,), d.call("_array_get", [self.expr(s.array), self.expr(s.index)]))]
            case ir.ArraySet():
                args = [self.expr(s.array), self.expr(s.index), self.expr(s.value)]
                return [ast.Expr(d.call("_array_set", args))]
            case ir.If():
                return [ast.If(self.condition(s.test), self.block(s.then) or [ast.Pass()], self.block(s.other))]
            case ir.While():
                return [self._while(s)]
            case ir.Break():
                return [ast.Break()]
            case ir.Continue():
                return [*self.block(self.afters[-1]), ast.Continue()]
            case ir.Return():
                return self._return(s)

    def _set(self, targets: tuple[str, ...], value: ast.expr) -> ast.stmt:
        names = [_name(local_name(t), ast.Store()) for t in targets]
        if not names:
            return ast.Expr(value)
        return ast.Assign([names[0] if len(names) == 1 else ast.Tuple([*names], ast.Store())], value)

    def _while(self, s: ir.While) -> ast.stmt:
        self.afters.append(s.after)
        guard = self.dialect.call(self.dialect.guard, []) if self.dialect.guard else ast.Constant(True)
        body = self.block(s.before)
        if not (isinstance(s.test, ir.Const) and s.test.value):
            leave = ast.If(ast.UnaryOp(ast.Not(), self.condition(s.test)), [ast.Break()], [])
            body.append(_locate(leave, s.place))
        body += self.block(s.body)
        self.afters.pop()
        body += self.block(s.after)
        return ast.While(guard, body or [ast.Pass()], [])

    def _return(self, s: ir.Return) -> list[ast.stmt]:
        values = [self.expr(v) for v in s.values]
        value = None if not values else values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())
        out: list[ast.stmt] = [ast.Return(value)]
        if self.source.has_arrays:
            out.insert(0, ast.Expr(self.dialect.call("_array_release", [_name("_mark")])))
        return out


_Node = TypeVar("_Node", bound=ast.AST)


def _locate(node: _Node, place: ir.Place) -> _Node:
    """Give the user's place to every node that has none yet."""
    for each in ast.walk(node):
        if "lineno" in each._attributes and not hasattr(each, "lineno"):
            each.lineno = each.end_lineno = place.line  # type: ignore[attr-defined]
            each.col_offset = each.end_col_offset = place.column  # type: ignore[attr-defined]
    return node
