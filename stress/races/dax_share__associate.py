#!/usr/bin/env python3
"""S7-h.associate: dax-share:associate

count-drift: two files have the folio and its share count differs at scenarios/s7_dax.py:255

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
 "params": {"joins": 1, "share_atomic": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-share",
 "sites": {"13": ["associate", "read_once", 0, "scenarios/s7_dax.py:249"], "14": ["associate", "write_once", 0, "scenarios/s7_dax.py:249"], "4": ["torn_down", "check", 0, "scenarios/s7_dax.py:255"], "8": ["disassociate", "read_once", 0, "scenarios/s7_dax.py:235"], "9": ["disassociate", "write_once", 0, "scenarios/s7_dax.py:236"]},
 "threads": 2,
 "variant": "associate",
 "violation": {"address": 0, "kind": "count-drift", "message": "two files have the folio and its share count differs", "other": "", "site": 4, "thread": -1, "where": "scenarios/s7_dax.py:255"},
 "turns": [
  [0,8], [1,13], [1,14], [0,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
