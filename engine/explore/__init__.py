"""The search: every interleaving of a program within a bound, on a deterministic machine; replay and minimising."""

from __future__ import annotations

from engine.explore.progress import Look
from engine.explore.search import Result, explore, recording_of, replay, smallest
from engine.explore.strategies import STRATEGIES

__all__ = ["STRATEGIES", "Look", "Result", "explore", "recording_of", "replay", "smallest"]
