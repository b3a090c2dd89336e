"""Where all threads of a session meet between two rounds."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Meeting:
    """A barrier whose last arriver runs `action` before anybody leaves, and that can be left when the run stops.

    threading.Barrier breaks for good when one thread gives up; here those who wait look every `POLL` seconds whether
    the run was stopped, perhaps by another process through the arena.
    """

    POLL = 0.05

    def __init__(self, parties: int, action: Callable[[], None], stopped: Callable[[], bool]) -> None:
        self.parties, self.action, self.stopped = parties, action, stopped
        self.arrived = self.generation = 0
        self.changed = threading.Condition()

    def meet(self) -> bool:
        """Wait for the others. False if the run is stopped: do not start another round."""
        with self.changed:
            mine = self.generation
            self.arrived += 1
            if self.arrived == self.parties:
                self.action()
                self.arrived = 0
                self.generation += 1
                self.changed.notify_all()
            while mine == self.generation:
                if not self.changed.wait(self.POLL) and self.stopped():
                    return False
        return not self.stopped()
