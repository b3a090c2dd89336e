"""No variable is read before it has a value on every path: an error at run time in Python, at compile time here."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import ProtocolError
from engine.language import ir

_Error = Callable[..., ProtocolError]


class _Node:
    """A place in the shape that the error maker expects."""

    def __init__(self, place: ir.Place) -> None:
        self.lineno, self.col_offset = place.line, place.column


def check_assigned(body: tuple[ir.Stmt, ...], params: tuple[str, ...], error: _Error) -> None:
    """Raise `error(text, node)` for the first variable that may be read before it is set."""
    _Checker(error).block(body, set(params))


class _Checker:
    def __init__(self, error: _Error) -> None:
        self.error = error
        self.breaks: list[set[str] | None] = []  # per enclosing loop: what is known at every break so far

    def block(self, body: tuple[ir.Stmt, ...], known: set[str]) -> set[str] | None:
        """The names that surely have a value after the block; None if control never gets there."""
        state: set[str] | None = known
        for stmt in body:
            if state is None:
                return None
            state = self.statement(stmt, state)
        return state

    def statement(self, s: ir.Stmt, known: set[str]) -> set[str] | None:
        match s:
            case ir.Assign():
                self.use(s.place, known, s.value)
                return known | {s.target}
            case ir.Prim():
                self.use(s.place, known, *s.args)
                return known | ({s.target} if s.target else set())
            case ir.Call():
                self.use(s.place, known, *s.args)
                return known | set(s.targets)
            case ir.ArrayNew():
                return known | {s.target}
            case ir.ArrayGet():
                self.use(s.place, known, s.array, s.index)
                return known | {s.target}
            case ir.ArraySet():
                self.use(s.place, known, s.array, s.index, s.value)
                return known
            case ir.If():
                self.use(s.place, known, s.test)
                return _meet(self.block(s.then, set(known)), self.block(s.other, set(known)))
            case ir.While():
                return self._while(s, known)
            case ir.Return():
                self.use(s.place, known, *s.values)
            case ir.Break():
                self.breaks[-1] = _meet(self.breaks[-1], known)
        return None  # Return, Break, Continue

    def _while(self, s: ir.While, known: set[str]) -> set[str] | None:
        """After the loop: what is known when the test fails the first time, and at every break."""
        self.breaks.append(None)
        entered = self.block(s.before, set(known))
        if entered is None:
            return self.breaks.pop()
        self.use(s.place, entered, s.test)
        after_body = self.block(s.body, set(entered))
        self.block(s.after, after_body if after_body is not None else entered | _targets(s.after))
        endless = isinstance(s.test, ir.Const) and s.test.value != 0
        return _meet(self.breaks.pop(), None if endless else entered)

    def use(self, place: ir.Place, known: set[str], *values: ir.Expr) -> None:
        for value in values:
            for name in _variables(value):
                if name not in known:
                    raise self.error(f"{name!r} may be read here before it has a value", _Node(place))


def _variables(e: ir.Expr) -> list[str]:
    if isinstance(e, ir.Var):
        return [e.name]
    if isinstance(e, ir.Binary):
        return _variables(e.a) + _variables(e.b)
    return _variables(e.a) if isinstance(e, ir.Unary) else []


def _targets(body: tuple[ir.Stmt, ...]) -> set[str]:
    return {s.target for s in ir.walk(body) if isinstance(s, ir.Assign)}


def _meet(a: set[str] | None, b: set[str] | None) -> set[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b
