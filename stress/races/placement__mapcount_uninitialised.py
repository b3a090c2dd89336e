#!/usr/bin/env python3
"""S3-d.mapcount: placement:mapcount+uninitialised

lost-mapping: a table with an entry counts as empty at scenarios/s3_placement.py:74

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
 "params": {"base": 0, "leaves": 0, "place": 48, "stored": 0, "typed": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"17": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:70"], "18": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:71"], "20": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:73"], "21": ["clear_both", "read_once", 0, "scenarios/s3_placement.py:74"], "22": ["clear_both", "check", 0, "scenarios/s3_placement.py:74"]},
 "threads": 2,
 "variant": "mapcount+uninitialised",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a table with an entry counts as empty", "other": "", "site": 22, "thread": 0, "where": "scenarios/s3_placement.py:74"},
 "turns": [
  [0,17], [0,18], [0,20], [0,21]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
