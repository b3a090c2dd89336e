#!/usr/bin/env python3
"""S3-b.prev: placement:pt_list.prev+freelist

check: the freelist's prev pointer is overwritten at scenarios/s3_placement.py:98

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"base": 0, "leaves": 1, "place": 16, "stored": 1, "typed": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"10": ["settled", "check", 1, "scenarios/s3_placement.py:98"], "17": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:70"], "18": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:71"], "20": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:73"], "21": ["clear_both", "read_once", 0, "scenarios/s3_placement.py:74"], "23": ["clear_both", "write_once", 0, "scenarios/s3_placement.py:75"], "32": ["late_pin", "atomic_inc", 0, "scenarios/s3_placement.py:137"], "33": ["late_pin", "atomic_dec", 0, "scenarios/s3_placement.py:138"], "42": ["leave", "read_once", 0, "scenarios/s3_placement.py:84"], "43": ["leave", "write_once", 0, "scenarios/s3_placement.py:84"], "44": ["leave", "write_once", 1, "scenarios/s3_placement.py:85"]},
 "threads": 2,
 "variant": "pt_list.prev+freelist",
 "violation": {"address": 0, "kind": "check", "message": "the freelist\u0027s prev pointer is overwritten", "other": "", "site": 10, "thread": -1, "where": "scenarios/s3_placement.py:98"},
 "turns": [
  [0,17], [0,18], [0,20], [0,17], [0,18], [0,20], [0,21], [0,23], [0,42], [0,43], [1,32], [0,44], [1,33]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
