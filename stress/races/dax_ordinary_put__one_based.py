#!/usr/bin/env python3
"""S7-b: dax-ordinary-put:one-based

use-after-free: atomic_read of page 1 refcount: page 1 was freed by CPU0 unmap at scenarios/s7_dax.py:292 at
scenarios/s7_dax.py:105

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
 "params": {"insert_counts": 1, "no_faults": 1, "ordinary_put": 1, "skips_reserved": 0, "wake_at": 1, "zero_based": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-ordinary-put",
 "sites": {"1": ["unmap_and_touch", "read_once", 0, "scenarios/s7_dax.py:288"], "10": ["fault", "read_once", 0, "scenarios/models/dax.py:124"], "12": ["fault", "spin_unlock", 0, "scenarios/models/dax.py:131"], "13": ["fault", "read_unlock", 0, "scenarios/models/dax.py:133"], "16": ["check_counts", "atomic_read", 0, "scenarios/s7_dax.py:105"], "18": ["zap", "xchg", 0, "scenarios/models/dax.py:139"], "2": ["unmap_and_touch", "atomic_dec_and_test", 0, "scenarios/s7_dax.py:291"], "21": ["insert", "spin_lock", 0, "scenarios/models/dax.py:107"], "22": ["insert", "read_once", 0, "scenarios/models/dax.py:108"], "25": ["insert", "write_once", 0, "scenarios/models/dax.py:113"], "27": ["insert", "spin_unlock", 0, "scenarios/models/dax.py:115"], "3": ["unmap_and_touch", "free_page", 0, "scenarios/s7_dax.py:292"], "8": ["fault", "read_lock", 0, "scenarios/models/dax.py:122"], "9": ["fault", "spin_lock", 0, "scenarios/models/dax.py:123"]},
 "threads": 1,
 "variant": "one-based",
 "violation": {"address": 33140, "kind": "use-after-free", "message": "atomic_read of page 1 refcount: page 1 was freed by CPU0 unmap at scenarios/s7_dax.py:292", "other": "scenarios/s7_dax.py:292", "site": 16, "thread": -1, "where": "scenarios/s7_dax.py:105"},
 "turns": [
  [0,1], [0,18], [0,2], [0,3], [0,8], [0,9], [0,10], [0,21], [0,22], [0,25], [0,27], [0,12], [0,13]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
