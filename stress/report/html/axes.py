"""Axes: nice ticks on linear and logarithmic scales, and numbers with units as people write them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1, 2, 5, 10)
_CLOCK: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
                 604800)


_LOG_CLOCK: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0, 86400.0, 864000.0)
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True)
class Axis:
    """From values to places between 0 and 1. `low` and `high` are ticks or beyond the data."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False
    unit: str = ""

    def place(self, value: float) -> float:
        if self.log:
            value = max(value, self.low)
            return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return (value - self.low) / (self.high - self.low)

    def text(self, value: float) -> str:
        return shown(value, self.unit)

    def tick(self, value: float) -> str:
        """Shorter than `text`: on a linear axis all times are in one unit."""
        if self.unit != "s" or self.log:
            return self.text(value)
        length, name = next((unit for unit in _UNITS if self.high >= 2 * unit[0]), (1, "s"))
        return f"{value / length:.4g} {name}"


def linear(label: str, most: float, unit: str = "", *, whole: bool = False) -> Axis:
    """From 0 to at least `most`; of times to `most` itself. `whole`: ticks are whole numbers."""
    if unit == "s":
        longest = _CLOCK[-1] * math.ceil(most / 6 / _CLOCK[-1])
        step = _nice(most / 5) if most < 6 else next((float(s) for s in _CLOCK if most / s <= 7), float(longest))
    elif unit == "B":
        step = 2.0 ** max(0, math.ceil(math.log2(max(most, 1) / 6)))
    else:
        step = max(_nice(most / 5), 1.0) if whole else _nice(most / 5)
    if unit == "s":
        return Axis(label, 0.0, most, tuple(i * step for i in range(int(most / step + 1e-9) + 1)), unit=unit)
    count = max(1, math.ceil(most / step - 1e-9))
    return Axis(label, 0.0, count * step, tuple(i * step for i in range(count + 1)), unit=unit)


def logarithmic(label: str, least: float, most: float, unit: str = "") -> Axis:
    """Whole decades around positive values; a tick at each, every second or third where they are many.

    Of times beyond a minute ticks are those of a clock.
    """
    if unit == "s" and most > 60:
        low = max((t for t in _LOG_CLOCK if t <= least), default=_LOG_CLOCK[0])
        high = min((t for t in _LOG_CLOCK if t >= most and t > low), default=10.0 ** math.ceil(math.log10(most) + 1e-9))
        shown_ = tuple(t for t in (*_LOG_CLOCK, high) if low <= t <= high)
        return Axis(label, low, high, tuple(dict.fromkeys(shown_[::max(1, (len(shown_) + 4) // 6)])), True, unit)
    first, last = math.floor(math.log10(least) + 1e-9), math.ceil(math.log10(most) - 1e-9)
    last = max(last, first + 1)
    ticks = tuple(10.0 ** n for n in range(first, last + 1, max(1, (last - first + 5) // 6)))
    return Axis(label, 10.0 ** first, 10.0 ** last, ticks, log=True, unit=unit)


def _nice(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))


def shown(value: float, unit: str = "") -> str:
    """`1.5 k`, `20 s`, `3 h`, `64 MiB`."""
    if unit == "s":
        return duration(value)
    if unit == "B":
        return size(value)
    tail = f" {unit}" if unit else ""
    if value == 0:
        return f"0{tail}"
    for power, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= power:
            return f"{value / power:.3g} {letter}{unit}".rstrip()
    return f"{value:.3g}{tail}"


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.02 s`, `45 s`, `3 min`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes = seconds / 60
    if minutes < 60:
        rest = round(seconds) % 60
        return f"{int(round(seconds) // 60)} min" + (f" {rest} s" if rest and minutes < 10 else "")
    hours, left = divmod(round(minutes), 60)
    if hours < 48:
        return f"{hours} h" + (f" {left} min" if left else "")
    days, left = divmod(round(minutes / 60), 24)
    return f"{days} d" + (f" {left} h" if left else "")


def size(value: float) -> str:
    """Bytes: `512 B`, `64 MiB`."""
    for power, name in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if value >= 1 << power:
            return f"{value / (1 << power):.3g} {name}"
    return f"{value:.0f} B"
