#!/usr/bin/env python3
"""S5-f: s390-pending:only-a

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
 "sites": {"1": ["free_lower", "read_once", 0, "scenarios/s5_s390.py:81"], "13": ["free_half", "spin_lock", 0, "scenarios/models/s390.py:188"], "14": ["free_half", "read_once", 0, "scenarios/models/s390.py:191"], "16": ["free_half", "spin_unlock", 0, "scenarios/models/s390.py:197"], "21": ["take_listed", "read_once", 0, "scenarios/models/s390.py:120"], "22": ["take_listed", "atomic_read", 0, "scenarios/models/s390.py:124"], "23": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "24": ["bits", "check", 0, "scenarios/models/s390.py:107"], "25": ["list_add", "read_once", 0, "scenarios/models/s390.py:65"], "26": ["list_add", "write_once", 0, "scenarios/models/s390.py:66"], "27": ["list_add", "write_once", 1, "scenarios/models/s390.py:67"], "28": ["list_add", "write_once", 2, "scenarios/models/s390.py:68"], "29": ["list_add", "write_once", 3, "scenarios/models/s390.py:69"], "8": ["alloc_half", "spin_lock", 0, "scenarios/models/s390.py:140"]},
 "threads": 2,
 "variant": "only-a",
 "violation": {"address": 0, "kind": "check", "message": "a half is allocated and pending removal at once", "other": "", "site": 24, "thread": 1, "where": "scenarios/models/s390.py:107"},
 "turns": [
  [0,1], [0,13], [0,23], [0,14], [0,25], [0,26], [0,27], [0,28], [0,29], [0,16], [1,8], [1,21], [1,22], [1,23]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
