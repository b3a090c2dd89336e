#!/usr/bin/env python3
"""S5-c: s390-defer-both:naive

check: an rcu_head was queued twice: the list of callbacks is a ring at scenarios/models/s390.py:286

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
 "params": {"defer": 0, "pending_mask": 1, "shifted": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "s390-defer-both",
 "sites": {"17": ["grace_period", "xchg", 0, "scenarios/models/s390.py:280"], "2": ["retract_lower", "xchg", 0, "scenarios/s5_s390.py:60"], "21": ["grace_period", "check", 0, "scenarios/models/s390.py:286"], "3": ["retract_lower", "read_once", 0, "scenarios/s5_s390.py:61"], "34": ["call_rcu", "read_once", 0, "scenarios/models/s390.py:157"], "35": ["call_rcu", "write_once", 0, "scenarios/models/s390.py:158"], "36": ["call_rcu", "write_once", 1, "scenarios/models/s390.py:159"], "37": ["call_rcu", "cmpxchg", 0, "scenarios/models/s390.py:160"], "4": ["retract_upper", "read_once", 0, "scenarios/s5_s390.py:67"]},
 "threads": 3,
 "variant": "naive",
 "violation": {"address": 0, "kind": "check", "message": "an rcu_head was queued twice: the list of callbacks is a ring", "other": "", "site": 21, "thread": -1, "where": "scenarios/models/s390.py:286"},
 "turns": [
  [2,17], [0,2], [0,3], [0,34], [0,35], [0,36], [0,37], [1,4], [1,34], [1,35], [1,36], [1,37]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
