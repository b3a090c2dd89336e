#!/usr/bin/env python3
"""S3.mapcount: placement:mapcount+type-walker

check: a page table looks mapped, or typed at scenarios/s3_placement.py:131

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
 "params": {"base": 0, "leaves": 0, "place": 48, "stored": 1, "typed": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "placement",
 "sites": {"29": ["type_walker", "read_page_type", 0, "scenarios/s3_placement.py:127"], "31": ["type_walker", "check", 1, "scenarios/s3_placement.py:131"]},
 "threads": 2,
 "variant": "mapcount+type-walker",
 "violation": {"address": 0, "kind": "check", "message": "a page table looks mapped, or typed", "other": "", "site": 31, "thread": 1, "where": "scenarios/s3_placement.py:131"},
 "turns": [
  [1,29]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
