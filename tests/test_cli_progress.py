"""The progress line of a search: redrawn on a terminal, rare in a log, gone at the end."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from engine.explore import Look, explore
from engine.language.program import build
from stress import searching
from stress.console import WIDTH, Console
from tests.protocols import counter

LOOK = Look("dfs", 1, 1234567, 9, 0, 12)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def searched(stream: io.StringIO) -> str:
    program = build(counter.SCENARIO, "atomic")
    with searching.waiting(Console(stream, environment={}), "counter:atomic"):
        explore(program, preemptions=1)
    return stream.getvalue()


def test_terminal_shows_it_and_it_goes_away() -> None:
    text = searched(Terminal())
    assert "counter:atomic: dfs, up to 1 preemption: " in text
    assert text.endswith("\r\x1b[K")
    assert "\n" not in text
    assert max(len(part) for part in text.replace("\x1b[K", "").split("\r")) < WIDTH


def test_log_of_a_short_search_has_no_line() -> None:
    assert searched(io.StringIO()) == ""


def test_log_of_a_long_search_has_one_in_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, now = io.StringIO(), [100.0]
    monkeypatch.setattr(searching.time, "monotonic", lambda: now[0])
    with searching.waiting(Console(stream, environment={}), "x") as _:
        from engine.explore.progress import listener

        tell = listener()
        assert tell is not None
        for second in range(31):
            now[0] = 100.0 + second
            tell(replace(LOOK, executions=1000 * second))
    assert stream.getvalue().count("\n") == 3
    assert "depth 12, 1,000/s" in stream.getvalue()


def test_nobody_is_told_outside() -> None:
    from engine.explore.progress import listener

    searched(io.StringIO())
    assert listener() is None


@pytest.mark.parametrize(("look", "said"), [
    (LOOK, "up to 1 preemption: 1,234,567 executions, depth 12"),
    (replace(LOOK, preemptions=2), "up to 2 preemptions: "),
    (replace(LOOK, preemptions=None, states=77), "dfs: 1,234,567 executions, 77 states, depth 12"),
])
def test_what_the_line_says(look: Look, said: str) -> None:
    assert said in searching.line("x", look, 5.0, 1.0)
