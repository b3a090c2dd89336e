"""Breaking circles of calls keeps the meaning."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from engine import protocol
from engine.declare import Protocol
from engine.errors import UsageError
from engine.language import ir
from engine.language.emit import Dialect, emit
from engine.language.fold import fold
from engine.language.front import compile_module
from engine.language.inline import break_circles, callees
from engine.language.names import array
from engine.words import BINARY, UNARY
from tests.protocols import circles


def _compile(functions: Mapping[str, ir.Function]) -> Callable[[str], Callable[..., Any]]:
    scope: dict[str, Any] = {f"_{name}": meaning for name, meaning in {**BINARY, **UNARY}.items()}
    module = ast.Module([emit(f, Dialect()) for f in functions.values()], [])
    exec(compile(ast.fix_missing_locations(module), "circles", "exec"), scope)
    return lambda name: cast(Callable[..., Any], scope[f"f_{name}"])


@pytest.fixture(scope="module")
def functions() -> dict[str, ir.Function]:
    roots = [cast(Protocol, p) for p in (circles.even, circles.descend, circles.children)]
    module, _ = compile_module(roots)
    return fold(module, {}, {})


def test_the_meaning_is_kept(functions: dict[str, ir.Function]) -> None:
    before, after = _compile(functions), _compile(break_circles(functions))
    for n in range(8):
        assert after("even")(None, n) == before("even")(None, n) == int(n % 2 == 0)
        assert after("odd")(None, n) == before("odd")(None, n)
    for n in range(4):
        for width in range(6):
            assert after("descend")(None, n, width) == before("descend")(None, n, width)
            assert after("children")(None, n, width) == before("children")(None, n, width)


def test_nothing_calls_in_a_circle_afterwards(functions: dict[str, ir.Function]) -> None:
    straight = break_circles(functions)
    assert any(name in callees(f) for name, f in straight.items()), "self-recursion is what remains"
    for name, f in straight.items():
        for other in set(callees(f)) - {name}:
            assert name not in callees(straight[other])


@protocol
def with_array(n: int) -> int:
    a = array(2)
    return and_another(n - 1) + a[0] if n else 0


@protocol
def and_another(n: int) -> int:
    a = array(2)
    return with_array(n - 1) + a[0] if n else 0


def test_a_circle_of_arrays_is_refused_by_name() -> None:
    module, _ = compile_module([cast(Protocol, with_array)])
    with pytest.raises(UsageError, match=r"and_another, with_array: .* circle"):
        break_circles(fold(module, {}, {}))
