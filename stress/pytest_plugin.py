"""The pytest plugin: a marker and a fixture that hammer a scenario on real threads, or search its interleavings.

    @pytest.mark.pttorture("parent-freed:restart", seconds=5)
    def test_restart_holds() -> None: ...

    def test_the_fix(pttorture) -> None:
        assert pttorture.explore("examples/last_put.py:dec-and-test") == "clean"

pytest loads this file in every project of the environment, so nothing but pytest is imported here, and every hook
leaves at once where no test uses the plugin. What it does is in `stress.testing`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from stress.testing.fixture import Pttorture
    from stress.testing.session import Session

MARKER: Final = "pttorture"
#: What a check that leaves it open may be; a test compares the searches with the table of strategies.
STRATEGIES: Final = ("native", "python", "smallest", "dfs", "dpor", "states", "random", "pct", "pos", "surw")
_HELP: Final = (
    "pttorture(NAME | FILE.py | Scenario, ...): check each variant that this names: hammer it on threads (seconds, "
    "executor, lock, threads, processes, perturb, seed), or search it (strategy, model, rounds, preemptions, ...); "
    "expect: what must come of it, if not what the variant says"
)
_OPTIONS: Final = (
    ("seconds", "S", "how long each check hammers or samples (2); 0.5, 90s, 10m"),
    ("seed", "N", "of all random choices (default: a new one); a failure shows it"),
    ("strategy", "S", "how to check what leaves it open: native (default), python, or a search: smallest, dfs, dpor, "
                      "states, random, pct, pos, surw"),
    ("findings", "DIR", "where schedules that broke are kept, and replayed first (.pttorture below the root "
                        "directory); none: nowhere"),
)
_SESSION: Final = pytest.StashKey["Session"]()
_USED: Final = pytest.StashKey["Pttorture"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pttorture", "pttorture: concurrency scenarios")
    for name, metavar, text in _OPTIONS:
        group.addoption(f"--pttorture-{name}", metavar=metavar, help=text)
        parser.addini(f"pttorture_{name}", f"as --pttorture-{name}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _HELP)
    if any(config.getoption(f"pttorture_{name}") or config.getini(f"pttorture_{name}") for name, *_ in _OPTIONS):
        _session(config)  # wrong options are answered at once


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SESSION in config.stash:
        config.stash[_SESSION].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each variant that the markers of a function name."""
    if metafunc.definition.get_closest_marker(MARKER) is None:
        return
    named = _session(metafunc.config).named(metafunc.definition)
    if len(named) > 1:
        metafunc.fixturenames.append("_pttorture_check")
        metafunc.parametrize("_pttorture_check", list(named.values()), ids=list(named), indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of pytest-xdist. With `--dist each` all workers run the same tests: each has a seed of its own then."""
    if node.config.getoption("dist", "no") == "each":
        node.workerinput["pttorture_share"] = node.workerinput["workerid"]


@pytest.fixture
def _pttorture_check(request: pytest.FixtureRequest) -> Any:
    """The variant that this test is for."""
    return request.param


@pytest.fixture
def pttorture(request: pytest.FixtureRequest) -> Pttorture:
    """Explore or hammer scenarios: `pttorture.explore(NAME)`, `.hammer(NAME)`; `.check()` does what the marker says."""
    return _used(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that runs once more (pytest-rerunfailures, flaky) has checked nothing yet."""
    if _USED in item.stash:
        del item.stash[_USED]
        item.user_properties[:] = [each for each in item.user_properties if not str(each[0]).startswith(MARKER)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """After the body of a test: the checks that it has not made itself."""
    done = yield
    if _USED in item.stash or item.get_closest_marker(MARKER) is not None:
        _used(item).finish()
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """What the checks of a test have come to, on its report."""
    if call.when == "call" and _USED in item.stash:
        item.stash[_USED].noted(failed=call.excinfo is not None)
    report = yield
    if call.when == "call" and _USED in item.stash:
        item.stash[_USED].told(report, call)
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """`assert pttorture.explore(NAME) == "clean"`: what it is instead."""
    explain = getattr(left, "compared", None)
    return explain(op, right) if callable(explain) and type(left).__module__.startswith("stress.testing") else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What became of past findings; with -v what each check rests on."""
    told = [report for reports in terminalreporter.stats.values() for report in reports
            if getattr(report, "pttorture", None)]
    if told:
        from stress.testing.telling import summary

        lines = summary(told, verbose=terminalreporter.verbosity > 0)
        if lines:
            terminalreporter.section("pttorture")
        for line in lines:
            terminalreporter.write_line(line)


def _session(config: pytest.Config) -> Session:
    if _SESSION not in config.stash:
        from stress.testing.session import Session

        config.stash[_SESSION] = Session(config)
    return config.stash[_SESSION]


def _used(item: pytest.Item) -> Pttorture:
    if _USED not in item.stash:
        from stress.testing.fixture import Pttorture

        item.stash[_USED] = Pttorture(item, _session(item.config))
    return item.stash[_USED]
