#!/usr/bin/env python3
"""S4-j.conflict: split:arm-in-place

check: TLB conflict: the IOTLB holds a page in leaves of two sizes at scenarios/models/walker.py:126

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "conflicts": 1, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 4, "large_bits": 128, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 1, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "resurrection": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"103": ["hardware_root", "read_once", 1, "scenarios/models/domain.py:77"], "12": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "146": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:109"], "147": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:111"], "150": ["replace_leaf", "cmpxchg", 0, "scenarios/models/split.py:119"], "160": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "161": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "17": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "18": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "19": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "36": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:89"], "39": ["_walk", "read_once", 0, "scenarios/models/walker.py:104"], "42": ["_walk", "write_once", 2, "scenarios/models/walker.py:115"], "43": ["_walk", "write_once", 3, "scenarios/models/walker.py:116"], "44": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "47": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "55": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "62": ["_cached", "read_once", 0, "scenarios/models/walker.py:134"], "65": ["check_conflicts", "read_once", 0, "scenarios/models/walker.py:125"], "66": ["check_conflicts", "check", 0, "scenarios/models/walker.py:126"], "7": ["dma", "spin_lock", 0, "scenarios/models/walker.py:78"]},
 "threads": 2,
 "variant": "arm-in-place",
 "violation": {"address": 0, "kind": "check", "message": "TLB conflict: the IOTLB holds a page in leaves of two sizes", "other": "", "site": 66, "thread": 1, "where": "scenarios/models/walker.py:126"},
 "turns": [
  [0,12], [0,47], [0,55], [0,160], [0,161], [0,47], [0,44], [0,17], [0,18], [0,19], [0,146], [0,147], [0,150], [1,7],
  [1,36], [1,62], [1,103], [1,39], [1,42], [1,43], [1,39], [1,65]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
