"""Every check of the python executor: a protocol in which it fires, and a twin in which it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.python.replay import walk
from tests.protocol_source import program

PAGE = "    p = mem.alloc_page(1)\n"
PUT = "    mem.atomic_dec(refcount(p))\n"
FREE = PUT + "    mem.free_page(p)\n"

#: kind -> (a body in which it fires at its last line, a twin that is clean)
CASES = {
    "use-after-free": (PAGE + FREE + "    mem.read_once(p + 8)\n", PAGE + "    mem.read_once(p + 8)\n" + FREE),
    "use-after-free of a frame never allocated": ("    mem.read_once(frame_at(2))\n", PAGE + "    mem.read_once(p)\n"),
    "use-after-free of frame 0": ("    mem.read_once(frame_at(0))\n", PAGE + "    mem.read_once(frame_at(1))\n"),
    "use-after-free by clflush": (PAGE + FREE + "    mem.clflush(p)\n", PAGE + "    mem.clflush(p)\n" + FREE),
    "use-after-free by fill": (PAGE + FREE + "    mem.fill_page(p, 0, 1)\n", PAGE + "    mem.fill_page(p, 0, 1)\n"),
    "use-after-free of the descriptor": (
        PAGE + FREE + "    mem.atomic_inc(refcount(p))\n",
        PAGE + FREE + "    mem.page_ref_add_unless(refcount(p), 1, 0)\n    mem.read_page_type(mapcount(p))\n"),
    "use-after-free, speculative on contents": (
        PAGE + FREE + "    mem.page_ref_add_unless(p, 1, 0)\n", PAGE + "    mem.page_ref_add_unless(p, 1, 0)\n"),
    "double-free": (PAGE + FREE + "    mem.free_page(p)\n", PAGE + FREE),
    "double-free of frame 0": ("    mem.free_page(frame_at(0))\n", PAGE + FREE),
    "wild-access": ("    mem.read_once(8)\n", "    mem.read_once(A)\n"),
    "wild-access, padding": ("    mem.read_once(B + 16)\n", "    mem.read_once(B + 8)\n"),
    "wild-access, a lock": ("    mem.read_once(L)\n", "    mem.read_lock(L)\n    mem.read_unlock(L)\n"),
    "wild-access by free": (PAGE + PUT + "    mem.free_page(p + 8)\n", PAGE + FREE),
    "wild-access by fill": (PAGE + "    mem.fill_page(p + 8, 0, 1)\n", PAGE + "    mem.fill_page(p, 0, 1)\n"),
    "bad-page, refcount": (PAGE + "    mem.free_page(p)\n", PAGE + FREE),
    "bad-page, mapcount": (PAGE + PUT + "    mem.atomic_inc(mapcount(p))\n    mem.free_page(p)\n",
                           PAGE + PUT + "    mem.atomic_inc(mapcount(p))\n    mem.atomic_dec(mapcount(p))\n"
                                        "    mem.free_page(p)\n"),
    "bad-page, mapping": (PAGE + PUT + "    mem.write_once(page_of(p) + 24, 1)\n    mem.free_page(p)\n",
                          PAGE + PUT + "    mem.write_once(page_of(p) + 32, 1)\n    mem.free_page(p)\n"),
    "bad-page, memcg": (PAGE + PUT + "    mem.write_once(page_of(p) + 56, 1)\n    mem.free_page(p)\n",
                        PAGE + PUT + "    mem.write_once(page_of(p) + 40, 1)\n    mem.free_page(p)\n"),
    "lock-misuse": ("    mem.read_lock(L)\n    mem.write_unlock(L)\n",
                    "    mem.read_lock(L)\n    mem.read_unlock(L)\n"),
    "lock-misuse, not held": ("    mem.spin_unlock(S)\n", "    mem.spin_lock(S)\n    mem.spin_unlock(S)\n"),
    "lock-misuse, twice": ("    mem.read_lock(L)\n    mem.read_unlock(L)\n    mem.read_unlock(L)\n",
                           "    mem.read_lock(L)\n    mem.read_lock(L)\n" + "    mem.read_unlock(L)\n" * 2),
    "lock-misuse, kind": ("    mem.spin_lock(L)\n", "    mem.spin_lock(S)\n    mem.spin_unlock(S)\n"),
    "lock-misuse, no lock": ("    mem.read_lock(L[1] + 64)\n", "    mem.read_lock(L[1])\n    mem.read_unlock(L[1])\n"),
    "lock-misuse, upgrade": ("    mem.try_upgrade(L)\n", "    mem.read_lock(L)\n    x = mem.try_upgrade(L)\n"
                             "    mem.check(x, 'check', 'nobody else reads')\n    mem.write_unlock(L)\n"),
    "lock-misuse, downgrade": ("    mem.read_lock(L)\n    mem.downgrade(L)\n",
                               "    mem.write_lock(L)\n    mem.downgrade(L)\n    mem.read_unlock(L)\n"),
    "deadlock": ("    mem.write_lock(L)\n    mem.write_lock(L)\n",
                 "    mem.write_lock(L[0])\n    mem.write_lock(L[1])\n"
                 "    mem.write_unlock(L[1])\n    mem.write_unlock(L[0])\n"),
    "sleep-in-atomic": ("    mem.read_lock(L)\n    mem.might_sleep()\n",
                        "    mem.read_lock(L)\n    mem.read_unlock(L)\n    mem.might_sleep()\n"),
    "warning": ("    mem.warn_on(HOW == 0, 'no')\n", "    mem.warn_on(HOW, 'no')\n"),
    "check": ("    mem.check(HOW, 'check', 'no')\n", "    mem.check(HOW == 0, 'check', 'no')\n"),
    "missed-free": ("    mem.check(0, 'missed-free', 'no')\n", "    mem.check(1, 'missed-free', 'no')\n"),
    "stack-overflow": ("    deep(1)\n", "    mem.read_once(A)\n"),
}
DEEP = "@protocol\ndef helper_deep(x):\n    y = helper_deep(x + 1)\n    return y\n"


@pytest.mark.parametrize("case", CASES)
def test_it_fires(case: str, tmp_path: Path) -> None:
    text = DEEP + "@protocol\ndef role(mem):\n" + CASES[case][0].replace("deep", "helper_deep")
    p = program(tmp_path, text)
    _, execution = walk(p, 1, folder=tmp_path)
    found = execution.violation
    assert found is not None
    assert found.kind == case.split(",")[0].split(" ")[0]
    assert found.thread == 0
    assert found.message
    if found.kind != "stack-overflow":
        file, line = found.where.rsplit(":", 1)
        assert Path(file).read_text().split("\n")[int(line) - 1] == text.rstrip("\n").split("\n")[-1]


@pytest.mark.parametrize("case", CASES)
def test_its_twin_is_silent(case: str, tmp_path: Path) -> None:
    _, execution = walk(program(tmp_path, "@protocol\ndef role(mem):\n" + CASES[case][1]), 1, folder=tmp_path)
    assert execution.violation is None


def test_a_use_after_free_names_the_free(tmp_path: Path) -> None:
    p = program(tmp_path, "@protocol\ndef role(mem):\n" + CASES["use-after-free"][0])
    found = walk(p, 1, folder=tmp_path)[1].violation
    assert found is not None
    free = next(site.where for site in p.sites if site.primitive == "free_page")
    assert found.other == free
    assert free in found.message


def test_pages_come_in_order_and_back_by_the_pools_rule(tmp_path: Path) -> None:
    text = ("@protocol\ndef role(mem):\n    p = mem.alloc_page(1)\n    q = mem.alloc_page(2)\n"
            "    mem.write_once(p, 7)\n" + FREE + "    mem.alloc_page(3)\n" * 3)
    for pool, order in (("reuse", [1, 2, 1, 3, 0]), ("quarantine", [1, 2, 3, 1, 0])):
        p = program(tmp_path, text, pool=pool)
        _, execution = walk(p, 1, folder=tmp_path)
        assert execution.violation is None
        pages = [s.value for s in execution.steps if p.sites[s.site].primitive == "alloc_page"]
        assert pages == [p.layout.frame(pfn) if pfn else 0 for pfn in order]
        assert not any(execution.final.get(p.layout.frame(1) + i, 0) for i in range(0, p.layout.frame_bytes, 8))
        assert execution.final[p.layout.descriptor(1) + 32] == 0x5A5A5A5A5A5A5A5A


def test_alone_nothing_waits_for_ever(tmp_path: Path) -> None:
    text = "@protocol\ndef role(mem):\n    mem.read_once(A)\n@protocol\ndef at_rest(mem):\n"
    for body in ("    mem.write_lock(L)\n    mem.read_lock(L)\n",
                 "    while mem.read_once(A) == 0:\n        mem.cpu_relax()\n"):
        found = walk(program(tmp_path, text + body), 1, folder=tmp_path)[1].violation
        assert found is not None
        assert (found.kind, found.thread) == ("deadlock", -1)
