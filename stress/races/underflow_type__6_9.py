#!/usr/bin/env python3
"""S2-e: underflow-type:6.9

check: a page table in use reads as a free buddy page at scenarios/s2_types.py:72

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
 "params": {"buddy": 128, "by_value": 0, "drops": 129, "offline": 256, "type_base": 4026531840},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "underflow-type",
 "sites": {"2": ["underflow", "atomic_dec", 0, "scenarios/s2_types.py:189"], "4": ["look", "read_page_type", 0, "scenarios/s2_types.py:71"], "5": ["look", "check", 0, "scenarios/s2_types.py:72"]},
 "threads": 1,
 "variant": "6.9",
 "violation": {"address": 0, "kind": "check", "message": "a page table in use reads as a free buddy page", "other": "", "site": 5, "thread": 0, "where": "scenarios/s2_types.py:72"},
 "turns": [
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2], [0,2],
  [0,2], [0,4]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
