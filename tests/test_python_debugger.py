"""A debugger stops in the user's file, at the user's line, with the user's variables."""

from __future__ import annotations

import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from engine.python.compile import compile_functions
from engine.python.replay import walk
from tests.protocol_source import HEAD, program

TEXT = """
@protocol
def helper(x):
    doubled = x * 2
    return doubled

@protocol
def role(mem):
    value = mem.read_once(A)
    for i in range(2):
        total = helper(value + i)
        mem.write_once(A, total)
    return
"""


def test_lines_and_variables_are_the_users(tmp_path: Path) -> None:
    p = program(tmp_path, TEXT, roles=["role"])
    file = p.functions["role"].file
    seen: list[tuple[str, dict[str, Any]]] = []
    source = (HEAD + TEXT).split("\n")

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename != file:
            return None
        if event == "line":
            seen.append((source[frame.f_lineno - 1].strip(), dict(frame.f_locals)))
        return trace

    threading.settrace(trace)
    try:
        walk(p, 1, folder=tmp_path)
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
    lines = [line for line, _ in seen]
    order = ["value = mem.read_once(A)", "for i in range(2):", "total = helper(value + i)", "doubled = x * 2",
             "return doubled", "mem.write_once(A, total)", "return"]
    assert [line for line in order if line in lines] == order
    assert any(line == "mem.write_once(A, total)" and v["total"] == 2 and v["i"] == 1 for line, v in seen)
    assert any(line == "return doubled" and v["x"] == 1 and v["doubled"] == 2 for line, v in seen)


def test_a_traceback_names_the_users_line(tmp_path: Path) -> None:
    """An error of the engine inside a primitive shows the protocol's own line."""
    p = program(tmp_path, TEXT, roles=["role"])

    def broken(*_args: object) -> int:
        raise RuntimeError

    names = {f"_p_{site.primitive}": broken for site in p.sites}
    functions = compile_functions(p, {**names, "_enter": lambda _m: None, "_leave": lambda _m: None, "_turn": bool})
    with pytest.raises(RuntimeError) as raised:
        functions["role"](object())
    places = [(frame.filename, frame.line) for frame in traceback.extract_tb(raised.tb)]
    assert (p.functions["role"].file, "value = mem.read_once(A)") in places
