#!/usr/bin/env python3
"""S1-c: false-warn:rfc-v1

warning: WARN_ON(clear_pte: the table's count is out of range) at scenarios/models/count.py:97

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
 "params": {"check_cached": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 1, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "pin": 0, "policy": 0, "queued": 0, "range_check": 1, "restart": 0, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "false-warn",
 "sites": {"17": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "18": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "19": ["walk", "read_once", 2, "scenarios/models/table.py:52"], "25": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "26": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "27": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "63": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "7": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "72": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "73": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:96"], "74": ["clear_pte", "warn_on", 0, "scenarios/models/count.py:97"], "8": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "warning", "message": "WARN_ON(clear_pte: the table\u0027s count is out of range)", "other": "", "site": 74, "thread": 0, "where": "scenarios/models/count.py:97"},
 "turns": [
  [1,63], [0,25], [0,17], [0,18], [0,19], [0,26], [0,7], [0,8], [0,27], [0,27], [0,72], [0,73]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
