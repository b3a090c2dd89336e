#!/usr/bin/env python3
"""S4-h: stale-structure-cache:rfc-v1

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "stale-structure-cache",
 "sites": {"100": ["set_pte", "atomic_inc_return", 0, "scenarios/models/count.py:86"], "107": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "108": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "114": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "115": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "117": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "120": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "13": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "144": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "16": ["one_dma_to_new", "smp_load_acquire", 0, "scenarios/s4_walker.py:61"], "162": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "163": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "17": ["one_dma_to_new", "check", 0, "scenarios/s4_walker.py:64"], "19": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "21": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "3": ["map_new", "smp_store_release", 0, "scenarios/s4_walker.py:47"], "35": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "36": ["map_range", "read_unlock", 0, "scenarios/models/table.py:181"], "38": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:89"], "41": ["_walk", "read_once", 0, "scenarios/models/walker.py:104"], "46": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "47": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "49": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "55": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "56": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "57": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "59": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "64": ["_cached", "read_once", 0, "scenarios/models/walker.py:134"], "66": ["_cached", "read_once", 1, "scenarios/models/walker.py:136"], "8": ["dma", "spin_lock", 0, "scenarios/models/walker.py:78"], "9": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:82"], "95": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:101"], "96": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:105"], "99": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"]},
 "threads": 3,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a DMA to a mapped page faults or goes elsewhere", "other": "", "site": 17, "thread": 2, "where": "scenarios/s4_walker.py:64"},
 "turns": [
  [0,55], [0,49], [0,46], [0,47], [0,56], [0,13], [0,49], [0,57], [0,57], [0,107], [0,108], [0,59], [0,114], [0,115],
  [0,162], [0,163], [0,117], [0,107], [0,108], [0,144], [0,120], [1,35], [1,49], [1,95], [1,19], [1,21], [1,99],
  [1,100], [1,96], [1,99], [1,100], [1,36], [1,3], [2,16], [2,8], [2,38], [2,64], [2,66], [2,41], [2,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
