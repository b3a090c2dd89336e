#!/usr/bin/env python3
"""S4-j.whole: split:whole

warning: WARN_ON(clear_pte: the entry was not present) at scenarios/models/count.py:101

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
 "params": {"check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 0, "queued": 0, "range_check": 0, "restart": 0, "resurrection": 1, "split": 0, "sync_inside": 0, "trust_level": 0, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"14": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "15": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "16": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:77"], "40": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "42": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "83": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "86": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "87": ["clear_pte", "warn_on", 1, "scenarios/models/count.py:101"]},
 "threads": 2,
 "variant": "whole",
 "violation": {"address": 0, "kind": "warning", "message": "WARN_ON(clear_pte: the entry was not present)", "other": "", "site": 87, "thread": 0, "where": "scenarios/models/count.py:101"},
 "turns": [
  [0,14], [0,15], [0,40], [1,14], [1,15], [1,40], [1,83], [1,86], [1,42], [1,16], [0,83]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
