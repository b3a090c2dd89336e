#!/usr/bin/env python3
"""S6-d: boot-table:uncounted

warning: WARN_ON(pte_fragment_free: BUG_ON(pt_frag_refcount <= 0)) at scenarios/models/fragment.py:154

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
 "params": {"early_init": 0, "frag_counter": 32, "last_free": 0, "typed": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "boot-table",
 "sites": {"13": ["put_fragments", "atomic_read", 0, "scenarios/models/fragment.py:153"], "14": ["put_fragments", "warn_on", 0, "scenarios/models/fragment.py:154"], "9": ["hot_unplug", "read_once", 0, "scenarios/s6_powerpc.py:173"]},
 "threads": 1,
 "variant": "uncounted",
 "violation": {"address": 0, "kind": "warning", "message": "WARN_ON(pte_fragment_free: BUG_ON(pt_frag_refcount <= 0))", "other": "", "site": 14, "thread": 0, "where": "scenarios/models/fragment.py:154"},
 "turns": [
  [0,9], [0,13]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
