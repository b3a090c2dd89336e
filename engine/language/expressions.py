"""Expressions: trees of local work, with whatever touches memory put into statements before them, left to right."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType

from engine.declare import Counter, Declared, Lock, Param, Protocol, Word
from engine.language import ir
from engine.language.linker import Linker
from engine.language.source import Source, expression, place_of, scope_of, similar
from engine.words import MASK

#: Functions of the language besides protocols: name -> (operator, number of operands).
INTRINSICS = {"min": "min", "max": "max", "slt": "slt", "sle": "sle", "sar": "sar", "sext32": "sext32", "u32": "u32"}

BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "div", ast.Mod: "mod", ast.BitAnd: "and",
    ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "shr",
}
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_UNARY = {ast.USub: "neg", ast.Invert: "inv", ast.Not: "not"}
MAX_ARRAY = 512


class Expressions:
    """Compiles the expressions of one function. Statements are appended to `self.out`; an expression may append some
    before its value."""

    def __init__(self, protocol: Protocol, name: str, linker: Linker) -> None:
        self.protocol, self.name, self.linker = protocol, name, linker
        self.source = Source.of(protocol)
        self.scope = scope_of(protocol.function)
        self.out: list[ir.Stmt] = []
        self.temps = 0
        self.arrays = False
        self.returns: int | None = None
        self.params = self._parameters()
        self.locals = set(self.params) | {
            n.id for n in ast.walk(self.source.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }

    def call(self, node: ast.Call, wanted: int, *targets: str) -> None:
        """A call that may have effects; see `engine.language.calls`."""
        raise NotImplementedError

    def _parameters(self) -> tuple[str, ...]:
        args = self.source.tree.args
        if args.vararg or args.kwarg or args.kwonlyargs or args.defaults or args.posonlyargs:
            raise self.source.error("a protocol has plain positional parameters only, without defaults")
        names = tuple(a.arg for a in args.args)
        return names[1:] if self.protocol.takes_mem else names

    def expr(self, node: ast.expr) -> ir.Expr:
        """The value of an expression; statements that must come first are appended to `self.out`."""
        handler = getattr(self, "ex_" + type(node).__name__, None)
        if handler is None:
            raise self.source.error(f"{expression(node)} is not in the protocol language", node)
        value: ir.Expr = handler(node)
        return value

    def atom(self, node: ast.expr, spill: bool = False) -> ir.Expr:
        """The value as a leaf; `spill` also copies a variable, so that a later statement cannot change it."""
        return self._leaf(self.expr(node), node, spill)

    def _leaf(self, value: ir.Expr, node: ast.AST, spill: bool) -> ir.Expr:
        if isinstance(value, ir.Const | ir.ParamRef | ir.Address) or (isinstance(value, ir.Var) and not spill):
            return value
        name = self._temp()
        self.out.append(ir.Assign(name, value, place_of(node)))
        return ir.Var(name)

    def operands(self, nodes: Sequence[ast.expr]) -> list[ir.Expr]:
        """Several values, left to right. Variables cannot change in between: assignment is no expression."""
        return [self.expr(node) for node in nodes]

    def ex_Constant(self, node: ast.Constant) -> ir.Expr:
        if isinstance(node.value, int):
            return self._word(int(node.value), node)
        raise self.source.error(f"{node.value!r}: every value is a 64-bit word", node)

    def _word(self, value: int, node: ast.expr) -> ir.Const:
        if not -1 << 63 <= value <= MASK:
            raise self.source.error(f"{value:#x} does not fit into 64 bits", node)
        return ir.Const(value & MASK)

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
            return self._word(int(value), node)
        raise self.source.error(f"{ast.unparse(node)} is a {type(value).__name__}, not an integer constant", node)

    def _refuse_address(self, node: ast.expr, other: ast.expr | None = None, step: int = 1) -> None:
        """A declared word stands for its address, which is never 0: where that cannot be meant, say so.

        Args:
            other: compared with it, or added to it; None where only the truth of `node` counts.
            step: what a constant `other` must be a multiple of to make sense; 0: none does.
        """
        if not isinstance(node, ast.Name) or self._is_local(node):
            return
        if other is not None and not (isinstance(other, ast.Constant) and isinstance(other.value, int)
                                      and (step == 0 or other.value % step)):
            return
        value = self.scope.get(node.id)
        if isinstance(value, Word):
            raise self.source.error(f"{node.id} is the address of a shared word; its value is "
                                    f"mem.read_once({node.id})", node)
        if isinstance(value, Lock):
            raise self.source.error(f"{node.id} is the address of a lock, never 0; try it with a trylock", node)

    def test(self, node: ast.expr) -> ir.Expr:
        """An expression where only its truth counts."""
        self._refuse_address(node)
        return self.expr(node)

    def ex_BinOp(self, node: ast.BinOp) -> ir.Expr:
        if type(node.op) not in BINARY:
            hint = "; write // for division" if isinstance(node.op, ast.Div) else ""
            raise self.source.error(f"operator {type(node.op).__name__} is not in the protocol language{hint}", node)
        if isinstance(node.op, ast.Add | ast.Sub):
            self._refuse_address(node.left, node.right, 2)
        a, b = self.operands([node.left, node.right])
        return ir.Binary(BINARY[type(node.op)], a, b)

    def ex_UnaryOp(self, node: ast.UnaryOp) -> ir.Expr:
        if isinstance(node.op, ast.UAdd):
            return self.expr(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and type(node.operand.value) is int:
            return ir.Const(-self._word(node.operand.value, node).value & MASK)  # a constant, so that B[-1] is caught
        return ir.Unary(_UNARY[type(node.op)],
                        (self.test if isinstance(node.op, ast.Not) else self.expr)(node.operand))

    def ex_Compare(self, node: ast.Compare) -> ir.Expr:
        for op in node.ops:
            if type(op) not in _COMPARE:
                raise self.source.error(f"{expression(op)} is not in the protocol language", node)
        for left, right in pairwise([node.left, *node.comparators]):
            self._refuse_address(left, right, 0)
            self._refuse_address(right, left, 0)
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
        result, place = self._temp(), place_of(node)
        self.out.append(ir.Assign(result, self.test(node.values[0]), place))
        self._rest(node, 1, result, place)
        return ir.Var(result)

    def _rest(self, node: ast.BoolOp, at: int, result: str, place: ir.Place) -> None:
        if at == len(node.values):
            return
        saved, self.out = self.out, []
        self.out.append(ir.Assign(result, self.test(node.values[at]), place))
        self._rest(node, at + 1, result, place)
        inner, self.out = tuple(self.out), saved
        then, other = (inner, ()) if isinstance(node.op, ast.And) else ((), inner)
        self.out.append(ir.If(ir.Var(result), then, other, place))

    def ex_IfExp(self, node: ast.IfExp) -> ir.Expr:
        result, place = self._temp(), place_of(node)
        test = self.test(node.test)
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
            if isinstance(index, ir.Const) and index.value >= declared.count:
                raise self.source.error(f"{declared.name} has {declared.count} elements, from 0", node)
            stride = ir.Const(8 if isinstance(declared, Word) else 128)
            return ir.Binary("add", base, ir.Binary("mul", index, stride))
        array, index = self.atom(node.value), self.atom(node.slice)
        name = self._temp()
        self.out.append(ir.ArrayGet(name, array, index, place_of(node)))
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

    # --- names ---

    def _temp(self) -> str:
        self.temps += 1
        return f"_t{self.temps}"

    def _target(self, node: ast.expr) -> str:
        if not isinstance(node, ast.Name):
            raise self.source.error("only local names and array elements can be assigned", node)
        if node.id == "mem" or (node.id.startswith("_t") and node.id[2:].isdigit()):
            raise self.source.error(f"{node.id!r} is reserved", node)
        declared = self.scope.get(node.id)
        if isinstance(declared, Declared):
            hint = f"; mem.write_once({node.id}, value) stores to it" if isinstance(declared, Word) else ""
            raise self.source.error(f"{node.id} is declared as a {type(declared).__name__}, a local variable needs "
                                    f"another name{hint}", node)
        return node.id

    def _array_size(self, node: ast.Call) -> int:
        size = self.expr(node.args[0]) if len(node.args) == 1 else None
        if not isinstance(size, ir.Const) or not 1 <= size.value <= MAX_ARRAY:
            raise self.source.error(f"an array has a constant size from 1 to {MAX_ARRAY}", node)
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
            if hasattr(builtins, node.id):
                raise self.source.error(f"{node.id} is Python's own; a protocol calls primitives (mem.read_once) and "
                                        f"other protocols", node)
            if node.id == "mem" or self._is_local(node):
                raise self.source.error(f"{node.id} is {'no value' if node.id == 'mem' else 'a number'}; shared memory "
                                        f"is a first parameter called mem, used as mem.NAME(...)", node)
            raise self.source.error(f"{node.id!r} is not defined{similar(node.id, self.scope)}", node)
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value)
            if isinstance(owner, ModuleType | type) and hasattr(owner, node.attr):
                return getattr(owner, node.attr)
            raise self.source.error(f"{ast.unparse(node)} is not a constant or protocol of a module", node)
        raise self.source.error(f"{expression(node)} is not in the protocol language", node)
