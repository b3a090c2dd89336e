"""How the executor's own functions are compiled: every int in them is a uint64.

Numba gives a literal the type int64, and int64 next to uint64 makes int64 or float64. So `native` rewrites a function
before Numba sees it: int literals and int constants of its module become uint64 values. Nothing is compiled here;
`engine.native.library` compiles what it exports and all that this calls.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True}

#: name of a symbol -> (function, number of operands): what generated files call.
EXPORTS: dict[str, tuple[Any, int]] = {}

_njit: Any = numba.njit

_F = TypeVar("_F", bound=Callable[..., Any])


class _Unsigned(ast.NodeTransformer):
    """Int literals become names of uint64 constants."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is not int:
            return node
        name = f"_u{node.value}"
        self.values[name] = np.uint64(node.value)
        return ast.copy_location(ast.Name(name, ast.Load()), node)


def unsigned(function: _F) -> _F:
    """The same function with every int, literal or global, a uint64."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list.clear()
    ast.increment_lineno(tree, first - 1)
    rewriter = _Unsigned()
    tree = ast.fix_missing_locations(rewriter.visit(tree))
    outer = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    scope: dict[str, Any] = {k: np.uint64(v) if type(v) is int and v >= 0 else v for k, v in outer.items()}
    scope |= rewriter.values
    exec(compile(tree, inspect.getsourcefile(function) or "<native>", "exec"), scope)
    result: _F = scope[definition.name]
    return result


def native(function: _F) -> _F:
    """A function of uint64 values for use by other native functions."""
    compiled: _F = _njit(**OPTIONS, no_cfunc_wrapper=True)(unsigned(function))
    return compiled


def export(function: _F) -> _F:
    """A native function that generated files reach by the symbol `ptt_<name>`; it returns a uint64."""
    return export_as(function.__name__, function)


def export_as(name: str, function: _F) -> _F:
    """The same under another name, for functions that are made in a loop."""
    compiled: _F = _njit(**OPTIONS)(unsigned(function))
    EXPORTS[f"ptt_{name}"] = (compiled, len(inspect.signature(function).parameters))
    return compiled
