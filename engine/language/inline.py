"""Turn mutual recursion into self-recursion, by putting one member of a circle into its callers.

Numba resolves a call to a function that is not compiled yet through a cell that only the compiling process fills:
loaded from its cache, such a call jumps to address 0. A function that calls only itself has no such call. So for every
circle of calls the members that do not call themselves are inlined, smallest first, until none is left.

A callee's body becomes a loop that runs once: `return` is "set the results, break". Inside the callee's own loops a
flag carries the break outwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.errors import UsageError
from engine.language import ir

_ONE = ir.Const(1)
_ZERO = ir.Const(0)


def break_circles(functions: Mapping[str, ir.Function]) -> dict[str, ir.Function]:
    """The same functions without calls in a circle of more than one.

    Raises:
        UsageError: a circle in which every member calls itself or has private arrays (whose life is the call's).
    """
    done = dict(functions)
    while circle := _circle(done):
        inlined = sorted(
            (name for name in circle if name not in callees(done[name]) and not done[name].has_arrays),
            key=lambda name: (sum(1 for _ in ir.walk(done[name].body)), name),  # the same text in every process
        )
        if not inlined:
            names = ", ".join(sorted(circle))
            raise UsageError(f"{names}: protocols that call each other in a circle; let one of them call only itself")
        callee = done[inlined[0]]
        for name, function in list(done.items()):
            if callee.name in callees(function):
                done[name] = _Inliner(callee).function(function)
    return done


def callees(function: ir.Function) -> list[str]:
    """The functions it calls, each once, in source order."""
    return list(dict.fromkeys(s.function for s in ir.walk(function.body) if isinstance(s, ir.Call)))


def _circle(functions: Mapping[str, ir.Function]) -> set[str]:
    """The members of one circle of calls of two or more, or nothing."""
    reach = {name: set(callees(f)) for name, f in functions.items()}
    for via in functions:
        for found in reach.values():
            if via in found:
                found |= reach[via]
    for name in functions:
        members = {other for other in reach[name] if name in reach[other]}
        if len(members | {name}) > 1 and name in members:
            return members | {name}
    return set()


class _Inliner:
    """Replaces the calls of one callee. Each use gets variables of its own."""

    def __init__(self, callee: ir.Function) -> None:
        self.callee = callee
        self.uses = 0

    def function(self, caller: ir.Function) -> ir.Function:
        return replace(caller, body=tuple(self._block(caller.body)))

    def _block(self, body: tuple[ir.Stmt, ...]) -> Iterator[ir.Stmt]:
        for s in body:
            if isinstance(s, ir.Call) and s.function == self.callee.name:
                yield from self._expand(s)
            elif isinstance(s, ir.If):
                yield replace(s, then=tuple(self._block(s.then)), other=tuple(self._block(s.other)))
            elif isinstance(s, ir.While):
                yield replace(s, before=tuple(self._block(s.before)), body=tuple(self._block(s.body)),
                              after=tuple(self._block(s.after)))
            else:
                yield s

    def _expand(self, call: ir.Call) -> Iterator[ir.Stmt]:
        self.uses += 1
        body = _Body(f"_i{self.uses}_{self.callee.name}_")
        for param, arg in zip(self.callee.params, call.args, strict=True):
            yield ir.Assign(body.name(param), arg, call.place)
        results = tuple(f"{body.prefix}result{i}" for i in range(self.callee.returns))
        for name in results:
            yield ir.Assign(name, _ZERO, call.place)
        inner = body.block(self.callee.body, results, 0)
        yield ir.While((), _ONE, (*inner, ir.Break(call.place)), (), call.place)
        for target, name in zip(call.targets, results, strict=False):
            yield ir.Assign(target, ir.Var(name), call.place)


class _Body:
    """A copy of the callee's body: variables renamed, returns made breaks. `depth` counts its own loops around."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.flag = f"{prefix}returned"

    def name(self, name: str) -> str:
        return self.prefix + name

    def block(self, body: tuple[ir.Stmt, ...], results: tuple[str, ...], depth: int) -> tuple[ir.Stmt, ...]:
        out: list[ir.Stmt] = []
        for s in body:
            out += self._statement(s, results, depth)
        return tuple(out)

    def _statement(self, s: ir.Stmt, results: tuple[str, ...], depth: int) -> list[ir.Stmt]:
        match s:
            case ir.Return():
                pairs = zip(results, s.values, strict=True)
                out: list[ir.Stmt] = [ir.Assign(result, self.expr(value), s.place) for result, value in pairs]
                if depth:
                    out.append(ir.Assign(self.flag, _ONE, s.place))
                return [*out, ir.Break(s.place)]
            case ir.If():
                then, other = self.block(s.then, results, depth), self.block(s.other, results, depth)
                return [ir.If(self.expr(s.test), then, other, s.place)]
            case ir.While():
                return self._loop(s, results, depth)
        return [self._plain(s)]

    def _loop(self, s: ir.While, results: tuple[str, ...], depth: int) -> list[ir.Stmt]:
        loop = ir.While(self.block(s.before, results, depth + 1), self.expr(s.test),
                        self.block(s.body, results, depth + 1), self.block(s.after, results, depth + 1), s.place)
        if not any(isinstance(each, ir.Return) for each in ir.walk((s,))):
            return [loop]
        leave = ir.If(ir.Var(self.flag), (ir.Break(s.place),), (), s.place)
        return [ir.Assign(self.flag, _ZERO, s.place), loop, leave]

    def _plain(self, s: ir.Stmt) -> ir.Stmt:
        match s:
            case ir.Assign():
                return replace(s, target=self.name(s.target), value=self.expr(s.value))
            case ir.Prim():
                return replace(s, args=self.exprs(s.args), target=self.name(s.target) if s.target else None)
            case ir.Call():
                return replace(s, args=self.exprs(s.args), targets=tuple(map(self.name, s.targets)))
            case ir.ArrayGet():
                return replace(s, target=self.name(s.target), array=self.expr(s.array), index=self.expr(s.index))
            case ir.ArraySet():
                return replace(s, array=self.expr(s.array), index=self.expr(s.index), value=self.expr(s.value))
        return s  # Break and Continue of the callee's own loops

    def exprs(self, values: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
        return tuple(map(self.expr, values))

    def expr(self, e: ir.Expr) -> ir.Expr:
        match e:
            case ir.Var():
                return ir.Var(self.name(e.name))
            case ir.Binary():
                return ir.Binary(e.op, self.expr(e.a), self.expr(e.b))
            case ir.Unary():
                return ir.Unary(e.op, self.expr(e.a))
        return e
