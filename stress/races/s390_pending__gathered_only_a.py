#!/usr/bin/env python3
"""S5-f.gathered: s390-pending:gathered-only-a

check: a half is allocated and pending removal at once at scenarios/models/s390.py:107

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
 "params": {"defer": 4, "pending_mask": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "s390-pending",
 "sites": {"17": ["gather_half", "spin_lock", 0, "scenarios/models/s390.py:205"], "18": ["gather_half", "spin_unlock", 0, "scenarios/models/s390.py:210"], "21": ["take_listed", "read_once", 0, "scenarios/models/s390.py:120"], "22": ["take_listed", "atomic_read", 0, "scenarios/models/s390.py:124"], "23": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "24": ["bits", "check", 0, "scenarios/models/s390.py:107"], "3": ["free_both_gathered", "read_once", 0, "scenarios/s5_s390.py:196"], "35": ["list_add_tail", "read_once", 0, "scenarios/models/s390.py:76"], "36": ["list_add_tail", "write_once", 0, "scenarios/models/s390.py:77"], "37": ["list_add_tail", "write_once", 1, "scenarios/models/s390.py:78"], "38": ["list_add_tail", "write_once", 2, "scenarios/models/s390.py:79"], "39": ["list_add_tail", "write_once", 3, "scenarios/models/s390.py:80"], "8": ["alloc_half", "spin_lock", 0, "scenarios/models/s390.py:140"]},
 "threads": 2,
 "variant": "gathered-only-a",
 "violation": {"address": 0, "kind": "check", "message": "a half is allocated and pending removal at once", "other": "", "site": 24, "thread": 1, "where": "scenarios/models/s390.py:107"},
 "turns": [
  [0,3], [0,17], [0,23], [0,35], [0,36], [0,37], [0,38], [0,39], [0,18], [1,8], [1,21], [1,22], [1,23]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
