"""Random programs: the executions of `dpor` are the happens-before classes, and end in all that executions end in.

Ten thousand of them: `python -m tests.dpor_cross_check 0 10000`, with `tso` or `pso` behind for those models.
"""

from __future__ import annotations

import pytest

from engine.jit import HAVE_NUMBA
from tests.dpor_cross_check import compare
from tests.dpor_programs import KEEPING, RACING

STEP, MOST, LEAST = (40, 1000, 21) if HAVE_NUMBA else (4, 60, 1)  # LEAST: not too large to be compared


@pytest.mark.parametrize("first", range(0, 400, 40))
def test_executions_are_classes(tmp_path, first):
    told = list(compare(tmp_path, range(first, first + STEP), MOST))
    assert [(seed, wrong) for seed, wrong, _ in told if wrong] == []
    assert sum(kind in ("told", "clean") for _, _, kind in told) >= LEAST


@pytest.mark.parametrize("first", [RACING, KEEPING])
def test_executions_of_many_threads_are_classes(tmp_path, first):
    told = list(compare(tmp_path, range(first, first + STEP), MOST // 2))
    assert [(seed, wrong) for seed, wrong, _ in told if wrong] == []


@pytest.mark.parametrize("model", ["tso", "pso"])
def test_flushes_are_events(tmp_path, model):
    told = list(compare(tmp_path, range(40000, 40000 + STEP), MOST, model))
    assert [(seed, wrong) for seed, wrong, _ in told if wrong] == []


def test_a_program_whose_choices_depend_on_their_order(tmp_path):
    """Seed 1709 (two bits set that the other may have set before) was wrong once."""
    assert [wrong for _, wrong, _ in compare(tmp_path, range(1709, 1710))] == [""]


def test_a_load_from_the_store_buffer_is_watched_with_it(tmp_path):
    """Seed 51851 (the flush wakes who has read his own store, and what he reads then comes after it) was wrong once."""
    assert [wrong for _, wrong, _ in compare(tmp_path, range(51851, 51852), model="tso")] == [""]
