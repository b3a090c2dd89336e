#!/usr/bin/env python3
"""S5-e: s390-half-reuse:half-at-once

check: a reader sees the entries of the table's next user at scenarios/s5_s390.py:172

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"defer": 1, "pending_mask": 1, "shifted": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "s390-half-reuse",
 "sites": {"0": ["retract_lower", "xchg", 0, "scenarios/s5_s390.py:60"], "1": ["retract_lower", "read_once", 0, "scenarios/s5_s390.py:61"], "11": ["alloc_half", "spin_lock", 0, "scenarios/models/s390.py:140"], "12": ["alloc_half", "spin_unlock", 0, "scenarios/models/s390.py:142"], "2": ["new_table", "write_once", 0, "scenarios/s5_s390.py:87"], "21": ["take_listed", "read_once", 0, "scenarios/models/s390.py:120"], "22": ["take_listed", "atomic_read", 0, "scenarios/models/s390.py:124"], "23": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "25": ["list_add", "read_once", 0, "scenarios/models/s390.py:65"], "26": ["list_add", "write_once", 0, "scenarios/models/s390.py:66"], "27": ["list_add", "write_once", 1, "scenarios/models/s390.py:67"], "28": ["list_add", "write_once", 2, "scenarios/models/s390.py:68"], "29": ["list_add", "write_once", 3, "scenarios/models/s390.py:69"], "3": ["walk", "atomic64_inc", 0, "scenarios/s5_s390.py:169"], "4": ["walk", "smp_load_acquire", 0, "scenarios/s5_s390.py:170"], "42": ["free_half", "spin_lock", 0, "scenarios/models/s390.py:188"], "45": ["free_half", "spin_unlock", 0, "scenarios/models/s390.py:197"], "49": ["list_del", "read_once", 0, "scenarios/models/s390.py:87"], "5": ["walk", "read_once", 0, "scenarios/s5_s390.py:172"], "50": ["list_del", "read_once", 1, "scenarios/models/s390.py:88"], "51": ["list_del", "write_once", 0, "scenarios/models/s390.py:89"], "52": ["list_del", "write_once", 1, "scenarios/models/s390.py:90"], "6": ["walk", "check", 0, "scenarios/s5_s390.py:172"]},
 "threads": 3,
 "variant": "half-at-once",
 "violation": {"address": 0, "kind": "check", "message": "a reader sees the entries of the table\u0027s next user", "other": "", "site": 6, "thread": 2, "where": "scenarios/s5_s390.py:172"},
 "turns": [
  [2,3], [2,4], [0,0], [0,1], [0,42], [0,23], [0,25], [0,26], [0,27], [0,28], [0,29], [0,45], [0,23], [1,11], [1,21],
  [1,22], [1,23], [1,49], [1,50], [1,51], [1,52], [1,12], [1,2], [2,5]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
