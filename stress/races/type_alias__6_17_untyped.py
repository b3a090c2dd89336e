#!/usr/bin/env python3
"""S2-b.type: type-alias:6.17-untyped

check: a page table is reported as mapped at scenarios/s2_encodings.py:105

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"buddy_mask": 0, "buddy_value": 1, "count_first": 0, "offline_mask": 0, "offline_value": 1, "table_mask": 0, "table_value": 0, "word": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "type-alias",
 "sites": {"5": ["look_if_mapped", "read_page_type", 0, "scenarios/s2_encodings.py:103"], "7": ["look_if_mapped", "check", 0, "scenarios/s2_encodings.py:105"]},
 "threads": 2,
 "variant": "6.17-untyped",
 "violation": {"address": 0, "kind": "check", "message": "a page table is reported as mapped", "other": "", "site": 7, "thread": 1, "where": "scenarios/s2_encodings.py:105"},
 "turns": [
  [1,5]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
