#!/usr/bin/env python3
"""S2-a.reverse: type-alias:count-first

warning: WARN_ON(__SetPageTable: the page has a type or a count) at scenarios/s2_encodings.py:114

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"buddy_mask": 0, "buddy_value": 1, "count_first": 1, "offline_mask": 0, "offline_value": 1, "table_mask": 0, "table_value": 0, "word": 4294966783},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "type-alias",
 "sites": {"10": ["construct", "atomic_read", 0, "scenarios/s2_encodings.py:114"], "11": ["construct", "warn_on", 0, "scenarios/s2_encodings.py:114"], "8": ["construct", "alloc_page", 0, "scenarios/s2_encodings.py:111"], "9": ["construct", "atomic_set", 0, "scenarios/s2_encodings.py:113"]},
 "threads": 1,
 "variant": "count-first",
 "violation": {"address": 0, "kind": "warning", "message": "WARN_ON(__SetPageTable: the page has a type or a count)", "other": "", "site": 11, "thread": 0, "where": "scenarios/s2_encodings.py:114"},
 "turns": [
  [0,8], [0,9], [0,10]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
