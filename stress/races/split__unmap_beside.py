#!/usr/bin/env python3
"""S4-j.beside: split:unmap-beside

stale-translation: a DMA reaches a page after unmap and invalidation at scenarios/s4_split.py:53

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 1, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "resurrection": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 1, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"10": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "100": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "103": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "107": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "11": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "14": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "141": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:107"], "142": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:109"], "144": ["replace_leaf", "cmpxchg", 0, "scenarios/models/split.py:114"], "15": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "16": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "2": ["unmap_and_dma", "check", 0, "scenarios/s4_split.py:53"], "33": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:88"], "35": ["_iotlb", "read_once", 1, "scenarios/models/walker.py:92"], "44": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "5": ["dma", "spin_lock", 0, "scenarios/models/walker.py:77"], "52": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "54": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "6": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:81"], "82": ["invalidate", "spin_lock", 0, "scenarios/models/walker.py:137"], "83": ["invalidate", "read_once", 0, "scenarios/models/walker.py:139"], "85": ["invalidate", "spin_unlock", 0, "scenarios/models/walker.py:143"]},
 "threads": 2,
 "variant": "unmap-beside",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a DMA reaches a page after unmap and invalidation", "other": "", "site": 2, "thread": 1, "where": "scenarios/s4_split.py:53"},
 "turns": [
  [0,10], [0,44], [0,52], [0,14], [0,15], [0,16], [0,141], [0,142], [0,144], [1,10], [1,44], [1,52], [1,52], [1,100],
  [1,103], [1,54], [1,107], [1,11], [1,82], [1,83], [1,85], [1,5], [1,33], [1,35], [1,6]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
