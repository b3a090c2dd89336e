"""The litmus tests on this machine: x86 shows that a load may pass an earlier store, and never behind a barrier."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("numba")

from benchmarks.litmus import create, histogram, spread
from scenarios.litmus import LITMUS, ORDERS, TESTS, X86
from tests.native_help import until

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token"),
              pytest.mark.skipif(not X86, reason="what is said here is said of x86"),
              pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU is sequentially consistent")]

BY_NAME = {test.name: test for test in TESTS}
ENOUGH = 20_000  # instances


@pytest.mark.parametrize("name", ["SB", "R"])
def test_a_store_buffer_shows(name: str) -> None:
    test = BY_NAME[name]
    session = create(test, "", checks=False)
    try:
        with spread(session):
            until(lambda: histogram(session, test, "").relaxed > 0)
        assert [found.kind for found in session.progress().violations] == ["check"]
    finally:
        session.close()


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize("test", TESTS[:6], ids=lambda t: t.name)
def test_what_x86_forbids_is_never_seen(test: object, checks: bool) -> None:
    forbidden = [order for order in ORDERS if not test.allowed("tso", order)]  # type: ignore[attr-defined]
    for order in forbidden:
        session = create(test, order, checks=checks)  # type: ignore[arg-type]
        try:
            with spread(session):
                until(lambda session=session: session.progress().operations >= ENOUGH)  # type: ignore[misc]
            progress, seen = session.progress(), histogram(session, test, order)  # type: ignore[arg-type]
        finally:
            session.close()
        assert progress.violations == ()
        assert seen.relaxed == 0
        assert sum(seen.outcomes.values()) == progress.operations
        assert len(seen.outcomes) > 1, "the threads never met"


def test_the_table_says_what_native_runs_show() -> None:
    expected = {test.title(order): "check" if test.allowed("tso", order) else "clean" for test in TESTS
                for order in ORDERS}
    assert {v.name: LITMUS.expected(v, executor="native", lock="qrwlock") for v in LITMUS.variants} == expected
