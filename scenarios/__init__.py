"""What the kernel threads describe: scenarios, one file a system, and the models they share."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from engine.declare import Scenario, Variant
from engine.errors import PttortureError, UsageError

#: Modules with a tuple SCENARIOS, in the order of `pttorture list`.
_MODULES: Final = ("s1_refcount", "s2_mapcount", "s4_lock", "s4_walker", "s4_split", "load")
#: Those that are about the machine and the memory models, not about page tables: no part of the main job.
_BESIDE: Final = ("litmus",)


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    """Every scenario about page tables."""
    return _of(_MODULES)


@cache
def other_scenarios() -> tuple[Scenario, ...]:
    """Those that are found by name only: no part of the main job."""
    return _of(_BESIDE)


def _of(modules: Sequence[str]) -> tuple[Scenario, ...]:
    found: list[Scenario] = []
    for name in modules:
        found += importlib.import_module(f"scenarios.{name}").SCENARIOS
    return tuple(found)


def find(name: str, among: Sequence[Scenario] = ()) -> tuple[Scenario, Variant]:
    """The scenario and variant that a name means.

    Args:
        name: a scenario ("transient-get": its first variant), NAME:VARIANT, or an item of the catalogue ("S1-a",
            "S4-j.reread", in either case: the first variant that shows it; "S4-j" stands for its first part).
        among: where to look, everything if empty.

    Raises:
        UsageError: there is none; names the closest.
    """
    scenarios = tuple(among) or (*all_scenarios(), *other_scenarios())
    scenario_name, _, variant_name = name.partition(":")
    for scenario in scenarios:
        if scenario.name == scenario_name:
            return scenario, scenario.variant(variant_name)
    for scenario in scenarios:
        for variant in scenario.variants:
            if variant.item and name.lower() in (variant.item.lower(), variant.item.lower().partition(".")[0]):
                return scenario, variant
    raise UsageError(f"no scenario or race is called {name!r}{_closest(name, scenarios)}; see: pttorture list")


def _closest(name: str, scenarios: Sequence[Scenario]) -> str:
    known = {s.name.lower(): s.name for s in scenarios}
    known |= {f"{s.name}:{v.name}".lower(): f"{s.name}:{v.name}" for s in scenarios for v in s.variants}
    known |= {v.item.lower(): v.item for s in scenarios for v in s.variants if v.item}
    close = get_close_matches(name.lower(), known, n=1)
    return f", did you mean {known[close[0]]}?" if close else ""


def load_file(path: str | Path) -> tuple[Scenario, ...]:
    """The scenarios of a user's Python file: its module attributes that are a `Scenario`, or a tuple or list of them.

    Raises:
        UsageError: no such file, it cannot be imported, it has no scenario, or two have one name.
    """
    file = Path(path)
    if file.is_dir():
        raise UsageError(f"{path}: is a folder; name a file in it")
    if not file.is_file():
        raise UsageError(f"{path}: no such file")
    scenarios: dict[str, Scenario] = {}
    for value in vars(_import(file)).values():
        for scenario in value if isinstance(value, tuple | list) else (value,):
            if not isinstance(scenario, Scenario):
                continue
            if scenarios.setdefault(scenario.name, scenario) is not scenario:
                raise UsageError(f"{path}: two scenarios are called {scenario.name!r}; give one another name")
    if not scenarios:
        raise UsageError(f"{path}: no scenario in it; assign a Scenario(...) to a module-level name")
    return tuple(scenarios.values())


def _import(file: Path) -> object:
    """Import a file under a name of its own, so that it hides no module and none hides it."""
    name = f"pttorture_user_{file.stem}_{abs(hash(str(file.resolve()))):x}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file}: not a Python file; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with contextlib.redirect_stdout(sys.stderr):  # standard output is for the command's own result
            spec.loader.exec_module(module)
    except PttortureError:
        raise
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno or 1}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{file}:{_line_in(file, error)}: {type(error).__name__}: {error}") from error
    return module


def _line_in(file: Path, error: BaseException) -> int:
    """The last line of `file` in a traceback."""
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(file):
            line = step.tb_lineno
        step = step.tb_next
    return line
