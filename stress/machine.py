"""Facts of the machine that a figure depends on, for reports. Nothing here identifies a person or a host."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = ("numba", "numpy", "llvmlite", "readerwriterlock")


def facts() -> dict[str, Any]:
    """What the run ran on: cpu, cpus (those this process may use), memory in bytes, kernel, versions, load."""
    return {
        "cpu": _cpu(),
        "architecture": platform.machine(),
        "cpus": cpus(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "load": round(os.getloadavg()[0], 2),
    }


def cpus() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0))


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
