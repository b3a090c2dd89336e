"""Python source to IR: the one place that knows what the protocol language is.

The subset: assignments to local names, if / while / for over range, calls of protocols and of `mem.*`, several return
values, private arrays (`x = array(8)`, `x[i]`, `x[i] = v`), named integer constants. Every expression is an unsigned
64-bit word. Anything else is a `ProtocolError` with file, line and caret.

Order is Python's: whatever touches memory becomes a statement of its own, left to right. `and` / `or` / the
conditional expression evaluate only what Python would.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from engine.declare import Counter, Lock, Param, Protocol, Word
from engine.errors import ProtocolError
from engine.language import ir
from engine.language.assigned import check_assigned
from engine.vocabulary import PRIMITIVES
from engine.violations import STATED
from engine.words import MASK

#: Functions of the language besides protocols: name -> (operator, number of operands).
INTRINSICS = {"min": "min", "max": "max", "slt": "slt", "sle": "sle", "sar": "sar", "sext32": "sext32", "u32": "u32"}

_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "div", ast.Mod: "mod", ast.BitAnd: "and",
    ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "shr",
}
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_UNARY = {ast.USub: "neg", ast.Invert: "inv", ast.Not: "not"}
_MAX_ARRAY = 512


def compile_module(roots: Sequence[Protocol]) -> tuple[ir.Module, dict[int, str]]:
    """Compile some protocols and everything they call.

    Returns:
        The module, and id(protocol) -> the name of its function there.

    Raises:
        ProtocolError: with the user's file, line and column.
    """
    linker = _Linker()
    for root in roots:
        linker.name_of(root)
    while linker.todo:
        protocol, name = linker.todo.pop(0)
        linker.module.functions[name] = _FunctionCompiler(protocol, name, linker).compile()
    return linker.module, {key: name for key, (_, name) in linker.names.items()}


class _Linker:
    """Names every function and declaration once; a name that two declarations share is the user's error."""

    def __init__(self) -> None:
        self.module = ir.Module()
        self.names: dict[int, tuple[Protocol, str]] = {}
        self.todo: list[tuple[Protocol, str]] = []
        self.declared: dict[str, object] = {}

    def name_of(self, protocol: Protocol) -> str:
        if id(protocol) not in self.names:
            taken = {name for _, name in self.names.values()}
            name, n = protocol.name, 1
            while name in taken:
                n += 1
                name = f"{protocol.name}_{n}"
            self.names[id(protocol)] = (protocol, name)
            self.todo.append((protocol, name))
        return self.names[id(protocol)][1]

    def declare(self, value: Word | Lock | Param | Counter) -> bool:
        """Note a declaration; False if another one has the same name and is not the same thing."""
        if self.declared.setdefault(value.name, value) is not value:
            return False
        if isinstance(value, Word):
            self.module.words[value.name] = value.count
        elif isinstance(value, Lock):
            self.module.locks[value.name] = (value.kind, value.count)
        elif isinstance(value, Param):
            self.module.params[value.name] = int(value) & MASK
        else:
            self.module.counters[value.name] = value.operation
        return True


@dataclass
class _Source:
    """A protocol's source with the user's own line numbers."""

    tree: ast.FunctionDef
    file: str
    lines: list[str]
    first: int
    indent: int

    @classmethod
    def of(cls, protocol: Protocol) -> _Source:
        function = protocol.function
        file = inspect.getsourcefile(function) or "<unknown>"
        try:
            lines, first = inspect.getsourcelines(function)
        except OSError as error:
            raise ProtocolError("its source cannot be read; put protocols in a file", file, 0) from error
        text = textwrap.dedent("".join(lines))
        indent = len(lines[0]) - len(lines[0].lstrip())
        tree = ast.parse(text).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise ProtocolError("@protocol marks plain functions only", file, first, 0, lines[0].rstrip("\n"))
        ast.increment_lineno(tree, first - 1)
        return cls(tree, file, [line.rstrip("\n") for line in lines], first, indent)

    def error(self, what: str, node: ast.AST | None = None) -> ProtocolError:
        node = node or self.tree
        line, column = getattr(node, "lineno", self.first), getattr(node, "col_offset", 0) + self.indent
        text = self.lines[line - self.first] if 0 <= line - self.first < len(self.lines) else ""
        return ProtocolError(what, self.file, line, column, text)


class _FunctionCompiler:
    """Compiles one function. Statements are appended to `self.out`; an expression may append some before its value."""

    def __init__(self, protocol: Protocol, name: str, linker: _Linker) -> None:
        self.protocol, self.name, self.linker = protocol, name, linker
        self.source = _Source.of(protocol)
        self.scope = _scope(protocol.function)
        self.out: list[ir.Stmt] = []
        self.temps = 0
        self.arrays = False
        self.returns: int | None = None
        self.params = self._parameters()
        self.locals = set(self.params) | {
            n.id for n in ast.walk(self.source.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }

    # --- the function as a whole ---

    def compile(self) -> ir.Function:
        tree = self.source.tree
        self.returns = self._count_returns()
        body = self.block(tree.body)
        if self.returns and _falls_through(body):
            raise self.source.error(f"{tree.name} returns a value on some paths only; end every path with a return")
        check_assigned(body, self.params, self.source.error)
        return ir.Function(self.name, self.source.file, tree.lineno, self.params, self.returns, body,
                           self.protocol.takes_mem, self.arrays)

    def _parameters(self) -> tuple[str, ...]:
        args = self.source.tree.args
        if args.vararg or args.kwarg or args.kwonlyargs or args.defaults or args.posonlyargs:
            raise self.source.error("a protocol has plain positional parameters only, without defaults")
        names = tuple(a.arg for a in args.args)
        return names[1:] if self.protocol.takes_mem else names

    def _count_returns(self) -> int:
        counts = set()
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Return):
                counts.add(0 if node.value is None else len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1)
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
            raise self.source.error(f"'{_keyword(node)}' is not in the protocol language", node)
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
            array, index = self.atom(target.value), self.atom(target.slice)
            self.out.append(ir.ArraySet(array, index, self.expr(node.value), _place(node)))
        else:
            self._assign_name(target, node.value)

    def _assign_name(self, target: ast.expr, value: ast.expr) -> None:
        name = self._target(target)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "array":
            self.out.append(ir.ArrayNew(name, self._array_size(value), _place(value)))
            self.arrays = True
            return
        if isinstance(value, ast.Call) and self._is_effect(value):
            self.call(value, 1, name)
            return
        self.out.append(ir.Assign(name, self.expr(value), _place(target)))

    def _assign_tuple(self, target: ast.Tuple, value: ast.expr) -> None:
        names = [self._target(t) for t in target.elts]
        if isinstance(value, ast.Tuple) and len(value.elts) == len(names):
            temps = [self.atom(v, spill=True) for v in value.elts]
            for name, temp in zip(names, temps, strict=True):
                self.out.append(ir.Assign(name, temp, _place(target)))
            return
        if not isinstance(value, ast.Call):
            raise self.source.error("the right side is a call with as many values, or as many expressions", value)
        self.call(value, len(names), *names)

    def do_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            raise self.source.error("give the variable a value", node)
        self._assign_name(node.target, node.value)

    def do_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) not in _BINARY:
            raise self.source.error(f"operator {type(node.op).__name__} is not in the protocol language", node)
        op = _BINARY[type(node.op)]
        if isinstance(node.target, ast.Subscript):
            array, index = self.atom(node.target.value, spill=True), self.atom(node.target.slice, spill=True)
            old = self._temp()
            self.out.append(ir.ArrayGet(old, array, index, _place(node)))
            value = self.expr(node.value)
            self.out.append(ir.ArraySet(array, index, ir.Binary(op, ir.Var(old), value), _place(node)))
            return
        name = self._target(node.target)
        before = self.atom(ast.copy_location(ast.Name(name, ast.Load()), node.target), spill=self._effects(node.value))
        self.out.append(ir.Assign(name, ir.Binary(op, before, self.expr(node.value)), _place(node)))

    def do_If(self, node: ast.If) -> None:
        test = self.expr(node.test)
        self.out.append(ir.If(test, self.block(node.body), self.block(node.orelse), _place(node)))

    def do_While(self, node: ast.While) -> None:
        if node.orelse:
            raise self.source.error("while ... else is not in the protocol language", node.orelse[0])
        saved, self.out = self.out, []
        test = self.expr(node.test)
        before, self.out = tuple(self.out), saved
        self.out.append(ir.While(before, test, self.block(node.body), (), _place(node)))

    def do_For(self, node: ast.For) -> None:
        """`for i in range(a, b, s)`: a hidden counter, so that assigning to `i` inside changes nothing, as in Python."""
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
            raise self.source.error("for loops run over range(...) only", node.iter)
        if node.orelse or not 1 <= len(call.args) <= 3:
            raise self.source.error("write: for i in range(start, stop[, step]) without else", node)
        place, name = _place(node), self._target(node.target)
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
        self.out.append(ir.Break(_place(node)))

    def do_Continue(self, node: ast.Continue) -> None:
        self.out.append(ir.Continue(_place(node)))

    def do_Return(self, node: ast.Return) -> None:
        if node.value is None:
            values: list[ir.Expr] = []
        elif isinstance(node.value, ast.Tuple):
            values = self.operands(node.value.elts)
        else:
            values = [self.expr(node.value)]
        self.out.append(ir.Return(tuple(values), _place(node)))

    # --- expressions ---

    def expr(self, node: ast.expr) -> ir.Expr:
        """The value of an expression; statements that must come first are appended to `self.out`."""
        handler = getattr(self, "ex_" + type(node).__name__, None)
        if handler is None:
            raise self.source.error(f"{_expression(node)} is not in the protocol language", node)
        value: ir.Expr = handler(node)
        return value

    def atom(self, node: ast.expr, spill: bool = False) -> ir.Expr:
        """The value as a leaf; `spill` also copies a variable, so that a later statement cannot change it."""
        return self._leaf(self.expr(node), node, spill)

    def _leaf(self, value: ir.Expr, node: ast.AST, spill: bool) -> ir.Expr:
        if isinstance(value, ir.Const | ir.ParamRef | ir.Address) or (isinstance(value, ir.Var) and not spill):
            return value
        name = self._temp()
        self.out.append(ir.Assign(name, value, _place(node)))
        return ir.Var(name)

    def operands(self, nodes: Sequence[ast.expr]) -> list[ir.Expr]:
        """Several values, left to right. Variables cannot change in between: assignment is no expression."""
        return [self.expr(node) for node in nodes]

    def ex_Constant(self, node: ast.Constant) -> ir.Expr:
        if isinstance(node.value, int):
            return ir.Const(int(node.value) & MASK)
        raise self.source.error(f"{node.value!r}: every value is a 64-bit word", node)

    def ex_Name(self, node: ast.Name) -> ir.Expr:
        if node.id in self.locals:
            return ir.Var(node.id)
        return self._global(self._resolve(node), node)

    def ex_Attribute(self, node: ast.Attribute) -> ir.Expr:
        return self._global(self._resolve(node), node)

    def _global(self, value: object, node: ast.expr) -> ir.Expr:
        if isinstance(value, Word | Lock | Param | Counter):
            if not self.linker.declare(value):
                raise self.source.error(f"two declarations are called {value.name!r}; give one another name", node)
            if isinstance(value, Counter):
                raise self.source.error("a counter is only for mem.count", node)
            return ir.ParamRef(value.name) if isinstance(value, Param) else ir.Address(value.name)
        if isinstance(value, int):
            return ir.Const(int(value) & MASK)
        raise self.source.error(f"{ast.unparse(node)} is a {type(value).__name__}, not an integer constant", node)

    def ex_BinOp(self, node: ast.BinOp) -> ir.Expr:
        if type(node.op) not in _BINARY:
            hint = "; write // for division" if isinstance(node.op, ast.Div) else ""
            raise self.source.error(f"operator {type(node.op).__name__} is not in the protocol language{hint}", node)
        a, b = self.operands([node.left, node.right])
        return ir.Binary(_BINARY[type(node.op)], a, b)

    def ex_UnaryOp(self, node: ast.UnaryOp) -> ir.Expr:
        if isinstance(node.op, ast.UAdd):
            return self.expr(node.operand)
        return ir.Unary(_UNARY[type(node.op)], self.expr(node.operand))

    def ex_Compare(self, node: ast.Compare) -> ir.Expr:
        for op in node.ops:
            if type(op) not in _COMPARE:
                raise self.source.error(f"{_expression(op)} is not in the protocol language", node)
        if len(node.ops) == 1:
            a, b = self.operands([node.left, node.comparators[0]])
            return ir.Binary(_COMPARE[type(node.ops[0])], a, b)
        pairs, left = [], node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            pairs.append(ast.copy_location(ast.Compare(left, [op], [right]), node))
            left = right
        if any(self._effects(n) for n in node.comparators[:-1]):
            raise self.source.error("a chained comparison may not contain a call; use a variable", node)
        return self.ex_BoolOp(ast.copy_location(ast.BoolOp(ast.And(), [*pairs]), node))

    def ex_BoolOp(self, node: ast.BoolOp) -> ir.Expr:
        result, place = self._temp(), _place(node)
        self.out.append(ir.Assign(result, self.expr(node.values[0]), place))
        self._rest(node, 1, result, place)
        return ir.Var(result)

    def _rest(self, node: ast.BoolOp, at: int, result: str, place: ir.Place) -> None:
        if at == len(node.values):
            return
        saved, self.out = self.out, []
        self.out.append(ir.Assign(result, self.expr(node.values[at]), place))
        self._rest(node, at + 1, result, place)
        inner, self.out = tuple(self.out), saved
        then, other = (inner, ()) if isinstance(node.op, ast.And) else ((), inner)
        self.out.append(ir.If(ir.Var(result), then, other, place))

    def ex_IfExp(self, node: ast.IfExp) -> ir.Expr:
        result, place = self._temp(), _place(node)
        test = self.expr(node.test)
        arms = []
        for arm in (node.body, node.orelse):
            saved, self.out = self.out, []
            self.out.append(ir.Assign(result, self.expr(arm), place))
            arms.append(tuple(self.out))
            self.out = saved
        self.out.append(ir.If(test, arms[0], arms[1], place))
        return ir.Var(result)

    def ex_Subscript(self, node: ast.Subscript) -> ir.Expr:
        declared = None
        if isinstance(node.value, ast.Name | ast.Attribute) and not self._is_local(node.value):
            declared = self._resolve(node.value)
        if isinstance(declared, Word | Lock):
            base, index = self._global(declared, node.value), self.expr(node.slice)
            stride = ir.Const(8 if isinstance(declared, Word) else 128)
            return ir.Binary("add", base, ir.Binary("mul", index, stride))
        array, index = self.atom(node.value), self.atom(node.slice)
        name = self._temp()
        self.out.append(ir.ArrayGet(name, array, index, _place(node)))
        return ir.Var(name)

    def ex_Call(self, node: ast.Call) -> ir.Expr:
        if isinstance(node.func, ast.Name) and node.func.id in INTRINSICS and not self._is_protocol(node.func):
            op, args = INTRINSICS[node.func.id], self.operands(node.args)
            if len(args) != (1 if op in ("sext32", "u32") else 2):
                raise self.source.error(f"{node.func.id}: wrong number of arguments", node)
            return ir.Unary(op, args[0]) if len(args) == 1 else ir.Binary(op, args[0], args[1])
        if isinstance(node.func, ast.Name) and node.func.id in ("int", "bool") and len(node.args) == 1:
            value = self.expr(node.args[0])
            return ir.Unary("bool", value) if node.func.id == "bool" else value
        name = self._temp()
        self.call(node, 1, name)
        return ir.Var(name)

    # --- calls ---

    def call(self, node: ast.Call, wanted: int, *targets: str) -> None:
        """A call of a primitive or a protocol; `wanted` values go to `targets`, 0 means they are dropped."""
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.source.error("arguments are positional", node)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "mem":
            self._primitive(node, node.func.attr, wanted, targets)
            return
        if isinstance(node.func, ast.Name) and node.func.id == "array":
            raise self.source.error("an array is given a name first: x = array(8)", node)
        callee = self._resolve(node.func)
        if not isinstance(callee, Protocol):
            raise self.source.error(f"{ast.unparse(node.func)} is not a protocol; decorate it with @protocol", node)
        self._protocol(node, callee, wanted, targets)

    def _protocol(self, node: ast.Call, callee: Protocol, wanted: int, targets: tuple[str, ...]) -> None:
        args = list(node.args)
        if callee.takes_mem:
            if not args or not (isinstance(args[0], ast.Name) and args[0].id == "mem"):
                raise self.source.error(f"{callee.name} takes `mem` first", node)
            if not self.protocol.takes_mem:
                raise self.source.error("a protocol without `mem` cannot call one that touches memory", node)
            args = args[1:]
        source = _Source.of(callee)
        expected = len(source.tree.args.args) - int(callee.takes_mem)
        if len(args) != expected:
            raise self.source.error(f"{callee.name} takes {expected} arguments, not {len(args)}", node)
        returned = max((0 if n.value is None else len(n.value.elts) if isinstance(n.value, ast.Tuple) else 1)
                       for n in [*_returns(source.tree), ast.Return(None)])
        if wanted not in (0, returned):
            raise self.source.error(f"{callee.name} returns {returned} values, {wanted} are wanted", node)
        values = tuple(self.operands(args))
        self.out.append(ir.Call(self.linker.name_of(callee), values, targets if wanted else (), _place(node)))

    def _primitive(self, node: ast.Call, name: str, wanted: int, targets: tuple[str, ...]) -> None:
        if not self.protocol.takes_mem:
            raise self.source.error("a protocol without `mem` cannot touch memory", node)
        row = PRIMITIVES.get(name)
        if row is None:
            raise self.source.error(f"mem.{name} does not exist{_similar(name, PRIMITIVES)}", node)
        if wanted and not row.result:
            raise self.source.error(f"mem.{name} has no value", node)
        operands = list(row.operands)
        if name == "check" and len(node.args) == 2:
            operands = ["value", "text"]  # the kind is then "check" itself
        if name == "warn_on" and len(node.args) == 1:
            operands = ["value"]
        if len(node.args) != len(operands):
            raise self.source.error(f"mem.{name} takes ({', '.join(row.operands)}), not {len(node.args)} operands", node)
        static = {"kind": "check" if name == "check" else "", "text": "", "counter": ""}
        dynamic: list[ir.Expr] = []
        for operand, arg in zip(operands, node.args, strict=True):
            if operand in static:
                static[operand] = self._static(operand, arg)
            else:
                dynamic.append(self.expr(arg))
        dynamic += [ir.Const(v) for v in row.fixed]
        if name == "warn_on" and not static["text"]:
            static["text"] = ast.unparse(node.args[0])
        target = targets[0] if targets else None
        self.out.append(ir.Prim(name, tuple(dynamic), target, _place(node), static["kind"], static["text"],
                                static["counter"]))

    def _static(self, operand: str, node: ast.expr) -> str:
        if operand == "counter":
            value = self._resolve(node) if isinstance(node, ast.Name | ast.Attribute) else None
            if not isinstance(value, Counter):
                raise self.source.error("mem.count takes a Counter declared at module level", node)
            if not self.linker.declare(value):
                raise self.source.error(f"two declarations are called {value.name!r}; give one another name", node)
            return value.name
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise self.source.error(f"the {operand} is a literal string", node)
        if operand == "kind" and node.value not in STATED:
            raise self.source.error(f"{node.value!r} is not a kind a protocol may state: {', '.join(STATED)}", node)
        return node.value

    # --- names ---

    def _temp(self) -> str:
        self.temps += 1
        return f"_t{self.temps}"

    def _target(self, node: ast.expr) -> str:
        if not isinstance(node, ast.Name):
            raise self.source.error("only local names and array elements can be assigned", node)
        if node.id == "mem" or node.id.startswith("_t") and node.id[2:].isdigit():
            raise self.source.error(f"{node.id!r} is reserved", node)
        return node.id

    def _array_size(self, node: ast.Call) -> int:
        size = self.expr(node.args[0]) if len(node.args) == 1 else None
        if not isinstance(size, ir.Const) or not 1 <= size.value <= _MAX_ARRAY:
            raise self.source.error(f"an array has a constant size from 1 to {_MAX_ARRAY}", node)
        return size.value

    def _is_local(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.locals

    def _is_protocol(self, node: ast.Name) -> bool:
        return node.id in self.scope and isinstance(self.scope[node.id], Protocol)

    def _is_effect(self, node: ast.Call) -> bool:
        known = isinstance(node.func, ast.Name) and (node.func.id in INTRINSICS or node.func.id in ("int", "bool"))
        return not known or (isinstance(node.func, ast.Name) and self._is_protocol(node.func))

    def _effects(self, node: ast.expr) -> bool:
        return any(isinstance(n, ast.Call) and self._is_effect(n) for n in ast.walk(node))

    def _resolve(self, node: ast.expr) -> object:
        """The object that a global name or a dotted one stands for."""
        if isinstance(node, ast.Name):
            if node.id in self.scope:
                return self.scope[node.id]
            raise self.source.error(f"{node.id!r} is not defined{_similar(node.id, self.scope)}", node)
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value)
            if isinstance(owner, ModuleType | type) and hasattr(owner, node.attr):
                return getattr(owner, node.attr)
            raise self.source.error(f"{ast.unparse(node)} is not a constant or protocol of a module", node)
        raise self.source.error(f"{_expression(node)} is not in the protocol language", node)


def _scope(function: Callable[..., Any]) -> Mapping[str, object]:
    cells = inspect.getclosurevars(function).nonlocals if function.__code__.co_freevars else {}
    return {**function.__globals__, **cells}


def _place(node: ast.AST) -> ir.Place:
    return ir.Place(getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def _returns(tree: ast.AST) -> list[ast.Return]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Return)]


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


def _keyword(node: ast.AST) -> str:
    words = {"With": "with", "Try": "try", "Raise": "raise", "Delete": "del", "Global": "global", "Import": "import",
             "ImportFrom": "import", "ClassDef": "class", "FunctionDef": "def", "Assert": "assert", "Match": "match"}
    return words.get(type(node).__name__, type(node).__name__)


def _expression(node: ast.AST) -> str:
    words = {"List": "a list", "Dict": "a dict", "Lambda": "lambda", "ListComp": "a comprehension", "JoinedStr":
             "an f-string", "Await": "await", "Yield": "yield", "Tuple": "a tuple here", "Set": "a set", "Is": "'is'",
             "IsNot": "'is not'", "In": "'in'", "NotIn": "'not in'", "NamedExpr": "':='", "Starred": "'*'",
             "GeneratorExp": "a generator", "Slice": "a slice"}
    return words.get(type(node).__name__, type(node).__name__)


def _similar(name: str, known: Mapping[str, object]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
