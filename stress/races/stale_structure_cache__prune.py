#!/usr/bin/env python3
"""S4-h: stale-structure-cache:prune

lost-mapping: a DMA to a mapped page faults or goes elsewhere at scenarios/s4_walker.py:64

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 32, "flush": 1, "free": 2, "free_at": 0, "grows": 0, "hardware": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "stale-structure-cache",
 "sites": {"128": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "13": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:83"], "14": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:93"], "16": ["one_dma_to_new", "smp_load_acquire", 0, "scenarios/s4_walker.py:61"], "17": ["one_dma_to_new", "check", 0, "scenarios/s4_walker.py:64"], "18": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:50"], "19": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:53"], "20": ["alloc_table", "clflush", 0, "scenarios/models/count.py:54"], "27": ["map_range", "read_lock", 0, "scenarios/models/table.py:166"], "28": ["map_range", "read_unlock", 0, "scenarios/models/table.py:174"], "3": ["map_new", "smp_store_release", 0, "scenarios/s4_walker.py:47"], "30": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:86"], "33": ["_walk", "read_once", 0, "scenarios/models/walker.py:101"], "38": ["walk", "read_once", 0, "scenarios/models/table.py:84"], "39": ["walk", "read_once", 1, "scenarios/models/table.py:88"], "43": ["root_of", "read_once", 2, "scenarios/models/domain.py:43"], "49": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:106"], "50": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:108"], "51": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:120"], "53": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:145"], "54": ["prune", "write_lock", 0, "scenarios/models/unmap.py:251"], "57": ["prune", "write_unlock", 0, "scenarios/models/unmap.py:259"], "58": ["_cached", "read_once", 0, "scenarios/models/walker.py:120"], "60": ["_cached", "read_once", 1, "scenarios/models/walker.py:122"], "63": ["clear_part", "atomic_read", 0, "scenarios/models/unmap.py:192"], "64": ["prune_level", "read_once", 0, "scenarios/models/unmap.py:267"], "65": ["prune_level", "atomic_read", 0, "scenarios/models/unmap.py:272"], "8": ["dma", "spin_lock", 0, "scenarios/models/walker.py:75"], "80": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:98"], "81": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:102"], "84": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:78"], "87": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:84"], "9": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:79"], "92": ["clear_pte", "xchg", 0, "scenarios/models/count.py:93"], "95": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:99"]},
 "threads": 3,
 "variant": "prune",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a DMA to a mapped page faults or goes elsewhere", "other": "", "site": 17, "thread": 2, "where": "scenarios/s4_walker.py:64"},
 "turns": [
  [0,49], [0,43], [0,38], [0,39], [0,50], [0,13], [0,43], [0,51], [0,51], [0,92], [0,95], [0,53], [0,63], [0,14],
  [0,54], [0,43], [0,64], [0,65], [0,92], [0,95], [0,128], [0,57], [1,27], [1,43], [1,80], [1,18], [1,19], [1,20],
  [1,84], [1,87], [1,81], [1,84], [1,87], [1,28], [1,3], [2,16], [2,8], [2,30], [2,58], [2,60], [2,33], [2,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
