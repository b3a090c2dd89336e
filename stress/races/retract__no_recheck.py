#!/usr/bin/env python3
"""S5-h.detached: retract:no-recheck

lost-mapping: an entry was written to a table that nothing leads to at scenarios/s5_s390.py:276

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
 "params": {"revalidates": 0, "waits": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "retract",
 "sites": {"10": ["retract", "write_once", 0, "scenarios/s5_s390.py:262"], "12": ["retract", "spin_unlock", 0, "scenarios/s5_s390.py:264"], "13": ["retract", "read_once", 2, "scenarios/s5_s390.py:267"], "15": ["retract", "atomic_dec_and_test", 0, "scenarios/s5_s390.py:269"], "16": ["retract", "free_page", 0, "scenarios/s5_s390.py:270"], "17": ["map_in_table", "atomic64_inc", 0, "scenarios/s5_s390.py:243"], "18": ["map_in_table", "smp_load_acquire", 0, "scenarios/s5_s390.py:244"], "19": ["map_in_table", "read_once", 0, "scenarios/s5_s390.py:246"], "20": ["map_in_table", "spin_lock", 0, "scenarios/s5_s390.py:247"], "22": ["map_in_table", "write_once", 0, "scenarios/s5_s390.py:249"], "23": ["map_in_table", "write_once", 1, "scenarios/s5_s390.py:250"], "24": ["map_in_table", "spin_unlock", 0, "scenarios/s5_s390.py:251"], "25": ["map_in_table", "atomic64_dec", 0, "scenarios/s5_s390.py:252"], "6": ["entry_kept", "check", 0, "scenarios/s5_s390.py:276"], "7": ["retract", "spin_lock", 0, "scenarios/s5_s390.py:258"], "8": ["retract", "read_once", 0, "scenarios/s5_s390.py:259"], "9": ["retract", "read_once", 1, "scenarios/s5_s390.py:260"]},
 "threads": 2,
 "variant": "no-recheck",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "an entry was written to a table that nothing leads to", "other": "", "site": 6, "thread": -1, "where": "scenarios/s5_s390.py:276"},
 "turns": [
  [1,17], [1,18], [1,19], [0,7], [0,8], [0,9], [0,10], [0,12], [0,13], [1,20], [1,22], [1,23], [1,24], [1,25], [0,13],
  [0,15], [0,16]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
