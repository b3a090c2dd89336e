#!/usr/bin/env python3
"""S5-f: s390-pending:only-a

check: a half is allocated and pending removal at once at scenarios/models/s390.py:96

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
 "sites": {"1": ["free_lower", "read_once", 0, "scenarios/s5_s390.py:79"], "11": ["free_half", "spin_lock", 0, "scenarios/models/s390.py:177"], "12": ["free_half", "read_once", 0, "scenarios/models/s390.py:180"], "14": ["free_half", "spin_unlock", 0, "scenarios/models/s390.py:186"], "17": ["take_listed", "read_once", 0, "scenarios/models/s390.py:109"], "18": ["take_listed", "atomic_read", 0, "scenarios/models/s390.py:113"], "19": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:95"], "20": ["bits", "check", 0, "scenarios/models/s390.py:96"], "21": ["list_add", "read_once", 0, "scenarios/models/s390.py:65"], "22": ["list_add", "write_once", 0, "scenarios/models/s390.py:66"], "23": ["list_add", "write_once", 1, "scenarios/models/s390.py:67"], "24": ["list_add", "write_once", 2, "scenarios/models/s390.py:68"], "25": ["list_add", "write_once", 3, "scenarios/models/s390.py:69"], "6": ["alloc_half", "spin_lock", 0, "scenarios/models/s390.py:129"]},
 "threads": 2,
 "variant": "only-a",
 "violation": {"address": 0, "kind": "check", "message": "a half is allocated and pending removal at once", "other": "", "site": 20, "thread": 1, "where": "scenarios/models/s390.py:96"},
 "turns": [
  [0,1], [0,11], [0,19], [0,12], [0,21], [0,22], [0,23], [0,24], [0,25], [0,14], [1,6], [1,17], [1,18], [1,19]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
