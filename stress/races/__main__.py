"""Write the ready scripts anew: after a change of scenarios that their schedules cannot follow."""

from __future__ import annotations

import sys

from engine.language.program import build
from stress import scripts
from stress.report.write import write
from stress.searching import smallest
from stress.selection import model_that_breaks


def main() -> None:
    """All of them; those of variants that are gone are removed."""
    wanted = {}
    for scenario, variant in scripts.broken():
        lock = next(iter(variant.locks), "qrwlock")
        model = model_that_breaks(scenario, variant, lock)
        found = smallest(build(scenario, variant.name), lock=lock, model=model).schedule
        if found is None:
            raise SystemExit(f"{scenario.name}:{variant.name}: nothing breaks it")
        wanted[scripts.ready(scenario, variant)] = scripts.script(found, variant.item)
    for old in scripts.FOLDER.glob("*__*.py"):
        if old not in wanted and old.name not in ("__init__.py", "__main__.py"):
            old.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text() != text:
            write(str(path), text)
            sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    main()
