#!/usr/bin/env python3
"""S3.refcount: placement:refcount+getter

missed-free: the table is empty and nobody has noticed at scenarios/s3_placement.py:101

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
 "params": {"leaves": 0, "place": 52, "stored": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"15": ["settled", "check", 4, "scenarios/s3_placement.py:101"], "16": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:68"], "17": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:69"], "19": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:71"], "47": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "50": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"]},
 "threads": 2,
 "variant": "refcount+getter",
 "violation": {"address": 0, "kind": "missed-free", "message": "the table is empty and nobody has noticed", "other": "", "site": 15, "thread": -1, "where": "scenarios/s3_placement.py:101"},
 "turns": [
  [1,47], [0,16], [0,17], [0,19], [0,16], [0,17], [0,19], [1,50]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
