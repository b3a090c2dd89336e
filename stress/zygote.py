"""The zygote: a fresh, single-threaded process that compiles once and forks warm workers on request.

Why not fork from the harness: it has threads of its libraries, signal handlers, and a terminal. Why not start workers
anew: importing Numba and loading code takes half a second, and a stuck round costs a worker. A fork takes 10 ms.

It talks JSON lines over one socket. It reads requests one at a time and answers each; exits of workers come between.

    {"do": "prepare", "job": {...}}                      -> {"prepared": seconds}
    {"do": "create", "job": {...}, "folder", "owner"}    -> {"arena": path}
    {"do": "fork", "job": {...}, "arena", "threads", "start"} -> {"pid": n}
    {"do": "replay", "schedule", "executor", ...}        -> {"steps", "violation", "final"}
    {"do": "kill", "pid": n}                             -> {"killed": n}
    any that fails                                       -> {"error": line, "code": exit code}
    a worker ended                                       -> {"exited": pid, "status": wait status}

A worker is killed through its zygote, which alone knows that the process id still means that worker.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.language.program import Program
from stress import faces, worker
from stress.job import Job, program_of


class Zygote:
    """Server side. `control`: the socket to the harness."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.programs: dict[str, Program] = {}
        self.workers: set[int] = set()
        self.waker, waked = os.pipe()
        os.set_blocking(waked, False)
        os.set_blocking(self.waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waked, warn_on_full_buffer=False)
        self._buffer = b""

    def serve(self) -> None:
        """Until the harness closes its end."""
        selector = selectors.DefaultSelector()
        selector.register(self.control, selectors.EVENT_READ)
        selector.register(self.waker, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if self.waker in ready:
                os.read(self.waker, 4096)
                self._reap()
            if self.control.fileno() in ready and not self._read():
                return

    def _read(self) -> bool:
        data = self.control.recv(65536)
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._answer(json.loads(line))
        return bool(data)

    def _say(self, **message: Any) -> None:
        self.control.sendall(json.dumps(message).encode() + b"\n")

    def _answer(self, request: dict[str, Any]) -> None:
        actions: dict[str, Callable[..., dict[str, Any]]] = {
            "prepare": self._prepare, "create": self._create, "fork": self._fork, "kill": self._kill,
            "replay": self._replay,
        }
        try:
            self._say(**actions[request.pop("do")](**request))
        except Exception as error:
            self._say(**worker.failure(error))

    def _program(self, job: Job) -> Program:
        key = job.key
        if key not in self.programs:
            self.programs[key] = program_of(job)
        return self.programs[key]

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        begin = time.monotonic()
        wanted = Job.from_dict(job)
        faces.executor(wanted.executor).prepare(self._program(wanted))
        return {"prepared": time.monotonic() - begin}

    def _create(self, job: dict[str, Any], folder: str, owner: tuple[int, int]) -> dict[str, Any]:
        wanted = Job.from_dict(job)
        program, executor = self._program(wanted), faces.executor(wanted.executor)
        options = {"lock": wanted.lock, "seed": wanted.seed, "perturb": wanted.perturb, "checks": wanted.checks,
                   "recorder": wanted.checks}
        return self._answer_of_child(
            f"set-up of {wanted.title}",
            lambda: {"arena": worker.create(executor, program, owner, Path(folder), options)},
        )

    def _replay(self, schedule: str, executor: str, source: str, processes: bool) -> dict[str, Any]:
        return self._answer_of_child("the replay", lambda: worker.replay(schedule, executor, source, processes))

    def _answer_of_child(self, what: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `run` returns, done by a child that may die of it."""
        output, into = os.pipe()

        def child() -> int:
            try:
                answer = run()
            except BaseException as error:
                answer = worker.failure(error)
            with os.fdopen(into, "wb") as pipe:
                pipe.write(json.dumps(answer).encode())
            return worker.EXIT_DONE

        pid = self._child(child)
        os.close(into)
        with os.fdopen(output, "rb") as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        if not text:
            return {"error": f"{what} ended its process: {describe(status)}", "code": 3}
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _fork(self, job: dict[str, Any], arena: str, threads: list[int], start: bool) -> dict[str, Any]:
        wanted = Job.from_dict(job)
        program, executor = self._program(wanted), faces.executor(wanted.executor)
        pid = self._child(lambda: worker.work(executor, Path(arena), program, threads, start))
        self.workers.add(pid)
        return {"pid": pid}

    def _kill(self, pid: int) -> dict[str, Any]:
        if pid in self.workers:
            os.kill(pid, signal.SIGKILL)
        return {"killed": pid}

    def _child(self, run: Callable[[], int]) -> int:
        """Fork. The child never returns into the server, and dies with it."""
        parent = os.getpid()
        gc.freeze()  # the collector of the child must not touch, and so copy, the pages of the parent
        pid = os.fork()
        if pid:
            return pid
        code = worker.EXIT_FAILED
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            worker.die_with(parent)
            self.control.close()
            code = run()
        except BaseException as error:
            sys.stderr.write(f"{worker.failure(error)}\n")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        for pid in list(self.workers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.workers.discard(pid)
                self._say(exited=pid, status=status)


def describe(status: int) -> str:
    """A wait status in words: `SIGSEGV`, `exit code 70`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def main(control: int, parent: int) -> None:
    """Entry of the process. `control`: the inherited socket; `parent`: the harness."""
    worker.die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the harness decides what a Ctrl-C means
    try:
        Zygote(socket.socket(fileno=control)).serve()
    except (BrokenPipeError, ConnectionResetError):
        return
