"""A campaign over fake sessions, for tests that break it. Run as a program it is one that can be killed.

    python campaign_rig.py FOLDER SECONDS HOW...     each HOW is a cell, see fake_session.py
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from stress import interrupts
from stress.campaign.cell import Cell
from stress.campaign.choosing import Chooser, standings
from stress.campaign.command import standings_of
from stress.campaign.crew import LocalCrew
from stress.campaign.health import Disk
from stress.campaign.loop import Campaign
from stress.campaign.status import Figures, Status
from stress.console import Console
from stress.store import schema
from stress.store.store import Store

HERE = Path(__file__).parent
COUNTER, FAKE = str(HERE / "protocols" / "counter.py"), str(HERE / "fake_session.py")
GB = 1 << 30


def cell(how: str) -> Cell:
    """A cell whose threads behave as `how` says."""
    return Cell("counter", "plain", COUNTER, executor=FAKE, perturb=how)


@contextmanager
def campaign(folder: Path, seconds: float, cells: Sequence[Cell], *, members: int = 2, limit: int = 4 * GB,
             stalled: float = 60.0, longest: float = 0.5, least: int = 0) -> Iterator[tuple[Campaign, io.StringIO]]:
    """A campaign in the folder, new or to go on; and what it says."""
    said = io.StringIO()
    there = (folder / schema.NAME).exists()
    store = Store.open(folder) if there else Store.create(folder, seed=7, config={}, names=["rig"])
    with store:
        found = standings_of(store, list(cells)) if there else standings(cells)
        chooser = Chooser(found, 7, longest)
        figures = Figures(cells=len(cells), seconds=seconds, fresh=chooser.fresh)
        crew = LocalCrew(folder / "logs", members, members, limit, stalled=stalled)
        status = Status(Console(said, environment={}, every=0.5), figures)
        yield Campaign(store, crew, chooser, status, Disk(folder, least)), said


def main() -> None:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    interrupts.install()
    with campaign(folder, seconds, [cell(how) for how in sys.argv[3:]]) as (made, _):
        print("ready", flush=True)
        try:
            made.run()
        except interrupts.Interrupted:
            print("interrupted", flush=True)


if __name__ == "__main__":
    main()
