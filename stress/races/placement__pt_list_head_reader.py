#!/usr/bin/env python3
"""S3-a: placement:pt_list+head-reader

check: an order-0 page looks like a tail page at scenarios/s3_placement.py:118

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
 "params": {"leaves": 0, "place": 8, "stored": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"16": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:68"], "17": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:69"], "25": ["head_reader", "read_compound_head", 0, "scenarios/s3_placement.py:118"], "26": ["head_reader", "check", 0, "scenarios/s3_placement.py:118"]},
 "threads": 2,
 "variant": "pt_list+head-reader",
 "violation": {"address": 0, "kind": "check", "message": "an order-0 page looks like a tail page", "other": "", "site": 26, "thread": 1, "where": "scenarios/s3_placement.py:118"},
 "turns": [
  [0,16], [0,17], [1,25]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
