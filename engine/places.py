"""Places in source, the same on every machine: relative to where the packages are installed, or to a user's file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.language.program import Program

ROOT: Final = str(Path(__file__).resolve().parent.parent)


def short_file(file: str) -> str:
    """`scenarios/models/rest.py` for a file of ours, the bare name for anybody else's."""
    return file[len(ROOT) + 1:] if file.startswith(ROOT + "/") else file.rsplit("/", 1)[-1]


def short(text: str, program: Program) -> str:
    """`text` with every file of the program written short."""
    files = _files(tuple(dict.fromkeys(site.file for site in program.sites)))
    return files.sub(lambda found: short_file(found[0]), text) if files else text


@cache
def _files(files: tuple[str, ...]) -> re.Pattern[str] | None:
    longest = sorted((re.escape(file) for file in files), key=len, reverse=True)
    return re.compile("|".join(longest)) if longest else None
