#!/usr/bin/env python3
"""S1-b: mapcount-get:recheck-window

missed-free: a table is empty and stays linked at scenarios/models/rest.py:37

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "mapcount-get",
 "sites": {"23": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "24": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "25": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "30": ["check_table", "check", 1, "scenarios/models/rest.py:37"], "32": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "33": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "34": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "36": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "4": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "5": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "59": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "6": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "62": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "80": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "83": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "87": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"]},
 "threads": 3,
 "variant": "recheck-window",
 "violation": {"address": 0, "kind": "missed-free", "message": "a table is empty and stays linked", "other": "", "site": 30, "thread": -1, "where": "scenarios/models/rest.py:37"},
 "turns": [
  [0,32], [0,23], [0,24], [0,25], [0,33], [0,4], [0,5], [0,34], [0,34], [0,80], [0,83], [0,36], [0,87], [0,6], [2,59],
  [1,32], [1,23], [1,24], [1,25], [1,33], [1,4], [1,5], [1,34], [1,34], [1,80], [1,83], [1,36], [1,87], [1,6], [2,62]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
