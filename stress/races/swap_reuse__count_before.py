#!/usr/bin/env python3
"""S8-i: swap-reuse:count-before

check: the child sees what the parent wrote after the fork at scenarios/models/cow.py:178

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"reuse": 1, "swap_locked": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "swap-reuse",
 "sites": {"10": ["write_swapped", "write_once", 0, "scenarios/s8_rmap.py:91"], "11": ["write_swapped", "spin_unlock", 1, "scenarios/s8_rmap.py:92"], "12": ["swap_in", "read_once", 0, "scenarios/s8_rmap.py:54"], "13": ["swap_in", "page_ref_add_unless", 0, "scenarios/s8_rmap.py:56"], "16": ["swap_in", "atomic_inc", 0, "scenarios/s8_rmap.py:60"], "17": ["swap_in", "write_once", 0, "scenarios/s8_rmap.py:61"], "29": ["free_slot", "xchg", 0, "scenarios/s8_rmap.py:73"], "3": ["isolated", "check", 0, "scenarios/models/cow.py:178"], "30": ["write", "spin_lock", 0, "scenarios/models/cow.py:147"], "31": ["write", "read_once", 0, "scenarios/models/cow.py:148"], "32": ["write", "write_once", 0, "scenarios/models/cow.py:152"], "37": ["write", "spin_unlock", 0, "scenarios/models/cow.py:160"], "38": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:77"], "4": ["write_swapped", "read_once", 0, "scenarios/s8_rmap.py:80"], "7": ["write_swapped", "atomic_read", 0, "scenarios/s8_rmap.py:87"], "8": ["write_swapped", "read_once", 1, "scenarios/s8_rmap.py:87"], "9": ["write_swapped", "spin_lock", 1, "scenarios/s8_rmap.py:89"]},
 "threads": 2,
 "variant": "count-before",
 "violation": {"address": 0, "kind": "check", "message": "the child sees what the parent wrote after the fork", "other": "", "site": 3, "thread": -1, "where": "scenarios/models/cow.py:178"},
 "turns": [
  [0,4], [0,7], [0,8], [1,12], [1,13], [1,16], [1,17], [0,29], [0,38], [0,9], [0,10], [0,11], [0,30], [0,31], [0,32],
  [0,37]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
