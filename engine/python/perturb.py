"""What makes CPython threads interleave: random yields before steps, and a short switch interval."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable

from engine.errors import UsageError

DEFAULT = "yield:0.2"
SWITCH_INTERVAL = 20e-6  # seconds; CPython's own 5 ms is longer than a round


def perturbation(spec: str) -> Callable[[random.Random], None]:
    """What to do before each step.

    Args:
        spec: "none"; "yield:P", give the CPU away with probability P; "delay:P:NS", sleep that long; "": DEFAULT.

    Raises:
        UsageError: none of these.
    """
    name, *numbers = (spec or DEFAULT).split(":")
    try:
        probability = float(numbers[0]) if numbers else 0.0
        seconds = int(numbers[1]) / 1e9 if len(numbers) > 1 else 0.0
    except ValueError:
        probability = -1.0
    expected = {"none": 0, "yield": 1, "delay": 2}
    if expected.get(name) != len(numbers) or not 0 <= probability <= 1:
        raise UsageError(f"perturb {spec!r}: write none, yield:P or delay:P:NS with P from 0 to 1")

    def sometimes(rng: random.Random) -> None:
        if rng.random() < probability:
            time.sleep(seconds)  # 0 gives the interpreter lock to another thread

    return sometimes if probability else lambda _rng: None


class QuickSwitching:
    """Makes the interpreter switch threads often; its own setting comes back with `stop`. Counts nested users."""

    users = 0
    before = 0.0
    changing = threading.Lock()

    @classmethod
    def start(cls) -> None:
        with cls.changing:
            if cls.users == 0:
                cls.before = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH_INTERVAL)
            cls.users += 1

    @classmethod
    def stop(cls) -> None:
        with cls.changing:
            cls.users -= 1
            if cls.users == 0:
                sys.setswitchinterval(cls.before)
