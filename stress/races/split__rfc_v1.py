#!/usr/bin/env python3
"""S4-j.descend: split:rfc-v1

wild-access: read_once at 0x80000d808, which is in no object at scenarios/models/unmap.py:105

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"check_cached": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "pin": 0, "policy": 0, "queued": 0, "range_check": 1, "restart": 0, "resurrection": 1, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"14": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "15": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "30": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "31": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "38": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "39": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "40": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 34359793672, "kind": "wild-access", "message": "read_once at 0x80000d808, which is in no object", "other": "", "site": 40, "thread": 1, "where": "scenarios/models/unmap.py:105"},
 "turns": [
  [1,38], [1,30], [1,31], [1,39], [1,14], [1,15], [1,40], [1,40]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
