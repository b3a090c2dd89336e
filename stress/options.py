"""Values of command-line options: each function turns the text into a value or says in one line what is wrong."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Final

from engine.errors import UsageError

MAX_THREADS: Final = 64  # what an arena holds
EXECUTORS: Final = ("native", "python")
#: executor -> its RW locks, the default first.
LOCKS: Final = {"native": ("qrwlock", "pthread", "pthread-writer"), "python": ("fair", "read", "write")}
ALL_LOCKS: Final = tuple(name for names in LOCKS.values() for name in names)
#: executor -> what `--perturb` is when it is not given. Short roles on few CPUs seldom meet inside a window of some
#: nanoseconds; a thread that gives its CPU away in it does. A fix is run under what breaks its broken twin.
PERTURB: Final = {"native": "yield:0.05", "python": "yield:0.2"}
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES: Final = {"K": 10**3, "M": 10**6, "G": 10**9}
_LONGEST: Final = 30 * 86400.0


def seconds(text: str) -> float:
    """A duration: `90`, `0.5`, `90s`, `10m`, `8h`, `2d`."""
    number, unit = (text[:-1], text[-1]) if text and text[-1] in _UNITS else (text, "s")
    try:
        value = float(number) * _UNITS[unit]
    except ValueError:
        raise _bad(f"{text!r} is not a duration; write for example 10, 0.5, 90s, 10m or 8h") from None
    if not math.isfinite(value) or not 0 < value <= _LONGEST:
        raise _bad(f"{text} is not a duration above 0 and up to 30d")
    return value


def hours(text: str) -> float:
    """Hours: `60`, `0.5`, or a duration with a unit."""
    if text[-1:] in _UNITS:
        return seconds(text) / 3600
    try:
        return seconds(text + "h") / 3600
    except argparse.ArgumentTypeError:
        raise _bad(f"{text!r} is not a duration above 0 and up to 30d; write for example 60, 0.5 (hours), 30m "
                   "or 2d") from None


def size(text: str) -> int:
    """Bytes: `500M`, `4G`, or a number."""
    number, unit = (text[:-1], _SIZES[text[-1]]) if text[-1:] in _SIZES else (text, 1)
    try:
        value = int(float(number) * unit)
    except (ValueError, OverflowError):
        value = 0
    if value <= 0:
        raise _bad(f"{text!r} is not a size; write for example 500M or 4G")
    return value


def shard(text: str) -> str:
    """`I/N`: part I of N, from 1."""
    index, _, number = text.partition("/")
    if not (index.isdecimal() and number.isdecimal() and 1 <= int(index) <= int(number) <= 100_000):
        raise _bad(f"{text!r} is not a shard; write for example 3/8, the third of eight")
    return text


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`; 0x... is read too."""

    def parse(text: str) -> int:
        try:
            value = int(text, 0)
        except ValueError:
            raise _bad(f"{text!r} is not a whole number from {low} to {high}") from None
        if not low <= value <= high:
            raise _bad(f"{text} is not in {low}..{high}")
        return value

    return parse


def one_of(what: str, known: Sequence[str]) -> Callable[[str], str]:
    """A name out of a list; a mistyped one is answered with what it resembles."""

    def parse(text: str) -> str:
        if text in known:
            return text
        raise _bad(f"unknown {what} {text!r}{close(text, known)}")

    return parse


def perturb(text: str) -> str:
    """`none`, `yield:P` or `delay:P:NS`: before each step, with probability P, yield the CPU or wait NS nanoseconds."""
    kind, *numbers = text.split(":")
    counts = {"none": 0, "yield": 1, "delay": 2}
    if kind not in counts or len(numbers) != counts[kind]:
        raise _bad(f"{text!r} is not one of: none, yield:P, delay:P:NS")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        raise _bad(f"{text!r}: P is a probability, NS a number of nanoseconds") from None
    if values and not 0 <= values[0] <= 1:
        raise _bad(f"{text!r}: the probability {numbers[0]} is not in 0..1")
    if len(values) > 1 and not 0 <= values[1] <= 1e9:
        raise _bad(f"{text!r}: a delay of {numbers[1]} ns is not in 0..1000000000")
    return text


def close(text: str, known: Sequence[str]) -> str:
    """The end of an error line: what was meant, or what there is."""
    near = get_close_matches(text, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; there is: {', '.join(known)}"


def refuse(condition: object, what: str) -> None:
    """An option that would have no effect is an error: the user expects one."""
    if condition:
        raise UsageError(what)


def _bad(message: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(message)
