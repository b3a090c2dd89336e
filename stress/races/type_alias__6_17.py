#!/usr/bin/env python3
"""S2-a: type-alias:6.17

check: a page table reads as something else, or as nothing at scenarios/s2_encodings.py:97

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
 "params": {"buddy_mask": 4278190080, "buddy_value": 4026531840, "count_first": 0, "offline_mask": 4278190080, "offline_value": 4043309056, "table_mask": 4278190080, "table_value": 4060086272, "word": 4076863487},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "type-alias",
 "sites": {"15": ["look", "read_page_type", 0, "scenarios/s2_encodings.py:87"], "2": ["count_entry", "atomic_inc", 0, "scenarios/s2_encodings.py:79"], "4": ["look_at_table", "check", 0, "scenarios/s2_encodings.py:97"]},
 "threads": 2,
 "variant": "6.17",
 "violation": {"address": 0, "kind": "check", "message": "a page table reads as something else, or as nothing", "other": "", "site": 4, "thread": 1, "where": "scenarios/s2_encodings.py:97"},
 "turns": [
  [0,2], [1,15]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
