#!/usr/bin/env python3
"""S3-c.next: placement:pt_list+rcu-head

check: the next pointer of a queued rcu_head is overwritten at scenarios/s3_placement.py:98

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
 "params": {"leaves": 2, "place": 8, "stored": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"11": ["settled", "check", 2, "scenarios/s3_placement.py:98"], "16": ["clear_both", "xchg", 0, "scenarios/s3_placement.py:68"], "17": ["clear_both", "atomic_dec", 0, "scenarios/s3_placement.py:69"], "19": ["clear_both", "atomic_read", 0, "scenarios/s3_placement.py:71"], "20": ["clear_both", "read_once", 0, "scenarios/s3_placement.py:72"], "22": ["clear_both", "write_once", 0, "scenarios/s3_placement.py:73"], "30": ["late_pin", "atomic_inc", 0, "scenarios/s3_placement.py:131"], "31": ["late_pin", "atomic_dec", 0, "scenarios/s3_placement.py:132"], "43": ["leave", "write_once", 2, "scenarios/s3_placement.py:85"], "44": ["leave", "write_once", 3, "scenarios/s3_placement.py:86"]},
 "threads": 2,
 "variant": "pt_list+rcu-head",
 "violation": {"address": 0, "kind": "check", "message": "the next pointer of a queued rcu_head is overwritten", "other": "", "site": 11, "thread": -1, "where": "scenarios/s3_placement.py:98"},
 "turns": [
  [0,16], [0,17], [0,19], [0,16], [0,17], [0,19], [0,20], [0,22], [1,30], [0,43], [0,44], [1,31]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
