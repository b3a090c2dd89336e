"""A document whose commands are run: its files are written, its commands typed, and what it shows compared.

    python -m tests.document docs/guide.md      run it, and put what is printed now in the place of what has changed

In the text:

    ```python last_put.py           a file, from here on
    ```python last_put.py: put      the definition of that name in that file, as it is from here on
    ```console                      commands behind `$ `, each with what it prints

`...` stands for any text, a line of it for any lines. Times and, where threads really ran, all figures may differ; that
something is compiled first is left out.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.pytest_help import ROOT, entry_point

BLOCK = re.compile(r"^```(\w+)[ ]?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = {"pttorture": ["-m", "stress"], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"], "python": []}
COMPILING = re.compile(r"(\S+: )?compil(ing|ed) ")  # once, or never if it is in the cache
LONG = re.compile(r"(?<=s) \(\d+:\d\d:\d\d\)$")  # what pytest adds to a minute and more
SECONDS = 300.0


@dataclass
class Typed:
    """A command and what the document says it prints; later, what it did print and its exit code."""

    command: str
    shown: str
    printed: str = ""
    code: int = 0

    @property
    def agrees(self) -> bool:
        wanted = pattern(self.shown, loose=self.command.startswith("pttorture run"))
        return re.fullmatch(wanted, self.printed) is not None


def pattern(shown: str, *, loose: bool) -> str:
    """What the output must match."""
    lines = []
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "...":
            lines.append(r"(?:.*\n)*?")
            continue
        text = re.escape(line).replace(r"\.\.\.", ".*")
        number = r"\d+(?:,\d+)*(?:\\\.\d+)?"
        seconds = rf"in\\ {number}(?:\\ )?s"
        loosely = loose or text.endswith("up\\ to\\ the\\ first\\ violation")  # how much came before is no point of it
        text = re.sub(number, r"[\\d,.]+", text) if loosely else re.sub(seconds, r"in [\\d.]+ ?s", text)
        lines.append(text + r"\n")
    return "".join(lines) if shown.strip() else ""


def run(text: str, folder: Path) -> Iterator[Typed]:
    """Write the files and run the commands of a document in a folder."""
    for kind, what, body in BLOCK.findall(text):
        if kind == "python" and what:
            name, _, definition = what.partition(": ")
            file = folder / name
            file.write_text(replaced(file.read_text(), definition, body) if definition else body)
        elif kind == "console":
            for typed in commands(body):
                yield typed_in(typed, folder)


def commands(body: str) -> list[Typed]:
    found = []
    for line in body.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Typed(line[2:].strip(), ""))
        else:
            found[-1].shown += line
    return found


def typed_in(typed: Typed, folder: Path) -> Typed:
    """Run one command, as a user would in that folder."""
    name, *arguments = shlex.split(typed.command)
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}  # pytest's
    path = f"{ROOT}:{entry_point(folder / '.plugins')}"
    environment = {**inherited, "PYTHONPATH": path, "COLUMNS": "80", "NO_COLOR": "1",
                   "XDG_STATE_HOME": str(folder / ".state")}
    done = subprocess.run([sys.executable, *COMMANDS[name], *arguments], cwd=folder, env=environment, text=True,
                          capture_output=True, timeout=SECONDS, check=False)
    typed.code = done.returncode
    lines = [LONG.sub("", line.rstrip()) for line in done.stdout.splitlines() if not COMPILING.match(line)]
    typed.printed = "".join(f"{line}\n" for line in lines)
    return typed


def replaced(source: str, name: str, text: str) -> str:
    """A module with another text for the definition of one name: a function with its decorators, or an assignment."""
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        targets = [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
        if getattr(node, "name", None) == name or name in targets:
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            assert node.end_lineno is not None
            return "".join([*lines[:first - 1], text, *lines[node.end_lineno:]])
    raise AssertionError(f"no definition of {name}")


def main() -> None:
    path = Path(sys.argv[1])
    text, at = path.read_text(), 0
    with tempfile.TemporaryDirectory() as folder:
        for typed in run(text, Path(folder)):
            print(f"{typed.code:3} {'as shown' if typed.agrees else 'CHANGED '}  {typed.command}", flush=True)
            head = f"$ {typed.command}\n"
            at = text.index(head + typed.shown, at) + len(head)
            if not typed.agrees:
                text = text[:at] + typed.printed + text[at + len(typed.shown):]
    path.write_text(text)


if __name__ == "__main__":
    main()
