"""A place in source, named so that an edit elsewhere in the file leaves the name: function and text, no number."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from engine.places import ROOT, short_file

_STRING: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_AROUND: Final = re.compile(r"\s*([()\[\]])\s*|\s+(?=,)")


def named(place: str, source: str = "") -> str:
    """`file:line` as `file function text`, with the number of the line among equal ones of that function if there are
    several. A place that cannot be read stays as it is, without its line. `source`: a user's file, which schedules name
    without its folder.

    Words in quotes are left out: a message that is put better is no new bug.
    """
    file, _, line = place.rpartition(":")
    if not file or not line.isdigit():
        return place
    path = Path(source) if source and Path(source).name == file else Path(ROOT) / file  # an absolute one stays so
    try:
        return _named(str(path), path.stat().st_mtime_ns, int(line))
    except OSError:
        return short_file(file)


@lru_cache(maxsize=4096)
def _named(path: str, stamp: int, line: int) -> str:
    return f"{short_file(path)} {_read(path, stamp).name(line)}".rstrip()


class _Source:
    """The statements of a file and the functions in it."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.functions: list[tuple[int, int, str]] = []
        self.statements: list[tuple[int, int]] = []
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self.functions.append((node.lineno, node.end_lineno or node.lineno, node.name))
            if isinstance(node, ast.stmt):
                self.statements.append((node.lineno, _end(node)))

    def name(self, line: int) -> str:
        """Function and statement of a line."""
        if not 0 < line <= len(self.lines):
            return ""
        text, begin = self._statement(line)
        first, last, function = max((f for f in self.functions if f[0] <= line <= f[1]), default=(1, line, ""))
        starts = sorted({start for start, _ in self.statements if first <= start <= last})
        same = [start for start in starts if self._statement(start)[0] == text]
        which = f" #{same.index(begin) + 1}" if len(same) > 1 else ""
        return f"{function} {text}{which}".strip()

    def _statement(self, line: int) -> tuple[str, int]:
        """The text of the statement that a line is in, and its first line."""
        first, last = max((s for s in self.statements if s[0] <= line <= s[1]), default=(line, line))
        return _bare(self.lines[first - 1 : last]), first


def _end(node: ast.stmt) -> int:
    """The last line of a statement, of one with a body that of its head."""
    body = getattr(node, "body", None)
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno


def _bare(lines: list[str]) -> str:
    """A statement without indentation, comments, messages, and the freedom in where its lines end."""
    text = " ".join(" ".join(_STRING.sub('""', line).partition("#")[0].split()) for line in lines)
    return _AROUND.sub(r"\1", text).replace(",)", ")").strip()


@lru_cache(maxsize=64)
def _read(path: str, _stamp: int) -> _Source:
    return _Source(Path(path).read_text(encoding="utf-8", errors="replace"))
