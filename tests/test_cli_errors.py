"""Every mistake of a user: one line on standard error, the documented exit code, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stress import cli

COUNTER = str(Path(__file__).parent / "protocols" / "counter.py")
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(("command", "said"), [
    ("", "no command; there is: list, run"),
    ("rum", "did you mean 'run'?"),
    ("run --threads 0", "0 is not in 1..64"),
    ("run --threads 10000", "10000 is not in 1..64"),
    ("run --threads two", "'two' is not a whole number"),
    ("run --processes 0", "0 is not in 1..64"),
    ("run --seconds -1", "above 0"),
    ("run --seconds 0", "above 0"),
    ("run --seconds nan", "above 0"),
    ("run --seconds soon", "not a duration"),
    ("run --seed -1", "-1 is not in 0.."),
    ("run --executor nativ", "did you mean 'native'?"),
    ("run --lock qrwlok", "did you mean 'qrwlock'?"),
    ("run --perturb sometimes", "none, yield:P, delay:P:NS"),
    ("run --perturb yield:2", "not in 0..1"),
    ("run --perturb delay:0.1:-5", "not in 0..1000000000"),
    ("run --thread 2", "unknown argument '--thread'; did you mean '--threads'?"),
    ("run --json", "expected one argument"),
    ("run --json /nowhere/out.json COUNTER", "no folder /nowhere"),
    ("run COUNTER --json=", "--json: no file name"),
    ("run missing.py", "missing.py: no such file"),
    ("run COUNTER:nothing", "no variant 'nothing'; there is: plain, atomic, locked"),
    ("run --threads 4", "has no effect on the main job"),
    ("run --processes 4", "has no effect on the main job"),
    ("run COUNTER --lock fair", "the native executor has no such lock"),
    ("run COUNTER --executor python --lock qrwlock", "the python executor has no such lock"),
    ("run COUNTER --executor python --processes 2", "runs in one process"),
    ("run COUNTER --processes 3", "has 2 threads"),
    ("run COUNTER --threads 1", "too few for its 2 roles"),
    ("run COUNTER --threads 3", "none that can be repeated"),
    ("replay S1-a --processes", "has no effect with --executor explore"),
    ("replay S1-a --executor nativ", "did you mean 'native'?"),
    ("--versio", "unknown argument '--versio'; did you mean '--version'?"),
    ("run tests/README", "no scenario; a file of yours has a name that ends in .py"),
    ("explore race.json", "no scenario; a schedule is run again by: pttorture replay race.json"),
    ("run nonsense", "no scenario or race is called 'nonsense'"),
    ("run S1-z", "no scenario or race is called 'S1-z', did you mean S1-"),
    ("explore COUNTER --strategy dsf", "did you mean 'dfs'?"),
    ("explore COUNTER --seed 1", "--seed has no effect without --strategy random"),
    ("explore COUNTER --strategy random --preemptions 1", "--preemptions has no effect"),
    ("explore COUNTER --all", "--all has no effect"),
    ("replay missing.json", "missing.json: cannot be read"),
    ("trace missing.gz", "missing.gz"),
    ("trace EMPTY", "an empty name of a trace"),
    ("trace vfio-hugepag", "did you mean 'vfio-hugepage'?"),
    ("explore", "the following arguments are required: NAME"),
    ("explore S1-a --model arm", "unknown memory model 'arm'"),
    ("explore S1-a --preemptions -1", "-1 is not in 0..1000"),
    ("trace", "the following arguments are required: FILE"),
    ("trace x.gz --format riscv", "unknown format 'riscv'"),
    ("trace x.gz --policy hole", "unknown policy 'hole'"),
])
def test_wrong_use(command: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [COUNTER + word[7:] if word.startswith("COUNTER") else word for word in command.split()]
    assert cli.main([word.replace("EMPTY", "") for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("pttorture: ")
    assert said in err


def test_a_file_without_its_ending(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert cli.main(["explore", "tests/protocols/counter:plain"]) == 2
    assert "did you mean tests/protocols/counter.py:plain?" in capsys.readouterr().err


def test_protocol_outside_the_language_has_a_caret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(Path(COUNTER).read_text().replace("mem.count(INCREMENTS)", "print('hello')"))
    assert cli.main(["run", str(path)]) == 2
    err = capsys.readouterr().err
    assert f"{path}:" in err
    assert err.endswith("^\n")


def test_file_that_cannot_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import os\nnothing.here\n")
    assert cli.main(["run", str(path)]) == 2
    assert f"{path}:2: NameError" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "said"), [
    (b"import sys\nsys.exit(3)\n", "mine.py:2: SystemExit: 3"),
    (b"def f(:\n", "mine.py:1: invalid syntax"),
    (b"\x00", "mine.py:1: "),
    (b"print('hello')\n", "mine.py: no scenario in it"),
])
def test_file_that_is_no_protocol(tmp_path: Path, text: bytes, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(text)
    assert cli.main(["run", str(path), "--json", "-"]) == 2
    out, err = capsys.readouterr()
    assert out == ""  # that is where the JSON goes, whatever the file prints
    assert said in err


def test_folder_instead_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").mkdir()
    assert cli.main(["run", str(tmp_path / "mine.py")]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_cache_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path / "tmp"),
                   "XDG_STATE_HOME": str(tmp_path / "state"), "NUMBA_DISABLE_JIT": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-m", "stress", "run", f"{COUNTER}:atomic", "--executor", "python",
                           "--seconds", "0.2"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
                          env=environment)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "cannot be written; compiled code is not kept" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(("arguments", "code"), [
    (["run", f"{COUNTER}:atomic", "--seconds", "0.1"], 2), (["explore", f"{COUNTER}:atomic"], 0)])
def test_numba_switched_off_is_said_or_done_without(tmp_path: Path, arguments: list[str], code: int) -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "stress", *arguments], cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=60, env=environment)
    assert done.returncode == code, done.stderr
    assert ("NUMBA_DISABLE_JIT" in done.stderr) == (code == 2)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "stress", *args], cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=60)


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_help_states_the_exit_codes(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert "130  interrupted" in done.stdout
    assert max(map(len, done.stdout.split("\n"))) <= 80


def test_help_imports_nothing_heavy() -> None:
    code = ("import sys; from stress import cli\ntry: cli.main(['run', '--help'])\nexcept SystemExit: pass\n"
            "sys.exit(any(name in sys.modules for name in ('numba', 'numpy', 'scenarios')))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0


def test_closed_pipe_is_no_traceback() -> None:
    process = subprocess.Popen([sys.executable, "-m", "stress", "list", "--json"], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err


def test_internal_error_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_args: object) -> int:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("stress.commands.list.run", broken)
    assert cli.main(["list"]) == 3
    err = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: oops" in err
    assert err.count("\n") == 1


def test_ctrl_c_while_the_program_is_imported() -> None:
    code = ("import sys\nclass Finder:\n    def find_spec(self, name, *_):\n"
            "        if name == 'stress.cli': raise KeyboardInterrupt\n"
            "sys.meta_path.insert(0, Finder())\nfrom stress.__main__ import main\nsys.exit(main())")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(closed: str) -> None:
    done = subprocess.run(f"exec {sys.executable} -m stress explore {COUNTER}:plain {closed}", shell=True, cwd=ROOT,
                          capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
