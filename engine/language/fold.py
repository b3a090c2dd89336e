"""Put constants in: addresses from the layout, parameters from the variant; drop the branches they decide.

Runs before every search, so that a parameter is never a shared access and a variant's dead code costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.language import ir
from engine.words import BINARY, UNARY


def fold(module: ir.Module, addresses: Mapping[str, int], params: Mapping[str, int]) -> dict[str, ir.Function]:
    """Every function with `Address` replaced, `ParamRef` too where `params` has it, and constants computed."""
    folder = _Folder(addresses, params)
    return {name: replace(f, body=folder.body(f.body)) for name, f in module.functions.items()}


class _Folder:
    def __init__(self, addresses: Mapping[str, int], params: Mapping[str, int]) -> None:
        self.addresses = addresses
        self.params = params

    def expr(self, e: ir.Expr) -> ir.Expr:
        if isinstance(e, ir.Address):
            return ir.Const(self.addresses[e.name])
        if isinstance(e, ir.ParamRef):
            return ir.Const(self.params[e.name]) if e.name in self.params else e
        if isinstance(e, ir.Binary):
            return self._binary(e.op, self.expr(e.a), self.expr(e.b))
        if isinstance(e, ir.Unary):
            a = self.expr(e.a)
            return ir.Const(UNARY[e.op](a.value)) if isinstance(a, ir.Const) else ir.Unary(e.op, a)
        return e

    def _binary(self, op: str, a: ir.Expr, b: ir.Expr) -> ir.Expr:
        if isinstance(a, ir.Const) and isinstance(b, ir.Const):
            return ir.Const(BINARY[op](a.value, b.value))
        if isinstance(b, ir.Const) and isinstance(a, ir.Binary) and isinstance(a.b, ir.Const) and op == a.op == "add":
            return self._binary("add", a.a, ir.Const(BINARY["add"](a.b.value, b.value)))
        if isinstance(b, ir.Const) and b.value == 0 and op in ("add", "sub", "or", "xor", "shl", "shr"):
            return a
        if isinstance(b, ir.Const) and b.value == 1 and op == "mul":
            return a
        if op in ("mul", "and") and ir.Const(0) in (a, b):
            return ir.Const(0)  # operands are local work: dropping one drops nothing else
        if isinstance(a, ir.Const) and a.value == 0 and op in ("add", "or", "xor"):
            return b
        return ir.Binary(op, a, b)

    def body(self, body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        out: list[ir.Stmt] = []
        for stmt in body:
            out += self._stmt(stmt)
            if out and isinstance(out[-1], ir.Return | ir.Break | ir.Continue):
                break  # what follows is dead
        return tuple(out)

    def _stmt(self, s: ir.Stmt) -> tuple[ir.Stmt, ...]:
        match s:
            case ir.Assign():
                return (replace(s, value=self.expr(s.value)),)
            case ir.Prim() | ir.Call():
                return (replace(s, args=tuple(self.expr(a) for a in s.args)),)
            case ir.ArrayGet():
                return (replace(s, array=self.expr(s.array), index=self.expr(s.index)),)
            case ir.ArraySet():
                return (replace(s, array=self.expr(s.array), index=self.expr(s.index), value=self.expr(s.value)),)
            case ir.If():
                test = self.expr(s.test)
                if isinstance(test, ir.Const):
                    return self.body(s.then if test.value else s.other)
                return (ir.If(test, self.body(s.then), self.body(s.other), s.place),)
            case ir.While():
                test = self.expr(s.test)
                if isinstance(test, ir.Const) and not test.value:
                    return self.body(s.before)
                return (ir.While(self.body(s.before), test, self.body(s.body), self.body(s.after), s.place),)
            case ir.Return():
                return (ir.Return(tuple(self.expr(v) for v in s.values), s.place),)
        return (s,)
