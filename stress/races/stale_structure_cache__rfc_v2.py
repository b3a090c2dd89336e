#!/usr/bin/env python3
"""S4-h: stale-structure-cache:rfc-v2

lost-mapping: a DMA to a mapped page faults or goes elsewhere at scenarios/s4_walker.py:65

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "hardware": 1, "iotlb_ways": 1, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "pin": 0, "policy": 0, "queued": 0, "range_check": 0, "restart": 0, "split": 0, "sync_inside": 0, "trust_level": 1, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "stale-structure-cache",
 "sites": {"100": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:193"], "11": ["dma", "spin_lock", 0, "scenarios/models/walker.py:54"], "116": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:63"], "117": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "12": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:58"], "131": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:28"], "132": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:29"], "17": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:72"], "18": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:76"], "21": ["one_dma_to_new", "smp_load_acquire", 0, "scenarios/s4_walker.py:62"], "22": ["one_dma_to_new", "check", 0, "scenarios/s4_walker.py:65"], "23": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:50"], "24": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:53"], "25": ["alloc_table", "clflush", 0, "scenarios/models/count.py:54"], "27": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:65"], "3": ["map_new", "smp_store_release", 0, "scenarios/s4_walker.py:48"], "30": ["_walk", "read_once", 0, "scenarios/models/walker.py:78"], "35": ["walk", "read_once", 0, "scenarios/models/table.py:46"], "36": ["walk", "read_once", 1, "scenarios/models/table.py:48"], "37": ["walk", "read_once", 2, "scenarios/models/table.py:52"], "43": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:90"], "44": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:92"], "45": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:105"], "47": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:126"], "55": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:59"], "56": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:63"], "57": ["walk_alloc", "read_once", 2, "scenarios/models/table.py:67"], "59": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:78"], "62": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:84"], "64": ["_cached", "read_once", 0, "scenarios/models/walker.py:96"], "66": ["_cached", "read_once", 1, "scenarios/models/walker.py:98"], "7": ["map_pages", "read_lock", 0, "scenarios/models/table.py:100"], "8": ["map_pages", "read_unlock", 0, "scenarios/models/table.py:106"], "88": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "91": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"], "94": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:180"], "95": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:182"], "96": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:185"], "97": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:186"]},
 "threads": 3,
 "variant": "rfc-v2",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a DMA to a mapped page faults or goes elsewhere", "other": "", "site": 22, "thread": 2, "where": "scenarios/s4_walker.py:65"},
 "turns": [
  [0,43], [0,35], [0,36], [0,37], [0,44], [0,17], [0,18], [0,45], [0,45], [0,88], [0,91], [0,47], [0,94], [0,95],
  [0,131], [0,132], [0,96], [0,97], [0,88], [0,91], [0,116], [0,117], [0,100], [1,7], [1,55], [1,56], [1,23], [1,24],
  [1,25], [1,59], [1,62], [1,57], [1,59], [1,62], [1,8], [1,3], [2,21], [2,11], [2,27], [2,64], [2,66], [2,30], [2,12]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
