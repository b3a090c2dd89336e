#!/usr/bin/env python3
"""S1-a: transient-get:rfc-v1

missed-free: a table is empty and stays linked at scenarios/models/rest.py:37

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
 "params": {"check_cached": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "later_unmap": 0, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "pin": 0, "policy": 0, "queued": 0, "range_check": 1, "restart": 0, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "transient-get",
 "sites": {"17": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "18": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "19": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "21": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "27": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "28": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "29": ["walk", "read_once", 2, "scenarios/models/table.py:52"], "33": ["check_table", "check", 1, "scenarios/models/rest.py:37"], "4": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "5": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "6": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:77"], "63": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "66": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "72": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "73": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:96"], "78": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:180"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "missed-free", "message": "a table is empty and stays linked", "other": "", "site": 33, "thread": -1, "where": "scenarios/models/rest.py:37"},
 "turns": [
  [1,63], [0,17], [0,27], [0,28], [0,29], [0,18], [0,4], [0,5], [0,19], [0,19], [0,72], [0,73], [0,21], [0,78], [0,6],
  [1,66]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
