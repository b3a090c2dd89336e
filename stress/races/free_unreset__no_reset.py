#!/usr/bin/env python3
"""S2-c: free-unreset:no-reset

bad-page: free_page of page 2: its _mapcount or page_type is 0x0, not 0xffffffff at
scenarios/models/count.py:76

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 48, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "later_unmap": 0, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 0, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "free-unreset",
 "sites": {"1": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "110": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "127": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "128": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "2": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "21": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "22": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "24": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "26": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "3": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "32": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "33": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "34": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "51": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "72": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "75": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "79": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "80": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "81": ["free_if_empty", "atomic_dec", 0, "scenarios/models/unmap.py:219"], "82": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "85": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "86": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:228"], "97": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "98": ["put_table", "free_page", 0, "scenarios/models/count.py:76"]},
 "threads": 1,
 "variant": "no-reset",
 "violation": {"address": 34496, "kind": "bad-page", "message": "free_page of page 2: its _mapcount or page_type is 0x0, not 0xffffffff", "other": "", "site": 98, "thread": 0, "where": "scenarios/models/count.py:76"},
 "turns": [
  [0,21], [0,32], [0,33], [0,34], [0,22], [0,1], [0,2], [0,24], [0,24], [0,72], [0,75], [0,26], [0,79], [0,80],
  [0,127], [0,128], [0,81], [0,82], [0,72], [0,75], [0,110], [0,85], [0,86], [0,26], [0,3], [0,51], [0,97], [0,98]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))
