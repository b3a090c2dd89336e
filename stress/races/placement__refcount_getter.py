#!/usr/bin/env python3
"""S3.refcount: placement:refcount+getter

missed-free: the table is empty and nobody has noticed at scenarios/s3_placement.py:103

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
 "params": {"base": 1, "leaves": 0, "place": 52, "stored": 1, "typed": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"16": ["settled", "check", 4, "scenarios/s3_placement.py:103"], "17": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:70"], "18": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:71"], "20": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:73"], "49": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "52": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"]},
 "threads": 2,
 "variant": "refcount+getter",
 "violation": {"address": 0, "kind": "missed-free", "message": "the table is empty and nobody has noticed", "other": "", "site": 16, "thread": -1, "where": "scenarios/s3_placement.py:103"},
 "turns": [
  [1,49], [0,17], [0,18], [0,20], [0,17], [0,18], [0,20], [1,52]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
