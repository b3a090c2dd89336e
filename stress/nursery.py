"""The harness's side of a zygote: start it, ask it, hear of workers that ended, and end all of them for certain.

A zygote and its workers are one process group, killed as one. All of them hold the write end of a pipe that only they
have; when it reads end-of-file, every one of them is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from engine.errors import DivergedError, MachineError, PttortureError, UsageError
from stress.installation import root
from stress.interrupts import deferred
from stress.job import Job
from stress.zygote import describe

_START: Final = "import sys; sys.path.insert(0, {root!r}); from stress.zygote import main; main({fd}, {pid})"


class Nursery:
    """One zygote and the workers it has forked.

    Attributes:
        exits: pid -> what its end was, in words ("" for a good one).
        lost: the zygote ended or does not answer; it is of no more use.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self.exits: dict[int, str] = {}
        self.lost = False
        self._buffer = b""
        self._answers: list[dict[str, Any]] = []
        with deferred():
            self._start()

    def _start(self) -> None:
        self.control, theirs = socket.socketpair()
        self._alive, held = os.pipe()
        code = _START.format(root=str(root()), fd=theirs.fileno(), pid=os.getpid())
        try:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-c", code], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=(theirs.fileno(), held), start_new_session=True,
                )
        except OSError as error:
            raise MachineError(f"cannot start a worker process: {error.strerror or error}") from error
        finally:
            theirs.close()
            os.close(held)

    def ask(self, do: str, timeout: float, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer, `timeout` seconds.

        Raises:
            MachineError: the zygote ended, or does not answer. Whatever error it answered with, by its exit code.
        """
        self.send(do, **request)
        answer = self.answer(timeout)
        if answer is None:
            self.lost = True
            raise MachineError(f"a worker process does not answer to {do!r} within {timeout:.0f} s")
        return answer

    def send(self, do: str, **request: Any) -> None:
        """Send a request whose answer is taken later, by `answer`."""
        job = request.pop("job", None)
        if isinstance(job, Job):
            request["job"] = job.as_dict()
        with deferred():
            try:
                self.control.sendall(json.dumps({"do": do, **request}).encode() + b"\n")
            except OSError as error:
                raise self._gone() from error

    def answer(self, timeout: float) -> dict[str, Any] | None:
        """The next answer, None if there is none within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self._answers:
            left = deadline - time.monotonic()
            if not self.listen(max(0.0, left)) and left <= 0:
                return None
        answer = self._answers.pop(0)
        if "error" in answer:
            raise _error(answer)
        return answer

    def listen(self, timeout: float = 0.0) -> bool:
        """Take in what the zygote has said; returns whether it said anything."""
        if not select.select([self.control], [], [], timeout)[0]:
            return False
        with deferred():
            try:
                data = self.control.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                raise self._gone()
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            for message in map(json.loads, lines):
                if "exited" in message:
                    words = describe(message["status"])
                    self.exits[message["exited"]] = "" if words == "exit code 0" else words
                else:
                    self._answers.append(message)
        return True

    def kill(self, pids: list[int], timeout: float = 10.0) -> None:
        """Kill workers and wait until they are gone."""
        for pid in pids:
            if pid not in self.exits:
                self.ask("kill", timeout, pid=pid)
        deadline = time.monotonic() + timeout
        while not all(pid in self.exits for pid in pids):
            if not self.listen(0.2) and time.monotonic() > deadline:
                self.lost = True
                raise MachineError("a worker process does not die")

    def close(self) -> None:
        """End the zygote and all its workers; returns when none of them is left."""
        with deferred():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.control.close()
            if self._alive >= 0:
                select.select([self._alive], [], [], 10.0)
                os.close(self._alive)
                self._alive = -1

    def last_words(self) -> str:
        """The last line that the zygote or a worker wrote to its log."""
        try:
            lines = self.log.read_text(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _gone(self) -> MachineError:
        self.lost = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2.0)
        code = self.process.poll()
        how = "does not answer" if code is None else f"ended ({_how(code)})"
        words = self.last_words()
        return MachineError(f"the process that starts workers {how}" + (f": {words}" if words else ""))


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _error(answer: dict[str, Any]) -> PttortureError:
    kinds: dict[int, type[PttortureError]] = {1: DivergedError, 2: UsageError}
    return kinds.get(answer.get("code", 3), MachineError)(answer["error"])
