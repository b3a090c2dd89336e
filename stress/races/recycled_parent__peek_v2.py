#!/usr/bin/env python3
"""S2-f: recycled-parent:peek-v2

stale-pointer: atomic_inc of page 2 mapcount through an old pointer: page 2 was freed by CPU1 unmapB at
scenarios/models/count.py:76 and allocated again by CPU2 map2 at scenarios/models/count.py:55 at
scenarios/models/unmap.py:219

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 12, "levels": 3},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "flush": 0, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 1, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "recycled-parent",
 "sites": {"10": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "101": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "104": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "106": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "11": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "124": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "125": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "127": ["reset_count", "atomic_set", 0, "scenarios/models/count.py:68"], "25": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "26": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "27": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "28": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "30": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "31": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "38": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "5": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "59": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "6": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "66": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "69": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "72": ["free_if_empty", "read_page_type", 0, "scenarios/models/unmap.py:216"], "74": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "75": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:222"], "76": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "79": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "80": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"], "9": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "91": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "92": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "97": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:101"], "98": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:105"]},
 "threads": 3,
 "variant": "peek-v2",
 "violation": {"address": 75120, "kind": "stale-pointer", "message": "atomic_inc of page 2 mapcount through an old pointer: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:76 and allocated again by CPU2 map2 at scenarios/models/count.py:55", "other": "scenarios/models/count.py:76", "site": 74, "thread": 0, "where": "scenarios/models/unmap.py:219"},
 "turns": [
  [0,27], [0,30], [0,25], [0,26], [0,26], [0,28], [0,5], [0,30], [0,31], [0,31], [0,31], [0,66], [0,69], [0,72],
  [0,74], [0,124], [0,125], [0,75], [0,76], [0,66], [0,69], [0,127], [0,106], [0,79], [1,27], [1,30], [1,25], [1,26],
  [1,26], [1,28], [1,5], [1,30], [1,31], [1,31], [1,31], [1,66], [1,69], [1,72], [1,74], [1,124], [1,125], [1,75],
  [1,76], [1,66], [1,69], [1,127], [1,106], [1,79], [1,80], [1,72], [1,74], [1,124], [1,125], [1,75], [1,76], [1,66],
  [1,69], [1,127], [1,106], [1,79], [1,80], [1,6], [1,59], [1,91], [1,92], [1,59], [1,91], [1,92], [2,38], [2,30],
  [2,97], [2,9], [2,10], [2,11], [2,101], [2,104], [2,98], [2,97], [2,9], [2,10], [0,80], [0,72], [0,74]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
