"""IR to Python functions that carry the user's file name, line numbers and variable names.

Operators are the functions of `engine.words`; primitives are looked up in the same namespace as `_p_<name>`. Every call
is counted, so that runaway recursion is a violation and not a Python error.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, Final

from engine import words
from engine.language import ir
from engine.language.emit import Dialect, emit
from engine.language.program import Program

_OPERATORS: Final = {f"_{name}": meaning for name, meaning in {**words.BINARY, **words.UNARY}.items()}
_ENTER: Final = "_enter"
_LEAVE: Final = "_leave"


class PythonDialect(Dialect):
    """Counts the depth of calls at the entry and before every return."""

    def primitive(self, stmt: ir.Prim, args: Sequence[ast.expr]) -> ast.expr:
        return super().primitive(stmt, [*args, ast.Constant(stmt.counter)] if stmt.counter else args)

    def annotate(self, function: ast.FunctionDef, source: ir.Function) -> ast.FunctionDef:  # noqa: ARG002
        _Leaver(self).visit(function)
        first = ast.Expr(self.call(_ENTER, []))
        last = [] if isinstance(function.body[-1], ast.Return) else [ast.Expr(self.call(_LEAVE, []))]
        function.body = [first, *function.body, *last]
        return function


class _Leaver(ast.NodeTransformer):
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        leave = ast.copy_location(ast.Expr(self.dialect.call(_LEAVE, [])), node)
        return [ast.fix_missing_locations(leave), node]


def compile_functions(program: Program, primitives: Mapping[str, Callable[..., Any]]) -> dict[str, FunctionType]:
    """Every function of a folded program, by its name in the program; each takes the thread's `Cpu` first.

    Args:
        primitives: the rest of the namespace: `_p_<primitive>`, `_array_new`, `_enter`, ...
    """
    namespace: dict[str, Any] = {"__builtins__": {}, **_OPERATORS, **primitives}
    for code in _code_of(program.functions):
        exec(code, namespace)
    return {name: namespace[f"f_{name}"] for name in program.functions}


#: The programs compiled last; the functions are kept with their code, so that their id is not used again.
_recent: dict[int, tuple[Mapping[str, ir.Function], list[CodeType]]] = {}
_RECENT: Final = 16


def _code_of(functions: Mapping[str, ir.Function]) -> list[CodeType]:
    """The code of all functions: a search that replays one program a thousand times compiles it once."""
    if id(functions) not in _recent:
        dialect = PythonDialect(guard="_turn")
        trees = [(ast.Module([emit(function, dialect)], []), function.file) for function in functions.values()]
        code = [compile(ast.fix_missing_locations(tree), file, "exec") for tree, file in trees]
        while len(_recent) >= _RECENT:
            _recent.pop(next(iter(_recent)), None)
        _recent[id(functions)] = (functions, code)
    return _recent[id(functions)][1]
