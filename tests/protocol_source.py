"""Protocol files from text: what tests write into tmp_path and import."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.declare import Geometry, Role, Scenario, Variant
from engine.language.program import Program, build

HEAD = '''from __future__ import annotations
from engine import Counter, Param, RWLock, SpinLock, Word, protocol
from engine.memory.page import frame_at, mapcount, page_of, refcount
A = Word("A")
B = Word("B", 2)
L = RWLock("L", 2)
S = SpinLock("S")
WORK = Counter("work", operation=True)
HOW = Param("how", 0)
TOP = 1 << 63
'''
_numbers = itertools.count()


def load(folder: Path, text: str) -> ModuleType:
    """Write a module to a file and import it under a name of its own."""
    name = f"protocols_{next(_numbers)}"
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def scenario(folder: Path, text: str, **options: Any) -> Scenario:
    """A scenario of the protocols in `text`: `setup` and `at_rest` by name, every other without arguments a role.

    Options: pool, params (of the one variant), contexts (role -> context), and those of Scenario.
    """
    module = load(folder, HEAD + text)
    contexts, params = options.pop("contexts", {}), options.pop("params", {})
    pool = options.pop("pool", "reuse")
    mine = {name: value for name, value in vars(module).items()
            if type(value).__name__ == "Protocol" and value.function.__module__ == module.__name__}
    names = options.pop("roles", [n for n in mine if n not in ("setup", "at_rest") and not n.startswith("helper")])
    roles = tuple(Role(n, mine[n], context=contexts.get(n, "process")) for n in names)
    return Scenario("test", "", roles, (Variant("v", pool=pool, params=params),), setup=mine.get("setup"),
                    at_rest=mine.get("at_rest"), small=Geometry(4, 3, options.pop("frames", 4)), **options)


def program(folder: Path, text: str, *, params: dict[str, int] | None = None, **options: Any) -> Program:
    """The folded program of `scenario(folder, text, **options)`."""
    return build(scenario(folder, text, **options), params=params or {})
