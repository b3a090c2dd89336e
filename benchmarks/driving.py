"""A session of all its threads for a while: what the benchmarks of rounds measure."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from engine.language.program import Program
from engine.native import words as w
from engine.native.session import Session
from engine.session import Progress
from tests.native_help import running


def drive(program: Program, seconds: float, *, naive: bool = False, lock: str = "qrwlock",
          perturb: str = "", recorder: bool = True) -> Progress:
    """Run rounds for so long; what came of it. `naive`: roles begin as soon as they see the release."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        session = Session.create(program, folder=Path(folder), lock=lock, perturb=perturb,
                                 recorder=recorder)
        session.arena.store(w.H_NAIVE, int(naive))
        with running(session):
            time.sleep(seconds)
        progress = session.progress()
        session.close()
    return progress


def overlap(progress: Progress) -> str:
    """The part of the rounds in which roles ran at the same time."""
    return f"{progress.overlapped_rounds / max(1, progress.rounds):4.0%} overlap"
