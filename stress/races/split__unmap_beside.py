#!/usr/bin/env python3
"""S4-j.beside: split:unmap-beside

stale-translation: a DMA reaches a page after unmap and invalidation at scenarios/s4_split.py:43

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 1, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "resurrection": 1, "root_shift": 0, "run_bits": 0, "split": 1, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"11": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "12": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "13": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "134": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:103"], "135": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:105"], "137": ["replace_leaf", "cmpxchg", 0, "scenarios/models/split.py:110"], "16": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "17": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "18": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "2": ["unmap_and_dma", "check", 0, "scenarios/s4_split.py:43"], "28": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:88"], "30": ["_iotlb", "read_once", 1, "scenarios/models/walker.py:92"], "47": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "49": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "5": ["dma", "spin_lock", 0, "scenarios/models/walker.py:77"], "6": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:81"], "71": ["invalidate", "spin_lock", 0, "scenarios/models/walker.py:137"], "72": ["invalidate", "read_once", 0, "scenarios/models/walker.py:139"], "74": ["invalidate", "spin_unlock", 0, "scenarios/models/walker.py:143"], "92": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "95": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "99": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"]},
 "threads": 2,
 "variant": "unmap-beside",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a DMA reaches a page after unmap and invalidation", "other": "", "site": 2, "thread": 1, "where": "scenarios/s4_split.py:43"},
 "turns": [
  [0,11], [0,12], [0,47], [0,16], [0,17], [0,18], [0,134], [0,135], [0,137], [1,11], [1,12], [1,47], [1,47], [1,92],
  [1,95], [1,49], [1,99], [1,13], [1,71], [1,72], [1,74], [1,5], [1,28], [1,30], [1,6]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
