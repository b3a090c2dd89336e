#!/usr/bin/env python3
"""S3-a: placement:pt_list+head-reader

check: an order-0 page looks like a tail page at scenarios/s3_placement.py:120

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
 "params": {"base": 0, "leaves": 0, "place": 8, "stored": 1, "typed": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"17": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:70"], "18": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:71"], "26": ["head_reader", "read_compound_head", 0, "scenarios/s3_placement.py:120"], "27": ["head_reader", "check", 0, "scenarios/s3_placement.py:120"]},
 "threads": 2,
 "variant": "pt_list+head-reader",
 "violation": {"address": 0, "kind": "check", "message": "an order-0 page looks like a tail page", "other": "", "site": 27, "thread": 1, "where": "scenarios/s3_placement.py:120"},
 "turns": [
  [0,17], [0,18], [1,26]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
