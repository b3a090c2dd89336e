"""The search: every interleaving of a program within a bound, on a deterministic machine; replay and minimising."""

from __future__ import annotations

from engine.explore.bound import Bound
from engine.explore.finding import smallest
from engine.explore.minimising import minimise
from engine.explore.progress import Look
from engine.explore.replaying import recording_of, replay
from engine.explore.result import Result
from engine.explore.search import explore
from engine.explore.strategies import STRATEGIES

__all__ = ["STRATEGIES", "Bound", "Look", "Result", "explore", "minimise", "recording_of", "replay", "smallest"]
