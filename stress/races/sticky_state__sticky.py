#!/usr/bin/env python3
"""S8-d.sticky: sticky-state:sticky

lost-mapping: the process maps another page than the one it has pinned at scenarios/models/cow.py:210

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
 "params": {"reuse": 3, "unshare": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "sticky-state",
 "sites": {"11": ["write", "spin_unlock", 0, "scenarios/models/cow.py:160"], "12": ["pin", "spin_lock", 0, "scenarios/models/cow.py:191"], "13": ["pin", "read_once", 0, "scenarios/models/cow.py:192"], "18": ["pin", "spin_unlock", 0, "scenarios/models/cow.py:202"], "19": ["check_coherent", "read_once", 0, "scenarios/models/cow.py:209"], "20": ["check_coherent", "check", 0, "scenarios/models/cow.py:210"], "21": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:77"], "32": ["may_reuse", "read_once", 0, "scenarios/models/cow.py:125"], "35": ["replace", "atomic64_or", 0, "scenarios/models/cow.py:137"], "36": ["replace", "xchg", 0, "scenarios/models/cow.py:138"], "37": ["replace", "atomic_dec", 0, "scenarios/models/cow.py:139"], "38": ["replace", "write_once", 0, "scenarios/models/cow.py:141"], "4": ["write", "spin_lock", 0, "scenarios/models/cow.py:147"], "40": ["take_pin", "atomic_add", 0, "scenarios/models/cow.py:184"], "42": ["new_page", "alloc_page", 0, "scenarios/models/cow.py:68"], "43": ["new_page", "write_once", 0, "scenarios/models/cow.py:69"], "44": ["new_page", "atomic_set", 0, "scenarios/models/cow.py:70"], "5": ["write", "read_once", 0, "scenarios/models/cow.py:148"]},
 "threads": 2,
 "variant": "sticky",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "the process maps another page than the one it has pinned", "other": "", "site": 20, "thread": 1, "where": "scenarios/models/cow.py:210"},
 "turns": [
  [1,12], [1,13], [1,40], [1,18], [0,4], [0,5], [0,32], [0,42], [0,43], [0,44], [0,35], [0,36], [0,37], [0,21],
  [0,38], [0,11], [1,19]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
