"""Python source to IR: the one place that knows what the protocol language is.

The subset: assignments to local names, if / while / for over range, calls of protocols and of `mem.*`, several return
values, private arrays (`x = array(8)`, `x[i]`, `x[i] = v`), named integer constants. Every expression is an unsigned
64-bit word. Anything else is a `ProtocolError` with file, line and caret.

Order is Python's: whatever touches memory becomes a statement of its own, left to right. `and` / `or` / the
conditional expression evaluate only what Python would.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from engine.declare import Protocol
from engine.language import ir
from engine.language.assigned import check_assigned
from engine.language.calls import Calls
from engine.language.expressions import BINARY
from engine.language.linker import Linker
from engine.language.source import keyword, place_of, returns_of, values_of
from engine.words import MASK


def compile_module(roots: Sequence[Protocol]) -> tuple[ir.Module, dict[int, str]]:
    """Compile some protocols and everything they call.

    Returns:
        The module, and id(protocol) -> the name of its function there.

    Raises:
        ProtocolError: with the user's file, line and column.
    """
    linker = Linker()
    for root in roots:
        linker.name_of(root)
    while linker.todo:
        protocol, name = linker.todo.pop(0)
        linker.module.functions[name] = _FunctionCompiler(protocol, name, linker).compile()
    return linker.module, {key: name for key, (_, name) in linker.names.items()}


class _FunctionCompiler(Calls):
    """Adds statements and the function as a whole."""

    def compile(self) -> ir.Function:
        tree = self.source.tree
        self.returns = self._count_returns()
        body = self.block(tree.body)
        if self.returns and _falls_through(body):
            raise self.source.error(f"{tree.name} returns a value on some paths only; end every path with a return")
        check_assigned(body, self.params, self.source.error)
        return ir.Function(self.name, self.source.file, tree.lineno, self.params, self.returns, body,
                           self.protocol.takes_mem, self.arrays)

    def _count_returns(self) -> int:
        counts = set()
        for node in sorted(returns_of(self.source.tree), key=lambda node: node.lineno):
            counts.add(values_of(node))
            if len(counts) > 1:
                raise self.source.error("every return of a protocol has the same number of values", node)
        return counts.pop() if counts else 0

    # --- statements ---

    def block(self, nodes: Sequence[ast.stmt]) -> tuple[ir.Stmt, ...]:
        saved, self.out = self.out, []
        for node in nodes:
            self.statement(node)
        done, self.out = tuple(self.out), saved
        return done

    def statement(self, node: ast.stmt) -> None:
        handler = getattr(self, "do_" + type(node).__name__, None)
        if handler is None:
            raise self.source.error(f"'{keyword(node)}' is not in the protocol language", node)
        handler(node)

    def do_Pass(self, node: ast.Pass) -> None:
        """Nothing."""

    def do_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str | type(...)):
            return  # a docstring
        if not isinstance(node.value, ast.Call):
            raise self.source.error("an expression without effect; only calls stand alone", node)
        self.call(node.value, 0)

    def do_Assign(self, node: ast.Assign) -> None:
        if len(node.targets) != 1:
            raise self.source.error("one target per assignment", node)
        target = node.targets[0]
        if isinstance(target, ast.Tuple):
            self._assign_tuple(target, node.value)
        elif isinstance(target, ast.Subscript):
            value = self.atom(node.value, spill=self._effects(target))  # Python evaluates the right side first
            array, index = self.atom(target.value), self.atom(target.slice)
            self.out.append(ir.ArraySet(array, index, value, place_of(node)))
        else:
            self._assign_name(target, node.value)

    def _assign_name(self, target: ast.expr, value: ast.expr) -> None:
        name = self._target(target)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "array":
            self.out.append(ir.ArrayNew(name, self._array_size(value), place_of(value)))
            self.arrays = True
            return
        if isinstance(value, ast.Call) and self._is_effect(value):
            self.call(value, 1, name)
            return
        self.out.append(ir.Assign(name, self.expr(value), place_of(target)))

    def _assign_tuple(self, target: ast.Tuple, value: ast.expr) -> None:
        names = [self._target(t) for t in target.elts]
        if isinstance(value, ast.Tuple) and len(value.elts) == len(names):
            temps = [self.atom(v, spill=True) for v in value.elts]
            for name, temp in zip(names, temps, strict=True):
                self.out.append(ir.Assign(name, temp, place_of(target)))
            return
        if not isinstance(value, ast.Call):
            raise self.source.error("the right side is a call with as many values, or as many expressions", value)
        self.call(value, len(names), *names)

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            raise self.source.error("give the variable a value", node)
        self._assign_name(node.target, node.value)

    def do_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) not in BINARY:
            raise self.source.error(f"operator {type(node.op).__name__} is not in the protocol language", node)
        op = BINARY[type(node.op)]
        if isinstance(node.target, ast.Subscript):
            array, index = self.atom(node.target.value, spill=True), self.atom(node.target.slice, spill=True)
            old = self._temp()
            self.out.append(ir.ArrayGet(old, array, index, place_of(node)))
            value = self.expr(node.value)
            self.out.append(ir.ArraySet(array, index, ir.Binary(op, ir.Var(old), value), place_of(node)))
            return
        name = self._target(node.target)
        before = self.atom(ast.copy_location(ast.Name(name, ast.Load()), node.target), spill=self._effects(node.value))
        self.out.append(ir.Assign(name, ir.Binary(op, before, self.expr(node.value)), place_of(node)))

    def do_If(self, node: ast.If) -> None:
        test = self.test(node.test)
        self.out.append(ir.If(test, self.block(node.body), self.block(node.orelse), place_of(node)))

    def do_While(self, node: ast.While) -> None:
        if node.orelse:
            raise self.source.error("while ... else is not in the protocol language", node.orelse[0])
        saved, self.out = self.out, []
        test = self.test(node.test)
        before, self.out = tuple(self.out), saved
        self.out.append(ir.While(before, test, self.block(node.body), (), place_of(node)))

    def do_For(self, node: ast.For) -> None:
        """`for i in range(a, b, s)`: a hidden counter; assigning to `i` inside changes nothing, as in Python."""
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
            raise self.source.error("for loops run over range(...) only", node.iter)
        if node.orelse or not 1 <= len(call.args) <= 3:
            raise self.source.error("write: for i in range(start, stop[, step]) without else", node)
        place, name = place_of(node), self._target(node.target)
        bounds = [self.atom(a, spill=True) for a in call.args]
        start, stop = (ir.Const(0), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
        step = self._constant_step(call)
        hidden = self._temp()
        self.out.append(ir.Assign(hidden, start, place))
        counter = ir.Var(hidden)
        test = ir.Binary("slt", counter, stop) if step > 0 else ir.Binary("slt", stop, counter)
        body = (ir.Assign(name, counter, place), *self.block(node.body))
        after = (ir.Assign(hidden, ir.Binary("add", counter, ir.Const(step & MASK)), place),)
        self.out.append(ir.While((), test, body, after, place))

    def _constant_step(self, call: ast.Call) -> int:
        if len(call.args) < 3:
            return 1
        try:
            step = ast.literal_eval(call.args[2])
        except ValueError:
            step = 0
        if not isinstance(step, int) or step == 0:
            raise self.source.error("the step of a range is a literal other than 0", call.args[2])
        return step

    def do_Break(self, node: ast.Break) -> None:
        self.out.append(ir.Break(place_of(node)))

    def do_Continue(self, node: ast.Continue) -> None:
        self.out.append(ir.Continue(place_of(node)))

    def do_Return(self, node: ast.Return) -> None:
        if node.value is None:
            values: list[ir.Expr] = []
        elif isinstance(node.value, ast.Tuple):
            values = self.operands(node.value.elts)
        else:
            values = [self.expr(node.value)]
        self.out.append(ir.Return(tuple(values), place_of(node)))


def _falls_through(body: tuple[ir.Stmt, ...]) -> bool:
    """Whether control can reach the end of a block."""
    if not body:
        return True
    last = body[-1]
    if isinstance(last, ir.Return | ir.Break | ir.Continue):
        return False
    if isinstance(last, ir.If):
        return _falls_through(last.then) or _falls_through(last.other)
    if isinstance(last, ir.While):
        endless = isinstance(last.test, ir.Const) and last.test.value != 0
        return not endless or any(isinstance(s, ir.Break) for s in _own(last.body))
    return True


def _own(body: tuple[ir.Stmt, ...]) -> list[ir.Stmt]:
    """The statements of a loop's body without those of inner loops."""
    out: list[ir.Stmt] = []
    for stmt in body:
        out.append(stmt)
        if isinstance(stmt, ir.If):
            out += _own(stmt.then) + _own(stmt.other)
    return out
