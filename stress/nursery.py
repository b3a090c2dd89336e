"""The harness's side of a zygote: ask it, hear of workers that ended, and end all of them for certain."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from engine.errors import DivergedError, MachineError, PttortureError, UsageError
from stress.child import Child
from stress.interrupts import deferred
from stress.job import Job
from stress.zygote import describe


class Nursery:
    """One zygote and the workers it has forked.

    Attributes:
        exits: pid -> what its end was, in words ("" for a good one).
        lost: the zygote ended or does not answer; it is of no more use.
    """

    def __init__(self, log: Path) -> None:
        self.exits: dict[int, str] = {}
        self.lost = False
        self._answers: list[dict[str, Any]] = []
        self.child = Child("stress.zygote", "the process that starts workers", log)

    @property
    def log(self) -> Path:
        return self.child.log

    @property
    def pid(self) -> int:
        return self.child.pid

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
        try:
            self.child.send({"do": do, **request})
        except MachineError:
            self.lost = True
            raise

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
        if not self.child.ready(timeout):
            return False
        with deferred():  # what has been received must be noted
            try:
                messages = self.child.receive()
            except MachineError:
                self.lost = True
                raise
            for message in messages:
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
        self.child.close()

    def last_words(self) -> str:
        """The last line that the zygote or a worker wrote to its log."""
        return self.child.last_words()


def _error(answer: dict[str, Any]) -> PttortureError:
    kinds: dict[int, type[PttortureError]] = {1: DivergedError, 2: UsageError}
    return kinds.get(answer.get("code", 3), MachineError)(answer["error"])
