#!/usr/bin/env python3
"""S5-a: s390-defer-listed:naive

wild-access: write_once through a NULL pointer (0x8) at scenarios/models/s390.py:89

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"defer": 0, "pending_mask": 1, "shifted": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "s390-defer-listed",
 "sites": {"16": ["take_listed", "read_once", 0, "scenarios/models/s390.py:120"], "17": ["take_listed", "atomic_read", 0, "scenarios/models/s390.py:124"], "18": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "2": ["retract_lower", "xchg", 0, "scenarios/s5_s390.py:60"], "3": ["retract_lower", "read_once", 0, "scenarios/s5_s390.py:61"], "31": ["call_rcu", "read_once", 0, "scenarios/models/s390.py:157"], "32": ["call_rcu", "write_once", 0, "scenarios/models/s390.py:158"], "33": ["call_rcu", "write_once", 1, "scenarios/models/s390.py:159"], "34": ["call_rcu", "cmpxchg", 0, "scenarios/models/s390.py:160"], "44": ["list_del", "read_once", 0, "scenarios/models/s390.py:87"], "45": ["list_del", "read_once", 1, "scenarios/models/s390.py:88"], "46": ["list_del", "write_once", 0, "scenarios/models/s390.py:89"], "8": ["alloc_half", "spin_lock", 0, "scenarios/models/s390.py:140"]},
 "threads": 2,
 "variant": "naive",
 "violation": {"address": 8, "kind": "wild-access", "message": "write_once through a NULL pointer (0x8)", "other": "", "site": 46, "thread": 1, "where": "scenarios/models/s390.py:89"},
 "turns": [
  [0,2], [0,3], [0,31], [0,32], [0,33], [0,34], [1,8], [1,16], [1,17], [1,18], [1,44], [1,45], [1,46]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
