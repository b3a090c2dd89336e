"""Findings by name: DIR/SIGNATURE, or SIGNATURE in a campaign's folder. A signature may be cut short."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UsageError

if TYPE_CHECKING:
    from stress.store.view import FindingRow


def is_finding(name: str) -> bool:
    """Whether a name means a finding: it is a path, and not that of a file."""
    path, _, variant = name.partition(".py:")
    return "/" in name and not variant and not path.endswith((".py", ".json")) and not Path(name).is_file()


def finding(name: str, campaign: str | None = None) -> tuple[FindingRow, Path]:
    """The finding that a name means, and its campaign's folder.

    Args:
        campaign: the folder, if the name has none.

    Raises:
        UsageError: no campaign there, or no such finding, or several.
    """
    from stress.store.view import look

    folder, signature = (Path(campaign), name) if campaign is not None else (Path(name).parent, Path(name).name)
    if campaign is None and folder.name == "findings":
        folder = folder.parent
    with look(folder) as view:
        return view.finding(signature), folder


def schedule_of(found: FindingRow) -> str:
    """The text of its smallest schedule.

    Raises:
        UsageError: it has none.
    """
    explanation = found.explanation
    if explanation is None:
        raise UsageError(f"finding {found.signature} has no schedule yet: no search has looked for it; let the "
                         "campaign go on, or look for it with: pttorture run NAME --explain")
    if not explanation.get("schedule"):
        said = str(explanation.get("explained", "not explained"))
        raise UsageError(f"finding {found.signature} has no schedule ({said}); its evidence is in the report")
    return str(explanation["schedule"])
