"""Every check of the native executor: a program in which it fires, and its twin in which it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.declare import Geometry, Role, Scenario, Variant
from engine.errors import UsageError
from engine.language.program import build
from engine.native.evidence import round_violation
from engine.native.session import Session
from tests.native_help import Alone, driven, until
from tests.protocols import faults as f

#: All in one scenario: one compile. (role, fault, kind)
ROLES = (f.speculative, f.wild, f.bad_page, f.lock_misuse, f.sleeper, f.warner, f.dive, f.arrays)
SCENARIO = Scenario("native-faults", "tests", tuple(Role(f"r{i}", run) for i, run in enumerate(ROLES)),
                    (Variant("v"),), setup=f.publish, small=Geometry(4, 2, 8))
CASES = [
    (f.wild, 1, "wild-access"), (f.wild, 2, ""), (f.wild, 3, "wild-access"), (f.wild, 4, "wild-access"),
    (f.wild, 5, "wild-access"), (f.wild, 6, "wild-access"), (f.bad_page, 1, "bad-page"), (f.bad_page, 2, "bad-page"),
    (f.bad_page, 3, "bad-page"), (f.bad_page, 4, "bad-page"), (f.lock_misuse, 1, "lock-misuse"),
    (f.lock_misuse, 2, "lock-misuse"), (f.lock_misuse, 3, "lock-misuse"), (f.lock_misuse, 4, "lock-misuse"),
    (f.lock_misuse, 5, "lock-misuse"), (f.lock_misuse, 6, "lock-misuse"), (f.lock_misuse, 7, "lock-misuse"),
    (f.sleeper, 1, "sleep-in-atomic"), (f.warner, 1, "warning"), (f.dive, 1, "stack-overflow"),
    (f.arrays, 1, "wild-access"),
]
RACE = f.scenario(f.reader, f.remover, setup=f.publish)
FREES = f.scenario(f.both_free, f.both_free, setup=f.publish_unreferenced)
GETTER = f.scenario(f.speculative, f.remover, setup=f.publish)


def found(run: object, fault: int, folder: Path) -> str:
    alone = Alone(build(SCENARIO, folded=False, params={"fault": fault}), folder)
    try:
        violation = alone.run(ROLES.index(run))
        return violation.kind if violation else ""
    finally:
        alone.close()


@pytest.mark.parametrize(("run", "fault", "kind"), CASES)
def test_it_fires(run: object, fault: int, kind: str, tmp_path: Path) -> None:
    assert found(run, fault, tmp_path) == kind


@pytest.mark.parametrize("run", ROLES)
def test_its_twin_is_silent(run: object, tmp_path: Path) -> None:
    assert found(run, 0, tmp_path) == ""


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize(("scenario", "kind"), [(RACE, "use-after-free"), (FREES, "double-free"),
                                                (GETTER, "use-after-free")])
def test_races_are_found_and_their_twins_are_not(scenario: Scenario, kind: str, tmp_path: Path) -> None:
    for fault in (1, 0):
        with driven(build(scenario, folded=False, params={"fault": fault}), tmp_path, perturb="yield:0.1") as session:
            if fault:
                until(lambda: any(v.kind == kind for v in session.progress().violations))
                v = next(v for v in session.progress().violations if v.kind == kind)
                assert v.where.count("faults.py:") == v.other.count("faults.py:") == 1
                assert v.evidence
            else:
                until(lambda: session.progress().overlapped_rounds > 20_000)
                assert session.progress().violations == ()


def test_set_up_that_breaks_a_rule_is_the_callers_error(tmp_path: Path) -> None:
    program = build(f.scenario(f.setter, setup=f.warner), params={"fault": 1})
    with pytest.raises(UsageError, match=r"its set-up breaks a rule: .*faults.py:\d+"):
        Session.create(program, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_refused_access_touches_nothing(tmp_path: Path) -> None:
    alone = Alone(build(SCENARIO, folded=False, params={"fault": 1}), tmp_path)
    try:
        before = bytes(alone.arena.bytes[alone.program.layout.LOCKS:alone.program.layout.END])
        assert alone.run(ROLES.index(f.wild)) is not None
        assert round_violation(alone.program, alone.arena) is not None
        assert bytes(alone.arena.bytes[alone.program.layout.LOCKS:alone.program.layout.END]) == before
    finally:
        alone.close()
