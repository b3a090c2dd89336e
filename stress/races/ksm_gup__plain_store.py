#!/usr/bin/env python3
"""S8-h: ksm-gup:plain-store

check: a page is pinned and no longer its owner's alone: the next write copies it at
scenarios/s8_barrier.py:147

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 2, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "tso",
 "params": {"after_pin": 0, "clear": 0, "merges": 1, "threads": 2},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "ksm-gup",
 "sites": {"17": ["take_away", "spin_lock", 0, "scenarios/s8_barrier.py:82"], "18": ["take_away", "read_once", 0, "scenarios/s8_barrier.py:83"], "19": ["take_away", "atomic_read", 0, "scenarios/s8_barrier.py:87"], "21": ["take_away", "write_once", 0, "scenarios/s8_barrier.py:91"], "22": ["take_away", "write_once", 1, "scenarios/s8_barrier.py:93"], "25": ["take_away", "spin_unlock", 0, "scenarios/s8_barrier.py:97"], "26": ["pin", "read_once", 0, "scenarios/s8_barrier.py:111"], "27": ["pin", "page_ref_add_unless", 0, "scenarios/s8_barrier.py:113"], "29": ["pin", "read_once", 1, "scenarios/s8_barrier.py:116"], "30": ["pin", "write_once", 0, "scenarios/s8_barrier.py:117"], "33": ["exclusive", "read_once", 0, "scenarios/models/cow.py:61"], "39": ["clear_entry", "write_once", 0, "scenarios/s8_barrier.py:74"], "5": ["not_both", "check", 0, "scenarios/s8_barrier.py:147"]},
 "threads": 2,
 "variant": "plain-store",
 "violation": {"address": 0, "kind": "check", "message": "a page is pinned and no longer its owner\u0027s alone: the next write copies it", "other": "", "site": 5, "thread": -1, "where": "scenarios/s8_barrier.py:147"},
 "turns": [
  [0,17], [0,18], [0,33], [0,39], [0,19], [0,21], [0,22], [0,25], [1,26], [1,27], [1,29], [0,39,"flush",0],
  [0,21,"flush",0], [0,22,"flush",0], [0,25,"flush",0], [1,30], [1,30,"flush",0]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
