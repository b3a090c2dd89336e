#!/usr/bin/env python3
"""S5-g: s390-defer-both:draft

leak: no half of the page is in use and it was never freed at scenarios/s5_s390.py:100

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
 "params": {"defer": 2, "pending_mask": 1, "shifted": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "s390-defer-both",
 "sites": {"1": ["all_gone", "check", 0, "scenarios/s5_s390.py:100"], "17": ["grace_period", "xchg", 0, "scenarios/models/s390.py:280"], "2": ["retract_lower", "xchg", 0, "scenarios/s5_s390.py:60"], "27": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "3": ["retract_lower", "read_once", 0, "scenarios/s5_s390.py:61"], "34": ["call_rcu", "read_once", 0, "scenarios/models/s390.py:157"], "35": ["call_rcu", "write_once", 0, "scenarios/models/s390.py:158"], "36": ["call_rcu", "write_once", 1, "scenarios/models/s390.py:159"], "37": ["call_rcu", "cmpxchg", 0, "scenarios/models/s390.py:160"], "4": ["retract_upper", "read_once", 0, "scenarios/s5_s390.py:67"], "44": ["defer_draft", "spin_lock", 0, "scenarios/models/s390.py:223"], "45": ["defer_draft", "read_once32", 0, "scenarios/models/s390.py:226"], "46": ["defer_draft", "spin_unlock", 0, "scenarios/models/s390.py:230"]},
 "threads": 3,
 "variant": "draft",
 "violation": {"address": 0, "kind": "leak", "message": "no half of the page is in use and it was never freed", "other": "", "site": 1, "thread": -1, "where": "scenarios/s5_s390.py:100"},
 "turns": [
  [2,17], [0,2], [0,3], [0,44], [0,27], [0,45], [0,46], [0,34], [0,35], [0,36], [0,37], [1,4], [1,44], [1,27], [1,45],
  [1,46]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
