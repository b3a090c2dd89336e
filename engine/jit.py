"""Compiling with Numba where it is installed; the same Python code runs without it, slowly.

Numba's own cache does not see that a function *called by* a cached one was edited: it would run the old meaning. So the
cache of an entry point lives in a folder named after the contents of every file that its code comes from.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

_log: Final = logging.getLogger(__name__)
_F = TypeVar("_F", bound=Callable[..., Any])


def _numba() -> Any:
    """The module, or None: not installed, or switched off by PTTORTURE_JIT=0 (tests of the plain path)."""
    if os.environ.get("PTTORTURE_JIT", "1") == "0":
        return None
    try:
        import numba
    except ImportError:
        return None
    return numba


numba: Final = _numba()
HAVE_NUMBA: Final = numba is not None

#: No wrappers that only Python code needs, no reference counts: nearly half of the compile time.
_LEAN: Final[dict[str, Any]] = {
    "nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "no_rewrites": True,
    "_nrt": False,
}


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
            compiled: _F = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
        finally:
            numba.config.CACHE_DIR = saved
        return _kept_or_not(compiled, folder)

    return decorate


def _kept_or_not(compiled: _F, folder: Path) -> _F:
    """A disk that is full when the code is to be kept costs a compilation next time, not the run."""

    @functools.wraps(compiled)
    def call(*args: Any) -> Any:
        try:
            return compiled(*args)
        except OSError as error:  # the code itself does not touch files: it is compiled, and could not be kept
            _log.warning("%s: %s; compiled code is not kept (set XDG_CACHE_HOME to a folder with room)", folder,
                         error.strerror or error)
            return compiled(*args)

    return call  # type: ignore[return-value]


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
