"""Calls of primitives and of other protocols."""

from __future__ import annotations

import ast

from engine.declare import Counter, Protocol
from engine.language import ir
from engine.language.expressions import Expressions
from engine.language.source import Source, count_returned, place_of, similar
from engine.memory.members import MEMBERS
from engine.violations import STATED
from engine.vocabulary import PRIMITIVES


class Calls(Expressions):
    """Adds `call` to the expressions."""

    def call(self, node: ast.Call, wanted: int, *targets: str) -> None:
        """A call of a primitive or a protocol; `wanted` values go to `targets`, 0 means they are dropped."""
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.source.error("arguments are positional", node)
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "mem":
            self._primitive(node, function.attr, wanted, targets)
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
        source = Source.of(callee)
        expected = len(source.tree.args.args) - int(callee.takes_mem)
        if len(args) != expected:
            raise self.source.error(f"{callee.name} takes {expected} arguments, not {len(args)}", node)
        returned = count_returned(source.tree)
        if wanted not in (0, returned):
            raise self.source.error(f"{callee.name} returns {returned} values, {wanted} are wanted", node)
        values = tuple(self.operands(args))
        self.out.append(ir.Call(self.linker.name_of(callee), values, targets if wanted else (), place_of(node)))

    def _primitive(self, node: ast.Call, name: str, wanted: int, targets: tuple[str, ...]) -> None:
        if not self.protocol.takes_mem:
            raise self.source.error("a protocol without `mem` cannot touch memory", node)
        row = PRIMITIVES.get(name)
        if row is None:
            raise self.source.error(f"mem.{name} does not exist{similar(name, PRIMITIVES)}", node)
        if wanted and not row.result:
            raise self.source.error(f"mem.{name} has no value", node)
        operands = list(row.operands)
        if name == "check" and len(node.args) == 2:
            operands = ["value", "text"]  # the kind is then "check" itself
        if name == "warn_on" and len(node.args) == 1:
            operands = ["value"]
        if len(node.args) != len(operands):
            wants = ", ".join(row.operands)
            raise self.source.error(f"mem.{name} takes ({wants}), not {len(node.args)} operands", node)
        static = {"kind": "check" if name == "check" else "", "text": "", "counter": "", "member": ""}
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
        self.out.append(ir.Prim(name, tuple(dynamic), target, place_of(node), static["kind"], static["text"],
                                static["counter"], static["member"]))

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
        if operand == "member" and node.value not in MEMBERS:
            raise self.source.error(f"{node.value!r} is no member of struct page, ptdesc or ioptdesc"
                                    f"{similar(node.value, MEMBERS)}", node)
        return node.value
