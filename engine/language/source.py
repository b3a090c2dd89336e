"""A protocol's source with the user's own line numbers, and errors that point into it."""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.declare import Protocol
from engine.errors import ProtocolError
from engine.language import ir


@dataclass(frozen=True)
class Source:
    """A protocol's source with the user's own line numbers."""

    tree: ast.FunctionDef
    file: str
    lines: list[str]
    first: int

    @classmethod
    @functools.cache
    def of(cls, protocol: Protocol) -> Source:
        function = protocol.function
        file = inspect.getsourcefile(function) or "<unknown>"
        try:
            lines, first = inspect.getsourcelines(function)
        except OSError as error:
            raise ProtocolError("its source cannot be read; put protocols in a file", file, 0) from error
        tree = _definition("".join(lines))
        if tree is None:
            raise ProtocolError("@protocol marks plain functions only", file, first, 0, lines[0].rstrip("\n"))
        ast.increment_lineno(tree, first - 2)
        return cls(tree, file, [line.rstrip("\n") for line in lines], first)

    def error(self, what: str, node: ast.AST | None = None) -> ProtocolError:
        node = node or self.tree
        line, column = getattr(node, "lineno", self.first), getattr(node, "col_offset", 0)
        text = self.lines[line - self.first] if 0 <= line - self.first < len(self.lines) else ""
        return ProtocolError(what, self.file, line, column, text)


def _definition(text: str) -> ast.FunctionDef | None:
    """The function that a text defines, its first line numbered 2; None if it is something else.

    An indented text goes below an `if`, so that columns stay the user's. (Dedenting it would fail on a string whose
    lines start further left.)
    """
    try:
        tree: ast.AST = ast.parse("if 1:\n" + text if text[0].isspace() else "\n" + text).body[0]
    except SyntaxError:  # a lambda within an expression
        return None
    if isinstance(tree, ast.If):
        tree = tree.body[0]
    return tree if isinstance(tree, ast.FunctionDef) else None


def scope_of(function: Callable[..., Any]) -> Mapping[str, object]:
    cells = inspect.getclosurevars(function).nonlocals if function.__code__.co_freevars else {}
    return {**function.__globals__, **cells}


def place_of(node: ast.AST) -> ir.Place:
    return ir.Place(getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def returns_of(tree: ast.AST) -> list[ast.Return]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Return)]


def count_returned(tree: ast.AST) -> int:
    """How many values a call gives: those of its returns (which `front` checks to be the same number)."""
    return max(map(values_of, returns_of(tree)), default=0)


def values_of(node: ast.Return) -> int:
    """How many values one return gives."""
    return len(node.value.elts) if isinstance(node.value, ast.Tuple) else int(node.value is not None)


def keyword(node: ast.AST) -> str:
    words = {"With": "with", "Try": "try", "Raise": "raise", "Delete": "del", "Global": "global", "Import": "import",
             "ImportFrom": "import", "ClassDef": "class", "FunctionDef": "def", "Assert": "assert", "Match": "match"}
    return words.get(type(node).__name__, type(node).__name__)


def expression(node: ast.AST) -> str:
    words = {"List": "a list", "Dict": "a dict", "Lambda": "lambda", "ListComp": "a comprehension", "JoinedStr":
             "an f-string", "Await": "await", "Yield": "yield", "Tuple": "a tuple here", "Set": "a set", "Is": "'is'",
             "IsNot": "'is not'", "In": "'in'", "NotIn": "'not in'", "NamedExpr": "':='", "Starred": "'*'",
             "GeneratorExp": "a generator", "Slice": "a slice"}
    return words.get(type(node).__name__, type(node).__name__)


def similar(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
