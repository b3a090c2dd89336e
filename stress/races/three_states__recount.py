#!/usr/bin/env python3
"""S8-d: three-states:recount

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
 "params": {"recount_locked": 0, "reuse": 3},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "three-states",
 "sites": {"0": ["isolated", "check", 0, "scenarios/models/cow.py:178"], "15": ["fork", "spin_lock", 0, "scenarios/models/cow.py:109"], "16": ["fork", "write_once", 0, "scenarios/models/cow.py:111"], "17": ["fork", "spin_unlock", 0, "scenarios/models/cow.py:113"], "18": ["write", "spin_lock", 0, "scenarios/models/cow.py:147"], "19": ["write", "read_once", 0, "scenarios/models/cow.py:148"], "2": ["recount", "read_once", 0, "scenarios/s8_cow.py:176"], "21": ["write", "write_once", 1, "scenarios/models/cow.py:154"], "22": ["write", "write_once", 2, "scenarios/models/cow.py:155"], "25": ["write", "spin_unlock", 0, "scenarios/models/cow.py:160"], "29": ["share", "read_once", 0, "scenarios/models/cow.py:97"], "3": ["recount", "read_once", 1, "scenarios/s8_cow.py:176"], "30": ["share", "write_once", 0, "scenarios/models/cow.py:98"], "31": ["share", "atomic64_and", 0, "scenarios/models/cow.py:99"], "32": ["share", "atomic_inc", 0, "scenarios/models/cow.py:100"], "33": ["share", "atomic_inc", 1, "scenarios/models/cow.py:101"], "34": ["share", "write_once", 1, "scenarios/models/cow.py:102"], "37": ["may_reuse", "read_once", 0, "scenarios/models/cow.py:125"], "4": ["recount", "write_once", 0, "scenarios/s8_cow.py:177"]},
 "threads": 2,
 "variant": "recount",
 "violation": {"address": 0, "kind": "check", "message": "the child sees what the parent wrote after the fork", "other": "", "site": 0, "thread": -1, "where": "scenarios/models/cow.py:178"},
 "turns": [
  [1,15], [1,16], [1,29], [1,30], [1,31], [1,32], [1,33], [0,2], [0,3], [0,4], [1,34], [1,17], [1,18], [1,19], [1,37],
  [1,21], [1,22], [1,25]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
