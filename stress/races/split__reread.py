#!/usr/bin/env python3
"""S4-j.reread: split:reread

lost-mapping: a mapped page does not translate to its page at scenarios/models/rest.py:65

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 32, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 1, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "resurrection": 1, "root_shift": 0, "run_bits": 0, "split": 2, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"11": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "12": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "13": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "133": ["replace_leaf", "read_once", 0, "scenarios/models/split.py:98"], "134": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:103"], "135": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:105"], "137": ["replace_leaf", "cmpxchg", 0, "scenarios/models/split.py:110"], "16": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "17": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "18": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "47": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "49": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "8": ["check_mapped", "check", 0, "scenarios/models/rest.py:65"], "92": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "95": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "97": ["split", "read_once", 0, "scenarios/models/split.py:69"], "99": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"]},
 "threads": 2,
 "variant": "reread",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a mapped page does not translate to its page", "other": "", "site": 8, "thread": -1, "where": "scenarios/models/rest.py:65"},
 "turns": [
  [0,11], [0,12], [0,47], [1,11], [1,12], [1,47], [1,133], [1,16], [1,17], [1,18], [1,134], [1,135], [1,137], [1,97],
  [1,47], [1,92], [1,95], [1,49], [1,99], [1,13], [0,133], [0,16], [0,17], [0,18], [0,134], [0,135], [0,137], [0,97],
  [0,47], [0,92], [0,95], [0,49], [0,99], [0,13]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
