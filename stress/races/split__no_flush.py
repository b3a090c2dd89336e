#!/usr/bin/env python3
"""S4-j.no-flush: split:no-flush

stale-translation: a DMA reaches a page after unmap and invalidation at scenarios/s4_split.py:44

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
 "params": {"check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 0, "hardware": 1, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 1, "queued": 0, "range_check": 0, "restart": 0, "resurrection": 1, "split": 4, "sync_inside": 0, "trust_level": 0, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"116": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:81"], "117": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:83"], "119": ["replace_leaf", "cmpxchg", 0, "scenarios/models/split.py:88"], "14": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "15": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "16": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:77"], "18": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:50"], "19": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:53"], "2": ["unmap_and_dma", "check", 0, "scenarios/s4_split.py:44"], "20": ["alloc_table", "clflush", 0, "scenarios/models/count.py:54"], "22": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:65"], "24": ["_iotlb", "read_once", 1, "scenarios/models/walker.py:70"], "40": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "42": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "76": ["invalidate", "spin_lock", 0, "scenarios/models/walker.py:107"], "77": ["invalidate", "read_once", 0, "scenarios/models/walker.py:109"], "79": ["invalidate", "spin_unlock", 0, "scenarios/models/walker.py:116"], "8": ["dma", "spin_lock", 0, "scenarios/models/walker.py:54"], "83": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "86": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "88": ["split", "read_once", 0, "scenarios/models/split.py:55"], "89": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:180"], "9": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:58"]},
 "threads": 2,
 "variant": "no-flush",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a DMA reaches a page after unmap and invalidation", "other": "", "site": 2, "thread": 0, "where": "scenarios/s4_split.py:44"},
 "turns": [
  [0,14], [0,15], [0,40], [0,18], [0,19], [0,20], [0,116], [0,117], [0,119], [0,88], [0,40], [0,83], [0,86], [0,42],
  [0,89], [0,16], [0,76], [0,77], [0,79], [0,8], [0,22], [0,24], [0,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
