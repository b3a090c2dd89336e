"""A program as the text of a Python file: every function, and one entry that runs them, which Numba compiles.

    entry(SETUP | REST | ROLE | DRIVE | REPLAY | START, B, me, alone)

What is recursive measures the stack, because native recursion that runs away would end the process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple

from engine.errors import UsageError
from engine.language import ir
from engine.language.emit import Dialect, emit
from engine.language.program import Program, build, function_of
from engine.memory.members import operands
from engine.native.fast import Places
from engine.native.words import MAX_ARGS, MAX_COUNTERS
from engine.violations import BY_NAME

SETUP, REST, ROLE, DRIVE, REPLAY, START = range(6)

HEAD = '''"""Generated from {program} by engine.native: {variant}. Do not edit.

`engine.native.lowering` compiles the functions below; Python never calls them.
"""
import numba
from engine.native.lowering import program

code = program(__file__, "{table}", {places})


@numba.njit("uint64(uint64, uint64, uint64, uint64)", nogil=True, error_model="numpy", cache=True)
def entry(what, B, me, alone):
    return code(what, B, me, alone)


'''


class NativeDialect(Dialect):
    """uint64 constants, primitives with their site, counters and parameters by index."""

    def __init__(self, program: Program, checks: bool) -> None:
        super().__init__(context=("_B", "_me"), guard="_go")  # no name that a user's variable can have
        object.__setattr__(self, "program", program)
        object.__setattr__(self, "counters", {name: i for i, name in enumerate(program.counters)})
        object.__setattr__(self, "members", operands(program.sites))
        object.__setattr__(self, "recursive", recursive(program.functions) if checks else frozenset())

    program: Program
    counters: Mapping[str, int]
    members: Mapping[int, int]
    recursive: frozenset[str]

    def param(self, name: str) -> ast.expr:
        return self.call("_param", [ast.Constant(self.program.param_index[name])])

    def primitive(self, stmt: ir.Prim, args: Sequence[ast.expr]) -> ast.expr:
        static = []
        if stmt.name == "check":
            static = [ast.Constant(BY_NAME[stmt.kind].code)]
        if stmt.name == "count":
            static = [ast.Constant(self.counters[stmt.counter])]
        if stmt.member:
            static = [ast.Constant(self.members[stmt.site])]
        name = "operation" if stmt.counter in self.program.operations else stmt.name
        return self.call(f"_p_{name}", [ast.Constant(stmt.site), *args, *static])

    def annotate(self, function: ast.FunctionDef, source: ir.Function) -> ast.FunctionDef:
        """Every path has a result: a round that unwinds leaves loops where it pleases."""
        zeros: list[ast.expr] = [ast.Constant(0) for _ in range(source.returns)]
        result = None if not zeros else zeros[0] if len(zeros) == 1 else ast.Tuple(zeros, ast.Load())
        head: list[ast.stmt] = []
        if source.name in self.recursive:
            head.append(ast.If(self.call("_deep", []), [ast.Return(result)], []))
        function.body = [*head, *function.body]
        if not isinstance(function.body[-1], ast.Return):
            function.body.append(ast.Return(result))
        if source.name in self.recursive:
            function = _LeaveFirst(self.call("_leave", [])).visit(function)
        return function


class _LeaveFirst(ast.NodeTransformer):
    """Every return of a recursive function first says that it returns. What it returns has no side effects."""

    def __init__(self, leave: ast.expr) -> None:
        self.leave = leave

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        return [ast.Expr(self.leave), node]


def _callees(function: ir.Function) -> Iterator[str]:
    for stmt in ir.walk(function.body):
        if isinstance(stmt, ir.Call):
            yield stmt.function


def _callee_first(functions: Mapping[str, ir.Function], roots: Sequence[str]) -> list[str]:
    """What the roots reach, each function behind those it calls where that is possible."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for callee in _callees(functions[name]):
                visit(callee)
            order.append(name)

    for root in roots:
        visit(root)
    return order


def recursive(functions: Mapping[str, ir.Function]) -> frozenset[str]:
    """Those that can reach themselves."""
    reach = {name: set(_callees(f)) for name, f in functions.items()}
    changed = True
    while changed:
        changed = False
        for found in reach.values():
            more = set().union(*(reach[callee] for callee in found)) - found if found else set()
            if more:
                found |= more
                changed = True
    return frozenset(name for name, found in reach.items() if name in found)


def role_functions(program: Program) -> list[str]:
    """Every function that is a role of any variant, so that one compiled file serves them all."""
    scenario = program.scenario
    roles = [*scenario.roles, *(role for variant in scenario.variants for role in variant.roles)]
    return sorted({function_of(scenario, role) for role in roles} | {t.function for t in program.threads})


def primitives_of(program: Program) -> Iterator[ir.Prim]:
    """Every primitive that this variant can reach: with its parameters folded, whether the program is or not."""
    if not program.folded:
        program = build(program.scenario, program.variant.name, geometry=program.geometry,
                        threads=len(program.threads), params=_given(program))
    roots = [*(t.function for t in program.threads), *(f for f in (program.setup, program.at_rest) if f)]
    for name in _callee_first(program.functions, roots):
        yield from (stmt for stmt in ir.walk(program.functions[name].body) if isinstance(stmt, ir.Prim))


def _given(program: Program) -> dict[str, int]:
    built_in = program.layout.builtins()
    return {name: value for name, value in program.params.items() if name not in built_in}


def check_program(program: Program) -> None:
    """What the arena's areas cannot hold.

    Raises:
        UsageError: too many counters or arguments.
    """
    if len(program.counters) > MAX_COUNTERS:
        raise UsageError(f"{program.name}: {len(program.counters)} counters; the native executor holds {MAX_COUNTERS}")
    for thread in program.threads:
        if len(thread.args) > MAX_ARGS:
            raise UsageError(f"{program.name}: role {thread.name} has {len(thread.args)} arguments; {MAX_ARGS} at most")


def generate(program: Program, *, checks: bool) -> str:
    """The text. The same for all variants of an unfolded scenario with the same layout."""
    check_program(program)
    roles = role_functions(program)
    roots = [*roles, *(name for name in (program.setup, program.at_rest) if name)]
    dialect = NativeDialect(program, checks)
    functions = [program.functions[name] for name in _callee_first(program.functions, roots)]
    nodes: list[ast.stmt] = [emit(function, dialect) for function in functions]
    nodes += ast.parse(_entry(program, roles)).body
    body = "\n\n\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in nodes)
    variant = program.variant.name if program.folded else "all variants"
    head = HEAD.format(program=program.scenario.name, variant=variant,
                       table="checked" if checks else _plain_table(functions),
                       places=astuple(Places.of(program.layout)))
    return head + body + "\n"


def _plain_table(functions: Sequence[ir.Function]) -> str:
    """Read holds need not be noted where nothing turns them into another hold."""
    used = {s.name for function in functions for s in ir.walk(function.body) if isinstance(s, ir.Prim)}
    return "plain" if used & {"try_upgrade", "downgrade"} else "bare"


def _entry(program: Program, roles: Sequence[str]) -> str:
    """The dispatch by number; written as text, it is the same in every program but for the names."""
    lines = ["def run_role(B, me):", "    role = _role(B, me, 0)"]
    for number, name in enumerate(roles):
        args = "".join(f", _arg(B, me, {i})" for i in range(len(program.functions[name].params)))
        lines += [f"    if role == {number}:", f"        f_{name}(B, me{args})"]
    alone = {SETUP: program.setup, REST: program.at_rest}
    lines += ["def run(what, B, me, alone):"]
    for what, function in alone.items():
        lines += [f"    if what == {what}:", f"        f_{function}(B, me)" if function else "        pass"]
    rest = f"f_{program.at_rest}(B, alone)" if program.at_rest else "pass"
    lines += [f"    if what == {ROLE}:", "        run_role(B, me)",
              f"    if what == {DRIVE}:", "        while _round_begin(B, me) != 0:",
              "            run_role(B, me)",
              "            last = _round_end(B, me)", "            if last != 0:",
              "                if last == 1:", f"                    {rest}",
              "                _round_finish(B, alone)",
              f"    if what == {START}:", "        _session_start(B, me)",
              f"    if what == {REPLAY}:", "        _gate_enter(B, me)", "        left = _rounds(B, me, 0)",
              "        while left != 0:", "            if _go(B, me) == 0:", "                break",
              "            run_role(B, me)", "            _gate_round(B, me)",
              "            left = _sub(left, 1)", "        _gate_leave(B, me)"]
    return "\n".join(lines)
