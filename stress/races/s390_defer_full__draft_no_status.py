#!/usr/bin/env python3
"""S5-d: s390-defer-full:draft-no-status

wild-access: write_once through a NULL pointer (0x8) at scenarios/models/s390.py:89

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"defer": 3, "pending_mask": 1, "shifted": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "s390-defer-full",
 "sites": {"18": ["free_half", "spin_lock", 0, "scenarios/models/s390.py:188"], "2": ["retract_lower", "xchg", 0, "scenarios/s5_s390.py:60"], "3": ["retract_lower", "read_once", 0, "scenarios/s5_s390.py:61"], "32": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "39": ["call_rcu", "read_once", 0, "scenarios/models/s390.py:157"], "40": ["call_rcu", "write_once", 0, "scenarios/models/s390.py:158"], "41": ["call_rcu", "write_once", 1, "scenarios/models/s390.py:159"], "42": ["call_rcu", "cmpxchg", 0, "scenarios/models/s390.py:160"], "45": ["defer_draft", "spin_lock", 0, "scenarios/models/s390.py:223"], "47": ["defer_draft", "spin_unlock", 0, "scenarios/models/s390.py:230"], "48": ["list_del", "read_once", 0, "scenarios/models/s390.py:87"], "49": ["list_del", "read_once", 1, "scenarios/models/s390.py:88"], "5": ["free_upper", "read_once", 0, "scenarios/s5_s390.py:74"], "50": ["list_del", "write_once", 0, "scenarios/models/s390.py:89"]},
 "threads": 3,
 "variant": "draft-no-status",
 "violation": {"address": 8, "kind": "wild-access", "message": "write_once through a NULL pointer (0x8)", "other": "", "site": 50, "thread": 1, "where": "scenarios/models/s390.py:89"},
 "turns": [
  [0,2], [0,3], [0,45], [0,32], [0,47], [0,39], [0,40], [0,41], [0,42], [1,5], [1,18], [1,32], [1,48], [1,49], [1,50]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
