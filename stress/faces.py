"""What the harness needs from an executor: the shape of its Session. The engine's sessions have it by structure.

All state that is read here lies in words of the arena, so the harness reads it while workers run, and after a kill -9.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

from engine.errors import UsageError
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.schedule import Step
from engine.session import Progress, ThreadState

#: executor -> the module with its Session and `prepare`.
MODULES: Final = {"native": "engine.native.session", "python": "engine.python.session"}


class Session(Protocol):
    """One arena with its threads, seen from the harness or from a worker."""

    arena: Arena

    def drive(self, thread: int) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
    def progress(self) -> Progress: ...
    def threads(self) -> Sequence[ThreadState]: ...
    def who_waits(self) -> Sequence[str]: ...
    def last_steps(self) -> Sequence[Step]: ...
    def coverage(self) -> Mapping[tuple[int, int], int] | None: ...


class SessionType(Protocol):
    def create(self, program: Program, *, folder: Path, lock: str, seed: int, perturb: str, checks: bool,
               recorder: bool) -> Session: ...
    def attach(self, path: Path, program: Program) -> Session: ...


class Executor(Protocol):
    """A session module. `prepare` compiles, or loads from the cache, all that `drive` runs."""

    Session: SessionType

    def prepare(self, program: Program) -> None: ...


def executor(name: str) -> Any:
    """The session module of an executor (an `Executor`), by its name or, for tests, by the path of a Python file.

    Raises:
        UsageError: unknown, or it cannot run here (no numba).
    """
    if name.endswith(".py"):
        return load_module(Path(name))
    if name not in MODULES:
        raise UsageError(f"unknown executor {name!r}; the executors are: {', '.join(MODULES)}")
    return importlib.import_module(MODULES[name])


def load_module(path: Path) -> ModuleType:
    """Import a Python file under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"pttorture_file_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"{path}: no such Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
