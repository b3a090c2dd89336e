#!/usr/bin/env python3
"""S2-e: underflow-type:6.9-385

check: a page in use reads as a free buddy page at scenarios/s2_encodings.py:88

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
 "params": {"buddy_mask": 4026531968, "buddy_value": 4026531840, "drops": 1, "offline_mask": 4026532096, "offline_value": 4026531840, "typed_below": 4294967168, "word": 4294966912},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "underflow-type",
 "sites": {"2": ["underflow", "atomic_dec", 0, "scenarios/s2_encodings.py:177"], "5": ["look", "read_page_type", 0, "scenarios/s2_encodings.py:87"], "6": ["look", "check", 0, "scenarios/s2_encodings.py:88"]},
 "threads": 1,
 "variant": "6.9-385",
 "violation": {"address": 0, "kind": "check", "message": "a page in use reads as a free buddy page", "other": "", "site": 6, "thread": 0, "where": "scenarios/s2_encodings.py:88"},
 "turns": [
  [0,2], [0,5]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
