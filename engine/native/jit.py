"""The executor's own functions: Python by which people read them, words to the last variable where they run.

Every int in them is a uint64 and no other type exists, so they are not given to Numba: `engine.native.lowering` makes
LLVM code of what `engine.native.library` exports and of all that this calls.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

#: name of a symbol -> function: what generated files call.
EXPORTS: dict[str, Native] = {}

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Native:
    """A function of words."""

    function: Callable[..., Any]

    def __call__(self, *_words: int) -> int:
        raise TypeError(f"{self.function.__name__} stands for compiled code")

    def source(self) -> ast.FunctionDef:
        lines, _ = inspect.getsourcelines(self.function)
        definition = ast.parse(textwrap.dedent("".join(lines))).body[0]
        assert isinstance(definition, ast.FunctionDef)
        return definition

    def scope(self) -> dict[str, Any]:
        """What its names mean that are not its own."""
        return {**self.function.__globals__, **inspect.getclosurevars(self.function).nonlocals}


def native(function: _F) -> _F:
    """A function for use by other native functions."""
    return cast(_F, Native(function))


def export(function: _F) -> _F:
    """A native function that generated files reach by the symbol `ptt_<name>`."""
    return export_as(function.__name__, function)


def export_as(name: str, function: _F) -> _F:
    """The same under another name, for functions that are made in a loop."""
    EXPORTS[f"ptt_{name}"] = Native(function)
    return cast(_F, EXPORTS[f"ptt_{name}"])
