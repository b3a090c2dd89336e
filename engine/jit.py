"""Compiling with Numba where it is installed; the same Python code runs without it, slowly.

Numba's own cache does not see that a function *called by* a cached one was edited: it would run the old meaning. So the
cache of an entry point lives in a folder named after the contents of every file that its code comes from.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from engine.once import only_one

_log: Final = logging.getLogger(__name__)
_F = TypeVar("_F", bound=Callable[..., Any])


def _numba() -> Any:
    """The module, or None: not installed, or switched off, by PTTORTURE_JIT=0 (tests of the plain path) or by Numba's
    own NUMBA_DISABLE_JIT."""
    if os.environ.get("PTTORTURE_JIT", "1") == "0":
        return None
    try:
        import numba
    except ImportError:
        return None
    return None if getattr(numba.config, "DISABLE_JIT", 0) else numba


numba: Final = _numba()
HAVE_NUMBA: Final = numba is not None


def _parts() -> Any:
    """A compiler that takes a function to LLVM's language and no further, for what only compiled code calls.

    Numba would optimise each function with all that it calls and make machine code of that, then again as a part of
    every function above it: two thirds of the time of a large program. Only the entry point at the top needs either.
    """
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler

    class Part(JITCodeLibrary):
        """Code that is there to be linked into an entry point's."""

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._finalized = True

        @property
        def codegen(self) -> Any:
            return self

        def set_env(self, _name: str, _env: Any) -> None:
            """No machine code is there to be told of Python objects; it uses none, or a loaded entry could not run."""

    class Parts(Compiler):
        def define_pipelines(self) -> Any:
            self.state.library = Part(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
            return super().define_pipelines()

    return Parts


#: No wrappers that only Python code needs, no reference counts, no machine code of its own: most of the compile time.
_LEAN: Final[dict[str, Any]] = {
    "nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "no_rewrites": True,
    "_nrt": False, "pipeline_class": _parts(),
} if HAVE_NUMBA else {}


def jit(function: _F) -> _F:
    """A function called from compiled code only. Without Numba: the function itself."""
    if not HAVE_NUMBA:
        return function
    compiled: _F = numba.njit(**_LEAN)(function)
    return compiled


def entry(*sources: Path) -> Callable[[_F], _F]:
    """A compiled function that Python calls, cached on disk under the contents of `sources` (files and folders).

    Without Numba the function runs as it is, with wrap-around of 64-bit integers made silent.
    """

    def decorate(function: _F) -> _F:
        if not HAVE_NUMBA:
            return _wrapping(function)
        saved, folder = numba.config.CACHE_DIR, cache_folder(content_key(*sources, Path(__file__)))
        numba.config.CACHE_DIR = str(folder)
        try:
            compiled = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
        finally:
            numba.config.CACHE_DIR = saved
        kept: _F = _kept(compiled, folder)
        return kept

    return decorate


def _kept(compiled: Any, folder: Path) -> Any:
    """Compile at the first call, or load: one process compiles, others that need it too wait for it.

    A disk that is full when the code is to be kept costs a compilation next time, not the run.
    """

    def prepare(types: tuple[Any, ...]) -> None:
        try:
            with only_one(folder / f"{compiled.__module__}.{compiled.__name__}.lock"):
                compiled.compile(types)
        except OSError as error:  # of keeping it; no more can go wrong if even that needs another attempt
            _log.warning("%s: %s; compiled code is not kept (set XDG_CACHE_HOME to a folder with room)", folder,
                         error.strerror or error)
            with suppress(OSError):
                compiled.compile(types)

    @functools.wraps(compiled)
    def call(*args: Any) -> Any:
        if not compiled.overloads:
            prepare(tuple(numba.typeof(each) for each in args))
        return compiled(*args)

    return call


def _wrapping(function: _F) -> _F:
    @functools.wraps(function)
    def call(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return call  # type: ignore[return-value]


@functools.cache
def content_key(*sources: Path) -> str:
    """A short name for the contents of some files and folders of Python files."""
    digest = hashlib.sha256()
    for source in sources:
        for file in sorted(source.rglob("*.py")) if source.is_dir() else [source]:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder(key: str) -> Path:
    """A writable folder for compiled code: NUMBA_CACHE_DIR, the user's cache, or a temporary one removed at exit."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = (Path(given) if given else user) / "pttorture" / key
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # when it was used last: the oldest are removed one day
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        temporary = Path(tempfile.mkdtemp(prefix="pttorture-"))
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return temporary
