#!/usr/bin/env python3
"""S4-j.plain-store: split:plain-store-leak

leak: a page is in use and no table leads to it at scenarios/models/rest.py:55

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
 "params": {"check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 0, "hardware": 0, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 1, "queued": 0, "range_check": 0, "restart": 0, "resurrection": 0, "split": 3, "sync_inside": 0, "trust_level": 0, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"116": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:81"], "117": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:83"], "118": ["replace_leaf", "write_once", 0, "scenarios/models/split.py:86"], "13": ["check_tables", "check", 0, "scenarios/models/rest.py:55"], "14": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "15": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "16": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:77"], "18": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:50"], "19": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:53"], "20": ["alloc_table", "clflush", 0, "scenarios/models/count.py:54"], "40": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "42": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "83": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "86": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "88": ["split", "read_once", 0, "scenarios/models/split.py:55"], "89": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:180"]},
 "threads": 2,
 "variant": "plain-store-leak",
 "violation": {"address": 0, "kind": "leak", "message": "a page is in use and no table leads to it", "other": "", "site": 13, "thread": -1, "where": "scenarios/models/rest.py:55"},
 "turns": [
  [0,14], [0,15], [0,40], [0,18], [0,19], [0,20], [0,116], [0,117], [1,14], [1,15], [1,40], [1,18], [1,19], [1,20],
  [1,116], [1,117], [1,118], [1,88], [1,40], [1,83], [1,86], [1,42], [1,89], [1,16], [0,118], [0,88], [0,40], [0,83],
  [0,86], [0,42], [0,89], [0,16]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
