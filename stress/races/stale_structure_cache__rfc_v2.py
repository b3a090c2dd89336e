#!/usr/bin/env python3
"""S4-h: stale-structure-cache:rfc-v2

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "stale-structure-cache",
 "sites": {"100": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "104": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "105": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "106": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:219"], "107": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "110": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "135": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "14": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "15": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "152": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "153": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "155": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "18": ["one_dma_to_new", "smp_load_acquire", 0, "scenarios/s4_walker.py:61"], "19": ["one_dma_to_new", "check", 0, "scenarios/s4_walker.py:64"], "21": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "22": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "23": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "3": ["map_new", "smp_store_release", 0, "scenarios/s4_walker.py:47"], "30": ["map_range", "read_lock", 0, "scenarios/models/table.py:166"], "31": ["map_range", "read_unlock", 0, "scenarios/models/table.py:174"], "33": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:88"], "36": ["_walk", "read_once", 0, "scenarios/models/walker.py:103"], "41": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "42": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "43": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "50": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "51": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "52": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "54": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "60": ["_cached", "read_once", 0, "scenarios/models/walker.py:122"], "62": ["_cached", "read_once", 1, "scenarios/models/walker.py:124"], "8": ["dma", "spin_lock", 0, "scenarios/models/walker.py:77"], "84": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:95"], "85": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:98"], "86": ["walk_alloc", "read_once", 2, "scenarios/models/table.py:102"], "89": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "9": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:81"], "92": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "97": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"]},
 "threads": 3,
 "variant": "rfc-v2",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a DMA to a mapped page faults or goes elsewhere", "other": "", "site": 19, "thread": 2, "where": "scenarios/s4_walker.py:64"},
 "turns": [
  [0,50], [0,41], [0,42], [0,43], [0,51], [0,14], [0,15], [0,52], [0,52], [0,97], [0,100], [0,54], [0,104], [0,105],
  [0,152], [0,153], [0,106], [0,107], [0,97], [0,100], [0,155], [0,135], [0,110], [1,30], [1,84], [1,85], [1,21],
  [1,22], [1,23], [1,89], [1,92], [1,86], [1,89], [1,92], [1,31], [1,3], [2,18], [2,8], [2,33], [2,60], [2,62],
  [2,36], [2,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
