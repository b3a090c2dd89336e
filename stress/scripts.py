"""Reproduction scripts and tests as text, and where the ready ones of the named races are."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.declare import CLEAN, Scenario, Variant
from stress.selection import model_that_breaks

if TYPE_CHECKING:
    from engine.schedule import Schedule

FOLDER: Final = Path(__file__).parent / "races"
#: In every file that is written here: only such a file is replaced by another one.
MARK: Final = "Written by pttorture repro"
#: Load finds its races by chance, not by the smallest interleaving.
LOAD: Final = ("hammer",)

_SCRIPT: Final = '''\
#!/usr/bin/env python3
"""{title}

{about}

{mark}. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r\'\'\'
{schedule}\'\'\'

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
'''

_TEST: Final = '''\
"""{title}

{about}

{mark}. It fails, with the picture, while the schedule breaks the scenario, and passes when it does not any more.
"""

from stress.repro import assert_holds

SCHEDULE = r\'\'\'
{schedule}\'\'\'


def test_{name}_holds() -> None:
    assert_holds(SCHEDULE, __file__)
'''


def script(schedule: Schedule, race: str = "") -> str:
    """A stand-alone script that replays a schedule. `race`: its name, "" if it has none."""
    return _filled(_SCRIPT, schedule, race)


def pytest(schedule: Schedule, race: str = "") -> str:
    """A test that fails while a schedule breaks its scenario."""
    return _filled(_TEST, schedule, race)


def ready(scenario: Scenario, variant: Variant) -> Path:
    """Where the ready script of a variant is, if it has one."""
    return FOLDER / f"{_name(scenario.name, variant.name)}.py"


def broken() -> list[tuple[Scenario, Variant]]:
    """The variants that have a ready script: each that the search is expected to break, and each named race that it is
    expected to break under a weaker memory model alone."""
    from scenarios import all_scenarios

    found = []
    for scenario in (each for each in all_scenarios() if each.name not in LOAD):
        for variant in scenario.variants:
            model = model_that_breaks(scenario, variant, next(iter(variant.locks), "qrwlock"))
            if model == "sc" or (model and variant.item):
                found.append((scenario, variant))
    return found


def _name(scenario: str, variant: str) -> str:
    return re.sub(r"\W|-", "_", f"{scenario}__{variant}")


def _filled(template: str, schedule: Schedule, race: str) -> str:
    found = schedule.violation or {}
    head = f"{race}: " if race else ""
    what = f"{found.get('kind', CLEAN)}: {found.get('message', '')} at {found.get('where', '')}"
    return template.format(
        title=f"{head}{schedule.scenario}:{schedule.variant}", mark=MARK, schedule=compact(schedule),
        about="\n".join(textwrap.wrap(what.replace("\\", "/"), 110, break_on_hyphens=False, break_long_words=False)),
        name=_name(schedule.scenario, schedule.variant))


def compact(schedule: Schedule) -> str:
    """The text of a schedule file with many turns on a line, without the quotes that would end a Python string."""
    data = json.loads(schedule.to_json())
    turns = " ".join(f"[{','.join(json.dumps(cell) for cell in turn)}]," for turn in data.pop("turns"))
    lines = textwrap.fill(turns.rstrip(","), 118, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    fields = "".join(f' "{key}": {json.dumps(data[key], sort_keys=True)},\n' for key in sorted(data))
    return ("{\n" + fields + ' "turns": [\n' + lines + "\n ]\n}\n").replace("'", "\\u0027")
