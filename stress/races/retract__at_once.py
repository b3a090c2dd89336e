#!/usr/bin/env python3
"""S5-h: retract:at-once

use-after-free: read_once of pt 1[0]: page 1 was freed by CPU0 retract at scenarios/s5_s390.py:270 at
scenarios/s5_s390.py:246

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"revalidates": 1, "waits": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "retract",
 "sites": {"10": ["retract", "write_once", 0, "scenarios/s5_s390.py:262"], "12": ["retract", "spin_unlock", 0, "scenarios/s5_s390.py:264"], "15": ["retract", "atomic_dec_and_test", 0, "scenarios/s5_s390.py:269"], "16": ["retract", "free_page", 0, "scenarios/s5_s390.py:270"], "17": ["map_in_table", "atomic64_inc", 0, "scenarios/s5_s390.py:243"], "18": ["map_in_table", "smp_load_acquire", 0, "scenarios/s5_s390.py:244"], "19": ["map_in_table", "read_once", 0, "scenarios/s5_s390.py:246"], "7": ["retract", "spin_lock", 0, "scenarios/s5_s390.py:258"], "8": ["retract", "read_once", 0, "scenarios/s5_s390.py:259"], "9": ["retract", "read_once", 1, "scenarios/s5_s390.py:260"]},
 "threads": 2,
 "variant": "at-once",
 "violation": {"address": 53920, "kind": "use-after-free", "message": "read_once of pt 1[0]: page 1 was freed by CPU0 retract at scenarios/s5_s390.py:270", "other": "scenarios/s5_s390.py:270", "site": 19, "thread": 1, "where": "scenarios/s5_s390.py:246"},
 "turns": [
  [1,17], [1,18], [0,7], [0,8], [0,9], [0,10], [0,12], [0,15], [0,16], [1,19]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
