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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "stale-structure-cache",
 "sites": {"100": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:214"], "101": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:217"], "102": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:218"], "105": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:225"], "129": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "13": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:83"], "146": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "147": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "149": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "16": ["one_dma_to_new", "smp_load_acquire", 0, "scenarios/s4_walker.py:61"], "17": ["one_dma_to_new", "check", 0, "scenarios/s4_walker.py:64"], "19": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "20": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "21": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "28": ["map_range", "read_lock", 0, "scenarios/models/table.py:166"], "29": ["map_range", "read_unlock", 0, "scenarios/models/table.py:174"], "3": ["map_new", "smp_store_release", 0, "scenarios/s4_walker.py:47"], "31": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:88"], "34": ["_walk", "read_once", 0, "scenarios/models/walker.py:103"], "39": ["walk", "read_once", 0, "scenarios/models/table.py:84"], "40": ["walk", "read_once", 1, "scenarios/models/table.py:88"], "44": ["root_of", "read_once", 2, "scenarios/models/domain.py:43"], "50": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:106"], "51": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:108"], "52": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:120"], "54": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:145"], "59": ["_cached", "read_once", 0, "scenarios/models/walker.py:122"], "61": ["_cached", "read_once", 1, "scenarios/models/walker.py:124"], "8": ["dma", "spin_lock", 0, "scenarios/models/walker.py:77"], "81": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:98"], "82": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:102"], "85": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "88": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "9": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:81"], "93": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "96": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "99": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:212"]},
 "threads": 3,
 "variant": "rfc-v2",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a DMA to a mapped page faults or goes elsewhere", "other": "", "site": 17, "thread": 2, "where": "scenarios/s4_walker.py:64"},
 "turns": [
  [0,50], [0,44], [0,39], [0,40], [0,51], [0,13], [0,44], [0,52], [0,52], [0,93], [0,96], [0,54], [0,99], [0,100],
  [0,146], [0,147], [0,101], [0,102], [0,93], [0,96], [0,149], [0,129], [0,105], [1,28], [1,44], [1,81], [1,19],
  [1,20], [1,21], [1,85], [1,88], [1,82], [1,85], [1,88], [1,29], [1,3], [2,16], [2,8], [2,31], [2,59], [2,61],
  [2,34], [2,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
