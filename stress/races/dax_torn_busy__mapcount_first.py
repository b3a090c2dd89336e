#!/usr/bin/env python3
"""S7-f: dax-torn-busy:mapcount-first

check: a DMA wrote to a block that belongs to another file at scenarios/s7_dax.py:93

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 3, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"insert_counts": 1, "no_faults": 1, "polls": 0, "recheck": 1, "refs_first": 0, "skips_reserved": 0, "waits_entry": 1, "wake_at": 1, "zero_based": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "dax-torn-busy",
 "sites": {"18": ["break_layout", "read_once", 0, "scenarios/models/dax.py:186"], "19": ["break_layout", "write_lock", 0, "scenarios/models/dax.py:188"], "2": ["not_damaged", "check", 0, "scenarios/s7_dax.py:93"], "21": ["break_layout", "write_once", 0, "scenarios/models/dax.py:196"], "22": ["break_layout", "write_once", 1, "scenarios/models/dax.py:197"], "24": ["break_layout", "write_unlock", 0, "scenarios/models/dax.py:200"], "25": ["zap", "xchg", 0, "scenarios/models/dax.py:139"], "27": ["zap", "atomic_dec", 0, "scenarios/models/dax.py:143"], "28": ["gup", "read_once", 0, "scenarios/models/dax.py:88"], "3": ["dma", "write_once", 0, "scenarios/s7_dax.py:85"], "30": ["gup", "page_ref_add_unless", 0, "scenarios/models/dax.py:92"], "32": ["gup", "read_once", 1, "scenarios/models/dax.py:96"], "37": ["put", "atomic_dec_return", 0, "scenarios/models/dax.py:80"], "45": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "46": ["busy", "spin_lock", 0, "scenarios/models/dax.py:164"], "47": ["busy", "spin_unlock", 0, "scenarios/models/dax.py:167"], "55": ["wake", "write_once", 0, "scenarios/models/dax.py:72"], "56": ["counts_differ", "atomic_read", 0, "scenarios/models/dax.py:154"]},
 "threads": 3,
 "variant": "mapcount-first",
 "violation": {"address": 0, "kind": "check", "message": "a DMA wrote to a block that belongs to another file", "other": "", "site": 2, "thread": -1, "where": "scenarios/s7_dax.py:93"},
 "turns": [
  [2,28], [2,30], [2,32], [1,25], [0,18], [0,19], [0,25], [0,46], [0,45], [1,27], [1,37], [0,56], [0,47], [0,21],
  [0,22], [0,24], [2,3], [2,37], [2,55]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
