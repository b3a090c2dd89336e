"""Every variant against the search: each race within a bound and of the expected kind, each fix complete.

The bound is a number of preemptions. A fix counts only if its search was complete within a bound at which the broken
twin is found, and only if the search did the work that the variant names.
"""

from __future__ import annotations

import pytest

from engine import CLEAN, Scenario, Variant
from engine.explore import Result, explore, replay
from engine.language.program import build
from scenarios import all_scenarios, find

LOCKS = ("qrwlock", "pthread", "pthread-writer", "fair", "read", "write")

#: The fewest preemptions that break it, under qrwlock.
BREAKS_AT = {
    "transient-get:rfc-v1": 1, "transient-get:later-elsewhere": 1, "false-warn:rfc-v1": 1, "both-give-up:rfc-v1": 2,
    "both-give-up:order-v1-ptdesc": 2, "mapcount-get:recheck-window": 1, "parent-freed:rfc-v1": 1,
    "parent-freed:rfc-v2": 1, "parent-freed:try-upgrade": 1, "parent-freed:own-range-grows": 0, "nested-read:rfc": 1,
    "stale-structure-cache:rfc-v1": 1, "stale-structure-cache:rfc-v2": 1, "stale-structure-cache:prune": 1,
    "free-before-flush:write-section": 0, "free-before-flush:before-flush": 1, "free-before-flush:early-queue": 1,
    "free-before-flush:super-page": 1, "free-before-flush:cached-at-free": 0, "split:reread": 1, "split:plain-store": 1,
    "split:plain-store-leak": 1, "split:no-flush": 0, "split:unmap-beside": 1, "split:rfc-v1": 0, "split:rfc-v2": 0,
    "split:whole": 1, "descend-into-leaf:rfc-v1": 1, "descend-into-leaf:rfc-v2": 1, "fragment-store:refcount": 2,
    "fragment-store:refcount-typed": 2, "last-fragment:refcount": 1, "last-fragment:refcount-typed": 1,
    "last-fragment:refcount-add": 1, "free-unref:free-unref-page": 2, "boot-table:uncounted": 0,
    "dax-wake:wake-at-zero": 1, "dax-wake:skips-reserved": 0, "dax-recheck:no-recheck": 1,
    "dax-refault:one-based-no-lock": 1, "dax-refault:zero-based-no-lock": 1, "dax-fault-ref:wait-only": 1,
    "dax-torn-busy:mapcount-first": 3, "dax-share:load-store": 1, "dax-ordinary-put:one-based": 0,
    "dax-old-insert:mixed": 0, "dax-pud-pte:no-lock": 1,
    "both-give-up:wait-upgrade": 2, "unbalanced-put:put": 0, "last-put-elsewhere:tails-lost": 1,
    "type-alias:6.9": 1, "type-alias:6.8": 1, "type-alias:5.4": 1, "type-alias:6.10": 1, "type-alias:6.11": 1,
    "type-alias:6.12": 1, "type-alias:6.14": 1, "type-alias:6.17": 1, "type-alias:6.9+128": 0, "type-alias:6.9+256": 0,
    "type-alias:6.9+384": 0, "type-alias:count-first": 0, "reads-mapped:rfc-v2": 0,
    "free-unreset:no-reset": 0, "count-from-minus-one:no-store": 0, "underflow-type:6.9": 0,
    "underflow-type:6.9-257": 0, "underflow-type:6.9-385": 0, "underflow-type:6.9-513": 0, "underflow-type:6.9-1025": 0,
    "underflow-type:5.4": 0, "underflow-type:6.8": 0, "underflow-type:6.10": 0, "underflow-type:6.11-65537": 0,
    "underflow-type:6.12-16777217": 0,
    "free-typed:5.4-typed": 0, "free-typed:6.8-typed": 0, "free-typed:6.9-typed": 0, "free-typed:6.10-typed": 0,
    "free-typed:6.11-typed": 0, "free-typed:6.12-typed": 0, "free-typed:6.14-typed": 0, "free-typed:6.9-count": 0,
    "free-typed:6.17-count": 0, "free-typed:6.11-owner-bits": 0, "free-typed:6.12-owner-bits": 0,
    "free-typed:6.14-owner-bits": 0,
    "type-alias:6.9-full": 1, "type-alias:6.17-untyped": 0, "parent-freed:queue-grows": 0, "split:refused": 0,
    "dirty-bit:plain-store": 1, "dirty-bit:no-flush": 0, "dirty-bit:flush-late": 1, "dirty-bit:unmap-looks-first": 1,
    "growing-root:two-words": 1, "growing-root:map-two-words": 1, "growing-root:no-retry": 1,
    "growing-root:as-merged": 1, "dax-share:associate": 1, "split:arm-in-place": 1, "split:arm-break-first": 1,
    "s390-pending:gathered-only-a": 1, "two-roles:same-frame": 1,
    "recycled-parent:rfc-v2": 1, "recycled-parent:peek-v2": 2, "recycled-parent:peek-v1": 1,
    "recycled-parent:peek-ptdesc": 1,
    "raw-lookup:iova-to-phys": 1, "raw-lookup:clear-dirty": 1, "raw-lookup:rfc-v1": 1, "sleeping-map:gfp-kernel": 0,
    "narrow-flush:rfc-v1": 0, "last-level:rfc-v1": 0, "teardown:no-lock": 0, "placement:refcount+getter": 1,
    "placement:mapcount+type-walker": 0, "placement:mapcount+uninitialised": 0, "placement:pt_list+head-reader": 1,
    "placement:pt_list+freelist": 2, "placement:pt_list+rcu-head": 2, "placement:pt_list.prev+freelist": 2,
    "placement:pt_list.prev+rcu-head": 2, "placement:pt_mm+uninitialised": 0, "placement:pt_mm+other-role": 0,
    "placement:private+ptl": 0, "placement:type-bits+uninitialised": 0,
    "s390-defer-listed:naive": 0, "s390-defer-full:naive": 0, "s390-defer-full:draft-no-status": 0,
    "s390-defer-both:naive": 0, "s390-defer-both:draft": 0, "s390-half-reuse:half-at-once": 1,
    "s390-pending:only-a": 1, "retract:at-once": 1, "retract:no-recheck": 1,
    "cow-splice:mapcount": 1, "cow-pinned:count": 1, "gup-unmap:mapcount": 1, "three-states:recount": 1,
    "sticky-state:sticky": 1, "unshare-exit:v1": 2, "swap-reuse:count-before": 1, "rmap-stop:early-stop": 1,
    "gup-fork:no-sequence": 2,
}
#: The bound within which the scenario's fixes are searched completely; its broken variants all break below it.
HOLDS_WITHIN = {
    "s390-half-reuse": 2, "s390-defer-both": 2, "s390-defer-full": 2, "unshare-exit": 2, "dax-refault": 2,
    "recycled-parent": 2, "mapcount-get": 2, "stale-structure-cache": 2,
}
DEFAULT_BOUND = 3

SEARCHED = [(s, v) for s in all_scenarios() if s.name != "hammer" for v in s.variants]


def names(pairs: list[tuple[Scenario, Variant]]) -> list[str]:
    return [f"{s.name}:{v.name}" for s, v in pairs]


def expected(name: str, lock: str = "qrwlock") -> str:
    scenario, variant = find(name)
    return scenario.expected(variant, executor="explore", lock=lock)


BROKEN = [name for name in names(SEARCHED) if expected(name) != CLEAN]
FIXED = [name for name in names(SEARCHED) if expected(name) == CLEAN]


def search(name: str, preemptions: int, lock: str = "qrwlock") -> Result:
    scenario, variant = find(name)
    return explore(build(scenario, variant.name), preemptions=preemptions, lock=lock)


def test_the_table_names_every_variant_that_breaks() -> None:
    assert set(BREAKS_AT) == set(BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_it_breaks_as_expected_and_not_with_fewer_preemptions(name: str) -> None:
    scenario, variant = find(name)
    bound = BREAKS_AT[name]
    if bound:
        below = search(name, bound - 1)
        assert below.violation is None
        assert below.complete
    result = search(name, bound)
    assert result.violation is not None
    assert result.violation.kind == variant.expects
    assert result.schedule is not None
    again = replay(build(scenario, variant.name), result.schedule).violation
    assert again is not None
    assert (again.kind, again.where) == (variant.expects, result.violation.where)


@pytest.mark.parametrize("name", FIXED)
def test_it_holds_where_its_twin_breaks(name: str) -> None:
    scenario, variant = find(name)
    bound = HOLDS_WITHIN.get(scenario.name, DEFAULT_BOUND)
    assert all(BREAKS_AT[twin] <= bound for twin in BROKEN if twin.startswith(scenario.name + ":"))
    result = search(name, bound)
    assert result.violation is None
    assert result.complete
    assert [c for c in variant.needs if not result.counters.get(c)] == []
    assert [c for c in variant.forbids if result.counters.get(c)] == []


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("name", ["nested-read:rfc", "nested-read:rfc-interrupt", "nested-read:flat"])
def test_whether_a_nested_reader_hangs_is_the_locks_rule(name: str, lock: str) -> None:
    """S4-c over all locks and both contexts."""
    kind = expected(name, lock)
    result = search(name, 2, lock)
    assert (result.violation.kind if result.violation else CLEAN) == kind
    if kind == "deadlock":
        assert result.violation is not None
        assert "pgd_lock" in result.violation.message
        assert "CPU0 map" in result.violation.message
        assert "CPU1 unmap" in result.violation.message


def test_what_hangs_is_what_the_table_says() -> None:
    hangs = {
        variant: [lock for lock in LOCKS if expected(f"nested-read:{variant}", lock) == "deadlock"]
        for variant in ("rfc", "rfc-interrupt", "flat")
    }
    assert hangs == {
        "rfc": ["qrwlock", "pthread-writer", "fair", "write"],
        "rfc-interrupt": ["pthread-writer", "fair", "write"],
        "flat": [],
    }


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("name", [
    "both-give-up:try-upgrade", "both-give-up:rfc-v2", "parent-freed:pin-try-upgrade",
    "parent-freed:restart-try-upgrade", "parent-freed:prune", "split:exclusive-try-upgrade",
])
def test_upgrades_hold_under_every_lock(name: str, lock: str) -> None:
    result = search(name, 2, lock)
    assert result.violation is None
    assert result.complete
    if "try-upgrade" in name:
        won = bool(result.counters.get("upgrades_won"))
        assert won == (lock == "qrwlock"), "only qrwlock can upgrade in place"
        assert result.counters["upgrades_lost"] > 0


@pytest.mark.parametrize("lock", LOCKS)
def test_two_upgraders_give_up_under_every_lock(lock: str) -> None:
    """S1-d; a lock that lets a waiting writer pass readers needs one preemption less."""
    bound = 2 if lock in ("qrwlock", "pthread-writer", "write") else 3
    assert search("both-give-up:rfc-v1", bound - 1, lock).violation is None
    result = search("both-give-up:rfc-v1", bound, lock)
    assert result.violation is not None
    assert result.violation.kind == "missed-free"


@pytest.mark.parametrize("name", ["split", "prune", "own-range", "try-upgrade"])
def test_load_holds_in_random_executions(name: str) -> None:
    scenario, variant = find(f"hammer:{name}")
    result = explore(build(scenario, variant.name), strategy="random", executions=1500, seed=7)
    assert result.violation is None
    assert [c for c in variant.needs if not result.counters.get(c)] == []


@pytest.mark.parametrize("name", ["reread", "plain-store", "no-flush", "unmap-beside"])
def test_load_finds_the_hazards_of_splitting(name: str) -> None:
    """With one region both owners are at the same large leaf: one preemption is enough."""
    scenario, variant = find(f"hammer:{name}")
    program = build(scenario, variant.name, params={"regions": 1, "shared_pages": 0})
    result = explore(program, preemptions=1)
    assert result.violation is not None
    assert result.violation.kind == variant.expects
