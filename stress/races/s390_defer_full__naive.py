#!/usr/bin/env python3
"""S5-b: s390-defer-full:naive

check: the function of an rcu_head is none: somebody wrote over it at scenarios/models/s390.py:267

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
 "scenario": "s390-defer-full",
 "sites": {"18": ["free_half", "spin_lock", 0, "scenarios/models/s390.py:188"], "2": ["retract_lower", "xchg", 0, "scenarios/s5_s390.py:60"], "21": ["free_half", "spin_unlock", 0, "scenarios/models/s390.py:197"], "22": ["grace_period", "xchg", 0, "scenarios/models/s390.py:280"], "3": ["retract_lower", "read_once", 0, "scenarios/s5_s390.py:61"], "32": ["bits", "atomic_xor_return", 0, "scenarios/models/s390.py:106"], "34": ["list_add", "read_once", 0, "scenarios/models/s390.py:65"], "35": ["list_add", "write_once", 0, "scenarios/models/s390.py:66"], "36": ["list_add", "write_once", 1, "scenarios/models/s390.py:67"], "37": ["list_add", "write_once", 2, "scenarios/models/s390.py:68"], "38": ["list_add", "write_once", 3, "scenarios/models/s390.py:69"], "39": ["call_rcu", "read_once", 0, "scenarios/models/s390.py:157"], "40": ["call_rcu", "write_once", 0, "scenarios/models/s390.py:158"], "41": ["call_rcu", "write_once", 1, "scenarios/models/s390.py:159"], "42": ["call_rcu", "cmpxchg", 0, "scenarios/models/s390.py:160"], "5": ["free_upper", "read_once", 0, "scenarios/s5_s390.py:74"], "53": ["run_callback", "check", 0, "scenarios/models/s390.py:267"]},
 "threads": 3,
 "variant": "naive",
 "violation": {"address": 0, "kind": "check", "message": "the function of an rcu_head is none: somebody wrote over it", "other": "", "site": 53, "thread": -1, "where": "scenarios/models/s390.py:267"},
 "turns": [
  [2,22], [0,2], [0,3], [0,39], [0,40], [0,41], [0,42], [1,5], [1,18], [1,32], [1,34], [1,35], [1,36], [1,37], [1,38],
  [1,21], [1,32]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
