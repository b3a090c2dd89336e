#!/usr/bin/env python3
"""S7-c: dax-refault:zero-based-no-lock

check: a DMA wrote to a block that belongs to another file at scenarios/s7_dax.py:93

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"insert_counts": 1, "no_faults": 0, "polls": 1, "recheck": 1, "refs_first": 1, "skips_reserved": 0, "waits_entry": 0, "wake_at": 1, "zero_based": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-refault",
 "sites": {"10": ["fault", "read_once", 0, "scenarios/models/dax.py:124"], "11": ["fault", "atomic_inc", 0, "scenarios/models/dax.py:127"], "12": ["fault", "spin_unlock", 0, "scenarios/models/dax.py:131"], "18": ["break_layout", "read_once", 0, "scenarios/models/dax.py:186"], "2": ["not_damaged", "check", 0, "scenarios/s7_dax.py:93"], "21": ["break_layout", "write_once", 0, "scenarios/models/dax.py:196"], "22": ["break_layout", "write_once", 1, "scenarios/models/dax.py:197"], "25": ["gup", "read_once", 0, "scenarios/models/dax.py:88"], "27": ["gup", "page_ref_add_unless", 0, "scenarios/models/dax.py:92"], "29": ["gup", "read_once", 1, "scenarios/models/dax.py:96"], "3": ["dma", "write_once", 0, "scenarios/s7_dax.py:85"], "34": ["put", "atomic_dec_return", 0, "scenarios/models/dax.py:80"], "35": ["insert", "spin_lock", 0, "scenarios/models/dax.py:107"], "36": ["insert", "read_once", 0, "scenarios/models/dax.py:108"], "37": ["insert", "atomic_inc", 0, "scenarios/models/dax.py:111"], "38": ["insert", "atomic_inc", 1, "scenarios/models/dax.py:112"], "39": ["insert", "write_once", 0, "scenarios/models/dax.py:113"], "41": ["insert", "spin_unlock", 0, "scenarios/models/dax.py:115"], "42": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "43": ["zap", "xchg", 0, "scenarios/models/dax.py:139"], "45": ["zap", "atomic_dec", 0, "scenarios/models/dax.py:143"], "56": ["counts_differ", "atomic_read", 0, "scenarios/models/dax.py:154"], "9": ["fault", "spin_lock", 0, "scenarios/models/dax.py:123"]},
 "threads": 3,
 "variant": "zero-based-no-lock",
 "violation": {"address": 0, "kind": "check", "message": "a DMA wrote to a block that belongs to another file", "other": "", "site": 2, "thread": -1, "where": "scenarios/s7_dax.py:93"},
 "turns": [
  [0,18], [0,43], [0,45], [1,9], [1,10], [1,11], [1,35], [1,36], [1,37], [1,38], [1,39], [1,41], [1,34], [1,12],
  [0,34], [0,56], [0,42], [0,21], [0,22], [2,25], [2,27], [2,29], [2,3], [2,34]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
