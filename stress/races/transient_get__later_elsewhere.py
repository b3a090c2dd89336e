#!/usr/bin/env python3
"""S1-a: transient-get:later-elsewhere

missed-free: a table is empty and stays linked at scenarios/models/rest.py:37

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "later_unmap": 2, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "transient-get",
 "sites": {"1": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "2": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "28": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "29": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "31": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "32": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "34": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "39": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "40": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "44": ["check_table", "check", 1, "scenarios/models/rest.py:37"], "70": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "73": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "88": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "89": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "95": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"]},
 "threads": 2,
 "variant": "later-elsewhere",
 "violation": {"address": 0, "kind": "missed-free", "message": "a table is empty and stays linked", "other": "", "site": 44, "thread": -1, "where": "scenarios/models/rest.py:37"},
 "turns": [
  [1,70], [0,28], [0,31], [0,39], [0,40], [0,29], [0,1], [0,31], [0,32], [0,32], [0,88], [0,89], [0,34], [0,95],
  [0,2], [1,73]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
