"""States a second and bytes a state, beside SPIN: `python -m benchmarks.states [runs]`.

The same program for both: threads that load a word and store it plus one, so many times; the local copy is forgotten
once it is stored. SPIN's verifier is compiled with -O2 -DSAFETY and gives its own rate; sides alternate.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.explore import Result, explore
from engine.language.program import Program, build
from tests.protocols import words

SIZES = ((3, 5), (3, 8), (4, 3))  # threads, increments
MODEL = """
byte count;
proctype inc() {{
  byte v;
{body}
}}
init {{ atomic {{ {run} }} }}
"""


def verifier(folder: Path, threads: int, increments: int) -> Path:
    """SPIN's verifier of the program."""
    step = "  v = count; d_step { count = v + 1; v = 0 };"
    text = MODEL.format(body="\n".join([step] * increments).rstrip(";"), run="; ".join(["run inc()"] * threads))
    (folder / "model.pml").write_text(text)
    pan = folder / "pan"
    for command in (["spin", "-a", "model.pml"], ["gcc", "-O2", "-w", "-DSAFETY", "-o", str(pan), "pan.c"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return pan


def spin(pan: Path) -> tuple[int, float, float]:
    """States, states a second, bytes a state (the table of heads, 8 bytes a slot, included)."""
    out = subprocess.run([str(pan), "-m100000", "-w22"], cwd=pan.parent, check=True, capture_output=True,
                         text=True).stdout
    states = int(_number(r"(\d+) states, stored", out))
    megabytes = _number(r"([\d.]+)\s+actual memory usage for states", out)
    return states, _number(r"rate\s+([\d.]+)", out), (megabytes * 2**20 + (8 << 22)) / states


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"SPIN's output has no {pattern!r}:\n{text}")
    return float(found.group(1))


def ours(program: Program, compact: bool = False) -> Result:
    result = explore(program, strategy="states", compact=compact)
    assert result.violation is None
    assert result.states is not None
    return result


def row(name: str, states: int, rate: float, size: float) -> None:
    print(f"{name:22} {states:12,} {rate:14,.0f} {size:8.0f}")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    have_spin = shutil.which("spin") is not None and shutil.which("gcc") is not None
    if not have_spin:
        print("no SPIN here (Debian: apt-get install spin gcc); only this side is measured")
    ours(build(words.scenario(words.increment)))  # compiles
    for threads, increments in SIZES:
        program = build(words.scenario(*[words.increment] * threads), params={"increments": increments})
        mine, theirs = [], []
        with tempfile.TemporaryDirectory() as folder:
            pan = verifier(Path(folder), threads, increments) if have_spin else None
            for _ in range(runs):
                mine.append(ours(program))
                if pan:
                    theirs.append(spin(pan))
        print(f"\n{threads} threads of {increments} increments         states     states/s  bytes a state")
        rate = statistics.median((r.states or 0) / r.seconds for r in mine)
        row("states", mine[0].states or 0, rate, mine[0].bytes / (mine[0].states or 1))
        small = ours(program, compact=True)
        stored = small.states or 1
        row("states, compact", stored, stored / small.seconds, small.bytes / stored)
        if theirs:
            row("SPIN", theirs[0][0], statistics.median(t[1] for t in theirs), theirs[0][2])
            print(f"{rate / statistics.median(t[1] for t in theirs):.2f} times SPIN's states a second")


if __name__ == "__main__":
    main()
