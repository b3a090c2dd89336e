#!/usr/bin/env python3
"""S7-g: dax-fault-ref:wait-only

deadlock: CPU0 truncate waits at scenarios/models/dax.py:178 for page 1 refcount = 1, waiting = 1 to change,
which nobody will do at scenarios/models/dax.py:178

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
 "params": {"insert_counts": 1, "no_faults": 0, "polls": 0, "refs_first": 1, "skips_reserved": 0, "waits_entry": 0, "wake_at": 1, "zero_based": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-fault-ref",
 "sites": {"12": ["fault", "spin_lock", 0, "scenarios/models/dax.py:123"], "13": ["fault", "read_once", 0, "scenarios/models/dax.py:124"], "14": ["fault", "atomic_inc", 0, "scenarios/models/dax.py:127"], "15": ["fault", "spin_unlock", 0, "scenarios/models/dax.py:131"], "17": ["zap", "xchg", 0, "scenarios/models/dax.py:139"], "23": ["wait_idle", "xchg", 0, "scenarios/models/dax.py:175"], "24": ["wait_idle", "atomic_read", 0, "scenarios/models/dax.py:176"], "25": ["wait_idle", "read_once", 0, "scenarios/models/dax.py:177"], "26": ["wait_idle", "cpu_relax", 0, "scenarios/models/dax.py:178"], "29": ["insert", "spin_lock", 0, "scenarios/models/dax.py:107"], "30": ["insert", "read_once", 0, "scenarios/models/dax.py:108"], "31": ["insert", "atomic_inc", 0, "scenarios/models/dax.py:111"], "32": ["insert", "atomic_inc", 1, "scenarios/models/dax.py:112"], "33": ["insert", "write_once", 0, "scenarios/models/dax.py:113"], "35": ["insert", "spin_unlock", 0, "scenarios/models/dax.py:115"], "36": ["put", "atomic_dec_return", 0, "scenarios/models/dax.py:80"], "37": ["counts_differ", "atomic_read", 0, "scenarios/models/dax.py:154"], "39": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "4": ["break_layout", "read_once", 0, "scenarios/models/dax.py:186"]},
 "threads": 2,
 "variant": "wait-only",
 "violation": {"address": 0, "kind": "deadlock", "message": "CPU0 truncate waits at scenarios/models/dax.py:178 for page 1 refcount = 1, waiting = 1 to change, which nobody will do", "other": "", "site": 26, "thread": 0, "where": "scenarios/models/dax.py:178"},
 "turns": [
  [0,4], [0,17], [0,37], [1,12], [1,13], [1,14], [1,29], [1,30], [1,31], [1,32], [1,33], [1,35], [1,36], [1,15],
  [0,39], [0,23], [0,24], [0,25]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
