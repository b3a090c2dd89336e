"""People's own files: a Python file with a scenario is all that a search or a run needs."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path

from engine.declare import Scenario
from engine.errors import ProtocolError, UsageError


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
    except ProtocolError:
        raise
    except UsageError as error:
        raise UsageError(f"{file}:{_line_in(file, error)}: {error}") from error
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
