#!/usr/bin/env python3
"""S4-j.descend: descend-into-leaf:rfc-v2

wild-access: read_once at 0x80000d600, which is in no object at scenarios/models/unmap.py:105

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 0, "queued": 0, "range_check": 0, "restart": 0, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "descend-into-leaf",
 "sites": {"19": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "20": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "21": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "29": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "3": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "30": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "4": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "51": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:59"], "55": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:78"], "58": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:84"], "7": ["map_pages", "read_lock", 0, "scenarios/models/table.py:100"], "8": ["map_pages", "read_unlock", 0, "scenarios/models/table.py:106"]},
 "threads": 2,
 "variant": "rfc-v2",
 "violation": {"address": 34359793152, "kind": "wild-access", "message": "read_once at 0x80000d600, which is in no object", "other": "", "site": 21, "thread": 0, "where": "scenarios/models/unmap.py:105"},
 "turns": [
  [0,19], [0,29], [0,30], [0,20], [0,3], [0,4], [1,7], [1,29], [1,30], [1,51], [1,55], [1,58], [1,8], [0,21], [0,21]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
