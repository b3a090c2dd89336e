"""Clocks that are set, machines that sleep, disks that fill up."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import MachineError
from stress.campaign.health import Clocks, Disk


class Time:
    """A clock to play with, in seconds."""

    wall, running, slept = 1e9, 100.0, 0.0

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.running, lambda: self.slept)


@pytest.mark.parametrize(("change", "said"), [
    ({"wall": 10.0, "running": 10.0}, ""),
    ({"wall": 3610.0, "running": 10.0}, "the clock was set forward by 3,600 s"),
    ({"wall": -50.0, "running": 10.0}, "the clock was set back by 60 s"),
    ({"wall": 7210.0, "running": 10.0, "slept": 7200.0}, "the machine was suspended for 7,200 s"),
    ({"wall": 11.0, "running": 10.0}, ""),
])
def test_clocks(change: dict[str, float], said: str) -> None:
    time = Time()
    clocks = time.clocks()
    assert clocks.look() == ""
    for name, seconds in change.items():
        setattr(time, name, getattr(time, name) + seconds)
    assert clocks.look() == said
    assert clocks.look() == "", "once"


def test_a_disk_that_fills_up_ends_it_in_time(tmp_path: Path) -> None:
    Disk(tmp_path, 10**6, lambda _: 10**6).look()
    with pytest.raises(MachineError, match=r"only 1 MB are free .* leaves 2 MB; make room and go on with --resume"):
        Disk(tmp_path, 2 * 10**6, lambda _: 10**6).look()
