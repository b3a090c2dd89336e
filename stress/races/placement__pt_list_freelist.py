#!/usr/bin/env python3
"""S3-b: placement:pt_list+freelist

check: the freelist's next pointer is overwritten at scenarios/s3_placement.py:95

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
 "params": {"leaves": 1, "place": 8, "stored": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"16": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:68"], "17": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:69"], "19": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:71"], "20": ["clear_both", "read_once", 0, "scenarios/s3_placement.py:72"], "22": ["clear_both", "write_once", 0, "scenarios/s3_placement.py:73"], "30": ["late_pin", "atomic_inc", 0, "scenarios/s3_placement.py:131"], "31": ["late_pin", "atomic_dec", 0, "scenarios/s3_placement.py:132"], "40": ["leave", "read_once", 0, "scenarios/s3_placement.py:82"], "41": ["leave", "write_once", 0, "scenarios/s3_placement.py:82"], "42": ["leave", "write_once", 1, "scenarios/s3_placement.py:83"], "7": ["settled", "check", 0, "scenarios/s3_placement.py:95"]},
 "threads": 2,
 "variant": "pt_list+freelist",
 "violation": {"address": 0, "kind": "check", "message": "the freelist\u0027s next pointer is overwritten", "other": "", "site": 7, "thread": -1, "where": "scenarios/s3_placement.py:95"},
 "turns": [
  [0,16], [0,17], [0,19], [0,16], [0,17], [0,19], [0,20], [0,22], [0,40], [1,30], [0,41], [0,42], [1,31]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
