#!/usr/bin/env python3
"""S3-d.type-bits: placement:type-bits+uninitialised

missed-free: the table is empty and nobody has noticed at scenarios/s3_placement.py:103

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
 "params": {"base": 4060086272, "leaves": 0, "place": 48, "stored": 0, "typed": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"16": ["settled", "check", 4, "scenarios/s3_placement.py:103"], "17": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:70"], "18": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:71"], "20": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:73"], "35": ["nobody", "atomic_read", 0, "scenarios/s3_placement.py:159"]},
 "threads": 2,
 "variant": "type-bits+uninitialised",
 "violation": {"address": 0, "kind": "missed-free", "message": "the table is empty and nobody has noticed", "other": "", "site": 16, "thread": -1, "where": "scenarios/s3_placement.py:103"},
 "turns": [
  [0,17], [0,18], [0,20], [0,17], [0,18], [0,20], [1,35]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
