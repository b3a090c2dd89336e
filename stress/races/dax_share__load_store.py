#!/usr/bin/env python3
"""S7-h: dax-share:load-store

leak: no file has the folio any more and it was never torn down at scenarios/s7_dax.py:257

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
 "params": {"joins": 0, "share_atomic": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-share",
 "sites": {"6": ["torn_down", "check", 1, "scenarios/s7_dax.py:257"], "8": ["disassociate", "read_once", 0, "scenarios/s7_dax.py:235"], "9": ["disassociate", "write_once", 0, "scenarios/s7_dax.py:236"]},
 "threads": 2,
 "variant": "load-store",
 "violation": {"address": 0, "kind": "leak", "message": "no file has the folio any more and it was never torn down", "other": "", "site": 6, "thread": -1, "where": "scenarios/s7_dax.py:257"},
 "turns": [
  [0,8], [1,8], [1,9], [0,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
