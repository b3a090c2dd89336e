"""What is installed: three packages with common names, all from one place, with their data and their type marks."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine.errors import UsageError
from stress import installation

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built as pip builds it, in a process whose working directory is the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, timeout=60)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_has_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "stress", "scenarios"}
    assert len(tops) == 4


def test_wheel_has_every_module_and_the_data(wheel: zipfile.ZipFile) -> None:
    tracked = subprocess.run(["git", "ls-files", "engine", "stress", "scenarios"], cwd=ROOT, capture_output=True,
                             text=True, check=False, timeout=60)
    if tracked.returncode == 0:  # not in an unpacked source distribution
        missing = set(tracked.stdout.split()) - set(wheel.namelist())
        assert not missing
    names = wheel.namelist()
    assert {f"{package}/py.typed" for package in installation.PACKAGES} <= set(names)
    assert [name for name in names if name.startswith("scenarios/data/") and name.endswith(".trace.gz")]
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".nbi", ".nbc"))]
    assert sum(info.compress_size for info in wheel.infolist()) < 8 << 20


def test_wheel_has_the_command(wheel: zipfile.ZipFile) -> None:
    entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "pttorture = stress.__main__:main" in wheel.read(entry).decode()


def test_all_packages_come_from_here() -> None:
    installation.check()
    assert {file.parent.parent for file in installation.places().values() if file} == {ROOT.resolve()}


def test_foreign_package_is_refused() -> None:
    here = installation.places()
    with pytest.raises(UsageError, match=r"'engine' comes from /elsewhere/engine.py"):
        installation.check({**here, "engine": Path("/elsewhere/engine.py")})
    with pytest.raises(UsageError, match="'scenarios' is missing"):
        installation.check({**here, "scenarios": None})


def test_file_of_the_working_directory_does_not_shadow_us(tmp_path: Path) -> None:
    """A user's own scenarios.py in the working directory: said at start, not a strange ImportError later."""
    (tmp_path / "scenarios.py").write_text("")
    code = "import sys; sys.path.append(sys.argv[1]); from stress.cli import main; sys.exit(main(['list']))"
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], cwd=tmp_path, capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 2
    assert "the package 'scenarios' comes from" in done.stderr
    assert done.stderr.count("\n") == 1
