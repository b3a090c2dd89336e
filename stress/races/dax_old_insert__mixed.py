#!/usr/bin/env python3
"""S7-e: dax-old-insert:mixed

count-drift: _refcount is not what holds the page at scenarios/s7_dax.py:105

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
 "params": {"insert_counts": 0, "no_faults": 1, "skips_reserved": 0, "wake_at": 1, "zero_based": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-old-insert",
 "sites": {"10": ["fault", "spin_lock", 0, "scenarios/models/dax.py:123"], "11": ["fault", "read_once", 0, "scenarios/models/dax.py:124"], "12": ["fault", "atomic_inc", 0, "scenarios/models/dax.py:127"], "13": ["fault", "spin_unlock", 0, "scenarios/models/dax.py:131"], "14": ["fault", "read_unlock", 0, "scenarios/models/dax.py:133"], "16": ["insert", "spin_lock", 0, "scenarios/models/dax.py:107"], "17": ["insert", "read_once", 0, "scenarios/models/dax.py:108"], "19": ["insert", "atomic_inc", 1, "scenarios/models/dax.py:112"], "20": ["insert", "write_once", 0, "scenarios/models/dax.py:113"], "22": ["insert", "spin_unlock", 0, "scenarios/models/dax.py:115"], "23": ["put", "atomic_dec_return", 0, "scenarios/models/dax.py:80"], "24": ["wake", "write_once", 0, "scenarios/models/dax.py:72"], "8": ["check_counts", "check", 1, "scenarios/s7_dax.py:105"], "9": ["fault", "read_lock", 0, "scenarios/models/dax.py:122"]},
 "threads": 1,
 "variant": "mixed",
 "violation": {"address": 0, "kind": "count-drift", "message": "_refcount is not what holds the page", "other": "", "site": 8, "thread": -1, "where": "scenarios/s7_dax.py:105"},
 "turns": [
  [0,9], [0,10], [0,11], [0,12], [0,16], [0,17], [0,19], [0,20], [0,22], [0,23], [0,24], [0,13], [0,14]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
