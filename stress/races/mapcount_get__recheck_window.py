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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "mapcount-get",
 "sites": {"28": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "29": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "3": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "31": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "35": ["check_table", "check", 1, "scenarios/models/rest.py:37"], "37": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "38": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "39": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "4": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "41": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "70": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "73": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "88": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "91": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "95": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"]},
 "threads": 3,
 "variant": "recheck-window",
 "violation": {"address": 0, "kind": "missed-free", "message": "a table is empty and stays linked", "other": "", "site": 35, "thread": -1, "where": "scenarios/models/rest.py:37"},
 "turns": [
  [0,37], [0,31], [0,28], [0,29], [0,38], [0,3], [0,31], [0,39], [0,39], [0,88], [0,91], [0,41], [0,95], [0,4],
  [2,70], [1,37], [1,31], [1,28], [1,29], [1,38], [1,3], [1,31], [1,39], [1,39], [1,88], [1,91], [1,41], [1,95],
  [1,4], [2,73]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
