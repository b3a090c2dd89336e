#!/usr/bin/env python3
"""S2-a: type-alias:6.9

check: a page in use reads as a free buddy page at scenarios/s2_encodings.py:88

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
 "params": {"buddy_mask": 4026531968, "buddy_value": 4026531840, "count_first": 0, "offline_mask": 4026532096, "offline_value": 4026531840, "table_mask": 4026535808, "table_value": 4026535296, "word": 4294966783},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "type-alias",
 "sites": {"15": ["look", "read_page_type", 0, "scenarios/s2_encodings.py:87"], "16": ["look", "check", 0, "scenarios/s2_encodings.py:88"], "2": ["count_entry", "atomic_inc", 0, "scenarios/s2_encodings.py:79"]},
 "threads": 2,
 "variant": "6.9",
 "violation": {"address": 0, "kind": "check", "message": "a page in use reads as a free buddy page", "other": "", "site": 16, "thread": 1, "where": "scenarios/s2_encodings.py:88"},
 "turns": [
  [0,2], [1,15]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
