"""A member of a campaign's crew: a process that runs rounds, one at a time, and says what goes on.

It talks JSON lines over one socket (see `stress.child`).

    {"do": "begin", "logs": folder}                      first
    {"do": "round", "round": {...}}                      -> {"result": {...}}
    {"do": "explain", "cell": {...}, "violation": {...}} -> {"explanation": {...}}
    between these, at most every half second             -> {"doing": "..."}
    a violation or fault of threads, as soon as seen     -> {"found": {...}}
    an error that is not the protocol's                  -> {"failed": line}

It may be killed at any moment, and then costs the round it was in. SIGUSR2 writes every thread's stack to its log.
"""

from __future__ import annotations

import faulthandler
import json
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Final

from stress.campaign.cell import Cell, Round
from stress.campaign.rounds import Rounds
from stress.worker import die_with

_EVERY: Final = 0.5  # seconds between two lines about what goes on


class Member:
    """Serves requests until the other end is closed."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self._said = 0.0

    def serve(self) -> None:
        requests = map(json.loads, self.control.makefile("rb"))
        logs = Path(next(requests)["logs"])
        with Rounds(logs, beat=self._beat, find=lambda found: self._say(found=found)) as rounds:
            for request in requests:
                self._answer(rounds, request)

    def _answer(self, rounds: Rounds, request: dict[str, Any]) -> None:
        try:
            if request["do"] == "round":
                self._say(result=rounds.run(Round.from_dict(request["round"])))
            else:
                self._say(explanation=rounds.explain(Cell.from_dict(request["cell"]), request["violation"]))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            sys.stderr.write(traceback.format_exc())
            self._say(failed=f"{type(error).__name__}: {error}")

    def _beat(self, doing: str) -> None:
        now = time.monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            self._say(doing=doing)

    def _say(self, **message: Any) -> None:
        self.control.sendall(json.dumps(message).encode() + b"\n")


def main(control: int, parent: int) -> None:
    """Entry of the process. `control`: the inherited socket; `parent`: the campaign."""
    die_with(parent)
    for number in (signal.SIGINT, signal.SIGHUP):  # the campaign decides what a Ctrl-C means
        signal.signal(number, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR2, file=sys.stderr, all_threads=True)
    try:
        Member(socket.socket(fileno=control)).serve()
    except (BrokenPipeError, ConnectionResetError):
        return
