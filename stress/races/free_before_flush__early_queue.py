#!/usr/bin/env python3
"""S4-i: free-before-flush:early-queue

use-after-free: read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76 at
scenarios/models/walker.py:103

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 2, "gfp": 0, "grows": 0, "hardware": 1, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 1, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "super_page": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "free-before-flush",
 "sites": {"105": ["list_tables", "read_once", 0, "scenarios/models/table.py:259"], "11": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "121": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "122": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "132": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "20": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "21": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "22": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "24": ["flush_queue", "spin_lock", 0, "scenarios/models/gather.py:118"], "40": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:88"], "43": ["_walk", "read_once", 0, "scenarios/models/walker.py:103"], "48": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "49": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "50": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "59": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "6": ["dma", "spin_lock", 0, "scenarios/models/walker.py:77"], "60": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "61": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "63": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "69": ["flush_locked", "read_once", 0, "scenarios/models/gather.py:125"], "70": ["flush_locked", "read_once", 1, "scenarios/models/gather.py:127"], "71": ["flush_locked", "read_once", 2, "scenarios/models/gather.py:129"], "74": ["_cached", "read_once", 0, "scenarios/models/walker.py:122"], "76": ["_cached", "read_once", 1, "scenarios/models/walker.py:124"], "8": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "82": ["queue", "spin_lock", 0, "scenarios/models/gather.py:104"], "83": ["queue", "read_once", 0, "scenarios/models/gather.py:105"], "84": ["queue", "write_once", 0, "scenarios/models/gather.py:109"], "85": ["queue", "write_once", 1, "scenarios/models/gather.py:110"], "86": ["queue", "write_once", 2, "scenarios/models/gather.py:111"], "87": ["queue", "spin_unlock", 0, "scenarios/models/gather.py:112"], "88": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"]},
 "threads": 2,
 "variant": "early-queue",
 "violation": {"address": 55496, "kind": "use-after-free", "message": "read_once of pt 2[1]: page 2 was freed by CPU0 unmap at scenarios/models/count.py:76", "other": "scenarios/models/count.py:76", "site": 43, "thread": 1, "where": "scenarios/models/walker.py:103"},
 "turns": [
  [0,59], [0,48], [0,49], [0,50], [0,60], [0,20], [0,21], [0,61], [0,105], [0,8], [0,11], [0,105], [0,8], [0,11],
  [0,105], [0,105], [0,132], [0,8], [0,11], [0,63], [0,22], [0,82], [0,83], [0,84], [0,85], [0,86], [0,87], [0,24],
  [0,69], [0,70], [0,71], [0,88], [0,121], [0,122], [1,6], [1,40], [1,74], [1,76], [1,43]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
