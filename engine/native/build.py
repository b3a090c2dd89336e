"""Compiled programs, kept: one file a content, in the user's cache.

Numba caches a function with the file it stands in, and looks at nothing else when it decides whether the cache is good.
So the name of a generated file is a hash over all that its meaning depends on: its own text, the executor's sources,
Numba, Python and the CPU. Editing a helper of a protocol changes the text, editing the executor changes the rest.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from engine.errors import MachineError
from engine.language.program import Program
from engine.native import require
from engine.once import only_one

_log = logging.getLogger(__name__)
_ENGINE = Path(__file__).resolve().parent.parent
#: Files of this folder that only write texts or read arenas. Every other one, a new one too, is in the cache key:
#: a missing name here costs a compilation, a missing one in a list of sources would run old code.
_NOT_COMPILED = {"__init__", "build", "evidence", "prepare", "replay", "session", "source"}
_SOURCES = (
    *sorted(f"native/{path.name}" for path in (_ENGINE / "native").glob("*.py") if path.stem not in _NOT_COMPILED),
    "memory/arena.py", "memory/layout.py", "memory/members.py", "memory/overlay.py", "memory/shadow.py",
    "violations.py", "vocabulary.py",
)

#: entry(what, address of the arena, offset of the thread's area, offset of the area for what runs alone)
Entry = Callable[[int, int, int, int], int]


@functools.cache
def cache_folder() -> Path:
    """Where compiled programs are kept: the user's cache, or a temporary folder where that cannot be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pttorture"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return home
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="pttorture-cache-"))
        _log.warning("%s cannot be written; compiled programs go to %s and are compiled again next time", home, folder)
        return folder


@functools.cache
def environment() -> str:
    """A hash over everything but the program: the executor's sources, Numba, Python, the CPU."""
    import llvmlite.binding as binding
    import numba

    digest = hashlib.sha256()
    facts = (numba.__version__, sys.version, binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten())
    for text in facts:
        digest.update(text.encode() + b"\0")
    for name in _SOURCES:
        digest.update(name.encode() + b"\0" + (_ENGINE / name).read_bytes() + b"\0")
    return digest.hexdigest()


def load(text: str, kind: str) -> ModuleType:
    """The module of a generated text: compiled now, or loaded as it was compiled earlier.

    Raises:
        MachineError: the cache cannot be written.
    """
    name = f"pttorture_{kind}_{hashlib.sha256((environment() + text).encode()).hexdigest()[:32]}"
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    try:
        with only_one(path.with_suffix(".lock")):
            if not path.exists():
                unfinished = path.with_suffix(f".{os.getpid()}")
                unfinished.write_text(text)
                unfinished.replace(path)
            return _import(name, path)
    except OSError as error:
        raise MachineError(f"compiled code cannot be kept in {path.parent}: {error.strerror or error}; "
                           "set XDG_CACHE_HOME to a folder that can be written and has room") from error


def _import(name: str, path: Path) -> ModuleType:
    """Import under a stable name that is known before Numba looks it up: on a cache hit it imports that name."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@functools.cache
def library() -> ModuleType:
    """The executor's own functions, compiled and known to LLVM by name. Kept: its code must stay mapped."""
    from engine.native.library import install, source

    module = load(source(), "library")
    install(module)
    return module


def prepare(program: Program, *, checks: bool = True) -> Entry:
    """Compile a program, or load it. A process that has done so can be forked.

    Raises:
        UsageError: Numba is missing, or the program does not fit the native executor.
        MachineError: the cache cannot be written.
    """
    require()
    key = _key(program, checks)
    if key not in _prepared:
        from engine.native.source import generate

        library()
        _prepared[key] = (program, load(generate(program, checks=checks), "program").entry)
    return _prepared[key][1]


#: What this process has prepared. The program is kept so that the ids in a key stay its own.
_prepared: dict[tuple[object, ...], tuple[Program, Entry]] = {}


def _key(program: Program, checks: bool) -> tuple[object, ...]:
    """Programs with the same key have the same text: all variants of an unfolded scenario on one layout.

    Which parameters are open counts: a value that was given for one run is read from the arena, else it is a constant.
    """
    if program.folded:
        return id(program), checks
    layout = program.layout
    shape = program.geometry, len(program.threads), layout.ring, layout.END
    return id(program.scenario), checks, *shape, program.open_params
