"""The plugin in projects of their own, as an installation loads it: searches; `test_pytest_native` has the threads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.pytest_help import EXAMPLE, Project, entry_point

MANY = '''
import pytest
from last_put import SCENARIO

@pytest.mark.pttorture("last_put.py", strategy="smallest")
def test_each(): ...

@pytest.mark.pttorture("last_put.py:dec-and-test", strategy="smallest")
@pytest.mark.pttorture(SCENARIO, variant="read-back", model="tso", expect="use-after-free")
def test_stacked():
    """A marker is enough."""

@pytest.mark.pttorture("last_put.py:read-back", strategy="smallest", expect="clean")
def test_breaks(): ...

@pytest.mark.pttorture("last_put.py:dec-and-test", strategy="smallest", expect="double-free")
def test_misses(): ...

@pytest.mark.pttorture("last_put.py:dec-and-test", strategy="random", executions=50)
class TestInAClass:
    def test_samples(self, pttorture):
        assert pttorture.check().executions == 50

def test_reads_well(pttorture):
    found = pttorture.explore(SCENARIO, variant="read-back")
    assert found == "use-after-free"
    assert found.as_expected and found.preemptions == 1 and not found.complete
    fixed = pttorture.explore("last_put.py:dec-and-test")
    assert fixed.complete
    assert fixed == "double-free"

def test_is_not_clean(pttorture):
    assert pttorture.explore("last_put.py:read-back").clean

def test_nobody_looks(pttorture):
    pttorture.explore("last_put.py:read-back", expect="clean")

def test_no_marker(pttorture):
    pttorture.check()

def test_which_variant(pttorture):
    pttorture.explore("last_put.py")

@pytest.mark.pttorture("last_put.py:red-back", strategy="smallest")
def test_typo(): ...

@pytest.mark.pttorture("bad.py", strategy="smallest")
def test_bad_file(): ...

@pytest.mark.pttorture("outside.py", strategy="smallest")
def test_outside(): ...

@pytest.mark.pttorture("last_put.py:read-back", strategy="dpor", preemptions=1)
def test_no_effect(): ...

@pytest.mark.pttorture("last_put.py:read-back", strategy="smallest")
def test_body_fails():
    assert 1 == 2

@pytest.mark.pttorture("last_put.py:dec-and-test", strategy="dfs", executions=1)
def test_cut_short(): ...

@pytest.mark.xfail(strict=True)
@pytest.mark.pttorture("last_put.py:read-back", strategy="smallest", expect="clean")
def test_known(): ...
'''


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return entry_point(tmp_path_factory.mktemp("plugins"))


@pytest.fixture
def project(tmp_path: Path, plugins: Path) -> Project:
    made = Project(tmp_path / "project", plugins, "pythonpath = .\n")
    made.example()
    return made


class Ran:
    """What pytest said of the project of many tests: its output, and its JUnit file."""

    def __init__(self, project: Project) -> None:
        source = EXAMPLE.read_text()
        project.write(test_many=MANY, bad="import nothing_like_this\n",
                      outside=source.replace("mem.count(PUTS)", "print('hello')"))
        self.code, self.out = project.run("-q", "--junit-xml=junit.xml", "--pttorture-seed", "7")
        self.project = project
        suite = ElementTree.parse(project.folder / "junit.xml").getroot()
        self.cases = {case.get("name", ""): case for case in suite.iter("testcase")}

    def failure(self, name: str) -> str:
        """The text of a failure, as the JUnit file has it; "" for a test that passes."""
        found = self.cases[name].find("failure")
        return "" if found is None else found.text or ""

    def properties(self, name: str) -> dict[str, str]:
        return {each.get("name", ""): each.get("value", "") for each in self.cases[name].iter("property")}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Ran:
    made = Project(tmp_path_factory.mktemp("many") / "project", plugins, "pythonpath = .\n")
    made.example()
    return Ran(made)


def test_what_passes_and_what_fails(ran: Ran) -> None:
    assert ran.code == 1, ran.out
    passed = {name for name, case in ran.cases.items() if case.find("failure") is None}
    assert passed == {"test_each[read-back]", "test_each[dec-and-test]", "test_stacked[read-back]",
                      "test_stacked[dec-and-test]", "test_samples", "test_known"}
    assert "14 failed, 5 passed, 1 xfailed" in ran.out


@pytest.mark.parametrize("name", ["test_breaks", "test_is_not_clean", "test_nobody_looks"])
def test_a_failure_shows_the_picture_the_seed_and_how_to_see_it_again(ran: Ran, name: str) -> None:
    said = ran.failure(name)
    assert "CPU0 put1                     CPU1 put2" in said
    assert "atomic_set(page 1 refcount) <-- use-after-free" in said
    assert f"Again:  pytest test_many.py::{name} --pttorture-seed 7" in said
    assert "Traceback" not in said
    assert "stress/" not in said


def test_what_breaks_is_kept(ran: Ran) -> None:
    said = ran.failure("test_breaks")
    (schedule,) = re.findall(r"^Replay: pttorture replay (\S+)$", said, re.MULTILINE)
    assert (ran.project.folder / schedule).is_file()
    assert (ran.project.folder / schedule).with_name("picture.txt").read_text() in said
    about = json.loads((ran.project.folder / schedule).with_name("finding.json").read_text())
    assert about["kind"] == "use-after-free"
    assert about["test"] == "test_many.py::test_breaks"
    assert "Replay:" not in ran.failure("test_is_not_clean")  # what a variant is expected to do is no finding


def test_a_failure_fits_on_a_terminal(ran: Ran) -> None:
    for name in ("test_breaks", "test_misses", "test_nobody_looks"):
        assert max(map(len, ran.failure(name).splitlines())) <= 80, name


def test_junit_properties(ran: Ran) -> None:
    assert ran.properties("test_each[dec-and-test]") == {
        "pttorture_seed": "7", "pttorture": ran.properties("test_each[dec-and-test]")["pttorture"]}
    assert ran.properties("test_each[dec-and-test]")["pttorture"].startswith(
        "last-put:dec-and-test: clean; smallest, 6 executions in ")
    assert ran.properties("test_breaks")["pttorture_violation"].endswith("use-after-free; expected clean")
    found = ran.cases["test_breaks"].find("failure")
    assert found is not None
    assert found.get("message") == "last-put:read-back: unexpected: found use-after-free; expected clean"


@pytest.mark.parametrize(("name", "said"), [
    ("test_misses", "last-put:dec-and-test: missed (expected double-free)"),
    ("test_reads_well", "assert last-put:dec-and-test is not double-free: clean (smallest, 6 executions in "),
    ("test_is_not_clean", "where False = <last-put:read-back: use-after-free at last_put.py:36 (smallest, "),
    ("test_no_marker", "pttorture: check() does what the marker of the test says, and it has none"),
    ("test_which_variant", "pttorture: last_put.py has several variants: read-back, dec-and-test; name one"),
    ("test_no_effect", "pttorture: preemptions has no effect with strategy dpor"),
    ("test_body_fails", "assert 1 == 2"),
    ("test_cut_short", "last-put:dec-and-test: inconclusive (expected clean)"),
])
def test_what_is_said(ran: Ran, name: str, said: str) -> None:
    assert said in ran.failure(name)


@pytest.mark.parametrize(("name", "said"), [
    ("test_typo", r"pttorture: \S*last_put.py: no variant 'red-back'; there is: read-back, dec-and-test"),
    ("test_bad_file", r"pttorture: \S*bad.py:1: ModuleNotFoundError: No module named 'nothing_like_this'"),
    ("test_outside[read-back]", r"pttorture: outside.py:38: .*\n    print\('hello'\)\n    \^"),
])
def test_a_mistake_is_one_line(ran: Ran, name: str, said: str) -> None:
    assert re.fullmatch(said, ran.failure(name))


FIX = """
import pytest
@pytest.mark.pttorture("last_put.py:dec-and-test", strategy="smallest")
def test_fix(): ...
"""


def test_past_findings_come_first(project: Project) -> None:
    file = project.example()
    good = file.read_text()
    bad = good.replace("(USERS) == 0, \"count-drift\"", "(USERS) == 1, \"count-drift\"")
    findings = project.folder / ".pttorture" / "findings"
    project.write(test_fix=FIX, last_put=bad)
    assert project.run("-q")[0] == 1
    (first,) = findings.iterdir()
    where = f".pttorture/findings/{first.name}"

    code, out = project.run("-q")
    assert code == 1
    assert "last-put:dec-and-test: a past finding still breaks it: count-drift at" in out
    assert f"Replay: pttorture replay {where}/schedule.json" in out
    assert list(findings.iterdir()) == [first]

    # Nothing breaks, but the steps are others: kept.
    project.write(last_put=good.replace("atomic64_dec_and_test(USERS)", "atomic64_dec_return(USERS) == 0"))
    code, out = project.run("-q")
    assert code == 0, out
    assert f"{where}: kept, but last-put:dec-and-test does not follow it any more: " in " ".join(out.split())
    assert first.is_dir()

    # The same steps, which end well: dropped, with the folder that is empty then.
    project.write(last_put=good)
    code, out = project.run("-q")
    assert code == 0, out
    assert f"{where}: does not break last-put:dec-and-test any more; dropped" in " ".join(out.split())
    assert not findings.parent.exists()


TWICE = """
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    for _ in range(2):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


def test_a_test_that_fails_fails_again(project: Project) -> None:
    """As pytest-rerunfailures and flaky run it: the same item once more."""
    project.write(conftest=TWICE, test_fix=FIX.replace('smallest"', 'smallest", expect="double-free"'))
    code, out = project.run("-q", "--junit-xml=junit.xml")
    assert code == 1, out
    assert (project.folder / "junit.xml").read_text().count('"pttorture_seed"') == 1


UNDRAWN = """
import stress.testing.exploring
def draw(*_):
    raise RuntimeError("no ink")
stress.testing.exploring.draw = draw
"""
OWN = """
def test_own(pttorture):
    assert pttorture.explore("last_put.py:read-back", seed=3) == "clean"
"""


def test_what_cannot_be_drawn_is_told_with_the_options_that_were_given(project: Project) -> None:
    project.write(conftest=UNDRAWN, test_own=OWN)
    code, out = project.run("-q", "--junit-xml=junit.xml", "--pttorture-strategy=dpor", "--pttorture-findings=a b")
    assert code == 1, out
    assert "not explained: internal error: RuntimeError: no ink" in " ".join(out.split())
    assert "\nAgain:  pytest test_own.py::test_own --pttorture-strategy dpor --pttorture-findings 'a b'\n" in out
    assert 'name="pttorture_seed" value="3"' in (project.folder / "junit.xml").read_text()


def test_it_is_not_there_for_those_who_do_not_use_it(project: Project) -> None:
    project.write(test_other="import sys\ndef test_x():\n"
                             "    assert not {'engine', 'numba', 'numpy'} & set(sys.modules)\n")
    before = set(project.folder.iterdir())
    code, out = project.run("-v")
    assert code == 0, out
    assert "pttorture" not in out.replace(str(project.folder), "").partition("plugins:")[2].partition("\n")[2]
    assert {path.name for path in set(project.folder.iterdir()) - before} <= {"__pycache__"}


def test_it_can_be_switched_off(project: Project) -> None:
    project.write(test_other="import pytest\n@pytest.mark.pttorture('S1-a')\ndef test_x(): ...\n")
    code, out = project.run("-q", "-p", "no:pttorture")
    assert code == 2
    assert "'pttorture' not found in `markers` configuration option" in out


@pytest.mark.parametrize(("option", "said"), [
    ("--pttorture-seconds=0", "pttorture: seconds: 0 is not a duration above 0"),
    ("--pttorture-seed=x", "pttorture: seed: 'x' is not a whole number"),
    ("--pttorture-strategy=dpro", "pttorture: unknown strategy 'dpro'; did you mean 'dpor'?"),
])
def test_wrong_options(project: Project, option: str, said: str) -> None:
    code, out = project.run(option)
    assert code == 4
    assert said in out
    assert "Traceback" not in out
