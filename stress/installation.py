"""The three top-level packages have common names: make sure that all of them are ours.

`engine`, `stress` and `scenarios` may be shadowed by a file of the user's working directory or overwritten by another
distribution; neither pip nor Python says a word then. So the command line looks before it imports.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from engine.errors import UsageError

PACKAGES: Final = ("engine", "stress", "scenarios")


def root() -> Path:
    """The folder that holds this installation's packages: site-packages, or the checkout."""
    return Path(__file__).resolve().parent.parent


def places() -> dict[str, Path | None]:
    """Package -> the file that `import` would run, without running it; None where there is none."""
    found: dict[str, Path | None] = {}
    for name in PACKAGES:
        spec = find_spec(name)
        found[name] = Path(spec.origin).resolve() if spec is not None and spec.origin else None
    return found


def check(found: dict[str, Path | None] | None = None) -> None:
    """Refuse to run with packages of two installations.

    Raises:
        UsageError: names the package that comes from elsewhere, and from where.
    """
    for name, file in (found if found is not None else places()).items():
        if file is None:
            raise UsageError(f"the package {name!r} is missing beside {root()}; install pttorture again")
        if file != root() / name / "__init__.py":
            raise UsageError(f"the package {name!r} comes from {file}, not from {root()}: another distribution or a "
                             "file of that name is in the way; install pttorture in an environment of its own")
