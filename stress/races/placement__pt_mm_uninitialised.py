#!/usr/bin/env python3
"""S3-d: placement:pt_mm+uninitialised

missed-free: the table is empty and nobody has noticed at scenarios/s3_placement.py:101

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
 "params": {"leaves": 0, "place": 32, "stored": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"15": ["settled", "check", 4, "scenarios/s3_placement.py:101"], "16": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:68"], "17": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:69"], "19": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:71"], "33": ["nobody", "atomic_read", 0, "scenarios/s3_placement.py:153"]},
 "threads": 2,
 "variant": "pt_mm+uninitialised",
 "violation": {"address": 0, "kind": "missed-free", "message": "the table is empty and nobody has noticed", "other": "", "site": 15, "thread": -1, "where": "scenarios/s3_placement.py:101"},
 "turns": [
  [0,16], [0,17], [0,19], [0,16], [0,17], [0,19], [1,33]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
