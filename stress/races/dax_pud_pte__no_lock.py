#!/usr/bin/env python3
"""S7-i: dax-pud-pte:no-lock

count-drift: a subpage's mapcount without a table at scenarios/s7_dax.py:376

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"locked": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-pud-pte",
 "sites": {"12": ["fault_pte", "read_once", 0, "scenarios/s7_dax.py:362"], "13": ["fault_pte", "write_once", 0, "scenarios/s7_dax.py:363"], "14": ["fault_pte", "atomic64_inc", 0, "scenarios/s7_dax.py:364"], "15": ["fault_pte", "write_once", 1, "scenarios/s7_dax.py:365"], "4": ["one_kind", "check", 1, "scenarios/s7_dax.py:376"], "6": ["fault_pud", "read_once", 0, "scenarios/s7_dax.py:349"], "7": ["fault_pud", "atomic64_inc", 0, "scenarios/s7_dax.py:350"], "8": ["fault_pud", "write_once", 0, "scenarios/s7_dax.py:351"]},
 "threads": 2,
 "variant": "no-lock",
 "violation": {"address": 0, "kind": "count-drift", "message": "a subpage\u0027s mapcount without a table", "other": "", "site": 4, "thread": -1, "where": "scenarios/s7_dax.py:376"},
 "turns": [
  [0,6], [0,7], [1,12], [1,13], [1,14], [1,15], [0,8]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
