"""A worker: a child of a zygote that attaches an arena and drives some of its threads until it is told to stop.

It holds nothing that matters: whatever it found lies in the arena. So it may be killed at any moment.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from engine.errors import PttortureError
from engine.language.program import Program
from engine.memory.arena import OWNER_PID, OWNER_START, Arena

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 70  # an exception of Python; its text is in the zygote's log
_PR_SET_PDEATHSIG: Final = 1


def die_with(parent: int) -> None:
    """Be killed when `parent` ends, however it ends. Must be called by the child; the parent may be gone already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(EXIT_FAILED)


def work(executor: Any, arena: Path, program: Program, threads: Sequence[int], start: bool) -> int:
    """Drive `threads` of the arena, each on a Python thread of its own; returns the exit code.

    `start`: release the first round. A worker does that because it may take compiled code, which the harness has not.
    """
    session = executor.Session.attach(arena, program)
    if start:
        session.start()
    failed: list[str] = []

    def drive(thread: int) -> None:
        try:
            session.drive(thread)
        except BaseException:  # whatever it is, this worker is useless and must say why
            failed.append(traceback.format_exc())

    running = [threading.Thread(target=drive, args=(t,), name=f"role-{t}", daemon=True) for t in threads]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failed:
        sys.stderr.write(failed[0])
    return EXIT_FAILED if failed else EXIT_DONE


def create(executor: Any, program: Program, owner: tuple[int, int], folder: Path, options: dict[str, Any]) -> str:
    """Make an arena, run the set-up in it, and give it to `owner` (process id, start time); returns its path.

    The caller is a child that soon ends; an arena whose owner is gone would be swept by the next run.
    """
    arena: Arena = executor.Session.create(program, folder=folder, **options).arena
    arena.store(OWNER_PID, owner[0])
    arena.store(OWNER_START, owner[1])
    return str(arena.path)


def replay(schedule: str, executor: str, source: str, processes: bool) -> dict[str, Any]:
    """Run a schedule through the gate of an executor; what happened, as plain data."""
    from engine.schedule import Schedule
    from stress.job import finder

    parsed = Schedule.from_json(schedule)
    # Native code is compiled once for all variants of a scenario, whose parameters it then reads from the arena.
    program = parsed.program(finder(source), folded=executor != "native")
    module = importlib.import_module(f"engine.{executor}.replay")
    options = {"processes": True} if processes else {}
    execution = module.replay(program, parsed, **options)
    return {
        "steps": [[s.thread, s.site, s.address, s.value, s.blocked] for s in execution.steps],
        "violation": asdict(execution.violation) if execution.violation else None,
        "final": {str(address): value for address, value in execution.final.items()},
    }


def failure(error: BaseException) -> dict[str, Any]:
    """An error as a message: its line, and the exit code it stands for."""
    if isinstance(error, PttortureError):
        return {"error": str(error), "code": error.exit_code}
    return {"error": f"{type(error).__name__}: {error}", "code": 3, "traceback": traceback.format_exc()}
