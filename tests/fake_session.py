"""A session without an executor: threads that behave as the job's `perturb` says, so that the harness can be tested
against what real ones seldom do. Given to the harness by the path of this file.

    good            rounds end, operations are counted
    finds:KIND      as good, and KIND is found in the first round
    hang            every thread waits for a lock
    spin            threads run for ever, no round ends
    kill, segv      one thread kills its process in the third round (the first arena only)
    kill-always     in every arena
    stop            one thread stops its process with SIGSTOP (the first arena only)
    raise           one thread raises
    bad-setup       the set-up fails; dead-setup: it kills its process; no-compile: prepare fails
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from engine.errors import MachineError, UsageError
from engine.language.program import Program
from engine.memory.arena import EXECUTOR, Arena
from engine.schedule import Step
from engine.session import Found, Progress, ThreadState

ROUNDS, STARTED, SEED, STATES = EXECUTOR, EXECUTOR + 8, EXECUTOR + 16, EXECUTOR + 64
NAMES = ("idle", "running", "waiting", "done")
TEXT = 2048


def prepare(program: Program) -> None:
    if program.params.get("how") == 99:
        raise UsageError("how=99 cannot be compiled")


class Session:
    def __init__(self, arena: Arena, program: Program) -> None:
        self.arena, self.program, self.path = arena, program, arena.path
        text = bytes(arena.bytes[TEXT : TEXT + 64]).rstrip(b"\0").decode()
        self.how, _, self.kind = text.partition(":")

    @classmethod
    def create(cls, program: Program, *, folder: Path, seed: int = 1, perturb: str = "", **_options: Any) -> Session:
        if perturb == "bad-setup":
            raise MachineError("no room for an arena of 8 KiB")
        if perturb == "dead-setup":
            os.kill(os.getpid(), signal.SIGSEGV)
        arena = Arena.create(8192, folder)
        arena.bytes[TEXT : TEXT + len(perturb)] = perturb.encode()
        arena.store(SEED, seed)
        return cls(arena, program)

    @classmethod
    def attach(cls, path: Path, program: Program) -> Session:
        return cls(Arena.attach(path), program)

    def _state(self, thread: int, state: str) -> None:
        self.arena.store(STATES + 16 * thread, NAMES.index(state))
        self.arena.store(STATES + 16 * thread + 8, time.monotonic_ns())

    def drive(self, thread: int) -> None:
        while not self.arena.load(STARTED):
            time.sleep(0.001)
        self._state(thread, "running")
        if thread == 0:
            self._misbehave()
        elif self.how == "hang":
            self._state(thread, "waiting")
            time.sleep(600)
        while not self.arena.stopped:
            if thread == 0:
                self.arena.store(ROUNDS, self.arena.load(ROUNDS) + 1)
            time.sleep(0.001)
        self._state(thread, "done")

    def _misbehave(self) -> None:
        first = self.arena.load(SEED) == 1
        if self.how == "hang":
            self._state(0, "waiting")
            time.sleep(600)
        while self.how == "spin":
            pass
        if self.how == "raise":
            raise ValueError("broken executor")
        if self.how == "kill-always" or (first and self.how in ("kill", "segv", "stop")):
            self.arena.store(ROUNDS, 3)
            numbers = {"segv": signal.SIGSEGV, "stop": signal.SIGSTOP}
            os.kill(os.getpid(), numbers.get(self.how, signal.SIGKILL))

    def start(self) -> None:
        self.arena.store(STARTED, time.monotonic_ns())

    def stop(self) -> None:
        self.arena.stop()

    def close(self) -> None:
        self.arena.close()

    def progress(self) -> Progress:
        rounds = self.arena.load(ROUNDS)
        began = self.arena.load(STARTED)
        found = ()
        if self.how == "finds" and rounds:
            steps = (Step(0, 0, self.program.layout.GLOBALS, 1), Step(1, 0, self.program.layout.GLOBALS, 1))
            found = (Found(self.kind, "an increment is lost", "counter.py:20", 0, 1, rounds, 0, 1_000_000,
                           evidence=steps),)
        seconds = (time.monotonic_ns() - began) / 1e9 if began else 0.0
        return Progress(rounds, seconds, rounds * 2, {"increments": rounds * 2}, rounds // 2, found)

    def threads(self) -> list[ThreadState]:
        count = len(self.program.threads)
        return [ThreadState(t, NAMES[self.arena.load(STATES + 16 * t)], 0, 0, self.arena.load(STATES + 16 * t + 8))
                for t in range(count)]

    def who_waits(self) -> list[str]:
        return ["A waits for lock (write), held by B (read)", "B waits for lock (write), held by A (read)"]

    def last_steps(self) -> list[Step]:
        return [Step(0, 0, self.program.layout.GLOBALS, 7)]
