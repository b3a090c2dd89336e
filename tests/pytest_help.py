"""Runs pytest with the plugin as an installation has it: through its entry point."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "last_put.py"
#: A project of its own: none of our options, strict about everything, all warnings are errors.
STRICT = "[pytest]\naddopts = -W error --strict-markers --strict-config -p no:cacheprovider -p no:hypothesispytest\n"


class Project:
    """A folder with tests. `plugins`: where the entry point is declared, if pttorture is not installed."""

    def __init__(self, folder: Path, plugins: Path, ini: str = "") -> None:
        self.folder, self.plugins = folder, plugins
        folder.mkdir(exist_ok=True)
        (folder / "pytest.ini").write_text(STRICT + ini)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)

    def example(self) -> Path:
        """The example's file, in the project."""
        return Path(shutil.copy(EXAMPLE, self.folder))

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items()
                     if name not in ("CI", "BUILD_NUMBER") and not name.startswith("PYTEST_")}
        return {**inherited, "PYTHONPATH": f"{ROOT}:{self.plugins}", "COLUMNS": "80", "NO_COLOR": "1"}

    def start(self, *args: str) -> subprocess.Popen[str]:
        """pytest as a process, for tests that do something to it."""
        return subprocess.Popen([sys.executable, "-m", "pytest", *args], cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *args: str) -> tuple[int, str]:
        """pytest's exit code and what it printed."""
        process = self.start(*args)
        out, _ = process.communicate(timeout=300)
        return process.returncode, out


def entry_point(folder: Path) -> Path:
    """A folder for sys.path that declares the plugin as an installed pttorture does; empty if that is installed."""
    folder.mkdir(exist_ok=True)
    if not entry_points(group="pytest11", name="pttorture"):
        info = folder / "pttorture_here-0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pttorture-here\nVersion: 0\n")
        (info / "entry_points.txt").write_text("[pytest11]\npttorture = stress.pytest_plugin\n")
        modules = [file.relative_to(ROOT) for name in ("engine", "stress", "scenarios")
                   for file in (ROOT / name).rglob("*.py")]
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in modules))  # pytest reads it: a wheel has one
    return folder
