#!/usr/bin/env python3
"""S7-a: dax-wake:wake-at-zero

deadlock: CPU0 truncate waits at scenarios/models/dax.py:178 for waiting = 1 to change, which nobody will do
at scenarios/models/dax.py:178

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
 "params": {"insert_counts": 1, "no_faults": 1, "polls": 0, "recheck": 1, "refs_first": 1, "skips_reserved": 0, "waits_entry": 1, "wake_at": 0, "zero_based": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-wake",
 "sites": {"18": ["break_layout", "read_once", 0, "scenarios/models/dax.py:186"], "19": ["break_layout", "write_lock", 0, "scenarios/models/dax.py:188"], "25": ["gup", "read_once", 0, "scenarios/models/dax.py:88"], "27": ["gup", "page_ref_add_unless", 0, "scenarios/models/dax.py:92"], "29": ["gup", "read_once", 1, "scenarios/models/dax.py:96"], "34": ["put", "atomic_dec_return", 0, "scenarios/models/dax.py:80"], "43": ["zap", "xchg", 0, "scenarios/models/dax.py:139"], "46": ["busy", "spin_lock", 0, "scenarios/models/dax.py:164"], "47": ["busy", "spin_unlock", 0, "scenarios/models/dax.py:167"], "49": ["wait_idle", "xchg", 0, "scenarios/models/dax.py:175"], "50": ["wait_idle", "atomic_read", 0, "scenarios/models/dax.py:176"], "51": ["wait_idle", "read_once", 0, "scenarios/models/dax.py:177"], "52": ["wait_idle", "cpu_relax", 0, "scenarios/models/dax.py:178"], "56": ["counts_differ", "atomic_read", 0, "scenarios/models/dax.py:154"]},
 "threads": 2,
 "variant": "wake-at-zero",
 "violation": {"address": 0, "kind": "deadlock", "message": "CPU0 truncate waits at scenarios/models/dax.py:178 for waiting = 1 to change, which nobody will do", "other": "", "site": 52, "thread": 0, "where": "scenarios/models/dax.py:178"},
 "turns": [
  [1,25], [1,27], [0,18], [0,19], [0,43], [0,46], [0,56], [0,47], [0,49], [0,50], [0,51], [1,29], [1,34], [0,51]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
