#!/usr/bin/env python3
"""S2-c.type: free-typed:6.9-count

bad-page: free_page of page 1: its _mapcount or page_type is 0x1, not 0xffffffff at
scenarios/s2_encodings.py:221

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"free_clears_type": 0, "typed_below": 4294967168, "word": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "free-typed",
 "sites": {"2": ["free_table", "page_ref_sub_and_test", 0, "scenarios/s2_encodings.py:216"], "3": ["free_table", "read_page_type", 0, "scenarios/s2_encodings.py:217"], "6": ["free_table", "free_page", 0, "scenarios/s2_encodings.py:221"]},
 "threads": 1,
 "variant": "6.9-count",
 "violation": {"address": 33056, "kind": "bad-page", "message": "free_page of page 1: its _mapcount or page_type is 0x1, not 0xffffffff", "other": "", "site": 6, "thread": 0, "where": "scenarios/s2_encodings.py:221"},
 "turns": [
  [0,2], [0,3], [0,6]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
