#!/usr/bin/env python3
"""S3-e.live-member: two-roles:same-frame

union-confusion: set_member pt_mm of page 1: its live member is pt_frag_refcount, set at
scenarios/s3_placement.py:229 at scenarios/s3_placement.py:243

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
 "params": {"same_frame": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "two-roles",
 "sites": {"10": ["use_as_root", "set_member", 0, "scenarios/s3_placement.py:243"], "2": ["count_as_fragment", "set_member", 0, "scenarios/s3_placement.py:229"]},
 "threads": 2,
 "variant": "same-frame",
 "violation": {"address": 53344, "kind": "union-confusion", "message": "set_member pt_mm of page 1: its live member is pt_frag_refcount, set at scenarios/s3_placement.py:229", "other": "scenarios/s3_placement.py:229", "site": 10, "thread": 1, "where": "scenarios/s3_placement.py:243"},
 "turns": [
  [0,2], [1,10]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
