"""Places in source as people read them: from where they stand or from the installation; files keep them whole."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from stress.installation import root


def short(text: str) -> str:
    """`text` with each path below the working directory, or below the installation, written relative to it."""
    folders = [str(root())]
    with suppress(OSError):
        folders.append(os.getcwd())  # it may be gone
    for folder in sorted({f for f in folders if f != "/"}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w./-]){re.escape(folder)}/", "", text)
    return text


def home(path: Path) -> str:
    """A path as a shell reads it, short enough for a line where it lies at home."""
    with suppress(RuntimeError, ValueError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)
