"""A process of ours that talks JSON lines over one socket, and all that it starts.

A child and what it forks are one process group, killed as one. All of them hold the write end of a pipe that only they
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
from pathlib import Path
from typing import Any, Final

from engine.errors import MachineError
from stress.installation import root
from stress.interrupts import deferred

_START: Final = "import sys; sys.path.insert(0, {root!r}); from {module} import main; main({fd}, {pid})"


class Child:
    """The parent's end.

    Args:
        module: its `main(control, parent)` is what the process runs. what: it is called so in errors.
        log: what it writes to its standard streams goes there.
    """

    def __init__(self, module: str, what: str, log: Path) -> None:
        self.what, self.log = what, log
        self._buffer = b""
        with deferred():
            self._start(module)

    def _start(self, module: str) -> None:
        self.control, theirs = socket.socketpair()
        self._alive, held = os.pipe()
        code = _START.format(root=str(root()), module=module, fd=theirs.fileno(), pid=os.getpid())
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

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Raises MachineError: it is gone."""
        with deferred():
            try:
                self.control.sendall(json.dumps(message).encode() + b"\n")
            except OSError as error:
                raise self.gone() from error

    def ready(self, timeout: float = 0.0) -> bool:
        """Whether it says something, or ends, within `timeout` seconds."""
        return bool(select.select([self.control], [], [], timeout)[0])

    def receive(self) -> list[dict[str, Any]]:
        """The messages that have come, when it is `ready`; none if the first is not whole yet.

        Raises:
            MachineError: it is gone.
        """
        with deferred():
            try:
                data = self.control.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                raise self.gone()
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            return [json.loads(line) for line in lines]

    def close(self) -> None:
        """End it and all it has forked; returns when none of them is left."""
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
        """The last line that it, or one of its own, wrote to its log."""
        try:
            lines = self.log.read_text(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def gone(self) -> MachineError:
        """The error that says how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2.0)
        code = self.process.poll()
        how = "does not answer" if code is None else f"ended ({_how(code)})"
        words = self.last_words()
        return MachineError(f"{self.what} {how}" + (f": {words}" if words else ""))


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
